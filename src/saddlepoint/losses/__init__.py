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
    relativistic_average,
    wasserstein,
)
from saddlepoint.losses.divergence import DIVERGENCES, Divergence, f_gan
from saddlepoint.losses.features import feature_matching, layer_matching
from saddlepoint.losses.path_length import path_length, path_lengths
from saddlepoint.losses.perceptual import perceptual
from saddlepoint.losses.reconstruction import (
    absolute_error,
    bernoulli_nll,
    charbonnier,
    gaussian_nll,
    kl_to_standard_normal,
)
from saddlepoint.losses.spectral import log_magnitude_distance, spectral_convergence
from saddlepoint.losses.structure import structural_dissimilarity
from saddlepoint.losses.top_k import of_best, top_k

LOSSES: dict[str, Callable[..., AdversarialLoss]] = {
    "non-saturating": non_saturating,
    "minimax": minimax,
    "least-squares": least_squares,
    "hinge": hinge,
    "wasserstein": wasserstein,
    "relativistic": relativistic,
    "relativistic-average": relativistic_average,
    "f-gan": f_gan,
    "top-k": top_k,
    "double-sigmoid": double_sigmoid,
}

__all__ = [
    "DIVERGENCES",
    "LOSSES",
    "AdversarialLoss",
    "Divergence",
    "absolute_error",
    "bernoulli_nll",
    "charbonnier",
    "double_sigmoid",
    "f_gan",
    "feature_matching",
    "gaussian_nll",
    "hinge",
    "kl_to_standard_normal",
    "layer_matching",
    "least_squares",
    "log_magnitude_distance",
    "minimax",
    "non_saturating",
    "of_best",
    "path_length",
    "path_lengths",
    "perceptual",
    "relativistic",
    "relativistic_average",
    "spectral_convergence",
    "structural_dissimilarity",
    "top_k",
    "wasserstein",
]
