"""What translators of images have in common: their norms, how they double a grid, what they may add of the input."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from saddlepoint.networks.bases import Base
from saddlepoint.networks.grids import Grid
from saddlepoint.networks.initialisation import initialise
from saddlepoint.networks.output import Output
from saddlepoint.networks.resampling import Resampling

Normalisation = Literal["instance", "none"]
Upsampling = Literal["resize", "transposed"]


class InstanceNorm(nn.Module):
    """(x − mean)/√(variance + 10⁻⁵), over the pixels of each channel of each image; 0 for a single pixel.

    Ulyanov, Vedaldi, Lempitsky 2016, "Instance normalization: the missing ingredient for fast stylization", arXiv
    1607.08022.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W), shape kept."""
        # Groups of one channel. The third derivatives of torch's instance norm, which is a batch norm, are wrong: those
        # that products with the Jacobian of a penalised game need.
        return torch.group_norm(x, x.shape[1], eps=1e-5)


def norm(kind: Normalisation) -> list[nn.Module]:
    """A norm, or nothing."""
    return [InstanceNorm()] if kind == "instance" else []


def doubling(kind: Upsampling, inputs: int, outputs: int) -> list[nn.Module]:
    """The grid doubled: smoothly and then convolved, or by a transposed convolution.

    Either shows no checkerboard by its form: the first has none to show, and in the second every pixel of the output
    sees equally many of the input, 2x2 of them, as its side of 4 is a multiple of 2.
    """
    layer: nn.Conv2d | nn.ConvTranspose2d
    if kind == "resize":
        layer = nn.Conv2d(inputs, outputs, 3, padding=1)
        initialise(layer, fan_in=9 * inputs)
        return [Resampling(up=True), layer]
    layer = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
    initialise(layer, fan_in=4 * inputs)
    return [layer]


def check_translated(source: Grid, shape: Grid) -> None:
    """Raise ValueError where a network of scale 1 is to change the size."""
    if source[1:] != shape[1:]:
        raise ValueError(
            f"it keeps the size, is given {source[1]}x{source[2]} images and is to make {shape[1]}x{shape[2]} ones: "
            f"resize one side, or take a super-resolver"
        )


def check_output(output: Output, base: Base | None) -> None:
    """Raise ValueError where a base would be added to what an output function bends."""
    if base is not None and output != "none":
        raise ValueError(f"a base is added to pixels, which {output} would bend: give output=none, or base=none")


def begin_as_identity(layers: Sequence[nn.Module]) -> None:
    """Put the last of these layers, a convolution, at 0: what it is added to is not changed at first."""
    last = layers[-1]
    assert isinstance(last, nn.Conv2d | nn.ConvTranspose2d)
    initialise(last, fan_in=1, gain=0.0)
