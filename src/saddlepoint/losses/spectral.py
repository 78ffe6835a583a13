"""How far waves are apart in what is heard, where phases count for little: distances of magnitudes."""

from torch import Tensor

#: Below which magnitudes are told apart no more, of samples in [−1, 1].
QUIET = 1e-3


def spectral_convergence(made: Tensor, target: Tensor) -> Tensor:
    """‖ |Y| − |X| ‖ / ‖ |X| ‖, Frobenius norms over the whole batch: how wrong the loud parts are.

    No mean over samples: the loss of a batch is not the mean of its parts'.

    Args:
        made: magnitudes |Y|, (N, bins, frames).
        target: |X|, the same shape.

    Arık, Jun, Diamos 2019, arXiv 1808.06719; Yamamoto, Song, Kim 2020 (Parallel WaveGAN), arXiv 1910.11480.

    >>> import torch
    >>> float(spectral_convergence(torch.full((1, 2, 2), 3.0), torch.full((1, 2, 2), 2.0)))
    0.5
    """
    ratio: Tensor = (made - target).norm() / target.norm().clamp_min(QUIET)
    return ratio


def log_magnitude_distance(made: Tensor, target: Tensor, floor: float = QUIET) -> Tensor:
    """E |log(|Y| + ε) − log(|X| + ε)|, natural: how wrong the quiet parts are.

    Args:
        made: magnitudes |Y|, (N, bins, frames).
        target: |X|, the same shape.
        floor: ε.

    The papers are those of `spectral_convergence`.

    >>> import torch
    >>> x = torch.rand(1, 4, 4) + 1
    >>> round(float(log_magnitude_distance(2 * x, x, floor=0.0)), 4)
    0.6931
    """
    return ((made + floor).log() - (target + floor).log()).abs().mean()
