"""What `saddle inspect` measured when a page asked, kept in the cache folder, so that a second look is instant."""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from saddlepoint.cache import cache_folder
from saddlepoint.storage import RunFolder, from_json, read_bytes, read_text, write_atomically

#: Checkpoints of a run whose measurements are kept, the newest ones; bytes of one, and of its picture.
KEPT, BYTES, PICTURE = 64, 1 << 20, 8 << 20


def keep(run: Path, result: Mapping[str, Any], picture: Path) -> None:
    """Keep what was measured of a run and the picture that was drawn; a folder that can't be written keeps nothing."""
    samples = result.get("samples")
    if not isinstance(samples, int) or isinstance(samples, bool) or samples < 0:
        return
    with suppress(OSError, ValueError):
        place = _place(run)
        place.mkdir(parents=True, exist_ok=True)
        if picture.is_file():
            write_atomically(place / f"{samples:012d}.png", read_bytes(picture, PICTURE))
        write_atomically(place / f"{samples:012d}.json", json.dumps(result))
        for old in sorted(place.glob("*.json"))[:-KEPT]:
            old.unlink(missing_ok=True)
            old.with_suffix(".png").unlink(missing_ok=True)


def kept(run: Path) -> list[dict[str, Any]]:
    """What was measured of a run, in the order of the samples it had seen."""
    found = []
    with suppress(OSError, ValueError):
        for file in sorted(_place(run).glob("*.json"))[-KEPT:]:
            with suppress(OSError, ValueError):
                if isinstance(result := from_json(read_text(file, BYTES)), dict):
                    found.append({**result, "picture": file.with_suffix(".png").is_file()})
    return found


def picture(run: Path, samples: int) -> bytes:
    """The picture of what was measured at so many samples seen. Raises OSError where there is none."""
    return read_bytes(_place(run) / f"{samples:012d}.png", PICTURE)


def _place(run: Path) -> Path:
    """The folder for one training: another one in the same place began at another time."""
    began = RunFolder(run).read_identity().get("started")
    named = os.fsencode(run.absolute()) + f"\n{began}".encode(errors="surrogateescape")
    return cache_folder() / "inspections" / hashlib.sha256(named).hexdigest()[:20]
