"""How finely the values of a column are told apart: whole days, quarters of an hour, firsts of months, steps of 5."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Steps of moments that are looked for, in seconds, the coarser first; below a second follow decimal fractions.
STEPS = (86_400, 43_200, 21_600, 10_800, 7_200, 3_600, 1_800, 900, 600, 300, 60, 30, 15, 10, 5, 1)
WEEK = 604_800
#: Different values from which a week's or a month's step is believed.
TELLING = 5


@dataclass(frozen=True)
class Grain:
    """Values are phase + k · step, or first days of a month.

    Attributes:
        step: between neighbouring values; 0 of values of any size.
        phase: a value there is.
        months: of moments, the months from one to the next, as 1, 3 or 12; 0 where they are not firsts of a month.
    """

    step: float = 0.0
    phase: float = 0.0
    months: int = 0

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The nearest values that there may be.

        >>> Grain(step=0.25).rounded(np.array([1.1, 1.2])).tolist()
        [1.0, 1.25]
        >>> Grain(months=1).rounded(np.array([40 * 86_400.0])).tolist()  # 10 February 1970
        [2678400.0]
        """
        if self.months:
            days = np.floor(values / 86_400).astype(np.int64).astype("M8[D]")
            month = days.astype("M8[M]").astype(np.int64)
            starts = month // self.months * self.months
            low, high = (_start(starts + more) for more in (0, self.months))
            return np.where(values - low <= high - values, low, high)
        if not self.step:
            return values
        # Of decimal steps the product with a whole number is the decimal's own float.
        inverse = round(1 / self.step) if self.step < 1 else 0
        counts = np.rint((values - self.phase) / self.step)
        return self.phase + (
            counts / inverse if inverse and abs(inverse * self.step - 1) < 1e-9 else counts * self.step
        )


def _start(months: NDArray[np.int64]) -> NDArray[np.float64]:
    return months.astype("M8[M]").astype("M8[s]").astype(np.int64).astype(np.float64)


def grain_of_moments(seconds: NDArray[np.float64], *, calendar: bool = True) -> Grain:
    """The coarsest grain of moments or durations in seconds.

    Args:
        seconds: all there are, without NaN.
        calendar: whether they are days of the calendar, so that weeks and months may be their step.
    """
    values = np.unique(seconds)
    if not len(values):
        return Grain(1.0)
    if calendar and len(values) >= TELLING and not (values % 86_400).any():
        months = values.astype(np.int64).astype("M8[s]").astype("M8[M]")
        if (months.astype("M8[s]").astype(np.int64) == values).all():
            number = months.astype(np.int64)
            return Grain(months=next(step for step in (12, 3, 1) if not (number % step).any()))
        if not ((values - values[0]) % WEEK).any():
            return Grain(WEEK, float(values[0] % WEEK))
    for step in STEPS:
        if not (values % step).any():
            return Grain(float(step))
    for digits in (1, 2, 3, 6):
        scaled = values * 10.0**digits
        # Seconds since 1970 are as exact as a quarter of a microsecond.
        if np.abs(scaled - np.rint(scaled)).max() <= 10.0**digits * 3e-7:
            return Grain(10.0**-digits)
    return Grain()


def grain_of_numbers(values: NDArray[np.float64], places: int) -> float:
    """The greatest step of which numbers of so many decimals are multiples, where it is more than their last decimal.

    >>> grain_of_numbers(50.0 * np.arange(9), 0), grain_of_numbers(0.25 * np.arange(9), 2)
    (50.0, 0.25)
    """
    scaled = np.abs(np.unique(values)) * 10.0**places
    if len(scaled) < TELLING or scaled.max() >= 2**53:
        return 0.0
    common = int(np.gcd.reduce(np.rint(scaled).astype(np.int64)))
    return common / 10.0**places if common > 1 else 0.0
