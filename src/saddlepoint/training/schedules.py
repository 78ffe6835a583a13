"""What changes in the course of a run, as functions of the samples seen."""

import math
from typing import Annotated, Literal

from pydantic import Field

from saddlepoint.configuration import Settings
from saddlepoint.core import Game
from saddlepoint.training.plan import Length


class Schedule(Settings):
    """From one number to another over the first `samples`, then constant; a cosine burn-in by default.

    >>> schedule = Schedule(start=1.0, end=0.2, samples=100)
    >>> [round(schedule.at(position), 3) for position in (0, 50, 100, 1000)]
    [1.0, 0.6, 0.2, 0.2]
    """

    start: float
    """Where it begins."""
    end: float
    """Where it ends, and stays."""
    samples: Annotated[int, Length()] = Field(ge=1)
    """Samples seen when it ends."""
    shape: Literal["cosine", "linear"] = "cosine"
    """Of the way between."""

    def at(self, position: int) -> float:
        """Its value after so many samples."""
        share = min(1.0, position / self.samples)
        if self.shape == "cosine":
            share = (1 - math.cos(math.pi * share)) / 2
        return self.start + (self.end - self.start) * share


class Schedules(Settings):
    """What of the optimizers may be scheduled; None stays as it is."""

    rate: Schedule | None = None
    """A factor on all players' learning rates."""
    beta2: Schedule | None = None
    """Adam's second beta, of all players."""


class OptimizerSchedule:
    """Sets the optimizers as the schedules want them after so many samples; a function of the position alone.

    Args:
        game: with its optimizers as they were constructed.
        schedules: of rate and beta2.

    Raises:
        ValueError: beta2 is scheduled, and an optimizer has none.
    """

    def __init__(self, game: Game, schedules: Schedules) -> None:
        self.game, self.rate, self.beta2 = game, schedules.rate, schedules.beta2
        self._rates = {name: [group["lr"] for group in o.param_groups] for name, o in game.optimizers.items()}
        for name, optimizer in game.optimizers.items():
            if self.beta2 is not None and any("betas" not in group for group in optimizer.param_groups):
                raise ValueError(
                    f"the optimizer of the {name} has no beta2 to schedule: take one of Adam's kin, "
                    f"or --set schedules.beta2=none"
                )

    def begin(self) -> None:
        """Set the rates that the optimizers were constructed with, which a state that was loaded may not have."""
        for name, optimizer in self.game.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self._rates[name], strict=True):
                group["lr"] = rate

    def set(self, position: int) -> None:
        """Set what is scheduled."""
        for name, optimizer in self.game.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self._rates[name], strict=True):
                if self.rate is not None:
                    group["lr"] = rate * self.rate.at(position)
                if self.beta2 is not None:
                    group["betas"] = (group["betas"][0], self.beta2.at(position))
