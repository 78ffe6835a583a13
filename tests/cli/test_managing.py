"""`saddle runs`, `stop`, `checkpoint`, `tag` and `rm`."""

import shutil
import time

import pytest

from commands import TINY
from processes import Saddle, lines
from saddlepoint.report import remembered, status_of
from saddlepoint.storage import RunFolder, read_records, runs_below


@pytest.fixture
def copied(trained, tmp_path):
    folder = tmp_path / "runs" / "deep" / "digits"
    shutil.copytree(trained, folder)
    return folder


@pytest.mark.slow
def test_a_run_that_trains_saves_and_stops_when_it_is_asked_and_goes_on_as_if_it_had_not(run, tmp_path, alike):
    tiny = ["train", "digits", *TINY, "--set", "every.record=640", "--samples"]
    whole = tmp_path / "whole"
    assert run(*tiny, 20_000, "--out", whole).code == 0
    asked = tmp_path / "asked"
    process = Saddle([*tiny, "100000000", "--out", str(asked)], tmp_path / "said")
    while lines(asked) < 2:
        assert process.running, process.text
        time.sleep(0.05)
    before = {checkpoint.samples for checkpoint in RunFolder(asked).checkpoints.whole()}
    assert run("checkpoint", asked).code == 0
    assert {checkpoint.samples for checkpoint in RunFolder(asked).checkpoints.whole()} - before
    said = run("stop", asked)
    assert (said.code, said.flat) == (0, f"stopped and saved: {asked}")
    assert process.wait() == 130
    assert "stopped by saddle stop" in process.text
    assert "To go on" in process.text
    kept = [r for r in read_records(asked / "metrics.jsonl") if r["samples"] <= 20_000]
    same = read_records(whole / "metrics.jsonl")[: len(kept)]
    for one, other in zip(kept, same, strict=True):
        assert one["losses"] == other["losses"]
        assert one["monitors"] == other["monitors"]


def test_nobody_is_asked_where_nobody_trains(run, copied):
    for command in ("stop", "checkpoint"):
        said = run(command, copied)
        assert said.code == 2
        assert "no process trains" in said.flat


def test_runs_are_found_with_their_verdicts(run, copied):
    root = copied.parents[1]
    (root / "empty").mkdir()
    broken = root / "broken"
    broken.mkdir()
    (broken / "config.yaml").write_text("a: [")
    (broken / "run.json").write_text("{}")
    found = {one["name"]: one for one in run("runs", root, "--json").json["runs"]}
    assert set(found) == {"run", "broken"}
    assert found["run"]["state"] == "ended"
    assert {one["question"] for one in found["run"]["verdicts"]} == {"game", "result", "done"}
    assert "error" in found["broken"]
    table = run("runs", root).err
    assert "deep/digits" in table
    assert "unreadable" in table
    assert run("runs", root / "nothing").code == 2


def test_a_list_is_remembered_until_a_run_changes(copied, monkeypatch, tmp_path):
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    root, looked = copied.parents[1], []
    monkeypatch.setattr(remembered, "status_of", lambda *given: looked.append(given[0]) or status_of(*given))
    first = remembered.listed(root)
    assert remembered.listed(root) == first
    assert looked == [copied]
    RunFolder(copied).write_notes(["best"], "")
    assert remembered.listed(root)[0]["tags"] == ["best"]
    with RunFolder(copied).held():
        assert remembered.listed(root)[0]["state"] == "running"
    assert remembered.listed(root)[0]["state"] == "ended"
    assert len(looked) == 3
    [kept] = (tmp_path / "cache" / "statuses").glob("*.json")
    kept.write_text("[" * 9999)
    assert remembered.listed(root)[0]["tags"] == ["best"]
    assert len(looked) == 4


def test_links_are_not_followed(copied):
    root = copied.parents[1]
    (root / "link").symlink_to(copied)
    (copied.parent / "circle").symlink_to(root)
    assert list(runs_below(root)) == [copied]


def test_folders_of_somebody_else_s_are_passed_over(copied, monkeypatch):
    def is_run(path):
        if path.name == "theirs":
            raise PermissionError(13, "Permission denied", str(path / "config.yaml"))
        return path == copied

    (copied.parent / "theirs").mkdir()
    monkeypatch.setattr("saddlepoint.storage.finding.is_run", is_run)
    assert list(runs_below(copied.parents[1])) == [copied]


def test_tags_and_a_note_are_kept_with_the_run(run, copied):
    run("tag", copied, "best", "paper/fig-3")
    run("tag", copied, "--note", "<b>bold</b>\nlines", "--remove", "best")
    assert run("tag", copied, "--json").json == {
        "run": str(copied),
        "tags": ["paper/fig-3"],
        "note": "<b>bold</b>\nlines",
    }
    assert run("status", copied, "--json").json["tags"] == ["paper/fig-3"]
    assert run("tag", copied, "two words").code == 2
    assert run("train", copied / "config.yaml", "--out", copied).code == 0  # it is a run as before
    (copied / "notes.json").write_text('{"tags": [1, {}], "note": []}')
    assert run("tag", copied, "--json").json["tags"] == []


def test_nothing_is_removed_unasked(run, copied, monkeypatch):
    (copied / "mine.txt").write_text("mine")
    monkeypatch.setattr("typer.confirm", lambda text, err: "mine.txt" not in text)
    assert run("rm", copied).flat == "kept"
    assert copied.is_dir()
    with RunFolder(copied).held():
        assert run("rm", copied, "--yes").code == 1
    assert run("rm", copied.parent, "--yes").code == 2  # which is no run
    assert run("rm", copied, "--yes").code == 0
    assert not copied.exists()


def test_a_link_is_not_removed_for_what_it_leads_to(run, copied, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(copied)
    assert run("rm", link, "--yes").code == 2
    assert (copied / "run.json").exists()
