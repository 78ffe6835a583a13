"""How far the direction turns from one step to the next."""

import copy
import math
from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Outcome, Point


@dataclass
class Rotation:
    """Cosines between successive displacements of a point that is shown to it again and again.

    1: straight on; 0: a right angle; −1: back and forth. Noise from batch to batch turns directions too, so on batches
    compare like with like. Keeps two points, by value.

    Attributes:
        cosines: one for every point after the second; none where a displacement is zero.

    >>> import torch
    >>> seen = Rotation()
    >>> for x, y in [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (1.0, 3.0)]:
    ...     seen.look(Point({"x": [torch.tensor(x)], "y": [torch.tensor(y)]}))
    >>> [round(c, 6) for c in seen.cosines], round(seen.angle)
    ([0.0, 1.0], 45)
    """

    cosines: list[float] = field(default_factory=list)
    _point: Point | None = field(default=None, init=False, repr=False, compare=False)
    _displacement: Point | None = field(default=None, init=False, repr=False, compare=False)

    def look(self, point: Point) -> None:
        """Note where the point is now."""
        now = point.clone()
        if self._point is not None:
            displacement = now - self._point
            if self._displacement is not None:
                lengths = float(displacement.norm()) * float(self._displacement.norm())
                if lengths > 0:
                    cosine = float(displacement.dot(self._displacement)) / lengths
                    self.cosines.append(max(-1.0, min(1.0, cosine)))
            self._displacement = displacement
        self._point = now

    @property
    def angle(self) -> float:
        """The mean angle a look, in degrees; NaN before the third look.

        On x·y the direction of simultaneous steps turns by arctan h every step, that of alternating steps by
        arccos(1 − h²/2) on the mean of a turn.
        """
        angles = [math.degrees(math.acos(cosine)) for cosine in self.cosines]
        return sum(angles) / len(angles) if angles else math.nan


def rotation(game: Game, method: Method, batches: Batches, steps: int) -> Rotation:
    """The rotation of the live point over further steps of a method, which leave no trace.

    A step that is not finite ends it early.

    Args:
        game: its point, optimizers, buffers and counts are put back.
        method: a copy of it makes the steps.
        batches: put back, too.
        steps: how many; at least 2 for one angle.

    Raises:
        ValueError: fewer than 2 steps.
    """
    if steps < 2:
        raise ValueError(f"steps is {steps}: an angle lies between 2 steps, give at least so many")
    seen, trial, position = Rotation(), copy.deepcopy(method), batches.position
    try:
        with game.rehearsal() as start:
            seen.look(start)
            for _ in range(steps):
                if trial.step(game, batches).outcome is not Outcome.RUNNING:
                    break
                seen.look(game.point)
    finally:
        batches.position = position
    return seen
