"""Who watches a run: a bar, a notebook, a test; whatever they do, they change no number of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saddlepoint.training.loop import Result


@dataclass(frozen=True)
class Progress:
    """Where a run is: samples seen, steps, evaluations, seconds of training over all its sessions."""

    samples: int = 0
    steps: int = 0
    evaluations: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class StageInfo:
    """A stage of a run: its name, and the samples seen when it ends; None where that is open."""

    name: str
    end: int | None


@dataclass(frozen=True)
class RunInfo:
    """What a run that begins is made of, and what it will do.

    Attributes:
        config: the task's `Config`.
        data: the task's data.
        folder: of the run.
        continued: whether it goes on from an earlier session.
        stages: in their order.
        seconds: that the whole run is expected to take; None where that is not known.
        memory: bytes that it holds; None where that is not known.
        notes: on what is played, beside those on the data, a sentence each.
    """

    config: Any
    data: Any
    folder: Path
    continued: bool
    stages: Sequence[StageInfo] = ()
    seconds: float | None = None
    memory: int | None = None
    notes: Sequence[str] = ()

    def stage_at(self, samples: int) -> str:
        """The name of the stage after so many samples; empty where none is known."""
        return next((s.name for s in self.stages if s.end is None or samples < s.end), self._last)

    @property
    def _last(self) -> str:
        return self.stages[-1].name if self.stages else ""


class Observer:
    """Watches a run; a subclass overrides what it wants to hear of. `stepped` comes at every step: it must be cheap."""

    def progressed(self, what: str, done: float, of: float) -> None:
        """Something that takes time before the first step goes on, as reading the data."""

    def started(self, info: RunInfo) -> None:
        """The data are read, and nothing is built yet."""

    def planned(self, info: RunInfo) -> None:
        """The plan is made: the configuration has all lengths, the stages are known. The first step comes next."""

    def stepped(self, progress: Progress) -> None:
        """A step is about to be followed by the next one."""

    def recorded(self, record: Mapping[str, Any]) -> None:
        """A record was written to `metrics.jsonl`."""

    def judged(self, verdicts: Sequence[Any]) -> None:
        """The run was examined as a record was made: the `Verdict` on each of the three questions."""

    def snapshot(self, path: Path) -> None:
        """A picture was written."""

    def checkpointed(self, path: Path) -> None:
        """A checkpoint was written."""

    def said(self, text: str) -> None:
        """Something that a person should know."""

    def ended(self, result: "Result") -> None:
        """The run ended, and everything is written."""


class Observers(Observer):
    """Several, told one after another."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.observers = tuple(observers)

    def progressed(self, what: str, done: float, of: float) -> None:
        """Tell each of work before the first step."""
        for observer in self.observers:
            observer.progressed(what, done, of)

    def started(self, info: RunInfo) -> None:
        """Tell each that the data are read."""
        for observer in self.observers:
            observer.started(info)

    def planned(self, info: RunInfo) -> None:
        """Tell each of the plan."""
        for observer in self.observers:
            observer.planned(info)

    def stepped(self, progress: Progress) -> None:
        """Tell each where the run is."""
        for observer in self.observers:
            observer.stepped(progress)

    def recorded(self, record: Mapping[str, Any]) -> None:
        """Tell each of a record."""
        for observer in self.observers:
            observer.recorded(record)

    def judged(self, verdicts: Sequence[Any]) -> None:
        """Tell each of the answers."""
        for observer in self.observers:
            observer.judged(verdicts)

    def snapshot(self, path: Path) -> None:
        """Tell each of a picture."""
        for observer in self.observers:
            observer.snapshot(path)

    def checkpointed(self, path: Path) -> None:
        """Tell each of a checkpoint."""
        for observer in self.observers:
            observer.checkpointed(path)

    def said(self, text: str) -> None:
        """Tell each what a person should know."""
        for observer in self.observers:
            observer.said(text)

    def ended(self, result: "Result") -> None:
        """Tell each how the run ended."""
        for observer in self.observers:
            observer.ended(result)
