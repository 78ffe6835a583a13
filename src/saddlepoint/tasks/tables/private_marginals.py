"""Marginals of a table under differential privacy: all that a coding is fitted to, in place of the rows.

Every row adds 1 to one cell of each of m histograms, so that all of them together change by √m, and normal noise of
deviation z √m on every count is one Gaussian mechanism of noise multiplier z. Where the cells are values, which nobody
knows before, those with a noisy count below a threshold are left out: a value that one row alone has is told with a
probability of at most δ/m each (Korolova, Kenthapadi, Mishra, Ntoulas 2009, "Releasing search queries and clicks
privately"; Wilson et al. 2020, arXiv 1909.01917).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.tables import CategoryColumn, Cells, Column, ScaledColumn, TableData
from saddlepoint.data.tables.columns import IdentifierColumn
from saddlepoint.data.tables.identifiers import IdentifierPattern
from saddlepoint.data.tables.sensitive import FakeEvidence, FakePattern
from saddlepoint.tasks.tables.modes import Numbers
from saddlepoint.tasks.tables.privacy import OTHER

#: Histograms of a category, and of a column of numbers: its values, its order of magnitude, and bins twice.
OF_CATEGORY, OF_NUMBER = 1, 4
#: Bins of numbers between bounds, and powers of 2 that are looked at, on both sides of 1.
BINS, POWERS = 64, 64
#: Bins of fewer noise deviations are taken for empty.
EMPTY = 3.0
#: Rows that are drawn of the marginals, at most.
DRAWN = 20_000


@dataclass(frozen=True)
class PrivateMarginals:
    """What is released of a table's columns.

    Attributes:
        table: rows of independent columns, drawn of the noisy marginals; a coding may be fitted to them at no cost.
        deviation: of the noise on each count.
    """

    table: TableData
    deviation: float

    @staticmethod
    def of(table: TableData, z: float, delta: float, seed: int) -> "PrivateMarginals":
        """Noisy marginals of all columns that are learnt, one Gaussian mechanism of multiplier z together.

        Args:
            table: the rows.
            z: noise multiplier.
            delta: probability that a value of one row alone is told, at most.
            seed: of the noise; secret.
        """
        learnt = [column for column in table.columns if _learnt(column)]
        histograms = sum(OF_CATEGORY if isinstance(column, CategoryColumn) else OF_NUMBER for column in learnt)
        noise = _Noise(np.random.default_rng(seed), z * np.sqrt(max(1, histograms)), delta / max(1, histograms))
        columns, cells = [], {}
        n = min(DRAWN, len(table))
        for column in table.columns:
            own, drawn = _of_column(column, table.cells[column.name], noise, n)
            columns.append(own)
            cells[column.name] = drawn
        made = replace(table, columns=tuple(columns), cells=cells, held_out=None, rare=0, released=(), notes=())
        return PrivateMarginals(made, float(noise.deviation))

    def conformed(self, table: TableData) -> TableData:
        """Rows in the columns that were released: what they lack becomes what stands for it."""
        cells = {}
        for column in self.table.columns:
            own, values = table.column(column.name), table.cells[column.name]
            blank = Cells(np.zeros(len(table), dtype=np.int64))
            cells[column.name] = _conformed(column, own, values) if _learnt(column) else blank
        return replace(self.table, cells=cells)


def _learnt(column: Column) -> bool:
    return isinstance(column, CategoryColumn | ScaledColumn)


class _Noise:
    """Normal noise on counts."""

    def __init__(self, source: np.random.Generator, deviation: float, delta: float) -> None:
        self.source, self.deviation = source, deviation
        self.threshold = 1 + deviation * -NormalDist().inv_cdf(delta)

    def on(self, counts: NDArray[Any]) -> Numbers:
        """Counts of cells that are known without the rows."""
        return counts + self.source.normal(0, self.deviation, len(counts))

    def of_values(self, counts: NDArray[Any]) -> Numbers:
        """Counts of cells that the rows alone tell: 0 below the threshold."""
        noisy = self.on(counts)
        return np.where(noisy > self.threshold, noisy, 0.0)


def _of_column(column: Column, cells: Cells, noise: _Noise, n: int) -> tuple[Column, Cells]:
    if isinstance(column, CategoryColumn):
        return _of_category(column, cells, noise, n)
    if isinstance(column, ScaledColumn):
        return _of_numbers(column, cells, noise, n)
    if isinstance(column, IdentifierColumn):
        pattern = column.pattern
        # The shapes and ends of the real ones would tell of them.
        new: IdentifierPattern | FakePattern = IdentifierPattern(first=1, last=0)
        if isinstance(pattern, FakePattern):
            new = FakeEvidence(pattern.what, [], column.name).finish()
        column = replace(column, pattern=new, missing=0.0)
    return column, Cells(np.zeros(n, dtype=np.int64))


def _of_category(column: CategoryColumn, cells: Cells, noise: _Noise, n: int) -> tuple[Column, Cells]:
    counts = np.bincount(cells.values[cells.values >= 0], minlength=len(column.categories))
    noisy = noise.of_values(np.append(counts, cells.absent.sum()))
    shown, missing = noisy[:-1], noisy[-1]
    kept = np.flatnonzero(shown)
    kept = kept[np.argsort(-shown[kept], kind="stable")]
    names = [column.categories[code] for code in kept] or [OTHER if not column.stored else column.categories[0]]
    weights = np.append(shown[kept] if len(kept) else [1.0], missing)
    codes = noise.source.choice(len(weights), n, p=weights / weights.sum()).astype(np.int32)
    codes[codes == len(names)] = -1
    absent = column.absent[:1] if missing else ()
    return replace(column, categories=tuple(names), absent=absent, words=(), levels=()), Cells(codes)


def _of_numbers(column: ScaledColumn, cells: Cells, noise: _Noise, n: int) -> tuple[Column, Cells]:
    values = cells.values[~cells.absent]
    different, counts = np.unique(values, return_counts=True)
    noisy = noise.of_values(np.append(counts, cells.absent.sum()))
    missing, told = float(noisy[-1]), np.flatnonzero(noisy[:-1])
    points, weights = different[told], noisy[:-1][told]
    # Bins where the order of magnitude says that values are; and finer ones where those are not empty.
    edges = _between(*_bounds(values, noise))
    coarse = np.flatnonzero(_filled(values, edges, noise))
    if len(coarse):
        edges = _between(edges[coarse[0]], edges[coarse[-1] + 1])
    filled = _filled(values, edges, noise)
    # Values that are told on their own stand for their part of a bin.
    rest = filled - np.histogram(points, edges, weights=weights)[0]
    rest = np.where(rest > EMPTY * noise.deviation, rest, 0.0)
    if not weights.sum() + rest.sum():
        rest[:] = 1.0
    shares = np.concatenate([weights, rest, [missing]])
    chosen = noise.source.choice(len(shares), n, p=shares / shares.sum())
    drawn = np.concatenate([points, edges[:-1], [np.nan]])[chosen]
    drawn += np.concatenate([np.zeros(len(points)), np.diff(edges), [0.0]])[chosen] * noise.source.random(n)
    known = ~np.isnan(drawn)
    drawn[known] = column.rounded(drawn[known])
    low, high = float(np.nanmin(drawn)), float(np.nanmax(drawn))
    absent = column.absent[:1] if missing else ()
    words = tuple(word for word in column.words if word in absent)
    return replace(column, low=low, high=high, absent=absent, words=words), Cells(drawn)


def _bounds(values: Numbers, noise: _Noise) -> tuple[float, float]:
    """The powers of two, of either sign, between which enough values lie."""
    powers = np.exp2(np.arange(-POWERS, POWERS + 1))
    borders = np.concatenate([-powers[::-1], [0.0], powers])
    noisy = noise.on(np.histogram(values, borders)[0])
    there = np.flatnonzero(noisy > (EMPTY + 1) * noise.deviation)
    there = there if len(there) else np.array([int(noisy.argmax())])
    return float(borders[there[0]]), float(borders[there[-1] + 1])


def _between(low: float, high: float) -> Numbers:
    return np.linspace(low, high, BINS + 1)


def _filled(values: Numbers, edges: Numbers, noise: _Noise) -> Numbers:
    """Noisy counts of bins, 0 of those that are taken for empty."""
    noisy = noise.on(np.histogram(values, edges)[0])
    return np.where(noisy > EMPTY * noise.deviation, noisy, 0.0)


def _conformed(column: Column, own: Column, cells: Cells) -> Cells:
    if isinstance(column, CategoryColumn):
        assert isinstance(own, CategoryColumn)
        return Cells(_codes(column.categories, own.categories, bool(column.absent))[cells.values])
    assert isinstance(column, ScaledColumn)
    values = cells.values.clip(column.low, column.high)
    if not column.absent:
        values = np.where(np.isnan(values), (column.low + column.high) / 2, values)
    return Cells(values)


def _codes(new: Sequence[str], old: Sequence[str], missing: bool) -> NDArray[np.int32]:
    """Of each old category and, last, of a missing value its new code; the first where it is not there."""
    place = {name: code for code, name in enumerate(new)}
    return np.array([*(place.get(name, 0) for name in old), -1 if missing else 0], dtype=np.int32)
