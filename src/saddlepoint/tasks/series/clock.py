"""The columns that tell the time: a date, a date and a time of day, or parts of them in columns of their own.

Parts are known by their names, in the languages of many files: year, quarter, month, week, day, hour, minute, second.
They tell the time where a year is followed by finer ones without a hole (year and month; year, month, day and hour), or
a column of days by hours. A part that only repeats what the clock shows, as a month beside a date does, is one of its
columns too, and so never contradicts it in what is made.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.tables import CategoryColumn, Cells, Column, DateColumn, TableData
from saddlepoint.data.tables.calendar_names import languages_of, place_of
from saddlepoint.data.tables.columns import ConstantColumn, TimeColumn, column_from

Seconds = NDArray[np.float64]
Whole = NDArray[np.int64]
HOUR, DAY = 3600.0, 86_400.0
#: What columns of a clock show beside its parts: a whole moment, the day of one, and the time of day.
MOMENT, DAYS, TIME = "moment", "day of a date", "time of day"
#: Parts by the names that columns have, in small letters.
NAMES: Mapping[str, frozenset[str]] = {
    "year": frozenset("year yr yyyy jahr annee année ano año anno jaar rok år ar vuosi год yıl 年".split()),
    "quarter": frozenset("quarter qtr quartal trimestre kwartaal kwartał kvartal квартал".split()),
    "month": frozenset("month mon mnth mm monat mois mes mês mese maand miesiąc måned månad месяц ay 月".split()),
    "week": frozenset("week weekno isoweek woche kw semaine semana settimana".split()),
    "day of year": frozenset("dayofyear doy yday yearday julianday".split()),
    "day": frozenset("day dd dayofmonth dom mday tag jour dia día giorno dag dzień день gün 日".split()),
    "hour": frozenset("hour hr hh stunde heure hora ora uur timme time час saat".split()),
    "minute": frozenset("minute minutes mins min mi minuto минута".split()),
    "second": frozenset("second seconds secs sec ss sekunde seconde segundo".split()),
    "weekday": frozenset("weekday dayofweek dow wday wochentag".split()),
}
#: The parts that follow one another from a year on: each way down.
CHAINS = (
    *(("year", "month", "day", "hour", "minute", "second"), ("year", "quarter"), ("year", "week")),
    ("year", "day of year", "hour", "minute", "second"),
)
#: The year that a week of ISO's is counted in.
WEEKS_YEAR = "year of the week"
#: The least and the greatest value of each.
BOUNDS: Mapping[str, tuple[int, int]] = {
    **{
        "year": (1000, 2999),
        "quarter": (1, 4),
        "month": (1, 12),
        "week": (1, 53),
        "day of year": (1, 366),
        "day": (1, 31),
    },
    **{"hour": (0, 23), "minute": (0, 59), "second": (0, 59), "weekday": (0, 7)},
}
#: Weekdays, from Monday as 0: the number that Monday has, and that of the week's first day.
WEEKDAYS: Mapping[str, tuple[int, int]] = {
    **{"weekday from 0, Monday": (0, 0), "weekday from 1, Monday": (0, 1)},
    **{"weekday from 0, Sunday": (1, 0), "weekday from 1, Sunday": (1, 1)},
}


def part_of(name: str) -> str | None:
    """The part of a date that a column's name says it is.

    >>> part_of("Year"), part_of("day_of_year"), part_of("Yearly income")
    ('year', 'day of year', None)
    """
    plain = "".join(letter for letter in name.casefold() if letter.isalnum())
    return next((part for part, names in NAMES.items() if plain in names), None)


@dataclass(frozen=True)
class Clock:
    """Columns, and what each of them shows.

    Attributes:
        columns: that tell the time, the telling ones first.
        shows: of each, in their order: `moment`, `day of a date`, `time of day`, or a part.
        telling: how many of them are needed to tell the time; the others repeat it.
    """

    columns: tuple[Column, ...]
    shows: tuple[str, ...]
    telling: int

    @classmethod
    def found(cls, table: TableData, time: str | None = None) -> Self | None:
        """The clock of a table, None where no column tells.

        Args:
            table: as read.
            time: the column that tells; None takes the first date, or a year with what follows it.
        """
        columns = table.columns if time is None else (table.column(time),)
        date = next((column for column in columns if isinstance(column, DateColumn)), None)
        parts = _parts(table)
        own: list[tuple[Column, str]] = []
        if date is not None:
            own = [(date, MOMENT)]
            seconds = on_clocks(date, table.cells[date.name].values)
            known = seconds[~np.isnan(seconds)]
            if len(known) and bool((known % DAY == known[0] % DAY).all()):
                clocks = [column for column in table.columns if isinstance(column, TimeColumn)]
                hours = _follow(("hour", "minute", "second"), parts)
                if clocks:
                    own = [(date, DAYS), (clocks[0], TIME)]
                elif hours and known[0] % DAY == 0:
                    own = [(date, DAYS), *hours]
        else:
            own = max((_follow(chain, parts) for chain in CHAINS), key=len)
            if any(shown == "week" for _, shown in own):
                own[0] = own[0][0], WEEKS_YEAR
        names = [column.name for column, _ in own]
        if time not in (None, *names) or all(isinstance(column, ConstantColumn) for column, _ in own):
            return None
        clock = cls(*_unzipped(own), len(own))
        return cls(*_unzipped([*own, *_repeating(table, parts, clock)]), len(own))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that tell the time."""
        return tuple(column.name for column in self.columns[: self.telling])

    @property
    def written(self) -> tuple[Column, ...]:
        """The columns that `cells` gives: all that are not the same in every row."""
        return tuple(column for column in self.columns if not isinstance(column, ConstantColumn))

    def read(self, table: TableData) -> Seconds:
        """Seconds since 1970 on the clocks of the place at each row (N,), NaN where they are not told."""
        days, inside = np.zeros(len(table)), np.zeros(len(table))
        told = dict(zip(self.shows[: self.telling], self.columns, strict=False))
        values = {shown: _values(table, column) for shown, column in told.items()}
        if MOMENT in told:
            return on_clocks(told[MOMENT], values[MOMENT])
        if DAYS in told:
            days = np.floor(on_clocks(told[DAYS], values[DAYS]) / DAY) * DAY
        elif not told.keys().isdisjoint(("year", WEEKS_YEAR)):
            days = _days(values)
        inside = values.get(TIME, inside)
        for part, seconds in (("hour", HOUR), ("minute", 60.0), ("second", 1.0)):
            inside = inside + values.get(part, 0.0) * seconds
        return days + inside

    def cells(self, times: Seconds) -> dict[str, Cells]:
        """Times (N,) on the clocks of the place, as values of the columns."""
        made = {}
        for column, shown in zip(self.columns, self.shows, strict=True):
            if isinstance(column, ConstantColumn):
                continue
            if shown == MOMENT:
                made[column.name] = Cells(in_utc(column, times))
            elif shown == DAYS:
                made[column.name] = Cells(in_utc(column, np.floor(times / DAY) * DAY))
            elif shown == TIME:
                made[column.name] = Cells(times % DAY)
            elif isinstance(column, CategoryColumn):
                order = np.argsort(_months_named(column) or ())
                made[column.name] = Cells(order[shown_at(shown, times) - 1].astype(np.int32))
            else:
                made[column.name] = Cells(shown_at(shown, times).astype(np.float64))
        return made

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        columns = [column.plain() for column in self.columns]
        return {"columns": columns, "shows": list(self.shows), "telling": self.telling}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """What `plain` gave. Raises KeyError, TypeError or ValueError where it is none."""
        columns = tuple(column_from(column) for column in plain["columns"])
        shows, telling = tuple(plain["shows"]), int(plain["telling"])
        if not columns or len(shows) != len(columns) or not 1 <= telling <= len(columns):
            raise ValueError(f"{len(columns)} columns of a clock, {len(shows)} of which something is shown")
        for column, shown in zip(columns, shows, strict=True):
            kinds = {MOMENT: DateColumn, DAYS: DateColumn, TIME: TimeColumn}.get(shown, Column)
            if shown not in (MOMENT, DAYS, TIME, WEEKS_YEAR, *NAMES, *WEEKDAYS) or not isinstance(column, kinds):
                raise ValueError(f"a {column.kind} does not show a {shown}")
            if isinstance(column, CategoryColumn) and _months_named(column) is None:
                raise ValueError("categories of a clock are the twelve months")
        return cls(columns, shows, telling)


