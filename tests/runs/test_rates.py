"""Rates that a run finds from its game as it begins."""

import json
from pathlib import Path

import pytest

import saddlepoint as sp
from commands import TINY, Run
from saddlepoint.configuration import ConfigurationError
from saddlepoint.runs import configured


@pytest.mark.slow
def test_rates_are_found_as_a_run_begins_and_stay(run: Run, tmp_path: Path) -> None:
    words = ("train", "digits", *TINY, "--lr", "auto", "--out", tmp_path / "run")
    said = run(*words, "--samples", "640")
    assert said.code == 0, said.err
    assert "rates: generator" in said.out + said.err
    facts = json.loads((tmp_path / "run" / "run.json").read_text())["rates"]
    config = configured(tmp_path / "run")
    found = {f"{role}.optimizer.lr": player.optimizer["lr"] for role, player in config.players.items()}
    assert found == facts["tried"][0]
    assert all(rate < facts["together"] * facts["alone"][key] for key, rate in found.items())
    assert not (tmp_path / "run" / "short-0").exists()
    assert "Nothing to do" in run(*words, "--samples", "640").err
    assert run(*words, "--samples", "960").code == 0
    assert configured(tmp_path / "run").players == config.players


@pytest.mark.slow
def test_rates_that_can_not_be_found_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="for all players of a game at once: --lr auto"):
        configured("digits", settings={"generator.optimizer.lr": "auto"})
    rows = tmp_path / "rows.csv"
    rows.write_text("a,b\n" + "".join(f"{i}.5,{('x', 'y')[i % 2]}\n" for i in range(200)))
    with pytest.raises(ConfigurationError, match=r"would look at the data besides.*account for; give rates"):
        sp.train(
            "table-dp",
            rows,
            settings={"lr": "auto", "batch_size": 20},
            samples=2_000,
            out=tmp_path / "run",
            progress=False,
        )
