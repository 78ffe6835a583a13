"""Columns of a table: what is remembered of each, so that made values are written as the file has them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.images import DataError

#: What a column may be declared to be.
ColumnKind = Literal["number", "integer", "category", "date", "identifier"]
KINDS: tuple[str, ...] = get_args(ColumnKind)

#: Categories that a description names, and characters of each.
SHOWN, LONG = 3, 20


@dataclass(frozen=True, eq=False)
class Cells:
    """The values of one column.

    Attributes:
        values: float64 (N,), NaN where there is no number; of categories int32 codes, −1 where there is none.
        marks: int8 (N,), which of the column's `absent` words stands where there is no number; None where all are the
            first.
    """

    values: NDArray[Any]
    marks: NDArray[np.int8] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[Any]) -> "Cells":
        """Those of some rows."""
        return Cells(self.values[rows], None if self.marks is None else self.marks[rows])

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
        stored: Arrow's type of the column in a Parquet file or a data frame; "" for text.
    """

    name: str
    pad: str = ""
    absent: tuple[str, ...] = ()
    stored: str = ""

    kind: ClassVar[str]
    #: Whether values are numbers, which can be compared and averaged.
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
        """The values as the file has them, but for the pad."""

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"kind": self.kind, **{k: list(v) if isinstance(v, tuple) else v for k, v in own.items()}}

    def _with_absent(self, texts: NDArray[np.object_], cells: Cells) -> NDArray[np.object_]:
        where = np.flatnonzero(cells.absent)
        if len(where):
            words = np.array(self.absent or ("",), dtype=object)
            texts[where] = words[0] if cells.marks is None else words[cells.marks[where]]
        return texts


@dataclass(frozen=True)
class NumberColumn(Column):
    """Numbers.

    Attributes:
        low, high: the least and the greatest.
        places: decimals that every value has at least, and at most; (0, 0) are integers; () are of any precision.
    """

    low: float = 0.0
    high: float = 0.0
    places: tuple[int, ...] = ()

    kind = "number"
    numeric = True

    @property
    def integer(self) -> bool:
        """Whether all are whole."""
        return self.places == (0, 0)

    @property
    def described(self) -> str:
        """Integers are told from other numbers, and words among them named."""
        words = [repr(word) for word in self.absent if word]
        return ("integer" if self.integer else "number") + (f" or {', '.join(words)}" if words else "")

    @property
    def contents(self) -> str:
        """Its range."""
        return f"{self.low:.10g} to {self.high:.10g}"

    def texts(self, cells: Cells) -> NDArray[np.object_]:
        """With as many decimals as the file has."""
        present = ~cells.absent
        numbers = cells.values[present]
        made = np.empty(len(cells), dtype=object)
        if self.integer:
            made[present] = np.rint(numbers).astype(np.int64).astype(str).astype(object)
        elif not self.places:
            made[present] = np.array([format(value, ".10g") for value in numbers], dtype=object)
        else:
            least, most = self.places
            # 0.0: no negative zero is written.
            written = [f"{value + 0.0:.{most}f}" for value in np.round(numbers, most)]
            made[present] = np.array(
                [_shortened(text, least, most) for text in written] if least < most else written, dtype=object
            )
        return self._with_absent(made, cells)


def _shortened(text: str, least: int, most: int) -> str:
    """A number without the zeros at its end, but with `least` decimals.

    >>> _shortened("1.500", 1, 3), _shortened("2.000", 1, 3), _shortened("2.000", 0, 3)
    ('1.5', '2.0', '2')
    """
    kept = max(len(text.rstrip("0")), len(text) - most + least)
    return text[:kept].rstrip(".")


