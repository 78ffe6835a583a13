"""The U-Net: down to a coarse grid and up again, with what was seen on the way down; a translator, a discriminator."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from saddlepoint.networks.bases import Base
from saddlepoint.networks.grids import Grid
from saddlepoint.networks.initialisation import SLOPE, initialise
from saddlepoint.networks.output import OUTPUTS, Output
from saddlepoint.networks.players import Discriminator, EncodingTranslator
from saddlepoint.networks.reflection import padded
from saddlepoint.networks.resampling import Resampling
from saddlepoint.networks.spectral import normalise_spectrally
from saddlepoint.networks.translation import (
    Normalisation,
    Upsampling,
    begin_as_identity,
    check_output,
    check_translated,
    doubling,
    norm,
)

#: Grids of a U-Net, the finest ones, that losses compare patches of.
ENCODED = 3


class UNetTranslator(EncodingTranslator):
    """U-Net: halvings of the grid by strided convolutions, doublings back, each seeing the grid of its size.

    At full size, too, so that what is fine in the input, as noise, can be told and taken away pixel by pixel.

    Args:
        source: (C, H, W) of what it is given; its sides are padded to multiples of 2^depth.
        shape: (C', H, W) of what it makes.
        width: channels at half the size; they double with every halving, and are half as many at full size. The
            paper's is 64.
        depth: halvings. The paper's goes down to a single pixel, at 256x256 by 8.
        widest: most channels.
        normalisation: of the inner layers. `instance` forgets how bright and how strong an image's features are.
        upsampling: `resize` has no checkerboards; `transposed` has the paper's transposed convolutions, of an even
            number of inputs a pixel.
        output: what the last layer goes through.
        base: what the last layer's output is added to; that layer then starts at 0, and the network as the base.
        full_size: whether there is a grid of full size; the paper has none, and its finest is half as large.

    Attributes:
        encoded_channels: of what `encoded` gives.

    Raises:
        ValueError: a dial out of range, sides that differ, or an output function before a base.

    Isola, Zhu, Zhou, Efros 2017, "Image-to-image translation with conditional adversarial networks", arXiv 1611.07004
    (theirs has dropout for noise); Ronneberger, Fischer, Brox 2015, arXiv 1505.04597 (the U); Odena, Dumoulin, Olah
    2016, "Deconvolution and checkerboard artifacts", Distill.

    >>> UNetTranslator((1, 32, 32), (3, 32, 32), width=8)(torch.randn(2, 1, 13, 21)).shape
    torch.Size([2, 3, 13, 21])
    """

    def __init__(
        self,
        source: Grid,
        shape: Grid,
        width: int = 64,
        depth: int = 4,
        widest: int = 512,
        normalisation: Normalisation = "instance",
        upsampling: Upsampling = "resize",
        output: Output = "none",
        base: Base | None = None,
        full_size: bool = True,
    ) -> None:
        if depth < 1 or not 1 <= width <= widest:
            raise ValueError(
                f"depth is {depth}, width {width} and widest {widest}: give a depth of at least 1 and a width of at "
                f"least 1 and at most widest"
            )
        super().__init__(2**depth, base=base)
        check_translated(source, shape)
        check_output(output, base)
        channels = [*([max(1, width // 2)] if full_size else []), *(min(width << k, widest) for k in range(depth))]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for k, (outer, inner) in enumerate(pairwise([source[0], *channels])):
            layer = _same if full_size and k == 0 else _halving
            # Pixels keep their levels; at the coarsest, a single pixel would be nothing but its own mean.
            plain = k <= full_size or k == len(channels) - 1
            self.down.append(nn.Sequential(layer(outer, inner), *([] if plain else norm(normalisation))))
        for k, (inner, outer) in enumerate(pairwise(reversed(channels))):
            plain = full_size and k == len(channels) - 2
            layers = doubling(upsampling, inner if k == 0 else 2 * inner, outer)
            self.up.append(nn.Sequential(*layers, *([] if plain else norm(normalisation))))
        seen = channels[0] if len(channels) == 1 else 2 * channels[0]
        last = [_same(seen, channels[0]), nn.LeakyReLU(SLOPE), _same(channels[0], shape[0])]
        if not full_size:
            last = doubling(upsampling, seen, shape[0])
        if base is not None:
            begin_as_identity(last)
        self.last = nn.Sequential(*last, OUTPUTS[output]())
        self.encoded_channels = tuple(channels[:ENCODED])

    def encoded(self, images: Tensor) -> list[Tensor]:
        """What the finest grids hold of images (N, C, H, W), sides continued to multiples of 2^depth."""
        return self._down(padded(images, self.stride), len(self.encoded_channels))

    def translate(self, images: Tensor) -> Tensor:
        """(N, C, H, W), sides multiples of 2^depth → (N, C', H, W)."""
        *seen, x = self._down(images, len(self.down))
        for layer in self.up:
            x = torch.cat([leaky_relu(layer(x), SLOPE), seen.pop()], 1)
        made: Tensor = self.last(x)
        return made

    def _down(self, images: Tensor, count: int) -> list[Tensor]:
        """What the first so many layers make of images, the finest first."""
        layers = [images]
        for layer in self.down[:count]:
            layers.append(leaky_relu(layer(layers[-1]), SLOPE))
        return layers[1:]


class UNetDiscriminator(Discriminator):
    """U-Net with spectral norm: a logit a pixel, of what is around it near and far.

    Args:
        shape: (C, H, W) of what it sees; its sides are padded by reflection to multiples of 2^depth.
        width: channels at full size; they double with every halving. The paper's is 64.
        depth: halvings; the paper's is 3.
        widest: most channels.
        spectral: spectral norm of every layer.
        packing: samples judged together.
        auxiliary: an auxiliary classifier in place of the projection of classes; both see the coarsest grid's
            means.
        classes: how many there are.

    Raises:
        ValueError: a dial out of range, or options that exclude each other.

    Wang, Xie, Dong, Shan 2021, "Real-ESRGAN", arXiv 2107.10833; Schönfeld, Schiele, Khoreva 2020, "A U-Net based
    discriminator for generative adversarial networks", arXiv 2002.12655.

    >>> UNetDiscriminator((3, 32, 32), width=8)(torch.randn(2, 3, 32, 32)).shape
    torch.Size([2, 32, 32])
    """

    def __init__(
        self,
        shape: Grid,
        width: int = 64,
        depth: int = 3,
        widest: int = 512,
        spectral: bool = True,
        packing: int = 1,
        auxiliary: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__(shape, classes, auxiliary, packing)
        if depth < 1 or not 1 <= width <= widest:
            raise ValueError(
                f"depth is {depth}, width {width} and widest {widest}: give a depth of at least 1 and a width of at "
                f"least 1 and at most widest"
            )
        self.stride = 2**depth
        channels = [min(width << k, widest) for k in range(depth + 1)]
        self.first = _same(packing * shape[0], width)
        self.down = nn.ModuleList(_halving(outer, inner) for outer, inner in pairwise(channels))
        self.doubled = Resampling(up=True)
        self.up = nn.ModuleList(_same(inner, outer) for inner, outer in pairwise(reversed(channels)))
        self.mix = _same(width, width)
        self.last = nn.Conv2d(width, 1, 3, padding=1)
        initialise(self.last, fan_in=9 * width, gain=1.0)
        self.add_heads(channels[-1])
        if spectral:
            normalise_spectrally(self)

    def judge(self, images: Tensor) -> tuple[Tensor, ...]:
        """(N, C, H, W) → means of the coarsest grid (N, d), logits (N, 1, H, W), and every layer's output."""
        height, width = images.shape[2:]
        images = padded(images, self.stride)
        layers = [leaky_relu(self.first(images), SLOPE)]
        for layer in self.down:
            layers.append(leaky_relu(layer(layers[-1]), SLOPE))
        features = layers[-1].mean((2, 3))
        for layer, seen in zip(self.up, layers[-2::-1], strict=True):
            layers.append(leaky_relu(layer(self.doubled(layers[-1])), SLOPE) + seen)
        layers.append(leaky_relu(self.mix(layers[-1]), SLOPE))
        return features, self.last(layers[-1])[:, :, :height, :width], *layers


def _halving(inputs: int, outputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)
    initialise(layer, fan_in=16 * inputs)
    return layer


def _same(inputs: int, outputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    initialise(layer, fan_in=9 * inputs)
    return layer
