"""Phases for magnitudes that come without."""

import torch
from torch import Tensor

from saddlepoint.signals.stft import inverse_stft, stft


def griffin_lim(
    magnitudes: Tensor, window: int, hop: int, samples: int, steps: int = 32, momentum: float = 0.99
) -> Tensor:
    """Waves whose transform has nearly these magnitudes, by alternating projections with momentum.

        t_n = P_consistent(P_magnitude(c_{n−1})),   c_n = t_n + α (t_n − t_{n−1})

    P_consistent is the transform of the inverse transform. The first phases are drawn, the same for every sound and
    call, so that the result is a function of the magnitudes.

    Args:
        magnitudes: (N, window/2 + 1, frames).
        window, hop: of the transform, samples.
        samples: of a wave.
        steps: projections of either kind.
        momentum: α; 0 is Griffin's and Lim's own.

    Griffin, Lim 1984, IEEE TASSP 32; Perraudin, Balazs, Søndergaard 2013, "A fast Griffin-Lim algorithm", WASPAA.
    """
    source = torch.Generator().manual_seed(0)
    angles = torch.rand(magnitudes.shape[1:], generator=source, dtype=torch.float64) * (2 * torch.pi)
    direction = torch.polar(torch.ones_like(angles), angles).to(magnitudes.device)
    guess = direction.to(torch.complex64 if magnitudes.dtype == torch.float32 else torch.complex128).expand(
        magnitudes.shape
    )
    before = torch.zeros_like(guess)
    for _ in range(steps):
        consistent = stft(inverse_stft(_with(magnitudes, guess), window, hop, samples), window, hop)
        guess, before = consistent + momentum * (consistent - before), consistent
    return inverse_stft(_with(magnitudes, guess), window, hop, samples)


def _with(magnitudes: Tensor, phases: Tensor) -> Tensor:
    """These magnitudes with the others' phases."""
    return magnitudes * phases / phases.abs().clamp_min(1e-16)