def shown_at(part: str, times: Seconds) -> Whole:
    """A part of times (N,) on the clocks of the place, whole numbers (N,)."""
    times = np.rint(times)
    days = np.floor(times / DAY).astype(np.int64)
    dates = days.astype("M8[D]")
    if part in WEEKDAYS:
        after, first = WEEKDAYS[part]
        return np.asarray((days + 3 + after) % 7 + first)
    if part in ("week", WEEKS_YEAR):  # ISO's: those of the week's Thursday
        thursdays = (days + 3 - (days + 3) % 7).astype("M8[D]")
        if part == WEEKS_YEAR:
            return np.asarray(thursdays.astype("M8[Y]").astype(np.int64) + 1970)
        return np.asarray((thursdays - thursdays.astype("M8[Y]")).astype(np.int64) // 7 + 1)
    within: Mapping[str, Callable[[], Any]] = {
        "year": lambda: dates.astype("M8[Y]").astype(np.int64) + 1970,
        "quarter": lambda: dates.astype("M8[M]").astype(np.int64) % 12 // 3 + 1,
        "month": lambda: dates.astype("M8[M]").astype(np.int64) % 12 + 1,
        "day of year": lambda: (dates - dates.astype("M8[Y]")).astype(np.int64) + 1,
        "day": lambda: (dates - dates.astype("M8[M]")).astype(np.int64) + 1,
        "hour": lambda: np.floor(times % DAY / HOUR).astype(np.int64),
        "minute": lambda: np.floor(times % HOUR / 60).astype(np.int64),
        "second": lambda: np.floor(times % 60).astype(np.int64),
    }
    return np.asarray(within[part]())


def on_clocks(column: Column, moments: Seconds) -> Seconds:
    """Seconds since 1970 in UTC as clocks at the place of a column of dates show them."""
    return moments + column.spelling.ahead(moments) if isinstance(column, DateColumn) else moments


def in_utc(column: Column, times: Seconds) -> Seconds:
    """The moments at which clocks at the place of a column of dates show times."""
    if not isinstance(column, DateColumn):
        return times
    return times - column.spelling.ahead(times - column.spelling.ahead(times))


def _parts(table: TableData) -> dict[str, Column]:
    """Columns that are a part by their name and all their values, the first of each part."""
    found: dict[str, Column] = {}
    for column in table.columns:
        part = part_of(column.name)
        if part is None or part in found:
            continue
        values = _values(table, column)
        low, high = BOUNDS[part]
        if np.isnan(values).any() or (values % 1 != 0).any() or values.min() < low or values.max() > high:
            continue
        if isinstance(column, CategoryColumn) and part != "month":
            continue
        found[part] = column
    return found


def _follow(chain: Sequence[str], parts: Mapping[str, Column]) -> list[tuple[Column, str]]:
    """The columns of a chain's parts up to the first that is not there."""
    found = []
    for part in chain:
        if part not in parts:
            break
        found.append((parts[part], part))
    return found


def _repeating(table: TableData, parts: Mapping[str, Column], clock: Clock) -> list[tuple[Column, str]]:
    """Columns that repeat in every row what a clock shows."""
    times = clock.read(table)
    there = ~np.isnan(times)
    found = []
    for part, column in parts.items():
        if column.name in clock.names or isinstance(column, ConstantColumn) or not there.any():
            continue
        values = _values(table, column)[there]
        for shown in WEEKDAYS if part == "weekday" else (part,):
            if np.array_equal(shown_at(shown, times[there]), values):
                found.append((column, shown))
                break
    return found


def _values(table: TableData, column: Column) -> Seconds:
    """Numbers of a column (N,), months of names; NaN of what is none."""
    own: Seconds = np.full(len(table), np.nan)
    if isinstance(column, ConstantColumn):
        with suppress(ValueError):
            own[:] = float(column.text)
    elif isinstance(column, CategoryColumn):
        months = _months_named(column)
        if months is not None:
            codes = table.cells[column.name].values
            own = np.where(codes >= 0, np.array(months, dtype=np.float64)[codes], np.nan)
    elif column.numeric:
        own = table.cells[column.name].values
    return own


def _months_named(column: CategoryColumn) -> list[int] | None:
    """The month, from 1, of each category, where they are the twelve names of a language."""
    for language in languages_of(column.categories[0], "months") if len(column.categories) == 12 else ():
        places = [place_of(language, "months", name) + 1 for name in column.categories]
        if sorted(places) == list(range(1, 13)):
            return places
    return None


def _days(values: Mapping[str, Seconds]) -> Seconds:
    """Midnights of years with what else is told of days, seconds since 1970."""
    years = values[WEEKS_YEAR if WEEKS_YEAR in values else "year"].astype(np.int64) - 1970
    months = np.zeros_like(years)
    if "quarter" in values:
        months = 3 * (values["quarter"].astype(np.int64) - 1)
    elif "month" in values:
        months = values["month"].astype(np.int64) - 1
    first = (12 * years + months).astype("M8[M]").astype("M8[D]").astype(np.int64)
    if "week" in values:  # ISO's first week holds 4 January
        fourth = first + 3
        first = fourth - (fourth + 3) % 7 + 7 * (values["week"].astype(np.int64) - 1)
    elif "day of year" in values:
        first = first + values["day of year"].astype(np.int64) - 1
    elif "day" in values:
        first = first + values["day"].astype(np.int64) - 1
    return first.astype(np.float64) * DAY


def _unzipped(pairs: Sequence[tuple[Column, str]]) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    return tuple(column for column, _ in pairs), tuple(shown for _, shown in pairs)
