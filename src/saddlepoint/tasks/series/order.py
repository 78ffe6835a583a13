"""The order of a table's rows in time: what tells it, which series a row is of, and where gaps are.

The rules:

    time        the first column of dates, with the time of day where that is a column of its own; else the first
                column that numbers the rows; else the order of the file. Rows are sorted by it; those that lack it are
                left out
    series      where rows of one time are several, the first column of categories that tells them apart names the
                series that a row is of. A window lies within one
    gaps        the usual step is the median of all. A step of more than `gap` usual ones is a gap, which no window
                spans; smaller ones count as one step
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data import DataError
from saddlepoint.data.tables import CategoryColumn, Column, TableData
from saddlepoint.data.tables.columns import IdentifierColumn

#: What is found by itself.
AUTO = "auto"
#: Seconds.
DAY = 86400.0
#: Of rows that have the time of another one: fewer are no sign of several series.
TWINS = 0.01


@dataclass(frozen=True)
class Found:
    """The order of rows.

    Attributes:
        rows: int64 (N,), of the table as it was read, in the order of series and time.
        stretches: rows from, and up to, without a gap, of one series each; places in `rows`.
        series: int64 (N,), which series each row in order is of.
        time: names of the columns that tell the time.
        entity: name of the column that names the series, or None.
        notes: what was done, a sentence each.
        step: the usual one, in the unit of the time, as seconds are of dates; 0 where nothing tells the time.
    """

    rows: NDArray[np.int64]
    stretches: Sequence[tuple[int, int]]
    series: NDArray[np.int64]
    time: tuple[str, ...] = ()
    entity: str | None = None
    notes: tuple[str, ...] = ()
    step: float = 0.0

    def is_attribute(self, values: NDArray[np.float64]) -> bool:
        """Whether values (N,), of rows in order, never change within a series."""
        same = (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
        return bool(same[self.series[1:] == self.series[:-1]].all())


@dataclass(frozen=True)
class Order:
    """What tells the time, the series and gaps.

    Attributes:
        time: name of a column; `auto` finds it; None takes rows as they stand.
        entity: name of the column that names the series; None finds it where times repeat.
        gap: usual steps that a longer one is a gap beyond; None knows no gaps.

    Raises:
        DataError: by `found`, where rows of several series can't be told apart, or a column tells no time.
    """

    time: str | None = AUTO
    entity: str | None = None
    gap: float | None = 5.0

    def found(self, table: TableData, called: str) -> Found:
        """The order of a table's rows; `called` is its name in messages."""
        time, seconds = self._times(table)
        if self.entity is not None:
            series, entity = _codes(table, self.entity), self.entity
        else:
            series, entity = np.zeros(len(table), np.int64), None
        notes = []
        if seconds is None:
            rows = np.argsort(series, kind="stable")
            return Found(rows, _stretches(series[rows], np.zeros(len(rows) - 1, bool)), series[rows], (), entity)
        known = ~np.isnan(seconds)
        if self.entity is None and (twins := _twins(seconds[known], series[known])) > TWINS * known.sum():
            entity = self._telling(table, seconds, known)
            if entity is None:
                raise DataError(
                    f"{twins:,} of {len(seconds):,} rows of {called} have the {time[0]} of another row: name the "
                    f"column that tells its series apart with --set data.entity=NAME, or take rows as they stand "
                    f"with --set data.time=none"
                )
            series = _codes(table, entity)
            notes.append(f"Rows of one {time[0]} are of several series, which {entity} tells apart.")
        if not known.all():
            notes.append(f"{(~known).sum():,} rows have no {time[0]} and are left out.")
        there = np.flatnonzero(known)
        rows = there[np.lexsort((seconds[there], series[there]))]
        if not np.array_equal(rows, there):
            backwards = bool((np.diff(seconds[there]) <= 0).all())
            notes.append(f"Rows are sorted by {time[0]}{': the file has the newest first' if backwards else ''}.")
        else:
            notes.append(f"{time[0]} tells the time: rows are in its order.")
        if entity is not None:
            notes.append(f"{len(np.unique(series[rows])):,} series, by {entity}; a window lies within one.")
        within = series[rows][1:] == series[rows][:-1]
        steps = np.diff(seconds[rows])
        usual = float(np.median(steps[within])) if within.any() else 0.0
        gaps = within & (steps > (self.gap or np.inf) * usual) if usual > 0 else np.zeros_like(within)
        unequal = int((within & ~gaps & (np.abs(steps - usual) > 0.01 * usual)).sum())
        dated = table.column(time[0]).kind != "number"
        if unequal:
            notes.append(
                f"{unequal:,} of {int(within.sum()):,} steps are not of the usual length, {_length(usual, dated)}; "
                f"they count as one step."
            )
        if gaps.any():
            notes.append(
                f"{int(gaps.sum()):,} gaps of more than {self.gap:g} usual steps ({_length(usual, dated)} each), "
                f"which no window spans; --set data.gap=NUMBER changes that."
            )
        return Found(rows, _stretches(series[rows], gaps), series[rows], time, entity, tuple(notes), usual)

    def _times(self, table: TableData) -> tuple[tuple[str, ...], NDArray[np.float64] | None]:
        """Names of the columns that tell the time, and what they say, float64 (N,)."""
        if self.time is None:
            return (), None
        if self.time != AUTO:
            column = table.column(self.time)
            if not column.numeric:
                raise DataError(f"data.time={self.time} is a {column.kind}: name a column of dates or numbers")
            return (self.time,), table.cells[self.time].values
        dates = [column for column in table.columns if column.kind == "date"]
        if not dates:
            return (), None
        date = table.cells[dates[0].name].values
        clocks = [column for column in table.columns if column.kind == "time"]
        if clocks and bool((date[~np.isnan(date)] % DAY == date[~np.isnan(date)][0] % DAY).all()):
            return (dates[0].name, clocks[0].name), date + table.cells[clocks[0].name].values
        return (dates[0].name,), date

    def _telling(self, table: TableData, seconds: NDArray[np.float64], known: NDArray[np.bool_]) -> str | None:
        """The first column of categories by which times no longer repeat."""
        for column in table.columns:
            if isinstance(column, CategoryColumn):
                codes = _codes(table, column.name)
                if _twins(seconds[known], codes[known]) <= TWINS * known.sum():
                    return column.name
        return None


def counted(column: Column) -> bool:
    """Whether a column numbers the rows."""
    return isinstance(column, IdentifierColumn) and column.numbers


def _codes(table: TableData, name: str) -> NDArray[np.int64]:
    return np.unique(table.cells[name].values, return_inverse=True)[1].astype(np.int64)


def _twins(seconds: NDArray[np.float64], series: NDArray[np.int64]) -> int:
    """Rows that have the time and the series of an earlier one."""
    return len(seconds) - len(np.unique(np.stack([seconds, series], 1), axis=0))


def _stretches(series: NDArray[np.int64], gaps: NDArray[np.bool_]) -> list[tuple[int, int]]:
    ends = np.flatnonzero(gaps | (series[1:] != series[:-1])) + 1
    return list(zip([0, *ends.tolist()], [*ends.tolist(), len(series)], strict=True))


def _length(step: float, dated: bool) -> str:
    """A step for people.

    >>> _length(3600, True), _length(172800, True), _length(3, False)
    ('1 hours', '2 days', '3')
    """
    if not dated:
        return f"{step:g}"
    for unit, size in (("days", DAY), ("hours", 3600.0), ("minutes", 60.0)):
        if step >= size:
            return f"{step / size:.3g} {unit}"
    return f"{step:.3g} seconds"
