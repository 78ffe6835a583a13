"""The order of a table's rows in time: what tells it, which series a row is of, and where gaps are.

The rules:

    time        a clock: the first column of dates, with the time of day where that is a column of its own, or a year
                with the quarter, month, day, hour that follow it, see `Clock`; else the first column that numbers the
                rows; else the order of the file. Rows are sorted by it; those that lack it are left out
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
from saddlepoint.data.tables import CategoryColumn, Column, DateColumn, TableData
from saddlepoint.data.tables.columns import IdentifierColumn
from saddlepoint.tasks.series.calendar import in_months
from saddlepoint.tasks.series.clock import DAY, Clock

#: What is found by itself.
AUTO = "auto"
#: Of rows that have the time of another one: fewer are no sign of several series.
TWINS = 0.01


@dataclass(frozen=True)
class Found:
    """The order of rows.

    Attributes:
        rows: int64 (N,), of the table as it was read, in the order of series and time.
        stretches: rows from, and up to, without a gap, of one series each; places in `rows`.
        series: int64 (N,), which series each row in order is of.
        time: names of the columns that tell the time, and of those that repeat it.
        entity: name of the column that names the series, or None.
        notes: what was done, a sentence each.
        step: the usual one, in the unit of the time, as seconds are of dates; 0 where nothing tells the time.
        clock: that tells the time; None where numbers or the order do.
        times: what it shows at each row in order, seconds since 1970 (N,); None without it.
    """

    rows: NDArray[np.int64]
    stretches: Sequence[tuple[int, int]]
    series: NDArray[np.int64]
    time: tuple[str, ...] = ()
    entity: str | None = None
    notes: tuple[str, ...] = ()
    step: float = 0.0
    clock: Clock | None = None
    times: NDArray[np.float64] | None = None

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
        clock = self.told(table)
        time, seconds = ((), None) if self.time is None else _numbered(table, self.time)
        if clock is not None:
            time, seconds = clock.names, clock.read(table)
        series = np.zeros(len(table), np.int64) if self.entity is None else _codes(table, self.entity)
        entity = self.entity
        if seconds is None:
            rows = np.argsort(series, kind="stable")
            return Found(rows, _stretches(series[rows], np.zeros(len(rows) - 1, bool)), series[rows], (), entity)
        named, notes = _and(time), []
        known = ~np.isnan(seconds)
        if entity is None and _many(seconds, series, known):
            entity = self._telling(table, seconds, known)
            if entity is None:
                raise DataError(
                    f"{_twins(seconds[known], series[known]):,} of {len(seconds):,} rows of {called} have the {named} "
                    f"of another row: name the column that tells its series apart with --set data.entity=NAME, or take "
                    f"rows as they stand with --set data.time=none"
                )
            series = _codes(table, entity)
            notes.append(f"Rows of one {named} are of several series, which {entity} tells apart.")
        if not known.all():
            notes.append(f"{(~known).sum():,} rows have no {named} and are left out.")
        there = np.flatnonzero(known)
        rows = there[np.lexsort((seconds[there], series[there]))]
        if not np.array_equal(rows, there):
            backwards = bool((np.diff(seconds[there]) <= 0).all())
            notes.append(f"Rows are sorted by {named}{': the file has the newest first' if backwards else ''}.")
        else:
            notes.append(f"{named} tell{'s' if len(time) == 1 else ''} the time: rows are in its order.")
        if clock is not None and len(clock.columns) > len(time):
            notes.append(
                f"Made from the time, as they repeat it: {_and([c.name for c in clock.columns[len(time) :]])}."
            )
        if entity is not None:
            notes.append(f"{len(np.unique(series[rows])):,} series, by {entity}; a window lies within one.")
        gaps, usual, said = self._gaps(seconds[rows], series[rows], dated=clock is not None)
        all_names = time if clock is None else tuple(column.name for column in clock.columns)
        stretches = _stretches(series[rows], gaps)
        times = None if clock is None else seconds[rows]
        return Found(rows, stretches, series[rows], all_names, entity, (*notes, *said), usual, clock, times)

    def told(self, table: TableData) -> Clock | None:
        """The clock of a table; None where none tells the time, or where it is not to be looked for."""
        if self.time is None:
            return None
        clock = Clock.found(table, None if self.time == AUTO else self.time)
        if clock is None or isinstance(clock.columns[0], DateColumn) or self.entity is not None or self.time != AUTO:
            return clock
        # A year that many rows share tells their time only where something tells the rows of one year apart.
        seconds = clock.read(table)
        known = ~np.isnan(seconds)
        alone = not _many(seconds, np.zeros(len(table), np.int64), known)
        return clock if alone or self._telling(table, seconds, known) is not None else None

    def _gaps(
        self, times: NDArray[np.float64], series: NDArray[np.int64], *, dated: bool
    ) -> tuple[NDArray[np.bool_], float, list[str]]:
        """Where the steps between rows in order (N − 1,) are gaps, the usual step, and notes on both."""
        within, steps = series[1:] == series[:-1], np.diff(times)
        usual = float(np.median(steps[within])) if within.any() else 0.0
        if usual <= 0:
            return np.zeros_like(within), usual, []
        months = in_months(times, usual) if dated else None
        unit, steps = (usual, steps) if months is None else (float(np.median(np.diff(months)[within])), np.diff(months))
        length = _length(usual, dated) if months is None else _amount(unit, "month")
        gaps = within & (steps > (self.gap or np.inf) * unit)
        unequal = int((within & ~gaps & (np.abs(steps - unit) > 0.01 * unit)).sum())
        notes = []
        if unequal:
            notes.append(
                f"{unequal:,} of {int(within.sum()):,} steps are not of the usual length, {length}; they count as one "
                f"step."
            )
        if gaps.any():
            notes.append(
                f"{_amount(int(gaps.sum()), 'gap')} of more than {self.gap:g} usual steps ({length} each), which no "
                f"window spans; --set data.gap=NUMBER changes that."
            )
        return gaps, usual, notes

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


def _numbered(table: TableData, time: str) -> tuple[tuple[str, ...], NDArray[np.float64] | None]:
    """The column of numbers that tells the time, where one was named, and its values. Raises DataError of text."""
    if time == AUTO:
        return (), None
    column = table.column(time)
    if not column.numeric:
        raise DataError(f"data.time={time} is a {column.kind}: name a column of dates or numbers")
    return (time,), table.cells[time].values


def _many(seconds: NDArray[np.float64], series: NDArray[np.int64], known: NDArray[np.bool_]) -> bool:
    """Whether more rows than by chance have the time of another one."""
    return bool(_twins(seconds[known], series[known]) > TWINS * known.sum())


def _and(names: Sequence[str]) -> str:
    """Names in a row of words.

    >>> _and(["year", "month", "day"])
    'year, month and day'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _length(step: float, dated: bool) -> str:
    """A step for people.

    >>> _length(3600, True), _length(172800, True), _length(3, False)
    ('1 hour', '2 days', '3')
    """
    if not dated:
        return f"{step:g}"
    for unit, size in (("day", DAY), ("hour", 3600.0), ("minute", 60.0)):
        if step >= size:
            return _amount(step / size, unit)
    return _amount(step, "second")


def _amount(number: float, unit: str) -> str:
    """A number of things.

    >>> _amount(1.0, "month"), _amount(12_000, "gap")
    ('1 month', '12,000 gaps')
    """
    return f"{number:,.3g} {unit}{'' if number == 1 else 's'}" if number < 1000 else f"{number:,.0f} {unit}s"
