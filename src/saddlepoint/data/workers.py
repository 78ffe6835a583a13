"""Processes that decode images.

Each is a bare interpreter with Pillow. Not `multiprocessing`: to fork a process that has torch's threads can hang,
and to spawn one imports torch, and the user's own script, once a worker.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from saddlepoint.data import decoding
from saddlepoint.data.decoding import Colour, Marks, Range, Source, available_formats
from saddlepoint.data.images import DataError

COMMAND = (sys.executable, "-P", decoding.__file__)
#: Workers beyond this wait for the disk.
MOST = 32


@dataclass(frozen=True)
class Target:
    """What images are decoded to: pixels a side; 1 or 3 channels, or None to decide by the images; a background.

    `values` of more than 8 bits are black and white; None are each image's own.
    """

    size: int
    channels: int | None
    background: Colour
    values: Range | None = None


@dataclass(frozen=True)
class Shard:
    """What came of some sources: pixels uint8 (M, C, size, size) of those that could be read; for each marks or why."""

    pixels: NDArray[np.uint8]
    marks: list[Marks | str]


def decoded(batches: Iterable[Sequence[Source]], target: Target) -> Generator[Shard, None, None]:
    """Decode batches of sources in worker processes, in order; few are on their way at once, so memory is bounded.

    Raises:
        DataError: a worker died.
    """
    count = min(MOST, os.cpu_count() or 1)
    formats = available_formats()
    workers: list[subprocess.Popen[bytes]] = []
    mine = threading.local()

    def start() -> None:
        # Pillow needs no threads of the linear algebra that NumPy brings.
        quiet = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        mine.worker = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=quiet)
        workers.append(mine.worker)

    def ask(sources: Sequence[Source]) -> Shard:
        wanted = (target.size, target.channels, target.background, formats, target.values)
        question = (Image.MAX_IMAGE_PIXELS, list(sources), *wanted)
        return _ask(mine.worker, question, sources, target.size)

    waiting: deque[Future[Shard]] = deque()
    pool = ThreadPoolExecutor(count, initializer=start)
    try:
        for batch in batches:
            waiting.append(pool.submit(ask, batch))
            if len(waiting) > 2 * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for worker in workers:  # they hold nothing; a thread that still waits for one is set free
            worker.kill()
        pool.shutdown(cancel_futures=True)
        for worker in workers:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                with suppress(OSError):
                    _given(pipe).close()


def _ask(worker: subprocess.Popen[bytes], question: object, sources: Sequence[Source], size: int) -> Shard:
    try:
        stdin = _given(worker.stdin)
        pickle.dump(question, stdin)
        stdin.flush()
        channels, pixels, marks = pickle.load(_given(worker.stdout))
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        worker.kill()  # where it did not die, it does not answer any more
        first, last = (source if not isinstance(source, bytes) else "an image" for source in (sources[0], sources[-1]))
        raise DataError(
            f"the process that decoded {first} to {last} ended with code {worker.wait()}: where it was killed, the "
            f"memory may be short; else one of these files crashes Pillow, remove it"
        ) from error
    return Shard(np.frombuffer(pixels, np.uint8).reshape(-1, channels, size, size), marks)


def _given(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
