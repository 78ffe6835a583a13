"""How a score goes: whether it improves, and whether the best lies behind."""

import math
from dataclasses import dataclass

import numpy as np

from saddlepoint.report.history import Numbers
from saddlepoint.report.verdicts.evidence import Evidence

#: Values of which a trend can be told.
FEWEST = 3
#: Two standard errors between the last third of a score and the third before.
IMPROVING_ERRORS = 2.0
#: And at least so much of what it is worse than real samples: less is not worth the time.
IMPROVING_SHARE = 0.05
#: A gain of this share from third to third would be worth it; scores that don't rule it out don't say that it is over.
MAY_IMPROVE = 0.2


@dataclass(frozen=True)
class Trend:
    """A score over a run, lower is better, counted from what real samples come to.

    Attributes:
        samples: seen, ascending (n,).
        excess: at least 0 (n,).
        noise: standard deviation of neighbours about a slow trend.
    """

    samples: Numbers
    excess: Numbers
    noise: float

    @property
    def last(self) -> float:
        """Of what is handed over."""
        return float(self.excess[-1])

    @property
    def best(self) -> tuple[float, int]:
        """The best, and where."""
        at = int(np.argmin(self.excess))
        return float(self.excess[at]), int(self.samples[at])

    @property
    def gain(self) -> tuple[float, float, float]:
        """Means of the third before the last and of the last third, and the standard error of their difference."""
        third = max(1, len(self.excess) // 3)
        before, now = self.excess[-2 * third : -third], self.excess[-third:]
        return float(before.mean()), float(now.mean()), self.noise * math.sqrt(2 / third)


def trend_of(run: Evidence, name: str) -> Trend | None:
    """The trend of a score over the last seven eighths of a run; None of too few values."""
    curve = run.curves.get(name)
    if curve is None or run.measure(name).direction == "none":
        return None
    series = curve.finite()
    kept = series.samples >= series.samples[-1] / 16 if len(series.samples) else np.zeros(0, bool)
    if kept.sum() < FEWEST:
        return None
    excess = np.array([run.excess(name, float(value)) for value in series.values[kept]])
    if not math.isfinite(run.known("real", name)):  # a score that may be negative: counted from its best
        badness = np.array([run.measure(name).badness(float(value)) for value in series.values[kept]])
        excess = badness - min(0.0, float(badness.min()))
    return Trend(series.samples[kept], excess, metric_noise(excess))


def improves(run: Evidence, name: str) -> bool:
    """Whether the last third of a score is better than the one before, by more than its noise."""
    trend = trend_of(run, name)
    if trend is None:
        return False
    before, now, error = trend.gain
    return before - now > max(IMPROVING_ERRORS * error, IMPROVING_SHARE * before)


def may_improve(trend: Trend) -> bool:
    """Whether scores, by their number and noise, don't rule out that each third is a fifth better than the last."""
    before, now, error = trend.gain
    return before - now + IMPROVING_ERRORS * error > MAY_IMPROVE * before


def metric_noise(values: Numbers) -> float:
    """The standard deviation of independent noise on a slow trend, from the last half of the values.

    Second differences e_{i-1} − 2 e_i + e_{i+1} of noise have 6 times its variance and drop any straight line;
    their median is deaf to single jumps. NaN-free input; 0 for fewer than three values.

    >>> metric_noise(np.arange(9.0))
    0.0
    """
    tail = values[-max(len(values) // 2, 5) :]
    if len(tail) < 3:
        return 0.0
    return float(np.median(np.abs(np.diff(tail, 2))) * 1.4826 / math.sqrt(6))
