"""What a penalty is, and what it is given."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor, nn


def _as_it_is(rows: Tensor) -> Tensor:
    return rows


@dataclass(frozen=True)
class DiscriminatorPass:
    """What the discriminator saw, so that a penalty shares its forward pass.

    Attributes:
        discriminator: samples ↦ logits (N,); N/m where it judges packs of m samples after one another; (N, …) where it
            judges patches or pixels.
        real, generated: samples (N, …); they require a gradient where a penalty says that it differentiates them.
        real_logits, generated_logits: the discriminator's logits there.
        mix: uniform on [0, 1], (N, 1, …), equal within a pack: no penalty draws noise of its own.
        noise: shape ↦ numbers uniform on [0, 1), for the penalties that need more. By default they come from torch's
            global generator on the CPU, which a batch seeds at every evaluation: as repeatable as dropout, equal on
            every device, and free of charge where no penalty asks.
        whole: rows of this pass ↦ those of the whole batch, which are more where processes share it.
        both: whether both gradients are asked for, so that they are taken at once.
    """

    discriminator: Callable[[Tensor], Tensor]
    real: Tensor
    generated: Tensor
    real_logits: Tensor
    generated_logits: Tensor
    mix: Tensor
    noise: Callable[[Sequence[int]], Tensor] = torch.rand
    whole: Callable[[Tensor], Tensor] = _as_it_is
    both: bool = False

    @property
    def real_gradient(self) -> Tensor:
        """∇D at the real samples, (N, …), differentiable. Of all logits' sum: no sample sees another."""
        return self._gradients[0] if self.both else _gradient(self.real_logits, self.real)

    @property
    def generated_gradient(self) -> Tensor:
        """∇D at the generated samples, (N, …), differentiable."""
        return self._gradients[1] if self.both else _gradient(self.generated_logits, self.generated)

    @cached_property
    def _gradients(self) -> tuple[Tensor, ...]:
        total = self.real_logits.sum() + self.generated_logits.sum()
        return torch.autograd.grad(total, (self.real, self.generated), create_graph=True)


def _gradient(logits: Tensor, samples: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return gradient


class Memory(nn.Module, ABC):
    """What a penalty remembers of earlier evaluations, as buffers.

    Registered as a part of the discriminator they are saved with it, and move once a step, at its end.
    """

    moves_between_steps = True

    @abstractmethod
    def observe(self, seen: DiscriminatorPass) -> None:
        """Move the buffers; called after the penalty at every evaluation of the discriminator's loss."""


@dataclass(frozen=True)
class Penalty(ABC):
    """A scalar added to the discriminator's loss, differentiable as often as the discriminator is.

    Attributes:
        weight: its factor, γ or λ of the papers.
        memory: what it remembers of earlier evaluations; most penalties remember nothing.
        differentiates_real, differentiates_generated: at which samples of the pass it needs gradients.
        mean_over_samples: whether it is a mean over samples, where the discriminator judges each by itself, so that the
            penalty of a batch is the mean of those of its parts.
        paper: BibTeX.

    Raises:
        ValueError: a negative weight.
    """

    weight: float
    memory: Memory | None = field(default=None, init=False, compare=False, repr=False)

    differentiates_real: ClassVar[bool] = False
    differentiates_generated: ClassVar[bool] = False
    mean_over_samples: ClassVar[bool] = True
    paper: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise ValueError(f"weight is {self.weight}: a penalty's weight is at least 0")

    @abstractmethod
    def __call__(self, seen: DiscriminatorPass) -> Tensor:
        """The penalty, a scalar; a pure function of what was seen and of the memory, which it does not move."""
