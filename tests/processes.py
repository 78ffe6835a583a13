"""Real processes that run the command line, quickly: forked from a server that has imported everything once."""

import multiprocessing
import os
import sys
from collections.abc import Sequence
from io import FileIO, TextIOWrapper
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Thread

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["saddlepoint.cli.training", "saddlepoint.report", "torch._dynamo", "pandas", "pyarrow.parquet"]
)


def _run(arguments: list[str], said: Connection, limit: int | None, place: Path | None, code: Path | None) -> None:
    """Become `saddle …`; runs in the child."""
    if place is not None:
        os.chdir(place)
    if code is not None:
        sys.path.insert(0, str(code))
    for stream in (1, 2):
        os.dup2(said.fileno(), stream)
    # Anew: the server's know of whatever was there before.
    sys.stdout, sys.stderr = (TextIOWrapper(FileIO(n, "w", closefd=False), "utf-8", write_through=True) for n in (1, 2))
    if limit is not None:
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    import torch

    from saddlepoint.cli import main

    torch.set_num_threads(1)
    sys.argv = ["saddle", *arguments]
    main()


class Saddle:
    """One `saddle` process.

    Args:
        arguments: of the command line.
        output: a file that gets what it says, stdout and stderr, after what is there.
        limit: bytes that a file of its own may have, as on a disk that is nearly full.
        place: the folder that it runs in.
        code: a folder of modules that can be imported.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        output: Path,
        limit: int | None = None,
        place: Path | None = None,
        code: Path | None = None,
    ) -> None:
        self.output = output
        heard, said = _CONTEXT.Pipe(duplex=False)  # no file: what it says has room whatever the limit is
        self.process: ForkServerProcess = _CONTEXT.Process(
            target=_run, args=(list(arguments), said, limit, place, code)
        )
        self.process.start()
        said.close()
        self.listener = Thread(target=self._listen, args=(heard,), daemon=True)
        self.listener.start()

    def _listen(self, heard: Connection) -> None:
        with self.output.open("ab", buffering=0) as file, heard:
            while text := os.read(heard.fileno(), 1 << 16):
                file.write(text)

    def signal(self, number: int) -> None:
        """Send a signal."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def wait(self) -> int:
        """Its exit code, negative where a signal ended it."""
        self.process.join(120)
        assert self.process.exitcode is not None, "the process did not end within two minutes"
        self.listener.join(120)
        return self.process.exitcode

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.is_alive()

    @property
    def text(self) -> str:
        """What it said, in one line."""
        return " ".join(self.output.read_text(encoding="utf-8").split())


def saddle(arguments: Sequence[str], output: Path, limit: int | None = None, **more: Path | None) -> tuple[int, str]:
    """Run to the end, see `Saddle`: the exit code and what it said."""
    run = Saddle(arguments, output, limit, **more)
    return run.wait(), run.text


def lines(run: Path) -> int:
    """Records that a run has written."""
    path = run / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0
