"""A budget means the whole plan: lengths in proportion, minutes as samples, pictures on the grid of the records."""

from pathlib import Path

import pytest
import torch

import saddlepoint as sp
from saddlepoint.methods import Averaged
from saddlepoint.runs import configured, planning
from saddlepoint.runs.planning import _filled
from saddlepoint.storage import RunFolder
from saddlepoint.tasks import Config, recipes
from saddlepoint.training import Budget, Intervals, Pace
from saddlepoint.training.budget import APART
from saddlepoint.training.plan import lengths

TINY = {
    **{"data.size": 8, "latent.size": 6, "score.samples": 32, "device": "cpu", "batch_size": 32},
    **{"generator.network.widths": [12], "discriminator.network.widths": [12]},
}
SHARES = (1000, 100, 10, 1)


def at(config: Config, key: str) -> float | None:
    """A length by its key; None where it is left out."""
    value = config
    for part in key.split("."):
        value = getattr(value, part, None)
    return value


@pytest.mark.parametrize("recipe", [name for name, config in recipes().items() if config.length is not None])
def test_all_lengths_of_a_recipe_are_scaled_in_proportion(recipe: str) -> None:
    config = recipes()[recipe]
    own = config.length
    assert own is not None
    assert config.planned(own).same_run(config)
    keys = [key for key in lengths(type(config)) if at(config, key)]
    assert "every.checkpoint" in keys
    for share in SHARES:
        planned = config.planned(own // share)
        for key in keys:
            stated = at(config, key)
            assert stated is not None
            looked = key.removeprefix("every.")  # looks are worth some steps each, however short the run
            least = min(stated, APART[looked] * config.batch_size) if looked in APART else 1
            assert at(planned, key) == pytest.approx(max(least, stated / share), abs=0.5), key
    kept = configured(config, settings={"samples": own // 10, "keep_schedules": True})
    assert kept.planned(own // 10).same_run(configured(config))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("recipe", [name for name, config in recipes().items() if config.average is not None])
def test_an_average_has_left_its_start_and_follows_closely_at_any_length(recipe: str, keep: bool) -> None:
    # What makes an average worse than the live weights: what it remembers of the start, and how far it lags.
    config = recipes()[recipe]
    own = config.length
    assert own is not None
    for share in SHARES:
        samples = own // share
        planned = configured(config, settings={"samples": samples, "keep_schedules": keep}).planned(samples)
        average, batch = planned.average, planned.batch_size
        assert average is not None
        method = Averaged(half_life=average.half_life, warm_up=average.warm_up)
        of_start, lag = 1.0, 0.0
        for after in range(batch, samples + batch, batch):
            kept = 1 - method._weight(after - batch, after)
            of_start, lag = of_start * kept, kept * (lag + batch)
        assert of_start < 1e-2, (share, of_start)
        assert lag < 0.2 * samples, (share, lag)


def test_what_is_given_is_not_scaled() -> None:
    settings = {"samples": 5_000, "average.half_life": 400.0, "schedules.rate": {"start": 1, "end": 0, "samples": 70}}
    config = configured("digits", settings=settings, assignments=["every.record=9"]).planned(5_000)
    assert config.average is not None
    assert config.schedules.rate is not None
    assert (config.average.half_life, config.schedules.rate.samples, config.every.record) == (400.0, 70, 9)
    assert config.every.checkpoint == 64 * config.batch_size
    given = configured("digits", settings={"samples": 5_000}, assignments=["every.checkpoint=90"]).planned(5_000)
    assert given.every.checkpoint == 90


def test_a_budget_as_an_assignment_scales_too() -> None:
    one, other = (configured("table", assignments=[f"{key}=900000"]) for key in ("samples", "budget.samples"))
    assert one == other
    rate = one.planned(900_000).schedules.rate
    assert rate is not None
    assert rate.samples == 900_000


def test_the_regression_of_enhance_is_half_of_any_budget() -> None:
    config = configured("enhance", settings={"samples": 3_000}).planned(3_000)
    assert config.pretraining.samples == 1_500  # type: ignore[attr-defined]


def test_minutes_are_filled_by_the_cost_of_every_stage() -> None:
    # Stages of equal length, 1 and 3 ms a sample: 2 ms on average, and looks that take nothing.
    pace = Pace((1e-3, 3e-3), (1.0, 2.0), 0.0, 0.0, 0.0, 0.0, None)
    config = configured("enhance", settings={"minutes": 1.0})
    found = _filled(config, pace, (100_000, 200_000))
    assert found.budget == Budget(samples=30_000)
    assert (found.plan.minutes, found.plan.samples) == (1.0, 30_000)
    assert found.pretraining.samples == 15_000  # type: ignore[attr-defined]
    assert found.every.checkpoint == 3_000
    # Looks of 30 s each are allowed a quarter of the minute: 45 s are left for steps.
    slow = _filled(config, Pace((1e-3, 3e-3), (1.0, 2.0), 0.0, 30.0, 0.0, 0.0, None), (100_000, 200_000))
    assert slow.budget.samples == 22_500
    assert slow.every.checkpoint >= 22_500
    counted = _filled(configured("enhance", settings={"evaluations": 300}), pace, (100_000, 200_000))
    assert (counted.plan.samples, counted.budget) == (200, Budget(evaluations=300))


def test_looks_are_counted_at_their_intervals() -> None:
    pace = Pace((1.0,), (2.0,), 5.0, 10.0, 3.0, 2.0, None)
    every = Intervals(record=256, snapshot=512, checkpoint=1024)
    octaves = 11  # 1,024 has eleven binary digits
    assert pace.looks(1024, every) == 5 + 2 * 10 + (1 + octaves + 2) * 3 + (octaves + 4) * 2
    assert Pace((1.0, 2.0), (2.0, 2.0), 0.0, 0.0, 0.0, 0.0, None).steps((10, 30)) == 10.0 + 40.0


@pytest.fixture
def fixed_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of a known speed: the clock is in no test."""
    pace = Pace((0.06 / 320,), (2 / 32,), 0.0, 0.0, 0.0, 0.0, 10**9)
    monkeypatch.setattr(planning, "measured", lambda *_: pace)


@pytest.mark.slow
@pytest.mark.usefixtures("fixed_pace")
def test_minutes_are_written_as_samples_and_the_run_is_that_of_these_samples(tmp_path: Path) -> None:
    run = sp.train("digits", minutes=0.001, out=tmp_path / "timed", settings=TINY, progress=False)
    assert run.config is not None
    assert (run.config.budget.samples, run.config.plan.minutes) == (320, 0.001)
    again = sp.train("digits", minutes=0.001, out=tmp_path / "timed", settings=TINY, progress=False)
    assert again.result is None  # the same call finds nothing to do
    same = sp.train("digits", samples=320, out=tmp_path / "counted", settings=TINY, progress=False)
    assert torch.equal(run.sample(8), same.sample(8))
    more = sp.train("digits", minutes=0.002, out=tmp_path / "timed", settings=TINY, progress=False)
    assert more.config is not None
    assert (more.config.budget.samples, more.config.length) == (640, 320)
    assert more.config.average == run.config.average  # by the plan that it began with


def test_epochs_are_samples(tmp_path: Path) -> None:
    run = sp.train("digits", epochs=2, out=tmp_path, settings={**TINY, "data.limit": 50}, progress=False)
    assert run.config is not None
    assert (run.config.budget.samples, run.config.plan.epochs) == (100, 2.0)


@pytest.mark.slow
@pytest.mark.usefixtures("fixed_pace")
def test_other_lengths_are_other_runs_unless_the_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = sp.train("digits", samples=64, settings=TINY, progress=False)
    assert sp.train("digits", samples=64, settings=TINY, progress=False).path == first.path
    assert sp.train("digits", samples=96, settings=TINY, progress=False).path != first.path
    longer = sp.train("digits", samples=96, out=first.path, settings=TINY, progress=False)
    assert longer.config is not None
    assert (longer.config.budget.samples, longer.config.length) == (96, 64)


def test_pictures_come_with_the_records_and_the_latest_is_always_there(tmp_path: Path) -> None:
    settings = {**TINY, "every.record": 10**6, "every.snapshot": 10**6, "every.checkpoint": 10**6}
    run = sp.train("digits", samples=320, out=tmp_path, settings=settings, progress=False)
    samples = RunFolder(tmp_path).samples
    drawn = sorted(int(path.stem) for path in samples.glob("*.png") if path.stem.isdecimal())
    assert drawn == [0, 32, 64, 128, 256, 320]
    assert [record["samples"] for record in run.history] == drawn[1:-1]
    assert (samples / "latest.png").read_bytes() == (samples / f"{320:012d}.png").read_bytes()


@pytest.mark.slow
def test_pictures_by_the_clock_change_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {**TINY, "every.snapshot": 10**6}
    quiet = sp.train("digits", samples=320, out=tmp_path / "quiet", settings=settings, progress=False)
    monkeypatch.setattr("saddlepoint.training.loop.PICTURE", 0.0)  # one after every step
    monkeypatch.setattr("saddlepoint.training.loop.CLOCKED", 4)
    busy = sp.train("digits", samples=320, out=tmp_path / "busy", settings=settings, progress=False)
    assert torch.equal(quiet.sample(8), busy.sample(8))
    weights = [run.models(("live",))[0]["live"].network.state_dict() for run in (quiet, busy)]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    pictures = [len(list(RunFolder(run.path).samples.glob("0*.png"))) for run in (quiet, busy)]
    assert pictures[0] < pictures[1] <= pictures[0] + 5
