"""What rows may be asked for: values, sets, ranges, beginnings of texts."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.images import DataError
from saddlepoint.data.tables.columns import CategoryColumn, Cells, Column, ScaledColumn, named
from saddlepoint.data.tables.rules import settled
from saddlepoint.data.tables.table import TableData

Mask = NDArray[np.bool_]
_SIGNS = re.compile(r"(?P<name>.+?)(?P<sign>>=|<=|!=|=|>|<)(?P<text>.*)", re.DOTALL)
#: How a condition is written, for messages.
FORMS = "COLUMN=VALUE, COLUMN=A|B, COLUMN=LOW..HIGH, COLUMN=BEGIN*, COLUMN>=VALUE, COLUMN!=VALUE"


@dataclass(frozen=True)
class Wanted:
    """A condition as it was written.

    Attributes:
        column: its name.
        sign: = != >= > <= <.
        texts: values; one of several.
        exact: whether each text is a value as it stands, and no set, range or beginning.
    """

    column: str
    sign: str
    texts: tuple[str, ...]
    exact: bool = False

    @property
    def text(self) -> str:
        """For messages."""
        return f"{self.column}{self.sign}{'|'.join(self.texts)}"


def wanted_of(where: Any) -> tuple[Wanted, ...]:
    """Conditions from texts, or from values by column: a value, a list of values, a slice (low, high).

    Raises:
        ValueError: a text is no condition.
    """
    if where is None:
        return ()
    if isinstance(where, Mapping):
        return tuple(one for name, value in where.items() for one in _of_value(str(name), value))
    texts = [where] if isinstance(where, str | Wanted) else list(where)
    return tuple(text if isinstance(text, Wanted) else _of_text(str(text)) for text in texts)


def _of_text(text: str) -> Wanted:
    match = _SIGNS.fullmatch(text)
    if match is None:
        raise ValueError(f"--where {text} is no condition: write {FORMS}")
    return Wanted(match["name"].strip(), match["sign"], (match["text"].strip(),))


def _of_value(name: str, value: Any) -> list[Wanted]:
    if isinstance(value, Wanted):
        return [value]
    if isinstance(value, slice):
        ends = ((">=", value.start), ("<=", value.stop))
        return [Wanted(name, sign, (text_of(end),), True) for sign, end in ends if end is not None]
    if isinstance(value, list | tuple | set | frozenset):
        if all(isinstance(one, Wanted) for one in value) and value:
            return list(value)
        if not value:
            raise ValueError(f"no value of {name!r} is given: a list has those that it may have")
        return [Wanted(name, "=", tuple(map(text_of, value)), True)]
    return [Wanted(name, "=", (text_of(value),))]


def text_of(value: Any) -> str:
    """A value of a Python caller's as a text; "" is a missing one."""
    absent = value is None or (isinstance(value, float) and math.isnan(value)) or str(value) in ("NaT", "<NA>")
    return "" if absent else str(value)


@dataclass(frozen=True)
class Condition:
    """A condition on a column that is there.

    Attributes:
        column: its description.
        wanted: as it was written.
        values: that fulfil it: codes of categories, numbers; −1 and NaN are missing ones. None where the ends say.
        low, high: ends of a range, with whether they belong to it.
        begins: what the text begins with; None where anything else says.
    """

    column: Column
    wanted: Wanted
    values: tuple[float, ...] | None = None
    low: tuple[float, bool] = (-math.inf, True)
    high: tuple[float, bool] = (math.inf, True)
    begins: str | None = None

    @staticmethod
    def of(wanted: Wanted, columns: Sequence[Column]) -> "Condition":
        """Find out what was meant.

        Raises:
            DataError: there is no such column, or no row can fulfil it.
        """
        column = named(columns, wanted.column)
        if column.kind in ("constant", "identifier"):
            if column.kind == "constant" and wanted.sign == "=" and getattr(column, "text", None) in wanted.texts:
                return Condition(column, wanted, None)
            raise DataError(f"column {column.name!r} is {column.described}: no row can be made with {wanted.text}")
        whole = wanted.sign + wanted.texts[0]
        if isinstance(column, CategoryColumn) and wanted.sign not in ("=", "!=") and whole in column.categories:
            wanted = Wanted(column.name, "=", (whole,), True)  # income>50K, of the category >50K
        if wanted.sign in ("=", "!="):
            return _equal(column, wanted)
        end = number_of(column, wanted.texts[0])
        if isinstance(column, CategoryColumn):
            numbers = [float(text) for text in column.categories]
            codes = [code for code, number in enumerate(numbers) if _compared(number, wanted.sign, end)]
            return _possible(Condition(column, wanted, tuple(map(float, codes))))
        place = end, len(wanted.sign) == 2
        if wanted.sign[0] == ">":
            return _possible(Condition(column, wanted, low=place))
        return _possible(Condition(column, wanted, high=place))

    def fulfilled(self, table: TableData) -> Mask:
        """Which rows do, (N,)."""
        cells, column = table.cells[self.column.name], table.column(self.column.name)
        if column.kind == "constant":
            return np.ones(len(table), dtype=bool)
        negative = self.wanted.sign == "!="
        if self.begins is not None:
            texts = column.texts(cells)
            found = np.array([str(text).startswith(self.begins) for text in texts], dtype=bool) & ~cells.absent
        elif isinstance(column, CategoryColumn):
            found = np.isin(cells.values, np.array(self.values, dtype=np.int64))
        else:
            values = settled(column, cells.values)
            found = self._numbers(values)
        if not negative:
            return found
        # What is missing is no other value.
        return ~found & ~cells.absent

    def _numbers(self, values: NDArray[np.float64]) -> Mask:
        if self.values is None:
            found = (values >= self.low[0]) if self.low[1] else (values > self.low[0])
            return np.asarray(found & ((values <= self.high[0]) if self.high[1] else (values < self.high[0])))
        wanted = np.array(self.values)
        found = np.isin(values, wanted[~np.isnan(wanted)])
        return found | np.isnan(values) if np.isnan(wanted).any() else found

    def overlaps(self, low: float, high: float) -> bool:
        """Whether a number from low to high may fulfil it."""
        if self.wanted.sign == "!=" or self.begins is not None:
            return True
        if self.values is None:
            return low <= self.high[0] and high >= self.low[0]
        return any(low <= value <= high for value in self.values)


