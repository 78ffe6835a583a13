"""A point of the game: all players' parameters at once, as a vector."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor

from saddlepoint.core.recording import recorded


class Point:
    """A vector made of the players' tensors; also the type of a field, a direction, a displacement.

    Methods with a trailing underscore write in place; operators return new points; none of them builds a graph.

    Args:
        tensors: the tensors of each player, by name.
        resting: players of whom this says nothing, because they rested on the batch that it comes from: `Game.move`
            leaves them alone. What is computed from several points says nothing of those of whom one of them does;
            what is written in place keeps its own.

    >>> p = Point({"generator": [torch.ones(2)], "discriminator": [torch.full((1,), 2.0)]})
    >>> round((p - 0.5 * p).norm().item() ** 2, 4)
    1.5
    >>> round(p.only("generator").norm().item() ** 2, 4)
    2.0
    """

    __slots__ = ("_slices", "resting", "tensors")

    def __init__(self, tensors: Mapping[str, Iterable[Tensor]], resting: frozenset[str] = frozenset()) -> None:
        self.resting = resting
        self.tensors: list[Tensor] = []
        self._slices: dict[str, slice] = {}
        for name, own in tensors.items():
            start = len(self.tensors)
            self.tensors += own
            self._slices[name] = slice(start, len(self.tensors))

    def like(self, tensors: Sequence[Tensor], *others: "Point") -> Self:
        """A point of other tensors, in the same order, that was computed from this one and others."""
        point = object.__new__(type(self))
        point.tensors, point._slices = list(tensors), self._slices
        point.resting = self.resting.union(*(other.resting for other in others))
        return point

    @property
    def names(self) -> tuple[str, ...]:
        """The players that this point has a part of."""
        return tuple(self._slices)

    def __getitem__(self, name: str) -> list[Tensor]:
        """One player's tensors."""
        return self.tensors[self._slices[name]]

    def only(self, *names: str) -> "Point":
        """The part that belongs to the named players; shares their tensors."""
        return Point({name: self[name] for name in names}, self.resting)

    def clone(self) -> Self:
        """A copy by value, outside of any graph."""
        return self.like([t.detach().clone() for t in self.tensors])

    def zeros(self) -> Self:
        """Zero, in the same shapes."""
        return self.like([torch.zeros_like(t) for t in self.tensors])

    @torch.no_grad()
    def copy_(self, other: "Point") -> Self:
        """x ← other."""
        torch._foreach_copy_(self.tensors, other.tensors)
        return self

    @torch.no_grad()
    def add_(self, other: "Point", alpha: float = 1.0) -> Self:
        """x ← x + alpha · other."""
        torch._foreach_add_(self.tensors, other.tensors, alpha=alpha)
        return self

    @torch.no_grad()
    def lerp_(self, other: "Point", weight: float) -> Self:
        """x ← x + weight · (other − x)."""
        torch._foreach_lerp_(self.tensors, other.tensors, weight)
        return self

    @torch.no_grad()
    def __add__(self, other: "Point") -> Self:
        return self.like(torch._foreach_add(self.tensors, other.tensors), other)

    @torch.no_grad()
    def __sub__(self, other: "Point") -> Self:
        return self.like(torch._foreach_sub(self.tensors, other.tensors), other)

    @torch.no_grad()
    def __mul__(self, factor: float) -> Self:
        return self.like(torch._foreach_mul(self.tensors, factor))

    __rmul__ = __mul__

    @torch.no_grad()
    def __neg__(self) -> Self:
        return self.like(torch._foreach_neg(self.tensors))

    @torch.no_grad()
    def dot(self, other: "Point") -> Tensor:
        """⟨x, other⟩, a scalar tensor."""
        return torch.stack([(a * b).sum() for a, b in zip(self.tensors, other.tensors, strict=True)]).sum()

    @torch.no_grad()
    def norm(self) -> Tensor:
        """The Euclidean norm, a scalar tensor."""
        norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(self.tensors)))
        return norm

    def is_finite(self) -> bool:
        """Whether every number is finite."""
        return all_finite(self.tensors)

    def flat(self) -> Tensor:
        """All numbers in one vector, players in order; a copy."""
        return torch.cat([t.detach().reshape(-1) for t in self.tensors])

    def unflat(self, vector: Tensor) -> Self:
        """The inverse of `flat`: a point of these shapes with the numbers of `vector`."""
        parts = vector.split([t.numel() for t in self.tensors])
        return self.like([part.view_as(t) for part, t in zip(parts, self.tensors, strict=True)])

    def state_dict(self) -> dict[str, list[Tensor]]:
        """Plain lists of tensors, safe to save."""
        return {name: self[name] for name in self.names}

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> "Point":
        """The inverse of `state_dict`. Raises ValueError for anything else."""
        for name, own in state.items() if isinstance(state, Mapping) else [("a point", None)]:
            if not isinstance(own, list) or not all(isinstance(tensor, Tensor) for tensor in own):
                raise ValueError(f"{name} of the saved state is {type(own).__name__}, where tensors are expected")
        return Point(state)


@torch.no_grad()
def all_finite(tensors: list[Tensor]) -> bool:
    """Whether every number of every tensor is finite; one pass, and one wait for the device."""
    if recorded(tensors):
        return True
    # An infinity or a NaN always shows in the Euclidean norm, which is quick everywhere. A norm may also overflow
    # where all numbers are finite, so that only a norm which is not finite asks for the slower, exact answer.
    norms = torch._foreach_norm(tensors)
    # Where numbers lie in reach, adding them up in Python is quicker than stacking them first.
    near = tensors[0].device.type == "cpu"
    total = sum(norm.item() for norm in norms) if near else torch.stack(norms).sum().item()
    if math.isfinite(total):
        return True
    return all(bool(t.isfinite().all()) for t in tensors)
