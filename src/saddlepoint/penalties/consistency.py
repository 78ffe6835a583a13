"""Penalty on a discriminator that answers otherwise when its sample is augmented."""

from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from saddlepoint.penalties.penalty import DiscriminatorPass, Penalty


class Augment(Protocol):
    """What the penalty asks of an augmentation: those of `saddlepoint.augment` are such."""

    @property
    def draws(self) -> int:
        """How many uniform numbers a sample it takes."""

    def __call__(self, images: Tensor, draws: Tensor, strength: float) -> Tensor:
        """The images, transformed by draws (N, `self.draws`)."""


@dataclass(frozen=True)
class Consistency(Penalty):
    """λ E (D(x) − D(T x))² at real and μ E (D(x) − D(T x))² at generated samples, T an augmentation (bCR).

    The discriminator becomes blind to T, while generated images aren't augmented where the generator learns, so nothing
    of T leaks into them. μ = 0 is CR-GAN. 0 for a discriminator that is invariant under T. Two forward passes of its
    own. Zhao, Singh, Lee, Zhang, Odena, Zhang 2020, "Improved consistency regularization for GANs", arXiv 2002.04724.

    Args:
        weight: λ.
        generated_weight: μ.
        strength: of the augmentation.
        augment: T.

    Raises:
        ValueError: a negative weight.
    """

    weight: float = 10.0
    generated_weight: float = 10.0
    strength: float = 1.0
    augment: Augment = field(kw_only=True)
    paper = """@inproceedings{zhao2021improved,
  title={Improved Consistency Regularization for {GAN}s},
  author={Zhao, Zhengli and Singh, Sameer and Lee, Honglak and Zhang, Zizhao and Odena, Augustus and Zhang, Han},
  booktitle={AAAI}, year={2021}}"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.generated_weight < 0:
            raise ValueError(f"generated_weight is {self.generated_weight}: a penalty's weight is at least 0")

    def __call__(self, seen: DiscriminatorPass) -> Tensor:
        """λ E (D(real) − D(T real))² + μ E (D(generated) − D(T generated))²."""
        real = self._distance(seen, seen.real, seen.real_logits)
        return self.weight * real + self.generated_weight * self._distance(seen, seen.generated, seen.generated_logits)

    def _distance(self, seen: DiscriminatorPass, samples: Tensor, logits: Tensor) -> Tensor:
        draws = seen.noise((len(samples), self.augment.draws)).to(samples)
        return (logits - seen.discriminator(self.augment(samples, draws, self.strength))).square().mean()
