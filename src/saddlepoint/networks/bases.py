"""What a translator starts from and learns the difference to: the input enlarged, its colours as those of targets."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from saddlepoint.networks.grids import Grid

#: Rec. 601.
LUMA = (0.299, 0.587, 0.114)
#: Levels between which a colour map is straight, of each channel; what holds it to doing nothing, in pixels.
KNOTS, HOLD = 33, 10.0
#: Pixels of a batch that a map is fitted to, about; the largest scale.
PIXELS, LARGEST = 1 << 14, 8


class Base(nn.Module):
    """The simple method whose result a translator's output is added to.

        b(x) = enlarged(x) + Σ_c f_c(x_c)

    The input is enlarged bicubically, with its channels brought to those of the output: equal ones are kept, grey is
    repeated, colour made grey (Rec. 601). `f` is 0, or, once `fit` was called, the sum of functions of each channel,
    straight between 33 levels, that comes nearest to the targets: of grey inputs the mean colour of each grey.

    Args:
        source: (C, H, W) of inputs, whose last channel may be a mask.
        shape: (C', s H, s W) of outputs, s 1 to 8.
        masked: whether the last channel of the input says what is hidden (white).
        keeps: whether what is not hidden stays as it is given; needs equal sizes.
        mapped: whether colours are mapped.
        low, high: black and white.

    Raises:
        ValueError: sizes or channels that don't fit.

    >>> Base((1, 4, 4), (3, 8, 8))(torch.zeros(1, 1, 4, 4)).shape
    torch.Size([1, 3, 8, 8])
    """

    def __init__(
        self,
        source: Grid,
        shape: Grid,
        *,
        masked: bool = False,
        keeps: bool = False,
        mapped: bool = False,
        low: float = -1.0,
        high: float = 1.0,
    ) -> None:
        super().__init__()
        self.scale, self.masked, self.keeps, self.mapped = scale_of(source, shape), masked, keeps, mapped
        self.given, self.made = source[0] - masked, shape[0]
        self.low, self.high = low, high
        if self.given != self.made and {self.given, self.made} != {1, 3}:
            raise ValueError(
                f"{self.given} channels can't be brought to {self.made}: give as many on both sides, or grey and colour"
            )
        if keeps and not (masked and self.scale == 1):
            raise ValueError("what is not hidden can be kept where there is a mask, and sizes are equal")
        self.map: Tensor | None
        self.register_buffer("map", torch.zeros(KNOTS * self.given, self.made) if mapped else None)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C', s H, s W)."""
        shown = images[:, : self.given]
        start = self._in_channels(shown)
        if self.map is not None:
            start = start + self._mapped(shown)
        if self.scale == 1:
            return start
        # With antialias the cubic is Keys' (a = −½), as image libraries have it, which keeps slopes; without, a is −¾.
        return interpolate(start, scale_factor=float(self.scale), mode="bicubic", antialias=True)

    def corrected(self, images: Tensor, difference: Tensor) -> Tensor:
        """The base plus what a network adds (N, C', s H, s W); only where pixels are hidden, if the others are kept."""
        if self.keeps:
            difference = difference * ((images[:, -1:] - self.low) / (self.high - self.low))
        base: Tensor = self(images)
        return base + difference

    def fit(self, pairs: Iterable[tuple[Tensor, Tensor]]) -> tuple[float, float]:
        """Fit the map of colours by least squares; gives the mean squared errors without and with it.

        Args:
            pairs: of inputs (N, C, H, W) and targets (N, C', s H, s W), on the CPU, of which some pixels are taken.
        """
        assert self.map is not None
        size = KNOTS * self.given
        square = HOLD / KNOTS * torch.eye(size, dtype=torch.float64)
        product = torch.zeros(size, self.made, dtype=torch.float64)
        before, count = 0.0, 0
        for inputs, targets in pairs:
            shown = inputs[:, : self.given]
            rest = avg_pool2d(targets, self.scale) - self._in_channels(shown)
            colours, rest = (x.double().permute(0, 2, 3, 1).flatten(0, 2) for x in (shown, rest))
            some = slice(None, None, len(rest) // PIXELS + 1)
            hats, rest = self._hats(colours[some]).flatten(1), rest[some]
            square += hats.T @ hats
            product += hats.T @ rest
            before, count = before + float(rest.square().sum()), count + rest.numel()
        found = torch.linalg.solve(square, product)
        self.map.copy_(found)
        explained = float((2 * found * product).sum() - (found * (square @ found)).sum())
        return before / count, (before - explained) / count

    def _in_channels(self, shown: Tensor) -> Tensor:
        if self.given == self.made:
            return shown
        if self.given == 1:
            return shown.expand(-1, self.made, -1, -1)
        weights = torch.tensor(LUMA, dtype=shown.dtype, device=shown.device).view(1, 3, 1, 1)
        return (shown * weights).sum(1, keepdim=True)

    def _hats(self, colours: Tensor) -> Tensor:
        """Weights of the levels around each value of colours (pixels, C), (pixels, C, knots)."""
        at = ((colours - self.low) / (self.high - self.low) * (KNOTS - 1))[..., None]
        return (1 - (at - torch.arange(KNOTS, dtype=colours.dtype)).abs()).clamp_min(0)

    def _mapped(self, shown: Tensor) -> Tensor:
        assert self.map is not None
        at = ((shown - self.low) / (self.high - self.low) * (KNOTS - 1)).clamp(0, KNOTS - 1)
        below = at.floor().clamp(max=KNOTS - 2)
        part = (at - below).permute(0, 2, 3, 1)[..., None].to(self.map.dtype)
        first = torch.arange(self.given, device=shown.device) * KNOTS
        rows = below.long().permute(0, 2, 3, 1) + first
        moved = ((1 - part) * self.map[rows] + part * self.map[rows + 1]).sum(3)
        return moved.permute(0, 3, 1, 2)


def scale_of(source: Grid, shape: Grid) -> int:
    """How many times as large a side of the output is.

    >>> scale_of((1, 8, 12), (3, 32, 48))
    4

    Raises:
        ValueError: not the same whole number from 1 to 8 for both sides.
    """
    scale = shape[1] // source[1]
    if not 1 <= scale <= LARGEST or (source[1] * scale, source[2] * scale) != tuple(shape[1:]):
        raise ValueError(
            f"it is given {source[1]}x{source[2]} images and is to make {shape[1]}x{shape[2]} ones: give sides that "
            f"are the same 1 to {LARGEST} times as long"
        )
    return scale
