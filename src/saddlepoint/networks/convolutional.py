"""A small convolutional pair without normalisation, which gradient penalties like and which is quick on a CPU."""

import math
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from saddlepoint.networks.attention import attention_at, check_attention
from saddlepoint.networks.grids import Grid, image_and_halves
from saddlepoint.networks.initialisation import SLOPE, initialise
from saddlepoint.networks.minibatch import MinibatchDeviation
from saddlepoint.networks.output import OUTPUTS, Output
from saddlepoint.networks.players import Code, Discriminator, Generator
from saddlepoint.networks.spectral import normalise_spectrally


class ConvolutionalGenerator(Generator):
    """A linear map to the coarsest grid, then doublings of the grid by transposed convolutions up to pixels.

    Args:
        shape: (C, H, W) of what it makes; H and W halve to 4 to 7 pixels.
        latent: size of its input.
        width: channels at half the full size; they double with every halving.
        depth: residual blocks at every grid but the full one; 0 is quickest.
        widest: most channels.
        output: what the last layer goes through. tanh, for images in [−1, 1], makes an even background easy.
        attention: shorter side in pixels of the grid with self-attention; 0 is none.
        classes: how many there are; the class's embedding stands behind the latent.

    Raises:
        ValueError: a size that does not halve evenly, or a dial out of range.

    Radford, Metz, Chintala 2016, arXiv 1511.06434 (the plan); no normalisation, R1 and R2 do without.

    >>> import torch
    >>> ConvolutionalGenerator((3, 32, 32), latent=64, width=8)(torch.randn(2, 64)).shape
    torch.Size([2, 3, 32, 32])
    """

    def __init__(
        self,
        shape: Grid,
        latent: int,
        width: int = 32,
        depth: int = 0,
        widest: int = 512,
        output: Output = "none",
        attention: int = 0,
        classes: int = 0,
    ) -> None:
        super().__init__(classes)
        grids = _grids(shape, width, widest, depth, attention)
        self.coarsest = grids[-1]
        self.entry = Code(latent, classes)
        self.first = nn.Linear(self.entry.size, math.prod(self.coarsest))
        layers: list[nn.Module] = []
        for inner, outer in pairwise(reversed(grids)):
            blocks = (Block(inner[0]) for _ in range(depth))
            layers += [*blocks, *attention_at(attention, inner), _Activation(), _doubling(inner[0], outer[0])]
        self.body = nn.Sequential(*layers, OUTPUTS[output]())
        initialise(self.first, fan_in=self.entry.size, gain=1.0)

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) → (N, C, H, W)."""
        images: Tensor = self.body(self.first(self.entry(latent, labels)).view(-1, *self.coarsest))
        return images


class ConvolutionalDiscriminator(Discriminator):
    """Halvings of the grid by strided convolutions down to 4 to 7 pixels, then one logit.

    Args:
        shape: (C, H, W) of what it sees; H and W halve to 4 to 7 pixels.
        width: channels at half the full size; they double with every halving.
        depth: residual blocks at every grid but the full one; 0 is quickest.
        widest: most channels.
        attention: shorter side in pixels of the grid with self-attention; 0 is none.
        spectral: spectral norm of every layer, for depth 0.
        deviation: the minibatch's standard deviation as one more channel before the last halving.
        packing: samples judged together.
        auxiliary: an auxiliary classifier in place of the projection of classes.
        classes: how many there are.

    Raises:
        ValueError: a size that does not halve evenly, a dial out of range, or options that exclude each other.

    Radford, Metz, Chintala 2016, arXiv 1511.06434 (the plan); no normalisation: a gradient penalty asks for a
    logit that depends on its own sample alone.

    >>> import torch
    >>> ConvolutionalDiscriminator((3, 32, 32), width=8)(torch.randn(2, 3, 32, 32)).shape
    torch.Size([2])
    """

    def __init__(
        self,
        shape: Grid,
        width: int = 32,
        depth: int = 0,
        widest: int = 512,
        attention: int = 0,
        spectral: bool = False,
        deviation: bool = False,
        packing: int = 1,
        auxiliary: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__(shape, classes, auxiliary, packing)
        if spectral and depth:
            raise ValueError("spectral norm divides by a weight's size, and residual blocks start at 0: give depth=0")
        grids = _grids((packing * shape[0], *shape[1:]), width, widest, depth, attention)
        layers: list[nn.Module] = []
        for outer, inner in pairwise(grids):
            looking = deviation and inner is grids[-1]
            layers += [MinibatchDeviation()] if looking else []
            layers += [_halving(outer[0] + looking, inner[0]), *(Block(inner[0]) for _ in range(depth))]
            layers += [*attention_at(attention, inner), _Activation()]
        self.body = nn.Sequential(*layers)
        features = math.prod(grids[-1])
        self.last = nn.Linear(features, 1)
        initialise(self.last, fan_in=features, gain=1.0)
        self.add_heads(features)
        if spectral:
            normalise_spectrally(self)

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) → the coarsest grid (N, d) and logits (N, 1)."""
        features = self.body(images).flatten(1)
        return features, self.last(features)


class Block(nn.Module):
    """x + conv(act(conv(act(x)))), the last convolution starting at 0, so that a deep stack starts as identity.

    He, Zhang, Ren, Sun 2016, arXiv 1603.05027; Zhang, Dauphin, Ma 2019, arXiv 1901.09321 (the start at 0).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        initialise(self.first, fan_in=9 * channels)
        initialise(self.second, fan_in=9 * channels, gain=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), shape kept."""
        out: Tensor = self.second(leaky_relu(self.first(leaky_relu(x, SLOPE)), SLOPE))
        return x + out


class _Activation(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return leaky_relu(x, SLOPE)


def _grids(shape: Grid, width: int, widest: int, depth: int, attention: int) -> list[Grid]:
    """(C, H, W) of every grid, from the image to the coarsest."""
    if not 1 <= width <= widest or depth < 0:
        raise ValueError(
            f"width is {width}, widest {widest} and depth {depth}: give a width of at least 1 and at most widest, "
            f"a depth of at least 0"
        )
    grids = image_and_halves(shape, width, widest)
    check_attention(attention, grids[1:])
    return grids


def _halving(inputs: int, outputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)
    initialise(layer, fan_in=16 * inputs)
    return layer


def _doubling(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    layer = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
    initialise(layer, fan_in=4 * inputs)  # each output pixel sees 2x2 input pixels, not 4x4
    return layer
