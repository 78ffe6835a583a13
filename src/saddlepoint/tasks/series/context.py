"""What is one for all steps of a window: when it begins, and the attributes of its series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.tables import CategoryColumn, Cells, Column, NumberColumn
from saddlepoint.data.tables.columns import column_from
from saddlepoint.tasks.series.calendar import Calendar

Numbers = NDArray[np.float64]
#: Series that share a category at least, on average: fewer would tell who it is.
SHARED = 2


@dataclass(frozen=True)
class Facts:
    """What holds for windows.

    Attributes:
        moments: (N,), when they begin, on the clocks of the place; None where nothing tells.
        attributes: (N, A), of their series: codes of categories, and numbers.
    """

    moments: Numbers | None
    attributes: Numbers

    def take(self, places: NDArray[Any]) -> "Facts":
        """Those of some windows."""
        return Facts(None if self.moments is None else self.moments[places], self.attributes[places])


@dataclass(frozen=True)
class Context:
    """How facts are coded: the calendar's numbers, then of each category a number that is 2 or 0, and of each number
    its distance from the mean in deviations.

    Attributes:
        calendar: None where nothing tells the time.
        attributes: columns that never change within a series.
        means, deviations: of those that are numbers; 0 and 1 of the others.
    """

    calendar: Calendar | None = None
    attributes: tuple[Column, ...] = ()
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()

    @classmethod
    def fit(cls, calendar: Calendar | None, attributes: Sequence[Column], facts: Facts) -> "Context":
        """By the facts of windows."""
        numbers = [isinstance(column, NumberColumn) for column in attributes]
        means = np.where(numbers, facts.attributes.mean(0), 0.0)
        deviations = np.where(numbers, facts.attributes.std(0), 1.0)
        deviations = np.where(deviations > 0, deviations, 1.0)
        return cls(calendar, tuple(attributes), tuple(means.tolist()), tuple(deviations.tolist()))

    @property
    def size(self) -> int:
        """Numbers of a window."""
        own = sum(len(c.categories) if isinstance(c, CategoryColumn) else 1 for c in self.attributes)
        return own + (self.calendar.size if self.calendar else 0)

    def code(self, facts: Facts) -> Numbers:
        """Facts of N windows → (N, size)."""
        parts = [np.zeros((len(facts.attributes), 0))]
        if self.calendar is not None and facts.moments is not None:
            parts.append(self.calendar.code(facts.moments))
        for place, column in enumerate(self.attributes):
            own = facts.attributes[:, place]
            if isinstance(column, CategoryColumn):
                parts.append(2.0 * (own[:, None] == np.arange(len(column.categories))))
            else:
                parts.append((own[:, None] - self.means[place]) / self.deviations[place])
        return np.concatenate(parts, 1)

    def read(self, codes: Numbers) -> Facts:
        """(N, size) → the facts that they stand for."""
        size = self.calendar.size if self.calendar else 0
        moments = self.calendar.read(codes[:, :size]) if self.calendar else None
        made, at = [np.zeros((len(codes), 0))], size
        for place, column in enumerate(self.attributes):
            if isinstance(column, CategoryColumn):
                made.append(codes[:, at : at + len(column.categories)].argmax(1)[:, None].astype(np.float64))
                at += len(column.categories)
            elif isinstance(column, NumberColumn):
                values = codes[:, at] * self.deviations[place] + self.means[place]
                made.append(column.rounded(values.clip(column.low, column.high))[:, None])
                at += 1
        return Facts(moments, np.concatenate(made, 1))

    def cells(self, facts: Facts, steps: int, times: Numbers | None = None) -> dict[str, Cells]:
        """Values of the columns that are made of facts, a row a step; `times` (steps,) are those of all windows."""
        made = {}
        if self.calendar is not None and times is not None:
            made = self.calendar.cells(np.tile(times, len(facts.attributes)))
        elif self.calendar is not None and facts.moments is not None:
            made = self.calendar.cells(self.calendar.times(facts.moments, steps).reshape(-1))
        for column, own in zip(self.attributes, facts.attributes.T, strict=True):
            rows = own.repeat(steps)
            made[column.name] = Cells(rows.astype(np.int32) if isinstance(column, CategoryColumn) else rows)
        return made

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those that are made of facts."""
        return (*(self.calendar.clock.written if self.calendar else ()), *self.attributes)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "calendar": self.calendar.plain() if self.calendar else None,
            "attributes": [column.plain() for column in self.attributes],
            "means": list(self.means),
            "deviations": list(self.deviations),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """What `plain` gave. Raises KeyError, TypeError or ValueError where it is none."""
        calendar = None if plain["calendar"] is None else Calendar.from_plain(plain["calendar"])
        attributes = tuple(column_from(column) for column in plain["attributes"])
        if not all(isinstance(column, CategoryColumn | NumberColumn) for column in attributes):
            raise ValueError("attributes of a series are categories and numbers")
        means, deviations = (tuple(float(value) for value in plain[name]) for name in ("means", "deviations"))
        if not len(means) == len(deviations) == len(attributes):
            raise ValueError(f"{len(attributes)} attributes with {len(means)} means, {len(deviations)} deviations")
        return cls(calendar, attributes, means, deviations)


#: Where nothing is told of a window.
NOTHING = Context()
