"""Names of everything, kept in the cache folder: what `saddle list` prints and a shell completes, without torch."""

import hashlib
import json
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from saddlepoint.cache import cache_folder
from saddlepoint.configuration import from_json

#: What is listed.
KINDS = (
    *("recipes", "tasks", "methods", "losses", "penalties", "regularisers", "content", "augmentations", "networks"),
    *("optimizers", "data", "games", "metrics"),
)


def known() -> dict[str, Any]:
    """The catalogue, as `saddlepoint.cli.catalogue` makes it; from the cache where nothing was installed since."""
    path = cache_folder() / f"catalogue-{_state()}.json"
    if (found := _read(path)) is not None:
        return found
    from saddlepoint.cli.catalogue import catalogue

    made = catalogue()
    with suppress(OSError):  # a folder that can't be written costs time, nothing else
        _keep(path, made)
    return made


def known_already() -> dict[str, Any] | None:
    """The catalogue where an earlier command has left it; None where it would have to be made."""
    return _read(cache_folder() / f"catalogue-{_state()}.json")


def _read(path: Path) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        found = from_json(path.read_text(encoding="utf-8"))
        if isinstance(found, dict) and {"settings", "lists"} <= set(found):
            return found
    return None


def _state() -> str:
    """A digest that changes with this package's files, and with what is installed: others may bring names."""
    installed = [Path(path) for path in sys.path if path.endswith("-packages")]
    files = [*Path(__file__).parents[1].rglob("*.py"), *installed]
    times = [sys.version]
    for path in files:
        with suppress(OSError):
            times.append(f"{path}:{path.stat().st_mtime_ns}")
    return hashlib.sha256("\n".join(times).encode(errors="surrogateescape")).hexdigest()[:16]


def _keep(path: Path, made: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob("catalogue-*.json"):
        old.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(made, file)
    Path(name).replace(path)
