"""What translators of images have in common: their norms, how they double a grid, what they may add of the input."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

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


def check_residual(wanted: bool, source: Grid, shape: Grid, output: Output) -> None:
    """Raise ValueError where the input can't be added to the output."""
    if wanted and source[0] not in (1, shape[0]):
        raise ValueError(
            f"residual_input adds {source[0]} channels to {shape[0]}: give as many on both sides or 1 that is added to "
            f"each, or residual_input=false"
        )
    if wanted and output != "none":
        raise ValueError(f"residual_input adds pixels to pixels, which {output} would bend: give output=none")


def begin_as_identity(layers: Sequence[nn.Module]) -> None:
    """Put the last of these layers, a convolution, at 0: with the input added, nothing is changed at first."""
    last = layers[-1]
    assert isinstance(last, nn.Conv2d | nn.ConvTranspose2d)
    initialise(last, fan_in=1, gain=0.0)
