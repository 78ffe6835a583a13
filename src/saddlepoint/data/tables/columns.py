"""Columns of a table: what is remembered of each, so that made values are written as the file has them."""

import json
import shlex
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.images import DataError
from saddlepoint.data.tables.dates import DateSpelling
from saddlepoint.data.tables.durations import DurationSpelling
from saddlepoint.data.tables.grain import Grain
from saddlepoint.data.tables.identifiers import IdentifierPattern, cells_of
from saddlepoint.data.tables.numbers import NumberSpelling
from saddlepoint.data.tables.sensitive import FakePattern, uniform_of

#: What a column may be declared to be.
ColumnKind = Literal["number", "integer", "category", "date", "time", "duration", "identifier"]
KINDS: tuple[str, ...] = get_args(ColumnKind)

#: Categories that a description names, and characters of each.
SHOWN, LONG = 3, 20


@dataclass(frozen=True, eq=False)
class Cells:
    """The values of one column.

    Attributes:
        values: float64 (N,), NaN where there is no number; of categories int32 codes, −1 where there is none.
        marks: int8 (N,), which of the column's `absent` words stands where there is no value; None where all are the
            first.
        keys: uint64 (N,), of what is not learnt a hash of each value, by which copies are found; 0 where there is
            none. It never leaves memory.
    """

    values: NDArray[Any]
    marks: NDArray[np.int8] | None = None
    keys: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[Any]) -> "Cells":
        """Those of some rows."""
        marks, keys = (None if part is None else part[rows] for part in (self.marks, self.keys))
        return Cells(self.values[rows], marks, keys)

    @property
    def absent(self) -> NDArray[np.bool_]:
        """Where there is no value, (N,)."""
        return np.isnan(self.values) if self.values.dtype.kind == "f" else self.values < 0


@dataclass(frozen=True)
class Column(ABC):
    """A column.

    Attributes:
        name: as in the file.
        pad: spaces that stand before every value in the file.
        absent: words that stand where there is no value, the most frequent first; () where there always is one.
        words: those of them that say something else than that there is none, as "unknown" does.
        stored: Arrow's type of the column in a Parquet file or a data frame; "" for text.
        dtype: of a column of a pandas DataFrame; "" of any other.
        of: the file's column of which it is a part (`parts`); "" where it is a whole one.
        before: what stands before the part.
        after: what stands after the last part.
        digits: to how many characters zeros fill it.
        header: the name that CSV files give it, where that is another one.
    """

    name: str
    pad: str = ""
    absent: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    stored: str = ""
    dtype: str = ""
    of: str = field(default="", kw_only=True)
    before: str = field(default="", kw_only=True)
    after: str = field(default="", kw_only=True)
    digits: int = field(default=0, kw_only=True)
    header: str | None = field(default=None, kw_only=True, repr=False)

    kind: ClassVar[str]
    #: Whether values are on a scale, as a `ScaledColumn`'s.
    numeric: ClassVar[bool] = False

    @property
    def described(self) -> str:
        """Its kind with what belongs to it, a few words."""
        return self.kind

    @property
    @abstractmethod
    def contents(self) -> str:
        """Its range, or some of its values."""

    @abstractmethod
    def texts(self, cells: Cells) -> NDArray[np.object_]:
        """The values as the file has them, but for blanks around them."""

    def made(self, cells: Cells, uniform: NDArray[np.float64]) -> Cells:  # noqa: ARG002
        """Values that a model made as finely told as the file's, by a number uniform on [0, 1) for each."""
        return cells

    def in_file(self, cells: Cells) -> NDArray[np.object_]:
        """The values as the file has them, with the blanks around them."""
        texts = self.texts(cells)
        return np.array([self.pad + text for text in texts], dtype=object) if self.pad else texts

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"kind": self.kind, **json.loads(json.dumps(asdict(self)))}

    def _with_absent(self, texts: NDArray[np.object_], cells: Cells) -> NDArray[np.object_]:
        where = np.flatnonzero(cells.absent)
        if len(where):
            words = np.array(self.absent or ("",), dtype=object)
            texts[where] = words[0] if cells.marks is None else words[cells.marks[where]]
        return texts


@dataclass(frozen=True)
class ScaledColumn(Column, ABC):
    """Values on a scale, which can be compared and averaged: numbers, and seconds of whatever has to do with time.

    Attributes:
        low, high: the least and the greatest.
    """

    low: float = 0.0
    high: float = 0.0

    numeric = True

    @abstractmethod
    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The nearest values that the column can have."""

    @abstractmethod
    def value(self, text: str) -> float:
        """The value that a text stands for, in the column's spelling or in the usual one. Raises ValueError if none."""

    @abstractmethod
    def written(self, values: NDArray[np.float64]) -> NDArray[np.object_]:
        """Values as the file has them."""

    def texts(self, cells: Cells) -> NDArray[np.object_]:
        """As the file has them, with words where there is no value."""
        present = ~cells.absent
        made = np.empty(len(cells), dtype=object)
        if present.any():
            made[present] = self.written(self.rounded(cells.values[present]))
        return self._with_absent(made, cells)

    @property
    def contents(self) -> str:
        """The least and the greatest, as they are written."""
        first, last = self.written(self.rounded(np.array([self.low, self.high])))
        return f"{first} to {last}"

    @property
    def _or_words(self) -> str:
        return f" or {', '.join(map(repr, self.words))}" if self.words else ""


