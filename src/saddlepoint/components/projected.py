"""A discriminator that sees images through a network that was trained on photographs."""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from saddlepoint.extractors.efficientnet import CHANNELS, enlarged, imagenet_grids
from saddlepoint.networks import Discriminator
from saddlepoint.networks.grids import Grid
from saddlepoint.networks.initialisation import SLOPE, initialise
from saddlepoint.networks.spectral import normalise_spectrally


class ProjectedDiscriminator(Discriminator):
    """Judges fixed features of an image, those of EfficientNet-Lite0 trained on ImageNet, at up to four scales.

        u_L = C_L F_L,   u_l = S_l (C_l F_l + ↑ u_{l+1}),   logits = (D_1(u_1), …, D_L(u_L))

    F_l is the network's grid at a stride of 4, 8, 16, 32 pixels; C_l are random 1x1 convolutions that mix its channels,
    S_l random 3x3 ones that mix scales; F, C and S never change. D_l are small, and learn with spectral norm. Their
    maps are brought to the size of the finest, every logit repeated, so that in a mean over logits every scale has the
    same weight. It is made for the hinge loss without penalties, and for augmentation, and needs the extra
    saddlepoint[features].

    Args:
        shape: (C, H, W) of what it sees, grey or RGB, from −1 to 1.
        width: channels of u_l and D_l.
        scales: how many of the four, finest first.
        least: images of smaller sides are enlarged to this before they are seen.
        auxiliary: an auxiliary classifier in place of the projection of classes; both see the last maps' means.
        classes: how many there are.

    Raises:
        ValueError: the extra is missing, a dial out of range, or images of other channels.

    Sauer, Chitta, Müller, Geiger 2021, "Projected GANs converge faster", arXiv 2111.01007. There images are enlarged to
    256 pixels, and the widest u_l has 512 channels; here all is small enough for a CPU.
    """

    def __init__(
        self,
        shape: Grid,
        width: int = 64,
        scales: int = 4,
        least: int = 64,
        auxiliary: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__(shape, classes, auxiliary, packing=1)
        if min(width, least) < 1:
            raise ValueError(f"width is {width} and least {least}: give at least 1 each")
        if shape[0] not in (1, 3):
            raise ValueError(f"images have {shape[0]} channels: the features are of grey (1) or RGB (3) ones")
        self.least = least
        grids = imagenet_grids(scales)
        channels = [nn.Conv2d(inputs, width, 1, bias=False) for inputs in CHANNELS[:scales]]
        mixing = [nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(scales - 1)]
        for layer in (*channels, *mixing):
            initialise(layer, fan_in=layer.in_channels * layer.kernel_size[0] ** 2, gain=1.0)
        self.features, self.channels, self.mixing = grids, nn.ModuleList(channels), nn.ModuleList(mixing)
        for fixed in (self.features, self.channels, self.mixing):
            fixed.requires_grad_(False)
        self.judges = nn.ModuleList(
            _Judge(width, max(least, min(shape[1:])) // 2 ** (scale + 2)) for scale in range(scales)
        )
        self.add_heads(scales * width)
        normalise_spectrally(self.judges)

    def judge(self, images: Tensor) -> tuple[Tensor, ...]:
        """(N, C, H, W) → means of each scale's last map (N, d), logits (N, scales, h, w)."""
        # From −1 to 1 is what the network was trained on, to half a level.
        grids = self.features(enlarged(images.expand(-1, 3, -1, -1), self.least))
        seen = [mix(grid) for mix, grid in zip(self.channels, grids, strict=True)]
        for scale in reversed(range(len(self.mixing))):
            coarser = interpolate(seen[scale + 1], seen[scale].shape[2:], mode="bilinear")
            seen[scale] = self.mixing[scale](seen[scale] + coarser)
        features, logits = list[Tensor](), list[Tensor]()
        for judge, grid in zip(self.judges, seen, strict=True):
            last, made = judge(grid)
            features.append(last.mean((2, 3)))
            logits.append(made if not logits else interpolate(made, logits[0].shape[2:], mode="nearest"))
        return torch.cat(features, 1), torch.cat(logits, 1)


class _Judge(nn.Module):
    """Of one scale: halvings down to 4 to 7 pixels, then a logit for every place."""

    def __init__(self, width: int, side: int) -> None:
        super().__init__()
        halvings = max(0, side.bit_length() - 3)
        layers = [nn.Conv2d(width, width, 4, stride=2, padding=1) for _ in range(halvings)]
        layers.append(nn.Conv2d(width, width, 3, padding=1))
        self.layers, self.last = nn.ModuleList(layers), nn.Conv2d(width, 1, 1)
        for layer in layers:
            initialise(layer, fan_in=width * layer.kernel_size[0] ** 2)
        initialise(self.last, fan_in=width, gain=1.0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, width, h, w) → the last map (N, width, h', w'), logits (N, 1, h', w')."""
        for layer in self.layers:
            x = leaky_relu(layer(x), SLOPE)
        return x, self.last(x)
