"""The trained generator of windows of a time series."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, model_validator
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import seed_for
from saddlepoint.data import DataError
from saddlepoint.data.tables import TableData
from saddlepoint.data.tables.conditions import Condition, wanted_of
from saddlepoint.tasks.model import LatentSampler
from saddlepoint.tasks.series.beginning import Beginning, continued
from saddlepoint.tasks.series.coding import SeriesCoding
from saddlepoint.tasks.series.context import Facts
from saddlepoint.tasks.series.data import written
from saddlepoint.tasks.series.pictures import curves
from saddlepoint.tasks.tabular import FORMATS, WhereOptions

if TYPE_CHECKING:
    import pandas

#: Windows that a picture shows.
SHOWN = 12
#: Windows drawn together where conditions are met by rejection, and how many are drawn for one that is wanted.
ROUND, TRIES = 1024, 500


class WindowOptions(WhereOptions):
    """What may be chosen of windows that are drawn."""

    begin: Any = None
    """Rows that every window begins with: a CSV or Parquet file, or a data frame, of one series."""
    steps: int | None = Field(default=None, ge=1)
    """Rows that are made beyond those of --begin; by itself, half of a window."""
    scale: int = Field(default=1, ge=1)
    """Enlarge pixels of a picture by a whole factor."""

    @model_validator(mode="after")
    def _beginnings(self) -> Self:
        if self.begin is None and self.steps is not None:
            raise ValueError("steps are of windows that are continued: give the rows that they begin with, --begin")
        if self.begin is not None and self.where:
            raise ValueError("windows that are continued have no other conditions: leave --where or --begin out")
        return self


@dataclass(frozen=True)
class DrawnWindows:
    """Windows with the latents that they were made of.

    Attributes:
        windows: float64 (n, steps, columns).
        told: of each window.
        latents: (n, latent size).
        times: of their rows, seconds since 1970 on the clocks of the place (steps,), where those of --begin were given.
    """

    windows: NDArray[np.float64]
    told: Facts
    latents: Tensor
    options: WindowOptions
    times: NDArray[np.float64] | None = None


def _written(ending: str) -> Callable[["WindowGenerator", DrawnWindows, Path], None]:
    return lambda model, drawn, path: FORMATS[ending](model.table(drawn), path)


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
        """Windows with their latents, all of whose rows fulfil the conditions.

        Raises:
            DataError: no such column or value, windows that fulfil all conditions are too rare, or no rows to begin.
        """
        if options.begin is not None:
            return self._continued(n, seed, options)
        if not options.where:
            return self._read(self.drawn(n, seed, None), options)
        conditions = [Condition.of(wanted, self.series_coding.written) for wanted in wanted_of(options.where)]
        kept: list[list[Tensor]] = []
        drawn, found = 0, 0
        while found < n or not kept:
            if drawn >= TRIES * max(n, ROUND // 8):
                said = ", ".join(condition.wanted.text for condition in conditions)
                raise DataError(
                    f"{found:,} of {drawn:,} windows that were drawn have {said} in all rows: ask for fewer windows, "
                    f"or for what is less rare"
                )
            made = self.drawn(ROUND, seed_for(seed, drawn, "conditions"), None)
            table, good = self.table(self._read(made, options)), np.ones(ROUND, dtype=bool)
            for condition in conditions:
                good &= condition.fulfilled(table).reshape(ROUND, -1).all(1)
            places = torch.from_numpy(np.flatnonzero(good)[: n - found])
            kept.append([part[places] for part in made])
            drawn, found = drawn + ROUND, found + len(places)
        return self._read([torch.cat(parts) for parts in zip(*kept, strict=True)], options)

    def _continued(self, n: int, seed: int, options: WindowOptions) -> DrawnWindows:
        if self.choice is not None:
            raise ConfigurationError("no judge chooses continued windows: leave --begin out, or the judge")
        begun = Beginning.of(self.series_coding, options.begin)
        made = continued(self, begun, options.steps or self.shape[0] // 2, n, seed)
        return DrawnWindows(made.windows, made.told, made.latents, options, made.times)

    def _read(self, made: Sequence[Tensor], options: WindowOptions) -> DrawnWindows:
        outputs, latents = made
        return DrawnWindows(self.finished(outputs).numpy(), self.series_coding.told(outputs), latents, options)

    def presented(self, drawn: DrawnWindows) -> "pandas.DataFrame":
        """A pandas DataFrame: `window`, `step`, and the columns, times and constants too."""
        return self.table(drawn).frame()

    def table(self, drawn: DrawnWindows) -> TableData:
        """Windows as a table: `window`, `step`, and the columns as the file has them, times and constants too."""
        coding = self.series_coding
        told = coding.context.cells(drawn.told, drawn.windows.shape[1], drawn.times)
        return written(coding.written, drawn.windows, told, self.separator)

    @classmethod
    def network_arguments(cls, description: Mapping[str, Any]) -> Mapping[str, Any]:
        """How many columns have one value, and which are states."""
        coding = SeriesCoding.from_plain(description["coding"])
        return {"held": coding.context.size, "states": coding.states}

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
