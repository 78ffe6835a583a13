"""The batch stream of recordings: crops with their spectrograms, a function of (seed, position) alone."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.core import Batch, rng, seed_for
from saddlepoint.data.audio import PEAK
from saddlepoint.data.order import Order
from saddlepoint.tasks.vocoder.data import Recordings


@dataclass(frozen=True)
class CropBatch:
    """Data and noise of one evaluation.

    Attributes:
        source: log-mel spectrograms (N, bands, frames).
        target: the waves that they are of, (N, samples).
        mix: uniform on [0, 1], (N, 1), for penalties on segments between real and generated.
        alone: whether the generator trains without the adversary.
        adversarial: a factor on what the generator's loss has from the adversary, a scalar, where it is scheduled.
        penalty: a factor on the penalties, a scalar, where it is scheduled.
    """

    source: Tensor
    target: Tensor
    mix: Tensor
    alone: bool = False
    adversarial: Tensor | None = None
    penalty: Tensor | None = None


class CropStream:
    """Draws batches of crops, with spectrograms of them that see beyond their ends.

    Recordings are thought of as stretches of a crop's length; every epoch shows a crop of each, which begins anywhere
    in it, in an order of its own. What lies beyond a recording is silence. Every recording is brought to a peak of 0.9,
    and a crop is then quieter by up to `quieter` decibels, uniformly.

    Args:
        data: the recordings.
        crop: samples of a crop, whole hops.
        hop: samples from frame to frame of a spectrogram.
        margin: samples that spectrograms see beyond the ends of a crop, whole hops.
        listen: waves (N, samples) → spectrograms (N, bands, 1 + samples // hop).
        batch_size: crops a batch.
        seed: of order, places and levels.
        quieter: decibels.
        device: where batches go; the CPU by default.

    Raises:
        ValueError: a crop or a margin that is no whole hops, or a batch size below 1.
    """

    def __init__(
        self,
        data: Recordings,
        crop: int,
        hop: int,
        margin: int,
        listen: Callable[[Tensor], Tensor],
        batch_size: int,
        seed: int,
        quieter: float = 24.0,
        device: torch.device | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"the batch size is {batch_size}: give at least 1")
        if crop < hop or crop % hop or margin % hop:
            raise ValueError(f"crops of {crop} samples and margins of {margin} are no whole hops of {hop} samples")
        self.data, self.crop, self.hop, self.margin, self.listen = data, crop, hop, margin, listen
        self.batch_size, self.seed, self.quieter = batch_size, seed, quieter
        self.device = device or torch.device("cpu")
        self._begin(torch.arange(len(data)))

    def __call__(self, position: int) -> Batch:
        """The batch that begins at a position (in samples)."""
        return Batch(self.drawn(position), self.batch_size, seed_for(self.seed, position, "network"))

    def drawn(self, position: int) -> CropBatch:
        """Crops (N, samples) with their spectrograms (N, bands, frames), at a position."""
        noise, n = rng(self.seed, position, "crops"), self.batch_size
        owners, starts = self._stretches[self._order(position, n)].unbind(1)
        shifts = (torch.rand(n, generator=noise) * self.crop).long()
        decibels = self.quieter * torch.rand(n, generator=noise)
        gains = PEAK / self.data.peaks[owners] * 10 ** (-decibels / 20)
        mix = torch.rand(n, 1, generator=noise)
        last = (self.data.lengths[owners] - self.crop).clamp_min(0)
        begins = torch.minimum(starts + shifts, last)
        wide = torch.stack([self._cut(*place) for place in zip(owners.tolist(), begins.tolist(), strict=True)])
        wide = (wide * gains[:, None]).to(self.device)
        first = self.margin // self.hop
        mels = self.listen(wide)[:, :, first : first + self.crop // self.hop + 1]
        return CropBatch(mels, wide[:, self.margin : self.margin + self.crop], mix.to(self.device))

    def part(
        self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None
    ) -> "CropStream":
        """A stream like this one over some of its recordings, by batches of another size or of another seed."""
        other = copy(self)
        other.batch_size = self.batch_size if batch_size is None else batch_size
        other.seed = self.seed if seed is None else seed
        other._begin(torch.arange(len(self.data)) if indices is None else indices)
        return other

    def _begin(self, chosen: Tensor) -> None:
        counts = -(-self.data.lengths[chosen] // self.crop)
        owners = chosen.repeat_interleave(counts)
        numbers = torch.arange(len(owners)) - (counts.cumsum(0) - counts).repeat_interleave(counts)
        self._stretches = torch.stack([owners, numbers * self.crop], 1)
        self._order = Order(len(owners), self.seed)

    def _cut(self, owner: int, begin: int) -> Tensor:
        """A crop with its margins, float32 (margin + crop + margin,)."""
        wide = torch.zeros(self.crop + 2 * self.margin)
        start, length = int(self.data.starts[owner]), int(self.data.lengths[owner])
        low, high = max(0, begin - self.margin), min(length, begin + self.crop + self.margin)
        place = low - begin + self.margin
        wide[place : place + high - low] = self.data.waves[start + low : start + high].float() / 32768
        return wide
