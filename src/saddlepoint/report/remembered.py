"""What `status_of` said of runs, kept in the cache folder for as long as nothing of them changes."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from saddlepoint.cache import cache_folder
from saddlepoint.report.status import status_of
from saddlepoint.storage import RunFolder, from_json, read_text, runs_below, write_atomically

#: Bytes of the file that are read.
BYTES = 256 << 20
#: Rooms of the package whose code decides what is said.
_ROOMS = ("report", "storage", "measures", "configuration")

Read = Callable[[], list[dict[str, Any]] | None]


def _nothing() -> None:
    """Records that `status_of` reads for itself."""


class Remembered:
    """Statuses of runs below some folders.

    Args:
        roots: the folders, by which the file is named.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        named = "\n".join(sorted(str(root.absolute()) for root in roots))
        digest = hashlib.sha256(f"{_code()}\n{named}".encode(errors="surrogateescape")).hexdigest()[:16]
        self._file = cache_folder() / "statuses" / f"{digest}.json"
        self._known: dict[str, Any] = {}
        self._asked: dict[str, Any] = {}
        self._changed = False
        with suppress(OSError, ValueError):
            if isinstance(found := from_json(read_text(self._file, BYTES)), dict):
                self._known = found

    def status(self, path: Path, records: Read = _nothing) -> dict[str, Any]:
        """As `status_of`, from memory where the run rests and nothing of it changed.

        Args:
            path: the run's folder.
            records: gives its records where they have to be looked at; None of them has them read.

        Raises:
            ValueError: as `status_of`.
        """
        folder, key = RunFolder(path), str(path.absolute())
        stamp = [_stamp(file) for file in (folder.config, folder.identity, folder.records, folder.notes)]
        kept = self._known.get(key)
        if isinstance(kept, Mapping) and kept.get("stamp") == stamp:
            self._asked[key] = kept
            if not folder.busy:
                return {**kept["status"], "run": str(path)}
        status = status_of(path, records())
        if status["state"] != "running":
            self._asked[key] = self._known[key] = {"stamp": stamp, "status": status}
            self._changed = True
        return status

    def keep(self) -> None:
        """Write what was asked for; a folder that can't be written costs time, nothing else."""
        if self._changed or len(self._asked) < len(self._known):
            with suppress(OSError, ValueError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(self._file, json.dumps(self._asked))
            self._changed = False


def listed(root: Path) -> list[dict[str, Any]]:
    """`status_of` each run below a folder; of one that can't be read, `run`, `name`, and `error` in words.

    Raises:
        ValueError: there is no such folder.
    """
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}: name the one that holds your runs, as in: saddle runs runs")
    found, remembered = [], Remembered([root])
    for path in runs_below(root):
        try:
            found.append(remembered.status(path))
        except (OSError, ValueError) as error:
            found.append({"run": str(path), "name": path.name, "error": str(error)})
    remembered.keep()
    return found


def _stamp(path: Path) -> list[int]:
    try:
        found = path.lstat()
    except OSError:
        return []
    return [found.st_mtime_ns, found.st_size, found.st_ino]


def _code() -> str:
    """Changes with the code that says what a run's status is."""
    package = Path(__file__).parents[1]
    files = (file for room in _ROOMS for file in sorted((package / room).rglob("*.py")))
    return "\n".join(f"{file}:{_stamp(file)}" for file in files)
