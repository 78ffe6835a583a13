"""`metrics.jsonl`: one record a line, appended; a line that a killed process left unfinished is ignored."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saddlepoint.configuration import from_json
from saddlepoint.storage.files import read_bytes, stay_within, write_atomically

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
    reader = RecordsReader(path)
    reader.refresh()
    return reader.records


class RecordsReader:
    """The records of a run that may go on: what was appended is read, and the whole file where it was written anew.

    Args:
        path: the file.
        most: records that are kept. Of a longer run every second, fourth, eighth … is read, of those with metrics and
            of those without alike, and always the newest: enough for curves, at the cost of a short run. None keeps
            all.

    Attributes:
        records: whole ones, as of the last `refresh`.
    """

    def __init__(self, path: Path, most: int | None = None) -> None:
        self.path, self.most = path, most
        self.records: list[Record] = []
        self._begin()

    def _begin(self) -> None:
        #: Lines that were read; where whole ones end, the bytes before, and what file it was.
        self._lines, self._end, self._before, self._file = 0, 0, b"", -1
        self._kinds = {False: _Kept(), True: _Kept()}
        self._newest: list[tuple[int, Record]] = []

    def refresh(self) -> bool:
        """Read what is new; whether anything is. Raises OSError where the file can't be read."""
        if not self.path.exists():
            gone = bool(self.records)
            self.records = []
            self._begin()
            return gone
        file, known = self.path.stat().st_ino, len(self._before)
        content = read_bytes(self.path, begin=self._end - known)
        anew = file != self._file or content[:known] != self._before
        if anew and self._end:
            self._begin()
            known, content = 0, read_bytes(self.path)
        if not anew and len(content) == known:
            return False
        self._file = file
        whole, rest = _parted(content[known:])
        for line in whole:
            self._lines += 1
            self._kinds[_NO_METRICS in line].add(self._lines, line, self.most)
        if whole:
            newest = _record(whole[-1])
            self._newest = [] if newest is None else [(self._lines, newest)]
        # A list of its own, as those who were given the one before may still read it.
        placed = dict(sorted([*self._kinds[False].records, *self._kinds[True].records, *self._newest], key=_line_of))
        self.records = list(placed.values())
        self._end += len(content) - known - len(rest)
        self._before = content[: len(content) - len(rest)][-_OVERLAP:] if self._end else b""
        if (last := _record(rest)) is not None:  # only its end of line is missing yet
            self.records.append(last)
        return True


class _Kept:
    """Records of one kind with their lines, every `stride`-th of them."""

    def __init__(self) -> None:
        self.records: list[tuple[int, Record]] = []
        self._numbers: list[int] = []
        self._seen, self._stride = 0, 1

    def add(self, at: int, line: bytes, most: int | None) -> None:
        number = self._seen
        self._seen += 1
        if number % self._stride or (record := _record(line)) is None:
            return
        self.records.append((at, record))
        self._numbers.append(number)
        if most is not None and len(self.records) > max(1, most // 2):
            self._stride *= 2
            kept = [place for place, number in enumerate(self._numbers) if number % self._stride == 0]
            self.records = [self.records[place] for place in kept]
            self._numbers = [self._numbers[place] for place in kept]


def _line_of(placed: tuple[int, Record]) -> int:
    return placed[0]


#: In the line of a record that has no metrics.
_NO_METRICS = b'"metrics": {}'
#: Bytes before what is new, by which a file is known again.
_OVERLAP = 256


def _parted(content: bytes) -> tuple[list[bytes], bytes]:
    """Whole lines, and what comes after them."""
    *whole, rest = content.split(b"\n")
    return whole, rest


def _record(line: bytes) -> Record | None:
    """A record of a line; None where there is none, or it says nothing."""
    try:
        record = from_json(line.decode("utf-8", "replace"))
    except ValueError:
        return None
    return record if isinstance(record, dict) and record and _is_record(record) else None


def _is_record(record: Record) -> bool:
    """Whether what says where the run was are counts, and what was recorded are mappings."""
    counts = [record[key] for key in ("samples", "steps", "evaluations", "seconds") if key in record]
    groups = [record[key] for key in ("losses", "monitors", "metrics") if key in record]
    return all(type(n) in (int, float) and n >= 0 for n in counts) and all(type(group) is dict for group in groups)


def trim_records(path: Path, steps: int) -> None:
    """Drop what was recorded after a step, so that a run resumed there records it anew."""
    kept = [r for r in read_records(path) if r.get("steps", 0) <= steps]
    write_atomically(path, "".join(json.dumps(r) + "\n" for r in kept), path.parent)
