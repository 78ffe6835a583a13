"""How images that were made of others resemble the ones that they were to be."""

import math

import torch
from torch import Tensor

from saddlepoint.extractors import Extractor
from saddlepoint.metrics import Moments, edge_sharpness, frechet_from_moments, patch_moments, psnr, ssim

#: Rec. 601, as everywhere where colour becomes grey.
LUMA = (0.299, 0.587, 0.114)
#: The PSNR of what is rounded to whole levels, an error of 1/12 of a squared level. An image that is met exactly, as
#: blank ones may be, counts as this: else it alone would make the mean infinite.
EXACT = 10 * math.log10(12 * 255**2)
#: Images worked on together.
TOGETHER = 256


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


def in_channels(images: Tensor, channels: int) -> Tensor:
    """Images (uint8, 1 or 3 channels) in as many as are wanted: grey repeated, colour made grey (Rec. 601)."""
    if images.shape[1] == channels:
        return images
    if channels == 1:
        return (images.float() * torch.tensor(LUMA).view(-1, 1, 1)).sum(1, keepdim=True).round().byte()
    return images.expand(-1, channels, -1, -1)
