"""Pixels of an image at other places. All is linear in the images, so derivatives of all orders exist.

`torch.nn.functional.grid_sample` would do the interpolation, but not in every version can its gradient be
differentiated again, and its reflection is not the one of whole pixels.
"""

import torch
from torch import Tensor


def grid(images: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column of each pixel, whole numbers (1, H, 1) and (1, 1, W)."""
    height, width = images.shape[2:]
    rows = torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device)
    return rows[None, :, None], columns[None, None, :]


def reflected(index: Tensor, size: int) -> Tensor:
    """Fold whole numbers into [0, size), as two mirrors at the image's edges do.

    >>> reflected(torch.arange(-3, 6), 3)
    tensor([2, 1, 0, 0, 1, 2, 2, 1, 0])
    """
    index = torch.remainder(index, 2 * size)
    return torch.minimum(index, 2 * size - 1 - index)


def taken(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels at whole rows and columns, which broadcast to (N, H', W'); outside lies the mirror image."""
    count, channels, height, width = images.shape
    place = reflected(rows, height) * width + reflected(columns, width)
    flat = place.flatten(1).unsqueeze(1).expand(count, channels, -1)
    return images.flatten(2).gather(2, flat).view(count, channels, *place.shape[1:])


def interpolated(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The images at fractional rows and columns (N, H', W'), bilinear between the four pixels around."""
    top, left = rows.floor(), columns.floor()
    down, right = (rows - top).to(images).unsqueeze(1), (columns - left).to(images).unsqueeze(1)
    above, before = top.long(), left.long()
    upper = torch.lerp(taken(images, above, before), taken(images, above, before + 1), right)
    lower = torch.lerp(taken(images, above + 1, before), taken(images, above + 1, before + 1), right)
    return torch.lerp(upper, lower, down)


def whole(u: Tensor, most: int) -> Tensor:
    """Uniform on {−most, …, most}, as (N, 1, 1), from uniform numbers (N,) on [0, 1)."""
    return (u * (2 * most + 1)).floor().long()[:, None, None] - most


def window(images: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """A rectangle of half the height and half the width, centred anywhere in the image: bool (N, 1, H, W)."""
    rows, columns = grid(images)

    def inside(places: Tensor, size: int, centre: Tensor) -> Tensor:
        extent = (size + 1) // 2
        first = (centre * (size + 1)).floor().long()[:, None, None] - extent // 2
        return (places >= first) & (places < first + extent)

    return (inside(rows, images.shape[2], u) & inside(columns, images.shape[3], v)).unsqueeze(1)
