"""Terminals of few letters and columns, and none at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

POOR = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "COLUMNS": "40", "NO_COLOR": "1"}


def saddle(*words: str | Path, **streams: int) -> subprocess.CompletedProcess[bytes]:
    """A command on a terminal of 40 columns that knows ASCII and no colours."""
    command = [sys.executable, "-m", "saddlepoint", *map(str, words)]
    return subprocess.run(command, env={**os.environ, **POOR}, stderr=subprocess.PIPE, check=False, **streams)


@pytest.mark.parametrize(
    "words", [("list", "metrics"), ("list", "methods"), ("train", "digits", "--dry-run", "--explain")]
)
def test_a_terminal_of_ascii_gets_every_line(words: tuple[str, ...]) -> None:
    done = saddle(*words, stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 500
    assert b"\x1b" not in done.stdout + done.stderr
    assert (done.stdout + done.stderr).isascii()


def test_a_name_that_is_no_text_is_named_in_an_error(tmp_path: Path) -> None:
    done = saddle("sample", tmp_path / "caf\udce9", stdout=subprocess.PIPE)
    assert done.returncode == 2
    assert b"caf\\udce9" in done.stderr
    assert b"Traceback" not in done.stderr