@dataclass(frozen=True)
class DateColumn(Column):
    """Dates, with or without a time of day: seconds since 1970.

    Attributes:
        low, high: the first and the last, seconds.
        format: as `strftime` has it.
    """

    low: float = 0.0
    high: float = 0.0
    format: str = "%Y-%m-%d"

    kind = "date"
    numeric = True

    @property
    def described(self) -> str:
        """With the format."""
        return f"date {self.format}"

    @property
    def contents(self) -> str:
        """The first and the last."""
        first, last = (str(np.datetime64(int(end), "s")) for end in (self.low, self.high))
        return f"{first} to {last}".replace("T00:00:00", "")

    def texts(self, cells: Cells) -> NDArray[np.object_]:
        """In the file's format."""
        present = ~cells.absent
        moments = self.moments(cells.values[present])
        made = np.empty(len(cells), dtype=object)
        made[present] = np.array(moments.strftime(self.format), dtype=object)
        return self._with_absent(made, cells)

    def seconds(self, text: str) -> float:
        """Seconds since 1970 of a date in the file's format, or in ISO's. Raises ValueError for anything else."""
        import pandas

        found = pandas.to_datetime(text, format=self.format, errors="coerce")
        return float((pandas.Timestamp(text) if pandas.isna(found) else found).timestamp())

    def moments(self, seconds: NDArray[np.float64]) -> Any:
        """Seconds since 1970 as a pandas index of dates, as exact as the format is."""
        import pandas

        unit = 1e-6 if "%f" in self.format else 1 if "%S" in self.format else 60 if "%M" in self.format else 86_400
        steps = np.rint(seconds / unit) * unit
        return pandas.to_datetime(np.rint(steps * 1e6).astype(np.int64), unit="us")


@dataclass(frozen=True)
class CategoryColumn(Column):
    """Values of which only equality is known.

    Attributes:
        categories: all there are, the most frequent first; a cell's code is its place here.
    """

    categories: tuple[str, ...] = ()

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


@dataclass(frozen=True)
class ConstantColumn(Column):
    """The same text in every row.

    Attributes:
        text: that text.
    """

    text: str = ""

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

    Whole numbers that rise from row to row go on after the last one. Texts are made anew in the shapes that are there:
    in place of a digit another digit, of a letter another letter, everything else as it is.

    Attributes:
        after: the last number; None for texts.
        shapes: of texts, 9 for a digit, A and a for letters.
    """

    after: int | None = None
    shapes: tuple[str, ...] = ()

    kind = "identifier"

    @property
    def described(self) -> str:
        """It is said that they aren't kept."""
        return "identifier (made anew)"

    @property
    def contents(self) -> str:
        """Where numbers go on, or what texts look like."""
        return f"from {self.after + 1}" if self.after is not None else ", ".join(dict.fromkeys(self.shapes[:2]))

    def texts(self, cells: Cells) -> NDArray[np.object_]:
        """New names; each cell's value is where its randomness comes from."""
        if self.after is not None:
            return np.array([str(self.after + 1 + row) for row in range(len(cells))], dtype=object)
        shapes = self.shapes or ("AAAAAAAA",)
        made = np.empty(len(cells), dtype=object)
        for row, seed in enumerate(cells.values):
            digits = np.random.default_rng(int(seed))
            shape = shapes[int(digits.integers(len(shapes)))]
            drawn = digits.integers(0, 1 << 30, len(shape))
            made[row] = "".join(_other(old, int(number)) for old, number in zip(shape, drawn, strict=True))
        return made


def shape_of(text: str) -> str:
    """The shape of a text: 9 for a digit, A for a capital letter, a for a small one, all else as it is.

    >>> shape_of("Ab-12")
    'Aa-99'
    """
    return "".join("9" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else c for c in text)


def _other(old: str, number: int) -> str:
    if old == "9":
        return str(number % 10)
    if old in "Aa":
        return chr(ord(old) + number % 26)
    return old


_KINDS: dict[str, type[Column]] = {
    kind.kind: kind for kind in (NumberColumn, DateColumn, CategoryColumn, ConstantColumn, IdentifierColumn)
}


def column_from(plain: Mapping[str, Any]) -> Column:
    """The column that `plain` gave. Raises KeyError or TypeError where it is none."""
    rest: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items() if k != "kind"}
    return _KINDS[plain["kind"]](**rest)


def named(columns: Sequence[Column], name: str) -> Column:
    """The column of a name.

    Raises:
        DataError: there is none; lists those there are.
    """
    for column in columns:
        if column.name == name:
            return column
    raise DataError(f"there is no column {name!r}: the table has {', '.join(column.name for column in columns)}")
