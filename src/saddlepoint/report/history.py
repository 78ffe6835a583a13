"""From the records of a run to columns of numbers."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.measures import Measure

#: Numbers of a group that are looked at, and letters of their names: no training records more.
CURVES, LETTERS = 32, 48

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """One number as it went.

    Attributes:
        name: its key in the records.
        samples: samples seen where it was recorded, ascending (n,).
        values: (n,); NaN or an infinity where the number was not finite.
    """

    name: str
    samples: Numbers
    values: Numbers

    def finite(self) -> "Curve":
        """The same without what is not a finite number."""
        kept = np.isfinite(self.values)
        return Curve(self.name, self.samples[kept], self.values[kept])

    def part(self, begin: float, end: float = 1.0) -> Numbers:
        """The finite values in a stretch of the run, both ends as shares of the samples seen.

        >>> Curve("loss", np.arange(1.0, 9.0), np.arange(8.0)).part(0.75).tolist()
        [5.0, 6.0, 7.0]
        """
        series = self.finite()
        if not len(self.samples):
            return series.values
        first, last = begin * self.samples[-1], end * self.samples[-1]
        chosen: Numbers = series.values[(series.samples >= first) & (series.samples <= last)]
        return chosen

    def best(self, measure: Measure) -> tuple[float, int] | None:
        """The best finite value and the samples seen there; None where no value is finite, or no direction is known.

        >>> sharpness = Measure("sharpness", "", "target", target=1.0)
        >>> Curve("sharpness", np.array([10.0, 20.0, 30.0]), np.array([0.2, 0.9, 1.4])).best(sharpness)
        (0.9, 20)
        """
        series = self.finite()
        if not len(series.values) or measure.direction == "none":
            return None
        at = int(np.argmin([measure.badness(float(value)) for value in series.values]))
        return float(series.values[at]), int(series.samples[at])


def columns(records: Iterable[Mapping[str, Any]], group: str) -> list[Curve]:
    """Every number of a group ("losses", "monitors" or "metrics"), in the order in which they first appear.

    A number that a record does not hold is no point; one that is null or not a number is NaN.

    >>> [s.name for s in columns([{"samples": 1, "losses": {"generator": None}}], "losses")]
    ['generator']
    """
    found: dict[str, tuple[list[float], list[float]]] = {}
    for record in records:
        position, numbers = number(record.get("samples")), record.get(group)
        if not isinstance(numbers, Mapping) or not numbers or not math.isfinite(position):
            continue
        for name, value in numbers.items():
            if name not in found:
                name = str(name)[:LETTERS]
                if name not in found and len(found) == CURVES:
                    continue
                found.setdefault(name, ([], []))
            points = found[name]
            points[0].append(position)
            points[1].append(value if type(value) is float else number(value))
    series = []
    for name, recorded in found.items():
        samples, values = (np.array(part, dtype=np.float64) for part in recorded)
        if (samples[1:] < samples[:-1]).any():
            order = np.argsort(samples, kind="stable")
            samples, values = samples[order], values[order]
        series.append(Curve(name, samples, values))
    return series


def number(value: object) -> float:
    """A recorded value as a float; NaN for what is not a number.

    >>> number(3), number(None)
    (3.0, nan)
    """
    if type(value) is float:  # nearly all of them
        return value
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:  # hundreds of digits
        return math.nan


def mapping(value: object) -> Mapping[str, Any]:
    """What was read, where it is a mapping; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def measure_of(measures: object, name: str) -> Measure:
    """What `measures` of a `run.json` say of a number; without a direction where they do not know it.

    >>> measure_of({"recall": {"direction": "higher"}}, "recall").words, measure_of(None, "recall").words
    ('higher is better', '')
    """
    return Measure.read(name, measures.get(name) if isinstance(measures, Mapping) else None)


def compact(value: float) -> str:
    """A count for people, to three digits.

    >>> compact(950), compact(24_500), compact(1_000_000)
    ('950', '24.5k', '1M')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def duration(seconds: float) -> str:
    """A time for people.

    >>> duration(4.21), duration(134), duration(7_500)
    ('4.2 s', '2 min 14 s', '2 h 5 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
