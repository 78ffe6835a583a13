"""How a row lies in the networks' space: numbers, and choices among states, one after another."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class RowLayout:
    """Heads, one after another: 1 is a number in [−1, 1], k > 1 a choice among k states.

    A row is held short, (number of heads,): the number, or the state as a number. Networks see it wide, (width,): the
    number, or one 1 among k − 1 zeros. A label names a state of all choices: they are counted through.

    Attributes:
        heads: see above.

    >>> layout = RowLayout((1, 3))
    >>> layout.width, layout.labels
    (4, 3)
    >>> layout.wide(torch.tensor([[0.5, 2.0]]))
    tensor([[0.5000, 0.0000, 0.0000, 1.0000]])
    """

    heads: tuple[int, ...]

    @cached_property
    def width(self) -> int:
        """Numbers in a wide row."""
        return sum(self.heads)

    @cached_property
    def choices(self) -> tuple[int, ...]:
        """Which heads are choices."""
        return tuple(head for head, size in enumerate(self.heads) if size > 1)

    @cached_property
    def labels(self) -> int:
        """States of all choices together."""
        return sum(self.heads[head] for head in self.choices)

    def label(self, head: int, state: int) -> int:
        """The label of a choice's state."""
        return sum(self.heads[before] for before in self.choices if before < head) + state

    @cached_property
    def _starts(self) -> Tensor:
        sizes = torch.tensor(self.heads)
        return sizes.cumsum(0) - sizes

    @cached_property
    def _chosen(self) -> Tensor:
        return torch.tensor(self.choices, dtype=torch.int64)

    @cached_property
    def _numbers(self) -> Tensor:
        return torch.tensor([head for head, size in enumerate(self.heads) if size == 1], dtype=torch.int64)

    def wide(self, short: Tensor) -> Tensor:
        """(N, heads) → (N, width)."""
        made = torch.zeros(len(short), self.width)
        made[:, self._starts[self._numbers]] = short[:, self._numbers]
        return made.scatter_(1, self._starts[self._chosen] + short[:, self._chosen].long(), 1.0)

    def short(self, wide: Tensor) -> Tensor:
        """(N, width) → (N, heads); the state of a choice is the likeliest."""
        parts = wide.split(self.heads, dim=1)
        return torch.stack([part[:, 0] if part.shape[1] == 1 else part.argmax(1).float() for part in parts], dim=1)

    def counts(self, short: Tensor) -> Tensor:
        """How often each label is there among rows (N, heads), int64 (labels,)."""
        counted = [torch.bincount(short[:, head].long(), minlength=self.heads[head]) for head in self.choices]
        return torch.cat(counted) if counted else torch.zeros(0, dtype=torch.int64)


class Labels:
    """Draws labels: a choice, each alike, and a state of it with a probability of its own.

    Args:
        layout: of the rows.
        weights: (labels,), not negative; of each choice their sum is above 0.
    """

    def __init__(self, layout: RowLayout, weights: Tensor) -> None:
        sizes = [layout.heads[head] for head in layout.choices]
        shares = [part / part.sum() for part in weights.double().split(sizes)]
        self._ends = torch.cat([number + share.cumsum(0) for number, share in enumerate(shares)])
        # The last state that has a share ends exactly where the next choice begins, whatever rounding does.
        firsts = [sum(sizes[:number]) for number in range(len(sizes))]
        for number, (first, share) in enumerate(zip(firsts, shares, strict=True)):
            last = first + int(share.nonzero().max())
            self._ends[last : first + len(share)] = number + 1
        self._choices = len(sizes)

    def draw(self, n: int, source: torch.Generator) -> Tensor:
        """n labels, int64 (n,); the first do not depend on n."""
        u = torch.rand(n, 2, generator=source, dtype=torch.float64)
        places = (u[:, 0] * self._choices).floor() + u[:, 1]
        return torch.searchsorted(self._ends, places, right=True)
