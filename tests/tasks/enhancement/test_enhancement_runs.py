"""Exact resume of enhancers, across the end of their first stage and by several methods; what that stage leaves."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import saddlepoint as sp
from playing import built
from playing import play as played
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.core import Batches
from saddlepoint.data import ImageData, load_images
from saddlepoint.data.image_collection import Photographs
from saddlepoint.data.pairs import PairData
from saddlepoint.runs import load, train
from saddlepoint.runs.assembly import Assembly
from saddlepoint.tasks import model_at, read_config, recipe_named
from saddlepoint.tasks.enhancement import TASK
from saddlepoint.tasks.enhancement.evaluation import untouched
from saddlepoint.tasks.enhancement.model import Enhancer
from saddlepoint.tasks.enhancement.settings import EnhancementConfig
from saddlepoint.tasks.enhancement.task import judged
from saddlepoint.training import Result
from tiers import quick

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
    return replace(train, held_out=held_out)


def tiny(*assignments: str) -> EnhancementConfig:
    found = assign(recipe_named("enhance"), [*TINY, "regression=72", *assignments])
    assert isinstance(found, EnhancementConfig)
    return found


def play(config: EnhancementConfig, photographs: Any, folder: Path, samples: int) -> tuple[Assembly, Result]:
    return played(assign(config, [f"budget.samples={samples}"]), folder, photographs)


def weights(path: Path) -> dict[str, torch.Tensor]:
    return dict(model_at(path).network.state_dict())


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return list(one) == list(other) and all(torch.equal(one[key], other[key]) for key in one)


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


@pytest.mark.parametrize("sets", quick(CASES, "the stage ends within a batch beyond the stop", "no first stage"))
def test_enhancers_resume_exactly(
    sets: list[str], photographs: Photographs, tmp_path: Path, alike: Callable[..., Any]
) -> None:
    config = tiny("degrade=downscale:2", *sets)
    straight, at_once = play(config, photographs, tmp_path / "straight", 2 * HALF)
    play(config, photographs, tmp_path / "halves", HALF)
    halves, in_halves = play(config, photographs, tmp_path / "halves", 2 * HALF)
    assert torch.equal(straight.game.point.flat(), halves.game.point.flat())
    assert torch.equal(straight.method.answer(straight.game).flat(), halves.method.answer(halves.game).flat())
    assert at_once.metrics == in_halves.metrics
    alike(tmp_path / "straight", tmp_path / "halves", "generator.safetensors", "config.yaml")
    assert read_config(config.plain()) == config


@pytest.mark.slow
def test_what_the_stage_ended_with_is_kept_and_is_the_same_after_any_stop(
    photographs: Photographs, tmp_path: Path
) -> None:
    config = tiny("degrade=downscale:2")
    ended, _ = play(config, photographs, tmp_path / "ended", 72)
    straight, _ = play(config, photographs, tmp_path / "straight", 192)
    for samples in (48, 96, 144, 192):
        play(config, photographs, tmp_path / "stopping", samples)
    kept = [weights(tmp_path / run / "generator/regression") for run in ("ended", "straight", "stopping")]
    assert same(kept[0], weights(tmp_path / "ended"))
    assert all(same(kept[0], other) for other in kept[1:])
    assert ended.game.evaluations == 3  # the discriminator rested
    assert straight.game.evaluations == 3 + 2 * 5


@pytest.mark.slow
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
    first, last = model_at(tmp_path / "generator/regression"), model_at(tmp_path)
    assert isinstance(last, Enhancer)
    assert isinstance(first, Enhancer)

    def at(strength: float, model: Enhancer = last) -> dict[str, torch.Tensor]:
        return dict(model.prepared(model.Options(strength=strength)).network.state_dict())

    assert same(at(0.0), dict(first.network.state_dict()))
    assert same(at(1.0), dict(last.network.state_dict()))
    alone = model_at(tmp_path / "generator")
    assert isinstance(alone, Enhancer)
    for key, value in at(0.25, alone).items():
        torch.testing.assert_close(
            value, 0.75 * first.network.state_dict()[key] + 0.25 * last.network.state_dict()[key]
        )


def test_a_run_of_one_stage_has_nothing_between(photographs: Photographs, tmp_path: Path) -> None:
    play(tiny("degrade=downscale:2", "regression=0"), photographs, tmp_path, 24)
    with pytest.raises(ConfigurationError, match=r"leave --strength out, or train with --set regression"):
        load(tmp_path).apply(photographs[0], strength=0.5)


def test_the_score_is_on_what_is_held_out(photographs: Photographs, tmp_path: Path) -> None:
    config = tiny("degrade=downscale:2")
    _, result = play(config, photographs, tmp_path, 24)
    assert photographs.held_out is not None
    assert torch.equal(judged(config, photographs).targets.images[0], photographs.held_out[0])
    assert list(result.metrics) == ["frechet_patches", "l1", "psnr", "ssim", "sharpness"]


def test_a_new_enhancer_is_the_bicubic_enlargement(photographs: Photographs) -> None:
    """So the first number of every run is the baseline's."""
    config = tiny("degrade=downscale:2")
    pairs = judged(config, photographs)
    made = built(config, photographs).setup.model.apply(pairs.inputs.images)
    bicubic = untouched(pairs.inputs.images, pairs.targets.images)
    assert int((made.int() - bicubic.int()).abs().max()) <= 1  # a half, rounded either way


