"""The modern residual pair: grouped inverted bottlenecks, no normalisation, a start as the identity, no aliasing."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from saddlepoint.networks.attention import attention_at, check_attention
from saddlepoint.networks.grids import Grid, pyramid
from saddlepoint.networks.initialisation import SLOPE, initialise
from saddlepoint.networks.minibatch import MinibatchDeviation
from saddlepoint.networks.output import OUTPUTS, Output
from saddlepoint.networks.players import Code, Discriminator, Generator
from saddlepoint.networks.resampling import Resampling


class ResidualGenerator(Generator):
    """Modern residual: a learned coarsest grid, modulated by the latent, then residual stages up to pixels.

    Args:
        shape: (C, H, W) of what it makes; H and W halve to 4 to 7 pixels.
        latent: size of its input.
        width: channels at full size; they double with every halving.
        widest: most channels.
        depth: residual blocks at every grid.
        expansion: channels inside a block, in those outside.
        group: channels that a 3x3 convolution mixes; ResNeXt's cardinality is channels · expansion / group.
        output: what the last layer goes through.
        attention: shorter side in pixels of the grid with self-attention; 0 is none.
        classes: how many there are; the class's embedding stands behind the latent.

    Raises:
        ValueError: a size that does not halve evenly, a dial out of range, or channels that do not divide into groups.

    Huang, Gokaslan, Kuleshov, Tompkin 2024, "The GAN is dead; long live the GAN! A modern GAN baseline",
    arXiv 2501.05441 (the plan; theirs has expansion 2, groups of 16, depth 2).

    >>> ResidualGenerator((3, 32, 32), latent=64, width=8)(torch.randn(2, 64)).shape
    torch.Size([2, 3, 32, 32])
    """

    def __init__(
        self,
        shape: Grid,
        latent: int,
        width: int = 32,
        widest: int = 512,
        depth: int = 1,
        expansion: int = 2,
        group: int = 16,
        output: Output = "none",
        attention: int = 0,
        classes: int = 0,
    ) -> None:
        super().__init__(classes)
        grids = pyramid(shape, width, widest)
        check_attention(attention, grids)
        stages = _stages(grids, depth, expansion, group, attention)
        channels = grids[-1][0]
        self.entry = Code(latent, classes)
        self.first = nn.Linear(self.entry.size, channels)
        self.basis = nn.Parameter(torch.randn(grids[-1]))
        layers: list[nn.Module] = [*stages[-1]]
        for (inner, _, _), (outer, _, _), stage in zip(grids[:0:-1], grids[-2::-1], stages[-2::-1], strict=True):
            layers += [_pointwise(inner, outer), Resampling(up=True), *stage]
        self.body = nn.Sequential(*layers, _pointwise(width, shape[0]), OUTPUTS[output]())
        initialise(self.first, fan_in=self.entry.size, gain=1.0)

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) → (N, C, H, W)."""
        strengths: Tensor = self.first(self.entry(latent, labels))
        images: Tensor = self.body(strengths[..., None, None] * self.basis)
        return images


