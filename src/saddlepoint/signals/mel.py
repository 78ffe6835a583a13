"""The mel scale: frequencies as far apart as they sound."""

import math

import torch
from torch import Tensor

from saddlepoint.signals.stft import stft

#: Slaney's scale: 15 mels for the first 1000 Hz, then 27 for every factor of 6.4.
LINEAR, BREAK, STEP = 200 / 3, 1000.0, math.log(6.4) / 27
#: Added to the power in a band before its logarithm is taken.
FLOOR = 1e-5
#: Steps that find power in frequencies from power in bands.
UNMIXING = 30


def mels(hertz: Tensor) -> Tensor:
    """Hertz as Slaney's mels: f/(200/3) below 1000 Hz, 15 + 27 log(f/1000)/log 6.4 above.

    >>> mels(torch.tensor([500.0, 1000.0, 6400.0])).round(decimals=4).tolist()
    [7.5, 15.0, 42.0]
    """
    above = BREAK / LINEAR + (hertz.clamp_min(BREAK) / BREAK).log() / STEP
    return torch.where(hertz < BREAK, hertz / LINEAR, above)


def hertz(mels: Tensor) -> Tensor:
    """Slaney's mels as Hertz, the inverse of `mels`."""
    knee = BREAK / LINEAR
    return torch.where(mels < knee, mels * LINEAR, BREAK * ((mels - knee).clamp_min(0) * STEP).exp())


def mel_filters(rate: int, window: int, bands: int) -> Tensor:
    """Triangles evenly spaced in mels from 0 Hz to half the rate, each of area 1 in Hertz (Slaney's norm).

    Args:
        rate: samples a second.
        window: of the transform, samples.
        bands: how many triangles.

    Returns:
        float64 (bands, window/2 + 1).

    Raises:
        ValueError: more bands than the window tells apart.
    """
    bins = torch.arange(window // 2 + 1, dtype=torch.float64) * rate / window
    top = float(mels(torch.tensor(rate / 2, dtype=torch.float64)))
    edges = hertz(torch.linspace(0, top, bands + 2, dtype=torch.float64))
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = torch.minimum(rising, falling).clamp_min(0) * (2 / (edges[2:] - edges[:-2]))[:, None]
    if not bool((filters.sum(1) > 0).all()):
        raise ValueError(
            f"{bands} bands at {rate:,} Hz are narrower than what a window of {window} tells apart: "
            f"give a longer window or fewer bands"
        )
    return filters


def log_mel(waves: Tensor, rate: int, window: int, hop: int, bands: int, floor: float = FLOOR) -> Tensor:
    """log(Σ_k M[b, k] |X[k, t]|² + floor), natural: how much power is in every band and frame.

    Equal to librosa's `melspectrogram` (Slaney's scale and norm) and a logarithm. HiFi-GAN's differs: it takes bands of
    magnitudes |X|, not of powers, up to 8 kHz, of windows within the sound mirrored by (window − hop)/2 at both ends,
    and lifts what is below 1e-5 to it, where here the floor is added.

    Args:
        waves: (N, samples) in [−1, 1].
        rate: samples a second.
        window, hop: of the transform, samples.
        bands: of the mel scale.
        floor: what silence has.

    Returns:
        (N, bands, 1 + samples // hop).
    """
    power = stft(waves, window, hop).abs().square()
    return (mel_filters(rate, window, bands).to(power) @ power + floor).log()


def parted(power: Tensor, filters: Tensor, steps: int = UNMIXING) -> Tensor:
    """Power in bands (N, bands, frames), parted over frequencies: (N, window/2 + 1, frames), at least 0.

    By multiplicative steps p ← p · Mᵀm / MᵀMp, which keep it positive and lessen |Mp − m| (Lee, Seung 2001, "Algorithms
    for non-negative matrix factorization").
    """
    wanted, both = filters.T @ power, filters.T @ filters
    found = wanted / both.sum(1, keepdim=True).clamp_min(1e-12)
    for _ in range(steps):
        found = found * wanted / (both @ found).clamp_min(1e-12)
    return found
