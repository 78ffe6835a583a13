"""Whether generated rows are copies of those that a generator was trained on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.tables import Columns, TableColumn, _check_columns

#: Pairs of rows that are compared at once.
PAIRS = 1 << 22


@dataclass(frozen=True)
class Privacy:
    """Distances of generated rows to the real rows nearest to them.

    Attributes:
        nearer_to_training: how often a generated row is nearer to a training row than to any held-out one, ties
            halved; ½ where training rows are no nearer than other real ones are. As many rows of both are looked at.
        copies: share of the generated rows that equal a training row in every column.
        real_copies: the same of held-out rows: how often real data repeat themselves.
        distance: median distance of a generated row to the nearest of all training rows.
        real_distance: the same of held-out rows.
    """

    nearer_to_training: float
    copies: float
    real_copies: float
    distance: float
    real_distance: float


def privacy(train: Columns, held_out: Columns, generated: Columns, *, most: int = 2000) -> Privacy:
    """Look for copies among all rows, and for near ones among the first `most` generated and held-out rows.

    The distance of two rows is the mean over columns (Gower 1971, "A general coefficient of similarity", Biometrics
    27): of numbers |a − b| over the training rows' range, of categories 0 where they are equal, else 1; a missing value
    is at distance 1 from every other value.

    Raises:
        ValueError: different columns, or no rows.
    """
    if most < 1:
        raise ValueError(f"most is {most}: give at least 1")
    _check_columns(train, held_out)
    _check_columns(train, generated)
    spans = spans_of(train)
    n = min(len(train[0].values), len(held_out[0].values))
    whole, part = _matrix(train), _matrix(train)[:, :n]
    others, made = _matrix(held_out)[:, :n], _matrix(generated)[:, :most]
    to_train, to_others = _nearest(made, part, spans), _nearest(made, others, spans)
    known = _rows(train)
    return Privacy(
        float(((to_train < to_others) + 0.5 * (to_train == to_others)).mean()),
        _share_in(known, generated),
        _share_in(known, held_out),
        float(np.median(_nearest(made, whole, spans))),
        float(np.median(_nearest(_matrix(held_out)[:, :most], whole, spans))),
    )


def spans_of(columns: Columns) -> list[float]:
    """The range of each column of numbers, by which distances are measured; 0 of categories."""
    return [_span(column.values) if column.numeric else 0.0 for column in columns]


def column_distances(a: TableColumn, b: TableColumn, span: float) -> NDArray[np.float32]:
    """Of all rows of a to all of b in one column, (N, M), as `privacy` has it; `span` 0 is of categories."""
    return _apart(a.values.astype(np.float64), b.values.astype(np.float64), span)


def _apart(mine: NDArray[np.float64], theirs: NDArray[np.float64], span: float) -> NDArray[np.float32]:
    if span == 0:
        unlike: NDArray[np.float32] = (mine[:, None] != theirs).astype(np.float32)
        return unlike
    # From a common zero, as float32 would not tell the seconds of dates apart.
    zero = theirs[~np.isnan(theirs)].min(initial=np.inf)
    zero = zero if np.isfinite(zero) else 0.0
    mine, theirs = ((mine - zero) / span).astype(np.float32), ((theirs - zero) / span).astype(np.float32)
    absent, lacking = np.isnan(mine), np.isnan(theirs)
    found: NDArray[np.float32] = np.minimum(np.abs(np.nan_to_num(mine)[:, None] - np.nan_to_num(theirs)), np.float32(1))
    # A missing number is as far as can be from every other one.
    if absent.any() or lacking.any():
        found[absent[:, None] != lacking] = 1.0
    return found


def _span(values: NDArray[np.float64]) -> float:
    present = values[~np.isnan(values)]
    return float(present.max() - present.min()) or 1.0 if len(present) else 1.0


def _matrix(columns: Columns) -> NDArray[np.float64]:
    """(columns, rows): of what is equal, 0 and −0 or one NaN and another, the same bytes."""
    values = np.stack([column.values.astype(np.float64) for column in columns])
    return np.where(np.isnan(values), np.nan, values + 0.0)


def _nearest(a: NDArray[np.float64], b: NDArray[np.float64], spans: list[float]) -> NDArray[np.float64]:
    """Distance of each row of a, (columns, n), to the nearest of b."""
    found = np.empty(a.shape[1])
    step = max(1, PAIRS // max(1, b.shape[1]))
    for start in range(0, a.shape[1], step):
        total = np.zeros((min(step, a.shape[1] - start), b.shape[1]), dtype=np.float32)
        for mine, theirs, span in zip(a[:, start : start + step], b, spans, strict=True):
            total += _apart(mine, theirs, span)
        found[start : start + step] = total.min(1) / len(spans)
    return found


def _rows(columns: Columns) -> set[bytes]:
    return set(map(bytes, np.ascontiguousarray(_matrix(columns).T)))


def _share_in(known: set[bytes], columns: Columns) -> float:
    rows = np.ascontiguousarray(_matrix(columns).T)
    return float(np.mean([bytes(row) in known for row in rows]))