NETWORKS = {
    "unet-translator": "{name: unet-translator, width: 8, depth: 2}",
    "residual-translator": "{name: residual-translator, width: 4, blocks: 1}",
    "super-resolver": "{name: super-resolver, width: 8, blocks: 1}",
    "dense-super-resolver": "{name: dense-super-resolver, width: 8, blocks: 1}",
}


@pytest.mark.parametrize(
    "degrade", ["noise:50", *(pytest.param(name, marks=pytest.mark.slow) for name in ("blur:1", "downscale:2"))]
)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_begins_as_its_simple_method_and_is_better_soon(
    photographs: Photographs, name: str, degrade: str
) -> None:
    if degrade == "downscale:2" and name in ("unet-translator", "residual-translator"):
        pytest.skip("it keeps the size")
    settings = (f"degrade={degrade}", f"generator.network={NETWORKS[name]}", "regression=none", "batch_size=16")
    assembled = built(tiny(*settings, "schedules.rate=none"), photographs)
    network, batches = assembled.game.players["generator"], Batches(assembled.setup.batches)
    unseen = assembled.setup.batches.part(batch_size=64, seed=1)(0).value

    def error() -> float:
        with torch.no_grad():
            return float((network(unseen.source) - unseen.target).abs().mean())

    with torch.no_grad():
        start = network.base(unseen.source)
        assert torch.equal(network(unseen.source), start)
    simple = error()
    for _ in range(40):
        assembled.method.step(assembled.game, batches)
    assert error() < 0.99 * simple


# --- in Python ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_images_of_any_sizes_are_trained_on_evaluated_and_enhanced(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    images: list[np.ndarray] = [noise.integers(0, 256, (20 + k % 5, 24, 3), np.uint8) for k in range(30)]
    images.append(noise.integers(0, 256, (12, 40, 3), np.uint8))  # smaller than a crop
    images.append(noise.integers(0, 256, (20, 20), np.uint8))  # grey
    sets = ("degrade=downscale:2", "regression=24", "budget.samples=72", "every.checkpoint=24", "data.held_out=0.25")
    run = train(tiny(*sets), data=images, out=tmp_path / "run", progress=False)
    found = run.evaluate(pictures=True, strengths=[0.5])
    assert set(found["psnr"]) == {"bicubic", "regression", "strength 0.5", "average", "live"}
    assert set(found["consistency"]) == set(found["psnr"])
    assert "enhanced-regression" in found.pictures
    assert found.pictures["enhanced-regression"]().dtype == np.uint8
    small = torch.from_numpy(images[0]).permute(2, 0, 1)
    assert run.apply(small).shape == (3, 40, 48)
    first = model_at(tmp_path / "run/generator/regression")
    assert torch.equal(load(tmp_path / "run").apply(small, strength=0), first.apply(small))


@pytest.mark.slow
def test_a_recipe_trains_on_a_list_of_images(tmp_path: Path) -> None:
    """Arrays, tensors and pictures; an evaluation's seed is of what degradations draw."""
    noise = np.random.default_rng(0)
    images: list[Any] = [noise.integers(0, 256, (20 + k % 5, 24, 3), np.uint8) for k in range(18)]
    images += [torch.from_numpy(images[0]).permute(2, 0, 1), Image.fromarray(images[1])]
    settings = {
        "generator.network": {"name": "super-resolver", "width": 4, "blocks": 1},
        "discriminator.network": {"name": "patch-discriminator", "width": 4, "depth": 1},
        "pretraining.samples": 16,
        "data.crop": 16,
        "device": "cpu",
    }
    run = sp.train("enhance", data=images, degrade="noise:50", samples=32, out=tmp_path, settings=settings)
    assert (tmp_path / "generator/regression").is_dir()
    assert len(run.data) == 18
    found = [run.evaluate(strengths=(), seed=seed)["psnr"]["input unchanged"] for seed in (0, 0, 1)]
    assert found[0].value == found[1].value != found[2].value
    assert [number.protocol.seed for number in found] == [0, 0, 1]


def test_given_pairs_are_evaluated_on_as_many_as_are_asked_for() -> None:
    images = ImageData("given", torch.randint(0, 256, (90, 1, 8, 8), dtype=torch.uint8), None, (), "Here.")
    pairs = PairData("given", images, images, True, "Here.")
    config = tiny("degrade=none")
    kept = judged(config, pairs, 60, 3)
    assert (len(kept), len(judged(config, pairs, 60, 3).targets)) == (60, 60)
    assert kept.inputs.images.equal(kept.targets.images)
    assert not kept.inputs.images.equal(judged(config, pairs, 60, 4).inputs.images)
    assert judged(config, pairs, 90) is pairs


