"""Games of windows: exact resume, ranges and decimals that are kept, a generator that loads alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import torch

import saddlepoint as sp
from playing import built, play
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.networks import WindowDiscriminator
from saddlepoint.networks import WindowGenerator as WindowGeneratorNetwork
from saddlepoint.tasks import model_at, read_config, recipe_named
from saddlepoint.tasks.series import TASK
from saddlepoint.tasks.series.evaluation import evaluate_series
from saddlepoint.tasks.series.model import WindowGenerator, WindowOptions
from saddlepoint.tasks.series.pictures import curves
from tiers import quick

TINY = (
    "data.window=8",
    "latent.size=4",
    "batch_size=24",
    "generator.network.width=12",
    "generator.network.depth=1",
    "every.record=48",
    "every.checkpoint=72",
    "every.snapshot=100000",
    "device=cpu",
)
DISCRIMINATOR = ("discriminator.network.widths=[12]",)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two prices that walk together, a constant and a count."""
    rng = np.random.default_rng(0)
    price = (100 + rng.normal(size=300).cumsum()).round(2)
    frame = pandas.DataFrame({"low": price, "high": (price + rng.uniform(0.1, 2, 300)).round(2), "unit": "EUR"})
    frame["sold"] = rng.integers(0, 50, 300)
    path = tmp_path_factory.mktemp("series") / "prices.csv"
    frame.to_csv(path, index=False)
    return path


def tiny(file: Path, recipe: str = "series", *assignments: str) -> Any:
    sets = TINY if recipe == "series-vae" else (*TINY, *DISCRIMINATOR)
    return assign(recipe_named(recipe).with_data(str(file)), [*sets, *assignments])


def played(config: Any, folder: Path, samples: int) -> Any:
    return play(assign(config, [f"budget.samples={samples}"]), folder)


CASES = {
    "default": ("series", []),
    "extragradient, packs, held out": (
        "series",
        [
            *("method=extragradient", "discriminator.network.packing=4", "loss=wasserstein", "data.held_out=0.3"),
            *("penalties=none", "penalties.gradient-penalty=on"),
        ],
    ),
    "lookahead, levels": ("series", ["method=lookahead", "representation=levels", "accumulate=2"]),
    "vae": ("series-vae", []),
}


@pytest.mark.parametrize("case", quick(list(CASES), "default"))
def test_a_run_of_windows_resumes_exactly(case: str, file: Path, tmp_path: Path, alike: Callable[..., Any]) -> None:
    recipe, sets = CASES[case]
    config = tiny(file, recipe, *sets)
    straight, at_once = played(config, tmp_path / "straight", 192)
    played(config, tmp_path / "halves", 96)
    halves, in_halves = played(config, tmp_path / "halves", 192)
    assert torch.equal(straight.game.point.flat(), halves.game.point.flat())
    assert at_once.metrics == in_halves.metrics
    alike(tmp_path / "straight", tmp_path / "halves", "generator.safetensors", "coding.json", "config.yaml")
    assert read_config(config.plain()) == config


