"""What a reconstruction costs: with its code, the terms of the evidence lower bound in nats a sample; or a distance."""

import math

import torch
from torch import Tensor

#: Probabilities keep so far from 0 and 1: a decoder that is sure and wrong is told so by a finite number.
SURE = 1e-6


def gaussian_nll(means: Tensor, targets: Tensor, log_variance: Tensor) -> Tensor:
    """−log N(x; m, s² I) = ½ Σ_i [(x_i − m_i)²/s² + log s² + log 2π] of each sample, (N, …) → (N,).

    Args:
        means: m, (N, …).
        targets: x, the same shape.
        log_variance: log s², a scalar, or broadcast against a sample.

    >>> round(gaussian_nll(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]), torch.tensor(0.0)).item(), 4)
    14.3379
    """
    squares = (targets - means).square() * torch.exp(-log_variance)
    return 0.5 * (squares + log_variance + math.log(2 * math.pi)).flatten(1).sum(1)


def bernoulli_nll(probabilities: Tensor, targets: Tensor) -> Tensor:
    """−Σ_i [x_i log p_i + (1 − x_i) log(1 − p_i)] of each sample, (N, …) → (N,).

    Args:
        probabilities: p in [0, 1]; drawn in to [10⁻⁶, 1 − 10⁻⁶].
        targets: x in [0, 1]; grey counts as both, and then this is a cross-entropy and no probability of x.
    """
    p = SURE + (1 - 2 * SURE) * probabilities
    return -(targets * p.log() + (1 - targets) * torch.log1p(-p)).flatten(1).sum(1)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) ‖ N(0, I)) = ½ Σ_j (μ_j² + σ_j² − 1 − log σ_j²) of each row, (N, k) → (N,).

    Least, 0, at μ = 0 and σ = 1.

    >>> kl_to_standard_normal(torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2)).item()
    2.0
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def absolute_error(made: Tensor, target: Tensor) -> Tensor:
    """E |m − x|, a scalar (L1); least at the median of what may be the target, where squares want the mean.

    >>> absolute_error(torch.tensor([1.0, 4.0]), torch.tensor([0.0, 0.0])).item()
    2.5
    """
    return (made - target).abs().mean()


def charbonnier(made: Tensor, target: Tensor, epsilon: float = 1e-3) -> Tensor:
    """E √((m − x)² + ε²), a scalar: L1 that is smooth within ε of 0.

    Charbonnier, Blanc-Féraud, Aubert, Barlaud 1994; Lai, Huang, Ahuja, Yang 2017, arXiv 1704.03915.

    >>> round(charbonnier(torch.tensor([3.0]), torch.tensor([0.0]), 4.0).item(), 6)
    5.0
    """
    return ((made - target).square() + epsilon**2).sqrt().mean()
