"""What is foretold of a run, and that the run is what was foretold."""

import json
from pathlib import Path

import pytest

import saddlepoint as sp
from commands import TINY, Run
from saddlepoint.runs.api import configured


def test_a_plan_tells_what_the_hours_are_enough_for_and_writes_nothing(run: Run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = run("plan", "digits", *TINY, "--score.samples", "128", "--hours", "0.0003", "--json")
    assert said.code == 0
    found = said.json
    assert found["samples"] > 0
    assert found["steps"] == -(-found["samples"] // 32)
    assert [stage["end"] for stage in found["stages"]] == [found["samples"]]
    assert [size["factor"] for size in found["sizes"]] == [0.5, 1.0, 2.0]
    parameters = [sum(size["parameters"].values()) for size in found["sizes"]]
    assert parameters == sorted(set(parameters))
    assert 0 <= found["score"]["real"] < found["score"]["untrained"]
    assert found["score"]["earlier"] == []
    assert not list(tmp_path.iterdir())
    assert run("plan", "digits", "--hours", "0").code == 2


@pytest.mark.slow
def test_earlier_runs_on_the_same_data_tell_a_band(tmp_path: Path) -> None:
    settings = {
        "data.size": 8,
        "generator.network": {"name": "mlp-generator", "widths": [12]},
        "discriminator.network": {"name": "mlp-discriminator", "widths": [12]},
        "score.samples": 128,
        "device": "cpu",
    }
    run = sp.train("digits", samples=320, out=tmp_path / "one", settings=settings, progress=False)
    found = sp.plan("digits", hours=0.001, settings=settings, runs=tmp_path).plain
    (earlier,) = found["score"]["earlier"]
    assert earlier["run"] == str(run.path)
    assert json.dumps(found)
    other = sp.plan("digits", hours=0.0003, settings={**settings, "data.size": 10}, runs=tmp_path).plain
    assert other["score"]["earlier"] == []


def test_hours_are_sixty_times_as_many_minutes() -> None:
    assert configured("digits", settings={"hours": 2}).budget.minutes == 120
    assert configured("digits", settings={"hours": 2}).budget.samples is None
