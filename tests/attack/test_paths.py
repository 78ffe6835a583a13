"""Paths that lead to nothing that is wanted: each is refused in a sentence, at once, and nothing is written."""

import os
from pathlib import Path

import pytest

from commands import Run

#: By name, what makes a path inside a folder.
ODD = {
    "nothing": "",
    "an empty folder": "empty",
    "a text": "text",
    "a pipe": "pipe",
    "a circle of links": "circle",
    "no end": "/dev/zero",
    "no content": "/dev/null",
    "a process's memory": "/proc/self/mem",
    "a folder in itself": "deep",
    "a name of 300 letters": "a" * 300,
    "a path of 4,000 letters": "a/" * 2000,
    "no text": "\udcff\udcfe",
    "two lines": "x\ny",
    "below a file": "text/below",
    "an address": "https://[",
    "noise": "noise.json",
}
#: Commands that read the path.
READING = [
    *(["sample", "{}"], ["evaluate", "{}"], ["report", "{}"], ["status", "{}"], ["stop", "{}"], ["checkpoint", "{}"]),
    *(["tag", "{}", "a"], ["rm", "{}", "--yes"], ["inspect", "{}"], ["export", "{}", "--safetensors", "made"]),
    *(
        ["fork", "{}", "--set", "lr=1e-3"],
        ["passport", "{}"],
        ["verify", "{}"],
        ["judge", "{}"],
        ["augment", "{}", "--per-class", "2"],
    ),
    *(["translate", "{}", "text"], ["enhance", "{}", "text"], ["vocode", "{}", "text"], ["push", "{}", "a/b"]),
    *(["train", recipe, "--data", "{}", "--out", "made"] for recipe in ("images", "table", "text", "audio", "series")),
    *(["train", recipe, "--data", "{}", "--out", "made"] for recipe in ("translate", "enhance", "vocoder", "points")),
    *(["link", "{}", "text", "--key", "k", "--out", "made"], ["plan", "images", "--data", "{}", "--minutes", "1"]),
]


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all of these, in which the command is called."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "deep").symlink_to(tmp_path / "deep")
    (tmp_path / "noise.json").write_bytes(bytes(range(256)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("words", READING, ids=lambda words: " ".join(words[:2]))
def test_what_is_no_such_thing_is_refused_whatever_it_is(words: list[str], run: Run, odd: Path) -> None:
    before = sorted(odd.rglob("*"))
    for what, path in ODD.items():
        said = run(*(path if word == "{}" else word for word in words))
        assert (said.code in (1, 2), "Traceback" in said.err) == (True, False), f"{what}: {said.code} {said.err}"
        assert said.err.strip(), what
        assert sorted(odd.rglob("*")) == before, what


@pytest.mark.parametrize("what", ["text", "pipe", "/dev/full"])
def test_a_file_in_the_place_of_a_folder_is_no_passport_s(what: str, run: Run, trained: Path, odd: Path) -> None:
    said = run("passport", trained, "--out", what)
    assert (said.code, "is a file: give a folder with --out" in said.flat) == (2, True)
    assert (odd / "text").read_text() == "x"


@pytest.mark.parametrize("what", ["pipe", "empty", "circle", "/dev/zero", "gone.png"])
def test_what_is_no_file_has_no_mark(what: str, run: Run, odd: Path) -> None:
    said = run("verify", what)
    assert (said.code, f"{what} " in said.flat) == (2, True)
    assert odd.exists()


OWN = ("run.json", "config.yaml", "metrics.jsonl", "report.html", "generator/generator.safetensors", "samples/{}")


@pytest.mark.parametrize("option", ["--npz", "--out", "--walk"])
def test_no_file_of_a_run_is_written_over_by_a_result(option: str, trained: Path, run: Run) -> None:
    for name in OWN:
        path = trained / name.format(next(path.name for path in (trained / "samples").iterdir()))
        before = path.read_bytes()
        said = run("sample", trained, "-n", 4, option, path)
        assert (said.code, path.read_bytes() == before) == (2, True)
        assert "give another name" in said.flat


def test_a_file_of_a_user_s_in_a_run_is_written_over(trained: Path, run: Run) -> None:
    for _ in range(2):
        assert run("sample", trained, "-n", 4, "--out", trained / "mine.png").code == 0
    (trained / "mine.png").unlink()
