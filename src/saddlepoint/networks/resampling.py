"""Doubling and halving of a grid through a low-pass filter, so that nothing aliases."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d


class Resampling(nn.Module):
    """The grid doubled or halved with the filter [1 3 3 1]/8 a side, zeros beyond the edge.

    Doubling is bilinear interpolation, and halving its transpose, divided by 4. Convolutions, as they are quicker on
    a CPU than `interpolate` and, unlike its gradient, have deterministic algorithms on a GPU.

    Zhang 2019, arXiv 1904.11486; Karras et al. 2020, arXiv 1912.04958 (the filter).

    >>> Resampling(up=False)(torch.ones(1, 1, 8, 8))[0, 0, 1:3, 1:3]
    tensor([[1., 1.],
            [1., 1.]])
    """

    kernel: Tensor

    def __init__(self, up: bool) -> None:
        super().__init__()
        self.up = up
        line = torch.tensor([1.0, 3.0, 3.0, 1.0]) / (4 if up else 8)
        # Not part of the state: it follows the network's device and precision, and never changes.
        self.register_buffer("kernel", torch.outer(line, line), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C, 2H, 2W), or (N, C, H/2, W/2)."""
        channels = x.shape[1]
        resample = conv_transpose2d if self.up else conv2d
        return resample(x, self.kernel.expand(channels, 1, 4, 4), stride=2, padding=1, groups=channels)