class ResidualDiscriminator(Discriminator):
    """Modern residual: residual stages down to the coarsest grid, which one learned pattern a channel reads.

    Args:
        shape: (C, H, W) of what it sees; H and W halve to 4 to 7 pixels.
        width: channels at full size; they double with every halving.
        widest: most channels.
        depth: residual blocks at every grid.
        expansion: channels inside a block, in those outside.
        group: channels that a 3x3 convolution mixes; ResNeXt's cardinality is channels · expansion / group.
        attention: shorter side in pixels of the grid with self-attention; 0 is none.
        deviation: the minibatch's standard deviation as one more channel before the last halving.
        packing: samples judged together.
        auxiliary: an auxiliary classifier in place of the projection of classes.
        classes: how many there are.

    Raises:
        ValueError: a size that does not halve evenly, a dial out of range, channels that do not divide into groups,
            or options that exclude each other.

    Huang, Gokaslan, Kuleshov, Tompkin 2024, arXiv 2501.05441.

    >>> ResidualDiscriminator((3, 32, 32), width=8)(torch.randn(2, 3, 32, 32)).shape
    torch.Size([2])
    """

    def __init__(
        self,
        shape: Grid,
        width: int = 32,
        widest: int = 512,
        depth: int = 1,
        expansion: int = 2,
        group: int = 16,
        attention: int = 0,
        deviation: bool = False,
        packing: int = 1,
        auxiliary: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__(shape, classes, auxiliary, packing)
        grids = pyramid(shape, width, widest)
        check_attention(attention, grids)
        stages = _stages(grids, depth, expansion, group, attention)
        layers: list[nn.Module] = [_pointwise(packing * shape[0], width), *stages[0]]
        for (outer, inner), stage in zip(pairwise(grids), stages[1:], strict=True):
            looking = deviation and inner is grids[-1]
            layers += [MinibatchDeviation()] if looking else []
            layers += [Resampling(up=False), _pointwise(outer[0] + looking, inner[0]), *stage]
        self.body = nn.Sequential(*layers)
        channels, height, wide = grids[-1]
        self.basis = nn.Conv2d(channels, channels, (height, wide), groups=channels, bias=False)
        self.last = nn.Linear(channels, 1)
        initialise(self.basis, fan_in=height * wide, gain=1.0)
        initialise(self.last, fan_in=channels, gain=1.0)
        self.add_heads(channels)

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) → a number a channel (N, d) and logits (N, 1)."""
        features = self.basis(self.body(images)).flatten(1)
        return features, self.last(features)


class BottleneckBlock(nn.Module):
    """x + 1x1(act(grouped 3x3(act(1x1(x))))), wide inside; the last convolution starts at 0.

    With L such blocks in a network of three layers each, the other two start L^(−1/4) times He's size, so that the
    first steps change the function by the same amount whatever the depth (Fixup).

    Xie, Girshick, Dollár, Tu, He 2017, arXiv 1611.05431 (groups); Sandler, Howard, Zhu, Zhmoginov, Chen 2018,
    arXiv 1801.04381 (wide inside); Zhang, Dauphin, Ma 2019, arXiv 1901.09321 (Fixup).
    """

    def __init__(self, channels: int, expansion: int, group: int, blocks: int) -> None:
        super().__init__()
        inside = channels * expansion
        self.widen = nn.Conv2d(channels, inside, 1)
        self.mix = nn.Conv2d(inside, inside, 3, padding=1, groups=inside // group)
        self.narrow = nn.Conv2d(inside, channels, 1)
        gain = (2 / (1 + SLOPE**2)) ** 0.5 * blocks**-0.25
        initialise(self.widen, fan_in=channels, gain=gain)
        initialise(self.mix, fan_in=9 * group, gain=gain)
        initialise(self.narrow, fan_in=inside, gain=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), shape kept."""
        out: Tensor = self.narrow(leaky_relu(self.mix(leaky_relu(self.widen(x), SLOPE)), SLOPE))
        return x + out


def _stages(grids: Sequence[Grid], depth: int, expansion: int, group: int, attention: int) -> list[list[nn.Module]]:
    """The layers of every grid that keep it, from the full grid to the coarsest."""
    if min(depth, expansion, group) < 1:
        raise ValueError(f"depth is {depth}, expansion {expansion} and group {group}: give each at least 1")
    for channels, _, _ in grids:
        if channels * expansion % group:
            raise ValueError(
                f"{channels} channels times expansion {expansion} don't divide into groups of {group}: give a width "
                f"and a widest whose products with expansion are multiples of group"
            )
    blocks = depth * len(grids)
    return [
        [
            *(BottleneckBlock(grid[0], expansion, group, blocks) for _ in range(depth)),
            *attention_at(attention, grid),
        ]
        for grid in grids
    ]


def _pointwise(inputs: int, outputs: int) -> nn.Conv2d:
    """A change of the number of channels; it follows no activation, so gain 1."""
    layer = nn.Conv2d(inputs, outputs, 1)
    initialise(layer, fan_in=inputs, gain=1.0)
    return layer
