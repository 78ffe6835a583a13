"""Marks beside files whose format has no place for one: a comment in a CSV file would be a row to those who read it.

`rows.csv-metadata.json` is where CSV on the Web (W3C, 2015) looks for what is said of `rows.csv`.
"""

import json
from pathlib import Path

from saddlepoint.configuration import from_json
from saddlepoint.marks.mark import MARK_BYTES, VOCABULARY, Mark
from saddlepoint.storage.files import read_text, write_atomically
from saddlepoint.storage.sealed import checksum


def sidecar_of(path: Path) -> Path:
    """The file that says what a file is."""
    return path.with_name(f"{path.name}-metadata.json")


def write_sidecar(path: Path, mark: Mark) -> Path:
    """Write the mark of a file beside it, with the checksum of its content."""
    plain = json.loads(mark.text())
    said = {
        "@context": ["http://www.w3.org/ns/csvw", {"saddle": "urn:saddlepoint:mark:"}],
        "url": path.name,
        "dc:creator": f"{mark.software} {mark.version}".strip(),
        "dc:type": VOCABULARY + mark.kind,
        "saddle:mark": plain,
        "saddle:sha256": checksum(path),
    }
    beside = sidecar_of(path)
    write_atomically(beside, json.dumps(said, indent=1) + "\n")
    return beside


def mark_beside(path: Path) -> tuple[Mark | None, bool]:
    """The mark that lies beside a file, and whether the file is still the one that it was written for."""
    found = _read(path)
    if found is None:
        return None, False
    return Mark.read(json.dumps(found.get("saddle:mark"))), found.get("saddle:sha256") == checksum(path)


def remove_sidecar(path: Path) -> None:
    """Remove a mark of ours beside a file: it was about another content."""
    if _read(path) is not None:
        sidecar_of(path).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, object] | None:
    try:
        found = from_json(read_text(sidecar_of(path), 4 * MARK_BYTES))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "saddle:mark" in found else None
