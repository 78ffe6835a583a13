"""Models of rows of a table: the trained generator, and what it has in common with what is fitted at once."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field
from torch import Tensor

from saddlepoint.core import rng, seed_for
from saddlepoint.data import DataError
from saddlepoint.data.tables import CategoryColumn, Cells, Column, NumberColumn, ScaledColumn, TableData
from saddlepoint.data.tables.columns import named
from saddlepoint.data.tables.conditions import Condition, Wanted, wanted_of
from saddlepoint.data.tables.rules import Unique
from saddlepoint.tasks.model import LatentSampler, Sampler
from saddlepoint.tasks.tables.coding import ColumnSummary, TableCoding, numbered
from saddlepoint.tasks.tables.layout import Labels
from saddlepoint.tasks.tables.like import completed
from saddlepoint.tasks.tables.pictures import PANELS, Panel, marginals
from saddlepoint.tasks.tables.ruled import RuledCoding
from saddlepoint.tasks.tables.states import States, forced, states_of
from saddlepoint.tasks.tabular import FORMATS, WhereOptions

if TYPE_CHECKING:
    import pandas

#: Rows that a picture shows.
SHOWN = 4096
#: Rows drawn together where conditions are met by rejection, and how many are drawn for one that is wanted.
ROUND, TRIES = 4096, 500
#: Values of a column by which rows are balanced, at most.
BALANCED = 200


class RowOptions(WhereOptions):
    """What may be chosen of rows that are drawn."""

    balance: str | None = None
    """Make equally many rows of each value of this column."""
    like: Any = None
    """Complete rows: a CSV or Parquet file, or a data frame, of some of the columns; one row is made for each, and -n
    is not used."""
    scale: int = Field(default=1, ge=1)
    """Enlarge pixels of a picture by a whole factor."""


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

    @property
    @abstractmethod
    def ruled(self) -> RuledCoding:
        """The columns, and the rules that their rows keep."""

    @abstractmethod
    def batch(self, n: int, seed: int, states: States | None) -> TableData:
        """n rows as they come, in some states where any are given; steps of rules are done, checks are not."""

    def states(self, condition: Condition) -> States | None:  # noqa: ARG002
        """States that the model can be given, in which a condition may be fulfilled; None where it can't."""
        return None

    def rows(self, n: int, seed: int = 0, where: Any = None) -> TableData:
        """n rows, all of which fulfil the conditions and keep the rules. The first of a seed do not depend on n.

        The condition that the fewest training rows fulfil is given to the model, where it can be; the others, and
        rules that are checks, are met by leaving out rows: so what is made is distributed as the model's rows are among
        which all conditions hold.

        Args:
            n: how many.
            seed: another one, other rows.
            where: see `conditions.wanted_of`.

        Raises:
            DataError: no such column or value, or rows that fulfil all conditions are too rare.
        """
        enforcement = self.ruled.enforcement
        conditions = [Condition.of(wanted, self.ruled.columns) for wanted in wanted_of(where)]
        if not conditions and not enforcement.checks:
            return self.batch(n, seed, None)
        given = [states for condition in conditions if (states := self.states(condition)) is not None]
        rarest = min(given, key=lambda states: states.share, default=None)
        kept: list[TableData] = []
        drawn, found, keys = 0, 0, [set[Any]() for _ in enforcement.keys]
        while found < n or not kept:
            if drawn >= TRIES * max(n, ROUND // 8):
                raise DataError(self._too_rare(conditions, found, drawn, n))
            part = self.batch(ROUND, seed_for(seed, drawn, "conditions"), rarest)
            good = enforcement.kept(part) & enforcement.within(part)
            for condition in conditions:
                good &= condition.fulfilled(part)
            part = _unseen(part.take(np.flatnonzero(good)), enforcement.keys, keys, n - found)
            kept.append(part)
            drawn, found = drawn + ROUND, found + len(part)
        return numbered(joined_rows(kept), seed)

    def balanced(self, n: int, seed: int, column: str, where: Any = None) -> TableData:
        """n rows, equally many of each value of a column, in turn; see `rows`.

        Raises:
            DataError: as `rows`; the column has no categories.
        """
        known = named(self.ruled.columns, column)
        values = _few(known)
        if values is None:
            raise DataError(f"column {column!r} is {known.described}: rows are balanced by a column of categories")
        conditions, parts = list(wanted_of(where)), []
        for number, value in enumerate(values):
            own = Wanted(column, "=", (value,), True)
            count = len(range(number, n, len(values)))
            if count:
                parts.append(self.rows(count, seed_for(seed, number, "balance"), [*conditions, own]))
        whole = joined_rows(parts)
        places = np.concatenate([np.arange(len(part)) * len(values) + number for number, part in enumerate(parts)])
        return numbered(whole.take(np.argsort(places, kind="stable")), seed)

    def _too_rare(self, conditions: Sequence[Condition], found: int, drawn: int, n: int) -> str:
        told = " and ".join(condition.wanted.text for condition in conditions)
        rules = ", ".join(rule.text for rule in self.ruled.enforcement.checks)
        what = " and ".join(filter(None, (told and f"have {told}", rules and f"keep {rules}")))
        return (
            f"of {drawn:,} rows that were drawn {found:,} {what}, and {n:,} are wanted: ask for fewer rows, "
            f"or leave out a condition"
        )

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

    def bytes_each(self, options: RowOptions) -> int:
        """Of its cells as they are written, too."""
        return super().bytes_each(options) + 100 * len(self.summaries)

    def draw(self, n: int, seed: int, label: str | None, options: RowOptions) -> DrawnRows:  # noqa: ARG002
        """Rows that fulfil the conditions, are balanced, or complete others."""
        if options.like is not None:
            if options.where or options.balance is not None:
                raise DataError("rows that are completed (like) have their own conditions: leave where and balance out")
            return DrawnRows(completed(self, options.like, seed), options.scale)
        if options.balance is not None:
            return DrawnRows(self.balanced(n, seed, options.balance, options.where), options.scale)
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
        return self.ruled.coding.disclosure if self.guarantee is None else self.guarantee()

    def details(self) -> dict[str, Any]:
        """The coding."""
        return {"coding": {**self.coding, "disclosure": self.discloses}}

    @classmethod
    def network_arguments(cls, description: Mapping[str, Any]) -> dict[str, Any]:
        """The heads of the columns."""
        return {"heads": TableCoding.from_plain(description["coding"]).layout.heads}

    @cached_property
    def ruled(self) -> RuledCoding:
        """The coding of the columns."""
        return RuledCoding.from_plain(self.coding)

    @property
    def summaries(self) -> Sequence[ColumnSummary]:
        """Marginals of the training rows, of each column."""
        return self.ruled.summaries

    exports: ClassVar[tuple[str, str]] = (
        "codes",
        "numbers, and states as 0 and 1, (N, width), of which coding.json makes rows",
    )

    def finished(self, outputs: Tensor) -> Tensor:
        """Numbers and states, float (n, heads)."""
        return self.ruled.layout.short(outputs.float())

    def mixed(self, n: int, seed: int) -> Tensor:
        """States as often as the training rows have them, of a column each, all columns alike."""
        return Labels(self.ruled.layout, torch.tensor(self.ruled.shares)).draw(n, rng(seed, "states"))

    def states(self, condition: Condition) -> States | None:
        """States of the column that the network can be given."""
        return states_of(condition, self.ruled) if self.class_names else None

    def batch(self, n: int, seed: int, states: States | None) -> TableData:
        """Rows of latents and of states."""
        labels = self.labels(n, None, seed) if states is None else states.draw(n, rng(seed, "states"))
        coding = self.ruled.coding
        table = coding.decode(self.finished(self.drawn(n, seed, labels)[0]), seed)
        if states is not None:
            own = coding.codings[[column.name for column in coding.columns].index(states.column)]
            table = forced(table, states, own, np.random.default_rng(seed_for(seed, "forced")).random(n))
        return self.ruled.enforcement.decode(table, seed)


def joined_rows(parts: Sequence[TableData]) -> TableData:
    """Tables of the same columns below each other."""
    cells = {}
    for name in parts[0].cells:
        own = [part.cells[name] for part in parts]
        marks = None if own[0].marks is None else np.concatenate([one.marks for one in own if one.marks is not None])
        cells[name] = Cells(np.concatenate([one.values for one in own]), marks)
    return replace(parts[0], cells=cells)


def _unseen(table: TableData, rules: Sequence[Unique], seen: Sequence[set[Any]], most: int) -> TableData:
    """The first rows whose keys were not there before; remembers them."""
    if not rules:
        return table.take(np.arange(min(most, len(table))))
    own = [
        list(zip(*(table.column(name).texts(table.cells[name]) for name in rule.names), strict=True))
        if all(table.column(name).kind != "identifier" for name in rule.names)
        else None
        for rule in rules
    ]
    rows: list[int] = []
    for row in range(len(table)):
        if len(rows) == most:
            break
        keys = [None if texts is None else texts[row] for texts in own]
        if any(key in known for key, known in zip(keys, seen, strict=True) if key is not None):
            continue
        for key, known in zip(keys, seen, strict=True):
            known.add(key)
        rows.append(row)
    return table.take(np.array(rows, dtype=np.int64))


def _few(column: Column) -> list[str] | None:
    """The values that rows are balanced by; None where they are none that can be counted."""
    if isinstance(column, CategoryColumn) and len(column.categories) <= BALANCED:
        return list(column.categories)
    if isinstance(column, NumberColumn) and column.integer and column.high - column.low < BALANCED:
        return [str(value) for value in range(int(column.low), int(column.high) + 1)]
    return None
