"""Who watches a run: the command line draws a bar, a test listens to nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Progress:
    """Where a run is: samples seen, steps, evaluations, seconds of training over all its sessions."""

    samples: int = 0
    steps: int = 0
    evaluations: int = 0
    seconds: float = 0.0


class Observer(Protocol):
    """Called by the loop; `stepped` at every step, so it must be cheap."""

    def stepped(self, progress: Progress) -> None:
        """A step was made."""

    def recorded(self, record: Mapping[str, Any]) -> None:
        """A record was written."""

    def say(self, message: str) -> None:
        """Something that a person should know."""


class NoObserver:
    """Watches nothing."""

    def stepped(self, progress: Progress) -> None:
        """Ignore it."""

    def recorded(self, record: Mapping[str, Any]) -> None:
        """Ignore it."""

    def say(self, message: str) -> None:
        """Ignore it."""
