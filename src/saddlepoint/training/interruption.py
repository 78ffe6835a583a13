"""SIGINT and SIGTERM ask the loop to stop after the step, as `saddle stop` does; a second one stops at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """The signal that came, or None."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._asked = False

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number

    def ask(self) -> None:
        """Stop as Ctrl-C does, because another process asked for it."""
        if self.signal is None:
            self.signal, self._asked = signal.SIGINT, True

    @property
    def name(self) -> str:
        """Its name, for people."""
        if self._asked:
            return "saddle stop"
        return signal.Signals(self.signal).name if self.signal is not None else ""


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Catch SIGINT and SIGTERM inside the block. In another thread than the main one nothing is caught."""
    caught = Interruption()
    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, caught._receive)
    except ValueError:  # signals belong to the main thread
        pass
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
