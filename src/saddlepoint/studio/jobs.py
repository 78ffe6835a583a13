"""Commands that the page has begun: a queue with a limit, each a `saddle` command in a process of its own."""

import itertools
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddlepoint.storage import from_json
from saddlepoint.studio.commands import Command

#: Jobs that may wait, and ended ones that are remembered.
WAITING, ENDED = 32, 60
#: Seconds that a quick command may take.
LONGEST = 900.0
#: Bytes of what a command said that are shown, from its end.
SAID = 24_000
#: Terminal colours, and other letters that are no text.
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\n\t\x20-\x7e\xa0-\U0010ffff]")


class Full(RuntimeError):
    """Too many jobs wait."""


@dataclass
class Job:
    """One command.

    Attributes:
        id: its number, as text.
        command: what is run.
        folder: where what it says and draws is kept.
        state: "waiting", "running", "done", "failed" or "stopped".
        about: which run it is about, by the studio's name for it; None of no run.
        code: the exit code; None before it ended.
    """

    id: str
    command: Command
    folder: Path
    about: str | None = None
    state: str = "waiting"
    code: int | None = None
    process: "subprocess.Popen[bytes] | None" = None
    asked: bool = False

    @property
    def picture(self) -> Path:
        """What it draws, where it draws."""
        return self.folder / "picture.png"

    def plain(self, *, said: bool = False) -> dict[str, Any]:
        """As a page has it, with the end of what it said where that is wanted."""
        found: dict[str, Any] = {
            "id": self.id,
            "what": self.command.what,
            "command": self.command.shown,
            "state": self.state,
            "code": self.code,
            "run": str(self.command.out) if self.command.out is not None else None,
            "about": self.about,
            "picture": self.state in ("done", "failed") and self.picture.is_file(),
        }
        if said:
            words = _tail(self.folder / "said").replace(str(self.picture), self.picture.name)
            found["said"], found["result"] = _parted(words) if self.command.what == "inspect" else (words, None)
        return found

    @property
    def result(self) -> Any:
        """What an inspection that is done printed for machines; None of anything else."""
        done = self.code == 0 and self.command.what == "inspect"
        return _parted(_tail(self.folder / "said"))[1] if done else None


class Jobs:
    """Jobs one after another: trainings as many at once as the limit says, and beside them one that is quick.

    A training that was begun goes on when the studio ends, as one that was begun in a terminal does; it can be
    stopped by `saddle stop`. What waits then is forgotten.

    Args:
        limit: trainings at once.
        ended: called from another thread with a job that has ended.
        program: what runs a command.
    """

    def __init__(
        self,
        limit: int = 1,
        ended: Callable[[Job], None] = lambda _: None,
        program: Sequence[str] = (sys.executable, "-m", "saddlepoint"),
    ) -> None:
        self.limit, self.ended, self.program = limit, ended, tuple(program)
        self._jobs: dict[str, Job] = {}
        self._numbers, self._lock = itertools.count(1), threading.Lock()
        self._place = tempfile.TemporaryDirectory(prefix="saddlepoint-studio-")
        self._closed = False

    def add(self, command: Command, about: str | None = None) -> Job:
        """Put a command, perhaps one about a run, at the end of the queue.

        Raises:
            Full: too many wait.
            ValueError: another job writes to the same folder.
        """
        with self._lock:
            unended = [job for job in self._jobs.values() if job.state in ("waiting", "running")]
            if sum(job.state == "waiting" for job in unended) >= WAITING:
                raise Full(f"{WAITING} commands wait already: stop one, or try again later")
            if command.out is not None and any(job.command.out == command.out for job in unended):
                raise ValueError(f"another command of this page writes to {command.out} already")
            id = str(next(self._numbers))
            folder = Path(self._place.name) / id
            folder.mkdir()
            job = self._jobs[id] = Job(id, command, folder, about)
            for old in [job for job in self._jobs.values() if job.state not in ("waiting", "running")][:-ENDED]:
                del self._jobs[old.id]
        self._begin()
        return job

    def find(self, id: str) -> Job | None:
        """A job by its number; None where there is none."""
        return self._jobs.get(id)

    def all(self) -> list[dict[str, Any]]:
        """All jobs, the newest first."""
        with self._lock:
            return [job.plain() for job in reversed(self._jobs.values())]

    def stop(self, job: Job) -> None:
        """Stop as Ctrl-C does, so that a training saves; one that waits is taken out of the queue."""
        with self._lock:
            if job.state == "waiting":
                job.state = "stopped"
            elif job.process is not None and job.process.poll() is None:
                job.asked = True
                _interrupt(job.process)

    def close(self) -> None:
        """Forget what waits and end what is quick; trainings go on."""
        with self._lock:
            self._closed = True
            for job in self._jobs.values():
                if job.state == "running" and job.command.quick and job.process is not None:
                    job.process.kill()
        with suppress(OSError):
            self._place.cleanup()

    def _begin(self) -> None:
        """Begin what there is room for."""
        with self._lock:
            if self._closed:
                return
            for quick, limit in ((True, 1), (False, self.limit)):
                lane = [job for job in self._jobs.values() if job.command.quick == quick]
                room = limit - sum(job.state == "running" for job in lane)
                for job in [job for job in lane if job.state == "waiting"][: max(0, room)]:
                    self._run(job)

    def _run(self, job: Job) -> None:
        words = [str(job.picture) if word == job.command.drawn else word for word in job.command.words]
        # Said to a file, not to a pipe, so that a training outlives the studio.
        with (job.folder / "said").open("wb") as said:
            environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "110"}
            try:
                job.process = subprocess.Popen(
                    [*self.program, *words],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:
                said.write(str(error).encode())
                job.state, job.code = "failed", 1
                return
        job.state = "running"
        threading.Thread(target=self._follow, args=(job, job.process), daemon=True, name=f"job {job.id}").start()

    def _follow(self, job: Job, process: "subprocess.Popen[bytes]") -> None:
        try:
            code = process.wait(LONGEST if job.command.quick else None)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
            with (job.folder / "said").open("ab") as said:
                said.write(f"\nended after {LONGEST:.0f} seconds\n".encode())
        job.code = code
        self.ended(job)  # so that what a page asks for once it is done is there
        with self._lock:
            job.state = "done" if code == 0 else "stopped" if job.asked else "failed"
        self._begin()


def _interrupt(process: "subprocess.Popen[bytes]") -> None:
    """What Ctrl-C sends in a terminal: to the process and those that it began."""
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()


def _parted(words: str) -> tuple[str, Any]:
    """What a command said to people, and the one line of JSON that it printed for machines; None without one."""
    lines = words.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("{"):
            with suppress(ValueError):
                return "\n".join([*lines[:at], *lines[at + 1 :]]), from_json(line)
    return words, None


def _tail(path: Path) -> str:
    """The end of what a command said, as text without colours."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - SAID))
            return _CONTROL.sub("", file.read(SAID).decode("utf-8", "replace"))
    except OSError:
        return ""
