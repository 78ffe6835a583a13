"""Tables to rows of numbers and states that networks learn, and back; what was fitted is plain JSON."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.core import seed_for
from saddlepoint.data.images import DataError
from saddlepoint.data.tables.columns import CategoryColumn, Cells, Column, ScaledColumn, column_from
from saddlepoint.data.tables.identifiers import cells_of
from saddlepoint.data.tables.table import TableData
from saddlepoint.tasks.tables.layout import RowLayout
from saddlepoint.tasks.tables.modes import MEANS, modes_drawn, scores_at
from saddlepoint.tasks.tables.privacy import coarse_ends, disclosure, protected
from saddlepoint.tasks.tables.quantiles import Quantiles

#: A column with more categories has a state of its own for as many as `OWN`; the others share `SHARED` states.
WIDEST, OWN, SHARED = 128, 96, 32
#: Numbers up to so many different ones are a state each; else those are, at most `ATOMS`, that a share of the rows has.
DISTINCT, ATOMS, SHARE = 20, 10, 0.05
#: Rows coded together.
TOGETHER = 100_000
#: Bars of a column's summary, at most.
BARS = 16


@dataclass(frozen=True)
class ColumnSummary:
    """The marginal of a column, as pictures show it.

    Attributes:
        edges: of a number's bins; () for categories.
        shares: of the bins, or of the first categories; the last is that of all others and of missing ones.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]

    @staticmethod
    def of(column: Column, cells: Cells, rare: int = 0) -> "ColumnSummary":
        """Of a column's values: sixteen bins between the first and the last per cent, or fifteen categories.

        Ends are round, and at least `rare` rows lie beyond each.
        """
        if column.kind in ("constant", "identifier"):
            return ColumnSummary((), ())
        if isinstance(column, CategoryColumn):
            return ColumnSummary((), _shares(cells, (), min(BARS - 1, len(column.categories))))
        values = cells.values[~cells.absent]
        beyond = max(rare, round(0.01 * len(values)))
        low, high = coarse_ends(values, beyond) if len(values) else (0.0, 1.0)
        edges = tuple(map(float, np.linspace(low, max(high, low + 1e-9 * max(1.0, abs(low))), BARS)))
        return ColumnSummary(edges, _shares(cells, edges, BARS - 1))

    def like(self, cells: Cells) -> tuple[float, ...]:
        """The shares of other values in the same bins."""
        return _shares(cells, self.edges, len(self.shares) - 1)


def summaries_of(table: TableData) -> tuple[ColumnSummary, ...]:
    """How the training rows of every column are spread, as the report draws it."""
    return tuple(ColumnSummary.of(column, table.cells[column.name], table.rare) for column in table.columns)


def _shares(cells: Cells, edges: tuple[float, ...], bars: int) -> tuple[float, ...]:
    if edges:
        values = cells.values[~cells.absent]
        places = np.clip(np.searchsorted(np.array(edges), values, side="right") - 1, 0, bars - 1)
    else:
        places = cells.values[(cells.values >= 0) & (cells.values < bars)]
    counts = np.bincount(places, minlength=bars) / max(1, len(cells))
    return (*map(float, counts), float(max(0.0, 1 - counts.sum())))


