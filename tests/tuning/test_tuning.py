"""A search of settings: what is searched, what is kept, and that nothing is lost."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

import saddlepoint as sp
from commands import TINY, Run
from processes import Saddle, saddle
from saddlepoint.configuration import ConfigurationError
from saddlepoint.runs.api import configured
from saddlepoint.storage import RunFolder
from saddlepoint.tasks import recipes
from saddlepoint.tuning.space import GROUPS, default_of, space_of, with_values
from saddlepoint.tuning.study import Study, claimed, opened, place_of, play

SMALL: dict[str, Any] = {
    "data.size": 8,
    "latent.size": 6,
    "generator.network": {"name": "mlp-generator", "widths": [12]},
    "discriminator.network": {"name": "mlp-discriminator", "widths": [12]},
    "batch_size": 32,
    "score.samples": 128,
    "device": "cpu",
    "every": {"record": 160, "checkpoint": 160, "snapshot": 100_000},
    "plan.keep": True,
}
#: A recipe of each kind of data, and one with a single player.
KINDS = ("images", "ring", "table", "series", "text", "audio", "vocoder", "translate", "enhance", "autoencoder")


def tuned(out: Path, trials: int | None, **more: Any) -> sp.tuning.Tuned:  # type: ignore[name-defined]
    settings = {**SMALL, **more.pop("settings", {})}
    return sp.tune("digits", trials=trials, samples=320, jobs=1, settings=settings, out=out, progress=False, **more)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_something_to_search_and_begins_with_its_own_values(name: str) -> None:
    config = recipes()[name]
    space = space_of(config)
    assert any(key.endswith("optimizer.lr") for key in space)
    assert ("method" in space) == (len(config.players) > 1)
    defaults = {key: default_of(config, key, axis) for key, axis in space.items()}
    assert not with_values(config, defaults).differences(with_values(config, {}))
    last = {key: axis.choices[-1] if axis.choices else axis.high for key, axis in space.items()}
    changed = with_values(config, last).differences(config)
    assert len(changed) >= len(space)


def test_what_is_counted_by_looks_at_the_rows_is_not_searched() -> None:
    with pytest.raises(ConfigurationError, match="privacy"):
        sp.tune("table-dp", trials=1, samples=10, progress=False)


def test_ranges_and_choices_are_read_as_they_are_typed() -> None:
    config = recipes()["digits"]
    space = space_of(config, ["rates", "penalties.r1.weight=0.01..100", "batch_size=32|64", "latent.size=16..64"])
    assert space["penalties.r1.weight"].log
    assert space["batch_size"].choices == ("32", "64")
    assert space["latent.size"].whole
    assert not space["latent.size"].log
    assert default_of(config, "batch_size", space["batch_size"]) == str(config.batch_size)
    assert "generator.optimizer.lr" in space
    for wrong, told in (
        ("rate", "no group"),
        ("lr=1", "one value"),
        ("lr=a..b", "no range"),
        ("lrr=1..2", "no setting"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            space_of(config, [wrong])
    assert set(GROUPS) == {"rates", "penalties", "betas", "average", "method", "width"}


def test_a_search_keeps_all_and_goes_on(tmp_path: Path) -> None:
    first = tuned(tmp_path / "study", 2, over=["rates"])
    assert [trial["state"] for trial in first.trials] == ["done", "done"]
    assert first.trials[0]["settings"] == first.plain["defaults"]
    best = min(first.trials, key=lambda trial: trial["badness"])
    assert first.plain["best"] == best["number"]
    run = sp.load(place_of(first.folder, 0) / "seed-0")
    assert run.metrics["pixel_frechet"].value == first.trials[0]["value"]
    more = tuned(tmp_path / "study", 4, over=["rates"])
    assert more.trials[:2] == first.trials
    assert len(more.trials) == 4
    assert len({str(trial["settings"]) for trial in more.trials}) == 4  # a session that goes on draws others
    config = more.best
    assert (
        config.players["generator"].optimizer["lr"]
        == more.trials[more.plain["best"]]["settings"]["generator.optimizer.lr"]
    )
    assert config.budget.samples == configured("digits").budget.samples
    assert not configured(more.files["best"]).differences(config)
    assert "What mattered" in (more.folder / "tuning.html").read_text()
    assert len((more.folder / "tuning.csv").read_text().splitlines()) == 5
    with pytest.raises(ConfigurationError, match="another study"):
        tuned(tmp_path / "study", 4, over=["penalties"])


def test_what_a_dead_process_left_is_played_to_its_end(tmp_path: Path) -> None:
    found = tuned(tmp_path / "study", 1, over=["rates"])
    study = Study.read(RunFolder(found.folder).read_config()).model_copy(update={"trials": 2})
    record = opened(study, found.folder)
    with claimed(record, study, found.folder) as trial:
        begun = trial.params
        assert not play(record, trial, study, found.folder, lambda: True, lambda share: None)
    assert json.loads((place_of(found.folder, 1) / "seed-0" / "run.json").read_text())["samples"] < 320
    more = tuned(tmp_path / "study", 2, over=["rates"])
    assert [trial["state"] for trial in more.trials] == ["done", "done"]
    assert more.trials[1]["settings"] == begun


@pytest.mark.slow
def test_a_game_in_trouble_and_settings_that_do_not_fit_end_a_trial(tmp_path: Path) -> None:
    found = tuned(tmp_path / "study", 3, over=["batch_size=33|8"], settings={"batch_size": 8, "accumulate": 2})
    states = {trial["settings"]["batch_size"]: trial["state"] for trial in found.trials}
    assert states["8"] == "done"
    assert states.get("33", "ended early") == "ended early"
    wild = tuned(tmp_path / "wild", 2, over=["lr=1e8|1e9"], settings={"optimizer": "SGD"})
    assert [trial["state"] for trial in wild.trials] == ["ended early"] * 2
    assert wild.plain["best"] is None
    assert "not finite" in wild.trials[0]["why"] or "diverge" in wild.trials[0]["why"]


@pytest.mark.slow
def test_a_game_proposes_its_own_rates(tmp_path: Path) -> None:
    found = tuned(tmp_path / "study", None, rate_test=True)
    edge = found.plain["edge"]
    assert [trial["state"] for trial in found.trials] == ["done"] * 4
    assert found.trials[0]["settings"] == {"generator.optimizer.lr": 1e-3, "discriminator.optimizer.lr": 1e-3}
    assert [trial["settings"] for trial in found.trials[1:]] == edge["tried"]
    for values in edge["tried"]:
        assert all(values[key] < edge["together"] * rate for key, rate in edge["alone"].items())
    assert "overshoots by itself" in (found.folder / "tuning.html").read_text()
    again = tuned(tmp_path / "study", None, rate_test=True)
    assert (again.trials, again.plain["edge"]) == (found.trials, edge)
    more = tuned(tmp_path / "study", 5, rate_test=True)  # one that Optuna draws
    assert more.trials[:4] == found.trials
    assert len(more.trials) == 5


@pytest.mark.slow
def test_rates_that_break_a_game_are_found_to_be_too_high(tmp_path: Path) -> None:
    """The short run is played again at lower ones, and what is proposed is not what was given."""
    found = tuned(tmp_path / "study", None, rate_test=True, settings={"optimizer": "SGD", "lr": 1e6})
    assert found.trials[0]["state"] == "ended early"
    assert (found.folder / "short-1").exists()
    assert found.plain["best"] not in (None, 0)
    assert max(found.plain["edge"]["tried"][0].values()) < 1e6


@pytest.mark.slow
def test_any_measure_and_the_worst_of_several_seeds(tmp_path: Path) -> None:
    found = tuned(tmp_path / "study", 2, over=["rates"], seeds=2, measure="coverage", worst=True)
    assert found.plain["measure"]["direction"] == "higher"
    for trial in found.trials:
        assert len(trial["by_seed"]) == 2
        assert trial["value"] == min(trial["by_seed"])
    with pytest.raises(ConfigurationError, match="no measure"):
        tuned(tmp_path / "other", 2, measure="beauty")


@pytest.mark.slow
def test_the_command_says_what_it_would_do_and_what_came_of_it(run: Run, tmp_path: Path) -> None:
    words = ("tune", "digits", *TINY, "--samples", "320", "--trials", "2", "--over", "rates", "--jobs", "1")
    said = run(*words, "--dry-run")
    assert said.code == 0
    assert "generator.optimizer.lr" in said.out
    assert not list(tmp_path.iterdir())
    said = run(*words, "--out", str(tmp_path / "study"), "--json")
    assert said.code == 0
    assert len(said.json["trials"]) == 2
    assert f"saddle train {tmp_path}/study/best.yaml" in said.flat
    assert run("tune", "digits", "--rate", "1").code == 2


@pytest.mark.slow
def test_processes_that_are_killed_lose_nothing(tmp_path: Path) -> None:
    words = ["tune", "digits", *TINY, "--samples", "3200", "--trials", "4", "--over", "rates", "--jobs", "2"]
    out = tmp_path / "study"
    process = Saddle([*words, "--out", str(out)], tmp_path / "log")
    while len(list(out.glob("trials/*/seed-0/checkpoints/*/manifest.json"))) < 4:
        assert process.running, process.text
        time.sleep(0.01)
    process.signal(signal.SIGKILL)
    process.wait()
    time.sleep(5)  # its children save and leave
    code, said = saddle([*words, "--out", str(out), "--json"], tmp_path / "again")
    assert code == 0, said
    trials = json.loads((out / "tuning.json").read_text())["trials"]
    assert [trial["number"] for trial in trials] == [0, 1, 2, 3]
    assert all(trial["state"] in ("done", "ended early") for trial in trials)
    assert len({str(trial["settings"]) for trial in trials}) == 4
