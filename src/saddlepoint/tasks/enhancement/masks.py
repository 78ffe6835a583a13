"""What is hidden of a photograph: boxes and strokes of any size, and holes that are filled from what surrounds them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

Hiding = Literal["boxes", "strokes", "mixed"]
#: Sides of boxes and thicknesses of strokes, least and greatest, as shares of a photograph's sides.
BOX, STROKE = (1 / 24, 1 / 3), (1 / 96, 1 / 12)
#: Cells a side of the grid by which the share of a large photograph that is hidden is reckoned.
GRID = 32
#: Shares of a window that have to be hidden, least and greatest, and how often it is drawn again for that.
TOLD, TRIES = (0.02, 0.9), 16
#: Steps of relaxation on every grid of the filling.
STEPS = 6


@dataclass(frozen=True)
class Window:
    """A part of a photograph.

    Attributes:
        whole: height and width of the photograph, in pixels.
        top, left: where the part begins.
        height, width: of the part.
    """

    whole: tuple[int, int]
    top: int
    left: int
    height: int
    width: int

    @classmethod
    def all_of(cls, height: int, width: int) -> "Window":
        """The photograph as a whole, before it is cut."""
        return cls((height, width), 0, 0, height, width)

    def grid(self, cells: tuple[int, int] | None = None) -> tuple[Tensor, Tensor]:
        """Middles of its pixels, in pixels of the photograph: down (H, 1) and across (1, W); or of fewer cells."""
        rows, columns = cells or (self.height, self.width)
        down = self.top + (torch.arange(rows) + 0.5) * (self.height / rows)
        across = self.left + (torch.arange(columns) + 0.5) * (self.width / columns)
        return down[:, None], across[None, :]


class Piece(Protocol):
    """One thing that hides pixels."""

    def __call__(self, down: Tensor, across: Tensor) -> Tensor:
        """Which of the points (H, 1), (1, W) are hidden, bool (H, W)."""


def hidden_pixels(kind: Hiding, share: float, window: Window, source: torch.Generator) -> Tensor:
    """Which pixels of a window are hidden, bool (H, W), where a share of the whole photograph is.

    One piece after another is laid onto the photograph until the share is hidden. A window in which next to nothing
    or nearly all is hidden teaches nothing: for it the photograph's pieces are drawn again.

    Args:
        kind: what hides; `mixed` takes either, by chance.
        share: of the whole photograph's pixels, at least, as far as a grid of 32x32 cells tells.
        window: the part that is looked at.
        source: of random numbers.
    """
    whole, part = Window.all_of(*window.whole), window.grid()
    cells = tuple(min(GRID, side) for side in window.whole)
    coarse = whole.grid((cells[0], cells[1]))
    found = torch.zeros(window.height, window.width, dtype=torch.bool)
    for _ in range(TRIES if share else 0):
        found = torch.zeros_like(found)
        covered = torch.zeros(cells, dtype=torch.bool)
        for piece in _pieces(kind, window.whole, source):
            covered |= piece(*coarse)
            found |= piece(*part)
            if float(covered.double().mean()) >= share:
                break
        if TOLD[0] <= float(found.double().mean()) <= TOLD[1]:
            break
    return found


def filled(image: Tensor, hidden: Tensor) -> Tensor:
    """An image whose hidden pixels are continued smoothly from the others, which stay as they are.

    About the solution of Laplace's equation: on ever coarser grids the means of what is known, then back, each grid
    begun by the coarser one and relaxed by a few steps of u ← mean of the four neighbours. Where all is hidden, grey.

    Args:
        image: uint8 (C, H, W), or int32 of 16 bits.
        hidden: bool (H, W).

    Bertalmio, Sapiro, Caselles, Ballester 2000, "Image inpainting", SIGGRAPH (diffusion); Burt 1988 (the grids).
    """
    white = 255 if image.dtype == torch.uint8 else 65535
    if not bool(hidden.any()):
        return image
    if bool(hidden.all()):
        return torch.full_like(image, (white + 1) // 2)
    known = (~hidden).float()[None]
    levels: list[tuple[Tensor, Tensor]] = [(image.float() * known, known)]
    while not bool((levels[-1][1] > 0).all()):
        # Sides are made even by zeros of no weight.
        values, weights = (pad(x, (0, x.shape[2] % 2, 0, x.shape[1] % 2)) for x in levels[-1])
        share = avg_pool2d(weights, 2)
        levels.append((avg_pool2d(values * weights, 2) / share.clamp_min(1e-9), share))
    guess = levels[-1][0]
    for values, weights in reversed(levels[:-1]):
        wanted = (2 * guess.shape[1], 2 * guess.shape[2])
        finer = interpolate(guess[None], wanted, mode="bilinear")[0, :, : values.shape[1], : values.shape[2]]
        free = weights == 0
        guess = torch.where(free, finer, values)
        for _ in range(STEPS):
            guess = torch.where(free, _neighbours(guess), values)
    return torch.where(hidden, guess.round().clamp(0, white).to(image.dtype), image)


# --- inside -------------------------------------------------------------------------------------------


def _neighbours(values: Tensor) -> Tensor:
    """Means of the four neighbours, the edge's pixels repeated beyond it."""
    cross = torch.tensor([[0.0, 0.25, 0.0], [0.25, 0.0, 0.25], [0.0, 0.25, 0.0]])
    around = pad(values[None], (1, 1, 1, 1), mode="replicate")
    return conv2d(around.transpose(0, 1), cross[None, None]).transpose(0, 1)[0]


