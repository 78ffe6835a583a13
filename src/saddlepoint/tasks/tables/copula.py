"""Tables without a game or a network: columns joined by a Gaussian copula, and independent columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from saddlepoint.core import seed_for
from saddlepoint.data.tables import CategoryColumn, Cells, Column, TableData
from saddlepoint.tasks.tables.coding import ColumnSummary, numbered
from saddlepoint.tasks.tables.model import RowSampler
from saddlepoint.tasks.tables.privacy import resolution
from saddlepoint.tasks.tables.quantiles import PIECES, pieces_of
from saddlepoint.tasks.tables.ruled import RuledCoding
from saddlepoint.tasks.tables.states import States

#: Added to the diagonal of correlations, so that a column that follows from others leaves them invertible.
RIDGE = 1e-6


class Copula(nn.Module):
    """x_j = F_j⁻¹(Φ(z_j)), z ~ N(0, R), F_j the column's own distribution function.

    F_j is piecewise linear. A value that many rows share is a piece of its own, at which F_j jumps; between such values
    a piece stands for the mean of several rows, and goes half-way to its neighbours. So no number that is kept is one
    row's. R are the correlations of the normal scores Φ⁻¹(F_j(x_j)), where the score of a value at a jump is drawn
    uniformly within it, so that categories are no special case. Their codes are an order that means nothing, which is
    what this baseline can't see past. Nelsen 2006, "An introduction to copulas"; for tables Patki, Wedge,
    Veeramachaneni 2016, "The synthetic data vault".

    Args:
        pieces: of each column, how many.
        ends: F at the end of each piece, column after column, float64 (sum of pieces,).
        low, high: the values where each begins and ends, the same shape; NaN of missing ones.
        factor: L of R = L Lᵀ, (columns, columns).

    >>> x = torch.linspace(0, 1, 500)
    >>> drawn = Copula.fit(torch.stack([x, 5 + 2 * x], 1)).draw(100, seed=0)
    >>> bool((drawn[:, 1] - 5 - 2 * drawn[:, 0]).abs().max() < 0.05)
    True
    """

    paper = """@inproceedings{patki2016synthetic,
  title={The Synthetic Data Vault},
  author={Patki, Neha and Wedge, Roy and Veeramachaneni, Kalyan},
  booktitle={DSAA}, year={2016}}"""

    ends: Tensor
    low: Tensor
    high: Tensor
    factor: Tensor

    def __init__(self, pieces: Sequence[int], ends: Tensor, low: Tensor, high: Tensor, factor: Tensor) -> None:
        super().__init__()
        self.pieces = tuple(pieces)
        for name, buffer in (("ends", ends), ("low", low), ("high", high), ("factor", factor)):
            self.register_buffer(name, buffer)

    @classmethod
    def blank(cls, pieces: Sequence[int]) -> Self:
        """Zeros, to be loaded into."""
        ends, low, high = (torch.zeros(sum(pieces), dtype=torch.float64) for _ in range(3))
        return cls(pieces, ends, low, high, torch.eye(len(pieces), dtype=torch.float64))

    @classmethod
    def fit(
        cls,
        columns: Tensor,
        independent: bool = False,
        seed: int = 0,
        *,
        codes: Sequence[bool] = (),
        rare: int = 1,
    ) -> Self:
        """The copula of rows.

        Args:
            columns: float64 (N, columns); missing values are NaN.
            independent: R is the identity.
            seed: of the draws within jumps.
            codes: which columns are codes of categories, each a piece of its own; () are numbers all.
            rare: rows that a piece stands for, at least.
        """
        columns = columns.double()
        size = max(rare, -(-len(columns) // PIECES), 1)
        scores, parts = [], []
        uniform = torch.rand(columns.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        for column, within, code in zip(columns.T, uniform.T, codes or [False] * columns.shape[1], strict=True):
            values = column.nan_to_num(torch.inf).contiguous()
            known = values.sort().values
            parts.append(pieces_of(known, 1 if code else size))
            low, high = (torch.searchsorted(known, values, right=right) for right in (False, True))
            scores.append(torch.special.ndtri((low + within * (high - low)).div(len(values)).clamp(1e-9, 1 - 1e-9)))
        factor = torch.eye(len(scores), dtype=torch.float64)
        if not independent:
            correlations = torch.corrcoef(torch.stack(scores)).reshape(len(scores), -1).nan_to_num(0.0)
            correlations.fill_diagonal_(1.0 + RIDGE)
            factor = torch.linalg.cholesky(correlations)
        ends, low, high = (torch.cat(own) for own in zip(*parts, strict=True))
        return cls([len(own) for own, _, _ in parts], ends, low, high, factor)

    def draw(self, n: int, seed: int = 0) -> Tensor:
        """n rows, float64 (n, columns)."""
        source = torch.Generator().manual_seed(seed)
        z = torch.randn(n, len(self.factor), generator=source, dtype=torch.float64) @ self.factor.T
        # Not quite 1, which is the end of the last piece.
        places, drawn = torch.special.ndtr(z).clamp(max=1 - 1e-12), []
        parts = zip(*(buffer.split(list(self.pieces)) for buffer in (self.ends, self.low, self.high)), strict=True)
        for place, (ends, low, high) in zip(places.T.contiguous(), parts, strict=True):
            piece = torch.searchsorted(ends, place, right=True).clamp(max=len(ends) - 1)
            begins = torch.cat([ends.new_zeros(1), ends[:-1]])[piece]
            within = (place - begins) / (ends[piece] - begins)
            drawn.append(low[piece] + within * (high[piece] - low[piece]))
        return torch.stack(drawn, 1)


@dataclass
class CopulaRows(RowSampler):
    """Makes rows of a copula; a category's code is a number like any other.

    Attributes:
        network: a `Copula`.
        coding: of the columns, as plain data; they are learnt as they are.
        pieces: of each column's distribution function.
    """

    coding: Mapping[str, Any]
    pieces: Sequence[int]

    finite = False
    kind = "copula"
    title = "a copula of rows"
    files: ClassVar[tuple[str, ...]] = ("coding",)

    @classmethod
    def of(cls, table: TableData, seed: int, *, independent: bool) -> Self:
        """Fit one to a table."""
        return cls.fit(*RuledCoding.uncoded(table, seed), seed, independent=independent)

    @classmethod
    def fit(cls, ruled: RuledCoding, learnt: TableData, seed: int, *, independent: bool) -> Self:
        """Fit one to what rules leave of a table, from `RuledCoding.uncoded`."""
        own = [_learnt(column, learnt.cells[column.name]) for column in learnt.columns]
        marks = [_words(learnt.cells[column.name], seed) for column in _worded(learnt.columns)]
        values = torch.from_numpy(np.stack([*own, *marks], 1))
        codes = [*(not column.numeric for column in learnt.columns), *(True for _ in marks)]
        network = Copula.fit(values, independent, seed, codes=codes, rare=learnt.rare)
        return cls(network, {"name": "copula"}, learnt.shape, ruled.plain(), network.pieces)

    @property
    def discloses(self) -> str:
        """What is kept of the training rows."""
        return f"{self.ruled.coding.disclosure} Beside them they hold quantiles of each column, and correlations."

    def description(self) -> dict[str, Any]:
        """The columns and the numbers of pieces."""
        return {"coding": dict(self.coding), "pieces": list(self.pieces)}

    @classmethod
    def described(
        cls, network: nn.Module | None, spec: Mapping[str, Any], shape: tuple[int, ...], description: Mapping[str, Any]
    ) -> Self:
        """One as a description has it; a new one makes zeros."""
        if network is None:
            network = Copula.blank(description["pieces"])
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
        words = {column.name: place for place, column in enumerate(_worded(coding.columns), len(coding.columns))}
        for at, column in enumerate(coding.columns):
            own = drawn[:, at]
            if isinstance(column, CategoryColumn):
                own = np.nan_to_num(own, nan=-1.0).astype(np.int32)
            elif unit := resolution(column):
                own = np.round(own / unit) * unit
            marks = drawn[:, words[column.name]].astype(np.int8) if column.name in words else None
            uniform = np.random.default_rng(seed_for(seed, at, "made")).random(n)
            cells[column.name] = column.made(Cells(own, marks), uniform)
        table = numbered(TableData("generated", coding.columns, cells, "Generated.", coding.separator), seed)
        return self.ruled.enforcement.decode(table, seed)


def _worded(columns: Sequence[Column]) -> list[Column]:
    """Columns in which different words stand where there is no value."""
    return [column for column in columns if len(column.absent) > 1 and column.kind not in ("constant", "identifier")]


def _words(cells: Cells, seed: int) -> NDArray[np.float64]:
    """Which word stands where there is no value; drawn among these in rows that have one."""
    marks = np.zeros(len(cells)) if cells.marks is None else cells.marks.astype(np.float64)
    absent = cells.absent
    if absent.any():
        marks[~absent] = np.random.default_rng(seed).choice(marks[absent], int((~absent).sum()))
    return marks


def _learnt(column: Column, cells: Cells) -> NDArray[np.float64]:
    """What a copula learns of a column: its numbers or codes, NaN where there is none; nothing of identifiers."""
    if column.kind in ("constant", "identifier"):
        return np.zeros(len(cells))
    values = cells.values.astype(np.float64)
    return values if column.numeric else np.where(values < 0, np.nan, values)
