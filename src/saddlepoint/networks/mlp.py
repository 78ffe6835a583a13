"""Fully connected networks."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Literal

from torch import Tensor, nn

Output = Literal["none", "sigmoid", "tanh"]
OUTPUTS: dict[str, type[nn.Module]] = {"none": nn.Identity, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def _layers(sizes: Sequence[int], slope: float) -> list[nn.Module]:
    """Linear layers with leaky ReLU between, none after the last."""
    if min(sizes) < 1:
        raise ValueError(f"a layer has {min(sizes)} units: give every width at least 1")
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(slope)]
    return layers[:-1]


class MLPGenerator(nn.Module):
    """Fully connected: latent → widths → pixels, leaky ReLU between; z(100) → 128 → 128 → 784 is the classical one.

    Args:
        shape: (C, H, W) of what it makes.
        latent: size of its input.
        widths: of the hidden layers.
        slope: of the leaky ReLU below 0.
        output: what the last layer goes through.

    Raises:
        ValueError: a layer without units.

    >>> import torch
    >>> MLPGenerator((1, 28, 28), latent=100, output="sigmoid")(torch.randn(2, 100)).shape
    torch.Size([2, 1, 28, 28])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        latent: int,
        widths: tuple[int, ...] = (128, 128),
        slope: float = 0.2,
        output: Output = "none",
    ) -> None:
        super().__init__()
        self.shape = shape
        self.body = nn.Sequential(*_layers([latent, *widths, prod(shape)], slope), OUTPUTS[output]())

    def forward(self, latent: Tensor) -> Tensor:
        """(N, latent) → (N, C, H, W)."""
        images: Tensor = self.body(latent)
        return images.view(-1, *self.shape)


class MLPDiscriminator(nn.Module):
    """Fully connected: pixels → widths → one logit; 784 → 128 → 128 → 1 is the classical one.

    Args:
        shape: (C, H, W) of what it sees.
        widths: of the hidden layers.
        slope: of the leaky ReLU below 0.

    Raises:
        ValueError: a layer without units.

    >>> import torch
    >>> MLPDiscriminator((1, 28, 28))(torch.randn(2, 1, 28, 28)).shape
    torch.Size([2])
    """

    def __init__(self, shape: tuple[int, int, int], widths: tuple[int, ...] = (128, 128), slope: float = 0.2) -> None:
        super().__init__()
        self.body = nn.Sequential(*_layers([prod(shape), *widths, 1], slope))

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) → logits (N,)."""
        logits: Tensor = self.body(images.flatten(1))
        return logits.squeeze(1)
