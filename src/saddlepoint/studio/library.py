"""The runs below named folders, looked at again and again; nothing in them is trusted, and nothing is written."""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saddlepoint.report import Remembered
from saddlepoint.report.comparison import COMPARISON
from saddlepoint.storage import RecordsReader, RunFolder, folders_below

#: Seconds between two looks at known runs, and between two searches for new ones.
LOOK, SEARCH = 1.0, 4.0
#: A look that took long is not repeated before so many times as long.
REST = 8.0
#: Runs whose records are kept in memory, and records of one: of a longer run some are passed over.
KEPT, RECORDS = 12, 4000
#: Comparisons that are listed.
COMPARISONS = 200

Stamp = tuple[Any, ...]


@dataclass
class Entry:
    """One run.

    Attributes:
        id: a digest of its path, which may be anything, by which pages name it.
        path: its folder.
        name: the path below the root.
        row: what `report.status_of` says, or `error`; None before it was looked at.
        version: of the row, ascending over all rows.
        stamp: by which a change of the folder is seen.
    """

    id: str
    path: Path
    name: str
    row: dict[str, Any] | None = None
    version: int = 0
    stamp: Stamp = ()
    not_before: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    reading: threading.Lock = field(default_factory=threading.Lock)


class Library:
    """All runs below some folders.

    Args:
        roots: the folders; those that lie in others are looked at once.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(roots)
        self.entries: dict[str, Entry] = {}
        #: The folders of comparisons, by the same kind of digest.
        self.races: dict[str, Path] = {}
        self.gone: list[tuple[int, str]] = []
        self.version = 0
        #: Whether all that were found at first were looked at.
        self.ready = False
        self._changed: list[Callable[[], None]] = []
        self._readers: dict[str, RecordsReader] = {}
        self._remembered = Remembered(roots)
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._woken = threading.Event()

    def start(self) -> None:
        """Look at the folders from a thread of its own, until `stop`."""
        threading.Thread(target=self._follow, daemon=True, name="library").start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._woken.set()

    def wake(self) -> None:
        """Look now, as something was just changed."""
        self._woken.set()

    def subscribe(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Have a function called, from another thread, whenever something changed; gives what ends it."""
        self._changed.append(changed)
        return lambda: self._changed.remove(changed)

    def since(self, version: int) -> tuple[int, list[dict[str, Any]], list[str]]:
        """The version now, the rows that changed after another one, and the ids that went."""
        with self._lock:
            rows = [e.row for e in self.entries.values() if e.row is not None and e.version > version]
            return self.version, rows, [id for at, id in self.gone if at > version]

    def comparisons(self) -> list[dict[str, Any]]:
        """The comparisons by id, name and path, the newest first, with when they were written, in seconds."""
        found = [(_stat(path / COMPARISON)[0] / 1e9, id, path) for id, path in self.races.items()]
        rows = sorted(found, key=lambda one: one[0], reverse=True)[:COMPARISONS]
        return [{"id": id, "name": path.name, "path": _text(path), "modified": when} for when, id, path in rows]

    def records(self, entry: Entry) -> list[dict[str, Any]]:
        """At most `RECORDS` of a run, read on from where they were before. Raises OSError where they can't be."""
        with entry.lock:
            reader = self._readers.pop(entry.id, None) or RecordsReader(RunFolder(entry.path).records, RECORDS)
            self._readers[entry.id] = reader  # the newest last
            while len(self._readers) > KEPT:
                self._readers.pop(next(iter(self._readers)))
            RunFolder(entry.path).check_inside()
            reader.refresh()
            return reader.records

    # --- looking ------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        searched = -SEARCH
        while not self._stopped.is_set():
            now = time.monotonic()
            if now - searched >= SEARCH or self._woken.is_set():
                self.search()
                searched = now
            self._woken.clear()
            self.look()
            if not self.ready:
                self._remembered.keep()
            self.ready = True
            self._woken.wait(LOOK)
        self._remembered.keep()

    def search(self) -> None:
        """Find runs that are new, and those that went."""
        found: dict[str, Entry] = {}
        races: dict[str, Path] = {}
        for root in self.roots:
            for path, is_run in folders_below(root):
                id = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:20]
                if is_run:
                    name = path.relative_to(root) if path != root else path.absolute().name
                    found.setdefault(id, Entry(id, path, _text(name)))
                if (path / COMPARISON).exists():
                    races[id] = path
        with self._lock:
            self.races = races
            for id in self.entries.keys() - found.keys():
                self.version += 1
                del self.entries[id]
                self.gone = [*self.gone[-1000:], (self.version, id)]
            for id, entry in found.items():
                self.entries.setdefault(id, entry)

    def look(self) -> None:
        """Read again what changed, the newest first."""
        told = self.version
        entries = sorted(self.entries.values(), key=lambda entry: _when(entry.path), reverse=True)
        for entry in entries:
            if self._stopped.is_set():
                return
            stamp = stamp_of(entry.path)
            if stamp == entry.stamp or time.monotonic() < entry.not_before:
                continue
            began = time.monotonic()
            row = self._row(entry)
            spent = time.monotonic() - began
            entry.not_before = time.monotonic() + REST * spent if spent > 0.2 else 0.0
            entry.stamp = stamp
            if row != {key: value for key, value in (entry.row or {}).items() if key != "version"}:
                with self._lock:
                    self.version += 1
                    entry.row, entry.version = {**row, "version": self.version}, self.version
            if spent > 0.2 or self.version - told >= 20:
                told = self._tell(told)
        self._tell(told)

    def _tell(self, told: int) -> int:
        if self.version != told:
            self.tell()
        return self.version

    def tell(self) -> None:
        """Call all who subscribed."""
        for changed in tuple(self._changed):
            changed()

    def _row(self, entry: Entry) -> dict[str, Any]:
        named = {
            "id": entry.id,
            "name": entry.name,
            "path": _text(entry.path),
        }
        try:
            status = self._remembered.status(entry.path, lambda: self.records(entry))
        except (OSError, ValueError, RecursionError, OverflowError) as error:
            return {**named, "error": str(error)[:500]}
        return {**status, **named, "modified": _when(entry.path)}


def stamp_of(path: Path) -> Stamp:
    """What changes where a run's folder does."""
    folder = RunFolder(path)
    files = (folder.config, folder.identity, folder.records, folder.notes, folder.evaluations)
    places = (folder.samples, folder.exhibits, folder.checkpoints.folder, folder.generator)
    return (*map(_stat, files), *map(_stat, places), folder.busy)


def _text(path: Path | str) -> str:
    """A path as text, whatever its bytes are."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _stat(path: Path) -> tuple[int, int, int]:
    try:
        found = path.lstat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _when(path: Path) -> float:
    """When something was written of a run last, in seconds."""
    folder = RunFolder(path)
    return max(_stat(file)[0] for file in (folder.records, folder.identity, folder.config)) / 1e9
