"""The patch discriminator: a logit for every patch of the image, on one scale or several."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu

from saddlepoint.networks.grids import Grid
from saddlepoint.networks.initialisation import SLOPE, initialise
from saddlepoint.networks.players import Discriminator
from saddlepoint.networks.spectral import normalise_spectrally
from saddlepoint.networks.translation import Normalisation, norm


class PatchDiscriminator(Discriminator):
    """PatchGAN: a logit for every patch, which sees no farther than that: 34, 70, 142 pixels at a depth of 2, 3, 4.

    On further scales networks of the same form judge the image at a half, a quarter, … Their maps are brought to the
    size of the finest, every logit repeated, so that in a mean over logits every scale has the same weight.

    Args:
        shape: (C, H, W) of what it sees.
        width: channels at half the size; they double with every halving. The papers' is 64.
        depth: halvings; the papers' is 3.
        widest: most channels.
        scales: how many.
        normalisation: of all layers but the first and the last.
        spectral: spectral norm of every layer.
        packing: samples judged together.
        auxiliary: an auxiliary classifier in place of the projection of classes; both see the last map's means.
        classes: how many there are.

    Raises:
        ValueError: a dial out of range, images too small for so many halvings and scales, or options that exclude each
            other.

    Isola, Zhu, Zhou, Efros 2017, arXiv 1611.07004; Wang, Liu, Zhu, Tao, Kautz, Catanzaro 2018, "High-resolution image
    synthesis and semantic manipulation with conditional GANs", arXiv 1711.11585 (scales).

    >>> PatchDiscriminator((3, 256, 256), width=4)(torch.randn(2, 3, 256, 256)).shape
    torch.Size([2, 30, 30])
    >>> PatchDiscriminator((3, 64, 64), width=4, scales=2)(torch.randn(2, 3, 64, 64)).shape
    torch.Size([2, 2, 6, 6])
    """

    def __init__(
        self,
        shape: Grid,
        width: int = 64,
        depth: int = 3,
        widest: int = 512,
        scales: int = 1,
        normalisation: Normalisation = "none",
        spectral: bool = False,
        packing: int = 1,
        auxiliary: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__(shape, classes, auxiliary, packing)
        if min(depth, scales) < 1 or not 1 <= width <= widest:
            raise ValueError(
                f"depth is {depth}, scales {scales}, width {width} and widest {widest}: give at least 1 each, and a "
                f"width of at most widest"
            )
        # Two layers beyond the halvings take a pixel each.
        least = 3 * 2 ** (depth + scales - 1)
        if min(shape[1:]) < least:
            raise ValueError(
                f"{shape[1]}x{shape[2]} images are too small for a depth of {depth} on {scales} scales: give sides of "
                f"at least {least}, a smaller depth, or fewer scales"
            )
        channels = [packing * shape[0], *(min(width << k, widest) for k in range(depth + 1))]
        self.scales = nn.ModuleList(_layers(channels, normalisation) for _ in range(scales))
        self.add_heads(scales * channels[-1])
        if spectral:
            normalise_spectrally(self)

    def judge(self, images: Tensor) -> tuple[Tensor, ...]:
        """(N, C, H, W) → means of each scale's last map (N, d), logits (N, scales, h, w), and every layer's output."""
        features: list[Tensor] = []
        logits: list[Tensor] = []
        layers: list[Tensor] = []
        for number, scale in enumerate(self.scales):
            x = images if number == 0 else avg_pool2d(images, 2**number)
            assert isinstance(scale, nn.ModuleList)
            *inner, last = scale
            for layer in inner:
                x = leaky_relu(layer(x), SLOPE)
                layers.append(x)
            features.append(x.mean((2, 3)))
            made = last(x)
            logits.append(made if number == 0 else interpolate(made, logits[0].shape[2:], mode="nearest"))
        return torch.cat(features, 1), torch.cat(logits, 1), *layers


def _layers(channels: list[int], normalisation: Normalisation) -> nn.ModuleList:
    """4x4 convolutions: halvings, one that keeps the grid up to a pixel, and the logits."""
    layers: list[nn.Module] = []
    for k, (inputs, outputs) in enumerate(pairwise(channels)):
        layer = nn.Conv2d(inputs, outputs, 4, stride=1 if k == len(channels) - 2 else 2, padding=1)
        initialise(layer, fan_in=16 * inputs)
        layers.append(nn.Sequential(layer, *(norm(normalisation) if k else [])))
    last = nn.Conv2d(channels[-1], 1, 4, padding=1)
    initialise(last, fan_in=16 * channels[-1], gain=1.0)
    return nn.ModuleList([*layers, last])
