"""Models of rows of a table: the trained generator, and what it has in common with what is fitted at once."""

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, field_validator
from torch import Tensor

from saddlepoint.configuration import Settings
from saddlepoint.core import rng, seed_for
from saddlepoint.data import DataError
from saddlepoint.data.tables import CategoryColumn, ScaledColumn, TableData
from saddlepoint.tasks.model import LatentSampler, Sampler
from saddlepoint.tasks.tables.coding import ColumnSummary, TableCoding, numbered
from saddlepoint.tasks.tables.layout import Labels
from saddlepoint.tasks.tables.pictures import PANELS, Panel, marginals
from saddlepoint.tasks.tabular import FORMATS

if TYPE_CHECKING:
    import pandas

#: Rows that a picture shows.
SHOWN = 4096
#: Rows drawn together where conditions are met by rejection, and how many are drawn for one that is wanted.
ROUND, TRIES = 4096, 500


class RowOptions(Settings):
    """What may be chosen of rows that are drawn."""

    where: dict[str, str] = Field(default_factory=dict)
    """Only such rows, as COLUMN=VALUE; may be repeated. In Python values by column; None is a missing value."""
    scale: int = Field(default=1, ge=1)
    """Enlarge pixels of a picture by a whole factor."""

    @field_validator("where", mode="before")
    @classmethod
    def _by_column(cls, where: Any) -> dict[str, str]:
        if isinstance(where, Mapping):
            return {str(name): _text(value) for name, value in where.items()}
        parted = [str(text).partition("=") for text in ([where] if isinstance(where, str) else where)]
        for name, equals, _ in parted:
            if not equals:
                raise ValueError(f"--where {name} is no condition: write COLUMN=VALUE")
        return {name: text for name, _, text in parted}


def _text(value: Any) -> str:
    absent = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if absent else str(value)


@dataclass(frozen=True)
class DrawnRows:
    """Rows with what was chosen of their picture."""

    table: TableData
    scale: int


def _written(ending: str) -> Callable[["RowSampler", DrawnRows, Path], None]:
    return lambda _, drawn, path: FORMATS[ending](drawn.table, path)


class RowSampler(Sampler):
    """Makes rows of a table."""

    Options = RowOptions
    default_out = "rows.csv"

    @property
    @abstractmethod
    def summaries(self) -> Sequence[ColumnSummary]:
        """Marginals of the training rows, of each column."""

    @abstractmethod
    def rows(self, n: int, seed: int = 0, where: Mapping[str, str] | None = None) -> TableData:
        """n rows, all of which fulfil the conditions. The first of a seed do not depend on n where there are none.

        Args:
            n: how many.
            seed: another one, other rows.
            where: texts by column.

        Raises:
            DataError: no such column or value, or rows that fulfil all conditions are too rare.
        """

    @property
    def classes(self) -> Sequence[str]:
        """None: conditions say what rows are wanted."""
        return ()

    def usage(self) -> tuple[str, str]:
        """The command and the Python that use it."""
        return (
            "saddle sample {} -n 1000 --seed 7 --out rows.csv",
            "frame = run.sample(1000, seed=7)   # a pandas DataFrame",
        )

    def draw(self, n: int, seed: int, label: str | None, options: RowOptions) -> DrawnRows:  # noqa: ARG002
        """Rows that fulfil the conditions."""
        return DrawnRows(self.rows(n, seed, options.where), options.scale)

    def presented(self, drawn: DrawnRows) -> "pandas.DataFrame":
        """The rows as a pandas DataFrame."""
        return drawn.table.frame()

    def picture(self, table: TableData, scale: int = 1) -> NDArray[np.uint8]:
        """Marginals of the first twelve columns that are learnt, beside those of the training rows."""
        panels = []
        for column, summary in zip(table.columns, self.summaries, strict=True):
            if column.kind in ("constant", "identifier"):
                continue
            if isinstance(column, CategoryColumn):
                ends = (column.categories[0], "others" if summary.shares[-1] else column.categories[-1])
            else:
                assert isinstance(column, ScaledColumn)
                edges = np.array([summary.edges[0], summary.edges[-1]])
                first, last = column.written(column.rounded(edges))
                ends = first, last
            panels.append(Panel(column.name, summary.shares, summary.like(table.cells[column.name]), ends))
        return marginals(panels[:PANELS], scale)

    def shown(self) -> NDArray[np.uint8]:
        """Marginals of 4,096 rows."""
        return self.picture(self.rows(SHOWN, seed=0))

    def _write_png(self, drawn: DrawnRows, path: Path) -> None:
        Image.fromarray(self.picture(drawn.table, drawn.scale)).save(path, format="PNG")

    formats: ClassVar[Mapping[str, Callable[[Any, Any, Path], None]]] = {
        **{ending: _written(ending) for ending in FORMATS},
        ".png": _write_png,
    }


