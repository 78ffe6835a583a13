"""Sounds at another rate."""

import torch
from torch import Tensor


def resampled(waves: Tensor, rate: int, wanted: int) -> Tensor:
    """Waves at another rate, by their Fourier series: frequencies that both rates have stay, others are left out.

    Exact for what is band-limited and repeats; the ends of a wave are thought of as joined.

    Args:
        waves: (N, samples).
        rate, wanted: samples a second.

    Returns:
        (N, round(samples · wanted/rate)).

    >>> t = torch.arange(100, dtype=torch.float64) / 100
    >>> there = resampled(torch.sin(2 * torch.pi * 5 * t)[None], 100, 40)
    >>> bool((there - torch.sin(2 * torch.pi * 5 * torch.arange(40) / 40)).abs().max() < 1e-4)
    True
    """
    if rate == wanted:
        return waves
    samples = waves.shape[1]
    count = round(samples * wanted / rate)
    spectrum = torch.fft.rfft(waves)[:, : count // 2 + 1]
    made: Tensor = torch.fft.irfft(spectrum, n=count) * (count / samples)
    return made
