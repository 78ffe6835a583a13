"""A reading of images that needs no weights: what is where, coarsely, and how rough it is there at every scale."""

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, interpolate

#: Pixels a side of the coarse image; places a side that roughness is told for; the weight of roughness.
COARSE, PLACES, GAIN = 8, 2, 4.0


class Texture(nn.Module):
    """The image averaged to 8x8 pixels, and of every octave above the mean size of its detail in each quarter.

        x_{k+1} = x_k averaged by two,   detail_k = x_k − ↑ x_{k+1},   while the shorter side has at least 16 pixels

    Features are 4 · mean |detail_k| over each quarter, and the pixels of the coarse image over 8, so that all of them
    together weigh as much as their mean does. One row an image, so that any distance between sets can be taken; the
    size of details sees blur, noise and texture, the coarse image colour and composition. Burt, Adelson 1983, "The
    Laplacian pyramid as a compact image code", IEEE Transactions on Communications 31 (the pyramid).

    >>> Texture()(torch.ones(5, 3, 32, 32)).shape
    torch.Size([5, 216])
    """

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] → (N, d)."""
        rows, x = [], images
        while min(x.shape[2:]) >= 2 * COARSE:
            coarse = avg_pool2d(x, 2)
            detail = x - interpolate(coarse, x.shape[2:], mode="bilinear")
            rows.append(GAIN * adaptive_avg_pool2d(detail.abs(), PLACES).flatten(1))
            x = coarse
        height, width = x.shape[2:]
        coarse = adaptive_avg_pool2d(x, (min(COARSE, height), min(COARSE, width)))
        return torch.cat([*rows, coarse.flatten(1) / COARSE], 1)
