"""The DCGAN pair: strided convolutions with batch normalisation."""

import math
from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import Tensor, nn

from saddlepoint.networks.attention import attention_at, check_attention
from saddlepoint.networks.grids import Grid, image_and_halves
from saddlepoint.networks.initialisation import SLOPE
from saddlepoint.networks.minibatch import MinibatchDeviation
from saddlepoint.networks.output import OUTPUTS, Output
from saddlepoint.networks.players import Code, Discriminator, Generator


class DCGANGenerator(Generator):
    """DCGAN: transposed convolutions from the coarsest grid, batch norm and ReLU after all but the last.

    Args:
        shape: (C, H, W) of what it makes; H and W halve to 4 to 7 pixels, as those of 28, 32 and 64 do.
        latent: size of its input; the paper's is 100.
        width: channels at half the full size; they double with every halving. The paper's is 128 for 64x64.
        output: what the last layer goes through.
        attention: shorter side in pixels of the grid with self-attention; 0 is none.
        classes: how many there are; the class's embedding stands behind the latent.

    Raises:
        ValueError: a size that does not halve evenly, or a dial out of range.

    Radford, Metz, Chintala 2016, "Unsupervised representation learning with deep convolutional generative adversarial
    networks", arXiv 1511.06434. Kernels are 4x4, which overlap evenly, where the paper's are 5x5.

    >>> DCGANGenerator((3, 64, 64), latent=100, width=8)(torch.randn(2, 100)).shape
    torch.Size([2, 3, 64, 64])
    """

    def __init__(
        self, shape: Grid, latent: int, width: int = 64, output: Output = "tanh", attention: int = 0, classes: int = 0
    ) -> None:
        super().__init__(classes)
        grids = _grids(shape, width, attention)
        self.coarsest = grids[-1]
        self.entry = Code(latent, classes)
        self.first = nn.Linear(self.entry.size, math.prod(self.coarsest), bias=False)
        layers: list[nn.Module] = []
        for inner, outer in pairwise(reversed(grids)):
            layers += [nn.BatchNorm2d(inner[0]), nn.ReLU(), *attention_at(attention, inner)]
            layers += [nn.ConvTranspose2d(inner[0], outer[0], 4, stride=2, padding=1, bias=outer is grids[0])]
        self.body = nn.Sequential(*layers, OUTPUTS[output]())
        _initialise(self.modules())

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) → (N, C, H, W)."""
        images: Tensor = self.body(self.first(self.entry(latent, labels)).view(-1, *self.coarsest))
        return images


class DCGANDiscriminator(Discriminator):
    """DCGAN: strided convolutions and leaky ReLU, batch norm after all but the first, then one logit.

    A logit depends on its whole minibatch while it trains, which gradient penalties do not expect.

    Args:
        shape: (C, H, W) of what it sees; H and W halve to 4 to 7 pixels, as those of 28, 32 and 64 do.
        width: channels at half the full size; they double with every halving.
        attention: shorter side in pixels of the grid with self-attention; 0 is none.
        deviation: the minibatch's standard deviation as one more channel before the last halving.
        packing: samples judged together.
        auxiliary: an auxiliary classifier in place of the projection of classes.
        classes: how many there are.

    Raises:
        ValueError: a size that does not halve evenly, a dial out of range, or options that exclude each other.

    Radford, Metz, Chintala 2016, arXiv 1511.06434.

    >>> DCGANDiscriminator((3, 64, 64), width=8)(torch.randn(2, 3, 64, 64)).shape
    torch.Size([2])
    """

    def __init__(
        self,
        shape: Grid,
        width: int = 64,
        attention: int = 0,
        deviation: bool = False,
        packing: int = 1,
        auxiliary: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__(shape, classes, auxiliary, packing)
        grids = _grids((packing * shape[0], *shape[1:]), width, attention)
        layers: list[nn.Module] = []
        for outer, inner in pairwise(grids):
            first, looking = outer is grids[0], deviation and inner is grids[-1]
            layers += [MinibatchDeviation()] if looking else []
            layers += [nn.Conv2d(outer[0] + looking, inner[0], 4, stride=2, padding=1, bias=first)]
            layers += [] if first else [nn.BatchNorm2d(inner[0])]
            layers += [nn.LeakyReLU(SLOPE), *attention_at(attention, inner)]
        self.body = nn.Sequential(*layers)
        features = math.prod(grids[-1])
        self.last = nn.Linear(features, 1)
        self.add_heads(features)
        _initialise(self.modules())

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) → the coarsest grid (N, d) and logits (N, 1)."""
        features = self.body(images).flatten(1)
        return features, self.last(features)


def _grids(shape: Grid, width: int, attention: int) -> list[Grid]:
    """(C, H, W) of every grid, from the image to the coarsest."""
    if width < 1:
        raise ValueError(f"width is {width}: give at least 1")
    grids = image_and_halves(shape, width)
    check_attention(attention, grids[1:])
    return grids


def _initialise(layers: Iterable[nn.Module]) -> None:
    """All weights from N(0, .02²), biases 0, as the paper has it."""
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                layer.weight.normal_(0, 0.02)
                if layer.bias is not None:
                    layer.bias.zero_()
