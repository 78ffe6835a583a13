"""Penalties on the gradient of a critic with respect to its input, added to the critic's loss."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor


@dataclass(frozen=True)
class CriticPass:
    """What the critic saw, so that a penalty shares its forward pass.

    Attributes:
        critic: samples ↦ logits (N,).
        real, generated: samples (N, …); they require a gradient where a penalty says that it differentiates them.
        real_logits, generated_logits: the critic's logits there, (N,).
        mix: uniform on [0, 1], (N, 1, …): no penalty draws noise of its own.
    """

    critic: Callable[[Tensor], Tensor]
    real: Tensor
    generated: Tensor
    real_logits: Tensor
    generated_logits: Tensor
    mix: Tensor


@dataclass(frozen=True)
class Penalty(ABC):
    """A scalar added to the critic's loss, differentiable as often as the critic is.

    Attributes:
        weight: its factor, γ or λ of the papers.
        differentiates_real, differentiates_generated: at which samples of the pass it needs gradients.
        paper: BibTeX.

    Raises:
        ValueError: a negative weight.
    """

    weight: float

    differentiates_real: ClassVar[bool] = False
    differentiates_generated: ClassVar[bool] = False
    paper: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise ValueError(f"weight is {self.weight}: a penalty's weight is at least 0")

    @abstractmethod
    def __call__(self, seen: CriticPass) -> Tensor:
        """The penalty, a scalar."""


_MESCHEDER = """@inproceedings{mescheder2018which,
  title={Which Training Methods for {GAN}s do actually Converge?},
  author={Mescheder, Lars and Geiger, Andreas and Nowozin, Sebastian},
  booktitle={ICML}, year={2018}}"""


@dataclass(frozen=True)
class R1(Penalty):
    """(γ/2) E ‖∇D(x)‖² at real samples; makes the Dirac-GAN converge.

    Take it at every step: applied every few steps only, together with R2, it fails.
    Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406.

    A linear critic D(x) = ⟨w, x⟩ pays (γ/2)‖w‖², here .05 · 50:

    >>> critic = torch.nn.Linear(2, 1, bias=False)
    >>> _ = torch.nn.init.constant_(critic.weight, 5.0)
    >>> x = torch.randn(5, 2, requires_grad=True)
    >>> logits = critic(x).squeeze(1)
    >>> float(R1(weight=0.1)(CriticPass(critic, x, x, logits, logits, torch.zeros(5, 1))).detach())
    2.5
    """

    weight: float = 1.0
    differentiates_real = True
    paper = _MESCHEDER

    def __call__(self, seen: CriticPass) -> Tensor:
        """(γ/2) E ‖∇D(real)‖²."""
        return self.weight / 2 * _squared_norms(seen.real_logits, seen.real).mean()


@dataclass(frozen=True)
class R2(Penalty):
    """(γ/2) E ‖∇D(x)‖² at generated samples, the companion of R1.

    Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406.
    """

    weight: float = 1.0
    differentiates_generated = True
    paper = _MESCHEDER

    def __call__(self, seen: CriticPass) -> Tensor:
        """(γ/2) E ‖∇D(generated)‖²."""
        return self.weight / 2 * _squared_norms(seen.generated_logits, seen.generated).mean()


@dataclass(frozen=True)
class GradientPenalty(Penalty):
    """λ E (‖∇D(x̂)‖ − 1)², x̂ on segments between real and generated samples (WGAN-GP).

    Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville 2017, arXiv 1704.00028.
    """

    weight: float = 10.0
    paper = """@inproceedings{gulrajani2017improved,
  title={Improved Training of {W}asserstein {GAN}s},
  author={Gulrajani, Ishaan and Ahmed, Faruk and Arjovsky, Martin and Dumoulin, Vincent and Courville, Aaron},
  booktitle={NeurIPS}, year={2017}}"""

    def __call__(self, seen: CriticPass) -> Tensor:
        """λ E (‖∇D(real + u (generated − real))‖ − 1)²; costs a forward pass of its own.

        Raises:
            ValueError: batches of different sizes, which have no segments between them.
        """
        if seen.real.shape != seen.generated.shape:
            raise ValueError(
                f"the gradient penalty pairs real with generated samples, given {tuple(seen.real.shape)} and "
                f"{tuple(seen.generated.shape)}: use batches of one size"
            )
        between = torch.lerp(seen.real, seen.generated, seen.mix)
        if not between.requires_grad:
            between = between.requires_grad_()
        # 1e-12: the root's derivative is infinite at 0, and 0 · ∞ is not a number.
        norms = (_squared_norms(seen.critic(between), between) + 1e-12).sqrt()
        return self.weight * ((norms - 1) ** 2).mean()


def _squared_norms(logits: Tensor, samples: Tensor) -> Tensor:
    """‖∇D‖² a sample, (N,). The sum of logits has each sample's own gradient, as no sample sees another."""
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return gradient.square().flatten(1).sum(1)