@dataclass(frozen=True)
class ColumnCoding(ABC):
    """How one column is coded."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def heads(self) -> tuple[int, ...]:
        """What it takes of a row; see `RowLayout`."""

    @abstractmethod
    def encode(self, cells: Cells, uniform: NDArray[np.float64]) -> NDArray[np.float32]:
        """(N, heads), with a number uniform on [0, 1) for each row where something is drawn."""

    @abstractmethod
    def decode(self, short: NDArray[np.float32], uniform: NDArray[np.float64]) -> Cells:
        """(N, heads) → values, with a number uniform on [0, 1) for each row where something is drawn."""

    @abstractmethod
    def state(self, column: Column, text: str) -> tuple[int | None, float | int | None]:
        """The state that makes every row have this text, if there is one, and the value that the text stands for.

        The value is NaN or −1 where the text means that there is none.

        Raises:
            DataError: no row can have it.
        """

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class NoCoding(ColumnCoding):
    """Of constants and identifiers, of which there is nothing to learn."""

    kind = "none"

    @property
    def heads(self) -> tuple[int, ...]:
        """None."""
        return ()

    def encode(self, cells: Cells, uniform: NDArray[np.float64]) -> NDArray[np.float32]:  # noqa: ARG002
        """Nothing."""
        return np.empty((len(cells), 0), dtype=np.float32)

    def decode(self, short: NDArray[np.float32], uniform: NDArray[np.float64]) -> Cells:  # noqa: ARG002
        """Zeros: identifiers are numbered by `numbered`."""
        return Cells(np.zeros(len(short), dtype=np.int64))

    def state(self, column: Column, text: str) -> tuple[int | None, float | int | None]:
        """Constants have their value anyway."""
        if column.kind == "constant" and text == getattr(column, "text", None):
            return None, None
        raise DataError(f"column {column.name!r} is {column.described}: no row can be made with {text!r}")


def _as_stored(column: CategoryColumn, text: str) -> str:
    """The category that a text means, as Arrow writes it where the column is of its truths or numbers."""
    if column.stored == "bool":
        return text.lower()
    try:
        same = [own for own in column.categories if column.stored and float(own) == float(text)]
    except ValueError:
        return text
    return same[0] if same else text


@dataclass(frozen=True)
class ChoiceCoding(ColumnCoding):
    """A category is a state; of more than 128, the 96 most frequent are, and the others share 32 states.

    Which others share a state is dealt out by their rank, so that shared states are alike in weight. A shared state
    stands for one of its categories in proportion to their counts, so that every category can come back, at its own
    frequency; what else is in the row can't tell them apart. The last states are those of missing values, one for
    each of the column's words for them.

    Attributes:
        counts: of each category, the most frequent first.
        missing: words for missing values, 0 where there are none.
    """

    counts: tuple[int, ...]
    missing: int

    kind = "choice"

    @property
    def own(self) -> int:
        """Categories with a state of their own."""
        return len(self.counts) if len(self.counts) <= WIDEST else OWN

    @property
    def shared(self) -> int:
        """States that others share."""
        return 0 if len(self.counts) <= WIDEST else SHARED

    @property
    def heads(self) -> tuple[int, ...]:
        """One choice; none where there is no choice."""
        states = self.own + self.shared + self.missing
        return (states,) if states > 1 else ()

    @staticmethod
    def fit(column: CategoryColumn, cells: Cells) -> "ChoiceCoding":
        """Count."""
        present = cells.values[cells.values >= 0]
        counts = np.bincount(present, minlength=len(column.categories))
        words = max(1, len(column.absent)) if cells.absent.any() else 0
        return ChoiceCoding(tuple(map(int, counts)), words)

    def encode(self, cells: Cells, uniform: NDArray[np.float64]) -> NDArray[np.float32]:  # noqa: ARG002
        """The states."""
        codes = cells.values
        states = np.where(codes < self.own, codes, self.own + (codes - self.own) % max(1, self.shared))
        marks = 0 if cells.marks is None else cells.marks.astype(np.int64).clip(max=max(0, self.missing - 1))
        states = np.where(codes < 0, self.own + self.shared + marks, states)
        return states[:, None].astype(np.float32) if self.heads else np.empty((len(cells), 0), dtype=np.float32)

    def decode(self, short: NDArray[np.float32], uniform: NDArray[np.float64]) -> Cells:
        """The categories, drawn where a state is shared."""
        if not self.heads:
            return Cells(np.zeros(len(short), dtype=np.int32))
        states, known = short[:, 0].astype(np.int32), self.own + self.shared
        codes = np.where(states >= known, -1, states).astype(np.int32)
        counts = np.array(self.counts, dtype=np.float64)
        for bucket in range(self.shared):
            rows = np.flatnonzero(states == self.own + bucket)
            members = np.arange(self.own + bucket, len(counts), self.shared)
            # A category that the training rows lack has no count, and is left to itself.
            ends = np.maximum(counts[members], 1e-9).cumsum()
            codes[rows] = members[
                np.searchsorted(ends, uniform[rows] * ends[-1], side="right").clip(max=len(members) - 1)
            ]
        return Cells(codes, np.maximum(states - known, 0).astype(np.int8) if self.missing > 1 else None)

    def state(self, column: Column, text: str) -> tuple[int | None, float | int | None]:
        """That of a category, also where it is shared, or of the missing ones."""
        assert isinstance(column, CategoryColumn)
        if text in column.absent or not text:
            if not self.missing:
                raise DataError(f"column {column.name!r} has no missing values: no row can be made without one")
            return self.own + self.shared + (column.absent.index(text) if text in column.absent else 0), -1
        text = _as_stored(column, text)
        if text not in column.categories:
            shown = ", ".join(column.categories[:8]) + (", …" if len(column.categories) > 8 else "")
            raise DataError(f"column {column.name!r} has no value {text!r}: its {len(column.categories):,} are {shown}")
        code = column.categories.index(text)
        state = code if code < self.own else self.own + (code - self.own) % self.shared
        return (state if self.heads else None), code


@dataclass(frozen=True)
class NumberCoding(ColumnCoding):
    """A number is α within a mode of its normal score. Numbers that many rows have are a state each, and so are words.

    The states: the column's words that stand where there is no number, the frequent numbers, the modes.

    Attributes:
        words: how many there are.
        atoms: frequent numbers, which come back exactly.
        quantiles: by which the others have scores; none where there are no others.
        low, high: no number is made beyond.
    """

    words: int
    atoms: tuple[float, ...]
    quantiles: Quantiles
    low: float
    high: float

    kind = "number"

    @property
    def modes(self) -> int:
        """How many states are modes."""
        return len(MEANS) if self.quantiles.ends else 0

    @property
    def _first(self) -> int:
        """The first mode's state."""
        return self.words + len(self.atoms)

    @property
    def heads(self) -> tuple[int, ...]:
        """α where there are modes, and the state where there is more than one."""
        states = self._first + self.modes
        return (*((1,) if self.modes else ()), *((states,) if states > 1 else ()))

    @staticmethod
    def fit(column: ScaledColumn, cells: Cells, rare: int = 0) -> "NumberCoding":
        """Find frequent numbers, and quantiles of the others; each of at least `rare` rows."""
        values = cells.values[~cells.absent]
        words = len(column.absent) if len(values) < len(cells) else 0
        different, counts = np.unique(values, return_counts=True)
        if len(different) <= DISTINCT:
            return NumberCoding(words, tuple(map(float, different)), Quantiles(), column.low, column.high)
        order = np.argsort(-counts, kind="stable")[:ATOMS]
        atoms = different[order[counts[order] >= max(rare, SHARE * len(cells))]]
        others = values[~np.isin(values, atoms)]
        quantiles = Quantiles.fit(others, rare) if len(others) else Quantiles()
        return NumberCoding(words, tuple(map(float, atoms)), quantiles, column.low, column.high)

    def encode(self, cells: Cells, uniform: NDArray[np.float64]) -> NDArray[np.float32]:
        """α and state."""
        values, absent = cells.values, cells.absent
        marks = np.zeros(len(cells), dtype=np.int64) if cells.marks is None else cells.marks.astype(np.int64)
        states, alpha = np.where(absent, marks.clip(max=max(0, self.words - 1)), -1), np.zeros(len(cells))
        for number, atom in enumerate(self.atoms):
            states[values == atom] = self.words + number
        rest = states < 0
        if self.modes:
            # Its first digits draw the mode, later ones the place within a jump.
            scores = self.quantiles.forward(values[rest], uniform[rest] * 2**20 % 1)
            modes, alpha[rest] = modes_drawn(scores, uniform[rest])
            states[rest] = self._first + modes
        elif rest.any():  # a number that the training rows lack: the nearest of those there are
            atoms = np.array(self.atoms)
            states[rest] = self.words + np.abs(values[rest][:, None] - atoms).argmin(1)
        parts = [alpha] if self.modes else []
        if self._first + self.modes > 1:
            parts.append(states.astype(np.float64))
        return np.stack(parts, 1).astype(np.float32) if parts else np.empty((len(cells), 0), dtype=np.float32)

    def decode(self, short: NDArray[np.float32], uniform: NDArray[np.float64]) -> Cells:  # noqa: ARG002
        """Numbers, and where words stand in their place."""
        n, k = len(short), self.modes
        states = short[:, -1].astype(np.int64) if self._first + k > 1 else np.full(n, self._first if k else 0)
        values, absent = np.full(n, np.nan), states < self.words
        among = ~absent & (states < self._first)
        values[among] = np.array(self.atoms)[states[among] - self.words]
        rest = states >= self._first
        if k:
            scores = scores_at(states[rest] - self._first, short[rest, 0].astype(np.float64))
            values[rest] = self.quantiles.back(scores).clip(self.low, self.high)
        return Cells(values, np.where(absent, states, 0).astype(np.int8) if self.words > 1 else None)

    def state(self, column: Column, text: str) -> tuple[int | None, float | int | None]:
        """That of a word or of a frequent number; other numbers have no state of their own."""
        if text in column.absent or not text:
            if not self.words:
                raise DataError(f"column {column.name!r} has no missing values: no row can be made without one")
            return (column.absent.index(text) if text in column.absent else 0), float("nan")
        assert isinstance(column, ScaledColumn)
        try:
            value = column.value(text)
        except ValueError as error:
            raise DataError(f"column {column.name!r} holds {column.described}s: {text!r} is none") from error
        if not self.low <= value <= self.high:
            raise DataError(f"column {column.name!r} has no value {text!r}: it runs from {column.contents}")
        state = self.words + self.atoms.index(value) if value in self.atoms else None
        if state is None and not self.modes:
            known = ", ".join(column.written(np.array(self.atoms)))
            raise DataError(f"column {column.name!r} has no value {text!r}: its values are {known}")
        return (state if self._first + self.modes > 1 else None), value


