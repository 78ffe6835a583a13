"""How alike two tables are: column by column, and pair by pair.

A table is a sequence of `TableColumn`s of equal length, the real and the generated one in the same order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features, array_of, double, scaled

Array = NDArray[Any]
#: Bins, of equal real weight, that numbers are put into beside categories.
BINS = 10
#: Cells of a contingency table, for every row, up to which they are counted; of more, rows are sorted.
CELLS = 4
#: Beyond it differences may leave float64.
LARGEST = 1e300
#: Contingency tables that are counted in one pass.
TOGETHER = 32


@dataclass(frozen=True, eq=False, init=False)
class TableColumn:
    """One column.

    Attributes:
        name: what to call it.
        values: floats (N,), kept as float64, NaN where there is none; or integer codes of categories, −1 where there is
            none. Arrays or tensors.

    Raises:
        ValueError: other axes, neither floats nor integers, or infinity or a number beyond 1e300 among them.
    """

    name: str
    values: Array

    def __init__(self, name: str, values: Features) -> None:
        array = array_of(values)
        if array.ndim != 1 or array.dtype.kind not in "fiub":
            raise ValueError(
                f"column {name!r} has shape {array.shape} and dtype {array.dtype}: "
                "give numbers (N,), or integer codes of categories"
            )
        if array.dtype.kind == "f" and np.isinf(array).any():
            raise ValueError(f"column {name!r} has infinity: give NaN where there is no number")
        own: Array = double(array) if array.dtype.kind == "f" else array.astype(np.int64)
        if array.dtype.kind == "f" and (np.abs(own) > LARGEST).any():
            raise ValueError(f"column {name!r} has numbers beyond {LARGEST:g}: give them in a larger unit")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "values", own)

    @property
    def numeric(self) -> bool:
        """Whether these are numbers."""
        return self.values.dtype.kind == "f"

    def first(self, n: int) -> "TableColumn":
        """The first n values."""
        return TableColumn(self.name, self.values[:n])


Columns = Sequence[TableColumn]


def column_similarity(real: TableColumn, generated: TableColumn) -> float:
    """1 − the greatest difference of the distribution functions (Kolmogorov-Smirnov), or 1 − total variation.

    The first of numbers, where a missing one counts as its own value; the second, ½ Σ |p − q|, of categories. 1 where
    both have the same distribution, 0 where they have nothing in common.

    >>> column_similarity(TableColumn("", np.array([0.0, 1.0])), TableColumn("", np.array([1.0, 2.0])))
    0.5
    >>> column_similarity(TableColumn("", np.array([0, 0, 1])), TableColumn("", np.array([0, 1, 1])))
    0.6666666666666667
    """
    _check_columns([real], [generated])
    if not real.numeric:
        return 1 - _total_variation(real.values, generated.values)
    a, b = np.sort(real.values), np.sort(generated.values)  # NaN last, so that it is the greatest value
    places = np.concatenate([a[~np.isnan(a)], b[~np.isnan(b)]])
    if not len(places):
        return 1.0 if len(a) and len(b) else 0.0
    gap = np.abs(np.searchsorted(a, places, "right") / len(a) - np.searchsorted(b, places, "right") / len(b))
    return float(1 - gap.max())


def column_similarities(real: Columns, generated: Columns) -> dict[str, float]:
    """`column_similarity` of each, by its name."""
    _check_columns(real, generated)
    return {a.name: column_similarity(a, b) for a, b in zip(real, generated, strict=True)}


def pair_similarities(real: Columns, generated: Columns) -> dict[tuple[str, str], float]:
    """How alike each two columns hang together.

    Numbers: 1 − ½ |ρ − ρ'|, ρ the correlation coefficient of the rows that have both. Otherwise 1 − ½ Σ |p − q| over
    the cells of the contingency table; a number then stands in one of ten bins of equal real weight, or is missing.
    """
    return _pair_similarities(real, generated, _binned_by_weight)


def _pair_similarities(
    real: Columns, generated: Columns, binned_by: Callable[[TableColumn, TableColumn], tuple[Array, Array]]
) -> dict[tuple[str, str], float]:
    _check_columns(real, generated)
    sides = [
        binned_by(a, b) if a.numeric else (a.values + 1, b.values + 1) for a, b in zip(real, generated, strict=True)
    ]
    numeric = [place for place, column in enumerate(real) if column.numeric]
    gaps = np.abs(_correlations([real[i] for i in numeric]) - _correlations([generated[i] for i in numeric]))
    together = dict(zip(numeric, range(len(numeric)), strict=True))
    found = {}
    for i in range(len(real) - 1):
        others = [j for j in range(i + 1, len(real)) if i not in together or j not in together]
        apart = dict(zip(others, _contingency_gaps(sides[i], [sides[j] for j in others]), strict=True))
        for j in range(i + 1, len(real)):
            gap = apart[j] if j in apart else gaps[together[i], together[j]] / 2
            found[real[i].name, real[j].name] = float(1 - gap)
    return found


def _contingency_gaps(one: tuple[Array, Array], others: Sequence[tuple[Array, Array]]) -> list[float]:
    """½ Σ |p − q| over the joint cells of codes from 0, one column beside each other; all (real, generated)."""
    (a, b), high = one, _height(one)
    widths = np.array([_height(sides) for sides in others], dtype=np.int64)
    found = np.empty(len(others))
    # Tables with few cells are counted, many in one pass; those that are mostly empty are sorted.
    few = high * widths <= CELLS * (len(a) + len(b))
    for place in np.flatnonzero(~few).tolist():
        c, d = others[place]
        found[place] = _total_variation(a * widths[place] + c, b * widths[place] + d)
    for places in np.array_split(np.flatnonzero(few), 1 + len(others) // TOGETHER):
        if not len(places):
            continue
        offsets = np.cumsum([0, *widths[places]])
        shares = []
        for own, side in ((a, 0), (b, 1)):
            cells = np.stack([others[place][side] for place in places])
            cells += own * offsets[-1]
            cells += offsets[:-1, None]
            shares.append(np.bincount(cells.ravel(), minlength=high * offsets[-1]) / len(own))
        apart = np.abs(shares[0] - shares[1]).reshape(high, -1).sum(axis=0)
        found[places] = np.add.reduceat(apart, offsets[:-1]) / 2
    return found.tolist()


def _height(sides: tuple[Array, Array]) -> int:
    return 1 + max(int(codes.max()) for codes in sides)


def column_shapes(real: Columns, generated: Columns) -> dict[str, float]:
    """SDMetrics' KSComplement of numbers and TVComplement of categories, by column, to stand beside published ones.

    As `column_similarities`, but missing values are left out. Their mean is SDMetrics' "Column Shapes". NaN where a
    column has no value.

    >>> real, generated = np.array([1.0, 2, 3, np.nan]), np.array([2.0, 3, 4])
    >>> round(column_shapes([TableColumn("a", real)], [TableColumn("a", generated)])["a"], 4)
    0.6667
    """
    _check_columns(real, generated)
    found = {}
    for a, b in zip(real, generated, strict=True):
        own, other = (TableColumn(c.name, c.values[_present(c)]) for c in (a, b))
        found[a.name] = column_similarity(own, other) if len(own.values) and len(other.values) else float("nan")
    return found


def column_pair_trends(real: Columns, generated: Columns) -> dict[tuple[str, str], float]:
    """SDMetrics' CorrelationSimilarity (Pearson) and ContingencySimilarity, to stand beside published ones.

    As `pair_similarities`, but beside categories a number stands in one of ten bins of equal width from the least to
    the greatest value *of its own table*, as SDMetrics' quality report has it (0.32; its metric ContingencySimilarity
    called by itself takes the real table's bins for both). The greatest value and missing ones share an eleventh bin.
    The mean over pairs is the report's "Column Pair Trends", without its thresholds. Where a column is constant
    SDMetrics has no number, and ρ is 0 here.
    """
    return _pair_similarities(real, generated, _binned_by_width)


def _present(column: TableColumn) -> Array:
    present: Array = ~np.isnan(column.values) if column.numeric else column.values >= 0
    return present


def _check_columns(real: Columns, generated: Columns) -> None:
    if [(c.name, c.numeric) for c in real] != [(c.name, c.numeric) for c in generated]:
        raise ValueError("the tables have different columns: give both the same names, order and kinds")
    if not real:
        raise ValueError("the tables have no columns: give at least one")
    if len({c.name for c in real}) < len(real):
        raise ValueError(f"columns share a name: {', '.join(c.name for c in real)}; name each once")
    for table in (real, generated):
        for column in table:
            if not len(column.values):
                raise ValueError(f"column {column.name!r} has no rows: give at least one")
            if len(column.values) != len(table[0].values):
                raise ValueError(
                    f"column {column.name!r} has {len(column.values)} rows, {table[0].name!r} {len(table[0].values)}: "
                    "give columns of one table"
                )


def _total_variation(a: Array, b: Array) -> float:
    values, places = np.unique(np.concatenate([a, b]), return_inverse=True)
    p = np.bincount(places[: len(a)], minlength=len(values)) / len(a)
    q = np.bincount(places[len(a) :], minlength=len(values)) / len(b)
    return float(np.abs(p - q).sum() / 2)


def _binned_by_weight(real: TableColumn, generated: TableColumn) -> tuple[Array, Array]:
    """Codes from 1, of ten bins that hold as many real values each; the missing ones' 0."""
    present = real.values[_present(real)]
    edges = np.unique(np.quantile(present, np.arange(1, BINS) / BINS)) if len(present) else np.empty(0)
    both = (np.searchsorted(edges, c.values, "right") + 1 for c in (real, generated))
    a, b = (np.where(np.isnan(c.values), 0, codes) for c, codes in zip((real, generated), both, strict=True))
    return a, b


