"""The modes of a column of numbers, and the warp under which skewed numbers have any."""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
#: Values to which modes are fitted, at most, and modes, at most.
FITTED, MOST = 5_000, 10
#: Of the weight, the share below which a mode is none (Xu et al. 2019 take the same).
WEIGHT = 0.005
#: Skewness from which numbers are warped.
SKEWED = 2.0


@dataclass(frozen=True)
class Warp:
    """A monotone function of numbers: themselves, log v where all are positive, arsinh(v/scale) where not."""

    kind: Literal["none", "log", "asinh"] = "none"
    scale: float = 1.0

    def forward(self, values: Numbers) -> Numbers:
        """Numbers → warped ones."""
        if self.kind == "log":
            return np.log(np.maximum(values, np.finfo(np.float64).tiny))
        return np.arcsinh(values / self.scale) if self.kind == "asinh" else values

    def back(self, warped: Numbers) -> Numbers:
        """Warped numbers → numbers."""
        if self.kind == "log":
            return np.exp(np.minimum(warped, 700.0))
        return self.scale * np.sinh(np.clip(warped, -700.0, 700.0)) if self.kind == "asinh" else warped

    @staticmethod
    def suited_to(values: Numbers) -> "Warp":
        """None where skewness is small, or where a warp would not make it smaller.

        >>> Warp.suited_to(np.exp(np.random.default_rng(0).normal(0, 2, 1000))).kind
        'log'
        """
        if abs(skewness(values)) <= SKEWED:
            return Warp()
        # Of two digits: it is no row's value.
        scale = float(f"{float(np.median(np.abs(values))) or float(np.abs(values).mean()) or 1.0:.2g}")
        warp = Warp("log") if values.min() > 0 else Warp("asinh", scale)
        return warp if abs(skewness(warp.forward(values))) < abs(skewness(values)) else Warp()


def skewness(values: Numbers) -> float:
    """E (v − m)³/σ³; 0 where all are equal."""
    centred = values - values.mean()
    deviation = centred.std()
    return float((centred**3).mean() / deviation**3) if deviation > 0 else 0.0


@dataclass(frozen=True)
class Modes:
    """A mixture Σ_k w_k N(m_k, s_k²) of warped numbers.

    In mode k a number v is α = (v − m_k)/(4 s_k), which a tanh reaches: mode-specific normalisation. Xu, Skoularidou,
    Cuesta-Infante, Veeramachaneni 2019, "Modeling tabular data using conditional GAN", arXiv 1907.00503.

    Attributes:
        weights, means, deviations: (k,).
    """

    weights: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.weights)

    @staticmethod
    def fit(values: Numbers, seed: int, rare: int = 0) -> "Modes":
        """A variational Bayesian mixture of at most ten, fitted to at most 5,000 of the values.

        A mode that `rare` of the fitted values or fewer lie in is left out: it would tell of them.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import BayesianGaussianMixture

        if len(values) > FITTED:
            values = np.random.default_rng(seed).choice(values, FITTED, replace=False)
        centre, spread = float(values.mean()), float(values.std())
        different = len(np.unique(values))
        if spread == 0 or different < 2:
            return Modes((1.0,), (centre,), (max(abs(centre), 1.0) * 1e-6,))
        mixture = BayesianGaussianMixture(
            n_components=min(MOST, different),
            weight_concentration_prior_type="dirichlet_process",
            weight_concentration_prior=1e-3,
            random_state=seed % 2**32,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(((values - centre) / spread)[:, None])
        kept = mixture.weights_ > max(WEIGHT, min(rare / len(values), 0.99 * mixture.weights_.max()))
        weights = mixture.weights_[kept] / mixture.weights_[kept].sum()
        deviations = np.sqrt(mixture.covariances_[kept, 0, 0]) * spread
        return Modes(
            tuple(map(float, weights)),
            tuple(map(float, centre + spread * mixture.means_[kept, 0])),
            tuple(map(float, np.maximum(deviations, 1e-6 * spread))),
        )

    def drawn(self, values: Numbers, uniform: Numbers) -> tuple[NDArray[np.int64], Numbers]:
        """A mode for each number by its posterior, and α there, clipped to [−1, 1].

        Args:
            values: (n,).
            uniform: on [0, 1), (n,), by which modes are drawn.
        """
        weights, means, deviations = (np.array(part) for part in (self.weights, self.means, self.deviations))
        z = (values[:, None] - means) / deviations
        log = np.log(weights) - np.log(deviations) - 0.5 * z**2
        ends = np.exp(log - log.max(1, keepdims=True)).cumsum(1)
        modes = (uniform[:, None] * ends[:, -1:] >= ends).sum(1).clip(max=len(self) - 1)
        alpha = z[np.arange(len(values)), modes] / 4
        return modes, alpha.clip(-1, 1)

    def at(self, modes: NDArray[np.int64], alpha: Numbers) -> Numbers:
        """m_k + 4 s_k α."""
        return np.array(self.means)[modes] + 4 * np.array(self.deviations)[modes] * alpha
