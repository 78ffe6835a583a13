"""Exact resume of translators, from pairs and without, by several methods; and that methods are compared on them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from saddlepoint.recipes import RECIPES, TranslationConfig, parse_config
from saddlepoint.tasks.translator import ImageTranslator
from test_resume import assert_resumes_exactly, play, same

from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.measures import values

TINY = (
    "data.size=16",
    "data.held_out=0.3",
    "batch_size=24",
    "generator.network={name: residual-translator, width: 4, blocks: 2}",
    "discriminator.network.width=4",
    "discriminator.network.depth=1",
    "average.half_life=100",
    "every.record=48",
    "every.checkpoint=72",
    "every.snapshot=100000",
    "device=cpu",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs of noise and its negative; the targets have one image more that is nobody's."""
    root, noise = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0)
    for side in ("a", "b"):
        (root / side).mkdir()
    for i in range(41):
        pixels = noise.integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(255 - pixels).save(root / f"b/{i}.png")
        if i < 40:
            Image.fromarray(pixels).save(root / f"a/{i}.png")
    return root


def tiny(folder: Path, *assignments: str) -> TranslationConfig:
    return assign(RECIPES["translate"]().with_data(str(folder)), [*TINY, *assignments])


WAYS = {
    "pairs": [],
    "pairs, all dials": [
        "matching=5",
        "data.crop=12",
        "penalties.lecam=on",
        "content.reconstruction.kind=charbonnier",
    ],
    "regression first": ["regression=72"],
    "cycle": ["unpaired=cycle"],
    "contrastive": ["unpaired=contrastive", "contrast.width=8", "contrast.patches=8"],
}


QUICK = [
    ("pairs, all dials", "extragradient"),
    ("regression first", "lookahead"),
    ("cycle", "alternating"),
    ("contrastive", "alternating"),
]
CASES = [
    pytest.param(way, method, marks=[] if (way, method) in QUICK else pytest.mark.slow)
    for way in WAYS
    for method in ("alternating", "extragradient", "lookahead")
]


@pytest.mark.parametrize(("way", "method"), CASES)
def test_translators_resume_exactly(way: str, method: str, folder: Path, tmp_path: Path) -> None:
    config = tiny(folder, *WAYS[way], f"method={method}")
    assert_resumes_exactly(config, config.load(), tmp_path)


@pytest.mark.slow
def test_a_cycle_resumes_exactly_with_what_its_history_holds_and_in_parts(folder: Path, tmp_path: Path) -> None:
    config = tiny(folder, "unpaired=cycle", "cycle.history=30", "accumulate=2", "penalties.r1=none")
    assert_resumes_exactly(config, config.load(), tmp_path)


def test_the_discriminator_does_not_move_while_the_generator_learns_alone(folder: Path, tmp_path: Path) -> None:
    config = tiny(folder, "regression=96", "average=none")
    data = config.load()
    start = {k: v.clone() for k, v in config.build(data).game.players["discriminator"].state_dict().items()}
    alone, _ = play(config, data, tmp_path / "alone", 96)
    same(dict(alone.game.players["discriminator"].state_dict()), start)
    assert alone.game.evaluations == 4
    kept, whole = (ImageTranslator.load(tmp_path / "alone/generator" / part) for part in ("regression", ""))
    same(dict(kept.network.state_dict()), dict(whole.network.state_dict()))
    both, _ = play(config, data, tmp_path / "alone", 120)
    assert both.game.evaluations == 6
    assert not torch.equal(both.game.point.only("discriminator").flat(), alone.game.point.only("discriminator").flat())


def test_both_ways_of_a_cycle_are_handed_over(folder: Path, tmp_path: Path) -> None:
    config = tiny(folder, "unpaired=cycle")
    assembled, _ = play(config, config.load(), tmp_path, 48)
    onward = ImageTranslator.load(tmp_path)
    backward = ImageTranslator.load(tmp_path / "generator/backward")
    images = assembled.data.inputs.images[:3]
    assert onward.apply(images).shape == backward.apply(images).shape == images.shape
    assert not onward.apply(images).equal(backward.apply(images))


def test_metrics_are_on_pairs_that_training_without_pairs_never_saw(folder: Path) -> None:
    config = tiny(folder, "unpaired=cycle")
    (folder / "b/40.png").rename(folder / "40.png.away")
    try:
        data = config.load()
    finally:
        (folder / "40.png.away").rename(folder / "b/40.png")
    assert not data.paired
    assert data.held_out.paired
    assert data.held_out.targets.images.equal(255 - data.held_out.inputs.images)
    assert list(values(config.build(data).task.metrics())) == ["frechet_patches", "l1", "psnr", "ssim", "sharpness"]
    without = config.load()  # one image without a partner: no name is trusted
    assert not without.held_out.paired
    assert list(values(config.build(without).task.metrics())) == ["frechet_patches", "sharpness"]


def test_a_configuration_of_pairs_is_read_back(folder: Path) -> None:
    config = tiny(folder, "unpaired=cycle")
    assert parse_config(config.plain()).same_run(config)


REFUSED = {
    "unpaired=cycle regression=10": "without an adversary needs a target",
    "unpaired=cycle cycle.history=5": "history of 5 is shorter than a batch, 24",
    "unpaired=cycle data.split=side": "side by side are pairs",
    "regression=10 content.reconstruction.weight=0 content.ssim=none": "something to be like it",
    "regularisers.path-length=on": "neither latents nor classes",
    "data.crop=20": "crops of 20 pixels do not fit into images of 16",
}


@pytest.mark.parametrize("sets", REFUSED)
def test_what_does_not_fit_together_is_refused(sets: str, folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=REFUSED[sets]):
        tiny(folder, *sets.split())


def test_contrast_wants_a_residual_translator(folder: Path) -> None:
    config = tiny(folder, "unpaired=contrastive", "generator.network=unet-translator", "generator.network.depth=2")
    with pytest.raises(ConfigurationError, match="residual-translator"):
        config.build(config.load())


def test_a_content_loss_that_the_images_are_too_small_for_is_refused(folder: Path) -> None:
    config = tiny(folder, "data.crop=8")
    with pytest.raises(
        ConfigurationError,
        match=r"'ssim' does not take images of \(3, 8, 8\).* at least 11; or --set content.ssim=none",
    ):
        config.build(config.load())


def test_papers_are_of_what_binds_the_output(folder: Path) -> None:
    cited = {way: " ".join(tiny(folder, *sets).bibtex) for way, sets in WAYS.items()}
    assert [name in cited["pairs"] for name in ("isola2017image", "zhao2017loss", "zhu2017")] == [True, True, False]
    assert [name in cited["cycle"] for name in ("isola2017image", "zhao2017loss", "zhu2017")] == [False, False, True]


def test_data_are_asked_for(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="--data FOLDER"):
        RECIPES["translate"]().load()
    with pytest.raises(ConfigurationError, match="is none"):
        RECIPES["translate"]().with_data("nowhere")
