"""f-GAN: the variational bound of an f-divergence as the game's value."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

from saddlepoint.losses.adversarial import AdversarialLoss


@dataclass(frozen=True)
class Divergence:
    """What the bound needs of D_f(P ‖ Q) = E_Q f(p/q).

    Attributes:
        activation: v ↦ g(v), increasing from all numbers onto the domain of the conjugate f*.
        conjugate: v ↦ f*(g(v)), composed so that it neither cancels nor overflows before its value does.
    """

    activation: Callable[[Tensor], Tensor]
    conjugate: Callable[[Tensor], Tensor]


DivergenceName = Literal[
    "kullback-leibler",
    "reverse-kullback-leibler",
    "pearson",
    "squared-hellinger",
    "jensen-shannon",
    "total-variation",
    "neyman",
    "jeffrey",
    "weighted-jensen-shannon",
    "gan",
    "alpha",
]


def alpha_divergence(alpha: float = 0.5) -> Divergence:
    """f(u) = (u^α − 1 − α (u − 1))/(α (α − 1)); g(v) = f'(e^v), so that the best logit is log p/q.

    Raises:
        ValueError: α of 0 or 1, which are the Kullback-Leibler divergences.
    """
    if alpha in (0, 1):
        raise ValueError(
            f"alpha is {alpha}: at 0 and 1 it is a limit, take reverse-kullback-leibler or kullback-leibler"
        )
    return Divergence(lambda v: torch.expm1((alpha - 1) * v) / (alpha - 1), lambda v: torch.expm1(alpha * v) / alpha)


def weighted_jensen_shannon(weight: float = 0.5) -> Divergence:
    """f(u) = π u log u − m log m with m = 1 − π + π u; g(v) = f'(e^v), so that the best logit is log p/q.

    D_f = π KL(P ‖ M) + (1 − π) KL(Q ‖ M), M = π P + (1 − π) Q; at π = ½ half of `jensen-shannon`.

    Raises:
        ValueError: π outside of (0, 1).
    """
    if not 0 < weight < 1:
        raise ValueError(f"weight is {weight}: give the share of the real distribution, above 0 and below 1")
    real, generated = math.log(weight), math.log(1 - weight)

    def log_m(v: Tensor) -> Tensor:
        return generated + softplus(v + (real - generated))

    return Divergence(lambda v: weight * (v - log_m(v)), lambda v: (1 - weight) * log_m(v))


DIVERGENCES: dict[DivergenceName, Divergence] = {
    # f(u) = u log u, f*(t) = exp(t − 1)
    "kullback-leibler": Divergence(lambda v: v, lambda v: torch.exp(v - 1)),
    # f(u) = −log u, f*(t) = −1 − log(−t)
    "reverse-kullback-leibler": Divergence(lambda v: -torch.exp(-v), lambda v: v - 1),
    # f(u) = (u − 1)², f*(t) = t²/4 + t
    "pearson": Divergence(lambda v: v, lambda v: v.square() / 4 + v),
    # f(u) = (√u − 1)², f*(t) = t/(1 − t)
    "squared-hellinger": Divergence(lambda v: -torch.expm1(-v), torch.expm1),
    # f(u) = u log u − (u + 1) log((u + 1)/2), f*(t) = −log(2 − exp t)
    "jensen-shannon": Divergence(lambda v: math.log(2) - softplus(-v), lambda v: softplus(v) - math.log(2)),
    # f(u) = ½ |u − 1|, f*(t) = t for |t| ≤ ½
    "total-variation": Divergence(lambda v: torch.tanh(v) / 2, lambda v: torch.tanh(v) / 2),
    # f(u) = (u − 1)²/u, f*(t) = 2 − 2 √(1 − t)
    "neyman": Divergence(lambda v: -torch.expm1(-v), lambda v: -2 * torch.expm1(-v / 2)),
    # f(u) = (u − 1) log u; f* has Lambert's W, but not where g(v) = f'(e^v)
    "jeffrey": Divergence(lambda v: v - torch.expm1(-v), lambda v: torch.expm1(v) + v),
    "weighted-jensen-shannon": weighted_jensen_shannon(),
    # f(u) = u log u − (u + 1) log (u + 1), f*(t) = −log(1 − exp t)
    "gan": Divergence(lambda v: -softplus(-v), softplus),
    "alpha": alpha_divergence(),
}


def f_gan(
    divergence: DivergenceName = "jensen-shannon", saturating: bool = False, alpha: float = 0.5, weight: float = 0.5
) -> AdversarialLoss:
    """An f-divergence by its bound: L_D = E f*(g(f)) − E g(r); L_G = −E g(f), or where saturating −E f*(g(f)).

    For every discriminator −L_D ≤ D_f(P ‖ Q), P the real and Q the generated distribution, with equality at
    g(D) = f'(p/q). Saturating, the game is zero-sum but for the term in r, which the generator does not move; the
    other L_G has the same fixed points and a strong gradient where the discriminator is sure (section 3.2).
    Jensen-Shannon here is log 4 above `minimax` and has its gradients, `gan` is `minimax`. Kullback-Leibler in both
    directions, Hellinger, Neyman, Jeffrey and alpha grow exponentially in the logits: take them with a penalty that
    keeps logits small. Total variation has no finite best logit: its discriminator's gradient fades as it gets sure.

    Args:
        divergence: kullback-leibler, reverse-kullback-leibler, pearson (χ²), squared-hellinger, jensen-shannon
            (twice the one with weights ½), total-variation, neyman (reverse χ²), jeffrey (both Kullback-Leibler),
            weighted-jensen-shannon, gan, alpha: all of the paper's table.
        saturating: which L_G.
        alpha: α of `alpha`.
        weight: π of `weighted-jensen-shannon`.

    Raises:
        ValueError: an unknown divergence, or its parameter out of range.

    Nowozin, Cseke, Tomioka 2016, arXiv 1606.00709.

    >>> zero = torch.zeros(4)
    >>> float(f_gan("pearson").discriminator(zero, zero)), float(f_gan("jensen-shannon").discriminator(zero, zero))
    (0.0, 0.0)
    """
    if divergence not in DIVERGENCES:
        raise ValueError(f"there is no divergence {divergence!r}: choose one of {', '.join(DIVERGENCES)}")
    chosen = DIVERGENCES[divergence]
    if divergence == "alpha":
        chosen = alpha_divergence(alpha)
    elif divergence == "weighted-jensen-shannon":
        chosen = weighted_jensen_shannon(weight)

    def generator(_: Tensor | None, generated: Tensor) -> Tensor:
        return -(chosen.conjugate if saturating else chosen.activation)(generated).mean()

    return AdversarialLoss(
        lambda real, generated: chosen.conjugate(generated).mean() - chosen.activation(real).mean(),
        generator,
        paper="""@inproceedings{nowozin2016fgan,
  title={f-{GAN}: Training Generative Neural Samplers using Variational Divergence Minimization},
  author={Nowozin, Sebastian and Cseke, Botond and Tomioka, Ryota},
  booktitle={NeurIPS}, year={2016}}""",
    )
