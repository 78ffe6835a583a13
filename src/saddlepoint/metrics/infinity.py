"""The Fréchet distance without the bias of a finite sample."""

from dataclasses import dataclass

import numpy as np

from saddlepoint.metrics.features import Features, blocks, feature_array
from saddlepoint.metrics.frechet import Gaussian
from saddlepoint.metrics.moments import Moments


@dataclass(frozen=True)
class FrechetAtInfinity:
    """A line through Fréchet distances against 1/n.

    Attributes:
        at_n: the distance with all generated rows.
        at_infinity: the line at 1/n = 0; below zero where the truth is near it.
        slope: the line's: the bias at n is about slope/n.
        sizes: numbers of generated rows, ascending.
        values: the distance at each.
    """

    at_n: float
    at_infinity: float
    slope: float
    sizes: tuple[int, ...]
    values: tuple[float, ...]


def frechet_at_infinity(
    real: Features | Moments, generated: Features, points: int = 15, smallest: int | None = None, seed: int = 0
) -> FrechetAtInfinity:
    """Fit FID(n) = FID_∞ + c/n over random subsets of the generated rows, and read it at 1/n = 0.

    The distance of a finite sample is too large, by an amount that depends on the generator and so reorders models.
    The real side stays whole: what its own finite number adds is left in. The line has less bias and more noise than
    the distance at n; repeat it with other seeds before ranking close models. Each point costs a distance.

    Args:
        real: features (m, d), or their moments.
        generated: features (n, d).
        points: how many sizes, evenly spaced up to n.
        smallest: the smallest size (default: n/10). The bias is a line in 1/n only well above d.
        seed: of the subsets.

    Raises:
        ValueError: fewer than two points, no room for them between the smallest size and n, fewer than two real
            rows, widths that differ, or features that are not finite.

    Paper: Chong, Forsyth 2020, "Effectively unbiased FID and Inception Score and where to find them",
    arXiv 1911.07023.

    >>> rng = np.random.default_rng(1)
    >>> found = frechet_at_infinity(rng.normal(size=(20000, 8)), rng.normal(size=(1000, 8)))
    >>> found.sizes[0], found.sizes[-1], abs(found.at_infinity) < found.at_n / 2
    (100, 1000, True)
    """
    array = feature_array(generated, "generated")
    moments = real if isinstance(real, Moments) else Moments.of(feature_array(real, "real"))
    if len(moments.mean) != array.shape[1]:
        raise ValueError(
            f"real features have width {len(moments.mean)}, generated ones {array.shape[1]}: "
            "take both from one extractor"
        )
    least = max(len(array) // 10, 2) if smallest is None else smallest
    if points < 2 or least < 2 or len(array) - least < points - 1:
        raise ValueError(
            f"{points} sizes from {least} to {len(array)} rows can't be had: "
            "give at least 2 points, a smallest size of at least 2, and more rows than both"
        )
    whole, rng = Gaussian.of(moments), np.random.default_rng(seed)
    sizes = np.linspace(least, len(array), points).round().astype(int)
    values = []
    for size in sizes:
        chosen, subset = rng.permutation(len(array))[:size], Moments(array.shape[1])
        for rows in blocks(array[:size]):
            subset.add(array[chosen[rows]])
        values.append(whole.distance(Gaussian.of(subset)))
    slope, constant = np.polyfit(1 / sizes, values, 1)
    return FrechetAtInfinity(values[-1], float(constant), float(slope), tuple(sizes.tolist()), tuple(values))
