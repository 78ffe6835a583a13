"""Time series: the trained generator of windows, and the task that judges a game of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.core import Game, rng
from saddlepoint.data.series import SeriesCoding, written
from saddlepoint.data.stream import SampleBatch, SampleStream
from saddlepoint.data.tables import TableData
from saddlepoint.measures import Number, numbers
from saddlepoint.metrics import (
    autocorrelation_difference,
    cross_correlation_difference,
    marginal_similarities,
)
from saddlepoint.tasks.curves import curves
from saddlepoint.tasks.judging import discriminator_auc, gradient_norms, watched, write_picture
from saddlepoint.tasks.trained import Sampler

#: Windows that monitors look at, that the metric compares, and that a picture's cloud shows.
MONITORED, JUDGED, CLOUD = 256, 1024, 400


@dataclass
class WindowsGenerator(Sampler):
    """Makes windows of a time series, float (n, steps, columns), in the columns' own units and ranges.

    Attributes:
        coding: what networks see of a window, as plain data.
        separator: of the file's lines.

    Load and use it in three lines:

        from saddlepoint.tasks.trained import Sampler
        generator = Sampler.load(Path("runs/series/generator"))
        frame = generator.table(100, seed=7).frame()     # a pandas DataFrame of 100 windows, a row a step
    """

    coding: Mapping[str, Any]
    separator: str = ","

    kind = "series"
    files: ClassVar[tuple[str, ...]] = ("coding",)

    def details(self) -> dict[str, Any]:
        """The coding and the separator."""
        return {"coding": dict(self.coding), "separator": self.separator}

    @cached_property
    def series_coding(self) -> SeriesCoding:
        """What networks see of a window."""
        return SeriesCoding.from_plain(self.coding)

    def finished(self, outputs: Tensor) -> Tensor:
        """Windows (n, steps, learnt columns), float64."""
        return torch.from_numpy(self.series_coding.decode(outputs))

    def table(self, n: int, seed: int = 0) -> TableData:
        """n windows as a table: `window`, `step`, and the columns as the file has them, constants too."""
        return written(self.series_coding.columns, self.sample(n, seed).numpy(), separator=self.separator)

    def picture(self, samples: Tensor, columns: int | None = None, scale: int | None = None) -> NDArray[np.uint8]:  # noqa: ARG002
        """Curves of the first windows, a panel a column."""
        names = [column.name for column in self.series_coding.learnt]
        return curves(names, samples.numpy(), scale=scale or 1)


class SeriesTask:
    """Measures a game of windows: of a generator and a discriminator, or of an autoencoder.

    Args:
        game: the players.
        trained: the generator with its description; shares its network with the game.
        stream: gives the batches, of coded windows.
        card: the model card's facts.
    """

    def __init__(self, game: Game, trained: WindowsGenerator, stream: SampleStream, card: Mapping[str, Any]) -> None:
        self.game, self.trained, self.card = game, trained, dict(card)
        chosen = torch.randperm(len(stream.samples), generator=rng(stream.seed, "judged"))
        self._watched = watched(stream, chosen[:MONITORED], trained)
        self._judged = stream.samples[chosen[:JUDGED]]
        self._real_spread = float(torch.pdist(stream.samples[chosen[:MONITORED]].flatten(1)).mean())

    def monitors(self) -> dict[str, float]:
        """`discriminator_auc`, `diversity` and the norms of the field, on a batch that never changes.

        See `ImageTask`; distances are between windows as networks see them.
        """
        value: SampleBatch = self._watched.value
        found = {"discriminator_auc": discriminator_auc(self.game, value)} if "discriminator" in self.game.names else {}
        with self.trained.evaluating() as device:
            made = self.trained.network(value.latent.to(device)).cpu()
        diversity = float(torch.pdist(made.flatten(1)).mean()) / max(self._real_spread, 1e-9)
        return {**found, "diversity": diversity, **gradient_norms(self.game, self._watched)}

    def metrics(self) -> list[Number]:
        """`series_distance`, the mean of: 1 − likeness of columns, and differences of three kinds of correlation.

        Those at one step, those of a column with itself later, and the latter of its steps, each of at most 1.
        """
        made = self.trained.sample(len(self._judged), seed=1).numpy()
        moved = np.diff(self._real, axis=1), np.diff(made, axis=1)
        found = {
            "columns": float(np.mean(marginal_similarities(self._real, made))),
            "correlation": cross_correlation_difference(self._real, made),
            "autocorrelation": autocorrelation_difference(self._real, made) if self._tells(1) else 0.0,
            "step_autocorrelation": autocorrelation_difference(*moved) if self._tells(2) else 0.0,
        }
        gaps = 1 - found["columns"], *(found[key] / 2 for key in found if key != "columns")
        return numbers({"series_distance": sum(gaps) / len(gaps), **found})

    def _tells(self, differences: int) -> bool:
        """Whether windows are long enough for a correlation in time after so many differences have been taken."""
        return int(self._real.shape[1]) >= 2 + differences

    @cached_property
    def _real(self) -> NDArray[np.float64]:
        return self.trained.series_coding.decode(self._judged)

    def snapshot(self, path: Path) -> None:
        """Generated windows beside real ones, and both on the real ones' principal plane."""
        made = self.trained.sample(CLOUD, seed=0).numpy()
        names = [column.name for column in self.trained.series_coding.learnt]
        write_picture(path, curves(names, made, self._real[:CLOUD]))

    def deliver(self, folder: Path) -> None:
        """The generator with its coding, configuration and model card."""
        facts = "\n".join(f"- {key}: {value}" for key, value in self.card.items())
        self.trained.save(folder, _CARD.format(facts=facts))


_CARD = """# A generator of windows of a time series, trained with Saddlepoint

{facts}

Weights are in `generator.safetensors`, the network and its input in `config.yaml`, the columns' names, ranges and
scales in `coding.json`; no row of the data is. Draw from it:

    saddle sample THIS_FOLDER -n 100 --seed 7 --out windows.csv

or in Python:

    from pathlib import Path
    from saddlepoint.tasks.trained import Sampler
    frame = Sampler.load(Path("THIS_FOLDER")).table(100, seed=7).frame()   # a pandas DataFrame
"""