@dataclass(frozen=True)
class NumberColumn(ScaledColumn):
    """Numbers.

    Attributes:
        spelling: how they are written.
        step: of which all are multiples, where that is more than their last decimal; 0 where it is not.
    """

    spelling: NumberSpelling = field(default_factory=NumberSpelling)
    step: float = 0.0

    kind = "number"

    @property
    def integer(self) -> bool:
        """Whether all are whole."""
        return self.spelling.whole

    @property
    def described(self) -> str:
        """Integers are told from other numbers, and words among them named."""
        if self.spelling.truths:
            return "number of " + " and ".join(self.spelling.truths)
        return ("integer" if self.integer else "number") + self._or_words

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """To the step, to whole numbers, or to as many decimals as there are."""
        if self.step:
            return Grain(self.step).rounded(values)
        if self.integer or self.spelling.truths:
            return np.rint(values)
        return np.round(values, self.spelling.places[1]) if self._decimals else values

    @property
    def _decimals(self) -> bool:
        return bool(self.spelling.places) and self.spelling.exponent == ""

    def value(self, text: str) -> float:
        """See `ScaledColumn.value`."""
        return self.spelling.value(text)

    def written(self, values: NDArray[np.float64]) -> NDArray[np.object_]:
        """With as many decimals, and the marks, that the file has."""
        return self.spelling.write(values)


@dataclass(frozen=True)
class ClockColumn(ScaledColumn, ABC):
    """What calendars and clocks show.

    Attributes:
        spelling: how they are written.
        grain: how finely they are told apart.
    """

    spelling: DateSpelling = field(default_factory=DateSpelling)
    grain: Grain = field(default_factory=Grain)

    def made(self, cells: Cells, uniform: NDArray[np.float64]) -> Cells:
        """Some dates in the coarser formats that the file has beside its own, as often as there."""
        if not self.spelling.coarser:
            return cells
        present = np.flatnonzero(~cells.absent)
        values = cells.values.copy()
        values[present] = self.spelling.made_coarser(self.rounded(values[present]), uniform[present])
        return replace(cells, values=values)

    def written(self, values: NDArray[np.float64]) -> NDArray[np.object_]:
        """In the file's format."""
        return self.spelling.write(values)


@dataclass(frozen=True)
class DateColumn(ClockColumn):
    """Dates, with or without a time of day: seconds since 1970 in UTC, or on clocks of no known zone."""

    kind = "date"

    @property
    def described(self) -> str:
        """With the format."""
        zone = self.spelling.zone
        return f"date {self.spelling.format}{f' ({zone})' if zone not in ('', 'UTC') else ''}{self._or_words}"

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """On the clocks of the column's zone."""
        ahead = self.spelling.ahead(values)
        return self.grain.rounded(values + ahead) - ahead

    def value(self, text: str) -> float:
        """Seconds since 1970 of a date in the file's format, or in ISO's. Raises ValueError for anything else."""
        return self.spelling.seconds(text)


@dataclass(frozen=True)
class TimeColumn(ClockColumn):
    """Times of day: seconds since midnight."""

    spelling: DateSpelling = field(default_factory=lambda: DateSpelling("%H:%M:%S"))
    grain: Grain = field(default_factory=lambda: Grain(1.0))

    kind = "time"

    @property
    def described(self) -> str:
        """With the format."""
        return f"time {self.spelling.format}{self._or_words}"

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Within a day."""
        return self.grain.rounded(values) % 86_400.0

    def value(self, text: str) -> float:
        """Seconds since midnight."""
        found = DateSpelling("%H:%M:%S.%f").parse([text if text.count(":") > 1 else f"{text}:00"])[0][0]
        own = self.spelling.parse([text])[0][0]
        return float(own) if np.isnan(found) else float(found)


@dataclass(frozen=True)
class DurationColumn(ScaledColumn):
    """Durations: seconds.

    Attributes:
        spelling: how they are written.
        grain: how finely they are told apart.
    """

    spelling: DurationSpelling = field(default_factory=DurationSpelling)
    grain: Grain = field(default_factory=lambda: Grain(1.0))

    kind = "duration"

    @property
    def described(self) -> str:
        """With the style."""
        return f"duration ({self.spelling.style}){self._or_words}"

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """To the grain."""
        return self.grain.rounded(values)

    def value(self, text: str) -> float:
        """Seconds of a duration in any style. Raises ValueError for anything else."""
        return self.spelling.value(text)

    def written(self, values: NDArray[np.float64]) -> NDArray[np.object_]:
        """In the file's style."""
        return self.spelling.write(values)


