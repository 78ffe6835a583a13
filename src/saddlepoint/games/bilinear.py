"""The bilinear game, where nothing but rotation happens."""

import torch

from saddlepoint.games.analytic import AnalyticGame


def bilinear(sigma: float = 1.0, matrix: list[list[float]] | None = None) -> AnalyticGame:
    """min over x, max over y of xᵀ A y; the solution is 0.

    Every method acts on it as on f = σ·x·y for each singular value σ of A, so step size and σ enter as hσ.

    Args:
        sigma: A as a number, where no matrix is given.
        matrix: A, rows of equal length, shape (size of x, size of y).

    Raises:
        ValueError: rows of unequal length, or no numbers.

    >>> bilinear(matrix=[[1.0, 0.0], [0.0, 2.0]]).sizes
    (2, 2)
    """
    rows = [[sigma]] if matrix is None else matrix
    if not rows or not rows[0] or len({len(row) for row in rows}) != 1:
        raise ValueError(f"the matrix {rows} is not a matrix: give rows of equal length, as in [[1, 0], [0, 2]]")
    a = torch.tensor(rows, dtype=torch.float64)

    def losses(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        value = x @ a @ y
        return value, -value

    return AnalyticGame("bilinear", (a.shape[0], a.shape[1]), losses, torch.zeros(sum(a.shape), dtype=torch.float64))
