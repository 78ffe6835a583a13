"""The batch stream: a pure function of (seed, position), so that no state travels and a resumed run sees the same."""

from copy import copy
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from saddlepoint.core import Batch, rng, seed_for
from saddlepoint.data.order import Order

Distribution = Literal["normal", "uniform"]


@dataclass(frozen=True)
class SampleBatch:
    """Data and noise of one evaluation.

    Attributes:
        real: samples, float (N, …), in the range that the networks use.
        latent: (N, latent size).
        mix: uniform on [0, 1], (N, 1, …), for penalties on segments between real and generated; one number for all of
            a pack, as a packed discriminator's samples are packs.
        labels: classes of the real samples, int64 (N,), which the generated ones are made for; None without classes.
        augmentation: uniform on [0, 1), (N, draws), for augmenting; None where nothing is augmented.
        strength: of the augmentation, a scalar, where it is scheduled.
        penalty: a factor on the penalties, a scalar, where it is scheduled.
    """

    real: Tensor
    latent: Tensor
    mix: Tensor
    labels: Tensor | None = None
    augmentation: Tensor | None = None
    strength: Tensor | None = None
    penalty: Tensor | None = None

    @property
    def conditions(self) -> tuple[Tensor, ...]:
        """What both networks are given after their input: the labels, where there are classes."""
        return () if self.labels is None else (self.labels,)


def draw_latent(n: int, size: int, distribution: Distribution, source: torch.Generator) -> Tensor:
    """Latents (n, size): standard normal, or uniform on [−1, 1]."""
    if distribution == "normal":
        return torch.randn(n, size, generator=source)
    return torch.rand(n, size, generator=source) * 2 - 1


class SampleStream:
    """Draws batches from samples in memory: every epoch a new order, every sample once an epoch.

    A batch that begins before the end of an epoch goes on into the next one, so no sample is left out and no
    batch is short. Latents are drawn on the CPU, so that they agree on every device.

    Args:
        samples: (N, …), uint8 images or numbers as they are.
        batch_size: samples a batch; may exceed N.
        seed: of order and noise.
        latent, distribution: the latent's size and distribution.
        low, high: what the bytes 0 and 255 are mapped to; numbers that are no bytes are left alone.
        device: where batches go; the CPU by default.
        labels: int64 (N,), for networks that are given classes.
        augmentation: numbers to draw a sample for augmenting.
        packing: samples that the discriminator judges as one; batches are whole packs.

    Raises:
        ValueError: a batch size below 1, or one that packing does not divide.
    """

    def __init__(
        self,
        samples: Tensor,
        batch_size: int,
        seed: int,
        latent: int,
        distribution: Distribution,
        low: float = 0.0,
        high: float = 1.0,
        device: torch.device | None = None,
        *,
        labels: Tensor | None = None,
        augmentation: int = 0,
        packing: int = 1,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"the batch size is {batch_size}: give at least 1")
        if batch_size % packing:
            raise ValueError(f"batches of {batch_size} are no whole packs of {packing}: give a multiple of {packing}")
        self.packing = packing
        self.samples, self.batch_size, self.seed, self.labels = samples, batch_size, seed, labels
        self.latent, self.distribution, self.augmentation = latent, distribution, augmentation
        self.low, self.scale, self.device = low, (high - low) / 255, device or torch.device("cpu")
        self._order = Order(len(samples), seed)

    def __call__(self, position: int) -> Batch:
        """The batch that begins at a position (in samples)."""
        noise, n = rng(self.seed, position, "noise"), self.batch_size
        indices = self._order(position, n)
        value = SampleBatch(
            real=self.prepared(self.samples.index_select(0, indices)),
            latent=draw_latent(n, self.latent, self.distribution, noise).to(self.device),
            mix=self._mix(n, noise),
            labels=None if self.labels is None else self.labels.index_select(0, indices).to(self.device),
            augmentation=self.draws(n, noise),
        )
        return Batch(value, n, seed_for(self.seed, position, "network"))

    def draws(self, n: int, source: torch.Generator) -> Tensor | None:
        """Uniform numbers for augmenting n samples, (n, draws); None where nothing is augmented."""
        return torch.rand(n, self.augmentation, generator=source).to(self.device) if self.augmentation else None

    def part(
        self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None
    ) -> "SampleStream":
        """A stream like this one over some of its samples, by batches of another size or of another seed.

        A size that is no whole packs is rounded down to them, but for one.
        """
        other = copy(self)
        if indices is not None:
            other.samples = self.samples[indices]
            other.labels = None if self.labels is None else self.labels[indices]
        other.batch_size = self.batch_size if batch_size is None else max(self.packing, self.in_packs(batch_size))
        other.seed = self.seed if seed is None else seed
        other._order = Order(len(other.samples), other.seed)
        return other

    def in_packs(self, n: int) -> int:
        """The largest number of samples up to n that are whole packs."""
        return n - n % self.packing

    def prepared(self, samples: Tensor) -> Tensor:
        """Samples as the networks are given them: on the device, floats, bytes mapped to [low, high]."""
        moved = samples.to(self.device)
        if moved.dtype != torch.uint8:
            return moved
        return moved.to(torch.get_default_dtype()).mul_(self.scale).add_(self.low)

    def _mix(self, n: int, source: torch.Generator) -> Tensor:
        packs = torch.rand(n // self.packing, *(1 for _ in self.samples.shape[1:]), generator=source)
        return packs.repeat_interleave(self.packing, 0).to(self.device)
