"""What images look like from close by: the distribution of their patches."""

import torch
from torch import Tensor

from saddlepoint.metrics.moments import Moments

#: Images whose patches are looked at together.
TOGETHER = 64


def patches(images: Tensor, side: int = 8) -> Tensor:
    """All squares of side x side pixels at distances of half a side, flat, (N, C, H, W) → (M, C · side²), in [0, 1].

    Args:
        images: uint8, or floats in [0, 1].
        side: in pixels; the shorter side of smaller images.

    Raises:
        ValueError: not four axes, or a side below 1.

    >>> patches(torch.zeros(2, 3, 16, 16)).shape
    torch.Size([18, 192])
    """
    if images.dim() != 4 or side < 1:
        raise ValueError(f"images have shape {tuple(images.shape)}, the side is {side}: give (N, C, H, W), at least 1")
    side = min(side, *images.shape[2:])
    step = max(1, side // 2)
    values = images.double() / (255 if images.dtype == torch.uint8 else 1)
    squares = values.unfold(2, side, step).unfold(3, side, step)
    return squares.permute(0, 2, 3, 1, 4, 5).reshape(-1, images.shape[1] * side * side)


def patch_moments(images: Tensor, side: int = 8) -> Moments:
    """Mean and covariance of the patches of images, for the Fréchet distance between sets of patches.

    One image has many patches, so that few images have a small bias; and blur, which whole images averaged to a coarse
    grid do not show, takes variance from most of the directions. Patches do not tell what is in the whole image.
    """
    moments: Moments | None = None
    for part in images.split(TOGETHER):
        rows = patches(part, side)
        moments = moments or Moments(rows.shape[1])
        moments.add(rows)
    assert moments is not None
    return moments
