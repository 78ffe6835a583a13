"""Images continued beyond their edges by what lies within them."""

import torch
from torch import Tensor, nn


def continued(images: Tensor, axis: int, count: int) -> Tensor:
    """So many rows or columns more at the end of an axis: by reflection, by the last one where there are too few.

    Written in slices, whose gradients, unlike those of torch's own padding, are deterministic on a GPU.

    >>> continued(torch.tensor([1, 2, 3]), 0, 2), continued(torch.tensor([1, 2, 3]), 0, 3)
    (tensor([1, 2, 3, 2, 1]), tensor([1, 2, 3, 3, 3, 3]))
    """
    length = images.shape[axis]
    if count < length:
        beyond = images.narrow(axis, length - 1 - count, count).flip(axis)
    else:
        beyond = images.narrow(axis, length - 1, 1).repeat_interleave(count, axis)
    return torch.cat([images, beyond], axis)


def padded(images: Tensor, stride: int) -> Tensor:
    """Images (N, C, H, W) continued below and on the right, until their sides are multiples of a stride."""
    for axis in 2, 3:
        beyond = -images.shape[axis] % stride
        images = continued(images, axis, beyond) if beyond else images
    return images


class Reflection(nn.Module):
    """A margin on all four sides, by reflection, so that convolutions see no edge that the image does not have."""

    def __init__(self, margin: int) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C, H + 2 margin, W + 2 margin); an axis that is too short is continued by its ends."""
        for axis in 2, 3:
            if self.margin < x.shape[axis]:
                before = x.narrow(axis, 1, self.margin).flip(axis)
            else:
                before = x.narrow(axis, 0, 1).repeat_interleave(self.margin, axis)
            x = torch.cat([before, continued(x, axis, self.margin)], axis)
        return x
