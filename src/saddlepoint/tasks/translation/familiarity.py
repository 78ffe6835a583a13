"""How far an image is from those that a network learned from: what both look like, in a few numbers with names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from saddlepoint.core import rng
from saddlepoint.data.image_collection import Photographs
from saddlepoint.evaluation.fidelity import in_channels

#: Share of the windows of training images beyond the ends, on either side.
BEYOND = 0.005
#: The least width of a property's span: training images may be of one kind, and others of that kind differ a little.
LEAST = {
    "brightness": 0.3,
    "contrast": 0.15,
    "red": 0.15,
    "blue": 0.15,
    "colour": 0.25,
    "noise": 0.03,
    "detail": 1.5,
}
#: Spans beyond the ends from which an image is told to be unlike, and from which it is left out.
UNLIKE, FOREIGN = 0.25, 1.0
#: Windows of an image along either side that are looked at; of training images, in all; their sides at most.
ALONG, LOOKED_AT, SIDE = 3, 256, 128


def properties(image: Tensor) -> dict[str, float]:
    """What a window (uint8, 1 or 3 channels, H W) looks like.

    `brightness` and `contrast`, mean and deviation of the luma, in [0, 1]; `red` and `blue`, by how much these are
    brighter than the luma; `colour`, the deviation of the differences of channels; `noise`, the deviation of what a
    Laplacian leaves (Immerkær 1996, "Fast noise variance estimation"); `detail`, the binary logarithm of the contrast
    between neighbouring pixels over that between squares of 4x4. None depends on a window's size.
    """
    values = image[None].double() / 255
    luma = in_channels(image[None], 1)[0].double() / 255
    found = {"brightness": float(luma.mean()), "contrast": float(luma.std(correction=0))}
    if len(image) == 3:
        found["red"], found["blue"] = (float(values[0, c].mean() - luma.mean()) for c in (0, 2))
        found["colour"] = float(
            (values[0, 0] - values[0, 1]).std(correction=0) + (values[0, 2] - values[0, 1]).std(correction=0)
        )
    laplacian = torch.tensor([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]], dtype=torch.float64) / 6
    if min(luma.shape[-2:]) >= 3:
        rest = conv2d(luma[None], laplacian[None, None]).abs()
        found["noise"] = float(rest.median()) / 0.6745
    if min(luma.shape[-2:]) >= 8:
        fine, coarse = (_steps(x) for x in (luma[None], avg_pool2d(luma[None], 4)))
        found["detail"] = log2((fine + 1e-3) / (coarse + 1e-3))
    return found


def windows_of(photographs: Photographs, multiple: int = 1) -> Iterator[tuple[Tensor, int, int, tuple[int, int]]]:
    """Windows anywhere in some images, evenly over all: image, top, left, (height, width), multiples of a number."""
    places = rng(0, "learned")
    for number in range(LOOKED_AT):
        image = photographs[number * len(photographs) // LOOKED_AT % len(photographs)]
        height, width = (min(SIDE, side // multiple) * multiple for side in image.shape[1:])
        room = (own - cut + 1 for own, cut in zip(image.shape[1:], (height, width), strict=True))
        top, left = (int(torch.randint(most, (), generator=places)) for most in room)
        yield image, top, left, (height, width)


@dataclass(frozen=True)
class Learned:
    """What a network learned from.

    Attributes:
        side: of the windows of its inputs that were looked at, in pixels.
        ends: for each property between what they lie, but for the outermost few.
    """

    side: int
    ends: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, windows: Sequence[Tensor]) -> Self:
        """From windows of inputs, uint8 (C, H, W) each."""
        found: dict[str, list[float]] = {}
        for window in windows:
            for name, value in properties(window).items():
                found.setdefault(name, []).append(value)
        share = torch.tensor([BEYOND, 1 - BEYOND])
        ends = {name: torch.quantile(torch.tensor(values), share).tolist() for name, values in found.items()}
        side = int(torch.tensor([min(window.shape[1:]) for window in windows]).median())
        return cls(side, {name: (round(low, 4), round(high, 4)) for name, (low, high) in ends.items()})

    def plain(self) -> dict[str, Any]:
        """As a configuration file has it."""
        return {"side": self.side, "ends": {name: list(ends) for name, ends in self.ends.items()}}

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """The same of what a file has. Raises whatever is wrong with it."""
        ends = {name: (float(low), float(high)) for name, (low, high) in plain["ends"].items() if name in LEAST}
        return cls(int(plain["side"]), ends)

    def distance(self, image: Tensor) -> tuple[float, str]:
        """How far an image (uint8, C H W) lies beyond the ends, in spans between them, and by which property.

        Of some windows of the image the middle value of each property counts; 0 and "" are within.
        """
        windows = [properties(window) for window in _windows(image, self.side)]
        worst, which = 0.0, ""
        for name, (low, high) in self.ends.items():
            values = [found[name] for found in windows if name in found]
            if not values:
                continue
            middle = float(torch.tensor(values).median())
            beyond = max(low - middle, middle - high) / max(high - low, LEAST[name])
            if beyond > worst:
                worst, which = beyond, f"its {name} is {middle:.2f}, learned from {low:.2f} to {high:.2f}"
        return worst, which


# --- inside -------------------------------------------------------------------------------------------


def _steps(luma: Tensor) -> float:
    return float((luma[..., 1:] - luma[..., :-1]).abs().mean() + (luma[..., 1:, :] - luma[..., :-1, :]).abs().mean())


def _windows(image: Tensor, side: int) -> list[Tensor]:
    height, width = image.shape[1:]
    tops, lefts = (
        sorted({max(0, length - side) * k // (ALONG - 1) for k in range(ALONG)}) for length in (height, width)
    )
    return [image[:, top : top + side, left : left + side] for top in tops for left in lefts]
