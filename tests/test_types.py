"""What a type checker knows of a user's file: what the package returns, and what it does not take."""

import re
from pathlib import Path

import pytest

import saddlepoint

api = pytest.importorskip("mypy.api", reason="types are checked where mypy is installed")

#: Lines that are wrong end in the word that mypy has to say of them; all others are right.
USERS = """
import saddlepoint as sp
from torch import nn

run = sp.train("digits", samples=1000, out="runs/mine", seed=3)
again: sp.Run = sp.load("runs/mine")
numbers: dict[str, sp.Number] = sp.evaluate(run, samples=500)["frechet"]
value: float = float(numbers["test"])
method = sp.Lookahead(k=5)

reveal_type(sp.train)  # def
reveal_type(run)  # saddlepoint.runs.run.Run
reveal_type(sp.Game)  # saddlepoint.core.game.Game
reveal_type(method)  # saddlepoint.methods
sp.trian("digits")  # attr-defined
sp.train("digits", sampels="many", samples="1000")  # arg-type
sp.train()  # call-arg
sp.Lookahead(kk=5)  # call-arg
sp.Lookahead(k="five")  # arg-type
sp.load(7)  # arg-type
sp.evaluate(samples=50)  # call-arg
wrong: int = sp.load("runs/mine")  # assignment
sp.Game(nn.Linear(1, 1))  # arg-type
"""


@pytest.mark.slow
def test_a_users_file_is_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("MYPYPATH", str(Path(saddlepoint.__file__).parents[1]))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users.py").write_text(USERS, encoding="utf-8")
    said, complaint, _ = api.run(["--strict", "--cache-dir", str(tmp_path / "cache"), "users.py"])
    assert not complaint
    told = {}
    for number, words in re.findall(r"^users\.py:(\d+): (.*)$", said, re.MULTILINE):
        told.setdefault(int(number), []).append(words)
    expected = {n: line.split("  # ")[1] for n, line in enumerate(USERS.splitlines(), 1) if "  # " in line}
    assert told.keys() == expected.keys(), said
    for number, word in expected.items():
        assert any(word in words for words in told[number]), (word, told[number])
