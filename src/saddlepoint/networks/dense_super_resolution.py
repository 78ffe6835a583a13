"""Super-resolution by residual-in-residual dense blocks."""

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from saddlepoint.networks.bases import Base, scale_of
from saddlepoint.networks.grids import Grid
from saddlepoint.networks.initialisation import SLOPE
from saddlepoint.networks.players import Translator
from saddlepoint.networks.super_resolution import Enlargement, check_dials, convolution

#: β, what a branch of the blocks is multiplied by.
SHARE = 0.2


class DenseSuperResolver(Translator):
    """Residual-in-residual dense blocks (ESRGAN) at the input's resolution; otherwise as `super-resolver`.

    Args:
        source: (C, H, W) of what it is given.
        shape: (C', s H, s W) of what it makes, s 1 to 8.
        width: channels, of which a dense layer adds half as many; the paper's is 64.
        blocks: of three dense blocks of five layers each; the paper's is 23.
        base: what the output is added to, as the bicubic enlargement.

    Raises:
        ValueError: a dial out of range, or shapes that don't fit.

    Wang et al. 2018, "ESRGAN: Enhanced super-resolution generative adversarial networks", arXiv 1809.00219.

    >>> DenseSuperResolver((3, 16, 16), (3, 64, 64), width=8, blocks=1)(torch.randn(2, 3, 5, 7)).shape
    torch.Size([2, 3, 20, 28])
    """

    def __init__(self, source: Grid, shape: Grid, width: int = 32, blocks: int = 4, base: Base | None = None) -> None:
        super().__init__(1, scale_of(source, shape), base)
        check_dials(width, blocks)
        self.body = Enlargement(source[0], shape[0], width, self.scale, [NestedBlock(width) for _ in range(blocks)])

    def translate(self, images: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C', scale · H, scale · W)."""
        made: Tensor = self.body(images)
        return made


class NestedBlock(nn.Module):
    """x + β f(x), f three blocks of the form x + β dense(x); β = 0.2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*(DenseBlock(channels) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), shape kept."""
        out: Tensor = self.body(x)
        return x + SHARE * out


class DenseBlock(nn.Module):
    """x + β y_5, y_k = act(conv(x, y_1, …, y_{k−1})), without the activation for the last; β = 0.2.

    Huang, Liu, van der Maaten, Weinberger 2017, arXiv 1608.06993 (dense); Wang et al. 2018, arXiv 1809.00219.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        growth = max(1, channels // 2)
        inner = [convolution(channels + k * growth, growth, gain=None) for k in range(4)]
        self.layers = nn.ModuleList([*inner, convolution(channels + 4 * growth, channels)])

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), shape kept."""
        seen = x
        *inner, last = self.layers
        for layer in inner:
            seen = torch.cat([seen, leaky_relu(layer(seen), SLOPE)], 1)
        out: Tensor = last(seen)
        return x + SHARE * out
