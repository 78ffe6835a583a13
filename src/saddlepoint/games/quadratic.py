"""The quadratic game: rotation with friction."""

import torch

from saddlepoint.games.analytic import AnalyticGame


def quadratic(mu: float = 0.1, sigma: float = 1.0) -> AnalyticGame:
    """min over x, max over y of (μ/2) x² + σ x y − (μ/2) y²; the solution is 0, the eigenvalues of J μ ± iσ.

    Args:
        mu: curvature of each player's own loss; friction where positive.
        sigma: coupling; rotation.

    >>> quadratic(mu=0.5).sizes
    (1, 1)
    """

    def losses(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        value = (mu / 2 * x * x + sigma * x * y - mu / 2 * y * y).sum()
        return value, -value

    return AnalyticGame("quadratic", (1, 1), losses, torch.zeros(2, dtype=torch.float64))
