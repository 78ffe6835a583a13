"""The Fréchet distance between two Gaussians fitted to features."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features, feature_pair
from saddlepoint.metrics.moments import Moments


def frechet_distance(real: Features, generated: Features) -> float:
    """‖μ − ν‖² + tr(Σ + Τ − 2 (Σ Τ)^½), for the means μ, ν and covariances Σ, Τ (ddof 1) of two feature arrays.

    Args:
        real: features (n, d); arrays or tensors.
        generated: features (m, d).

    Raises:
        ValueError: fewer than two rows, widths that differ, or features that are not finite.

    Paper: Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium", arXiv 1706.08500.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(500, 3))
    >>> round(frechet_distance(x, x), 6), round(frechet_distance(x, x + [3, 0, 0]), 6)
    (0.0, 9.0)
    """
    x, y = feature_pair(real, generated, ("real", "generated"))
    if min(len(x), len(y)) < 2:
        raise ValueError(f"there are {len(x)} real and {len(y)} generated rows: a covariance needs 2 of each")
    return frechet_from_moments(Moments.of(x), Moments.of(y))


def frechet_from_moments(real: Moments, generated: Moments) -> float:
    """The Fréchet distance of features that came in chunks.

    Raises:
        ValueError: either has seen fewer than two rows, or widths differ.

    >>> x, y = Moments.of([[0.0], [2.0]]), Moments.of([[3.0], [5.0]])
    >>> round(frechet_from_moments(x, y), 9)
    9.0
    """
    if len(real.mean) != len(generated.mean):
        raise ValueError(
            f"moments have widths {len(real.mean)} and {len(generated.mean)}: take both from one extractor"
        )
    return Gaussian.of(real).distance(Gaussian.of(generated))


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian with mean μ (d,) and covariance RᵀR, R (rank, d)."""

    mean: NDArray[np.float64]
    factor: NDArray[np.float64]

    @classmethod
    def of(cls, moments: Moments) -> "Gaussian":
        """The Gaussian with these moments; directions without variance are left out of R.

        Where n ≤ d or a feature is constant, eigenvalues that are zero come out as ±ε λ_max. Their roots, √ε √λ_max
        each, would add up to an error that can be seen.
        """
        values, vectors = np.linalg.eigh(moments.cov)
        kept = values > max(values[-1], 0) * len(values) * np.finfo(np.float64).eps
        return cls(moments.mean, np.sqrt(values[kept])[:, None] * vectors[:, kept].T)

    def distance(self, other: "Gaussian") -> float:
        """The squared 2-Wasserstein distance ‖μ − ν‖² + ‖R‖² + ‖S‖² − 2 ‖R Sᵀ‖_*, norms Frobenius and nuclear.

        The eigenvalues of Σ Τ = RᵀR SᵀS are the squared singular values of R Sᵀ, so that no root of a product
        is taken, and no complex number or lost digit arises.
        """
        shift = self.mean - other.mean
        product = self.factor @ other.factor.T
        cross = np.linalg.svd(product, compute_uv=False).sum() if product.size else 0.0
        value = shift @ shift + np.square(self.factor).sum() + np.square(other.factor).sum() - 2 * cross
        return max(0.0, float(value))  # rounding alone makes it negative
