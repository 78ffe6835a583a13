"""What an augmentation is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

Strength = float | Tensor


@dataclass(frozen=True)
class Augmentation(ABC):
    """A random transformation of images as a pure function: of the images, of uniform numbers, and of a strength p.

    Each part of it is applied to a sample with probability p, which the sample's own numbers decide: at p = 0 all of
    it is the identity to the last bit. A generator learns from augmented images without imitating the augmentation
    as long as the mean transformation can be inverted, which p < 1 sees to (Karras et al. 2020, section 2.2).

    The same numbers transform real and generated images alike. Derivatives of all orders in the images exist.

    Attributes:
        low, high: what black and white are in the images; where an image is erased it becomes the middle of them.
        parts: by name in the order of application, how many uniform numbers a sample a part takes; the first of them
            decides whether it is applied. A part that is switched off still takes its numbers.
        paper: BibTeX.

    Raises:
        ValueError: `low` is not below `high`.
    """

    low: float = -1.0
    high: float = 1.0

    parts: ClassVar[Mapping[str, int]]
    paper: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"images range from {self.low} to {self.high}: give low below high")

    @property
    def draws(self) -> int:
        """How many uniform numbers a sample it takes."""
        return sum(self.parts.values())

    @property
    def middle(self) -> float:
        """Half way from black to white."""
        return (self.low + self.high) / 2

    @final
    def __call__(self, images: Tensor, draws: Tensor, strength: Strength) -> Tensor:
        """Transform images (N, C, H, W) by draws (N, `self.draws`), uniform on [0, 1), at a strength p in [0, 1].

        A strength that is a scalar tensor is not looked at, so that a device need not be waited for.

        Raises:
            ValueError: images or draws of another shape, or a number as strength that is no probability.
        """
        if images.dim() != 4:
            raise ValueError(f"images have shape {tuple(images.shape)}, expected (N, C, H, W): add what is missing")
        if draws.shape != (len(images), self.draws):
            raise ValueError(
                f"draws have shape {tuple(draws.shape)}, expected {(len(images), self.draws)}: "
                f"give {self.draws} uniform numbers for each of {len(images)} images"
            )
        if not isinstance(strength, Tensor) and not 0 <= strength <= 1:
            raise ValueError(f"the strength is {strength}: it is a probability, give a number in [0, 1]")
        drawn = dict(zip(self.parts, draws.split([*self.parts.values()], 1), strict=True))
        return self._transformed(images, drawn, strength)

    @abstractmethod
    def _transformed(self, images: Tensor, drawn: Mapping[str, Tensor], strength: Strength) -> Tensor:
        """The images after all parts; `drawn` has each part's numbers, (N, count)."""


def applied(drawn: Tensor, probability: Strength) -> Tensor:
    """Which samples a part with these numbers is applied to, bool (N,)."""
    return drawn[:, 0] < probability


def each(values: Tensor) -> Tensor:
    """One value a sample, (N,), to be broadcast over its image: (N, 1, 1, 1)."""
    return values[:, None, None, None]


def normal(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Two independent standard normal numbers from two uniform ones on [0, 1) (Box and Muller 1958)."""
    radius, angle = (-2 * torch.log1p(-u)).sqrt(), 2 * torch.pi * v
    return radius * angle.cos(), radius * angle.sin()