def number_of(column: Column, text: str) -> float:
    """The number or the seconds that a text of a column is.

    Raises:
        DataError: it is none, or the column has none.
    """
    try:
        if isinstance(column, ScaledColumn):
            return column.value(text)
        if not isinstance(column, CategoryColumn):
            raise ValueError(text)
        for known in column.categories:
            float(known)
        return float(text)
    except ValueError as error:
        raise DataError(
            f"column {column.name!r} is {column.described}: {text!r} can't be compared with its values"
        ) from error


def value_of(column: Column, text: str) -> float:
    """The code or the number that a text of a column stands for, −1 or NaN where it is a missing one.

    Raises:
        DataError: it is no category, or no number.
    """
    if isinstance(column, CategoryColumn):
        if (code := code_of(column, text)) is None:
            raise DataError(_unknown(column, text))
        value = float(code)
    else:
        value = math.nan if text in column.absent or not text else number_of(column, text)
    if (math.isnan(value) or (value < 0 and not column.numeric)) and not column.absent:
        raise DataError(f"column {column.name!r} has no missing values: no row can be made without one")
    return value


def code_of(column: CategoryColumn, text: str) -> int | None:
    """The code of a category that a text means, −1 of none; None where there is no such category."""
    if text in column.categories:
        return column.categories.index(text)
    if text in column.absent or not text:
        return -1
    if column.stored == "bool" or text in ("True", "False"):
        lowered = [known.lower() for known in column.categories]
        return lowered.index(text.lower()) if text.lower() in lowered else None
    try:
        return next((code for code, known in enumerate(column.categories) if float(known) == float(text)), None)
    except ValueError:
        return None


def _equal(column: Column, wanted: Wanted) -> Condition:
    """One of several values, a range, or a beginning."""
    texts = wanted.texts
    found = [_value(column, text) for text in texts]
    if None in found and not wanted.exact and len(texts) == 1:
        text = texts[0]
        if "|" in text:
            texts = tuple(part.strip() for part in text.split("|"))
            found = [_value(column, part) for part in texts]
        elif text.startswith((">", "<")):  # of a Python caller: {"age": ">=30"}
            match = _SIGNS.fullmatch(column.name + text)
            if match is not None and match["name"] == column.name and wanted.sign == "=":
                return Condition.of(Wanted(column.name, match["sign"], (match["text"].strip(),)), [column])
        elif text.endswith("*"):
            return _possible(Condition(column, wanted, None, begins=text[:-1]))
        elif ".." in text:
            ends = [part.strip() for part in text.split("..", 1)]
            low, high = (number_of(column, end) if end else None for end in ends)
            low, high = (-math.inf if low is None else low), (math.inf if high is None else high)
            if isinstance(column, CategoryColumn):
                codes = [float(c) for c, known in enumerate(column.categories) if low <= float(known) <= high]
                return _possible(Condition(column, wanted, tuple(codes)))
            return _possible(Condition(column, wanted, None, (low, True), (high, True)))
    for text, value in zip(texts, found, strict=True):
        if value is None:
            raise DataError(_unknown(column, text))
    return _possible(Condition(column, wanted, tuple(value_of(column, text) for text in texts)))


def _value(column: Column, text: str) -> float | None:
    """A code, a number, NaN for a missing one; None where it is no value of the column."""
    if isinstance(column, CategoryColumn):
        return code_of(column, text)
    if text in column.absent or not text:
        return math.nan
    try:
        value = number_of(column, text)
    except DataError:
        return None
    assert isinstance(column, ScaledColumn)
    return value if column.low <= value <= column.high else None


def _unknown(column: Column, text: str) -> str:
    if isinstance(column, CategoryColumn):
        shown = ", ".join(column.categories[:8]) + (", …" if len(column.categories) > 8 else "")
        return f"column {column.name!r} has no value {text!r}: its {len(column.categories):,} are {shown}"
    number_of(column, text)
    return f"column {column.name!r} has no value {text!r}: it runs from {column.contents}"


def _possible(condition: Condition) -> Condition:
    """The condition. Raises DataError where no row can fulfil it."""
    column, negative = condition.column, condition.wanted.sign == "!="
    if isinstance(column, CategoryColumn):
        codes = np.arange(-1 if column.absent else 0, len(column.categories), dtype=np.int32)
        table = TableData("values", (column,), {column.name: Cells(codes)}, "")
        possible = bool(condition.fulfilled(table).any())
    else:
        assert isinstance(column, ScaledColumn)
        possible = negative or condition.values is not None or condition.overlaps(column.low, column.high)
    if not possible:
        raise DataError(f"no row can have {condition.wanted.text}: column {column.name!r} holds {column.contents}")
    return condition


def _compared(number: float, sign: str, end: float) -> bool:
    return {">=": number >= end, ">": number > end, "<=": number <= end, "<": number < end}[sign]
