"""How far a sound that was made is from the one that it is to be, in what is heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log

import numpy as np
import torch
from torch import Tensor

from saddlepoint.metrics.features import Features, array_of, check_numbers
from saddlepoint.signals import log_mel, stft

#: (window, hop) of the transforms that are compared, samples.
RESOLUTIONS = ((128, 32), (256, 64), (512, 128))
#: Magnitude below which nothing is told apart: −70 dB of a sine of full scale in a window of 256.
FLOOR = 0.02


@dataclass(frozen=True)
class StftDistance:
    """Means over resolutions, and over sounds.

    Attributes:
        convergence: spectral convergence, 0 where magnitudes agree; silence is 1 from anything.
        log_magnitude: mean distance of natural logarithms of magnitudes.
    """

    convergence: float
    log_magnitude: float

    @property
    def total(self) -> float:
        """Their sum, as Parallel WaveGAN's loss has it."""
        return self.convergence + self.log_magnitude


def mel_distance(real: Features, made: Features, rate: int, window: int = 256, hop: int = 64, bands: int = 40) -> float:
    """Mean |log M|X|² − log M|Y|²| over sounds, bands and frames, natural logarithms of power (mel-L1).

    Twice as loud is 2 log 2 = 1.386 away, where the floor of 10⁻⁵ in power is far. Kong, Kim, Bae 2020 (HiFi-GAN),
    arXiv 2010.05646, equation 7 (there of magnitudes, half of this).

    Args:
        real: (N, samples) in [−1, 1]; arrays or tensors.
        made: those to be judged, the same shape.
        rate: samples a second.
        window, hop: of the transform, samples.
        bands: of the mel scale.

    Raises:
        ValueError: waves that are not such, or that do not pair.
    """
    x, y = _pair(real, made)
    return float((log_mel(x, rate, window, hop, bands) - log_mel(y, rate, window, hop, bands)).abs().mean())


def stft_distance(
    real: Features, made: Features, resolutions: Sequence[tuple[int, int]] = RESOLUTIONS, floor: float = FLOOR
) -> StftDistance:
    """‖|X| − |Y|‖/‖|X|‖ and mean |log |X| − log |Y||, of each sound at several resolutions; the means.

    A gain of c leads to |c − 1| and |log c|. Phases do not count.
    Yamamoto, Song, Kim 2020 (Parallel WaveGAN), arXiv 1910.11480, equations 4 to 6.

    Args:
        real: (N, samples) in [−1, 1]; arrays or tensors.
        made: those to be judged, the same shape.
        resolutions: (window, hop) of each transform, samples.
        floor: magnitudes below it count as it in logarithms.

    Raises:
        ValueError: waves that are not such, or that do not pair, or no resolutions.

    >>> x = torch.randn(2, 2048, generator=torch.Generator().manual_seed(0))
    >>> apart = stft_distance(x, 2 * x, floor=0.0)
    >>> round(apart.convergence, 6), round(apart.log_magnitude, 6)
    (1.0, 0.693147)
    """
    x, y = _pair(real, made)
    if not resolutions:
        raise ValueError("there are no resolutions: give at least one (window, hop)")
    convergences, logs = [], []
    for window, hop in resolutions:
        a, b = stft(x, window, hop).abs(), stft(y, window, hop).abs()
        whole = a.square().sum((1, 2)).sqrt()
        apart = (a - b).square().sum((1, 2)).sqrt()
        # Nothing is no distance from nothing.
        ratio = torch.where(whole > 0, apart / whole, torch.where(apart > 0, torch.full_like(apart, inf), apart))
        convergences.append(float(ratio.mean()))
        logs.append(float(_logs_apart(a, b, floor).abs().mean()))
    return StftDistance(sum(convergences) / len(convergences), sum(logs) / len(logs))


def log_spectral_distance(
    real: Features, made: Features, window: int = 512, hop: int = 128, floor: float = FLOOR
) -> float:
    """E_t √(mean_k (20 log₁₀ |X[k, t]| − 20 log₁₀ |Y[k, t]|)²), in dB: root over bins, mean over frames and sounds.

    A gain of 2 is 6.02 dB away. Gray, Markel 1976, "Distance measures for speech processing", IEEE TASSP 24.

    Args:
        real: (N, samples) in [−1, 1]; arrays or tensors.
        made: those to be judged, the same shape.
        window, hop: of the transform, samples.
        floor: magnitudes below it count as it.

    Raises:
        ValueError: waves that are not such, or that do not pair.
    """
    x, y = _pair(real, made)
    a, b = (stft(waves, window, hop).abs() for waves in (x, y))
    decibels = 20 / log(10) * _logs_apart(a, b, floor)
    return float(decibels.square().mean(1).sqrt().mean())


def _logs_apart(a: Tensor, b: Tensor, floor: float) -> Tensor:
    """log a − log b of magnitudes, natural; 0 where both are 0 and so is the floor."""
    a, b = a.clamp_min(floor), b.clamp_min(floor)
    return torch.where(a == b, 0.0, a.log() - b.log())


def _pair(real: Features, made: Features) -> tuple[Tensor, Tensor]:
    x, y = _waves(real, "real"), _waves(made, "made")
    if x.shape != y.shape:
        raise ValueError(f"real waves have shape {tuple(x.shape)}, made ones {tuple(y.shape)}: give them in pairs")
    return x, y


def _waves(waves: Features, name: str) -> Tensor:
    array = array_of(waves)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} waves are {array.shape}: give (N, samples), at least one each")
    if array.dtype.kind != "f":
        raise ValueError(f"{name} waves have dtype {array.dtype}: give floats in [−1, 1], 16 bits divided by 32,768")
    check_numbers(array, f"{name} waves", "what made them")
    return torch.from_numpy(np.ascontiguousarray(array, np.float64))
