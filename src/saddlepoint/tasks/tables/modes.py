"""Where about in its column's distribution a number lies, as a state, and where within it."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
#: A mixture Σ_k w_k N(m_k, s²) near N(0, 1): the modes of normal scores, the same for every column.
WEIGHTS, MEANS, DEVIATION = np.array([0.12, 0.22, 0.32, 0.22, 0.12]), np.array([-1.7, -0.8, 0.0, 0.8, 1.7]), 0.45
#: Deviations from a mode's mean that a tanh reaches, and within which nearly all of its scores lie.
REACH, WITHIN = 4.0, 3.0


def modes_drawn(scores: Numbers, uniform: Numbers) -> tuple[NDArray[np.int64], Numbers]:
    """A mode for each normal score by its posterior, and α = (z − m_k)/(4 s) there, clipped to [−1, 1].

    Mode-specific normalisation of Xu, Skoularidou, Cuesta-Infante, Veeramachaneni 2019, "Modeling tabular data using
    conditional GAN", arXiv 1907.00503, of normal scores in place of the numbers.

    Args:
        scores: (n,).
        uniform: on [0, 1), (n,), by which modes are drawn.
    """
    z = (scores[:, None] - MEANS) / DEVIATION
    log = np.log(WEIGHTS) - 0.5 * z**2
    ends = np.exp(log - log.max(1, keepdims=True)).cumsum(1)
    modes = (uniform[:, None] * ends[:, -1:] >= ends).sum(1).clip(max=len(MEANS) - 1)
    return modes, (z[np.arange(len(scores)), modes] / REACH).clip(-1, 1)


def scores_at(modes: NDArray[np.int64], alpha: Numbers) -> Numbers:
    """m_k + 4 s α."""
    return MEANS[modes] + REACH * DEVIATION * alpha
