"""The kernel distance: squared maximum mean discrepancy with a cubic kernel."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features, blocks, double, feature_pair


@dataclass(frozen=True)
class KernelDistance:
    """The kernel distance over random subsets.

    Attributes:
        mean: over subsets; may be negative, because the estimate has no bias.
        deviation: standard deviation over subsets (ddof 0, what other libraries call the KID's std).
        standard_error: deviation/√subsets, of the mean: the noise of drawing subsets. Subsets overlap, so that the
            noise of the data themselves, which more subsets don't shrink, is not all in it.
    """

    mean: float
    deviation: float
    standard_error: float


def kernel_distance(
    real: Features, generated: Features, subsets: int = 100, subset_size: int = 1000, seed: int = 2020
) -> KernelDistance:
    """KID: the unbiased squared MMD with kernel (x·y/d + 1)³, averaged over pairs of random subsets.

    Unbiased at every n, unlike the Fréchet distance. Subsets are those that torch-fidelity draws from the same
    seed, so that values are the same to rounding.

    Args:
        real: features (n, d); arrays or tensors.
        generated: features (m, d).
        subsets: how many pairs of subsets.
        subset_size: rows of each, drawn without replacement.
        seed: of the subsets.

    Raises:
        ValueError: no subsets, a subset of fewer than two rows or of more than there are, widths that differ, or
            features that are not finite.

    Paper: Bińkowski et al. 2018, "Demystifying MMD GANs", arXiv 1801.01401.

    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(2, 500, 4))
    >>> found = kernel_distance(x, y, subsets=20, subset_size=100)
    >>> abs(found.mean) < 4 * found.standard_error
    True
    """
    x, y = feature_pair(real, generated, ("real", "generated"))
    if subsets < 1:
        raise ValueError(f"subsets is {subsets}: give at least 1")
    if not 2 <= subset_size <= min(len(x), len(y)):
        raise ValueError(
            f"subset_size is {subset_size}, with {len(x)} real and {len(y)} generated rows: "
            "give at least 2 and no more than either"
        )
    # The old generator's numbers never change, those of `default_rng` may; and it is the one in common use here.
    rng = np.random.RandomState(seed)
    values = []
    for _ in range(subsets):
        j = rng.choice(len(y), subset_size, replace=False)
        i = rng.choice(len(x), subset_size, replace=False)
        values.append(_mmd(x[i], y[j], unbiased=True))
    largest = max(map(abs, values)) or 1.0  # whose square may be none of float64
    deviation = float(np.std(np.divide(values, largest))) * largest
    return KernelDistance(float(np.mean(values)), deviation, deviation / subsets**0.5)


def squared_mmd(real: Features, generated: Features, unbiased: bool = True) -> float:
    """The squared MMD of whole sets with kernel k(x, y) = (x·y/d + 1)³: mean k(x, x′) + mean k(y, y′) − 2 mean k(x, y).

    Costs (n + m)² d, in tiles.

    Args:
        real: features (n, d); arrays or tensors.
        generated: features (m, d).
        unbiased: leave k(x, x) and k(y, y) out of the means; otherwise the value is never negative.

    Raises:
        ValueError: fewer than two rows where unbiased, widths that differ, or features that are not finite.

    Paper: Gretton et al. 2012, "A kernel two-sample test", JMLR 13.

    >>> squared_mmd([[0.0], [1.0]], [[1.0], [1.0]])  # 1 + 8 - 2 * (1 + 1 + 8 + 8)/4
    0.0
    """
    x, y = feature_pair(real, generated, ("real", "generated"))
    if unbiased and min(len(x), len(y)) < 2:
        raise ValueError(f"there are {len(x)} real and {len(y)} generated rows: an unbiased estimate needs 2 of each")
    return _mmd(x, y, unbiased)


def _mmd(x: NDArray[Any], y: NDArray[Any], unbiased: bool) -> float:
    return _mean_within(x, unbiased) + _mean_within(y, unbiased) - 2 * _sum(x, y) / (len(x) * len(y))


def _mean_within(x: NDArray[Any], unbiased: bool) -> float:
    n, total = len(x), _sum(x, x)
    if not unbiased:
        return total / n**2
    own = sum(float(((np.square(double(x[rows])).mean(1) + 1) ** 3).sum()) for rows in blocks(x))
    return (total - own) / (n * (n - 1))


def _sum(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Σ k over all pairs."""
    total = 0.0
    for rows in blocks(x):
        a = double(x[rows]) / x.shape[1]
        for columns in blocks(y):
            base = a @ double(y[columns]).T
            base += 1
            total += float(np.einsum("ij,ij,ij->", base, base, base))
    return total
