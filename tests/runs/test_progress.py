"""What is shown of a run that goes on: on a terminal, elsewhere, and in a notebook."""

import base64
import sys
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from saddlepoint.core import Outcome
from saddlepoint.runs import progress
from saddlepoint.runs.progress import NotebookProgress, ProgressBar, introduction, plan_of, progress_here, work_here
from saddlepoint.tasks import recipe_named
from saddlepoint.training import Result, RunInfo, StageInfo
from saddlepoint.training.observer import Progress


@dataclass
class Cats:
    """Data that say what the lines before a run are made of."""

    kind: str = "images"
    name: str = "cats"
    size: str = "16x16"
    counts: dict[str, int] = field(default_factory=lambda: {f"breed {n}": 3 + n % 2 for n in range(12)})
    notes: tuple[str, ...] = ("Skipped 2 files.",)

    def __len__(self) -> int:
        return 42


RECORD = {
    "samples": 84,
    "losses": {"generator": 0.5, "discriminator": 1.25},
    "monitors": {"discriminator_auc": 0.75, "generator_norm": 9.0},
}
CLASSIC = recipe_named("classic")


def info(recipe: str, data: Cats | None = None, **more: Any) -> RunInfo:
    known = {"folder": Path("runs/cats"), "continued": False, **more}
    return RunInfo(recipe_named(recipe), data or Cats(), **known)


def played(recipe: str, *, terminal: bool) -> str:
    """What a bar leaves on a console of a run of one record."""
    said = StringIO()
    bar = ProgressBar(Console(file=said, force_terminal=terminal, width=200, color_system=None, highlight=False))
    bar.progressed("reading", 1, 2)
    bar.started(info(recipe))
    bar.stepped(Progress(samples=84))
    bar.recorded(RECORD)
    bar.ended(Result(Outcome.STOPPED, "it is over", Progress(samples=84)))
    return said.getvalue()


def test_lines_before_a_run_say_what_is_trained_on_what() -> None:
    lines = introduction(info("classic", continued=True))
    assert lines[0] == "continuing on cats: 42 images 16x16; alternating, non-saturating, batch 64"
    named = ", ".join(f"breed {n}" for n in range(10))
    assert lines[1] == f"12 classes of 3 to 4 images: {named}, …; --conditional makes each on demand"
    assert lines[2:] == ["note: Skipped 2 files."]
    assert introduction(info("ring", Cats(counts={}, notes=()))) == [
        "training on cats: 42 images 16x16; lookahead, relativistic, batch 800"
    ]


def test_the_plan_is_said_and_the_bar_names_the_stage() -> None:
    stages = (StageInfo("regression", 100_000), StageInfo("adversary", 200_000))
    told = info("enhance", stages=stages, seconds=754.0, memory=1_230_000_000)
    assert plan_of(told) == [
        "plan: regression to 100,000 samples, then adversary from 100,000 to 200,000 samples; about 12 min 34 s; "
        "1.2 GB of memory",
        "      learning rates from 1 to 0.1 by 200,000 samples; the average forgets half in 2,000 samples; "
        "a score every 20,000",
    ]
    assert [told.stage_at(n) for n in (0, 99_999, 100_000, 200_000)] == [
        "regression",
        "regression",
        "adversary",
        "adversary",
    ]
    said = StringIO()
    bar = ProgressBar(Console(file=said, force_terminal=True, width=200, color_system=None, highlight=False))
    bar.started(info("enhance"))
    bar.planned(told)
    bar.stepped(Progress(samples=99_000))
    bar.close()
    assert "plan: regression to 100,000 samples" in said.getvalue()
    assert "enhance: regression" in said.getvalue()


def test_a_terminal_has_a_bar_and_other_places_a_line_a_record() -> None:
    drawn = played("digits", terminal=True)
    assert "training on cats" in drawn
    assert "84 samples" in drawn
    assert "L_G 0.500  L_D 1.250  discriminator_auc 0.750" in drawn
    lines = played("digits", terminal=False).splitlines()
    assert lines[-1] == "          84 samples  L_G 0.500  L_D 1.250  discriminator_auc 0.750"
    assert "reading" not in lines[0]


def test_one_record_an_epoch_is_a_classical_line_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert CLASSIC.every.record is None
    said = played("classic", terminal=False)
    assert capsys.readouterr().out == "Epoch: 2  Discriminator Loss: 1.25  Generator Loss: 0.5\n"
    assert "L_D" not in said


def test_a_bar_that_never_began_closes_quietly() -> None:
    said = StringIO()
    ProgressBar(Console(file=said, force_terminal=True)).close()
    assert said.getvalue() == ""


def test_nothing_is_shown_where_it_is_not_wanted_or_nobody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    assert progress_here(False) == []
    with work_here() as tell:
        tell("reading", 1, 2)
    assert capfd.readouterr() == ("", "")


def test_other_work_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    said = StringIO()
    monkeypatch.setattr(progress, "err", Console(file=said, force_terminal=True, width=200, color_system=None))
    with work_here() as tell:
        tell("average against train: frechet", 1, 8)
    assert "average against train: frechet" in said.getvalue()
    said.truncate(0)
    with work_here(wanted=False) as tell:
        tell("average against train: frechet", 1, 8)
    assert "average against" not in said.getvalue()


def test_a_notebook_shows_a_line_and_the_newest_picture(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, page: str) -> None:
            shown.append(page)

    shell = type("ZMQInteractiveShell", (), {})()
    notebook, display = ModuleType("IPython"), ModuleType("IPython.display")
    vars(notebook).update(get_ipython=lambda: shell)
    vars(display).update(HTML=str, display=lambda page, display_id: (shown.append(page), Handle())[1])
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    (observer,) = progress_here(True)
    assert isinstance(observer, NotebookProgress)
    observer.started(info("digits"))
    assert "training on cats: 42 images 16x16" in capsys.readouterr().out
    observer.stepped(Progress(samples=250_000))
    assert shown[-1] == "<p>250,000 samples, 50%</p>"
    (tmp_path / "grid.png").write_bytes(b"picture")
    observer.snapshot(tmp_path / "grid.png")
    assert base64.b64encode(b"picture").decode() in shown[-1]
    observer.snapshot(tmp_path / "absent.png")
    observer.ended(Result(Outcome.STOPPED, "it is over", Progress(samples=500_000)))
    assert shown[-1].startswith("<p>stopped: it is over</p><img ")
