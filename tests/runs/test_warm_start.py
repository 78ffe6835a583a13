"""A run that begins with another run's players: what is taken and what is not, and that the other one may go."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import saddlepoint as sp
from commands import Run
from saddlepoint.runs.starting import Classes
from saddlepoint.training.state import STATE, WEIGHTS

TINY: dict[str, object] = {
    "data.size": 8,
    "latent.size": 6,
    "generator.network": {"name": "mlp-generator", "widths": [12]},
    "discriminator.network": {"name": "mlp-discriminator", "widths": [12, 12]},
    "batch_size": 16,
    "score.samples": 128,
    "every.record": 64,
    "every.checkpoint": 128,
    "every.snapshot": 100_000,
    "plan.keep": True,
}


def trained(out: Path, samples: int, data: Any = None, **more: Any) -> sp.Run:
    settings = {**TINY, **more.pop("settings", {})}
    return sp.train("digits", data, samples=samples, out=out, settings=settings, device="cpu", progress=False, **more)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 256 samples."""
    return trained(tmp_path_factory.mktemp("source") / "run", 256).path


def weights(folder: Path) -> dict[str, Tensor]:
    return load_file(sorted(folder.glob("*"))[-1] / WEIGHTS)


@pytest.mark.slow
def test_players_and_average_are_taken_and_optimizers_on_request(source: Path, tmp_path: Path) -> None:
    plain = trained(tmp_path / "plain", 16, start=source, seed=5)
    full = trained(tmp_path / "full", 16, start={"run": str(source), "take": "optimizers"}, seed=5)
    before = weights(source / "checkpoints")
    state = torch.load(sorted((source / "checkpoints").glob("*"))[-1] / STATE, weights_only=True)
    for run, kept in ((plain, False), (full, True)):
        begun = weights(run.path / "start")
        assert begun.keys() == before.keys()
        assert all(torch.equal(begun[key], before[key]) for key in before)
        there = torch.load(next((run.path / "start").glob("*")) / STATE, weights_only=True)
        assert all(map(torch.equal, there["method"]["mean"]["generator"], state["method"]["mean"]["generator"]))
        assert bool(there["optimizers"]["generator"]["state"]) == kept
        assert there["position"] == 0
        told = run.storage.read_identity()["warm_start"]
        assert set(told["kept"]) == set(before)
        assert not told["new"]
        assert any("optimizer" in memory for memory in told["memories"]) == kept
        # What it is held against is the model that learnt nothing.
        references = run.storage.read_identity()["references"]
        assert references["untrained"]["pixel_frechet"] != pytest.approx(run.metrics["pixel_frechet"].value, rel=0.01)


@pytest.mark.slow
def test_it_goes_on_to_the_last_bit_after_the_other_run_is_gone(source: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    shutil.copytree(source, gone)
    whole = trained(tmp_path / "whole", 256, start=gone)
    part = trained(tmp_path / "part", 96, start=gone)
    shutil.rmtree(gone)
    part = trained(tmp_path / "part", 256, start=gone)
    here, there = weights(part.path / "checkpoints"), weights(whole.path / "checkpoints")
    assert all(torch.equal(here[key], there[key]) for key in there)
    assert [r["losses"] for r in part.history] == [r["losses"] for r in whole.history]
    with pytest.raises(ValueError, match="no run to begin from"):
        trained(tmp_path / "late", 96, start=gone)


def test_what_does_not_fit_is_named(source: Path, tmp_path: Path) -> None:
    wider = {"generator.network": {"name": "mlp-generator", "widths": [12, 12]}, "data.size": 10}
    run = trained(tmp_path / "run", 32, start=source, settings=wider)
    told = run.storage.read_identity()["warm_start"]
    assert told["kept"]
    assert any(name.startswith("generator/") for name in told["new"])
    assert any(name.startswith("discriminator/") for name in told["new"])  # its first layer sees more pixels
    begun, before = weights(run.path / "start"), weights(source / "checkpoints")
    assert all(torch.equal(begun[name], before[name]) for name in told["kept"])
    other = {f"{role}.network": {"name": f"mlp-{role}", "widths": [9]} for role in ("generator", "discriminator")}
    with pytest.raises(ValueError, match="nothing of the generator"):
        trained(tmp_path / "none", 32, start=source, settings={**other, "data.size": 9, "latent.size": 5})


def test_classes_are_matched_by_their_names() -> None:
    classes = Classes(("a", "b", "c"), ("c", "d", "a", "e"))
    source, target = torch.arange(5.0).expand(2, 5), -torch.ones(2, 6)
    found = classes.matched(source, target)
    assert found is not None
    assert found.tolist() == [[0, 1, 4, -1, 2, -1]] * 2
    assert classes.matched(torch.zeros(3, 4), torch.ones(4, 5)) is None
    assert classes.matched(torch.zeros(5), torch.ones(7)) is None
    assert Classes((), ("a",)).matched(torch.zeros(3), torch.ones(4)) is None


def test_a_run_on_fewer_classes_keeps_those_that_both_have(tmp_path: Path) -> None:
    images, labels = torch.randint(0, 256, (40, 1, 8, 8), dtype=torch.uint8), torch.arange(40) % 4
    first = trained(tmp_path / "first", 64, (images, labels), settings={"conditional": True})
    kept = labels < 3
    run = trained(tmp_path / "second", 64, (images[kept], labels[kept]), start=first, settings={"conditional": True})
    told = run.storage.read_identity()["warm_start"]
    assert told["by_class"]
    assert not told["new"]


def test_frozen_layers_stay_and_the_others_move(source: Path, tmp_path: Path) -> None:
    run = trained(tmp_path / "run", 256, start=source, settings={"discriminator.freeze": 2})
    before, after = weights(source / "checkpoints"), weights(run.path / "checkpoints")
    names = [name for name in before if name.startswith("discriminator/")]
    still = {name for name in names if torch.equal(before[name], after[name])}
    assert len(still) >= 4  # weights and biases of two layers
    assert still < set(names)
    with pytest.raises(ValueError, match="at least one has to learn"):
        trained(tmp_path / "all", 32, start=source, settings={"discriminator.freeze": 9})


def test_on_the_command_line_a_run_alone_is_its_own_recipe(run: Run, source: Path, tmp_path: Path) -> None:
    said = run("train", "--from", str(source), "--samples", "64", "--out", str(tmp_path / "run"), "--json")
    assert said.code == 0
    assert "begins from" in said.flat
    assert said.json["samples"] == 64
    said = run("train", "digits", "--from", str(tmp_path), "--samples", "64", "--out", str(tmp_path / "none"))
    assert said.code == 2
    assert "no run to begin from" in said.flat
    assert not (tmp_path / "none" / "config.yaml").exists()
