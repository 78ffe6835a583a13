"""Fully connected networks, of samples of any shape."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Literal

from torch import Tensor, nn

from saddlepoint.networks.minibatch import MinibatchDeviation
from saddlepoint.networks.output import OUTPUTS, Output
from saddlepoint.networks.players import Code, Discriminator, Generator
from saddlepoint.networks.spectral import normalise_spectrally

Activation = Literal["leaky", "relu", "tanh", "silu"]
Normalisation = Literal["none", "batch"]


class MLPGenerator(Generator):
    """Fully connected: latent → widths → pixels, leaky ReLU between; z(100) → 128 → 128 → 784 is the classical one.

    Args:
        shape: of what it makes, (C, H, W) or (d,).
        latent: size of its input.
        widths: of the hidden layers.
        slope: of the leaky ReLU below 0.
        output: what the last layer goes through.
        normalisation: of every hidden layer before its activation.
        activation: of the hidden layers; tanh and silu are smooth, as the theory of iterations assumes of a game.
        classes: how many there are; the class's embedding stands behind the latent.

    Raises:
        ValueError: a layer without units.

    >>> import torch
    >>> MLPGenerator((1, 28, 28), latent=100, output="sigmoid")(torch.randn(2, 100)).shape
    torch.Size([2, 1, 28, 28])
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        latent: int,
        widths: tuple[int, ...] = (128, 128),
        slope: float = 0.2,
        output: Output = "none",
        normalisation: Normalisation = "none",
        activation: Activation = "leaky",
        classes: int = 0,
    ) -> None:
        super().__init__(classes)
        self.shape = shape
        self.entry = Code(latent, classes)
        layers = _layers([self.entry.size, *widths, prod(shape)], slope, activation, normalisation)
        self.body = nn.Sequential(*layers, OUTPUTS[output]())

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(N, latent) → (N, *shape)."""
        images: Tensor = self.body(self.entry(latent, labels))
        return images.view(-1, *self.shape)


class MLPDiscriminator(Discriminator):
    """Fully connected: pixels → widths → one logit; 784 → 128 → 128 → 1 is the classical one.

    Args:
        shape: of what it sees, (C, H, W) or (d,).
        widths: of the hidden layers.
        slope: of the leaky ReLU below 0.
        activation: of the hidden layers; tanh and silu are smooth, as the theory of iterations assumes of a game.
        spectral: spectral norm of every layer.
        deviation: the minibatch's standard deviation as one more input.
        packing: samples judged together.
        auxiliary: an auxiliary classifier in place of the projection of classes.
        classes: how many there are.

    Raises:
        ValueError: a layer without units, or options that exclude each other.

    >>> import torch
    >>> MLPDiscriminator((1, 28, 28))(torch.randn(2, 1, 28, 28)).shape
    torch.Size([2])
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        widths: tuple[int, ...] = (128, 128),
        slope: float = 0.2,
        activation: Activation = "leaky",
        spectral: bool = False,
        deviation: bool = False,
        packing: int = 1,
        auxiliary: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__(shape, classes, auxiliary, packing)
        sizes = [prod(self.seen) + deviation, *widths, 1]
        self.body = nn.Sequential(
            *([MinibatchDeviation()] if deviation else []), *_layers(sizes, slope, activation, "none")
        )
        self.add_heads(sizes[-2])
        if spectral:
            normalise_spectrally(self)

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, *seen) → the last hidden layer (N, d) and logits (N, 1)."""
        *hidden, last = self.body
        features = images.flatten(1)
        for layer in hidden:
            features = layer(features)
        return features, last(features)


def _layers(
    sizes: Sequence[int], slope: float, activation: Activation, normalisation: Normalisation
) -> list[nn.Module]:
    """Linear layers with normalisation and activation between, nothing after the last."""
    if min(sizes) < 1:
        raise ValueError(f"a layer has {min(sizes)} units: give every width at least 1")
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes[:-1]):
        layers.append(nn.Linear(inputs, outputs))
        if normalisation == "batch":
            layers.append(nn.BatchNorm1d(outputs))
        layers.append(nn.LeakyReLU(slope) if activation == "leaky" else _ACTIVATIONS[activation]())
    return [*layers, nn.Linear(sizes[-2], sizes[-1])]


_ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU}
