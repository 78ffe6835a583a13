"""The Dirac-GAN: the smallest GAN, and one that does not converge."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, relu, softplus

from saddlepoint.games.analytic import AnalyticGame

DiracLoss = Literal["minimax", "non-saturating", "wasserstein", "least-squares", "hinge", "relativistic"]

#: t is the discriminator's logit of the generated point and r that of the real one, positive where it looks
#: *generated*. Each pair is (L_x, L_y) but for constants.
LOSSES: dict[DiracLoss, Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "minimax": lambda t, r: (logsigmoid(t), softplus(r) - logsigmoid(t)),
    "non-saturating": lambda t, r: (softplus(t), softplus(r) + softplus(-t)),
    "wasserstein": lambda t, r: (t, r - t),
    "least-squares": lambda t, r: ((t + 1) ** 2 / 2, ((r + 1) ** 2 + (t - 1) ** 2) / 2),
    "hinge": lambda t, r: (t, relu(1 + r) + relu(1 - t)),
    "relativistic": lambda t, r: (softplus(t - r), softplus(r - t)),
}
#: Nodes of the Gauss-Hermite rule a variable: exact for polynomials to degree 47.
NODES = 24
#: What is added to a loss to make it converge, or not; weights as in the paper's figures.
VARIANTS: dict[str, dict[str, Any]] = {
    "none": {},
    "r1": {"r1": 1.0},
    "r2": {"r2": 1.0},
    "gradient-penalty": {"gradient_penalty": 1.0, "target": 0.3},
    "instance-noise": {"instance_noise": 1.0},
}


def dirac(
    loss: DiracLoss = "minimax",
    r1: float = 0.0,
    r2: float = 0.0,
    gradient_penalty: float = 0.0,
    target: float = 1.0,
    instance_noise: float = 0.0,
) -> AnalyticGame:
    """Data a point mass at 0, generated data one at θ, the discriminator D(x) = ψ x; the solution is θ = ψ = 0.

    With f(t) = −log(1 + e^(−t)) the minimax game has L_θ = f(ψθ) and L_ψ = −f(ψθ) + (γ/2) ψ², γ = r1 + r2, as the
    gradient of D is ψ everywhere. Its Jacobian at 0 has eigenvalues γ/2 ± √(γ²/4 − ¼) (of −F: with the other sign).
    Without a penalty no small simultaneous or alternating step converges. WGAN-GP adds (λ/2)(|ψ| − g)², whose kink
    at ψ = 0 pushes away from the solution, so that no weight helps. Instance noise blurs both point masses to normal
    distributions of standard deviation s; with f its eigenvalues are s²/4 ± √(s⁴/16 − ¼). Its expectation is taken by
    a Gauss-Hermite rule, exact to rounding near the solution. A loss of which the second derivative is 0 there
    (wasserstein, hinge) gets no friction from noise.

    Args:
        loss: minimax, non-saturating, wasserstein, least-squares, hinge, relativistic.
        r1: weight of (1/2) E‖∇D‖² over real data, which here is ψ²/2.
        r2: the same over generated data; it is the same number here.
        gradient_penalty: λ.
        target: g, the norm that it wants.
        instance_noise: s.

    Raises:
        ValueError: an unknown loss, or noise below 0.

    Paper: Mescheder, Geiger, Nowozin 2018, "Which training methods for GANs do actually converge?",
    arXiv 1801.04406.

    >>> dirac(r1=0.3).name
    'dirac'
    """
    if loss not in LOSSES:
        raise ValueError(f"dirac has no loss {loss!r}: choose one of {', '.join(LOSSES)}")
    if instance_noise < 0:
        raise ValueError(f"instance_noise is {instance_noise}: give a standard deviation of at least 0")
    pair = LOSSES[loss]
    nodes, weights = _normal_rule(instance_noise)
    together = weights[:, None] * weights

    def losses(theta: Tensor, psi: Tensor) -> tuple[Tensor, Tensor]:
        generated, real = psi.sum() * (theta.sum() + nodes[:, None]), psi.sum() * nodes
        loss_x, loss_y = ((together * value).sum() for value in pair(*torch.broadcast_tensors(generated, real)))
        # ‖∇D‖ = |ψ|; written by ψ², which has its second derivative at 0, where |ψ| has a kink.
        square, norm = (psi * psi).sum(), psi.abs().sum()
        penalty = (r1 + r2) / 2 * square + gradient_penalty / 2 * (square - 2 * target * norm + target**2)
        return loss_x, loss_y + penalty

    smooth = gradient_penalty == 0.0 or target == 0.0
    return AnalyticGame("dirac", (1, 1), losses, torch.zeros(2, dtype=torch.float64), smooth=smooth)


def _normal_rule(deviation: float) -> tuple[Tensor, Tensor]:
    """Nodes and weights of the mean over a centred normal variable."""
    if deviation == 0.0:
        return torch.zeros(1).double(), torch.ones(1).double()
    # Golub and Welsch: the nodes are the eigenvalues of the Jacobi matrix of the Hermite polynomials.
    beside = torch.arange(1, NODES, dtype=torch.float64).sqrt()
    nodes, vectors = torch.linalg.eigh(torch.diag(beside, 1) + torch.diag(beside, -1))
    return deviation * nodes, vectors[0] ** 2
