"""Mean and covariance of features that arrive in chunks."""

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features, blocks, double, feature_array


class Moments:
    """Count n, mean μ and scatter M = Σ (x − μ)(x − μ)ᵀ, kept by the pairwise update

        δ = μ_b − μ_a,   μ = μ_a + δ n_b/n,   M = M_a + M_b + δ δᵀ n_a n_b/n,

    which never subtracts large numbers: a mean far from zero costs no digits, as Σxxᵀ − nμμᵀ would.

    Args:
        width: of the features, d. Memory: two or three (d, d) arrays of float64.

    Raises:
        ValueError: a width below 1.

    Paper: Chan, Golub, LeVeque 1983, "Algorithms for computing the sample variance", The American Statistician 37.

    >>> moments = Moments(2)
    >>> moments.add([[1.0, 5.0], [2.0, 5.0]])
    >>> moments.add([[3.0, 5.0]])
    >>> moments.count, moments.mean.tolist(), moments.cov.tolist()
    (3, [2.0, 5.0], [[1.0, 0.0], [0.0, 0.0]])
    """

    def __init__(self, width: int) -> None:
        if width < 1:
            raise ValueError(f"width is {width}: give at least 1")
        self.count = 0
        self.mean: NDArray[np.float64] = np.zeros(width)
        self.scatter: NDArray[np.float64] = np.zeros((width, width))

    @classmethod
    def of(cls, features: Features) -> "Moments":
        """The moments of one array (n, d)."""
        array = feature_array(features, "the")
        moments = cls(array.shape[1])
        moments.add(array)
        return moments

    def add(self, features: Features) -> None:
        """Take in a chunk (n, d), of any n.

        Raises:
            ValueError: another width than before, or NaN or infinity in it.
        """
        array = feature_array(features, "the")
        if array.shape[1] != len(self.mean):
            raise ValueError(
                f"the chunk has width {array.shape[1]}, the moments have {len(self.mean)}: they must agree"
            )
        for rows in blocks(array):
            chunk = double(array[rows])
            mean = chunk.mean(0)
            centred = chunk - mean
            self._take(len(chunk), mean, centred.T @ centred)

    def merge(self, other: "Moments") -> None:
        """Take in what another has seen, for example on another rank.

        Raises:
            ValueError: widths differ.
        """
        if len(other.mean) != len(self.mean):
            raise ValueError(f"moments have widths {len(self.mean)} and {len(other.mean)}: they must agree")
        if other.count:
            self._take(other.count, other.mean, other.scatter)

    def _take(self, count: int, mean: NDArray[np.float64], scatter: NDArray[np.float64]) -> None:
        total = self.count + count
        delta = mean - self.mean
        self.mean = self.mean + delta * (count / total)
        self.scatter = self.scatter + scatter + np.outer(delta, delta * (self.count * count / total))
        self.count = total

    @property
    def cov(self) -> NDArray[np.float64]:
        """M/(n − 1), (d, d).

        Raises:
            ValueError: fewer than two rows were seen.
        """
        if self.count < 2:
            raise ValueError(f"{self.count} rows were seen: a covariance needs at least 2")
        return self.scatter / (self.count - 1)
