"""Super-resolution: what a network at the input's resolution adds to the enlarged image."""

import torch
from torch import Tensor, nn

from saddlepoint.networks.bases import Base, scale_of
from saddlepoint.networks.convolutional import Block
from saddlepoint.networks.grids import Grid
from saddlepoint.networks.initialisation import SLOPE, initialise
from saddlepoint.networks.players import Translator
from saddlepoint.networks.translation import begin_as_identity


class SuperResolver(Translator):
    """Residual blocks at the input's resolution, then pixel shuffles.

    Its last layer starts at 0, so that with a base it starts as that. The scale is that of `shape` to `source`; at 1 it
    is a network that keeps the size.

    Args:
        source: (C, H, W) of what it is given.
        shape: (C', s H, s W) of what it makes, s 1 to 8.
        width: channels; the papers' is 64.
        blocks: residual blocks; the papers' is 16.
        base: what the output is added to, as the bicubic enlargement.

    Raises:
        ValueError: a dial out of range, or shapes that don't fit.

    Ledig et al. 2017, "Photo-realistic single image super-resolution using a generative adversarial network", arXiv
    1609.04802 (SRResNet); Lim, Son, Kim, Nah, Lee 2017, "Enhanced deep residual networks for single image
    super-resolution", arXiv 1707.02921 (EDSR: without norms); Shi et al. 2016, arXiv 1609.05158 (pixel shuffle).

    >>> SuperResolver((3, 16, 16), (3, 64, 64), width=8, blocks=2)(torch.randn(2, 3, 5, 7)).shape
    torch.Size([2, 3, 20, 28])
    """

    def __init__(self, source: Grid, shape: Grid, width: int = 64, blocks: int = 8, base: Base | None = None) -> None:
        super().__init__(1, scale_of(source, shape), base)
        check_dials(width, blocks)
        self.body = Enlargement(source[0], shape[0], width, self.scale, [Block(width) for _ in range(blocks)])

    def translate(self, images: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C', scale · H, scale · W)."""
        made: Tensor = self.body(images)
        return made


class Enlargement(nn.Module):
    """last(shuffles(y + convolution(blocks(y)))), y the first layer's output.

    A pixel shuffle's sub-pixels start equal, so that there are no checkerboards to unlearn.

    Aitken et al. 2017, "Checkerboard artifact free sub-pixel convolution", arXiv 1707.02937.
    """

    def __init__(self, inputs: int, outputs: int, width: int, scale: int, blocks: list[nn.Module]) -> None:
        super().__init__()
        self.first, self.mix = convolution(inputs, width), convolution(width, width)
        self.blocks = nn.Sequential(*blocks)
        enlarging: list[nn.Module] = []
        for factor in _factors(scale):
            layer = convolution(width, width * factor**2, gain=None)
            with torch.no_grad():
                layer.weight.copy_(layer.weight[:: factor**2].repeat_interleave(factor**2, 0))
            enlarging += [layer, nn.PixelShuffle(factor), nn.LeakyReLU(SLOPE)]
        self.enlarging = nn.Sequential(*enlarging)
        self.last = convolution(width, outputs)
        begin_as_identity([self.last])

    def forward(self, images: Tensor) -> Tensor:
        """(N, inputs, H, W) → (N, outputs, scale · H, scale · W)."""
        first = self.first(images)
        added: Tensor = self.last(self.enlarging(first + self.mix(self.blocks(first))))
        return added


def check_dials(width: int, blocks: int) -> None:
    """Raise ValueError where a dial is out of range."""
    if width < 1 or blocks < 0:
        raise ValueError(f"width is {width} and blocks {blocks}: give at least 1 and at least 0")


def _factors(scale: int) -> list[int]:
    """Prime factors, the largest first.

    >>> _factors(1), _factors(6), _factors(8)
    ([], [3, 2], [2, 2, 2])
    """
    return [p for p in (7, 5, 3, 2) for k in range(1, 4) if scale % p**k == 0]


def convolution(inputs: int, outputs: int, gain: float | None = 1.0) -> nn.Conv2d:
    """A 3x3 convolution that keeps the grid; gain as `initialise` has it."""
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    initialise(layer, fan_in=9 * inputs, gain=gain)
    return layer
