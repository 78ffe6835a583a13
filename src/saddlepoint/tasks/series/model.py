"""The trained generator of windows of a time series."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field
from torch import Tensor

from saddlepoint.configuration import Settings
from saddlepoint.data.tables import TableData
from saddlepoint.tasks.model import LatentSampler
from saddlepoint.tasks.series.coding import SeriesCoding
from saddlepoint.tasks.series.data import written
from saddlepoint.tasks.series.pictures import curves
from saddlepoint.tasks.tabular import FORMATS

if TYPE_CHECKING:
    import pandas

#: Windows that a picture shows.
SHOWN = 12


class WindowOptions(Settings):
    """What may be chosen of a picture of windows."""

    scale: int = Field(default=1, ge=1)
    """Enlarge pixels by a whole factor."""


@dataclass(frozen=True)
class DrawnWindows:
    """Windows with the latents that they were made of.

    Attributes:
        windows: float64 (n, steps, columns).
        latents: (n, latent size).
    """

    windows: NDArray[np.float64]
    latents: Tensor
    options: WindowOptions


def _written(ending: str) -> Callable[["WindowGenerator", DrawnWindows, Path], None]:
    return lambda model, drawn, path: FORMATS[ending](model.table(drawn.windows), path)


@dataclass
class WindowGenerator(LatentSampler):
    """Makes windows of a time series, in the columns' own units and ranges.

    Attributes:
        coding: what networks see of a window, as plain data.
        separator: of the file's lines.
    """

    coding: Mapping[str, Any]
    separator: str = ","

    kind = "series"
    title = "a generator of windows"
    files: ClassVar[tuple[str, ...]] = ("coding",)
    Options = WindowOptions
    default_out = "windows.csv"

    @property
    def discloses(self) -> str:
        """What is kept of the data."""
        return "They hold names, ranges and scales of the columns, no row of the data."

    def details(self) -> dict[str, Any]:
        """The coding and the separator."""
        return {"coding": dict(self.coding), "separator": self.separator}

    def usage(self) -> tuple[str, str]:
        """The command and the Python that use it."""
        return (
            "saddle sample {} -n 100 --seed 7 --out windows.csv",
            "frame = run.sample(100, seed=7)   # a pandas DataFrame, a row a step",
        )

    @cached_property
    def series_coding(self) -> SeriesCoding:
        """What networks see of a window."""
        return SeriesCoding.from_plain(self.coding)

    @property
    def names(self) -> Sequence[str]:
        """Of the columns that are learnt."""
        return [column.name for column in self.series_coding.learnt]

    exports: ClassVar[tuple[str, str]] = ("codes", "(N, steps, columns), of which coding.json makes values")

    def finished(self, outputs: Tensor) -> Tensor:
        """Windows (n, steps, learnt columns), float64."""
        return torch.from_numpy(self.series_coding.decode(outputs))

    def windows(self, n: int, seed: int = 0) -> NDArray[np.float64]:
        """n windows (n, steps, learnt columns); the first of a seed do not depend on n."""
        made: NDArray[np.float64] = self.made(n, seed).numpy()
        return made

    def draw(self, n: int, seed: int, label: str | None, options: WindowOptions) -> DrawnWindows:  # noqa: ARG002
        """Windows with their latents."""
        outputs, latents = self.drawn(n, seed, None)
        return DrawnWindows(self.finished(outputs).numpy(), latents, options)

    def presented(self, drawn: DrawnWindows) -> "pandas.DataFrame":
        """A pandas DataFrame: `window`, `step`, and the columns, constants too."""
        return self.table(drawn.windows).frame()

    def table(self, windows: NDArray[np.float64]) -> TableData:
        """Windows as a table: `window`, `step`, and the columns as the file has them, constants too."""
        return written(self.series_coding.columns, windows, separator=self.separator)

    def shown(self) -> NDArray[np.uint8]:
        """Curves of twelve windows, a panel a column."""
        return curves(self.names, self.windows(SHOWN))

    def _write_png(self, drawn: DrawnWindows, path: Path) -> None:
        picture = curves(self.names, drawn.windows, scale=drawn.options.scale)
        Image.fromarray(picture).save(path, format="PNG")

    def _write_npz(self, drawn: DrawnWindows, path: Path) -> None:
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, series=drawn.windows, latents=drawn.latents.numpy())

    formats: ClassVar[Mapping[str, Callable[[Any, Any, Path], None]]] = {
        **{ending: _written(ending) for ending in FORMATS},
        ".npz": _write_npz,
        ".png": _write_png,
    }
