"""A discriminator of maxout layers."""

import math
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from saddlepoint.networks.initialisation import initialise
from saddlepoint.networks.minibatch import MinibatchDeviation
from saddlepoint.networks.players import Discriminator
from saddlepoint.networks.spectral import normalise_spectrally


class MaxoutDiscriminator(Discriminator):
    """Fully connected maxout layers, then one logit; three of 200 units and 5 pieces judge the 2-D Gaussians.

    Args:
        shape: of what it sees, (d,) or (C, H, W).
        widths: units of the hidden layers.
        pieces: affine functions of which a unit is the largest.
        spectral: spectral norm of every layer.
        deviation: the minibatch's standard deviation as one more input.
        packing: samples judged together.
        auxiliary: an auxiliary classifier in place of the projection of classes.
        classes: how many there are.

    Raises:
        ValueError: a layer without units or pieces, or options that exclude each other.

    Goodfellow, Warde-Farley, Mirza, Courville, Bengio 2013, arXiv 1302.4389; Lin, Khetan, Fanti, Oh 2018,
    arXiv 1712.04086 (the sizes).

    >>> MaxoutDiscriminator((2,), packing=2)(torch.randn(6, 2)).shape
    torch.Size([3])
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        widths: tuple[int, ...] = (200, 200, 200),
        pieces: int = 5,
        spectral: bool = False,
        deviation: bool = False,
        packing: int = 1,
        auxiliary: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__(shape, classes, auxiliary, packing)
        sizes = [prod(self.seen) + deviation, *widths]
        if min(sizes) < 1 or pieces < 1:
            raise ValueError(f"widths are {widths} and pieces {pieces}: give every one at least 1")
        self.body = nn.Sequential(
            *([MinibatchDeviation()] if deviation else []), *(Maxout(*ends, pieces) for ends in pairwise(sizes))
        )
        self.last = nn.Linear(sizes[-1], 1)
        initialise(self.last, fan_in=sizes[-1], gain=1.0)
        self.add_heads(sizes[-1])
        if spectral:
            normalise_spectrally(self)

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, *seen) → the last hidden layer (N, d) and logits (N, 1)."""
        features = self.body(images.flatten(1))
        return features, self.last(features)


class Maxout(nn.Module):
    """y_u = max_p ⟨w_up, x⟩ + b_up, the largest of a unit's affine pieces."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.affine = nn.Linear(inputs, units * pieces)
        self.pieces = pieces
        initialise(self.affine, fan_in=inputs, gain=second_moment_of_largest(pieces) ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) → (N, units)."""
        largest: Tensor = self.affine(x).unflatten(1, (-1, self.pieces)).max(dim=2).values
        return largest


def second_moment_of_largest(count: int) -> float:
    """E max(g₁, …, g_count)² of independent standard normal numbers, by the trapezoidal rule.

    >>> round(second_moment_of_largest(1), 6), round(second_moment_of_largest(5), 3)
    (1.0, 1.8)
    """
    x = torch.linspace(-8, 8, 2001, dtype=torch.float64, device="cpu")
    density = torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return float(torch.trapezoid(x**2 * count * density * torch.special.ndtr(x) ** (count - 1), x))
