"""Memorisation: whether samples lie nearer to the training set than new data do."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features, double, feature_pair
from saddlepoint.metrics.neighbours import Neighbours, nearest_neighbours


@dataclass(frozen=True)
class Memorisation:
    """Distances of generated rows to the training set against those of held-out rows.

    Attributes:
        closer: probability that a generated row is nearer to the training set than a held-out row, ties half:
            ½ where the generator is as far as new data are, 1 where it copies, 0 where it misses the data.
        z: that probability as a standard score, with the paper's sign: far below 0 is copying, far above is missing.
            Held-out rows and generated rows share one training set, which the score takes as given.
        generated: median distance to the nearest training row.
        held_out: the same of held-out rows.
    """

    closer: float
    z: float
    generated: float
    held_out: float


def memorisation(generated: Features, train: Features, held_out: Features) -> Memorisation:
    """The Mann-Whitney statistic of nearest distances: U = #{(g, h): d(g, train) > d(h, train)} + ½ #ties.

        z = (U − nm/2) / √(nm (n + m + 1 − Σ (t³ − t)/((n + m)(n + m − 1))) / 12),   t the sizes of ties

    Over the whole space at once; the paper also takes it in cells, which finds copying in a part of it.

    Args:
        generated: features (n, d); arrays or tensors.
        train: features that the generator was trained on.
        held_out: features (m, d) of the same distribution that it never saw.

    Raises:
        ValueError: widths that differ, or features that are not finite.

    Paper: Meehan, Chaudhuri, Dasgupta 2020, "A non-parametric test to detect data-copying in generative models",
    arXiv 2004.05675.

    >>> rng = np.random.default_rng(0)
    >>> train, held_out = rng.normal(size=(2, 200, 4))
    >>> memorisation(train[:100], train, held_out).closer
    1.0
    """
    x, y = feature_pair(generated, train, ("generated", "training"))
    z, _ = feature_pair(held_out, train, ("held-out", "training"))
    ours, theirs = nearest_neighbours(x, y).distances[:, 0], nearest_neighbours(z, y).distances[:, 0]
    closer, score = _mann_whitney(ours, theirs)
    return Memorisation(closer, score, float(np.median(ours)), float(np.median(theirs)))


def memorised(generated: Features, train: Features, ratio: float = 1 / 3) -> NDArray[np.bool_]:
    """Which rows are copies: the nearest training row is less than a third as far as the next different one, (n,).

    Between the rows of a smooth distribution of m dimensions that happens to a share of about ratioᵐ by chance: take
    off the share of real rows to which it happens. Training rows that are equal count once; a single one tells nothing.

    Args:
        generated: features (n, d); arrays or tensors.
        train: features that the generator was trained on.
        ratio: of the two distances.

    Raises:
        ValueError: widths that differ, or features that are not finite.

    Paper: Yoon, Choi, Kwon, Ryu 2023, "Diffusion probabilistic models generalize when they fail to memorize", ICML
    workshop on structured probabilistic inference.

    >>> memorised([[0.1], [2.5]], [[0.0], [5.0], [5.0]]).tolist()
    [True, False]
    """
    x, y = feature_pair(generated, train, ("generated", "training"))
    different = np.unique(double(y), axis=0)
    if len(different) < 2:
        return np.zeros(len(x), bool)
    return are_copies(nearest_neighbours(x, different, 2), ratio)


def are_copies(near: Neighbours, ratio: float = 1 / 3) -> NDArray[np.bool_]:
    """`memorised`, where the two nearest of the different training rows are known, (n,)."""
    found: NDArray[np.bool_] = near.distances[:, 0] < ratio * near.distances[:, 1]
    return found


def _mann_whitney(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[float, float]:
    """P(ours < theirs) + ½ P(ours = theirs), and z of the converse; z is 0 where all are equal."""
    n, m = len(ours), len(theirs)
    sorted_theirs = np.sort(theirs)
    below = np.searchsorted(sorted_theirs, ours, "left").sum()
    not_above = np.searchsorted(sorted_theirs, ours, "right").sum()
    u = (int(below) + int(not_above)) / 2
    ties = np.unique(np.concatenate([ours, theirs]), return_counts=True)[1].astype(np.float64)
    variance = n * m / 12 * (n + m + 1 - (ties**3 - ties).sum() / ((n + m) * (n + m - 1)))
    return 1 - u / (n * m), float((u - n * m / 2) / variance**0.5) if variance > 0 else 0.0
