"""The Dirac-GAN: the smallest GAN, and one that does not converge."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from saddlepoint.games.analytic import AnalyticGame

DiracLoss = Literal["minimax", "non-saturating", "wasserstein", "least-squares", "hinge", "relativistic"]

# t = ψθ is the discriminator's logit of the generated point, positive where it looks *generated*; that of the
# real point is 0. Each pair is (L_x(t), L_y(t)).
_LOSSES: dict[str, Callable[[Tensor], tuple[Tensor, Tensor]]] = {
    "minimax": lambda t: (logsigmoid(t), -logsigmoid(t)),
    "non-saturating": lambda t: (softplus(t), softplus(-t)),
    "wasserstein": lambda t: (t, -t),
    "least-squares": lambda t: ((t + 1) ** 2 / 2, (t - 1) ** 2 / 2),
    "hinge": lambda t: (t, torch.relu(1 - t)),
    "relativistic": lambda t: (softplus(t), softplus(-t)),
}


def dirac(loss: DiracLoss = "minimax", r1: float = 0.0) -> AnalyticGame:
    """Data a point mass at 0, generated data one at θ, the discriminator D(x) = ψ x; the solution is θ = ψ = 0.

    With f(t) = −log(1 + e^(−t)) the minimax game has L_θ = f(ψθ) and L_ψ = −f(ψθ) + (r1/2) ψ². Its Jacobian at 0
    has eigenvalues γ/2 ± √(γ²/4 − ¼) (of −F: with the other sign). Without a penalty no small simultaneous or
    alternating step converges.

    Args:
        loss: minimax, non-saturating, wasserstein, least-squares, hinge, relativistic.
        r1: γ, the weight of the R1 penalty, which here is γψ²/2.

    Raises:
        ValueError: an unknown loss.

    Paper: Mescheder, Geiger, Nowozin 2018, "Which training methods for GANs do actually converge?",
    arXiv 1801.04406.

    >>> dirac(r1=0.3).name
    'dirac'
    """
    if loss not in _LOSSES:
        raise ValueError(f"dirac has no loss {loss!r}: choose one of {', '.join(_LOSSES)}")
    pair = _LOSSES[loss]

    def losses(theta: Tensor, psi: Tensor) -> tuple[Tensor, Tensor]:
        loss_x, loss_y = pair((psi * theta).sum())
        return loss_x, loss_y + r1 / 2 * (psi * psi).sum()

    return AnalyticGame("dirac", (1, 1), losses, torch.zeros(2, dtype=torch.float64))
