"""The short-time Fourier transform, as librosa has it."""

import torch
from torch import Tensor


def stft(waves: Tensor, window: int, hop: int) -> Tensor:
    """X[k, t] = Σ_n w[n] x[t·hop + n − window/2] exp(−2πi kn/window), w the periodic Hann window, 0 beyond the ends.

    Args:
        waves: (N, samples).
        window: samples in a window, even.
        hop: samples between windows.

    Returns:
        complex (N, window/2 + 1, 1 + samples // hop).

    >>> stft(torch.ones(2, 1024), 256, 64).shape
    torch.Size([2, 129, 17])
    """
    hann = torch.hann_window(window, dtype=waves.dtype, device=waves.device)
    spectra: Tensor = torch.stft(waves, window, hop, window=hann, pad_mode="constant", return_complex=True)
    return spectra


def inverse_stft(spectra: Tensor, window: int, hop: int, samples: int) -> Tensor:
    """The waves (N, samples) whose transform is nearest to the spectra (N, window/2 + 1, frames) in least squares.

    Griffin, Lim 1984, "Signal estimation from modified short-time Fourier transform", IEEE TASSP 32 (equation 6).
    """
    hann = torch.hann_window(window, dtype=spectra.real.dtype, device=spectra.device)
    waves: Tensor = torch.istft(spectra, window, hop, window=hann, length=samples)
    return waves
