"""Records that are read while they are written."""

import json
from itertools import pairwise

import pytest

from saddlepoint.storage import RecordsReader, read_records, trim_records


def line(n):
    return json.dumps({"samples": n, "steps": n, "losses": {"generator": 0.5}}) + "\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.jsonl"


def test_what_is_appended_is_read_as_the_whole_file_would_be(path):
    reader = RecordsReader(path)
    assert not reader.refresh()
    text = ""
    for n in range(1, 40):
        text += line(n)
        path.write_text(text)
        assert reader.refresh()
        assert reader.records == read_records(path)
        assert not reader.refresh()
    assert [r["samples"] for r in reader.records] == list(range(1, 40))


@pytest.mark.parametrize("cut", [1, 9, 30])
def test_a_line_is_read_once_however_it_comes(path, cut):
    whole = line(1) + line(2)
    reader = RecordsReader(path)
    for end in range(0, len(whole) + 1, cut):
        path.write_text(whole[:end])
        reader.refresh()
    path.write_text(whole)
    reader.refresh()
    assert [r["samples"] for r in reader.records] == [1, 2]


def test_a_run_that_went_back_is_read_anew(path):
    path.write_text("".join(map(line, range(1, 9))))
    reader = RecordsReader(path)
    reader.refresh()
    trim_records(path, 4)
    with path.open("a") as file:
        file.write("".join(map(line, range(50, 90))))
    reader.refresh()
    assert reader.records == read_records(path)
    assert [r["samples"] for r in reader.records][:5] == [1, 2, 3, 4, 50]


def test_what_is_no_record_is_passed_over(path):
    path.write_bytes(b'{}\n[1]\n\xff\n{"samples": -1}\n' + b"[" * 100_000 + b"\n" + line(3).encode())
    assert [r["samples"] for r in read_records(path)] == [3]


def test_of_a_long_run_some_are_kept_from_all_of_it_and_the_newest(path, monkeypatch):
    from saddlepoint.storage import records

    parsed = []
    whole = records._record
    monkeypatch.setattr(records, "_record", lambda line: parsed.append(line) or whole(line))
    reader, text = RecordsReader(path, most=100), ""
    for n in range(1, 5001):
        scored = '"metrics": {"a": 1.0}' if n % 10 == 0 else '"metrics": {}'
        text += f'{{"samples": {n}, {scored}}}\n'
        if n in (60, 3000, 3001, 5000):
            path.write_text(text)
            reader.refresh()
            seen = [r["samples"] for r in reader.records]
            assert seen == sorted(seen)
            assert (seen[0], seen[-1]) == (1, n)
            assert len(seen) <= 101
    assert sum(bool(r["metrics"]) for r in reader.records) > 25
    assert max(b - a for a, b in pairwise(seen)) < 400
    assert len(parsed) < 700
    path.write_text(line(1) + line(2))
    reader.refresh()
    assert [r["samples"] for r in reader.records] == [1, 2]
