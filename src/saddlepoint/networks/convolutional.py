"""A small residual convolutional pair without normalisation, which gradient penalties like."""

import math

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu

SLOPE = 0.2


class Block(nn.Module):
    """x + conv(act(conv(act(x)))), the last convolution starting at 0, so that a deep stack starts as identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.kaiming_normal_(self.first.weight, SLOPE)
        nn.init.zeros_(self.second.weight)
        for layer in (self.first, self.second):
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), shape kept."""
        out: Tensor = self.second(leaky_relu(self.first(leaky_relu(x, SLOPE)), SLOPE))
        return x + out


def stages(height: int, width: int) -> int:
    """How often an image is halved before its sides are at most 4 to 7 pixels.

    >>> [stages(s, s) for s in (8, 16, 28, 32, 64)]
    [1, 2, 2, 3, 4]

    Raises:
        ValueError: the sides can't be halved so often.
    """
    count = 0
    while min(height, width) >> count >= 8:
        count += 1
    if height % (1 << count) or width % (1 << count):
        raise ValueError(
            f"{height}x{width} images can't be halved {count} times: use a size that {1 << count} divides, as in --size 32"
        )
    return count


class ConvolutionalGenerator(nn.Module):
    """Residual: a linear map to the coarsest grid, then blocks and doublings of the grid, then pixels.

    Args:
        shape: (C, H, W) of what it makes; H and W halve to 4 to 7.
        latent: size of its input.
        width: channels at the finest grid; they double towards the coarsest.
        depth: residual blocks a grid.

    Raises:
        ValueError: a size that does not halve evenly.
    """

    def __init__(self, shape: tuple[int, int, int], latent: int, width: int = 32, depth: int = 1) -> None:
        super().__init__()
        channels, height, wide = shape
        count = stages(height, wide)
        self.coarsest = width << count, height >> count, wide >> count
        self.first = nn.Linear(latent, math.prod(self.coarsest))
        layers: list[nn.Module] = []
        for stage in range(count, 0, -1):
            inner, outer = width << stage, width << (stage - 1)
            layers += [Block(inner) for _ in range(depth)]
            layers += [_Up(inner, outer)]
        layers += [Block(width) for _ in range(depth)]
        self.body = nn.Sequential(*layers)
        self.last = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        """(N, latent) → (N, C, H, W)."""
        x = self.first(latent).view(-1, *self.coarsest)
        images: Tensor = self.last(leaky_relu(self.body(x), SLOPE))
        return images


class ConvolutionalDiscriminator(nn.Module):
    """Residual: pixels to channels, then blocks and halvings of the grid, then one logit.

    Args:
        shape: (C, H, W) of what it sees; H and W halve to 4 to 7.
        width: channels at the finest grid; they double towards the coarsest.
        depth: residual blocks a grid.

    Raises:
        ValueError: a size that does not halve evenly.
    """

    def __init__(self, shape: tuple[int, int, int], width: int = 32, depth: int = 1) -> None:
        super().__init__()
        channels, height, wide = shape
        count = stages(height, wide)
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        layers: list[nn.Module] = []
        for stage in range(count):
            inner, outer = width << stage, width << (stage + 1)
            layers += [Block(inner) for _ in range(depth)]
            layers += [_Down(inner, outer)]
        layers += [Block(width << count) for _ in range(depth)]
        self.body = nn.Sequential(*layers)
        self.last = nn.Linear((width << count) * (height >> count) * (wide >> count), 1)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) → logits (N,)."""
        x = leaky_relu(self.body(self.first(images)), SLOPE)
        logits: Tensor = self.last(x.flatten(1))
        return logits.squeeze(1)


class _Up(nn.Module):
    """Channels by a 1x1 convolution on the coarse grid, where it is cheap, then bilinear doubling."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.channels = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return interpolate(self.channels(x), scale_factor=2, mode="bilinear", align_corners=False)


class _Down(nn.Module):
    """Halving by averages, then channels by a 1x1 convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.channels = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.channels(avg_pool2d(x, 2))
        return out
