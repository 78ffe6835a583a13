"""What is looked at while a game of windows is played."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.components.adversary import of_latents
from saddlepoint.core import Batch, rng
from saddlepoint.evaluation.closeness import Closeness
from saddlepoint.measures import Number, numbers, values
from saddlepoint.metrics import autocorrelation_difference, cross_correlation_difference, marginal_similarities
from saddlepoint.tasks.probe import Probe, write_picture
from saddlepoint.tasks.series.coding import SeriesCoding
from saddlepoint.tasks.series.model import WindowGenerator
from saddlepoint.tasks.series.pictures import curves

#: Windows that a picture's cloud shows.
CLOUD = 400


class SeriesProbe(Probe[WindowGenerator]):
    """Measures how alike values and movements of made and real windows are.

    Args:
        watched: a batch that never changes.
        coding: what networks see of a window.
        windows: training windows as networks see them, in an order that tells nothing.
        judged: of these, so many are compared with made ones.
    """

    def __init__(self, watched: Batch, coding: SeriesCoding, windows: Tensor, judged: int) -> None:
        super().__init__(watched, of_latents, Closeness(lambda: windows))
        self.coding, self.coded = coding, windows
        self.real = coding.decode(windows[:judged])

    def score(self, model: WindowGenerator) -> Sequence[Number]:
        """`series_distance`, the mean of: 1 − likeness of columns, and half the differences of three correlations.

        Those at one step, those of a column with itself later, and the latter of its steps, each of at most 1.
        """
        return self._held(self.real, model.windows(len(self.real), seed=1))

    def references(self, model: WindowGenerator) -> dict[str, dict[str, float]]:
        """`real`: other training windows, or halves; `baseline: mixed windows`: each moment of another window."""
        known, n = super().references(model), len(self.real)
        first, second = self.coded[:n], self.coded[n : 2 * n]
        if len(second) < n / 2:
            first, second = self.coded[:n:2], self.coded[1:n:2]
        steps = second.shape[-1]
        drawn = torch.stack([torch.randperm(len(second), generator=rng(0, t, "apart")) for t in range(steps)], 1)
        index = drawn[:, None].expand(-1, second.shape[1], -1)
        real = self.coding.decode(first)
        known["real"] |= values(self._held(real, self.coding.decode(second)))
        mixed = self._held(real, self.coding.decode(second.gather(0, index)))
        known["baseline: mixed windows"] = values(mixed)
        return known

    def _held(self, real: NDArray[np.float64], made: NDArray[np.float64]) -> Sequence[Number]:
        moved = np.diff(real, axis=1), np.diff(made, axis=1)
        found = {
            "columns": fmean(marginal_similarities(real, made)),
            "correlation": cross_correlation_difference(real, made),
            "autocorrelation": autocorrelation_difference(real, made) if self._tells(1) else 0.0,
            "step_autocorrelation": autocorrelation_difference(*moved) if self._tells(2) else 0.0,
        }
        gaps = 1 - found["columns"], *(found[key] / 2 for key in found if key != "columns")
        return numbers({"series_distance": sum(gaps) / len(gaps), **found})

    def _tells(self, differences: int) -> bool:
        """Whether windows are long enough for a correlation in time after so many differences have been taken."""
        return int(self.real.shape[1]) >= 2 + differences

    def snapshot(self, model: WindowGenerator, path: Path) -> None:
        """Made windows beside real ones, and both on the real ones' principal plane."""
        write_picture(path, curves(model.names, model.windows(CLOUD, seed=0), self.real[:CLOUD]))
