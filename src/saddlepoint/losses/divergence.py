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
    "kullback-leibler", "reverse-kullback-leibler", "pearson", "squared-hellinger", "jensen-shannon"
]
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
}


def f_gan(divergence: DivergenceName = "jensen-shannon", saturating: bool = False) -> AdversarialLoss:
    """An f-divergence by its bound: L_D = E f*(g(f)) − E g(r); L_G = −E g(f), or where saturating −E f*(g(f)).

    For every discriminator −L_D ≤ D_f(P ‖ Q), P the real and Q the generated distribution, with equality at
    g(D) = f'(p/q). Saturating, the game is zero-sum but for the term in r, which the generator does not move; the
    other L_G has the same fixed points and a strong gradient where the discriminator is sure (section 3.2).
    Jensen-Shannon here is log 4 above `minimax` and has its gradients. Kullback-Leibler in both directions and
    Hellinger grow exponentially in the logits: take them with a penalty that keeps logits small.

    Args:
        divergence: kullback-leibler, reverse-kullback-leibler, pearson (χ²), squared-hellinger, jensen-shannon
            (twice the one with weights ½).
        saturating: which L_G.

    Raises:
        ValueError: an unknown divergence.

    Nowozin, Cseke, Tomioka 2016, arXiv 1606.00709.

    >>> zero = torch.zeros(4)
    >>> float(f_gan("pearson").discriminator(zero, zero)), float(f_gan("jensen-shannon").discriminator(zero, zero))
    (0.0, 0.0)
    """
    if divergence not in DIVERGENCES:
        raise ValueError(f"there is no divergence {divergence!r}: choose one of {', '.join(DIVERGENCES)}")
    chosen = DIVERGENCES[divergence]

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
