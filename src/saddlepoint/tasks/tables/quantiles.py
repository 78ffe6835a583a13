"""A column's distribution function in pieces that tell of no single row, and normal scores by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Numbers = NDArray[np.float64]
#: Pieces of a column, about.
PIECES = 1_000
#: Scores are no further out: Φ(−4).
TAIL = 3.2e-5


@dataclass(frozen=True)
class Quantiles:
    """z = Φ⁻¹(F(v)), F piecewise linear, and back: whatever the numbers' distribution, scores are about normal.

    A value that many rows share is a piece of its own, at which F jumps; its score is drawn uniformly within the jump,
    and every score in there comes back as exactly this value. So the ages, the round hours and the prices that end in
    99 return as often as they were there. Between such values a piece stands for the mean of several rows.

    Attributes:
        ends: F at the end of each piece.
        lows, highs: the values where each begins and ends.
    """

    ends: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()

    @classmethod
    def fit(cls, values: Numbers, rare: int = 0) -> Self:
        """Of numbers, all finite; a piece is of `rare` of them at least, and of two in any case.

        >>> made = Quantiles.fit(np.repeat([1.0, 5.0], [30, 10])).back(np.array([-3.0, 0.0, 0.6, 0.7]))
        >>> made.tolist()
        [1.0, 1.0, 1.0, 5.0]
        """
        size = max(rare, -(-len(values) // PIECES), 2)
        ends, lows, highs = (part.numpy() for part in pieces_of(torch.from_numpy(np.sort(values)), size))
        # The outer pieces begin or end at the mean of their rows: they are as long on its other side.
        lows[0], highs[-1] = 2 * lows[0] - highs[0], 2 * highs[-1] - lows[-1]
        return cls(*(tuple(part.tolist()) for part in (ends, lows, highs)))

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """What `asdict` gave. Raises KeyError or TypeError where it is none."""
        return cls(*(tuple(map(float, plain[key])) for key in ("ends", "lows", "highs")))

    @cached_property
    def _arrays(self) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        ends, lows, highs = (np.array(part) for part in (self.ends, self.lows, self.highs))
        return np.concatenate([[0.0], ends[:-1]]), ends, lows, highs

    def forward(self, values: Numbers, uniform: Numbers) -> Numbers:
        """Scores of values, with a number uniform on [0, 1) for each, by which it is drawn within a jump."""
        begins, ends, lows, highs = self._arrays
        first = np.searchsorted(highs, values, side="left").clip(max=len(ends) - 1)
        last = np.maximum(first, np.searchsorted(lows, values, side="right") - 1)
        width = highs[first] - lows[first]
        sloped = (last == first) & (width > 0)
        within = ((values - lows[first]) / np.where(sloped, width, 1.0)).clip(0, 1)
        low = np.where(sloped, begins[first] + within * (ends[first] - begins[first]), begins[first])
        high = np.where(sloped, low, ends[last])
        places = (low + uniform * (high - low)).clip(TAIL, 1 - TAIL)
        return np.asarray(torch.special.ndtri(torch.from_numpy(places)).numpy())

    def back(self, scores: Numbers) -> Numbers:
        """The values that have these scores: the inverse of `forward`, but for its draw within a jump."""
        begins, ends, lows, highs = self._arrays
        places = torch.special.ndtr(torch.from_numpy(scores)).numpy()
        piece = np.searchsorted(ends, places, side="right").clip(max=len(ends) - 1)
        within = ((places - begins[piece]) / (ends[piece] - begins[piece])).clip(0, 1)
        return np.asarray(lows[piece] + within * (highs[piece] - lows[piece]))


def pieces_of(known: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Ends, lows and highs of the pieces of values in order, each of at least `size` of them where there are so many.

    Values that are there `size` times are pieces alone; of the others between two such values, as many as are there
    are dealt out to pieces of `size`, whose mean is what is known of them.
    """
    values, counts = known.unique_consecutive(return_counts=True)
    shared = counts >= size
    means: list[float] = []
    held: list[int] = []
    alone: list[bool] = []
    starts = (counts.cumsum(0) - counts).tolist()
    runs = torch.cat([shared.new_ones(1), (shared[1:] | shared[:-1])]).nonzero()[:, 0].tolist()
    for first, last in zip(runs, [*runs[1:], len(values)], strict=True):
        begin, end = starts[first], starts[last - 1] + int(counts[last - 1])
        if bool(shared[first]):
            means.append(float(values[first]))
            held.append(end - begin)
            alone.append(True)
            continue
        parts = max(1, (end - begin) // size)
        for part in known[begin:end].tensor_split(parts):
            # Infinity stands for missing values, which here are too few.
            means.append(float(part[part.isfinite()].mean()) if part.isfinite().any() else torch.inf)
            held.append(len(part))
            alone.append(False)
    middle = torch.tensor(means, dtype=torch.float64)
    low, high = middle.clone(), middle.clone()
    for place in range(1, len(means)):
        if not (alone[place] or alone[place - 1]):
            low[place] = high[place - 1] = (middle[place] + middle[place - 1]) / 2
    ends = torch.tensor(held, dtype=torch.float64).cumsum(0) / len(known)
    missing = middle.isinf()
    return ends, low.masked_fill(missing, torch.nan), high.masked_fill(missing, torch.nan)
