"""What networks cost, as the command line says it."""

import re
from pathlib import Path

import torch
import yaml
from PIL import Image

from commands import Run
from playing import built
from saddlepoint.data import DATASETS
from saddlepoint.networks import NETWORKS, costs
from saddlepoint.tasks import read_config, recipes, task_of

SAID = r"# (generator|discriminator): ([\d,]+) parameters, ([\d,]+) multiply-accumulates a sample of (\S+)"


def said_costs(text: str) -> dict[str, tuple[int, int, str]]:
    return {
        role: (int(parameters.replace(",", "")), int(macs.replace(",", "")), shape)
        for role, parameters, macs, shape in re.findall(SAID, text)
    }


def test_a_dry_run_ends_with_the_costs_and_stays_the_configuration(run: Run) -> None:
    said = run("train", "classic", "--dry-run")
    # 100 → 128 → 128 → 784 with biases, and 784 → 128 → 128 → 1.
    assert said_costs(said.out) == {
        "generator": (101 * 128 + 129 * 128 + 129 * 784, 100 * 128 + 128 * 128 + 128 * 784, "28x28x1"),
        "discriminator": (785 * 128 + 129 * 128 + 129, 784 * 128 + 128 * 128 + 128, "28x28x1"),
    }
    config, recipe = read_config(yaml.safe_load(said.out)), recipes()["classic"]
    assert config.plan.samples == recipe.budget.samples  # the length that its plan is made for
    assert config.model_copy(update={"plan": recipe.plan}) == recipe


def test_the_costs_are_those_of_the_game_that_is_built(run: Run) -> None:
    for sets in (["--conditional"], ["--conditional", "--set", "auxiliary=1"]):
        said = said_costs(run("train", "digits", *sets, "--dry-run").out)
        config = read_config(yaml.safe_load(run("train", "digits", *sets, "--dry-run").out))
        assembled = built(config)
        assert {role: cost[0] for role, cost in said.items()} == assembled.identity()["parameters"]
        generator, labels = assembled.game.players["generator"], torch.zeros(2, dtype=torch.int64)
        assert said["generator"][1] == costs(generator, torch.zeros(2, 64), labels).macs


def test_packs_cost_a_share_a_sample(run: Run) -> None:
    plain, packed = (
        said_costs(run("train", "ring", "--set", f"discriminator.network.packing={m}", "--dry-run").out) for m in (1, 4)
    )
    assert packed["generator"] == plain["generator"]
    widths = recipes()["ring"].discriminator.network["widths"]
    # Four points enter the first layer at once, of which all others see one quarter each.
    rest = plain["discriminator"][1] - 2 * widths[0]
    assert packed["discriminator"][1] == (8 * widths[0] + rest) // 4


def test_known_sets_are_not_read_and_their_shapes_are_true() -> None:
    for name in ("digits", "mnist"):
        config = recipes()[name].with_data(name)
        stands = task_of(config).stand_in(config)
        assert stands.shape == (DATASETS[name].shape if config.data.size is None else (1, 16, 16))
        assert len(stands.classes) == DATASETS[name].classes
    assert DATASETS["digits"].load(None, "train").shape == DATASETS["digits"].shape
    assert len(DATASETS["digits"].load(None, "train").classes) == DATASETS["digits"].classes
    grid = recipes()["grid"]
    assert task_of(grid).stand_in(grid).shape == (2,)


def test_a_folder_is_looked_at_and_one_that_is_not_there_is_left_alone(run: Run, tmp_path: Path) -> None:
    assert "known once the data are here" in run("train", "images", "--dry-run").out
    for level in range(3):
        Image.new("RGB", (16, 16), (90 * level, 0, 0)).save(tmp_path / f"{level}.png")
    said = run("train", "images", "--data", tmp_path, "--size", "16", "--dry-run")
    assert {cost[2] for cost in said_costs(said.out).values()} == {"16x16x3"}
    said = run("train", "images", "--data", tmp_path / "absent", "--dry-run")
    assert said.code == 0
    assert "known once the data are here" in said.out


def test_networks_that_do_not_fit_are_refused_before_anything_is_printed(run: Run) -> None:
    said = run("train", "mnist", "--size", "9", "--dry-run")
    assert (said.code, said.out) == (2, "")
    assert "9x9 images can't be halved evenly" in said.flat


def test_the_list_of_networks_says_what_they_cost(run: Run) -> None:
    said = run("list", "networks")
    flat = " ".join(said.out.split())
    assert "networks (costs a sample of 28x28x1, latent 64, at the default dials; translators: given 64x64x3" in flat
    # 784 → 128 → 128 → 1: 117,121 parameters. The table's columns wrap, so what follows the number may be another's.
    assert re.search(r"mlp-discriminator [^0-9]*0\.12 M", flat)
    assert flat.count("MACs") == len(NETWORKS)
