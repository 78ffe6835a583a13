"""Until convergence, as an object of the run."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field, model_validator

from saddlepoint.configuration import Settings
from saddlepoint.core import Batch, Game, Method, NonFinite, Outcome
from saddlepoint.core.convergence import Convergence, look_at
from saddlepoint.measures import Number


class Until(Settings):
    """When a run counts as converged; looked at with every checkpoint. The budget stays a hard limit.

    Attributes:
        watch: `metric`, the task's first; `field`, the norm of the mean field; `average`, the distance from the
            averaged to the live point, over the norm of the live one; `gap`, the duality gap on samples held out.
        window: checkpoints over which it must not change but for its own noise.
        tolerance: a share that counts as nothing.
        batches: that the mean field is taken over.
    """

    @model_validator(mode="before")
    @classmethod
    def _by_what_is_watched(cls, data: object) -> object:
        return {"watch": data} if isinstance(data, str) else data

    watch: Literal["metric", "field", "average", "gap"] = "metric"
    window: int = Field(default=8, ge=4)
    tolerance: float = Field(default=1e-3, gt=0, lt=1)
    batches: int = Field(default=8, ge=2)


class Stopping:
    """Looks at a game, and says when it has settled.

    Args:
        until: the rule.
        game, method: what is looked at.
        batches: for the mean field; always the same.
        gap: measures the duality gap, called where that is watched.
    """

    def __init__(
        self, until: Until, game: Game, method: Method, batches: Sequence[Batch], gap: Callable[[], float]
    ) -> None:
        self.until, self.game, self.method, self.batches, self.gap = until, game, method, batches, gap
        self.rule = Convergence(until.window, until.tolerance)

    def look(self, metrics: Sequence[Number]) -> dict[str, float]:
        """Look, and return what was seen for the record. A field that is not finite is left for the loop to find."""
        try:
            seen = look_at(self.game, self.batches, 0.0)
            look = replace(seen, value=self._value(metrics, seen.field))
        except NonFinite:
            return {}
        self.rule.add(look)
        return {"mean_field": look.field, "field_noise": look.noise, f"watched_{self.until.watch}": look.value}

    def verdict(self) -> tuple[Outcome, str] | None:
        """The outcome and what was seen, once it has settled."""
        outcome = self.rule.verdict()
        return None if outcome is None else (outcome, self.rule.sentence(self._words))

    @property
    def _words(self) -> str:
        return {
            "metric": "the metric",
            "field": "the norm of the mean field",
            "average": "the distance from the average to the live point",
            "gap": "the duality gap",
        }[self.until.watch]

    def _value(self, metrics: Sequence[Number], field: float) -> float:
        if self.until.watch == "field":
            return field
        if self.until.watch == "average":
            live = self.game.point
            return float((self.method.answer(self.game) - live).norm()) / max(float(live.norm()), 1e-300)
        if self.until.watch == "gap":
            return self.gap()
        # The value itself: what no longer changes has settled, whichever way is good.
        return float(metrics[0]) if metrics else float("nan")
