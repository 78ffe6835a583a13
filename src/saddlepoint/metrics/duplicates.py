"""The birthday paradox test: a generator's support size from the near-duplicates among its samples."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features, feature_pair
from saddlepoint.metrics.neighbours import nearest_others, tiles_of_others


@dataclass(frozen=True)
class Duplicates:
    """Near-duplicates among generated rows, and what they say of the support.

    Attributes:
        threshold: the distance up to which two rows are near-duplicates.
        pairs: how many pairs of generated rows are.
        support: (number of all pairs)/pairs, the size of the support; infinite where there are none.
        lowest, highest: its 95 % interval, by the exact Poisson interval of `pairs`; fair while most rows have no
            duplicate, too narrow beyond.
        real_support: the same estimate of the real rows at the same threshold: what no collapse looks like.
    """

    threshold: float
    pairs: int
    support: float
    lowest: float
    highest: float
    real_support: float


def birthday_duplicates(real: Features, generated: Features, quantile: float = 0.01) -> Duplicates:
    """Support size as one over the probability that two samples are near-duplicates.

    Two draws from N equally likely points agree with probability 1/N, so that c duplicate pairs among n samples
    estimate N = n (n − 1)/(2c); the paper's reading, that a batch of s with a duplicate half of the time means a
    support of about s², is the same law. For unequal probabilities p it is 1/Σp², the number of equally likely
    points that would collide as often.

    Near is what is rare among real rows: a pair is a near-duplicate up to the distance within which only a share
    `quantile` of the real rows have another real row. Compare with `real_support`, not with the size of the data.

    Args:
        real: features (n, d); arrays or tensors.
        generated: features (m, d).
        quantile: of the real rows' distances to their nearest other; in [0, 1].

    Raises:
        ValueError: fewer than two rows, a quantile outside [0, 1], widths that differ, or features that are not
            finite.

    Paper: Arora, Zhang 2017, "Do GANs actually learn the distribution? An empirical study", arXiv 1706.08224.

    >>> rng = np.random.default_rng(0)
    >>> points, real = rng.normal(size=(100, 8)), rng.normal(size=(1000, 8))
    >>> found = birthday_duplicates(real, points[rng.integers(100, size=1000)])
    >>> 80 < found.support < 120, found.real_support > 10_000
    (True, True)
    """
    x, y = feature_pair(real, generated, ("real", "generated"))
    if not 0 <= quantile <= 1:
        raise ValueError(f"quantile is {quantile}: give a share from 0 to 1")
    if len(y) < 2:
        raise ValueError(f"there is {len(y)} generated row: pairs need at least 2")
    threshold = float(np.quantile(nearest_others(x, 1, "real").distances, quantile))
    pairs, all_pairs = _pairs_within(y, threshold), len(y) * (len(y) - 1) // 2
    most = float(scipy.special.gammaincinv(pairs + 1, 0.975))
    least = float(scipy.special.gammaincinv(pairs, 0.025)) if pairs else 0.0
    return Duplicates(
        threshold=threshold,
        pairs=pairs,
        support=_ratio(all_pairs, pairs),
        lowest=max(1.0, all_pairs / most),
        highest=_ratio(all_pairs, least),
        real_support=_ratio(len(x) * (len(x) - 1) // 2, _pairs_within(x, threshold)),
    )


def _ratio(all_pairs: int, pairs: float) -> float:
    return all_pairs / pairs if pairs else float("inf")


def _pairs_within(x: NDArray[Any], threshold: float) -> int:
    return sum(int(np.count_nonzero(distances <= threshold)) for _, _, distances in tiles_of_others(x)) // 2