@dataclass(frozen=True)
class TableCoding:
    """How all columns of a table are coded.

    Attributes:
        columns: in the file's order.
        codings: of each.
        summaries: marginals of the rows that it was fitted to, of each.
        shares: how often each label of the layout is there among them.
        separator: of the file.
        disclosure: what all this tells of the training rows, a sentence or two.
    """

    columns: tuple[Column, ...]
    codings: tuple[ColumnCoding, ...]
    summaries: tuple[ColumnSummary, ...]
    shares: tuple[int, ...] = ()
    separator: str = ","
    disclosure: str = ""

    @cached_property
    def layout(self) -> RowLayout:
        """Of a row."""
        return RowLayout(tuple(head for coding in self.codings for head in coding.heads))

    @staticmethod
    def fit(table: TableData, seed: int = 0) -> tuple["TableCoding", Tensor]:
        """The coding of a table, and its rows, float32 (N, heads).

        Raises:
            DataError: no column has anything to learn.
        """
        table = protected(table)
        codings: list[ColumnCoding] = []
        for column in table.columns:
            cells, few = table.cells[column.name], 0 if column.name in table.released else table.rare
            if isinstance(column, CategoryColumn):
                codings.append(ChoiceCoding.fit(column, cells))
            elif isinstance(column, ScaledColumn):
                codings.append(NumberCoding.fit(column, cells, few))
            else:
                codings.append(NoCoding())
        summaries = summaries_of(table)
        coding = TableCoding(table.columns, tuple(codings), summaries, (), table.separator)
        if not coding.layout.heads:
            raise DataError(f"{table.name}: no column has two different values among the training rows")
        rows = coding.encode(table, seed)
        counts = tuple(coding.layout.counts(rows).tolist())
        return replace(coding, shares=counts, disclosure=disclosure(table)), rows

    def encode(self, table: TableData, seed: int = 0) -> Tensor:
        """float32 (N, heads): four bytes a head and row are all that is held."""
        made = torch.empty(len(table), len(self.layout.heads))
        for start in range(0, len(table), TOGETHER):
            rows, at = np.arange(start, min(start + TOGETHER, len(table))), 0
            for number, (column, coding) in enumerate(zip(self.columns, self.codings, strict=True)):
                uniform = _uniform(len(rows), seed, number, start)
                part = coding.encode(table.cells[column.name].take(rows), uniform)
                made[start : start + len(rows), at : at + part.shape[1]] = torch.from_numpy(part)
                at += part.shape[1]
        return made

    def decode(self, short: Tensor, seed: int = 0) -> TableData:
        """The table of rows (N, heads)."""
        cells, at, numbers = {}, 0, short.numpy()
        for number, (column, coding) in enumerate(zip(self.columns, self.codings, strict=True)):
            width = len(coding.heads)
            uniform = _uniform(len(short), seed, number, 0)
            cells[column.name] = column.made(coding.decode(numbers[:, at : at + width], uniform), 1 - uniform)
            at += width
        return numbered(TableData("generated", self.columns, cells, "Generated.", self.separator), seed)

    def condition(self, name: str, text: str) -> tuple[int | None, float | int | None]:
        """The label that makes a column have this text, if there is one, and the value that it stands for.

        Raises:
            DataError: there is no such column, or no row can have it.
        """
        at = 0
        for column, coding in zip(self.columns, self.codings, strict=True):
            if column.name == name:
                state, value = coding.state(column, text.strip())
                label = None if state is None else self.layout.label(at + len(coding.heads) - 1, state)
                return label, value
            at += len(coding.heads)
        raise DataError(f"there is no column {name!r}: the table has {', '.join(c.name for c in self.columns)}")

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "columns": [column.plain() for column in self.columns],
            "codings": [coding.plain() for coding in self.codings],
            "summaries": [asdict(summary) for summary in self.summaries],
            "shares": list(self.shares),
            "separator": self.separator,
            "disclosure": self.disclosure,
        }

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> "TableCoding":
        """What `plain` gave. Raises KeyError, TypeError or ValueError where it is none."""
        return TableCoding(
            tuple(column_from(column) for column in plain["columns"]),
            tuple(_coding_from(coding) for coding in plain["codings"]),
            tuple(ColumnSummary(tuple(p["edges"]), tuple(p["shares"])) for p in plain["summaries"]),
            tuple(plain["shares"]),
            plain["separator"],
            plain["disclosure"],
        )


def numbered(table: TableData, seed: int) -> TableData:
    """The table with identifiers that are all different, of a seed."""
    new = {c.name: Cells(cells_of(seed, len(table))) for c in table.columns if c.kind == "identifier"}
    return replace(table, cells={**table.cells, **new})


def _uniform(n: int, seed: int, column: int, start: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed_for(seed, column, start, "coding")).random(n)


def _coding_from(plain: Mapping[str, Any]) -> ColumnCoding:
    rest: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items() if k != "kind"}
    if plain["kind"] == "choice":
        return ChoiceCoding(**rest)
    if plain["kind"] == "number":
        return NumberCoding(**{**rest, "quantiles": Quantiles.from_plain(plain["quantiles"])})
    return NoCoding()
