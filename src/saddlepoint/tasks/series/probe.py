"""What is looked at while a game of windows is played."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from saddlepoint.components.adversary import of_latents
from saddlepoint.core import Batch
from saddlepoint.measures import Number, numbers
from saddlepoint.metrics import autocorrelation_difference, cross_correlation_difference, marginal_similarities
from saddlepoint.tasks.probe import Probe, write_picture
from saddlepoint.tasks.series.model import WindowGenerator
from saddlepoint.tasks.series.pictures import curves

#: Windows that a picture's cloud shows.
CLOUD = 400


class SeriesProbe(Probe[WindowGenerator]):
    """Measures how alike values and movements of made and real windows are.

    Args:
        watched: a batch that never changes.
        real: training windows that made ones are compared with, (n, steps, columns).
    """

    def __init__(self, watched: Batch, real: NDArray[np.float64]) -> None:
        super().__init__(watched, of_latents)
        self.real = real

    def score(self, model: WindowGenerator) -> Sequence[Number]:
        """`series_distance`, the mean of: 1 − likeness of columns, and half the differences of three correlations.

        Those at one step, those of a column with itself later, and the latter of its steps, each of at most 1.
        """
        made = model.windows(len(self.real), seed=1)
        moved = np.diff(self.real, axis=1), np.diff(made, axis=1)
        found = {
            "columns": fmean(marginal_similarities(self.real, made)),
            "correlation": cross_correlation_difference(self.real, made),
            "autocorrelation": autocorrelation_difference(self.real, made) if self._tells(1) else 0.0,
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
