"""When windows begin, as networks see it, and the times of made ones in the file's own columns.

A moment is coded as a place and a few circles. The place is where it lies between the first and the last, so that what
grows over the years can; the circles are the time of day, the weekday and the season, cosine and sine each, as far as
the steps are fine and the rows many enough to tell. Read back, each circle from the longest to the shortest moves the
moment to the nearest one of its phase, and the file's own slots of the week take it: where a market is closed at
weekends, no made row is of a Sunday.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.tables import Cells
from saddlepoint.tasks.series.clock import DAY, Clock

Seconds = NDArray[np.float64]
WEEK, YEAR = 604_800.0, 365.2425 * 86_400
#: The epoch, 1 January 1970, was a Thursday: weeks are counted from the Monday before.
MONDAY = -3 * DAY
#: The longest usual step beside which a circle says anything, and how many rounds of it the rows make at least.
CIRCLES: Mapping[float, tuple[float, float]] = {YEAR: (YEAR / 4, 2), WEEK: (DAY, 2), DAY: (DAY / 3, 2)}
#: Times of the week at which rows are, at most; and rows that each has at least, on average.
SLOTS, PER_SLOT = 10_080, 2
#: Steps of about a month or more are whole months where all rows are of one day of the month.
MONTH = 27 * DAY


@dataclass(frozen=True)
class Calendar:
    """The clock of a series.

    Attributes:
        clock: the columns that show the time.
        circles: periods in seconds, the longest first.
        slots: times of the week at which rows are, in seconds since Monday; () where they are at any.
        step: the usual one, in seconds; of months, their number.
        months: whether steps are whole months, from one day of the month to the same, or from end to end.
        first, last: the earliest and latest beginning of a window, on the clocks of the place.
    """

    clock: Clock
    circles: tuple[float, ...]
    slots: tuple[float, ...]
    step: float
    months: bool
    first: float
    last: float

    @classmethod
    def fit(cls, clock: Clock, times: Seconds, starts: NDArray[np.int64], step: float) -> "Calendar":
        """Of rows.

        Args:
            clock: the columns that show the time.
            times: of every row in order, seconds since 1970 on the clocks of the place.
            starts: rows at which windows begin.
            step: the usual one, in seconds.
        """
        span = float(np.ptp(times))
        circles = [c for c, (widest, rounds) in CIRCLES.items() if 0 < step <= widest and span >= rounds * c]
        slots = np.unique(np.round((times - MONDAY) % WEEK, 3))
        often = step <= 1.5 * DAY or (step == WEEK and len(slots) == 1)
        regular = often and len(slots) <= min(SLOTS, len(times) / PER_SLOT)
        months = in_months(times, step) is not None
        if months:
            step = max(1.0, float(np.round(step / (YEAR / 12))))
        begins = times[starts]
        return cls(
            clock,
            tuple(circles),
            tuple(slots.tolist()) if regular else (),
            step,
            months,
            float(begins.min()),
            float(begins.max()),
        )

    @property
    def size(self) -> int:
        """Numbers of a moment."""
        return 1 + 2 * len(self.circles)

    def code(self, moments: Seconds) -> Seconds:
        """(N,) → (N, size), each number about as large as a standard normal one."""
        place = (moments - self.first) / (self.last - self.first or 1.0)
        angles = [2 * np.pi * (moments - MONDAY) / period for period in self.circles]
        pairs = [np.sqrt(2) * turn(angle) for angle in angles for turn in (np.cos, np.sin)]
        return np.stack([np.sqrt(12) * (place - 0.5), *pairs], 1)

    def read(self, codes: Seconds) -> Seconds:
        """(N, size) → (N,), moments at which rows of the file might be."""
        moments: Seconds = self.first + (codes[:, 0] / np.sqrt(12) + 0.5).clip(0, 1) * (self.last - self.first)
        for number, period in enumerate(self.circles):
            cosine, sine = codes[:, 1 + 2 * number], codes[:, 2 + 2 * number]
            phase = MONDAY + np.arctan2(sine, cosine) / (2 * np.pi) * period
            moments = moments + (phase - moments + period / 2) % period - period / 2
        if self.circles:  # of which the rows make two rounds at least
            around = self.circles[0]
            moments = moments + around * np.ceil((self.first - moments).clip(0) / around)
            moments = moments - around * np.ceil((moments - self.last).clip(0) / around)
        return moments

    def times(self, moments: Seconds, steps: int) -> Seconds:
        """Of windows that begin at moments (N,): (N, steps), from the slot or month nearest to each on."""
        number = np.arange(steps)
        if self.months:
            end = DAY if _at_ends(np.array([self.first])) else 0.0  # counted from the first of the month after
            first = self.first + end
            inside = first - _of_month(_month(np.array(np.floor(first / DAY) * DAY)))
            own = _month(moments + end)
            months = own + np.rint((moments + end - _of_month(own) - inside) / (YEAR / 12)).astype(np.int64)
            along: Seconds = _of_month(months[:, None] + (number * self.step).astype(np.int64)) + inside - end
            return along
        if not self.slots:
            along = moments[:, None] + number * self.step
            return along
        slots = np.array(self.slots)
        around = np.concatenate([slots[-1:] - WEEK, slots, slots[:1] + WEEK])
        inside = (moments - MONDAY) % WEEK
        nearest = np.abs(inside[:, None] - around).argmin(1) - 1
        week = np.floor((moments - MONDAY) / WEEK)
        place = nearest[:, None] + number
        along = MONDAY + (week[:, None] + place // len(slots)) * WEEK + slots[place % len(slots)]
        return along

    def cells(self, times: Seconds) -> dict[str, Cells]:
        """Times (N,) on the clocks of the place, as values of the columns."""
        return self.clock.cells(times)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        own = {name: getattr(self, name) for name in ("circles", "slots", "step", "months", "first", "last")}
        return {"clock": self.clock.plain(), **own}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """What `plain` gave. Raises KeyError, TypeError or ValueError where it is none."""
        own = {name: plain[name] for name in ("step", "months", "first", "last")}
        return cls(
            Clock.from_plain(plain["clock"]),
            tuple(map(float, plain["circles"])),
            tuple(map(float, plain["slots"])),
            **own,
        )


def in_months(times: Seconds, step: float) -> Seconds | None:
    """Months since 1970 of rows that are all of one day of the month, or of the last; None of others.

    Args:
        times: seconds since 1970 on the clocks of the place (N,).
        step: the usual one, in seconds; of less than a month they are not counted so.
    """
    if step < MONTH:
        return None
    days = np.floor(times / DAY).astype(np.int64).astype("M8[D]")
    of_month = days - days.astype("M8[M]").astype("M8[D]")
    ends = _at_ends(times)
    return _month(times).astype(np.float64) if ends or bool((of_month == of_month[0]).all()) else None


def _at_ends(times: Seconds) -> bool:
    """Whether all are of the last day of a month."""
    tomorrow = times + DAY
    return bool((np.floor(tomorrow / DAY) * DAY == _of_month(_month(tomorrow))).all())


def _month(times: Seconds) -> NDArray[np.int64]:
    """Months since January 1970."""
    return np.floor(times / DAY).astype(np.int64).astype("M8[D]").astype("M8[M]").astype(np.int64)


def _of_month(months: NDArray[np.int64]) -> Seconds:
    """When months since January 1970 begin."""
    return months.astype("M8[M]").astype("M8[s]").astype(np.int64).astype(np.float64)
