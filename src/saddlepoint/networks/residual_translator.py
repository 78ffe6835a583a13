"""The residual translator of style transfer and CycleGAN."""

from itertools import pairwise

from torch import Tensor, nn

from saddlepoint.networks.bases import Base
from saddlepoint.networks.grids import Grid
from saddlepoint.networks.initialisation import initialise
from saddlepoint.networks.output import OUTPUTS, Output
from saddlepoint.networks.players import EncodingTranslator
from saddlepoint.networks.reflection import Reflection, padded
from saddlepoint.networks.translation import (
    Normalisation,
    Upsampling,
    begin_as_identity,
    check_output,
    check_translated,
    doubling,
    norm,
)

#: He's gain for the ReLU.
GAIN = 2**0.5


class ResidualTranslator(EncodingTranslator):
    """Residual: two halvings of the grid, residual blocks on a quarter of it, two doublings; edges reflected.

    What the first layer made at full size is added before the last, so that what is fine in the input can be told and
    taken away pixel by pixel.

    Args:
        source: (C, H, W) of what it is given; its sides are padded to multiples of 4.
        shape: (C', H, W) of what it makes.
        width: channels at full size; twice and four times as many on the coarser grids. The papers' is 64.
        blocks: residual blocks; the papers have 6 for 128x128 pixels and 9 for 256x256.
        normalisation: of all layers but the last. `instance` forgets how bright and how strong an image's features are.
        upsampling: `resize` has no checkerboards; `transposed` has transposed convolutions.
        output: what the last layer goes through.
        base: what the last layer's output is added to; that layer then starts at 0, and the network as the base.
        full_size: whether the first layer's output is added; it is not in the papers.

    Attributes:
        encoded_channels: of what `encoded` gives.

    Raises:
        ValueError: a dial out of range, sides that differ, or an output function before a base.

    Johnson, Alahi, Fei-Fei 2016, "Perceptual losses for real-time style transfer", arXiv 1603.08155; Zhu, Park, Isola,
    Efros 2017, "Unpaired image-to-image translation using cycle-consistent adversarial networks", arXiv 1703.10593.

    >>> import torch
    >>> ResidualTranslator((3, 32, 32), (3, 32, 32), width=8)(torch.randn(2, 3, 13, 21)).shape
    torch.Size([2, 3, 13, 21])
    """

    def __init__(
        self,
        source: Grid,
        shape: Grid,
        width: int = 64,
        blocks: int = 6,
        normalisation: Normalisation = "instance",
        upsampling: Upsampling = "resize",
        output: Output = "none",
        base: Base | None = None,
        full_size: bool = True,
    ) -> None:
        super().__init__(4, base=base)
        if width < 1 or blocks < 0:
            raise ValueError(f"width is {width} and blocks {blocks}: give at least 1 and at least 0")
        check_translated(source, shape)
        check_output(output, base)
        layers: list[nn.Module] = [Reflection(3), _layer(source[0], width, 7), *norm(normalisation), nn.ReLU()]
        for outer, inner in pairwise((width, 2 * width, 4 * width)):
            halving = nn.Conv2d(outer, inner, 3, stride=2, padding=1)
            initialise(halving, fan_in=9 * outer, gain=GAIN)
            layers += [halving, *norm(normalisation), nn.ReLU()]
        self._half, self.full_size = len(layers) + blocks // 2, full_size
        self.encoded_channels = (width, 2 * width, 4 * width, *([4 * width] if blocks > 1 else []))
        layers += [ReflectedBlock(4 * width, normalisation) for _ in range(blocks)]
        for inner, outer in pairwise((4 * width, 2 * width, width)):
            layers += [*doubling(upsampling, inner, outer), *norm(normalisation), nn.ReLU()]
        last = [Reflection(3), _layer(width, shape[0], 7)]
        if base is not None:
            begin_as_identity(last)
        self.body, self.last = nn.Sequential(*layers), nn.Sequential(*last, OUTPUTS[output]())
        self._first = 3 + len(norm(normalisation))

    def encoded(self, images: Tensor) -> list[Tensor]:
        """What the first half makes of images (N, C, H, W), for losses that compare patches.

        On the full grid, a half and a quarter of it, and behind half of the blocks. Sides are continued to multiples
        of 4.
        """
        x, layers = padded(images, self.stride), []
        for number, layer in enumerate(list(self.body)[: self._half]):
            x = layer(x)
            if isinstance(layer, nn.ReLU) or number == self._half - 1:
                layers.append(x)
        return layers

    def translate(self, images: Tensor) -> Tensor:
        """(N, C, H, W), sides multiples of 4 → (N, C', H, W)."""
        first = self.body[: self._first](images)
        x = self.body[self._first :](first)
        made: Tensor = self.last(x + first if self.full_size else x)
        return made


class ReflectedBlock(nn.Module):
    """x, plus 3x3 → norm → ReLU → 3x3 → norm; without norms, the last convolution starts at 0."""

    def __init__(self, channels: int, normalisation: Normalisation) -> None:
        super().__init__()
        first, second = _layer(channels, channels, 3), _layer(channels, channels, 3)
        if normalisation == "none":
            initialise(second, fan_in=1, gain=0.0)
        self.body = nn.Sequential(
            *(Reflection(1), first, *norm(normalisation), nn.ReLU()),
            *(Reflection(1), second, *norm(normalisation)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), shape kept."""
        out: Tensor = self.body(x)
        return x + out


def _layer(inputs: int, outputs: int, side: int) -> nn.Conv2d:
    """A convolution of pixels that a margin was added to."""
    layer = nn.Conv2d(inputs, outputs, side)
    initialise(layer, fan_in=side**2 * inputs, gain=GAIN)
    return layer
