"""Until convergence: when a watched number has settled, and whether the game is then at rest or goes round."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from saddlepoint.core.batches import Batch
from saddlepoint.core.game import Game
from saddlepoint.core.outcome import Outcome


@dataclass(frozen=True)
class Look:
    """What was seen at one evaluation.

    Attributes:
        value: of the watched quantity.
        field: ‖F̄‖, the norm of the mean field of several batches.
        noise: root mean square distance of one batch's field from the mean field.
    """

    value: float
    field: float
    noise: float

    @property
    def pull(self) -> float:
        """The field without its noise, in units of one batch's noise: below 1, a step is mostly noise."""
        return math.inf if self.noise == 0.0 and self.field > 0 else self.field / max(self.noise, 1e-300)


def look_at(game: Game, batches: Sequence[Batch], value: float) -> Look:
    """The field where the game is, over at least two batches that are always the same; leaves no trace.

    ‖E F‖² is estimated without bias, ‖F̄‖² − s²/B for B batches with variance s², and 0 where that is negative.

    Raises:
        NonFinite: a field is not finite there.
    """
    with game.untouched():
        fields = [game.field(batch, base=False) for batch in batches]
    mean = fields[0].clone()
    for other in fields[1:]:
        mean.add_(other)
    mean = mean * (1 / len(fields))
    variance = sum(float((one - mean).norm()) ** 2 for one in fields) / max(1, len(fields) - 1)
    signal = max(0.0, float(mean.norm()) ** 2 - variance / len(fields))
    return Look(value, math.sqrt(signal), math.sqrt(variance))


@dataclass
class Convergence:
    """A stopping rule: the watched quantity has not changed, within its own noise, over the last `window` looks.

    Unchanged is: the change along its least-squares line over the window is at most twice the standard error of that
    change, by the scatter about the line, or less than `tolerance` of its mean. What has settled has *converged*
    where the game is at rest: the mean field is below one batch's noise, or below `tolerance` of the first look's. It
    is *cycling* where the field still pulls and has not changed either: something turns, and the watched quantity does
    not show it.

    Args:
        window: m, the looks that are compared.
        tolerance: a share that counts as nothing.

    Raises:
        ValueError: a window below 4, which tells no trend from noise, or a tolerance that is not in (0, 1).

    >>> rule = Convergence(window=4)
    >>> for value in (1.0, 0.5, 0.25, 0.125, 0.0625):
    ...     rule.add(Look(value, field=value, noise=0.0))
    >>> rule.verdict() is None
    True
    >>> rule = Convergence(window=4)
    >>> for value in (2.0, 2.01, 1.99, 2.0):
    ...     rule.add(Look(value, field=1.0, noise=0.0))
    >>> str(rule.verdict())
    'cycling'
    """

    window: int = 8
    tolerance: float = 1e-3
    looks: list[Look] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if self.window < 4:
            raise ValueError(f"window is {self.window}: give at least 4 looks, fewer tell no trend from noise")
        if not 0 < self.tolerance < 1:
            raise ValueError(f"tolerance is {self.tolerance}: give a share above 0 and below 1")

    def add(self, look: Look) -> None:
        """One more look."""
        self.looks.append(look)

    def verdict(self) -> Outcome | None:
        """Converged, cycling, or None: not settled yet."""
        last = self.looks[-self.window :]
        if len(last) < self.window or not all(math.isfinite(look.value) for look in last):
            return None
        if all(look.field <= self.tolerance * self.looks[0].field for look in last):
            return Outcome.CONVERGED
        if not self._unchanged([look.value for look in last]):
            return None
        if sorted(look.pull for look in last)[len(last) // 2] <= 1.0:
            return Outcome.CONVERGED
        # A field that still shrinks is on its way in, whatever the watched number says.
        return Outcome.CYCLING if self._unchanged([look.field for look in last]) else None

    def _unchanged(self, values: Sequence[float]) -> bool:
        change, scatter = trend(values)
        mean = sum(abs(value) for value in values) / len(values)
        return abs(change) <= max(2 * _standard_error(scatter, len(values)), self.tolerance * mean)

    def sentence(self, name: str) -> str:
        """What it saw, for people; after a verdict."""
        last = self.looks[-self.window :]
        change, scatter = trend([look.value for look in last])
        pull = sorted(look.pull for look in last)[len(last) // 2]
        rest = (
            f"the field is {last[-1].field / max(self.looks[0].field, 1e-300):.2g} of what it was at the first look"
            if math.isinf(pull)
            else f"without its noise the field is {pull:.2g} of one batch's noise"
        )
        mean = sum(look.value for look in last) / len(last)
        return f"{name} stays at {mean:.4g} ± {scatter:.2g} over {len(last)} looks (trend {change:+.2g}), and {rest}"

    def state_dict(self) -> list[list[float]]:
        """Plain numbers."""
        return [[look.value, look.field, look.noise] for look in self.looks]

    def load_state_dict(self, state: Sequence[Sequence[Any]]) -> None:
        """The inverse of `state_dict`."""
        self.looks = [Look(*numbers) for numbers in state]


def trend(values: Sequence[float]) -> tuple[float, float]:
    """Least-squares change over the whole sequence, and the standard deviation about that line.

    >>> trend([1.0, 2.0, 3.0])
    (2.0, 0.0)
    """
    n = len(values)
    if n < 3:
        return (values[-1] - values[0] if n else 0.0), 0.0
    mean_t, mean = (n - 1) / 2, sum(values) / n
    slope = sum((t - mean_t) * (v - mean) for t, v in enumerate(values)) / sum((t - mean_t) ** 2 for t in range(n))
    residual = sum((v - mean - slope * (t - mean_t)) ** 2 for t, v in enumerate(values)) / n
    return slope * (n - 1), math.sqrt(residual)


def _standard_error(scatter: float, n: int) -> float:
    """Of the change that `trend` gives over n values that scatter so about their line: s (n − 1)/√Σ(t − t̄)²."""
    spread = (n**3 - n) / 12
    return scatter * math.sqrt(n / (n - 2)) * (n - 1) / math.sqrt(spread)
