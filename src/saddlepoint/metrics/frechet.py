"""The Fréchet distance between two Gaussians fitted to features."""

import numpy as np
from numpy.typing import ArrayLike


def frechet_distance(real: ArrayLike, generated: ArrayLike) -> float:
    """‖μ − ν‖² + tr(Σ + Τ − 2 (Σ Τ)^½), for the means μ, ν and covariances Σ, Τ (ddof 1) of two feature arrays.

    The trace of the root is that of (Σ^½ Τ Σ^½)^½, which is symmetric, so that no complex numbers arise.

    Args:
        real: features (n, d); arrays or CPU tensors.
        generated: features (m, d).

    Raises:
        ValueError: fewer than two rows, or widths that differ.

    Paper: Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium", arXiv 1706.08500.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(500, 3))
    >>> round(abs(frechet_distance(x, x)), 6), round(frechet_distance(x, x + [3, 0, 0]), 6)
    (0.0, 9.0)
    """
    x, y = np.asarray(real, dtype=np.float64), np.asarray(generated, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise ValueError(f"features have shapes {x.shape} and {y.shape}: give (n, d) and (m, d), n and m at least 2")
    mean = x.mean(0) - y.mean(0)
    sigma, tau = np.atleast_2d(np.cov(x, rowvar=False)), np.atleast_2d(np.cov(y, rowvar=False))
    values, vectors = np.linalg.eigh(sigma)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ tau @ root).clip(0)).sum()
    return float(mean @ mean + np.trace(sigma) + np.trace(tau) - 2 * cross)
