"""Precision and recall: how much of each set lies within the other's support."""

from dataclasses import dataclass

import numpy as np

from saddlepoint.metrics.features import Features, feature_pair
from saddlepoint.metrics.neighbours import distance_tiles, nearest_others


@dataclass(frozen=True)
class PrecisionRecall:
    """Shares in [0, 1].

    Attributes:
        precision: of generated rows inside the real support: quality.
        recall: of real rows inside the generated support: variety.
    """

    precision: float
    recall: float


def precision_recall(real: Features, generated: Features, k: int = 3) -> PrecisionRecall:
    """The share of each set inside the other's support: the union of closed balls that reach to the k-th neighbour.

    The k-th neighbour of a row is among the others of its own set. Costs n² + m² + n m distances, in tiles.

    Args:
        real: features (n, d); arrays or tensors.
        generated: features (m, d).
        k: which neighbour sets the radius.

    Raises:
        ValueError: a k below 1, a set of k rows or fewer, widths that differ, or features that are not finite.

    Paper: Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing generative models",
    arXiv 1904.06991.

    >>> precision_recall([[0.0], [1.0], [10.0], [11.0]], [[0.5], [0.6]], k=1)
    PrecisionRecall(precision=1.0, recall=0.0)
    """
    x, y = feature_pair(real, generated, ("real", "generated"))
    real_reach = nearest_others(x, k, "real").distances[:, -1]
    generated_reach = nearest_others(y, k, "generated").distances[:, -1]
    recalled, precise = np.zeros(len(x), bool), np.zeros(len(y), bool)
    for rows, columns, distances in distance_tiles(x, y):
        precise[columns] |= (distances <= real_reach[rows, None]).any(0)
        recalled[rows] |= (distances <= generated_reach[columns]).any(1)
    return PrecisionRecall(float(precise.mean()), float(recalled.mean()))