@pytest.fixture(scope="module")
def trained(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    played(tiny(file), folder, 240)
    return folder


def test_a_generator_of_windows_loads_alone_and_holds_no_pickle(trained: Path, file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    assert "no row of the data" in (trained / "generator" / "README.md").read_text()
    for path in (trained / "generator").iterdir():
        (tmp_path / "elsewhere" / path.name).write_bytes(path.read_bytes())
    assert {p.suffix for p in (tmp_path / "elsewhere").iterdir()} == {".safetensors", ".json", ".yaml", ".md"}
    generator = model_at(tmp_path / "elsewhere")
    assert isinstance(generator, WindowGenerator)
    frame, real = generator.sample(20, seed=3), pandas.read_csv(file)
    assert list(frame) == ["window", "step", "low", "high", "unit", "sold"]
    assert frame["window"].tolist() == [at for at in range(20) for _ in range(8)]
    assert frame["step"].tolist() == list(range(8)) * 20
    assert set(frame["unit"]) == {"EUR"}
    assert frame["sold"].dtype == np.int64
    for name in ("low", "high", "sold"):
        assert frame[name].between(real[name].min(), real[name].max()).all()
    assert generator.windows(3).shape == (3, 8, 3)


def test_the_same_seed_gives_the_same_windows(trained: Path) -> None:
    generator = model_at(trained)
    assert isinstance(generator, WindowGenerator)
    whole = generator.windows(300, seed=5)
    torch.manual_seed(2)
    assert (generator.windows(300, seed=5) == whole).all()
    assert np.allclose(generator.windows(64, seed=5), whole[:64])
    assert not (generator.windows(300, seed=6) == whole).all()


def test_windows_are_written_in_every_format(trained: Path, tmp_path: Path) -> None:
    generator = model_at(trained)
    drawn = generator.draw(5, 1, None, WindowOptions())
    for ending in (".csv", ".tsv", ".parquet", ".png", ".npz"):
        generator.write(drawn, tmp_path / f"windows{ending}")
    with np.load(tmp_path / "windows.npz") as arrays:
        assert arrays["series"].shape == (5, 8, 3)
        assert arrays["latents"].shape == (5, 4)
        low = arrays["series"][..., 0].ravel()
    for frame in (pandas.read_csv(tmp_path / "windows.csv"), pandas.read_parquet(tmp_path / "windows.parquet")):
        assert np.abs(frame["low"].to_numpy() - low).max() <= 0.0051


def test_states_are_hard_and_have_a_gradient() -> None:
    torch.manual_seed(0)
    generator = WindowGeneratorNetwork((5, 7), latent=3, width=8, held=1, states=(1, 1, 3))
    made = generator(torch.randn(20, 3))
    assert made.shape == (20, 5, 7)
    assert made[..., 1:6].abs().eq(1).all()
    assert made[..., 3:6].sum(2).eq(-1).all()  # one of three
    (gradient,) = torch.autograd.grad(made[..., 1:6].sum(), [generator.body[-1].weight])
    assert gradient.abs().sum() > 0
    with pytest.raises(ValueError, match="held is 3, states are 5: give 0 to 7 together"):
        WindowGeneratorNetwork((5, 7), latent=3, held=3, states=(5,))


def test_a_discriminator_feels_a_drift_of_small_errors() -> None:
    # Its sums grow with the steps where each step is off by a little: Σ ε / √T.
    torch.manual_seed(0)
    discriminator = WindowDiscriminator((16, 1), widths=(4,))
    seen: list[torch.Tensor] = []
    discriminator.body.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    windows = torch.full((1, 16, 1), 0.1)
    windows[:, 0] = 7.0
    discriminator(windows)
    sums = seen[0].view(16, 2)[:, 1]
    assert torch.allclose(sums, 0.1 * torch.arange(16.0) / 4)
    with pytest.raises(ValueError, match="widths are"):
        WindowDiscriminator((16, 1), widths=())


@pytest.mark.parametrize(
    ("recipe", "sets", "said"),
    [
        ("series", ["data.window=300"], "has 300 rows, and a window 300"),
        ("series", ["data.leave_out=[volume]"], "there is no column 'volume'"),
        ("series", ["batch_size=25", "discriminator.network.packing=10"], "whole packs of 10"),
        ("series-vae", ["latent.distribution=uniform"], "normal latents"),
        ("series-vae", ["model=autoencoder"], "a VAE with its prior"),
    ],
)
def test_what_does_not_fit_a_series_is_refused(recipe: str, sets: list[str], said: str, file: Path) -> None:
    with pytest.raises(ValueError, match=said):
        built(assign(recipe_named(recipe).with_data(str(file)), sets))
    with pytest.raises(ConfigurationError, match="needs a table of yours"):
        built(recipe_named(recipe))


def test_an_evaluation_of_windows_has_a_floor(trained: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saddlepoint.metrics.series.discriminative_scores.__defaults__", (1, 0, 5))
    monkeypatch.setattr("saddlepoint.metrics.series.predictive_scores.__defaults__", (1, 0, 5))
    makers = {"average": model_at(trained).windows}  # type: ignore[attr-defined]
    found = evaluate_series(makers, TASK.read(tiny(file)), None, trainings=2)
    values = {(m.protocol.weights, m.name): m for m in found.numbers}
    names = {"discriminative", "predictive", "detection", "columns", "correlation", "autocorrelation"}
    assert names <= {metric for _, metric in values}
    assert values["floor: other half", "columns"].value > values["average", "columns"].value
    assert values["average", "discriminative"].error is not None
    assert "no windows are held out" in found.notes[0]
    json.dumps([m.plain() for m in found.numbers])
    held = TASK.read(tiny(file, "series", "data.held_out=0.3"))
    found = evaluate_series(makers, held, held.held_out, trainings=1)
    assert {m.protocol.weights for m in found.numbers} == {"average", "floor: held out"}
    assert not found.notes


def test_pictures_are_of_any_number_of_columns_and_windows() -> None:
    rng = np.random.default_rng(0)
    for columns, n in ((1, 1), (3, 30), (12, 2)):
        names = [f"café {number}" for number in range(columns)]
        real, made = rng.normal(size=(2, n, 5, columns))
        alone, both = curves(names, made), curves(names, made, real)
        assert alone.ndim == both.ndim == 3
        assert both.shape[1] > alone.shape[1]
    still = np.ones((4, 5, 2))
    assert curves(["a", "b"], still, still, scale=2).shape[0] == 2 * curves(["a", "b"], still, still).shape[0]


def test_the_vae_beside_a_game_shares_what_both_have(file: Path) -> None:
    config = tiny(file, "series", "budget.samples=48", "seed=3")
    beside = TASK.baselines(config)
    assert list(beside) == ["series-vae"]
    vae = beside["series-vae"]
    assert (vae.seed, vae.budget, vae.data, vae.representation) == (3, config.budget, config.data, "levels")
    assert vae.generator.network == config.generator.network
    assert TASK.baselines(vae) == {}


GIVEN = {
    **{"latent.size": 4, "batch_size": 24, "generator.network.width": 12, "generator.network.depth": 1},
    **{"discriminator.network.widths": [12], "data.window": 8, "every.record": 48, "every.checkpoint": 48},
    "device": "cpu",
}
WALK = np.random.default_rng(0).normal(size=(240, 2)).cumsum(0)


@pytest.mark.parametrize(
    ("given", "windows", "steps", "names"),
    [
        (pandas.DataFrame({"a": WALK[:, 0], "b": WALK[:, 1].round(2)}), 233, 8, ["a", "b"]),
        (pandas.DataFrame(WALK[:, :1], index=pandas.date_range("2024-01-01", periods=240)), 233, 8, ["time", "0"]),
        pytest.param(WALK, 233, 8, ["x1", "x2"], marks=pytest.mark.slow),
        pytest.param(torch.from_numpy(WALK).float(), 233, 8, ["x1", "x2"], marks=pytest.mark.slow),
        pytest.param(WALK[:, 0], 233, 8, ["x1"], marks=pytest.mark.slow),
        pytest.param(WALK.reshape(40, 6, 2), 40, 6, ["x1", "x2"], marks=pytest.mark.slow),
    ],
)
def test_series_given_in_python_are_learnt(
    given: object, windows: int, steps: int, names: list[str], tmp_path: Path
) -> None:
    run = sp.train("series", data=given, out=tmp_path / "run", samples=48, settings=GIVEN, progress=False)
    assert len(run.data) == windows
    frame = run.sample(5, seed=1)
    assert list(frame) == ["window", "step", *names]
    assert len(frame) == 5 * steps
    for name, column in zip([name for name in names if name != "time"], WALK.T, strict=False):
        assert frame[name].dtype.kind == "f"
        assert frame[name].between(column.min() - 0.01, column.max() + 0.01).all()
    again = sp.train("series", data=given, out=tmp_path / "run", samples=96, settings=GIVEN, progress=False)
    assert [record["samples"] for record in again.history] == [24, 48, 72, 96]


def test_given_windows_are_kept_whole_and_held_out_by_windows() -> None:
    windows = WALK.reshape(40, 6, 2)
    config = assign(recipe_named("series"), ["data.held_out=0.25"])
    data = TASK.adopt(config, windows)
    assert data.held_out is not None
    assert len(data) + len(data.held_out) == 40
    assert all(any((own == window).all() for window in windows) for own in data.windows)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1, 2], "a pandas DataFrame, a pyarrow Table or the path of a file, not list"),
        (np.zeros((2, 2, 2, 2)), r"an array of shape \(2, 2, 2, 2\)"),
        (np.array(["a", "b"]), "give numbers"),
        (WALK[:20], "has 20 rows, and a window 24"),
        (np.ones((60, 2)), "nothing to learn"),
        (pandas.DataFrame({"a": WALK[:, 0], "b": [f"no {n % 30}" for n in range(240)]}), "is text of 30 values"),
    ],
)
def test_what_is_no_series_is_refused(given: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=said):
        sp.train("series", data=given, out=tmp_path / "run", progress=False)


@pytest.mark.slow
def test_a_run_of_a_data_frame_evaluates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saddlepoint.metrics.series.discriminative_scores.__defaults__", (1, 0, 5))
    monkeypatch.setattr("saddlepoint.metrics.series.predictive_scores.__defaults__", (1, 0, 5))
    frame = pandas.DataFrame(WALK, columns=["a", "b"])
    run = sp.train("series", data=frame, out=tmp_path / "run", samples=48, settings=GIVEN, progress=False)
    found = sp.evaluate(run, trainings=1, samples=100, progress=False)
    assert found["columns"].keys() == {"average", "live", "floor: other half"}
    assert found.pictures["curves-average"]().ndim == 3