@dataclass(frozen=True)
class CategoryColumn(Column):
    """Values of which only equality is known.

    Attributes:
        categories: all there are, the most frequent first; a cell's code is its place here.
        levels: those of a data frame's categorical column, in its own order, also such as no row has.
        blanks: categories with what the file has in their place, where that is not the pad and the category.
    """

    categories: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    blanks: tuple[tuple[str, str], ...] = ()

    kind = "category"

    @property
    def described(self) -> str:
        """With their number."""
        return f"category of {len(self.categories):,}"

    @property
    def contents(self) -> str:
        """The most frequent."""
        more = ", …" if len(self.categories) > SHOWN else ""
        return ", ".join(name if len(name) <= LONG else f"{name[:LONG]}…" for name in self.categories[:SHOWN]) + more

    def texts(self, cells: Cells) -> NDArray[np.object_]:
        """The categories themselves."""
        made = np.array(self.categories or ("",), dtype=object)[np.maximum(cells.values, 0)]
        return self._with_absent(made, cells)

    @property
    def written(self) -> tuple[str, ...]:
        """The categories with the blanks around them."""
        known = dict(self.blanks)
        return tuple(known.get(name, self.pad + name) for name in self.categories)

    def in_file(self, cells: Cells) -> NDArray[np.object_]:
        """See `Column.in_file`."""
        made, absent = super().in_file(cells), cells.absent
        made[~absent] = np.array(self.written or ("",), dtype=object)[cells.values[~absent]]
        return made


@dataclass(frozen=True)
class ConstantColumn(Column):
    """The same text in every row.

    Attributes:
        text: that text.
        nothing: whether it means that there is no value.
    """

    text: str = ""
    nothing: bool = False

    kind = "constant"

    @property
    def described(self) -> str:
        """With its value."""
        return f"constant {self.text!r}"

    @property
    def contents(self) -> str:
        """It is a part of the description."""
        return ""

    def texts(self, cells: Cells) -> NDArray[np.object_]:
        """As often as there are rows."""
        return np.full(len(cells), self.text, dtype=object)


@dataclass(frozen=True)
class IdentifierColumn(Column):
    """Names of rows, of which no model has anything to learn, and which nobody wants to see again.

    Attributes:
        pattern: how new ones are made. Each cell's value is a row of `identifiers.cells_of`.
        numbers: whether they are numbers, and not texts.
        missing: share of rows that have none.
    """

    pattern: IdentifierPattern | FakePattern = field(default_factory=IdentifierPattern)
    numbers: bool = False
    missing: float = 0.0

    kind = "identifier"

    @property
    def described(self) -> str:
        """It is said that they aren't kept."""
        what = self.pattern.what if isinstance(self.pattern, FakePattern) else "identifier"
        return f"{what} (made anew)"

    @property
    def contents(self) -> str:
        """What new ones look like."""
        first, second = self.pattern.texts(cells_of(0, 2))
        return f"{first}, {second}, …"

    def texts(self, cells: Cells) -> NDArray[np.object_]:
        """New names, all different."""
        made, gone = self.pattern.texts(cells.values), self.gone(cells)
        made[gone] = self.absent[0] if self.absent else ""
        return made

    def gone(self, cells: Cells) -> NDArray[np.bool_]:
        """Rows without one, (N,)."""
        return uniform_of(cells.values) < self.missing


_KINDS: dict[str, type[Column]] = {
    kind.kind: kind
    for kind in (
        *(NumberColumn, DateColumn, TimeColumn, DurationColumn),
        *(CategoryColumn, ConstantColumn, IdentifierColumn),
    )
}
_PARTS: dict[tuple[str, str], type[Any]] = {
    ("number", "spelling"): NumberSpelling,
    ("date", "spelling"): DateSpelling,
    ("time", "spelling"): DateSpelling,
    ("duration", "spelling"): DurationSpelling,
    **{(kind, "grain"): Grain for kind in ("date", "time", "duration")},
    ("identifier", "pattern"): IdentifierPattern,
}


def column_from(plain: Mapping[str, Any]) -> Column:
    """The column that `plain` gave. Raises KeyError or TypeError where it is none."""
    kind = plain["kind"]
    rest: dict[str, Any] = {}
    for name, value in plain.items():
        if (kind, name) in _PARTS:
            part = FakePattern if "what" in value else _PARTS[kind, name]
            rest[name] = part(**{k: _frozen(v) for k, v in value.items()})
        elif name != "kind":
            rest[name] = _frozen(value)
    return _KINDS[kind](**rest)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def declared(name: str, kind: str) -> str:
    """What a user types to say of what kind a column is.

    >>> declared("Unnamed: 3", "category")
    "--set 'data.columns.Unnamed: 3=category'"
    """
    return f"--set {shlex.quote(f'data.columns.{name}={kind}')}"


def named(columns: Sequence[Column], name: str) -> Column:
    """The column of a name.

    Raises:
        DataError: there is none; lists those there are.
    """
    for column in columns:
        if column.name == name:
            return column
    if parts := [column.name for column in columns if name and column.of == name]:
        raise DataError(f"{name!r} is learnt by its parts: name {' or '.join(parts)}")
    raise DataError(f"there is no column {name!r}: the table has {', '.join(column.name for column in columns)}")
