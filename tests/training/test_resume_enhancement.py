"""Exact resume of enhancers, across the end of their first stage and by several methods; what that stage leaves."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from saddlepoint.evaluation.enhancement import untouched
from saddlepoint.recipes import RECIPES, EnhancementConfig, parse_config
from saddlepoint.tasks.interpolation import interpolated, load_between
from saddlepoint.tasks.translator import ImageTranslator
from test_resume import assert_resumes_exactly, play, same, state_of

from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.data import ImageData, load_images
from saddlepoint.data.image_collection import Photographs

TINY = (
    "batch_size=24",
    "data.crop=16",
    "generator.network={name: super-resolver, width: 4, blocks: 1}",
    "discriminator.network={name: patch-discriminator, width: 4, depth: 1}",
    "average.half_life=100",
    "average.warm_up=none",
    "evaluation.samples=20",
    "every.record=48",
    "every.checkpoint=72",
    "every.snapshot=100000",
    "device=cpu",
)
HALF = 96


@pytest.fixture(scope="module")
def photographs() -> Photographs:
    """A hundred digits at 20x20, of which ten judge."""
    data = load_images("digits", size=20)
    train, held_out = Photographs.of(ImageData(data.name, data.images[:100], None, (), data.source)).split(0.1)
    return Photographs(
        train.name, train.pixels, train.channels, train.places, train.source, train.notes, held_out=held_out
    )


def tiny(*assignments: str) -> EnhancementConfig:
    return assign(RECIPES["enhance"](), [*TINY, "regression=72", *assignments])


CASES = {
    "the stage ends before the stop": [],
    "the stage ends at the stop": [f"regression={HALF}"],
    "the stage ends within a batch beyond the stop": ["regression=130"],
    "no first stage": ["regression=0"],
    "a random chain, the same size": ["degrade=noise:5-50,jpeg:30-90,mask:boxes"],
    "perceptual, conditioned, matched": [
        "content.perceptual={features: digits, weight: 0.5}",
        "conditioned=true",
        "matching=1",
    ],
    "relativistic average, pixels judged": [
        "loss=relativistic-average",
        "discriminator.network={name: unet-discriminator, width: 4, depth: 1}",
        "penalties.r1=none",
        "penalties.r2=none",
    ],
    "extragradient": ["method=extragradient"],
    "lookahead": ["method=lookahead", "method.k=3"],
}


@pytest.mark.parametrize("sets", CASES.values(), ids=CASES)
def test_enhancers_resume_exactly(sets: list[str], photographs: Photographs, tmp_path: Path) -> None:
    assert_resumes_exactly(tiny("degrade=downscale:2", *sets), photographs, tmp_path)


def test_what_the_stage_ended_with_is_kept_and_is_the_same_after_any_stop(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = tiny("degrade=downscale:2")
    ended, _ = play(config, photographs, tmp_path / "ended", 72)
    straight, _ = play(config, photographs, tmp_path / "straight", 192)
    for samples in (48, 96, 144, 192):
        play(config, photographs, tmp_path / "stopping", samples)
    kept = [ImageTranslator.load(tmp_path / run / "generator/regression") for run in ("ended", "straight", "stopping")]
    whole = ImageTranslator.load(tmp_path / "ended")
    same(dict(kept[0].network.state_dict()), dict(whole.network.state_dict()))
    for other in kept[1:]:
        same(dict(kept[0].network.state_dict()), dict(other.network.state_dict()))
    assert state_of(ended)["evaluations"] == 3  # the discriminator rested
    assert state_of(straight)["evaluations"] == 3 + 2 * 5


def test_a_run_killed_between_the_end_of_the_stage_and_a_checkpoint_keeps_it_again(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = tiny("degrade=downscale:2", "every.checkpoint=1000000")
    play(config, photographs, tmp_path, 48)
    folder = tmp_path / "generator/regression"
    play(config, photographs, tmp_path, 96)
    before = (folder / "generator.safetensors").read_bytes()
    # As if the last process had been killed before it saved: its checkpoint is gone, and so is what it kept.
    for path in sorted((tmp_path / "checkpoints/000000000096").iterdir()):
        path.unlink()
    (tmp_path / "checkpoints/000000000096").rmdir()
    (folder / "generator.safetensors").unlink()
    play(config, photographs, tmp_path, 96)
    assert (folder / "generator.safetensors").read_bytes() == before


def test_between_the_stages_lie_their_mixtures(photographs: Photographs, tmp_path: Path) -> None:
    play(tiny("degrade=downscale:2"), photographs, tmp_path, 192)
    first, last = ImageTranslator.load(tmp_path / "generator/regression"), ImageTranslator.load(tmp_path)
    for strength, end in ((0.0, first), (1.0, last)):
        same(dict(load_between(tmp_path, strength).network.state_dict()), dict(end.network.state_dict()))
    middle = load_between(tmp_path / "generator", 0.25).network.state_dict()
    for key, value in middle.items():
        torch.testing.assert_close(
            value, 0.75 * first.network.state_dict()[key] + 0.25 * last.network.state_dict()[key]
        )
    with pytest.raises(ValueError, match=r"strength is 1.5: give a number from 0"):
        interpolated(first, last, 1.5)


def test_a_run_of_one_stage_has_nothing_between(photographs: Photographs, tmp_path: Path) -> None:
    play(tiny("degrade=downscale:2", "regression=0"), photographs, tmp_path, 24)
    with pytest.raises(ValueError, match=r"leave --strength out, or train with --set regression"):
        load_between(tmp_path, 0.5)


def test_the_score_is_on_what_is_held_out(photographs: Photographs, tmp_path: Path) -> None:
    assembled, result = play(tiny("degrade=downscale:2"), photographs, tmp_path, 24)
    pairs = assembled.config.pairs(photographs)
    assert torch.equal(pairs.targets.images[0], photographs.held_out[0])
    assert list(result.metrics) == ["frechet_patches", "l1", "psnr", "ssim", "sharpness"]


def test_a_new_enhancer_is_the_bicubic_enlargement(photographs: Photographs) -> None:
    """So the first number of every run is the baseline's."""
    assembled = tiny("degrade=downscale:2").build(photographs)
    pairs = assembled.config.pairs(photographs)
    made, bicubic = (
        assembled.task.trained.apply(pairs.inputs.images),
        untouched(pairs.inputs.images, pairs.targets.images),
    )
    assert int((made.int() - bicubic.int()).abs().max()) <= 1  # a half, rounded either way