@dataclass
class RowGenerator(RowSampler, LatentSampler):
    """Makes rows of latents and of conditions.

    Attributes:
        coding: of the columns, as plain data.
        guarantee: says what differential privacy was spent until now; None where it was trained without, or is over.
    """

    coding: Mapping[str, Any]
    guarantee: Callable[[], str] | None = field(default=None, kw_only=True, repr=False, compare=False)

    kind = "table"
    title = "a generator of rows"
    files: ClassVar[tuple[str, ...]] = ("coding",)

    @property
    def discloses(self) -> str:
        """What is kept of the training rows, and under which guarantee."""
        return self.table_coding.disclosure if self.guarantee is None else self.guarantee()

    def details(self) -> dict[str, Any]:
        """The coding."""
        return {"coding": {**self.coding, "disclosure": self.discloses}}

    @classmethod
    def network_arguments(cls, description: Mapping[str, Any]) -> dict[str, Any]:
        """The heads of the columns."""
        return {"heads": TableCoding.from_plain(description["coding"]).layout.heads}

    @cached_property
    def table_coding(self) -> TableCoding:
        """The coding of the columns."""
        return TableCoding.from_plain(self.coding)

    @property
    def summaries(self) -> Sequence[ColumnSummary]:
        """Marginals of the training rows, of each column."""
        return self.table_coding.summaries

    def finished(self, outputs: Tensor) -> Tensor:
        """Numbers and states, float (n, heads)."""
        return self.table_coding.layout.short(outputs.float())

    def mixed(self, n: int, seed: int) -> Tensor:
        """States as often as the training rows have them, of a column each, all columns alike."""
        coding = self.table_coding
        return Labels(coding.layout, torch.tensor(coding.shares)).draw(n, rng(seed, "states"))

    def rows(self, n: int, seed: int = 0, where: Mapping[str, str] | None = None) -> TableData:
        """n rows; see `RowSampler.rows`.

        A condition on a state is one that the network is given; further ones, and those on numbers that have no
        state of their own, are met by leaving out rows that don't.
        """
        coding = self.table_coding
        wanted = {name: coding.condition(name, text) for name, text in (where or {}).items()}
        given = {name: label for name, (label, _) in wanted.items() if label is not None and self.class_names}
        # The rarest state: the fewest rows are left out.
        first = min(given, key=lambda name: coding.shares[given[name]], default=None)
        if not wanted:
            return coding.decode(self.made(n, seed), seed)
        kept, drawn, found = [], 0, 0
        while found < n:
            if drawn >= TRIES * max(n, ROUND // 8):
                raise DataError(self._too_rare(where or {}, found, drawn, n))
            own = seed_for(seed, drawn, "conditions")
            latents, labels = self.latents(ROUND, own), self.labels(ROUND, None, own)
            if first is not None:
                labels = torch.full((ROUND,), given[first])
            part = coding.decode(self.render(latents, labels), own)
            part = _forced(part, {name: value for name, (_, value) in wanted.items() if name == first})
            rows = np.flatnonzero(_fulfilled(part, {name: value for name, (_, value) in wanted.items()}))
            kept.append(part.take(rows[: n - found]))
            drawn, found = drawn + ROUND, found + min(len(rows), n - found)
        return numbered(_joined(kept), seed)

    def _too_rare(self, where: Mapping[str, str], found: int, drawn: int, n: int) -> str:
        conditions = " and ".join(f"{name}={text}" for name, text in where.items())
        return (
            f"of {drawn:,} rows that were drawn {found:,} have {conditions}, and {n:,} are wanted: ask for fewer rows, "
            f"or leave out a condition"
        )


def _forced(table: TableData, values: Mapping[str, Any]) -> TableData:
    """The table where categories that share a state are the one that was asked for: nothing else tells them apart."""
    for name, value in values.items():
        if isinstance(table.column(name), CategoryColumn):
            table.cells[name].values[:] = value
    return table


def _fulfilled(table: TableData, values: Mapping[str, Any]) -> NDArray[np.bool_]:
    good = np.ones(len(table), dtype=bool)
    for name, value in values.items():
        if value is None:
            continue
        column, cells = table.column(name), table.cells[name]
        if isinstance(value, float) and np.isnan(value):
            good &= cells.absent
        elif isinstance(column, CategoryColumn):
            good &= cells.values == value
        elif isinstance(column, ScaledColumn):  # as it is written: a column of whole numbers is held in between
            good &= column.rounded(cells.values) == value
    return good


def _joined(parts: list[TableData]) -> TableData:
    cells = {}
    for name in parts[0].cells:
        values, marks = zip(*((p.cells[name].values, p.cells[name].marks) for p in parts), strict=True)
        first = parts[0].cells[name]
        cells[name] = type(first)(np.concatenate(values), None if first.marks is None else np.concatenate(marks))
    return TableData(parts[0].name, parts[0].columns, cells, parts[0].source, parts[0].separator)
