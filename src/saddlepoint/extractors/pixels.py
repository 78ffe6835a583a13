"""The plainest features: the pixels themselves, averaged to a coarse grid."""

from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d


class AveragedPixels(nn.Module):
    """Images averaged to at most side x side pixels, flat.

    >>> import torch
    >>> AveragedPixels(2)(torch.ones(5, 3, 8, 8)).shape
    torch.Size([5, 12])
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C·h·w), h and w at most the side."""
        height, width = images.shape[2:]
        return adaptive_avg_pool2d(images, (min(self.side, height), min(self.side, width))).flatten(1)
