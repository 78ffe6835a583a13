"""The iteration x⁺ = T(x) as an object."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, final

from saddlepoint.core.batches import Batches
from saddlepoint.core.game import Game
from saddlepoint.core.outcome import NonFinite, Outcome
from saddlepoint.core.point import Point


@dataclass(frozen=True)
class Step:
    """What a step reports: an outcome and, where it failed, who failed and how."""

    outcome: Outcome = Outcome.RUNNING
    player: str | None = None
    cause: str | None = None


@dataclass(eq=False)
class Method(ABC):
    """One iteration. Subclass it as a dataclass and write `update`: that is all.

    Fields of the constructor are the parameters of the method; fields with `init=False` are its memory
    (points, lists of points, numbers, None), which `state_dict` carries, so that every method resumes exactly without a
    line of its own. A field that holds another method makes it a wrapper.

    A player that rests in a step neither moves nor changes what is remembered of it: `update` writes to the blocks of
    `game.awake` only, where it writes to the point or its memory itself. The step sees to fields and optimizers.
    """

    #: Evaluations, products of second order and parameter-sized buffers that a step needs, for `saddle list`.
    cost: ClassVar[str] = ""
    #: Which optimizer the method's theory holds for, in words, for `saddle compare`.
    theory: ClassVar[str] = "gradient descent"
    #: BibTeX of the paper, for `citation()`.
    paper: ClassVar[str] = ""

    @abstractmethod
    def update(self, game: Game, batches: Batches) -> None:
        """Move the game from x to T(x). May raise `NonFinite`, by way of `game.field`."""

    def check(self, names: Sequence[str]) -> None:
        """Refuse a game of other players than this method can play; a wrapper asks its base.

        Args:
            names: the game's players, in its order.

        Raises:
            ValueError: a player that is named is not there, or the roles can't be told.
        """
        for base in (getattr(self, f.name) for f in fields(self)):
            if isinstance(base, Method):
                base.check(names)

    @final
    def step(self, game: Game, batches: Batches) -> Step:
        """Make one step and report how it went. A field that is not finite moves none of its players, nor does it
        leave them where the method looked; who moved before it in the same step, as by alternation, has moved.

        Players that rest on the step's first batch rest through all of it.
        """
        try:
            with game.at_rest(batches.peek().resting):
                if game.awake:
                    self.update(game, batches)
                    game.end_step()
                else:
                    batches.next()
        except NonFinite as failure:
            return Step(Outcome.NON_FINITE, failure.player, failure.cause)
        return Step()

    @property
    def separable(self) -> bool:
        """Whether a step on many independent games side by side is a step on each of them.

        It is where nothing is taken over the whole point (a norm, a dot product, a solver's coefficient) and no
        number is read from the losses or from `game.rates`. False unless a method says otherwise; a wrapper answers
        for its base, too.
        """
        return False

    def answer(self, game: Game) -> Point:
        """The point that the method offers as its result: the live one, unless it averages."""
        return game.point

    @final
    def state_dict(self) -> dict[str, Any]:
        """The memory, by field name: plain numbers, lists of tensors, and the same of wrapped methods."""
        state: dict[str, Any] = {}
        for name in _memory(self):
            value = getattr(self, name)
            if isinstance(value, list):
                state[name] = [point.state_dict() for point in value]
            else:
                state[name] = value.state_dict() if isinstance(value, Point | Method) else value
        return state

    @final
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` gave. Raises ValueError where the fields differ."""
        expected = _memory(self)
        if set(state) != set(expected):
            raise ValueError(
                f"the saved state of {type(self).__name__} holds {sorted(state)}, "
                f"this one needs {sorted(expected)}: it was saved by another method"
            )
        for name in expected:
            current = getattr(self, name)
            if isinstance(current, Method):
                current.load_state_dict(state[name])
            elif isinstance(state[name], list):
                setattr(self, name, [Point.from_state_dict(point) for point in state[name]])
            elif isinstance(state[name], Mapping):
                setattr(self, name, Point.from_state_dict(state[name]))
            else:
                setattr(self, name, state[name])


def _memory(method: Method) -> list[str]:
    return [f.name for f in fields(method) if not f.init or isinstance(getattr(method, f.name), Method)]
