"""What a generator's last layer goes through."""

from typing import Literal

from torch import nn

Output = Literal["none", "sigmoid", "tanh"]
OUTPUTS: dict[str, type[nn.Module]] = {"none": nn.Identity, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
