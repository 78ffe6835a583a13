"""Translation from the user's side: train, evaluate, compare."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from commands import Run
from saddlepoint.data.pairs import read_pairs
from saddlepoint.evaluation.fidelity import in_channels, resemblance
from saddlepoint.runs import Run as Opened
from saddlepoint.tasks import model_at
from saddlepoint.tasks.translation.model import TranslatorOptions

TINY = (
    *(
        "--set",
        "data.size=16",
        "--set",
        "device=cpu",
        "--set",
        "batch_size=8",
        "--set",
        "discriminator.network.width=4",
    ),
    *("--set", "discriminator.network.depth=1", "--set", "generator.network.width=4"),
    *("--set", "generator.network.depth=2"),
)


#: There is no adding colour to grey on the way back.
CYCLE = (*TINY, "--set", "base=none")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Grey noise, its colour negative, ten pairs of which are held out."""
    noise = np.random.default_rng(0)
    for part, count in {"train": 30, "val": 10}.items():
        for side in ("grey", "red"):
            (tmp_path / "pairs" / part / side).mkdir(parents=True)
        for i in range(count):
            pixels = noise.integers(0, 256, (16, 16), np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"pairs/{part}/grey/{i}.png")
            Image.merge("RGB", [Image.fromarray(255 - pixels), *2 * [Image.new("L", (16, 16))]]).save(
                tmp_path / f"pairs/{part}/red/{i}.png"
            )
    (tmp_path / "pairs/train/grey/0.png").write_bytes(b"")
    return tmp_path / "pairs"


def test_pairs_are_trained_on_evaluated_and_what_was_skipped_is_said(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = ("train", "translate", "--data", folder, "--samples", "32", *TINY, "--out", out, "--json")
    said = run(*command)
    assert said.code == 0, said.err
    assert list(said.json["metrics"]) == ["frechet_patches", "l1", "psnr", "ssim", "sharpness"]
    assert f"saddle translate {out}" in said.flat
    dataset = json.loads((out / "run.json").read_text())["dataset"]
    assert dataset["pairs"] == 29
    assert any("0.png" in note for note in dataset["notes"])
    evaluated = run("evaluate", out, "--json", "--plot", tmp_path / "plot")
    assert evaluated.code == 0, evaluated.err
    found = {(v["metric"], v["protocol"]["weights"]): v["value"] for v in evaluated.json["values"]}
    held_out = read_pairs(folder, 16, split="test")
    assert {weights for _, weights in found} == {"average", "live", "input unchanged", "mapped colours"}
    unchanged = resemblance(in_channels(held_out.inputs.images, 3), held_out.targets.images)
    made = resemblance(model_at(out).apply(held_out.inputs.images), held_out.targets.images)
    for name in ("l1", "psnr", "ssim"):
        assert found[name, "input unchanged"] == pytest.approx(unchanged[name])
        assert found[name, "average"] == pytest.approx(made[name])
        assert found[name, "average"] == pytest.approx(said.json["metrics"][name])
    assert {path.name for path in (tmp_path / "plot").iterdir()} == {
        "trade.png",
        "translated-average.png",
        "translated-live.png",
    }
    assert "input unchanged" in (out / "report.html").read_text(encoding="utf-8")
    assert run("evaluate", out, "--metrics", "recall").code == 2


@pytest.mark.slow
def test_side_by_side_is_a_flag_and_the_first_stage_is_mixed_in_by_strength(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "side").mkdir()
    for path in sorted((folder / "val/grey").iterdir()):
        both = Image.new("RGB", (32, 16))
        for left, side in ((0, "grey"), (16, "red")):
            with Image.open(folder / "val" / side / path.name) as image:
                both.paste(image.convert("RGB"), (left, 0))
        both.save(tmp_path / "side" / path.name)
    out, sets = tmp_path / "run", ("--set", "regression=16", "--set", "data.held_out=0.2")
    command = ("train", "translate", "--data", tmp_path / "side", "--split", "side", *TINY, *sets)
    said = run(*command, "--samples", "32", "--out", out)
    assert said.code == 0, said.err
    given = Opened.open(out).data
    assert (len(given), given.inputs.shape) == (8, (1, 16, 16))
    assert given.targets.images[:, 1:].max() == 0
    with Image.open(folder / "val/grey/0.png") as image:
        inputs = torch.from_numpy(np.array(image))[None, None]
    for strength, network in (
        ("0", model_at(out / "generator/regression")),
        ("0.5", model_at(out).prepared(TranslatorOptions(strength=0.5))),
        ("1", model_at(out)),
    ):
        run("translate", out, folder / "val/grey/0.png", "--out", tmp_path / "made", "--strength", strength)
        with Image.open(tmp_path / "made/0.png") as made:
            assert np.array_equal(network.apply(inputs)[0].permute(1, 2, 0).numpy(), np.array(made))
    shown = run("evaluate", out, "--json").json["values"]
    found = {v["protocol"]["weights"]: v["value"] for v in shown if v["metric"] == "l1"}
    assert list(found) == ["regression", "average", "live", "input unchanged", "mapped colours"]
    made = model_at(out / "generator/regression").apply(given.held_out.inputs.images)
    assert found["regression"] == pytest.approx(resemblance(made, given.held_out.targets.images)["l1"])
    assert run("train", "translate", "--data", folder, "--split", "diagonal", *TINY).code == 2
    assert (
        "'split' is a setting of enhancement, translation; digits has none"
        in run("train", "digits", "--split", "side").flat
    )


def test_unpaired_is_a_flag_and_the_way_back_is_evaluated_by_nobody(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    said = run("train", "translate", "--data", folder, "--unpaired", "--samples", "16", *CYCLE, "--out", out)
    assert said.code == 0, said.err
    assert Opened.open(out).config.unpaired == "cycle"
    assert (out / "generator/backward/generator.safetensors").is_file()
    assert "give the run folder" in run("evaluate", out / "generator/backward").flat


@pytest.mark.parametrize("unpaired", ["none", "cycle"])
def test_methods_race_on_translation(unpaired: str, run: Run, folder: Path, tmp_path: Path) -> None:
    said = run(
        *("compare", "translate", "--methods", "alternating,extragradient", "--seeds", "1", "--evaluations", "8"),
        *("--set", f"data.path={folder}", "--set", f"unpaired={unpaired}", *CYCLE, "--jobs", "1"),
        *("--out", tmp_path / "compared", "--json"),
    )
    assert said.code == 0, said.err
    assert said.json["metric"] == "frechet_patches"
    assert {row["method"]: row["evaluations"] for row in said.json["standings"]} == {
        "alternating": 8,
        "extragradient": 8,
    }


def test_a_dry_run_tells_what_the_networks_cost(run: Run, folder: Path) -> None:
    said = run("train", "translate", "--data", folder, *TINY, "--dry-run")
    assert said.code == 0, said.err
    assert "# discriminator: " in said.out
    assert "multiply-accumulates a sample of 16x16x3" in said.out
