"""Tables without a game or a network: columns joined by a Gaussian copula, and independent columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from saddlepoint.data.tables import CategoryColumn, Cells, TableData
from saddlepoint.tasks.tables.coding import ColumnSummary
from saddlepoint.tasks.tables.conditions import States
from saddlepoint.tasks.tables.model import RowSampler
from saddlepoint.tasks.tables.ruled import RuledCoding

#: Added to the diagonal of correlations, so that a column that follows from others leaves them invertible.
RIDGE = 1e-6


class Copula(nn.Module):
    """x_j = F_j⁻¹(Φ(z_j)), z ~ N(0, R), F_j the column's own distribution function.

    Marginals are those of the data. R are the correlations of the normal scores Φ⁻¹(F_j(x_j)); where many rows share
    a value, F_j jumps, and its score is drawn uniformly within the jump, so that categories are no special case. Their
    codes are an order that means nothing, which is what this baseline can't see past. Nelsen 2006, "An introduction to
    copulas"; for tables Patki, Wedge, Veeramachaneni 2016, "The synthetic data vault".

    Args:
        ordered: each column by itself in order, float64 (N, columns); missing values are NaN, the greatest value.
        factor: L of R = L Lᵀ, (columns, columns).

    >>> x = torch.linspace(0, 1, 500)
    >>> drawn = Copula.fit(torch.stack([x, 5 + 2 * x], 1)).draw(100, seed=0)
    >>> bool((drawn[:, 1] - 5 - 2 * drawn[:, 0]).abs().max() < 0.05)
    True
    """

    ordered: Tensor
    factor: Tensor

    def __init__(self, ordered: Tensor, factor: Tensor) -> None:
        super().__init__()
        self.register_buffer("ordered", ordered)
        self.register_buffer("factor", factor)

    @classmethod
    def fit(cls, columns: Tensor, independent: bool = False, seed: int = 0) -> Self:
        """The copula of rows.

        Args:
            columns: float64 (N, columns); missing values are NaN.
            independent: R is the identity.
            seed: of the draws within jumps.
        """
        columns = columns.double()
        ordered = columns.sort(0).values.contiguous()
        if independent:
            return cls(ordered, torch.eye(columns.shape[1], dtype=torch.float64))
        uniform = torch.rand(columns.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        scores = []
        for column, known, within in zip(columns.T, ordered.T.contiguous(), uniform.T, strict=True):
            values, places = column.nan_to_num(torch.inf).contiguous(), known.nan_to_num(torch.inf)
            low, high = (torch.searchsorted(places, values, right=right) for right in (False, True))
            scores.append(torch.special.ndtri((low + within * (high - low)).div(len(values)).clamp(1e-9, 1 - 1e-9)))
        correlations = torch.corrcoef(torch.stack(scores)).reshape(len(scores), -1).nan_to_num(0.0)
        correlations.fill_diagonal_(1.0 + RIDGE)
        return cls(ordered, torch.linalg.cholesky(correlations))

    def draw(self, n: int, seed: int = 0) -> Tensor:
        """n rows, float64 (n, columns)."""
        source = torch.Generator().manual_seed(seed)
        z = torch.randn(n, len(self.factor), generator=source, dtype=torch.float64) @ self.factor.T
        places = (torch.special.ndtr(z) * len(self.ordered)).long().clamp(0, len(self.ordered) - 1)
        return self.ordered.gather(0, places)


@dataclass
class CopulaRows(RowSampler):
    """Makes rows of a copula; a category's code is a number like any other.

    Attributes:
        network: a `Copula`.
        coding: of the columns, as plain data; they are learnt as they are.
        fitted: training rows.
    """

    coding: Mapping[str, Any]
    fitted: int

    kind = "copula"
    title = "a copula of rows"
    files: ClassVar[tuple[str, ...]] = ("coding",)
    discloses = (
        "**They hold every value of the columns that are learnt**, column by column: give them to nobody who may not "
        "see the training data."
    )

    @classmethod
    def of(cls, table: TableData, seed: int, *, independent: bool) -> Self:
        """Fit one to a table."""
        ruled, learnt = RuledCoding.uncoded(table, seed)
        values = [learnt.cells[column.name].values.astype(np.float64) for column in learnt.columns]
        network = Copula.fit(torch.from_numpy(np.stack(values, 1)), independent, seed)
        return cls(network, {"name": "copula"}, learnt.shape, ruled.plain(), len(table))

    def description(self) -> dict[str, Any]:
        """The columns and the number of rows."""
        return {"coding": dict(self.coding), "fitted": self.fitted}

    @classmethod
    def described(
        cls, network: nn.Module | None, spec: Mapping[str, Any], shape: tuple[int, ...], description: Mapping[str, Any]
    ) -> Self:
        """One as a description has it; a new one makes zeros."""
        if network is None:
            size, columns = description["fitted"], shape[0]
            network = Copula(torch.zeros(size, columns, dtype=torch.float64), torch.eye(columns, dtype=torch.float64))
        return cls(network, spec, shape, **description)

    @cached_property
    def ruled(self) -> RuledCoding:
        """The columns; they are learnt as they are."""
        return RuledCoding.from_plain(self.coding)

    @property
    def summaries(self) -> Sequence[ColumnSummary]:
        """Marginals of the training rows, of each column."""
        return self.ruled.summaries

    def batch(self, n: int, seed: int, states: States | None) -> TableData:  # noqa: ARG002
        """Rows as they come: a copula can be given no state, conditions are met by leaving out rows."""
        assert isinstance(self.network, Copula)
        drawn, coding, cells = self.network.draw(n, seed).numpy(), self.ruled.coding, {}
        new = np.random.default_rng(seed)
        for at, column in enumerate(coding.columns):
            own = drawn[:, at]
            if column.kind == "identifier":
                own = new.integers(0, 2**53, n)
            elif isinstance(column, CategoryColumn):
                own = own.astype(np.int32)
            cells[column.name] = Cells(own)
        table = TableData("generated", coding.columns, cells, "Generated.", coding.separator)
        return self.ruled.enforcement.decode(table, seed)


def joined(config: Any, table: TableData) -> CopulaRows:
    """Columns joined by a Gaussian copula, fitted to a table."""
    return CopulaRows.of(table, config.seed, independent=False)


def apart(config: Any, table: TableData) -> CopulaRows:
    """Independent columns, each with its own distribution."""
    return CopulaRows.of(table, config.seed, independent=True)
