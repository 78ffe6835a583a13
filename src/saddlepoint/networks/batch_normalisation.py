"""Batch normalisation whose gain and shift may depend on the class."""

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding


class ClassBatchNorm(nn.Module):
    """γ_y (x − mean) / deviation + β_y, a row of γ and β a class y; one row for all where there are no classes.

    Dumoulin, Shlens, Kudlur 2017, arXiv 1610.07629; Miyato, Koyama 2018, arXiv 1802.05637.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        rows = max(1, classes)
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Parameter(torch.ones(rows, channels))
        self.shift = nn.Parameter(torch.zeros(rows, channels))

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """(N, channels, H, W) and labels (N,) or None, shape kept."""
        gain, shift = (rows if labels is None else embedding(labels, rows) for rows in (self.gain, self.shift))
        normal: Tensor = self.norm(x)
        return normal * gain[..., None, None] + shift[..., None, None]
