"""The model of a table that its size asks for, or that wins a race; and models by their word."""

import json
from pathlib import Path

import numpy as np
import pandas
import pytest

from saddlepoint.configuration import ConfigurationError
from saddlepoint.runs import Run, configured
from saddlepoint.tasks import Config
from saddlepoint.tasks.tables import TASK
from saddlepoint.tasks.tables.choosing import FEW, AutoTableConfig
from saddlepoint.tasks.tables.copula import CopulaRows


def rents(n: int) -> pandas.DataFrame:
    """Rows whose city decides the rent."""
    rng = np.random.default_rng(0)
    city = rng.choice(["Ulm", "Bonn"], n)
    return pandas.DataFrame({"city": city, "rent": (rng.normal(500, 50, n) + 300 * (city == "Ulm")).round(1)})


def sizes(n: int) -> pandas.DataFrame:
    """Rows of numbers alone."""
    height = np.random.default_rng(0).normal(170, 9, n).round(1)
    return pandas.DataFrame({"height": height, "weight": (height / 2 - 10).round(1)})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rents(240).to_csv(tmp_path / "rents.csv", index=False)
    return tmp_path / "rents.csv"


@pytest.mark.parametrize(
    ("word", "recipe"),
    [("game", "table"), ("vae", "table-vae"), ("copula", "table-copula"), ("independent", "table-independent")],
)
def test_a_model_is_named_by_its_word(word: str, recipe: str) -> None:
    config = configured("table", data="rows.csv", settings={"model": word, "seed": 3, "data.rare": 7})
    assert (config.recipe, config.seed, config.data.rare) == (recipe, 3, 7)  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="there is no model 'gam': did you mean 'game'"):
        configured("table", settings={"model": "gam"})


def test_differential_privacy_is_not_lost_by_another_model() -> None:
    assert configured("table-dp").by_model == {}


@pytest.mark.parametrize(
    ("frame", "recipe"),
    [(sizes(FEW - 50), "table-copula"), (sizes(FEW + 50), "table-vae"), (rents(FEW - 50), "table-vae")],
)
def test_a_size_asks_for_a_model_and_a_budget_is_kept(frame: pandas.DataFrame, recipe: str) -> None:
    config = configured("table", settings={"model": "auto", "data.held_out": 0, "samples": 700})
    assert isinstance(config, AutoTableConfig)
    chosen, why = config.by_size(TASK.adopt(config, frame))
    assert chosen.recipe == recipe
    assert f"{recipe} is taken for {len(frame):,} rows" in why
    if recipe == "table-vae":
        assert chosen.budget.samples == 700


def test_a_run_says_what_was_chosen_and_the_same_command_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "sizes.csv"
    sizes(240).to_csv(file, index=False)
    config = configured("table", data=str(file), settings={"model": "auto"})
    run = Run.begin(config, tmp_path / "run").train(report=False)
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert told["recipe"] == told["chosen"]["recipe"] == "table-copula"
    assert isinstance(run.model, CopulaRows)
    again = Run.begin(config, tmp_path / "run")
    assert again.config is not None
    assert again.config.recipe == "table-copula"
    assert again.train().result is None
    with pytest.raises(ConfigurationError, match="holds another run"):
        Run.begin(configured(config, settings={"seed": 5}), tmp_path / "run")


def test_a_race_keeps_the_best_by_its_merit(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {word: configured("table", data=str(file), settings={"model": word}) for word in ("copula", "independent")}

    def candidates(_: AutoTableConfig) -> dict[str, Config]:
        return few

    monkeypatch.setattr(AutoTableConfig, "candidates", candidates)
    config = configured("table", data=str(file), settings={"model": "auto", "race": 1, "data.target": "city"})
    run = Run.begin(config, tmp_path / "run").train(report=False)
    told = json.loads((tmp_path / "run" / "run.json").read_text())["chosen"]
    merits = told["merits"]
    for found in merits.values():
        assert found["merit"] == pytest.approx((min(1, 2 - 2 * found["detection"]) + min(1, found["utility"])) / 2)
    best = max(merits, key=lambda name: merits[name]["merit"])
    assert told["recipe"] == run.config.recipe == few[best].recipe  # type: ignore[union-attr]
    assert f"{best} won the race of 1 minutes" in told["why"]
    assert not (tmp_path / "run" / "race").exists()
    assert len(run.sample(30)) == 30
    assert Run.begin(config, tmp_path / "run").train().result is None


def test_a_race_shares_its_minutes_and_needs_rows_that_were_held_out() -> None:
    config = configured("table", settings={"model": "auto", "race": 6, "data.held_out": 0})
    assert isinstance(config, AutoTableConfig)
    minutes = {word: one.budget.minutes for word, one in config.candidates().items()}
    assert minutes == {"game": 3, "vae": 3, "copula": None, "independent": None}
    with pytest.raises(ConfigurationError, match=r"leave data\.held_out above 0"):
        config.merits({}, TASK.adopt(config, rents(60)))
