"""`metrics.jsonl`: one record a line, appended; a line that a killed process left unfinished is ignored."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saddlepoint.configuration import from_json
from saddlepoint.storage.files import read_text, stay_within, write_atomically

Record = dict[str, Any]


def append_record(path: Path, record: Mapping[str, Any]) -> None:
    """Add a record at the end, flushed to the disk. Raises OSError where it can't be, or a link leads elsewhere."""
    stay_within(path, path.parent)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_records(path: Path) -> list[Record]:
    """All whole records; none where the file is absent."""
    if not path.exists():
        return []
    records = []
    for line in read_text(path, errors="replace").splitlines():
        try:
            record = from_json(line)
        except ValueError:
            continue
        if isinstance(record, dict) and _is_record(record):
            records.append(record)
    return records


def _is_record(record: Record) -> bool:
    """Whether what says where the run was are counts, and what was recorded are mappings."""
    counts = [record[key] for key in ("samples", "steps", "evaluations", "seconds") if key in record]
    groups = [record[key] for key in ("losses", "monitors", "metrics") if key in record]
    return all(isinstance(n, int | float) and not isinstance(n, bool) and n >= 0 for n in counts) and all(
        isinstance(group, dict) for group in groups
    )


def trim_records(path: Path, steps: int) -> None:
    """Drop what was recorded after a step, so that a run resumed there records it anew."""
    kept = [r for r in read_records(path) if r.get("steps", 0) <= steps]
    write_atomically(path, "".join(json.dumps(r) + "\n" for r in kept), path.parent)
