"""Checkpoints on the disk: whole or absent, checked by checksum, the newest few and the best kept."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddlepoint.configuration import from_json
from saddlepoint.storage.files import flush, read_text, write_atomically
from saddlepoint.storage.sealed import MANIFEST, MANIFEST_BYTES, checksum


class NoCheckpoint(ValueError):
    """There is nothing whole to continue from."""


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint: a folder of files that the manifest vouches for."""

    path: Path
    samples: int
    badness: float | None


class Checkpoints:
    """The folder `checkpoints/`: one sub-folder a checkpoint, named by samples seen.

    A checkpoint is written under a temporary name, every file flushed, the manifest with all checksums last,
    and then renamed. So a name that is a number is whole, unless the disk damaged it, which the checksums tell.

    Args:
        folder: `checkpoints/` of a run.
        keep: how many of the newest stay; the one with the lowest badness stays too.
    """

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder = folder
        self.keep = keep

    def save(self, samples: int, write: Callable[[Path], None], badness: float | None = None) -> Checkpoint:
        """Write one.

        Args:
            samples: the position that it is named by.
            write: writes the files into the folder that it is given.
            badness: of the score, by which the best is kept: lower is better for every measure.

        Raises:
            OSError: the disk is full; what was there before is intact.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        final = self.folder / f"{samples:012d}"
        partial = self.folder / f".{final.name}.partial"
        for left in self.folder.glob(".*.partial"):  # by a killed process; the folder is this one's alone now
            shutil.rmtree(left, ignore_errors=True)
        try:
            partial.mkdir()
            write(partial)
            files = {}
            for file in sorted(partial.iterdir()):
                flush(file)
                files[file.name] = checksum(file)
            manifest = {"samples": samples, "badness": badness, "files": files}
            write_atomically(partial / MANIFEST, json.dumps(manifest, indent=1))
            if final.exists():  # the same position again: a resumed run that saved at once
                shutil.rmtree(final)
            partial.rename(final)
            flush(self.folder)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        self._thin()
        return Checkpoint(final, samples, badness)

    def newest(self, report: Callable[[str], None] = lambda _: None) -> Checkpoint:
        """The newest whole one. A damaged one is named to `report`, set aside as `….damaged`, and passed over.

        Raises:
            NoCheckpoint: there is none.
        """
        for path in reversed(self._paths()):
            fault = _fault(path)
            if fault is None:
                return _read(path)
            aside = path.with_name(path.name + ".damaged")
            shutil.rmtree(aside, ignore_errors=True)
            path.rename(aside)
            report(f"checkpoint {path.name} is damaged ({fault}): set aside as {aside.name}")
        raise NoCheckpoint(f"no whole checkpoint in {self.folder}")

    def whole(self) -> list[Checkpoint]:
        """All whole ones, oldest first."""
        return [_read(path) for path in self._paths() if _fault(path) is None]

    def best(self) -> Checkpoint | None:
        """The one with the lowest badness, where any has one."""
        scored = [(c.badness, c) for c in map(_read, self._paths()) if c.badness is not None]
        return min(scored, key=lambda pair: pair[0])[1] if scored else None

    def _paths(self) -> list[Path]:
        if not self.folder.exists():
            return []
        return sorted(p for p in self.folder.iterdir() if p.is_dir() and p.name.isdecimal())

    def _thin(self) -> None:
        paths = self._paths()
        best = self.best()
        for path in paths[: -self.keep]:
            if best is None or path != best.path:
                shutil.rmtree(path, ignore_errors=True)


def _manifest(path: Path) -> dict[str, Any]:
    manifest = from_json(read_text(path / MANIFEST, MANIFEST_BYTES))
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise ValueError("not a mapping")
    if not isinstance(manifest.get("badness"), int | float | None):
        raise ValueError("badness is no number")
    if manifest.get("samples") != int(path.name):
        raise ValueError("it is of another position")
    return manifest


def _fault(path: Path) -> str | None:
    """What is wrong with a checkpoint, or None."""
    try:
        files = dict(_manifest(path)["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"{MANIFEST} can't be read"
    for name, known in files.items():
        file = path / name
        if file.parent != path:
            return f"{MANIFEST} names a file elsewhere"
        if not file.is_file():
            return f"{name} is missing"
        if checksum(file) != known:
            return f"the checksum of {name} does not fit"
    return None


def _read(path: Path) -> Checkpoint:
    try:
        manifest = _manifest(path)
        return Checkpoint(path, int(manifest["samples"]), manifest.get("badness"))
    except (OSError, ValueError, KeyError, TypeError):
        return Checkpoint(path, int(path.name), None)
