"""What images look like from close by: the distribution of their patches."""

import torch
from torch import Tensor

from saddlepoint.metrics.features import Features
from saddlepoint.metrics.images import image_array, unit
from saddlepoint.metrics.moments import Moments

#: Images whose patches are looked at together.
TOGETHER = 64


def patches(images: Features, side: int = 8) -> Tensor:
    """All squares of side x side pixels at distances of half a side, flat, (N, C, H, W) → (M, C · side²), in [0, 1].

    Args:
        images: uint8 or floats from 0 to 1; arrays or tensors.
        side: in pixels; the shorter side of smaller images.

    Raises:
        ValueError: images that are not such, or a side below 1.

    >>> patches(torch.zeros(2, 3, 16, 16)).shape
    torch.Size([18, 192])
    """
    if side < 1:
        raise ValueError(f"side is {side}: give at least 1")
    values = torch.from_numpy(unit(image_array(images, "the")))
    side = min(side, *values.shape[2:])
    step = max(1, side // 2)
    squares = values.unfold(2, side, step).unfold(3, side, step)
    return squares.permute(0, 2, 3, 1, 4, 5).reshape(-1, values.shape[1] * side * side)


def patch_moments(images: Features, side: int = 8) -> Moments:
    """Mean and covariance of the patches of images, for the Fréchet distance between sets of patches.

    One image has many patches, so that few images have a small bias; and blur, which whole images averaged to a coarse
    grid do not show, takes variance from most of the directions. Patches do not tell what is in the whole image.

    Raises:
        ValueError: images that are not such, or a side below 1.
    """
    array = image_array(images, "the")
    parts = (patches(array[start : start + TOGETHER], side) for start in range(0, len(array), TOGETHER))
    moments = Moments.of(next(parts))
    for rows in parts:
        moments.add(rows)
    return moments
