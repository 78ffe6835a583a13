"""How a run, or a step of one, came out."""

from enum import StrEnum


class Outcome(StrEnum):
    """A result code; `sentence` says it to a person.

    >>> Outcome.NON_FINITE.value
    'non-finite'
    """

    RUNNING = "running"
    CONVERGED = "converged"
    CYCLING = "cycling"
    DIVERGED = "diverged"
    NON_FINITE = "non-finite"
    STOPPED = "stopped"

    @property
    def sentence(self) -> str:
        """The outcome in one sentence."""
        return _SENTENCES[self]


_SENTENCES = {
    Outcome.RUNNING: "The run has not ended.",
    Outcome.CONVERGED: "The iteration reached a solution.",
    Outcome.CYCLING: "The iteration goes round the solution and comes no nearer.",
    Outcome.DIVERGED: "The iteration moved away from the solution.",
    Outcome.NON_FINITE: "A loss or a gradient was not a finite number.",
    Outcome.STOPPED: "The budget was spent, or somebody stopped the run.",
}


class NonFinite(ArithmeticError):
    """A player's loss or gradient holds an infinity or a NaN. Raised before anything is moved by it."""

    def __init__(self, player: str, cause: str) -> None:
        super().__init__(f"the {cause} of the {player} is not finite")
        self.player = player
        self.cause = cause