def _binned_by_width(real: TableColumn, generated: TableColumn) -> tuple[Array, Array]:
    """Codes from 1, each table's of its own range; the last at its end, and of the missing ones."""
    a, b = (_digitized(scaled(c.values), _present(c)) for c in (real, generated))
    return a, b


def _digitized(values: Array, present: Array) -> Array:
    if present.any() and constant(values[present]):
        return np.where(present, BINS // 2 + 1, BINS + 1)  # amid NumPy's bins, without their rounding
    try:
        edges = np.histogram_bin_edges(values[present], BINS)
    except ValueError:  # fewer floats than bins, from the least to the greatest
        edges = np.unique(values[present])
    return np.digitize(values, edges)


def _correlations(columns: Columns) -> Array:
    """Of each two columns of numbers over the rows that have both, (n, n); 0 where one of them is constant there."""
    n = len(columns)
    made, values = np.zeros((n, n)), [scaled(column.values) for column in columns]
    whole = [place for place, own in enumerate(values) if _varies(own)]
    if len(whole) > 1:
        made[np.ix_(whole, whole)] = np.corrcoef(np.stack([values[place] for place in whole]))
    present = [_present(column) for column in columns]
    gaps = [not there.all() for there in present]
    for i, j in combinations(range(n), 2):
        if gaps[i] or gaps[j]:
            both = present[i] & present[j]
            a, b = values[i][both], values[j][both]
            if _varies(a) and _varies(b):
                made[i, j] = np.corrcoef(a, b)[0, 1]
    return made


def _varies(values: Array) -> bool:
    return len(values) > 1 and not np.isnan(values).any() and not constant(values)


def constant(values: Array) -> bool:
    """Whether all are equal. Their deviation need not be 0 then: the mean of many 0.1s is not quite 0.1."""
    return bool(values.min() == values.max())
