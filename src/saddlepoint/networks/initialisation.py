"""Starting weights that keep the size of a signal."""

import math

import torch
from torch import nn

#: Of the leaky ReLU below 0, in every network that has no dial for it.
SLOPE = 0.2


def initialise(
    layer: nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d, fan_in: int, gain: float | None = None
) -> None:
    """Weights of variance gain²/fan_in, He's gain for the leaky ReLU where none is given; biases 0.

    He, Zhang, Ren, Sun 2015, arXiv 1502.01852.
    """
    gain = math.sqrt(2 / (1 + SLOPE**2)) if gain is None else gain
    with torch.no_grad():
        layer.weight.normal_(0, gain / math.sqrt(fan_in))
        if layer.bias is not None:
            layer.bias.zero_()
