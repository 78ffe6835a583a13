"""The process that has torch: it answers one question at a time, and is begun again where one takes too long."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

#: Seconds that a question may take, and questions that may wait.
LONGEST, WAITING = 120.0, 64


class Busy(RuntimeError):
    """Too many questions wait."""


def _begin(threads: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process
    from saddlepoint.studio.exploring import warm

    warm(threads)


def _answer(path: Path | None, asked: Mapping[str, Any]) -> dict[str, Any]:
    from saddlepoint.studio.exploring import answer
    from saddlepoint.studio.playing import played

    try:
        return played(asked) if path is None else answer(path, asked)
    except (ValueError, OSError, RuntimeError, MemoryError, ArithmeticError, LookupError, TypeError) as error:
        # As words: what a library raises may not travel between processes.
        return {"error": str(error)[:500] or type(error).__name__}


class Workshop:
    """Questions to trained networks and games, one after another."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._waiting = 0

    def start(self) -> None:
        """Begin the process, so that the first question finds it ready."""
        if self._pool is None:
            threads = max(1, (os.cpu_count() or 2) // 2)
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(threads,))
            self._pool.submit(os.getpid)

    def stop(self) -> None:
        """End the process, whatever it does."""
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):
                process.kill()
            pool.shutdown(wait=True, cancel_futures=True)

    async def ask(self, path: Path | None, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The answer.

        Args:
            path: of the run that is asked; None asks for methods on a game with a known solution.
            asked: what a page sent.

        Raises:
            Busy: too many wait.
            ValueError: it can't be answered, in a sentence.
        """
        if self._waiting >= WAITING:
            raise Busy("too many questions wait: try again in a moment")
        self._waiting += 1
        try:
            self.start()
            assert self._pool is not None
            future = self._pool.submit(_answer, path, asked)
            found = await asyncio.wait_for(asyncio.wrap_future(future), LONGEST)
        except TimeoutError as error:
            self.stop()
            raise ValueError(f"it took more than {LONGEST:.0f} seconds and was ended") from error
        except (BrokenProcessPool, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not future.cancelled():
                raise
            self.stop()
            raise ValueError("the process that computes ended, perhaps for want of memory: try again") from error
        finally:
            self._waiting -= 1
        if "error" in found:
            raise ValueError(found["error"])
        return found
