"""Density and coverage: precision and recall that outliers don't spoil."""

from dataclasses import dataclass

import numpy as np

from saddlepoint.metrics.features import Features, feature_pair
from saddlepoint.metrics.neighbours import distance_tiles, nearest_others


@dataclass(frozen=True)
class DensityCoverage:
    """How generated rows fill the real balls.

    Attributes:
        density: mean number of real balls around a generated row, over k; may be above 1.
        coverage: share of real balls with a generated row in them, in [0, 1].
    """

    density: float
    coverage: float


def density_coverage(real: Features, generated: Features, k: int = 5) -> DensityCoverage:
    """Counts of generated rows in open balls around real rows that reach to their k-th real neighbour.

    Open, as in the authors' package `prdc`: a row at exactly the radius is outside, which tells where features are
    quantised, and where more than k real rows coincide their balls are empty. The balls of `precision_recall` are
    closed, as its authors define them. Balls are round real rows only, so that an outlier of the generator makes no
    support. For two samples of one distribution the expected density is 1 and the expected coverage about 1 − 2⁻ᵏ
    (n = m, both large).

    Args:
        real: features (n, d); arrays or tensors.
        generated: features (m, d).
        k: which neighbour sets the radius.

    Raises:
        ValueError: a k below 1, k real rows or fewer, widths that differ, or features that are not finite.

    Paper: Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models", arXiv 2002.09797.

    >>> density_coverage([[0.0], [1.0], [10.0], [11.0]], [[0.5], [0.6]], k=1)
    DensityCoverage(density=2.0, coverage=0.5)
    """
    x, y = feature_pair(real, generated, ("real", "generated"))
    reach = nearest_others(x, k, "real").distances[:, -1]
    covered, inside = np.zeros(len(x), bool), 0
    for rows, _, distances in distance_tiles(x, y, above=True):
        within = distances < reach[rows, None]
        inside += int(np.count_nonzero(within))
        covered[rows] |= within.any(1)
    return DensityCoverage(inside / (k * len(y)), float(covered.mean()))
