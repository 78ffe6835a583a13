"""The batch stream of a text: tokens and noise, a function of (seed, position) alone."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from saddlepoint.core import Batch, seed_for
from saddlepoint.data.stream import Distribution, SampleBatch, SampleStream, Scheduled

#: The player that rests while the generator is alone.
ADVERSARY = "discriminator"


@dataclass(frozen=True)
class TextBatch:
    """Tokens and noise of one evaluation.

    Attributes:
        tokens: numbers, int64 (N, length).
        size: how many tokens there are.
        latent: (N, latent size).
        mix: uniform on [0, 1], (N, 1, 1), one number for all of a pack; see `SampleBatch`.
        temperature: of relaxed samples, a scalar.
        alone: whether the generator learns from likelihood alone.
        penalty: a factor on the penalties, a scalar, where it is scheduled.
    """

    tokens: Tensor
    size: int
    latent: Tensor
    mix: Tensor
    temperature: Tensor
    alone: bool = False
    penalty: Tensor | None = None

    @property
    def real(self) -> Tensor:
        """The tokens as discriminators see them, ones among zeros, float (N, length, size)."""
        return one_hot(self.tokens, self.size).to(self.latent.dtype)

    def parts(self, size: int) -> Iterator[tuple[float, "TextBatch"]]:
        """The batch cut into parts of at most `size` samples, each with its share of the whole."""
        for start in range(0, len(self.tokens), size):
            some = slice(start, start + size)
            part = replace(self, tokens=self.tokens[some], latent=self.latent[some], mix=self.mix[some])
            yield len(part.tokens) / len(self.tokens), part


class TextStream:
    """Draws batches from tokens in memory; a function of (seed, position) alone. Every sample comes once an epoch.

    Args:
        tokens: int32 (N, length).
        size: how many tokens there are.
        batch_size, seed, latent, distribution, device, penalty, packing: see `SampleStream`.
        alone: samples in whose course the generator learns from likelihood alone, and `discriminator` rests; None is
            all that ever come.
        temperature: of relaxed samples, as a function of the samples seen.

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
        alone: int | None = 0,
        temperature: Scheduled = lambda _: 1.0,
        penalty: Scheduled | None = None,
        packing: int = 1,
    ) -> None:
        self.size, self.alone, self.temperature = size, alone, temperature
        self._samples = SampleStream(
            tokens, batch_size, seed, latent, distribution, device=device, penalty=penalty, packing=packing
        )

    @property
    def seed(self) -> int:
        """Of order and noise."""
        return self._samples.seed

    def __call__(self, position: int) -> Batch:
        """The batch that begins at a position (in samples)."""
        batch = self._samples(position)
        drawn: SampleBatch = batch.value
        value = TextBatch(
            drawn.real.long(),
            self.size,
            drawn.latent,
            drawn.mix.unsqueeze(-1),
            torch.tensor(float(self.temperature(position)), device=drawn.latent.device),
            alone=self.alone is None or position < self.alone,
            penalty=drawn.penalty,
        )
        return replace(batch, value=value, resting=frozenset({ADVERSARY} if value.alone else ()))

    def part(
        self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None
    ) -> "TextStream":
        """A stream like this one over some of its samples, by batches of another size or of another seed."""
        other = copy(self)
        other._samples = self._samples.part(indices, batch_size=batch_size, seed=seed)
        return other

    def watched(self, n: int) -> Batch:
        """A batch of n samples that never changes, with the adversary wherever it ever comes."""
        batch = self.part(batch_size=n, seed=seed_for(self.seed, "watched"))(0)
        alone = self.alone is None
        return replace(batch, value=replace(batch.value, alone=alone), resting=frozenset({ADVERSARY} if alone else ()))
