"""What is shown of a run that goes on, where somebody looks."""

from collections.abc import Iterator
from contextlib import contextmanager

from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.training import Observer


def progress_here(wanted: bool) -> list[Observer]:  # noqa: ARG001
    """Observers that show a run's progress, where it is wanted and somebody looks."""
    return []


@contextmanager
def work_here(wanted: bool) -> Iterator[OnProgress]:  # noqa: ARG001
    """A bar for other work, where it is wanted and somebody looks."""
    yield quiet