# --- settings -----------------------------------------------------------------------------------------


def test_a_configuration_is_read_back_and_a_chain_comes_as_a_list_or_as_text() -> None:
    config = tiny("degrade=blur:1.2,downscale:2,noise:5-25")
    assert config.degrade == "blur:1.2,downscale:2,noise:5-25"
    assert parse_config(config.plain()).same_run(config)
    assert tiny("degrade=noise:50").degrade == "noise:50"
    assert "johnson2016perceptual" in " ".join(tiny("content.perceptual=on").bibtex)


REFUSED = {
    "degrade=downscael:4": "did you mean 'downscale'",
    "degrade=noise:25-5": "the smaller first",
    "content.reconstruction=none": "first stage without an adversary needs a target, and something to be like it",
    "auxiliary=1": "neither latents nor classes",
    "regularisers.path-length=on": "neither latents nor classes",
    "schedules.augmentation={start: 0, end: 1, samples: 5}": "sees images as they are",
}


@pytest.mark.parametrize("sets", REFUSED)
def test_what_does_not_fit_together_is_refused(sets: str) -> None:
    with pytest.raises(ConfigurationError, match=REFUSED[sets]):
        tiny(sets)


def test_what_does_not_fit_the_images_is_refused(photographs: Photographs) -> None:
    for sets, said in (
        ("data.crop=4 degrade=downscale:8", "sides that are multiples of 8"),
        ("generator.network=convolutional-generator", "makes no images of images"),
        ("content.perceptual={features: nothing}", "no extractor 'nothing'"),
    ):
        with pytest.raises(ValueError, match=said):
            tiny("degrade=downscale:2", *sets.split(" ", 1 if sets.startswith("data") else 0)).build(photographs)


def test_data_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--data FOLDER"):
        RECIPES["enhance"]().load()
    with pytest.raises(ConfigurationError, match="holds no pairs"):
        assign(RECIPES["enhance"]().with_data("digits"), ["degrade=none"]).load()


def test_given_pairs_are_trained_on(tmp_path: Path) -> None:
    """Targets twice as large as inputs, in two folders, some held out."""
    for side, size in (("dirty", 16), ("real", 32)):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for number in range(40):
            noise = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(noise).resize((size, size)).save(tmp_path / f"pairs/{side}/{number}.png")
    config = assign(
        RECIPES["enhance"]().with_data(str(tmp_path / "pairs")),
        [*TINY, "degrade=none", "data.size=16", "data.scale=2", "data.held_out=0.2", "regression=72"],
    )
    data = config.load()
    assert (len(data), len(data.held_out)) == (32, 8)
    assembled, result = play(config, data, tmp_path / "run", 96)
    assert assembled.task.trained.scale == 2
    assert assembled.stream(0).value.source.shape == (24, 3, 8, 8)  # crops of 16
    assert float(result.metrics["psnr"]) > 0
    assert (tmp_path / "run/generator/regression").is_dir()
