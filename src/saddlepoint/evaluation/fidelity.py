"""How near images come to real ones: each to its own, or all of them to all."""

import math
from dataclasses import replace
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from saddlepoint.extractors import Extractor, load_extractor
from saddlepoint.measures import Measure, Number, measure
from saddlepoint.metrics import (
    Moments,
    edge_sharpness,
    frechet_from_moments,
    patch_moments,
    psnr,
    squared_mmd,
    ssim,
)

#: Rec. 601, as everywhere where colour becomes grey.
LUMA = (0.299, 0.587, 0.114)
#: The PSNR of what is rounded to whole levels, an error of 1/12 of a squared level. An image that is met exactly, as
#: blank ones may be, counts as this: else it alone would make the mean infinite.
EXACT = 10 * math.log10(12 * 255**2)
#: Images worked on together.
TOGETHER = 256
#: Side to which `coarse_pixels` averages.
SIDE = 8
#: The Fréchet distance, or the squared kernel distance without bias.
DistanceName = Literal["frechet", "kernel"]


def resemblance(made: Tensor, target: Tensor) -> dict[str, float]:
    """Means over pairs of images, uint8 (N, C, H, W).

    `l1`: |made − target| in [0, 1]; `psnr` in dB, of an image at most `EXACT`; `ssim`, 1 where they agree.
    """
    total, decibels = 0.0, 0.0
    for x, y in zip(made.split(TOGETHER), target.split(TOGETHER), strict=True):
        total += float((x.double() - y.double()).abs().sum())
        decibels += sum(min(EXACT, psnr(b[None], a[None])) for a, b in zip(x, y, strict=True))
    return {"l1": total / (255 * made.numel()), "psnr": decibels / len(made), "ssim": ssim(target, made)}


def relative_sharpness(made: Tensor, target: Tensor) -> float:
    """The sharpness of edges in images over that in others, uint8: 1 is as sharp, less is blurred."""
    return edge_sharpness(made) / max(edge_sharpness(target), 1e-12)


class Features:
    """Where sets of images are compared: in their patches, or in an extractor's features.

    Args:
        judge: the extractor; None takes patches of 8x8 pixels.
    """

    def __init__(self, judge: Extractor | None) -> None:
        self.judge = judge

    @property
    def name(self) -> str:
        """What to call them: letters, digits and underscores."""
        return "patches" if self.judge is None else "".join(c if c.isalnum() else "_" for c in self.judge.name)

    def moments(self, images: Tensor) -> Moments:
        """Mean and covariance of images, uint8 (N, C, H, W)."""
        return patch_moments(images) if self.judge is None else Moments.of(self.judge(images))

    def distance(self, real: Moments, made: Tensor) -> float:
        """The Fréchet distance of made images from real ones."""
        return frechet_from_moments(real, self.moments(made))

    def measured(self, distance: DistanceName) -> Measure:
        """What a distance in them measures, and what it can't see."""
        if self.judge is None:
            return measure("frechet_patches")
        plain, blind = measure(distance).of(self.name), self.judge.blind
        return plain if not blind else replace(plain, summary=f"{plain.summary}; can't see {blind}")


def features_of(name: str, device: str | torch.device = "cpu") -> Features:
    """Where images are compared: `patches`, or an extractor of a name. Raises ValueError where there is none."""
    return Features(None if name == "patches" else load_extractor(name, device))


def in_channels(images: Tensor, channels: int) -> Tensor:
    """Images (uint8, 1 or 3 channels) in as many as are wanted: grey repeated, colour made grey (Rec. 601)."""
    if images.shape[1] == channels:
        return images
    if channels == 1:
        return (images.float() * torch.tensor(LUMA).view(-1, 1, 1)).sum(1, keepdim=True).round().byte()
    return images.expand(-1, channels, -1, -1)


def coarse_pixels(images: Tensor) -> Tensor:
    """Images (uint8, N C H W) averaged to at most 8x8 pixels, flat, in [0, 1]."""
    side = (min(SIDE, images.shape[2]), min(SIDE, images.shape[3]))
    return adaptive_avg_pool2d(images.double() / 255, side).flatten(1)


class SetDistance:
    """The distance of generated images from some real ones, taken in features.

    `pixel_…`: of images averaged to at most 8x8 pixels, in [0, 1] units. `frechet_patches`: of patches of 8x8 pixels.
    `frechet_…`, `kernel_…`: in the features of the extractor of that name.

    Args:
        images: all real images, uint8 (N, C, H, W); they are read at the first distance.
        chosen: indices of those that are compared.
        features: where they are compared; None takes coarse pixels.
        distance: `frechet`, or `kernel`.

    Raises:
        ValueError: a kernel distance of patches, of which an image has many.
    """

    def __init__(
        self, images: Tensor, chosen: Tensor, features: Features | None = None, distance: DistanceName = "frechet"
    ) -> None:
        if distance == "kernel" and features is not None and features.judge is None:
            raise ValueError("the kernel distance wants one row an image, and patches are many: take frechet")
        self._images, self._chosen, self.features, self.distance = images, chosen, features, distance

    def __len__(self) -> int:
        return len(self._chosen)

    def __call__(self, generated: Tensor) -> Number:
        """Of generated images, uint8 (M, C, H, W)."""
        if self.distance == "kernel":
            return Number(self._measure, squared_mmd(self._real, self._rows(generated)))
        return Number(self._measure, frechet_from_moments(self._moments, self._moments_of(generated)))

    def floor(self, order: Tensor) -> Number:
        """The distance of other real images: what a perfect generator would score with as many of each.

        Of fewer than twice as many, halves are compared, and of Fréchet distances, whose bias falls as 1/n, a part is
        taken off.

        Args:
            order: of all real images, in which those that are compared come first.
        """
        n = len(self)
        if len(order) >= 2 * n:
            return self(self._images[order[n : 2 * n]])
        half = len(order) // 2
        first, second = (self._images[part] for part in (order[:half], order[half : 2 * half]))
        if self.distance == "kernel":
            return Number(self._measure, squared_mmd(self._rows(first), self._rows(second)))
        apart = frechet_from_moments(self._moments_of(first), self._moments_of(second))
        return Number(self._measure, half / n * apart)

    @property
    def _measure(self) -> Measure:
        if self.features is None:
            return measure(f"pixel_{self.distance}")
        return self.features.measured(self.distance)

    @cached_property
    def _real(self) -> Tensor:
        return self._rows(self._images[self._chosen])

    @cached_property
    def _moments(self) -> Moments:
        return self._moments_of(self._images[self._chosen])

    def _moments_of(self, images: Tensor) -> Moments:
        return Moments.of(coarse_pixels(images)) if self.features is None else self.features.moments(images)

    def _rows(self, images: Tensor) -> Tensor:
        judge = None if self.features is None else self.features.judge
        return coarse_pixels(images) if judge is None else judge(images)