def test_pairs_of_arrays_are_trained_on_where_nothing_is_degraded(tmp_path: Path) -> None:
    clean = torch.randint(0, 256, (40, 1, 16, 16), dtype=torch.uint8)
    config = tiny("degrade=grey", "regression=24", "budget.samples=48")
    run = train(config, degrade=None, data=(clean[:, :, ::2, ::2], clean), out=tmp_path / "run", progress=False)
    assert run.apply(clean[:2]).shape == (2, 1, 32, 32)
    assert "bicubic" in run.evaluate()["psnr"]


def test_other_data_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"a list of images of any sizes, uint8, not dict"):
        TASK.adopt(tiny("degrade=grey"), {})
    with pytest.raises(ConfigurationError, match=r"not an empty list"):
        TASK.adopt(tiny("degrade=grey"), [])
    with pytest.raises(ValueError, match=r"inputs are 12x12 pixels and targets 16x16: expected .* whole multiple"):
        TASK.adopt(tiny("degrade=none"), (np.zeros((9, 12, 12), np.uint8), np.zeros((9, 16, 16), np.uint8)))
    with pytest.raises(ConfigurationError, match=r"images of an array are torch.float64"):
        TASK.adopt(tiny("degrade=grey"), [np.zeros((8, 8, 3))])
    with pytest.raises(ConfigurationError, match=r"pairs are \(inputs, targets\)"):
        TASK.adopt(tiny("degrade=none"), np.zeros((8, 8, 8, 3), np.uint8))


# --- settings -----------------------------------------------------------------------------------------


def test_a_configuration_is_read_back_and_a_chain_comes_as_a_list_or_as_text() -> None:
    config = tiny("degrade=blur:1.2,downscale:2,noise:5-25")
    assert config.degrade == "blur:1.2,downscale:2,noise:5-25"
    assert read_config(config.plain()).same_run(config)
    assert tiny("degrade=noise:50").degrade == "noise:50"
    assert "johnson2016perceptual" in " ".join(tiny("content.perceptual=on").bibtex)


def test_the_baseline_is_the_same_network_by_regression_alone() -> None:
    baseline = TASK.baselines(tiny("degrade=grey"))["regression"]
    assert (baseline.pretraining.samples, baseline.degrade) == (None, "grey")


REFUSED = {
    "degrade=downscael:4": "did you mean 'downscale'",
    "degrade=noise:25-5": "the smaller first",
    "content.reconstruction=none": "first stage without an adversary needs a content loss",
    "auxiliary=1": "no setting 'auxiliary'",
    "unpaired=cycle": "no setting 'unpaired'",
    "regularisers.path-length=on": "needs latent",
    "schedules.augmentation={start: 0, end: 1, samples: 5}": "no setting 'schedules.augmentation'",
}


@pytest.mark.parametrize("sets", REFUSED)
def test_what_does_not_fit_together_is_refused(sets: str) -> None:
    with pytest.raises(ConfigurationError, match=REFUSED[sets]):
        tiny(sets)


def test_what_does_not_fit_the_images_is_refused(photographs: Photographs) -> None:
    for sets, said in (
        ("data.crop=4 degrade=downscale:8", "sides that are multiples of 8"),
        ("generator.network=convolutional-generator", "needs 'latent', which there is not here"),
        ("generator.network={name: patch-discriminator, depth: 1}", "makes no images of images"),
        ("content.perceptual={features: nothing}", "no extractor 'nothing'"),
    ):
        with pytest.raises(ValueError, match=said):
            built(
                tiny("degrade=downscale:2", *sets.split(" ", 1 if sets.startswith("data") else 0)),
                photographs,
            )


def test_data_are_asked_for() -> None:
    with pytest.raises(ConfigurationError, match="--data FOLDER"):
        TASK.read(recipe_named("enhance"))
    with pytest.raises(ConfigurationError, match="holds no pairs"):
        TASK.read(assign(recipe_named("enhance").with_data("digits"), ["degrade=none"]))


def test_given_pairs_are_trained_on(tmp_path: Path) -> None:
    """Targets twice as large as inputs, in two folders, some held out."""
    for side, size in (("dirty", 16), ("real", 32)):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for number in range(40):
            noise = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(noise).resize((size, size)).save(tmp_path / f"pairs/{side}/{number}.png")
    config = assign(
        recipe_named("enhance").with_data(str(tmp_path / "pairs")),
        [*TINY, "degrade=none", "data.size=16", "data.scale=2", "data.held_out=0.2", "regression=72"],
    )
    data = TASK.read(config)
    assert data.held_out is not None
    assert (len(data), len(data.held_out)) == (32, 8)
    assembled, result = play(config, data, tmp_path / "run", 96)
    assert assembled.setup.model.scale == 2
    assert assembled.setup.batches(0).value.source.shape == (24, 3, 8, 8)  # crops of 16
    assert float(result.metrics["psnr"].value) > 0
    assert (tmp_path / "run/generator/regression").is_dir()
