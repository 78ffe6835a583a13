"""Penalties on the gradient of a discriminator with respect to its input, added to the discriminator's loss.

A packed discriminator (N samples, N/m logits) has a pack for its input: ∇D is the gradient in all m samples of one, E
the mean over packs. Of a discriminator that judges patches or pixels, D is the sum of a sample's logits, so that what a
pixel pays does not depend on how large the sample is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.penalties.penalty import DiscriminatorPass, Penalty

_MESCHEDER = """@inproceedings{mescheder2018which,
  title={Which Training Methods for {GAN}s do actually Converge?},
  author={Mescheder, Lars and Geiger, Andreas and Nowozin, Sebastian},
  booktitle={ICML}, year={2018}}"""


@dataclass(frozen=True)
class R1(Penalty):
    """(γ/2) E ‖∇D(x)‖² at real samples; makes the Dirac-GAN converge.

    Take it at every step: applied every few steps only, together with R2, it fails.
    Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406.

    A linear discriminator D(x) = ⟨w, x⟩ pays (γ/2)‖w‖², here .05 · 50:

    >>> discriminator = torch.nn.Linear(2, 1, bias=False)
    >>> _ = torch.nn.init.constant_(discriminator.weight, 5.0)
    >>> x = torch.randn(5, 2, requires_grad=True)
    >>> logits = discriminator(x).squeeze(1)
    >>> float(R1(weight=0.1)(DiscriminatorPass(discriminator, x, x, logits, logits, torch.zeros(5, 1))).detach())
    2.5
    """

    weight: float = 1.0
    differentiates_real = True
    paper = _MESCHEDER

    def __call__(self, seen: DiscriminatorPass) -> Tensor:
        """(γ/2) E ‖∇D(real)‖²."""
        return self.weight / 2 * _squares(seen.real_gradient, seen.real_logits).mean()


@dataclass(frozen=True)
class R2(Penalty):
    """(γ/2) E ‖∇D(x)‖² at generated samples, the companion of R1.

    Mescheder, Geiger, Nowozin 2018, arXiv 1801.04406.
    """

    weight: float = 1.0
    differentiates_generated = True
    paper = _MESCHEDER

    def __call__(self, seen: DiscriminatorPass) -> Tensor:
        """(γ/2) E ‖∇D(generated)‖²."""
        return self.weight / 2 * _squares(seen.generated_gradient, seen.generated_logits).mean()


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

    def __call__(self, seen: DiscriminatorPass) -> Tensor:
        """λ E (‖∇D(real + u (generated − real))‖ − 1)²; costs a forward pass of its own.

        Raises:
            ValueError: batches of different sizes, which have no segments between them.
        """
        return self.weight * (_norms(seen.discriminator, _between(seen)) - 1).square().mean()


@dataclass(frozen=True)
class ZeroCentred(Penalty):
    """λ E ‖∇D(x̂)‖², x̂ on segments between real and generated samples (0-GP).

    The segments of WGAN-GP with R1's target: the discriminator becomes flat also between the samples that it has seen,
    so that it can't learn them by heart. D(x) = ⟨w, x⟩ pays λ‖w‖².
    Thanh-Tung, Tran, Venkatesh 2019, "Improving generalization and stability of GANs", arXiv 1902.03984.
    """

    weight: float = 10.0
    paper = """@inproceedings{thanhtung2019improving,
  title={Improving Generalization and Stability of Generative Adversarial Networks},
  author={Thanh-Tung, Hoang and Tran, Truyen and Venkatesh, Svetha},
  booktitle={ICLR}, year={2019}}"""

    def __call__(self, seen: DiscriminatorPass) -> Tensor:
        """λ E ‖∇D(real + u (generated − real))‖²; costs a forward pass of its own.

        Raises:
            ValueError: batches of different sizes, which have no segments between them.
        """
        between = _between(seen)
        return self.weight * _squared_norms(seen.discriminator(between), between).mean()


@dataclass(frozen=True)
class Dragan(Penalty):
    """λ E (‖∇D(x + δ)‖ − 1)² around real samples, each value of δ uniform on ±c σ, σ the deviation of the batch.

    Where the gradient is wanted is said by the data alone, so nothing pulls at the discriminator along the generator's
    path. The paper's equation has δ normal; scaled by the data's own deviation, and uniform, c keeps its meaning for
    images in any range.
    Kodali, Abernethy, Hays, Kira 2017, "On convergence and stability of GANs", arXiv 1705.07215.

    Args:
        weight: λ.
        spread: c.

    Raises:
        ValueError: a negative weight or spread.
    """

    weight: float = 10.0
    spread: float = 0.5
    mean_over_samples = False  # σ is of the whole batch
    paper = """@article{kodali2017convergence,
  title={On Convergence and Stability of {GAN}s},
  author={Kodali, Naveen and Abernethy, Jacob and Hays, James and Kira, Zsolt},
  journal={arXiv:1705.07215}, year={2017}}"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.spread < 0:
            raise ValueError(f"spread is {self.spread}: give at least 0, in deviations of the data")

    def __call__(self, seen: DiscriminatorPass) -> Tensor:
        """λ E (‖∇D(real + δ)‖ − 1)²; costs a forward pass of its own."""
        noise = 2 * seen.noise(seen.real.shape).to(seen.real) - 1
        deviation = seen.whole(seen.real).std(correction=0)
        around = _differentiable(seen.real + self.spread * deviation * noise)
        return self.weight * (_norms(seen.discriminator, around) - 1).square().mean()


def _between(seen: DiscriminatorPass) -> Tensor:
    """Points on the segments, which require a gradient."""
    if seen.real.shape != seen.generated.shape:
        raise ValueError(
            f"the gradient penalty pairs real with generated samples, given {tuple(seen.real.shape)} and "
            f"{tuple(seen.generated.shape)}: use batches of one size"
        )
    return _differentiable(torch.lerp(seen.real, seen.generated, seen.mix))


def _differentiable(samples: Tensor) -> Tensor:
    return samples if samples.requires_grad else samples.requires_grad_()


def _norms(discriminator: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
    """‖∇D‖ a sample, (N,). 1e-12: the root's derivative is infinite at 0, and 0 · ∞ is not a number."""
    return (_squared_norms(discriminator(samples), samples) + 1e-12).sqrt()


def _squared_norms(logits: Tensor, samples: Tensor) -> Tensor:
    """‖∇D‖² a sample, (N,). The sum of all logits has each sample's own gradient, as no sample sees another.

    A discriminator of packs has the pack as its input, so the norm is that of the gradient in all its samples at once.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return _squares(gradient, logits)


def _squares(gradient: Tensor, logits: Tensor) -> Tensor:
    """‖∇D‖² a sample, (N,)."""
    return gradient.square().reshape(len(logits), -1).sum(1)
