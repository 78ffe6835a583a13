"""Enhancement from the user's side: photographs of any sizes, trained on, enhanced, evaluated."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from commands import Run
from saddlepoint.cli import main
from saddlepoint.evaluation.fidelity import resemblance
from saddlepoint.runs import Run as Opened
from saddlepoint.tasks import model_at
from saddlepoint.tasks.enhancement.evaluation import untouched
from saddlepoint.tasks.enhancement.task import judged
from saddlepoint.tasks.translation.model import ImageTranslator, TranslatorOptions


def between(enhancer: Path, strength: float) -> ImageTranslator:
    return model_at(enhancer).prepared(TranslatorOptions(strength=strength))


TINY = (
    *("--set", "device=cpu", "--batch-size", "8", "--set", "data.crop=16", "--set", "data.held_out=0.25"),
    *("--set", "generator.network={name: super-resolver, width: 4, blocks: 1}"),
    *("--set", "discriminator.network={name: patch-discriminator, width: 4, depth: 1}"),
    *("--set", "regression=24", "--samples", "48"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photographs of noise, of different sizes, and what is none."""
    photos = tmp_path_factory.mktemp("photos")
    for number in range(12):
        noise = np.random.default_rng(number).integers(0, 256, (9, 9 + number, 3), np.uint8)
        Image.fromarray(noise).resize((22 + number, 20)).save(photos / f"{number}.png")
    Image.new("RGB", (5, 5)).save(photos / "small.png")
    (photos / "empty.jpg").touch()
    return photos


@pytest.fixture(scope="module")
def enhancer(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of an enhancer that was hardly trained."""
    out = tmp_path_factory.mktemp("enhancer") / "run"
    command = ["saddle", "train", "enhance", "--data", str(folder), "--degrade", "blur:0.5,downscale:2", *TINY]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [*command, "--out", str(out)])
        with pytest.raises(SystemExit) as leave:
            main()
    assert leave.value.code == 0
    return out


def test_photographs_of_any_size_are_trained_on_and_what_was_skipped_is_said(enhancer: Path) -> None:
    assert Opened.open(enhancer).config.degrade == "blur:0.5,downscale:2"
    dataset = json.loads((enhancer / "run.json").read_text())["dataset"]
    assert dataset["images"] == 9  # of twelve and a small one, three are held out
    notes = " ".join(dataset["notes"])
    assert "empty.jpg" in notes
    assert "smaller than the crop of 16x16" in notes


@pytest.mark.slow
def test_stages_and_what_lies_between_are_evaluated_and_drawn(run: Run, enhancer: Path, tmp_path: Path) -> None:
    said = run("evaluate", enhancer, "--json", "--plot", tmp_path / "plot")
    assert said.code == 0, said.err
    found = {(v["metric"], v["protocol"]["weights"]): v["value"] for v in said.json["values"]}
    names = ["bicubic", "regression", "strength 0.25", "strength 0.5", "strength 0.75", "average", "live"]
    assert [name for metric, name in found if metric == "psnr"] == names
    opened = Opened.open(enhancer)
    pairs = judged(opened.config, opened.data)
    inputs, targets = pairs.inputs.images, pairs.targets.images
    expected = {
        "bicubic": untouched(inputs, targets),
        "regression": model_at(enhancer / "generator/regression").apply(inputs),
        "strength 0.5": between(enhancer, 0.5).apply(inputs),
        "average": model_at(enhancer).apply(inputs),
    }
    for name, made in expected.items():
        for metric, value in resemblance(made, targets).items():
            assert found[metric, name] == pytest.approx(value), (metric, name)
    assert {path.name for path in (tmp_path / "plot").iterdir()} == {
        "trade.png",
        *(f"enhanced-{name.replace(' ', '-')}.png" for name in names if name != "bicubic"),
    }
    assert "ms_ssim is left out" in said.flat
    assert "strength 0.5" in (enhancer / "report.html").read_text(encoding="utf-8")
    assert run("evaluate", enhancer, "--metrics", "recall").code == 2
    assert "give the run folder" in run("evaluate", enhancer / "generator/regression").flat


def test_files_are_enhanced_at_any_strength(run: Run, enhancer: Path, folder: Path, tmp_path: Path) -> None:
    for flags, network in (
        ((), model_at(enhancer)),
        (("--strength", "0"), model_at(enhancer / "generator/regression")),
        (("--strength", "0.3"), between(enhancer, 0.3)),
    ):
        said = run("enhance", enhancer, folder / "3.png", "--out", tmp_path / "large", *flags)
        assert said.code == 0, said.err
        with Image.open(folder / "3.png") as given, Image.open(tmp_path / "large/3.png") as made:
            assert made.size == (2 * given.width, 2 * given.height)
            inputs = torch.from_numpy(np.array(given)).permute(2, 0, 1)[None]
            assert np.array_equal(network.apply(inputs)[0].permute(1, 2, 0).numpy(), np.array(made))
    assert run("enhance", enhancer, folder / "3.png", "--out", tmp_path / "large", "--strength", "1.5").code == 2


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--degrade", "downscael:4"), "did you mean 'downscale'"),
        (("--degrade", "noise:5", "--set", "data.crop=64"), "give a smaller crop with --set data.crop"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    flags: tuple[str, ...], said: str, run: Run, folder: Path, tmp_path: Path
) -> None:
    found = run("train", "enhance", "--data", folder, *TINY, *flags, "--out", tmp_path / "run")
    assert found.code == 2
    assert said in found.flat


def test_degrading_is_for_enhancement_alone(run: Run) -> None:
    said = run("train", "digits", "--degrade", "noise:5")
    assert said.code == 2
    assert "'degrade' is a setting of enhancement" in said.flat


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_what_is_enhanced_says_so_and_is_made_again(run: Run, enhancer: Path, tmp_path: Path, ending: str) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = np.random.default_rng(0).integers(0, 256, (12, 15, 3), np.uint8)
    Image.fromarray(pixels).save(source := tmp_path / f"a.{ending}", icc_profile=profile)
    words = ("enhance", enhancer, source, "--out", tmp_path / "large", "--strength", "0.5")
    refused = run(*words)
    assert refused.code == 1  # noise is nothing like what it learned from
    assert "--force takes it all the same" in refused.flat
    assert run(*words, "--force").code == 0
    with Image.open(tmp_path / "large" / source.name) as image:
        assert image.info["icc_profile"] == profile
        assert b"compositeWithTrainedAlgorithmicMedia" in image.info["xmp"]
    words = ("verify", tmp_path / "large" / source.name, "--run", enhancer, "--json")
    said = run(*words, "--source", source)
    assert (said.code, said.json["agreement"], said.json["mark"]["options"]) == (
        0,
        "bytes",
        {"strength": 0.5, "force": True},
    )
    assert "--source" in run(*words).json["reason"]
    assert "is not the file" in run(*words, "--source", tmp_path / "large" / source.name).json["reason"]
