"""Losses: pure functions on tensors."""

from collections.abc import Callable

from saddlepoint.losses.adversarial import (
    AdversarialLoss,
    double_sigmoid,
    hinge,
    least_squares,
    minimax,
    non_saturating,
    relativistic,
    wasserstein,
)

LOSSES: dict[str, Callable[[], AdversarialLoss]] = {
    "non-saturating": non_saturating,
    "minimax": minimax,
    "least-squares": least_squares,
    "hinge": hinge,
    "wasserstein": wasserstein,
    "relativistic": relativistic,
    "double-sigmoid": double_sigmoid,
}

__all__ = [
    "LOSSES",
    "AdversarialLoss",
    "double_sigmoid",
    "hinge",
    "least_squares",
    "minimax",
    "non_saturating",
    "relativistic",
    "wasserstein",
]
