"""A small convolutional pair without normalisation, which gradient penalties like and which is quick on a CPU."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from saddlepoint.networks.mlp import OUTPUTS, Output

SLOPE = 0.2


def stages(height: int, width: int) -> int:
    """How often an image is halved before its shorter side is 4 to 7 pixels.

    >>> [stages(s, s) for s in (8, 16, 28, 32, 64)]
    [1, 2, 2, 3, 4]

    Raises:
        ValueError: the sides can't be halved so often, or not once.
    """
    shorter = min(height, width)
    count = max(0, shorter.bit_length() - 3)
    if count == 0 or height % (1 << count) or width % (1 << count):
        fitting = min((k << m for m in range(1, 9) for k in (4, 5, 6, 7)), key=lambda side: abs(side - shorter))
        raise ValueError(
            f"{height}x{width} images can't be halved evenly down to 4 to 7 pixels: make them "
            f"{fitting}x{fitting}, as with --size {fitting}"
        )
    return count


class ConvolutionalGenerator(nn.Module):
    """A linear map to the coarsest grid, then doublings of the grid by transposed convolutions up to pixels.

    Args:
        shape: (C, H, W) of what it makes; H and W halve to 4 to 7 pixels.
        latent: size of its input.
        width: channels at half the full size; they double with every halving.
        depth: residual blocks at every grid but the full one; 0 is quickest.
        output: what the last layer goes through. tanh, for images in [−1, 1], makes an even background easy.

    Raises:
        ValueError: a size that does not halve evenly, or a dial out of range.

    Radford, Metz, Chintala 2016, arXiv 1511.06434 (the plan); no normalisation, R1 and R2 do without.

    >>> ConvolutionalGenerator((3, 32, 32), latent=64, width=8)(torch.randn(2, 64)).shape
    torch.Size([2, 3, 32, 32])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        latent: int,
        width: int = 32,
        depth: int = 0,
        output: Output = "none",
    ) -> None:
        super().__init__()
        grids = _grids(shape, width, depth)
        self.coarsest = grids[-1]
        self.first = nn.Linear(latent, math.prod(self.coarsest))
        layers: list[nn.Module] = []
        for (inner, _, _), (outer, _, _) in pairwise(reversed(grids)):
            layers += [*(Block(inner) for _ in range(depth)), _Activation(), _doubling(inner, outer)]
        self.body = nn.Sequential(*layers, OUTPUTS[output]())
        _initialise(self.first, fan_in=latent, gain=1.0)

    def forward(self, latent: Tensor) -> Tensor:
        """(N, latent) → (N, C, H, W)."""
        images: Tensor = self.body(self.first(latent).view(-1, *self.coarsest))
        return images


class ConvolutionalDiscriminator(nn.Module):
    """Halvings of the grid by strided convolutions down to 4 to 7 pixels, then one logit.

    Args:
        shape: (C, H, W) of what it sees; H and W halve to 4 to 7 pixels.
        width: channels at half the full size; they double with every halving.
        depth: residual blocks at every grid but the full one; 0 is quickest.

    Raises:
        ValueError: a size that does not halve evenly, or a dial out of range.

    Radford, Metz, Chintala 2016, arXiv 1511.06434 (the plan); no normalisation: a gradient penalty asks for a
    logit that depends on its own sample alone.

    >>> ConvolutionalDiscriminator((3, 32, 32), width=8)(torch.randn(2, 3, 32, 32)).shape
    torch.Size([2])
    """

    def __init__(self, shape: tuple[int, int, int], width: int = 32, depth: int = 0) -> None:
        super().__init__()
        grids = _grids(shape, width, depth)
        layers: list[nn.Module] = []
        for (outer, _, _), (inner, _, _) in pairwise(grids):
            layers += [_halving(outer, inner), *(Block(inner) for _ in range(depth)), _Activation()]
        self.body = nn.Sequential(*layers)
        features = math.prod(grids[-1])
        self.last = nn.Linear(features, 1)
        _initialise(self.last, fan_in=features, gain=1.0)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) → logits (N,)."""
        logits: Tensor = self.last(self.body(images).flatten(1))
        return logits.squeeze(1)


class Block(nn.Module):
    """x + conv(act(conv(act(x)))), the last convolution starting at 0, so that a deep stack starts as identity.

    He, Zhang, Ren, Sun 2016, arXiv 1603.05027; Zhang, Dauphin, Ma 2019, arXiv 1901.09321 (the start at 0).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        _initialise(self.first, fan_in=9 * channels)
        _initialise(self.second, fan_in=9 * channels, gain=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), shape kept."""
        out: Tensor = self.second(leaky_relu(self.first(leaky_relu(x, SLOPE)), SLOPE))
        return x + out


class _Activation(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return leaky_relu(x, SLOPE)


def _grids(shape: tuple[int, int, int], width: int, depth: int) -> list[tuple[int, int, int]]:
    """(C, H, W) of every grid, from the image to the coarsest."""
    if width < 1 or depth < 0:
        raise ValueError(f"width is {width} and depth {depth}: give a width of at least 1, a depth of at least 0")
    channels, height, wide = shape
    halved = [(width << (k - 1), height >> k, wide >> k) for k in range(1, stages(height, wide) + 1)]
    return [(channels, height, wide), *halved]


def _halving(inputs: int, outputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)
    _initialise(layer, fan_in=16 * inputs)
    return layer


def _doubling(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    layer = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
    _initialise(layer, fan_in=4 * inputs)  # each output pixel sees 2x2 input pixels, not 4x4
    return layer


def _initialise(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, fan_in: int, gain: float | None = None) -> None:
    """Weights of variance gain²/fan_in, He's gain for the leaky ReLU where none is given; biases 0."""
    gain = math.sqrt(2 / (1 + SLOPE**2)) if gain is None else gain
    with torch.no_grad():
        layer.weight.normal_(0, gain / math.sqrt(fan_in))
        assert layer.bias is not None
        layer.bias.zero_()
