"""Sounds as pictures, and back: the levels of a log-mel spectrogram."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from saddlepoint.signals.mel import FLOOR, log_mel, mel_filters, parted
from saddlepoint.signals.phase import griffin_lim


@dataclass(frozen=True)
class Spectrogram:
    """A picture of so many bands and frames for every sound of so many samples.

    A level is log(power + floor), from 0 for silence to 1 for a sine of full scale in the narrowest band.

    Args:
        rate: samples a second.
        frames: columns of a picture.
        window: samples that a frame looks at, even.
        hop: samples from frame to frame.
        bands: rows of a picture, the lowest first.

    Raises:
        ValueError: a hop of more than half a window, or more bands than the window tells apart.

    >>> Spectrogram(8000).levels(torch.zeros(2, 8192)).shape
    torch.Size([2, 1, 64, 64])
    """

    rate: int
    frames: int = 64
    window: int = 512
    hop: int = 128
    bands: int = 64

    def __post_init__(self) -> None:
        if self.window % 2 or not 1 <= self.hop <= self.window // 2 or min(self.frames, self.bands, self.rate) < 1:
            raise ValueError(
                f"window is {self.window} and hop {self.hop}: give an even window and a hop of at most half of it; "
                f"at least 1 frame, band and sample a second"
            )
        mel_filters(self.rate, self.window, self.bands)

    @property
    def samples(self) -> int:
        """Of a sound."""
        return self.frames * self.hop

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, bands, frames) of a picture."""
        return 1, self.bands, self.frames

    @cached_property
    def ends(self) -> tuple[float, float]:
        """What levels 0 and 1 are: logarithms of power."""
        loudest = float(mel_filters(self.rate, self.window, self.bands).max()) * (self.window / 4) ** 2
        return math.log(FLOOR), math.log(loudest)

    def levels(self, waves: Tensor) -> Tensor:
        """Waves (N, samples) in [−1, 1] → levels in [0, 1], (N, 1, bands, frames)."""
        low, high = self.ends
        logs = log_mel(waves, self.rate, self.window, self.hop, self.bands)[:, None, :, : self.frames]
        return ((logs - low) / (high - low)).clamp(0, 1)

    def waves(self, levels: Tensor, steps: int = 32) -> Tensor:
        """Levels (N, 1, bands, frames) → waves (N, samples) in [−1, 1] with about these levels.

        Power in bands is `parted` over frequencies; phases are `griffin_lim`'s.
        """
        low, high = self.ends
        power = ((levels[:, 0].float() * (high - low) + low).exp() - FLOOR).clamp_min(0)
        filters = mel_filters(self.rate, self.window, self.bands).to(power)
        found = parted(power, filters)
        # The transform of all samples has one frame more than pictures show.
        magnitudes = torch.cat([found, found[:, :, -1:]], 2).sqrt()
        return griffin_lim(magnitudes, self.window, self.hop, self.samples, steps).clamp(-1, 1)
