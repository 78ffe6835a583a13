"""A convolutional pair for raw sound, where a grid is a line of samples and a step between grids a factor of four."""

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from saddlepoint.networks.initialisation import SLOPE, initialise
from saddlepoint.networks.output import OUTPUTS, Output
from saddlepoint.networks.players import Code, Discriminator, Generator

Upsampling = Literal["nearest", "linear"]
#: Between a grid and the next coarser one; grids shorter than LONG are the coarsest.
STRIDE, LONG = 4, 64


class WaveGANGenerator(Generator):
    """A linear map to a short line, which is made four times as long again and again, each time convolved.

    Transposed convolutions of stride 4 leave a tone at a quarter of each grid's rate, which the ear hears as noise of
    one pitch. Here samples are repeated, or joined by straight lines, before a convolution of stride 1: all places of
    a grid are then made alike.

    Args:
        shape: (channels, samples) of what it makes; samples quarter evenly to fewer than 64.
        latent: size of its input.
        width: channels at a quarter of the full length; they double with every quartering.
        widest: most channels.
        kernel: samples that a convolution sees, odd; 25 is WaveGAN's, which here costs four times as much.
        upsampling: `nearest` or `linear`.
        output: what the last layer goes through.
        classes: how many there are; the class's embedding stands behind the latent.

    Raises:
        ValueError: a length that does not quarter evenly, or a dial out of range.

    Donahue, McAuley, Puckette 2019, "Adversarial audio synthesis", arXiv 1802.04208 (the plan); Odena, Dumoulin, Olah
    2016, "Deconvolution and checkerboard artifacts", Distill (the remedy).

    >>> WaveGANGenerator((1, 2048), latent=8, width=4)(torch.randn(2, 8)).shape
    torch.Size([2, 1, 2048])
    """

    def __init__(
        self,
        shape: tuple[int, int],
        latent: int,
        width: int = 16,
        widest: int = 256,
        kernel: int = 9,
        upsampling: Upsampling = "nearest",
        output: Output = "tanh",
        classes: int = 0,
    ) -> None:
        super().__init__(classes)
        lines = _lines(shape, width, widest, kernel)
        self.coarsest = lines[-1]
        self.entry = Code(latent, classes)
        self.first = nn.Linear(self.entry.size, lines[-1][0] * lines[-1][1])
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inner[0], outer[0], kernel, padding=kernel // 2) for inner, outer in pairwise(reversed(lines))
        )
        self.upsampling, self.output = upsampling, OUTPUTS[output]()
        initialise(self.first, fan_in=self.entry.size, gain=1.0)
        for layer in self.convolutions:
            assert isinstance(layer, nn.Conv1d)
            initialise(layer, fan_in=kernel * layer.in_channels)

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) → (N, channels, samples)."""
        x = self.first(self.entry(latent, labels)).view(-1, *self.coarsest)
        for convolution in self.convolutions:
            x = convolution(self._longer(leaky_relu(x, SLOPE)))
        made: Tensor = self.output(x)
        return made

    def _longer(self, x: Tensor) -> Tensor:
        if self.upsampling == "nearest":
            return x.repeat_interleave(STRIDE, 2)
        return interpolate(x, scale_factor=STRIDE, mode="linear", align_corners=False)


class WaveGANDiscriminator(Discriminator):
    """Convolutions of stride 4 down to a short line, then one logit.

    Args:
        shape: (channels, samples) of what it sees; samples quarter evenly to fewer than 64.
        width: channels at a quarter of the full length; they double with every quartering.
        widest: most channels.
        kernel: samples that a convolution sees, odd.
        shuffle: n of phase shuffle: between layers, and only in training, every sample's grid is moved by −n to n
            places, drawn anew, its ends mirrored, so that the logit can't tell by phase; 0 is none, 2 WaveGAN's.
        packing: samples judged together.
        auxiliary: an auxiliary classifier in place of the projection of classes.
        classes: how many there are.

    Raises:
        ValueError: a length that does not quarter evenly, a dial out of range, or options that exclude each other.

    Donahue, McAuley, Puckette 2019, "Adversarial audio synthesis", arXiv 1802.04208.

    >>> WaveGANDiscriminator((1, 2048), width=4)(torch.randn(2, 1, 2048)).shape
    torch.Size([2])
    """

    def __init__(
        self,
        shape: tuple[int, int],
        width: int = 16,
        widest: int = 256,
        kernel: int = 25,
        shuffle: int = 0,
        packing: int = 1,
        auxiliary: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__(shape, classes, auxiliary, packing)
        lines = _lines(self.seen, width, widest, kernel)
        if not 0 <= shuffle < lines[-1][1]:
            raise ValueError(
                f"shuffle is {shuffle}: give 0 for none, or less than the {lines[-1][1]} of the coarsest grid"
            )
        self.shuffle = shuffle
        self.convolutions = nn.ModuleList(
            nn.Conv1d(outer[0], inner[0], kernel, stride=STRIDE, padding=(kernel - STRIDE + 1) // 2)
            for outer, inner in pairwise(lines)
        )
        for layer in self.convolutions:
            assert isinstance(layer, nn.Conv1d)
            initialise(layer, fan_in=kernel * layer.in_channels)
        features = lines[-1][0] * lines[-1][1]
        self.last = nn.Linear(features, 1)
        initialise(self.last, fan_in=features, gain=1.0)
        self.add_heads(features)

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, channels, samples) → the coarsest grid (N, d) and logits (N, 1)."""
        x = images
        for place, convolution in enumerate(self.convolutions):
            if place and self.shuffle and self.training:
                x = shuffled(x, self.shuffle)
            x = leaky_relu(convolution(x), SLOPE)
        features = x.flatten(1)
        return features, self.last(features)


def shuffled(x: Tensor, most: int) -> Tensor:
    """Phase shuffle: each of (N, channels, places) moved by a whole number from −most to most, its ends mirrored.

    >>> torch.manual_seed(0)
    <torch._C.Generator object at ...>
    >>> shuffled(torch.arange(5.0).view(1, 1, 5), 1).shape
    torch.Size([1, 1, 5])
    """
    count, channels, places = x.shape
    moved = torch.arange(places, device=x.device) + torch.randint(-most, most + 1, (count, 1), device=x.device)
    mirrored = (places - 1) - (moved.abs() - (places - 1)).abs()
    return x.gather(2, mirrored[:, None].expand(count, channels, places))


def _lines(shape: tuple[int, ...], width: int, widest: int, kernel: int) -> list[tuple[int, int]]:
    """(channels, places) of every grid, from the sound to the coarsest."""
    if len(shape) != 2:
        raise ValueError(f"samples are {tuple(shape)}: this network is for raw sounds, (channels, samples)")
    if not 1 <= width <= widest or kernel < STRIDE or kernel % 2 == 0:
        raise ValueError(
            f"width is {width}, widest {widest} and kernel {kernel}: give a width of at least 1 and at most widest, "
            f"an odd kernel of at least {STRIDE + 1}"
        )
    lines, places, channels = [(shape[0], shape[1])], shape[1], width
    while places >= LONG and places % STRIDE == 0:
        places //= STRIDE
        lines.append((channels, places))
        channels = min(2 * channels, widest)
    if places >= LONG or len(lines) == 1:
        raise ValueError(
            f"{shape[1]:,} samples can't be quartered evenly to fewer than {LONG}: give a power of 4, times at most 15"
        )
    return lines
