"""Modes: which classes the samples hit, and how evenly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features, array_of, double


@dataclass(frozen=True)
class ModeCoverage:
    """How labels spread over classes. Divergences are in nats.

    Attributes:
        modes: classes with at least one label.
        kl_to_uniform: KL(p̂ ‖ uniform).
        kl_to_reference: KL(p̂ ‖ reference); infinite where p̂ has what the reference lacks; None without one.
        floor: (classes − 1)/(2n), what n labels drawn from the right distribution give on average (n ≫ classes).
    """

    modes: int
    kl_to_uniform: float
    kl_to_reference: float | None
    floor: float


def mode_coverage(labels: Features, classes: int, reference: Features | None = None) -> ModeCoverage:
    """Modes hit and KL(p̂ ‖ q) = Σ p̂ log(p̂/q), where p̂ is the share of each class among labels given to samples.

    Args:
        labels: a classifier's (n,), integers from 0.
        classes: how many there are: 1,000 for stacked MNIST.
        reference: probabilities or counts (classes,), for instance of the training data.

    Raises:
        ValueError: no classes, no labels, labels that are not integers below the number of classes, or a reference that
            is no distribution over them.

    Papers: Metz et al. 2017, "Unrolled generative adversarial networks", arXiv 1611.02163; Lin et al. 2018, "PacGAN",
    arXiv 1712.04086. The floor is Miller's (1955) bias of the entropy of a sample.

    >>> found = mode_coverage([0, 0, 1, 1], classes=4)
    >>> found.modes, round(found.kl_to_uniform, 6), found.floor
    (2, 0.693147, 0.375)
    """
    array = array_of(labels)
    if classes < 1:
        raise ValueError(f"classes is {classes}: give at least 1")
    if array.ndim != 1 or not len(array) or array.dtype.kind not in "iu":
        raise ValueError(f"labels have shape {array.shape} and dtype {array.dtype}: give integers (n,), n at least 1")
    if array.min() < 0 or array.max() >= classes:
        raise ValueError(f"labels go from {array.min()} to {array.max()}: give them from 0 to {classes - 1}")
    counts = np.bincount(array.astype(np.int64), minlength=classes)
    p = counts / len(array)
    return ModeCoverage(
        modes=int(np.count_nonzero(counts)),
        kl_to_uniform=_kl(p, np.full(classes, 1 / classes)),
        kl_to_reference=None if reference is None else _kl(p, _distribution(reference, classes)),
        floor=(classes - 1) / (2 * len(array)),
    )


def _distribution(reference: Features, classes: int) -> NDArray[np.float64]:
    q = double(array_of(reference))
    if q.shape != (classes,) or not np.isfinite(q).all() or q.min() < 0 or q.sum() == 0:
        raise ValueError(
            f"the reference has shape {q.shape}: give {classes} probabilities or counts, none negative, not all zero"
        )
    shares: NDArray[np.float64] = q / q.sum()
    return shares


def _kl(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    there = p > 0
    if (q[there] == 0).any():
        return float("inf")
    return max(0.0, float((p[there] * np.log(p[there] / q[there])).sum()))
