"""The support of real rows, kept for many looks at generated ones."""

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features, feature_array, feature_pair
from saddlepoint.metrics.neighbours import distance_tiles, nearest_others


class Support:
    """Balls around real rows, whose radii are searched once: precision and coverage without what they stand beside.

    Args:
        real: features (n, d); arrays or tensors.
        closed: k of the balls of `precision_recall`.
        opened: k of the balls of `density_coverage`.

    Raises:
        ValueError: a k below 1, as many real rows as k or fewer, or features that are not finite.

    >>> support = Support([[0.0], [1.0], [10.0], [11.0]], 1, 1)
    >>> support.precision([[0.5], [0.6]]), support.coverage([[0.5], [0.6]])
    (1.0, 0.5)
    """

    def __init__(self, real: Features, closed: int = 3, opened: int = 5) -> None:
        self._real = feature_array(real, "real")
        reach = nearest_others(self._real, max(closed, opened), "real").distances
        self._closed: NDArray[np.float64] = reach[:, closed - 1]
        self._opened: NDArray[np.float64] = reach[:, opened - 1]

    def precision(self, generated: Features) -> float:
        """The share of generated rows inside of a closed ball, as in `precision_recall`."""
        x, y = feature_pair(self._real, generated, ("real", "generated"))
        inside = np.zeros(len(y), bool)
        for rows, columns, distances in distance_tiles(x, y):
            inside[columns] |= (distances <= self._closed[rows, None]).any(0)
        return float(inside.mean())

    def coverage(self, generated: Features) -> float:
        """The share of open balls with a generated row inside, as in `density_coverage`."""
        x, y = feature_pair(self._real, generated, ("real", "generated"))
        covered = np.zeros(len(x), bool)
        for rows, _, distances in distance_tiles(x, y, above=True):
            covered[rows] |= (distances < self._opened[rows, None]).any(1)
        return float(covered.mean())
