"""Faults of file systems, put between this process and its files by Python's audit events: no privilege is needed."""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: What writes, by audit event; `open` where its mode or flags say so.
WRITING = ("open", "os.rename", "os.mkdir", "os.remove")


@dataclass
class Shim:
    """What happens at each operation that writes below a folder.

    Attributes:
        below: only paths that begin so count.
        act: is told the number of the operation, what it is and its path; what it raises, the operation raises.
        seen: the operations so far.
    """

    below: str
    act: Callable[[int, str, str], None]
    seen: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in WRITING or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        path = str(Path.cwd() / os.fsdecode(arguments[0]))
        if not path.startswith(self.below) or (event == "open" and not _writes(*arguments[1:])):
            return
        self.seen.append((event, path))
        self.act(len(self.seen) - 1, event, path)


def _writes(mode: str | None, flags: int) -> bool:
    if mode is not None:
        return not set(mode).isdisjoint("wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


_active: list[Shim] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _active and event in WRITING:
        shim = _active.pop()  # what it does itself is not looked at
        try:
            shim(event, arguments)
        finally:
            _active.append(shim)


@contextmanager
def shim(below: Path, act: Callable[[int, str, str], None]) -> Iterator[Shim]:
    """Inside the block every operation that writes below a folder is seen, and may fail."""
    global _installed
    if not _installed:
        sys.addaudithook(_hook)
        _installed = True
    made = Shim(str(below), act)
    _active.append(made)
    try:
        yield made
    finally:
        _active.clear()


_installed = False


def failing(number: int, code: int, *, once: bool = False) -> Callable[[int, str, str], None]:
    """Every operation from one on fails (or that one only), as a file system does with this error number."""

    def act(at: int, event: str, path: str) -> None:
        if at == number or (at > number and not once):
            raise OSError(code, os.strerror(code), path)

    return act


def failing_at(event: str, code: int, *, times: int = 10**9) -> Callable[[int, str, str], None]:
    """Operations of a kind fail, so many times."""
    left = times

    def act(_at: int, what: str, path: str) -> None:
        nonlocal left
        if what == event and left:
            left -= 1
            raise OSError(code, os.strerror(code), path)

    return act


#: Errors of file systems, by what is wrong with them.
FAULTS = {
    "full": errno.ENOSPC,
    "read-only": errno.EROFS,
    "broken": errno.EIO,
    "quota": errno.EDQUOT,
    "stale NFS handle": errno.ESTALE,
    "busy": errno.EBUSY,
    "another device": errno.EXDEV,
}
