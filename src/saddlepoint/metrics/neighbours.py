"""Nearest neighbours in features, exact, in tiles of bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features, blocks, double, feature_array, feature_pair

#: A squared distance below this share of ‖a‖² + ‖b‖² has lost too many digits in their difference.
_CANCELLED = 1e-6
#: Below it a sum of squares has lost digits, as squares below 1e-308 have.
_TINY = 1e-280
#: Numbers of 1 MiB in float64.
_CACHED = 2**17
#: Rows, about, that a centre is made of.
_AMID = 64
#: Rows of the first array, rows of the second, their distances.
Tile: TypeAlias = tuple[slice, slice, NDArray[np.float64]]


@dataclass(frozen=True)
class Neighbours:
    """The k nearest rows of each row, nearest first.

    Attributes:
        indices: (n, k), rows of the set that was searched.
        distances: (n, k), Euclidean.
    """

    indices: NDArray[np.int64]
    distances: NDArray[np.float64]


def nearest_neighbours(generated: Features, real: Features, k: int = 1) -> Neighbours:
    """The k real rows nearest to each generated row: what to lay beside a sample to see whether it is a copy.

    Distances are those of the differences, so that a copy is at exactly 0.

    Args:
        generated: features (n, d) to search for; arrays or tensors.
        real: features (m, d) to search in.
        k: how many, at most m.

    Raises:
        ValueError: a k below 1 or above m, widths that differ, or features that are not finite.

    >>> found = nearest_neighbours([[0.0], [5.0]], [[4.0], [0.0], [9.0]], k=2)
    >>> found.indices.tolist(), found.distances.tolist()
    ([[1, 0], [0, 2]], [[0.0, 4.0], [1.0, 4.0]])
    """
    x, y = feature_pair(generated, real, ("generated", "real"))
    if not 1 <= k <= len(y):
        raise ValueError(f"k is {k}, with {len(y)} real rows: give 1 to {len(y)}")
    return _search(x, y, distance_tiles(x, y), k)


def nearest_others(features: Features, k: int = 1, name: str = "the") -> Neighbours:
    """The k nearest other rows of each row of one set; a duplicate counts, at distance 0, the row itself doesn't.

    Args:
        features: (n, d); arrays or tensors.
        k: how many, below n.
        name: what the set is called in an error.

    Raises:
        ValueError: a k below 1, n ≤ k, or features that are not finite.

    >>> nearest_others([[0.0], [5.0], [6.0], [6.0]]).distances.ravel().tolist()
    [5.0, 1.0, 0.0, 0.0]
    """
    x = feature_array(features, name)
    if k < 1:
        raise ValueError(f"k is {k}: give at least 1")
    if len(x) <= k:
        raise ValueError(f"k is {k}, with {len(x)} rows of {name} features: give more rows than k")
    return _search(x, x, tiles_of_others(x), k)


def _search(x: NDArray[Any], y: NDArray[Any], tiles: Iterator[Tile], k: int) -> Neighbours:
    indices, distances = np.empty((len(x), k), np.int64), np.empty((len(x), k))
    for rows, columns, tile in tiles:
        if columns.start == 0:
            best, apart = np.empty((len(tile), 0), np.int64), np.empty((len(tile), 0))
        kept = _least(tile, k)
        best = np.hstack([best, kept + columns.start])
        apart = np.hstack([apart, np.take_along_axis(tile, kept, 1)])
        kept = _least(apart, k)
        best, apart = np.take_along_axis(best, kept, 1), np.take_along_axis(apart, kept, 1)
        if columns.stop == len(y):
            indices[rows], distances[rows] = _by_differences(double(x[rows]), y, best)
    return Neighbours(indices, distances)


def _least(values: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Where each row's k least values are, in any order."""
    k = min(k, values.shape[1])
    return np.argpartition(values, k - 1, axis=1)[:, :k]


def _by_differences(
    a: NDArray[np.float64], y: NDArray[Any], found: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows found, nearest first, of equals the first in order, and distances without the rounding of tiles."""
    distances = np.stack([_norms(a - double(y[column])) for column in found.T], axis=1)
    order = np.lexsort((found, distances), axis=1)
    return np.take_along_axis(found, order, 1), np.take_along_axis(distances, order, 1)


def distance_tiles(x: NDArray[Any], y: NDArray[Any], *, above: bool = False) -> Iterator[Tile]:
    """Distances between the rows of two arrays, tile by tile: all of y before the next rows of x.

    √(‖a‖² + ‖b‖² − 2 a·b), about a point amid y, which shortens the vectors and with them the error. Where the sum
    cancels nevertheless (duplicates, clusters far apart beside their width) or underflows, ‖a − b‖ itself. What
    rounding may have added is taken off, so that a tile is never above the distance between the rows as they are: a
    point on the rim of a closed ball stays inside, where quantised features (pixels) often put it. With `above` it is
    never below: such a point is outside of an open ball.
    """
    # Medians of a few rows: of equal rows exactly these, and nowhere near an outlier, as the mean may be.
    centre = np.median(double(y[:: max(1, len(y) // _AMID)]), axis=0)
    rounding = 8 * (1 + x.shape[1] ** 0.5) * np.finfo(np.float64).eps
    safe = 1 + rounding if above else 1 - rounding
    for rows in blocks(x):
        a = double(x[rows]) - centre
        lengths = np.square(a).sum(1)
        for columns in blocks(y):
            b = double(y[columns]) - centre
            others = np.square(b).sum(1)
            squared = a @ b.T
            squared *= -2
            squared += lengths[:, None] * safe
            squared += others * safe
            close = None
            if squared.min() < max(_CANCELLED * (lengths.max() + others.max()), _TINY):
                close = squared < np.maximum(_CANCELLED * (lengths[:, None] + others), _TINY)
                close &= (np.abs(a).max(1)[:, None] > 0) | (np.abs(b).max(1) > 0)  # two rows at the centre are 0 apart
                squared[close] = 0
            distances = np.sqrt(squared, out=squared)
            if close is not None:
                i, j = np.nonzero(close)
                distances[i, j] = _apart(x[rows], y[columns], i, j) * safe**0.5
            yield rows, columns, distances


def _apart(x: NDArray[Any], y: NDArray[Any], i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.float64]:
    """‖x_i − y_j‖ of pairs of rows, by their differences, a few at a time: as many as a cache holds."""
    found = np.empty(len(i))
    step = max(1, _CACHED // x.shape[1])
    for start in range(0, len(i), step):
        some = slice(start, start + step)
        found[some] = _norms(double(x[i[some]]) - double(y[j[some]]))
    return found


def _norms(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The length of each row, also where squares underflow."""
    squared = np.einsum("ij,ij->i", rows, rows)
    norms: NDArray[np.float64] = np.sqrt(squared)
    if (small := squared < _TINY).any():
        most = np.abs(rows[small]).max(1)
        norms[small] = most * np.sqrt(np.square(rows[small] / np.where(most > 0, most, 1)[:, None]).sum(1))
    return norms


def tiles_of_others(x: NDArray[Any]) -> Iterator[Tile]:
    """Distances between the rows of one array; that of a row to itself is infinite."""
    for rows, columns, distances in distance_tiles(x, x):
        if rows == columns:
            np.fill_diagonal(distances, np.inf)
        yield rows, columns, distances
