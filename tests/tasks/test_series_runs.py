"""Games of windows: exact resume, ranges and decimals that are kept, a generator that loads alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import torch
from saddlepoint.recipes import RECIPES, parse_config
from saddlepoint.tasks.curves import curves
from saddlepoint.tasks.trained import Sampler

from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.evaluation import evaluate_series
from saddlepoint.networks import WindowDiscriminator
from saddlepoint.storage import RunFolder
from saddlepoint.tasks.series import WindowsGenerator
from saddlepoint.training import NoObserver

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
    return assign(RECIPES[recipe]().with_data(str(file)), [*sets, *assignments])


def play(config: Any, folder: Path, samples: int) -> Any:
    torch.manual_seed(samples)
    config = assign(config, [f"budget.samples={samples}"])
    run, assembled = RunFolder(folder), config.build(config.load())
    run.create()
    result = assembled.training(run, NoObserver()).run()
    return assembled, result


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


@pytest.mark.parametrize("case", CASES)
def test_a_run_of_windows_resumes_exactly(case: str, file: Path, tmp_path: Path, alike: Callable[..., Any]) -> None:
    recipe, sets = CASES[case]
    config = tiny(file, recipe, *sets)
    straight, at_once = play(config, tmp_path / "straight", 192)
    play(config, tmp_path / "halves", 96)
    halves, in_halves = play(config, tmp_path / "halves", 192)
    assert torch.equal(straight.game.point.flat(), halves.game.point.flat())
    assert at_once.metrics == in_halves.metrics
    alike(tmp_path / "straight", tmp_path / "halves", "generator.safetensors", "coding.json", "config.yaml")
    assert parse_config(config.plain()) == config


@pytest.fixture(scope="module")
def trained(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    play(tiny(file), folder, 240)
    return folder


def test_a_generator_of_windows_loads_alone_and_holds_no_pickle(trained: Path, file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for path in (trained / "generator").iterdir():
        (tmp_path / "elsewhere" / path.name).write_bytes(path.read_bytes())
    assert {p.suffix for p in (tmp_path / "elsewhere").iterdir()} == {".safetensors", ".json", ".yaml", ".md"}
    generator = Sampler.load(tmp_path / "elsewhere")
    assert isinstance(generator, WindowsGenerator)
    frame, real = generator.table(20, seed=3).frame(), pandas.read_csv(file)
    assert list(frame) == ["window", "step", "low", "high", "unit", "sold"]
    assert frame["window"].tolist() == [at for at in range(20) for _ in range(8)]
    assert frame["step"].tolist() == list(range(8)) * 20
    assert set(frame["unit"]) == {"EUR"}
    assert frame["sold"].dtype == np.int64
    for name in ("low", "high", "sold"):
        assert frame[name].between(real[name].min(), real[name].max()).all()
    assert generator.sample(3).shape == (3, 8, 3)


def test_the_same_seed_gives_the_same_windows(trained: Path) -> None:
    generator = WindowsGenerator.load(trained)
    whole = generator.sample(300, seed=5)
    torch.manual_seed(2)
    assert torch.equal(generator.sample(300, seed=5), whole)
    assert torch.allclose(generator.sample(64, seed=5), whole[:64])
    assert not torch.equal(generator.sample(300, seed=6), whole)


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
    def begin() -> None:
        config = assign(RECIPES[recipe]().with_data(str(file)), sets)
        config.build(config.load())

    with pytest.raises(ValueError, match=said):
        begin()
    with pytest.raises(ConfigurationError, match="needs a table of yours"):
        RECIPES[recipe]().load()


def test_an_evaluation_of_windows_has_a_floor(trained: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saddlepoint.metrics.series.discriminative_scores.__defaults__", (1, 0, 5))
    monkeypatch.setattr("saddlepoint.metrics.series.predictive_scores.__defaults__", (1, 0, 5))
    makers = {"ema": WindowsGenerator.load(trained)}
    config = tiny(file)
    found = evaluate_series(makers, config.load(), None, trainings=2)
    values = {(m.protocol.weights, m.name): m for m in found.numbers}
    names = {"discriminative", "predictive", "detection", "columns", "correlation", "autocorrelation"}
    assert names <= {metric for _, metric in values}
    assert values["floor: other half", "columns"].value > values["ema", "columns"].value
    assert values["ema", "discriminative"].error is not None
    assert "no windows are held out" in found.notes[0]
    json.dumps([m.plain() for m in found.numbers])
    held = tiny(file, "series", "data.held_out=0.3")
    found = evaluate_series(makers, held.load(), held.load_test(), trainings=1)
    assert {m.protocol.weights for m in found.numbers} == {"ema", "floor: held out"}
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
