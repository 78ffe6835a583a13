"""The batch stream of a text: tokens and noise, a function of (seed, position) alone."""

from copy import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from saddlepoint.core import Batch
from saddlepoint.data.stream import Distribution, SampleBatch, SampleStream


@dataclass(frozen=True)
class TextBatch:
    """Tokens and noise of one evaluation.

    Attributes:
        tokens: numbers, int64 (N, length).
        size: how many tokens there are.
        latent: (N, latent size).
        mix: uniform on [0, 1], (N, 1, 1), one number for all of a pack; see `SampleBatch`.
        temperature: of relaxed samples, a scalar; it is scheduled.
        adversarial: a factor on what the generator's loss has from the adversary, a scalar, where it is scheduled.
        alone: whether the generator learns from likelihood alone.
        penalty: a factor on the penalties, a scalar, where it is scheduled.
        labels: classes of the texts, int64 (N,), which generated ones are made for; None without classes.
    """

    tokens: Tensor
    size: int
    latent: Tensor
    mix: Tensor
    temperature: Tensor | None = None
    adversarial: Tensor | None = None
    alone: bool = False
    penalty: Tensor | None = None
    labels: Tensor | None = None

    @property
    def conditions(self) -> tuple[Tensor, ...]:
        """What both networks are given after their input: the classes, where there are any."""
        return () if self.labels is None else (self.labels,)

    @property
    def real(self) -> Tensor:
        """The tokens as discriminators see them, ones among zeros, float (N, length, size)."""
        return one_hot(self.tokens, self.size).to(self.latent.dtype)


class TextStream:
    """Draws batches from tokens in memory; a function of (seed, position) alone. Every sample comes once an epoch.

    Args:
        tokens: int32 (N, length).
        size: how many tokens there are.
        batch_size, seed, latent, distribution, device, packing, labels: see `SampleStream`.

    Raises:
        ValueError: see `SampleStream`.
    """

    def __init__(
        self,
        tokens: Tensor,
        size: int,
        batch_size: int,
        seed: int,
        latent: int,
        distribution: Distribution,
        device: torch.device | None = None,
        *,
        packing: int = 1,
        labels: Tensor | None = None,
    ) -> None:
        self.size = size
        self._samples = SampleStream(
            tokens, batch_size, seed, latent, distribution, device=device, labels=labels, packing=packing
        )

    @property
    def seed(self) -> int:
        """Of order and noise."""
        return self._samples.seed

    def __call__(self, position: int) -> Batch:
        """The batch that begins at a position (in samples)."""
        batch = self._samples(position)
        drawn: SampleBatch = batch.value
        value = TextBatch(drawn.real.long(), self.size, drawn.latent, drawn.mix.unsqueeze(-1), labels=drawn.labels)
        return replace(batch, value=value)

    def part(
        self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None
    ) -> "TextStream":
        """A stream like this one over some of its samples, by batches of another size or of another seed."""
        other = copy(self)
        other._samples = self._samples.part(indices, batch_size=batch_size, seed=seed)
        return other
