"""Baselines of tables that are no game: independent columns, and columns joined by a Gaussian copula."""

import torch
from torch import Tensor

#: Added to the diagonal of correlations, so that a column that follows from others leaves them invertible.
RIDGE = 1e-6


class Copula:
    """x_j = F_j⁻¹(Φ(z_j)), z ~ N(0, R), F_j the column's own distribution function.

    Marginals are those of the data. R are the correlations of the normal scores Φ⁻¹(F_j(x_j)); where many rows share
    a value, F_j jumps, and its score is drawn uniformly within the jump, so that categories are no special case. Their
    codes are an order that means nothing, which is what this baseline can't see past. Nelsen 2006, "An introduction to
    copulas"; for tables Patki, Wedge, Veeramachaneni 2016, "The synthetic data vault".

    Args:
        columns: float64 (N, columns); missing values are NaN, which is the greatest value.
        independent: R is the identity.
        seed: of the draws within jumps.

    >>> x = torch.linspace(0, 1, 500)
    >>> drawn = Copula(torch.stack([x, 5 + 2 * x], 1)).draw(100, seed=0)
    >>> bool((drawn[:, 1] - 5 - 2 * drawn[:, 0]).abs().max() < 0.05)
    True
    """

    def __init__(self, columns: Tensor, independent: bool = False, seed: int = 0) -> None:
        self._sorted = columns.double().sort(0).values.contiguous()
        if independent:
            self._factor = torch.eye(columns.shape[1], dtype=torch.float64)
            return
        uniform = torch.rand(columns.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        scores = []
        for column, ordered, within in zip(columns.double().T, self._sorted.T.contiguous(), uniform.T, strict=True):
            values, known = column.nan_to_num(torch.inf).contiguous(), ordered.nan_to_num(torch.inf)
            low, high = (torch.searchsorted(known, values, right=right) for right in (False, True))
            scores.append(torch.special.ndtri((low + within * (high - low)).div(len(values)).clamp(1e-9, 1 - 1e-9)))
        correlations = torch.corrcoef(torch.stack(scores)).reshape(len(scores), -1).nan_to_num(0.0)
        correlations.fill_diagonal_(1.0 + RIDGE)
        self._factor = torch.linalg.cholesky(correlations)

    def draw(self, n: int, seed: int = 0) -> Tensor:
        """n rows, float64 (n, columns)."""
        source = torch.Generator().manual_seed(seed)
        z = torch.randn(n, len(self._factor), generator=source, dtype=torch.float64) @ self._factor.T
        places = (torch.special.ndtr(z) * len(self._sorted)).long().clamp(0, len(self._sorted) - 1)
        return self._sorted.gather(0, places)
