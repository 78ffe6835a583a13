"""Atomic writes and records: what is on the disk is whole, whatever happened while it was written."""

import errno
import json
from pathlib import Path

import pytest

from saddlepoint.storage import append_record, read_records, trim_records, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("content", ["new", b"new"])
def test_an_atomic_write_replaces_the_file_and_leaves_nothing_else(tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")
    write_atomically(file, content)
    assert file.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_an_atomic_write_takes_a_function_that_writes_the_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.txt", lambda path: path.write_text("made") and None)
    assert (tmp_path / "a.txt").read_text() == "made"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError()])
def test_an_error_inside_an_atomic_write_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")

    def fail(path: Path) -> None:
        path.write_text("half of the n")
        raise error

    with pytest.raises(type(error)):
        write_atomically(file, fail)
    assert file.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    records = [{"steps": step, "losses": {"generator": 0.1 * step, "discriminator": None}} for step in range(5)]
    for record in records:
        append_record(file, record)
    assert read_records(file) == records
    assert read_records(tmp_path / "absent.jsonl") == []


def test_an_unfinished_last_record_is_ignored_and_trimmed_away(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    for step in (1, 2, 3):
        append_record(file, {"steps": step})
    with file.open("a") as stream:
        stream.write('{"steps": 4, "los')
    assert [r["steps"] for r in read_records(file)] == [1, 2, 3]
    trim_records(file, 2)
    append_record(file, {"steps": 3, "again": True})
    assert [json.loads(line) for line in file.read_text().splitlines()] == [
        {"steps": 1},
        {"steps": 2},
        {"steps": 3, "again": True},
    ]


def test_a_record_damaged_on_the_disk_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    file.write_bytes(b'{"steps": 1}\n{"ste\xff\xfes": 2}\n[1, 2]\n{"steps": "3\n{"steps": 4}\n')
    assert read_records(file)[0] == {"steps": 1}
    assert read_records(file)[-1] == {"steps": 4}
