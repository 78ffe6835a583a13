"""A plain reading of images that needs no weights: what is where, coarsely, and how rough it is at every scale."""

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, interpolate


class Texture(nn.Module):
    """Of each octave the mean size of the detail in four quarters, and below 16 pixels the image itself.

    >>> Texture()(torch.ones(5, 3, 32, 32)).shape
    torch.Size([5, 240])
    """

    def __init__(self, gain: float = 1.0, cells: int = 2) -> None:
        super().__init__()
        self.gain, self.cells = gain, cells

    def forward(self, images: Tensor) -> Tensor:
        rows = []
        x = images
        while min(x.shape[2:]) >= 16:
            coarse = avg_pool2d(x, 2)
            detail = x - interpolate(coarse, x.shape[2:], mode="bilinear")
            rows.append(self.gain * adaptive_avg_pool2d(detail.abs(), self.cells).flatten(1))
            x = coarse
        rows.append(adaptive_avg_pool2d(x, 8).flatten(1) / 8)
        return torch.cat(rows, 1)