def _pieces(kind: Hiding, whole: tuple[int, int], source: torch.Generator) -> Iterator[Piece]:
    boxes = kind == "boxes" or (kind == "mixed" and bool(torch.rand((), generator=source) < 0.5))
    while True:
        draws = torch.rand(12, generator=source, dtype=torch.float64).tolist()
        yield _box(whole, draws) if boxes else _stroke(whole, draws)


def _between(ends: tuple[float, float], draw: float) -> float:
    """Uniform in the logarithm, so that all sizes are as frequent."""
    return float(ends[0] * (ends[1] / ends[0]) ** draw)


def _box(whole: tuple[int, int], draws: list[float]) -> Piece:
    tall, wide = (max(1, round(side * _between(BOX, draw))) for side, draw in zip(whole, draws[:2], strict=True))
    top, left = (
        int(draw * (side - long + 1)) for side, long, draw in zip(whole, (tall, wide), draws[2:4], strict=True)
    )

    def box(down: Tensor, across: Tensor) -> Tensor:
        return (down >= top) & (down < top + tall) & (across >= left) & (across < left + wide)

    return box


def _stroke(whole: tuple[int, int], draws: list[float]) -> Piece:
    """A bent line of a round brush: three parts, each turned against the last by up to a right angle."""
    radius = max(0.75, min(whole) * _between(STROKE, draws[0]) / 2)
    y, x, angle = draws[1] * whole[0], draws[2] * whole[1], 2 * math.pi * draws[3]
    points = [(y, x)]
    for turn, length in zip(draws[4:7], draws[7:10], strict=True):
        angle += math.pi * (turn - 0.5)
        reach = max(whole) * (0.05 + 0.2 * length)
        y, x = y + reach * math.sin(angle), x + reach * math.cos(angle)
        points.append((y, x))

    def stroke(down: Tensor, across: Tensor) -> Tensor:
        return _any(_near(down, across, *ends, radius) for ends in pairwise(points))

    return stroke


def _near(down: Tensor, across: Tensor, one: tuple[float, float], other: tuple[float, float], radius: float) -> Tensor:
    """Which points are no farther than the radius from the segment between two points."""
    dy, dx = other[0] - one[0], other[1] - one[1]
    along = (((down - one[0]) * dy + (across - one[1]) * dx) / max(dy**2 + dx**2, 1e-12)).clamp(0, 1)
    return (down - one[0] - along * dy).square() + (across - one[1] - along * dx).square() <= radius**2


def _any(masks: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(masks)).any(0)
