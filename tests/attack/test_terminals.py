"""Terminals of few letters and columns, and none at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import Run

POOR = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "COLUMNS": "40", "NO_COLOR": "1"}


def saddle(*words: str | Path, **streams: int) -> subprocess.CompletedProcess[bytes]:
    """A command on a terminal of 40 columns that knows ASCII and no colours."""
    command = [sys.executable, "-m", "saddlepoint", *map(str, words)]
    return subprocess.run(command, env={**os.environ, **POOR}, stderr=subprocess.PIPE, check=False, **streams)


@pytest.mark.parametrize(
    "words",
    [
        ("list", "methods"),
        pytest.param(("train", "digits", "--dry-run", "--explain"), marks=pytest.mark.slow),
    ],
)
def test_a_terminal_of_ascii_gets_every_line(words: tuple[str, ...]) -> None:
    done = saddle(*words, stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 500
    assert b"\x1b" not in done.stdout + done.stderr
    assert (done.stdout + done.stderr).isascii()


@pytest.mark.slow
def test_a_name_that_is_no_text_is_named_in_an_error(tmp_path: Path) -> None:
    done = saddle("sample", tmp_path / "caf\udce9", stdout=subprocess.PIPE)
    assert done.returncode == 2
    assert b"caf\\udce9" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("saddle --help | head -0", 1),
        ("saddle list recipes | head -0", 1),
        ("saddle --help >&-", 0),
        ("saddle list recipes >&- 2>&-", 0),
        ("saddle list recipes <&- >&- 2>&-", 0),
        ("saddle list recipes > /dev/full", 1),
        ("saddle list nosuch 2> /dev/full", 2),
        pytest.param("saddle train nosuch >&- 2>&-", 2, marks=pytest.mark.slow),
    ],
)
def test_an_output_that_nobody_reads_ends_a_command_without_a_word(tmp_path: Path, line: str, code: int) -> None:
    shim = tmp_path / "saddle"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m saddlepoint "$@"\n')
    shim.chmod(0o755)
    command = ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"]
    path = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=path, capture_output=True, check=False, timeout=120)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr + done.stdout
    assert b"Exception ignored" not in done.stderr


def test_control_characters_of_names_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    from saddlepoint.terminal import Terminal

    table = Table(title="a\x1b[31mb")
    table.add_column("\x9b2J")
    table.add_row("\x1b]0;title\x07", style="red")
    for wide in (20, 80):
        console = Terminal(width=wide, force_terminal=True)
        console.print(table, "\x00\x7f", style="bold", markup=False)
        said = capsys.readouterr().out
        assert "a?[31mb" in said
        assert said.count("\x1b") == said.count("\x1b[")  # what rich itself says: styles and their end
        assert not {"\x07", "\x00", "\x7f", "\x9b"} & set(said)


@pytest.mark.parametrize(
    "words",
    [
        ("sample", "RUN", "-n", "2", "--npz", "x.npz"),
        ("solve", "bilinear", "--iterations", "5"),
        ("map", "bilinear", "--grid", "2", "--iterations", "5"),
        ("list", "recipes"),
        ("train", "digits", "--samples", "0"),
    ],
)
def test_a_terminal_of_40_columns_without_colours_is_enough(
    trained: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    said = run(*(str(trained) if word == "RUN" else word for word in words))
    assert said.code in (0, 2), said.err
    assert said.err + said.out
    assert "\x1b" not in said.err + said.out
