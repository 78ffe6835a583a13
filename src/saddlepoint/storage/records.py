"""`metrics.jsonl`: one record a line, appended; a line that a killed process left unfinished is ignored."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saddlepoint.storage.files import write_atomically

Record = dict[str, Any]


def append_record(path: Path, record: Mapping[str, Any]) -> None:
    """Add a record at the end, flushed to the disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_records(path: Path) -> list[Record]:
    """All whole records; none where the file is absent."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records


def trim_records(path: Path, steps: int) -> None:
    """Drop what was recorded after a step, so that a run resumed there records it anew."""
    kept = [r for r in read_records(path) if r.get("steps", 0) <= steps]
    write_atomically(path, "".join(json.dumps(r) + "\n" for r in kept))
