"""Three digits a picture, made from a folder of MNIST's files that the user gives."""

from pathlib import Path

import pytest

from commands import Run
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import DATASETS
from saddlepoint.tasks import read_config, recipe_named
from saddlepoint.tasks.images import TASK, evaluation


def test_a_folder_given_to_the_recipe_holds_the_digits_to_stack(tmp_path: Path) -> None:
    config = recipe_named("stacked-mnist").with_data(str(tmp_path))
    assert (config.data.source, config.data.path) == ("stacked-mnist", str(tmp_path))
    assert config.score.features == "stacked-digits"
    assert read_config(config.plain()) == config
    other = recipe_named("mnist").with_data(str(tmp_path))
    assert other.data.source == "folder", "of every other recipe a folder says itself what it holds"


def test_another_set_takes_its_place_with_features_that_know_it() -> None:
    config = recipe_named("stacked-mnist").with_data("cifar-10")
    assert (config.data.source, config.score.features) == ("cifar-10", "texture")
    with pytest.raises(ConfigurationError, match="did you mean 'stacked-mnist'"):
        config.with_data("stacked-mnits")


def test_the_discriminator_is_half_of_the_generator() -> None:
    """Of the layers between equal grids, channel by channel: what D = ½ G says."""
    config = recipe_named("stacked-mnist")
    assert 2 * config.discriminator.network["width"] == config.generator.network["width"]
    assert TASK.stand_in(config).shape == DATASETS["stacked-mnist"].shape


def test_a_folder_without_the_files_says_which_are_wanted(run: Run, tmp_path: Path) -> None:
    said = run("train", "stacked-mnist", "--data", tmp_path, "--samples", "64", "--out", tmp_path / "run")
    assert said.code == 2
    assert "lacks train-images-idx3-ubyte" in said.flat


@pytest.mark.slow
def test_a_run_is_evaluated_in_a_thousand_classes(
    run: Run, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained for two steps, so that its numbers are of noise; the floor beside them is of real stacks."""
    monkeypatch.setattr(evaluation, "REAL", 1000)
    home = shared_data / "mnist"
    few = ("--set", "score.samples=64", "--set", "score.features=pixels", "--device", "cpu")
    assert run("train", "stacked-mnist", "--data", home, "--samples", "128", "--out", tmp_path / "run", *few).code == 0
    said = run(
        "evaluate", tmp_path / "run", "--metrics", "modes", "--samples", "1000", "--weights", "average", "--json"
    )
    assert said.code == 0
    against = [v for v in said.json["values"] if v["protocol"]["split"] == "train"]
    values = {(v["metric"], v["protocol"]["weights"]): v for v in against}
    made, floor = values["modes", "average"], values["modes", "floor: test"]
    assert (made["protocol"]["extractor"], made["protocol"]["n_generated"]) == ("stacked-digits", 1000)
    assert len(made["detail"]["shares"]) == 1000
    assert floor["value"] == pytest.approx(632, abs=4 * 10), "1,000 (1 − exp(−1)), deviation 10"
    assert values["uniform_kl", "average"]["value"] > values["uniform_kl", "floor: test"]["value"]
