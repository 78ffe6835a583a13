"""Exact resume of translators, from pairs and without, by several methods; and that methods are compared on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import saddlepoint as sp
from playing import built
from playing import play as played
from saddlepoint.components.networks import Networks
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.measures import values
from saddlepoint.runs import load, train
from saddlepoint.runs.assembly import Assembly, assemble
from saddlepoint.tasks import Subject, model_at, read_config, recipe_named
from saddlepoint.tasks.translation import TASK
from saddlepoint.tasks.translation.interpolation import interpolated
from saddlepoint.tasks.translation.model import TranslatorOptions
from saddlepoint.tasks.translation.settings import TranslationConfig
from saddlepoint.training import Result

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
    found = assign(recipe_named("translate").with_data(str(folder)), [*TINY, *assignments])
    assert isinstance(found, TranslationConfig)
    return found


def play(config: TranslationConfig, folder: Path, samples: int) -> tuple[Assembly, Result]:
    return played(assign(config, [f"budget.samples={samples}"]), folder)


def weights(path: Path) -> dict[str, torch.Tensor]:
    return dict(model_at(path).network.state_dict())


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return list(one) == list(other) and all(torch.equal(one[key], other[key]) for key in one)


def assert_resumes_exactly(config: TranslationConfig, tmp_path: Path, alike: Callable[..., Any]) -> None:
    straight, at_once = play(config, tmp_path / "straight", 192)
    if config.unpaired == "cycle":
        state = straight.game.players["discriminator"].state_dict()
        assert [int(state[f"history_of_{side}.count"]) for side in ("target", "source")] == 2 * [config.cycle.history]
    play(config, tmp_path / "halves", 96)
    halves, in_halves = play(config, tmp_path / "halves", 192)
    for role, player in straight.game.players.items():  # buffers too
        assert same(dict(player.state_dict()), dict(halves.game.players[role].state_dict()))
    assert torch.equal(straight.method.answer(straight.game).flat(), halves.method.answer(halves.game).flat())
    assert at_once.metrics == in_halves.metrics
    assert at_once.metrics
    alike(tmp_path / "straight", tmp_path / "halves", "generator.safetensors", "config.yaml")


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


QUICK = [("pairs, all dials", "extragradient"), ("regression first", "lookahead")]
CASES = [
    pytest.param(way, method, marks=[] if (way, method) in QUICK else pytest.mark.slow)
    for way in WAYS
    for method in ("alternating", "extragradient", "lookahead")
]


@pytest.mark.parametrize(("way", "method"), CASES)
def test_translators_resume_exactly(
    way: str, method: str, folder: Path, tmp_path: Path, alike: Callable[..., Any]
) -> None:
    assert_resumes_exactly(tiny(folder, *WAYS[way], f"method={method}"), tmp_path, alike)


@pytest.mark.parametrize(
    "sets",
    [
        pytest.param(["cycle.history=30", "accumulate=2", "penalties.r1=none"], marks=pytest.mark.slow),
        # Shorter than a batch of 24, of which its last part is one of 3.
        pytest.param(["cycle.history=7"], marks=pytest.mark.slow),
        pytest.param(["cycle.history=7", "accumulate=2", "method=extragradient"], marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_a_cycle_resumes_exactly_with_what_its_history_holds_and_in_parts(
    sets: list[str], folder: Path, tmp_path: Path, alike: Callable[..., Any]
) -> None:
    assert_resumes_exactly(tiny(folder, "unpaired=cycle", *sets), tmp_path, alike)


def test_the_discriminator_does_not_move_while_the_generator_learns_alone(folder: Path, tmp_path: Path) -> None:
    config = tiny(folder, "regression=96", "average=none")
    start = {k: v.clone() for k, v in built(config).game.players["discriminator"].state_dict().items()}
    alone, _ = play(config, tmp_path / "alone", 96)
    assert same(dict(alone.game.players["discriminator"].state_dict()), start)
    assert alone.game.evaluations == 4
    assert same(weights(tmp_path / "alone/generator/regression"), weights(tmp_path / "alone"))
    both, _ = play(config, tmp_path / "alone", 120)
    assert both.game.evaluations == 6
    assert not torch.equal(both.game.point.only("discriminator").flat(), alone.game.point.only("discriminator").flat())


def test_both_ways_of_a_cycle_are_handed_over(folder: Path, tmp_path: Path) -> None:
    assembled, _ = play(tiny(folder, "unpaired=cycle"), tmp_path, 48)
    onward, backward = model_at(tmp_path), model_at(tmp_path / "generator/backward")
    images = assembled.setup.data.inputs.images[:3]
    assert onward.apply(images).shape == backward.apply(images).shape == images.shape
    assert not onward.apply(images).equal(backward.apply(images))


def test_metrics_are_on_pairs_that_training_without_pairs_never_saw(folder: Path) -> None:
    config = tiny(folder, "unpaired=cycle")
    (folder / "b/40.png").rename(folder / "40.png.away")
    try:
        data = TASK.read(config)
    finally:
        (folder / "40.png.away").rename(folder / "b/40.png")
    assert not data.paired
    assert data.held_out is not None
    assert data.held_out.paired
    assert data.held_out.targets.images.equal(255 - data.held_out.inputs.images)
    assert scored(config, data) == ["frechet_patches", "l1", "psnr", "ssim", "sharpness"]
    without = TASK.read(config)  # one image without a partner: no name is trusted
    assert without.held_out is not None
    assert not without.held_out.paired
    assert scored(config, without) == ["frechet_patches", "sharpness"]


def scored(config: TranslationConfig, data: Any) -> list[str]:
    setup = built(config, data).setup
    return list(values(setup.probe.score(setup.model)))


def test_monitors_and_costs_are_of_both_players(folder: Path) -> None:
    for way in ("pairs", "cycle", "contrastive"):
        assembled = built(tiny(folder, *WAYS[way]))
        assembled.method.step(assembled.game, assembled.batches)
        monitors = assembled.setup.probe.monitors(assembled.game)
        assert 0 <= monitors["discriminator_auc"] <= 1
        assert monitors["generator_gradient_norm"] > 0
        assert monitors["discriminator_gradient_norm"] > 0
        costs = assembled.costs()
        assert set(costs) == {"generator", "discriminator"}
        assert all(cost.macs > 0 for cost in costs.values())


# --- in Python ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_arrays_are_trained_on_evaluated_and_applied(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    inputs = noise.integers(0, 256, (40, 16, 16, 3), np.uint8)
    sets = ("budget.samples=72", "regression=24", "every.record=24", "every.checkpoint=24", "data.path=none")
    config = tiny(tmp_path, *sets)
    run = train(config, data=(inputs, 255 - inputs), out=tmp_path / "run", progress=False)
    found = run.evaluate(pictures=True)
    assert {"average", "live", "regression", "input unchanged", "mapped colours"} == set(found["l1"])
    assert {number.protocol.n_real for number in found.numbers if number.protocol} == {12}
    assert set(found.pictures) == {"translated-average", "translated-live", "translated-regression"}
    picture = found.pictures["translated-average"]()
    assert picture.dtype == np.uint8
    images = inputs[:3].transpose(0, 3, 1, 2)
    again = load(tmp_path / "run")
    first = model_at(tmp_path / "run/generator/regression")
    assert torch.equal(again.apply(images, strength=0.0), first.apply(images))
    assert torch.equal(again.apply(images, strength=1.0), again.apply(images))
    between = interpolated(first, run.model, 0.5)
    assert torch.equal(again.apply(images, strength=0.5), between.apply(images))


@pytest.mark.slow
def test_a_recipe_trains_on_arrays_whose_images_may_be_first_or_last_in_channels(tmp_path: Path) -> None:
    """Channels first and last, arrays and tensors, are the same data, and the same run: nothing is left to do."""
    inputs = np.random.default_rng(1).integers(0, 256, (20, 16, 16, 3), np.uint8)
    first, grey = torch.from_numpy(inputs).permute(0, 3, 1, 2), inputs[..., 0]
    settings = {
        "generator.network": {"name": "residual-translator", "width": 4, "blocks": 1},
        "discriminator.network": {"name": "patch-discriminator", "width": 4, "depth": 1},
        "device": "cpu",
    }
    for k, given in enumerate(((inputs, grey), (first, torch.from_numpy(grey)[:, None]))):
        run = sp.train("translate", data=given, samples=32, out=tmp_path / str(k), settings=settings, progress=False)
    assert same(weights(tmp_path / "0"), weights(tmp_path / "1"))
    assert run.apply(first[0]).shape == (1, 16, 16)
    again = sp.train("translate", data=(inputs, grey), samples=32, out=tmp_path / "0", settings=settings)
    assert again.metrics["l1"].value == run.metrics["l1"].value
    with pytest.raises(ConfigurationError, match="holds another run"):
        sp.train("translate", data=(inputs, 255 - grey), samples=32, out=tmp_path / "0", settings=settings)


def test_a_recipe_trains_without_pairs_on_arrays_of_different_numbers(tmp_path: Path) -> None:
    noise = np.random.default_rng(2)
    inputs, targets = (noise.integers(0, 256, (n, 16, 16, 3), np.uint8) for n in (20, 31))
    settings = {
        "generator.network": {"name": "residual-translator", "width": 4, "blocks": 1},
        "discriminator.network": {"name": "patch-discriminator", "width": 4, "depth": 1},
        "cycle.history": 3,
        "device": "cpu",
    }
    run = sp.train(
        "translate", data=(inputs, targets), unpaired=True, samples=16, out=tmp_path, settings=settings, progress=False
    )
    assert run.config.unpaired == "cycle"
    assert list(run.metrics) == ["frechet_patches", "sharpness"]  # nothing belongs together
    assert (tmp_path / "generator/backward/generator.safetensors").is_file()


def test_none_is_a_value_of_a_setting(tmp_path: Path) -> None:
    """A first stage that never ends, and no average: none means what it says, and is not left out."""
    images = np.zeros((10, 16, 16, 3), np.uint8)
    trained = sp.train(
        tiny(tmp_path, "data.path=none"),
        data=(images, images),
        samples=24,
        out=tmp_path / "alone",
        average=None,
        settings={"pretraining.samples": None},
        progress=False,
    )
    assert (trained.config.pretraining.samples, trained.config.average) == (None, None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((4, 16, 16, 3), np.uint8), r"pairs are \(inputs, targets\)"),
        ((np.zeros((4, 16, 16, 3)), np.zeros((4, 16, 16, 3))), "inputs are torch.float64"),
        ((np.zeros((4, 16, 16, 3), np.uint8), "targets"), "targets are an array or tensor of images, not str"),
        ((np.zeros((4, 16, 16), np.uint8), np.zeros((5, 16, 16), np.uint8)), "4 inputs and 5 targets are no pairs"),
    ],
)
def test_other_data_are_refused(given: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        TASK.adopt(tiny(tmp_path), given)


# --- settings -----------------------------------------------------------------------------------------


def test_a_configuration_of_pairs_is_read_back(folder: Path) -> None:
    config = tiny(folder, "unpaired=cycle")
    assert read_config(config.plain()).same_run(config)


def test_short_keys_are_those_of_the_components(folder: Path) -> None:
    config = tiny(folder, "regression=5", "adversarial=0.5", "matching=3", "size=32", "conditioned=false")
    assert config.pretraining.samples == 5
    assert (config.adversary.weight, config.adversary.conditioned) == (0.5, False)
    assert config.adversary.regularisers["layer-matching"]["weight"] == 3
    assert config.data.size == 32
    assert tiny(folder, "unpaired=true").unpaired == "cycle"
    assert tiny(folder, "unpaired=false").unpaired is None


def test_the_baseline_is_the_same_game_by_regression_alone(folder: Path) -> None:
    baseline = TASK.baselines(tiny(folder))["regression"]
    assert baseline.pretraining.samples is None
    assembled = built(baseline)
    assert assembled.setup.batches(10**9).resting == {"discriminator"}
    assert TASK.baselines(tiny(folder, "unpaired=cycle")) == {}


REFUSED = {
    "unpaired=cycle regression=10": "without an adversary needs a content loss",
    "unpaired=cycle data.split=side": "side by side are pairs",
    "unpaired=cycle penalties.lecam=on": "a cycle has two",
    "unpaired=cycle matching=1": "layer-matching needs pairs",
    "regression=10 content.reconstruction.weight=0 content.ssim=none": "needs a content loss",
    "regularisers.path-length=on": "needs latent, and translation have none: give one of .*layer-matching",
    "data.crop=20": "crops of 20 pixels do not fit into images of 16",
    "auxiliary=1": "no setting 'auxiliary'",
    "latent.size=4": "no setting 'latent.size'",
}


@pytest.mark.parametrize("sets", REFUSED)
def test_what_does_not_fit_together_is_refused(sets: str, folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=REFUSED[sets]):
        tiny(folder, *sets.split())


def test_a_generator_without_a_loss_is_refused(folder: Path) -> None:
    config = tiny(folder, "adversarial=0", "content.reconstruction=none", "content.ssim=none")
    with pytest.raises(ConfigurationError, match="the generator has no loss"):
        built(config)


def test_contrast_wants_a_translator_that_encodes(folder: Path) -> None:
    config = tiny(folder, "unpaired=contrastive", "generator.network={name: super-resolver, width: 4, blocks: 1}")
    with pytest.raises(ConfigurationError, match=r"generator\.network=unet-translator"):
        built(config)


@pytest.mark.parametrize(
    ("shared", "told"), [(1.0, "with mapped colours"), (0.7, "the input: mapped colours come nearer")]
)
def test_mapped_colours_are_the_start_where_they_look_like_targets_too(
    shared: float, told: str, tmp_path: Path
) -> None:
    """Negatives, or seven tenths of the input: there the map that comes nearest greys what it can't know."""
    noise = np.random.default_rng(0)
    inputs = 255 * noise.integers(0, 2, (60, 16, 16, 1), np.uint8)
    others = 255 * noise.integers(0, 2, (60, 16, 16, 1), np.uint8)
    known = noise.random((60, 16, 16, 1)) < shared
    targets = 255 - inputs if shared == 1 else np.where(known, inputs, others)
    config = tiny(tmp_path, "data.path=none")
    setup = TASK.build(config, TASK.adopt(config, (inputs, targets)), Networks(0, torch.device("cpu"), None, 0))
    assert told in setup.data.notes[-1]


def test_a_content_loss_that_the_images_are_too_small_for_is_refused(folder: Path) -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"'ssim' does not take images of \(3, 8, 8\).* at least 11; or --set content.ssim=none",
    ):
        built(tiny(folder, "data.crop=8"))


def test_papers_are_of_what_binds_the_output(folder: Path) -> None:
    cited = {way: " ".join(tiny(folder, *sets).bibtex) for way, sets in WAYS.items()}
    assert [name in cited["pairs"] for name in ("isola2017image", "zhao2017loss", "zhu2017")] == [True, True, False]
    assert [name in cited["cycle"] for name in ("isola2017image", "zhao2017loss", "zhu2017")] == [False, False, True]


def test_data_are_asked_for() -> None:
    with pytest.raises(ConfigurationError, match="--data FOLDER"):
        TASK.read(recipe_named("translate"))
    with pytest.raises(ConfigurationError, match="is none"):
        recipe_named("translate").with_data("nowhere")


@pytest.mark.parametrize("unpaired", [None, "cycle"])
def test_whole_images_of_different_sizes_are_learned_from_and_judged(tmp_path: Path, unpaired: str | None) -> None:
    noise = np.random.default_rng(0)
    inputs = [noise.integers(0, 256, (20 + k, 31 - k, 3), np.uint8) for k in range(12)]
    inputs.append(inputs[0][:9, :9])  # holds no crop
    more = [] if unpaired is None else [f"unpaired={unpaired}"]
    config = assign(recipe_named("translate"), [*TINY, "data.size=none", "data.crop=16", "batch_size=4", *more])
    data = TASK.adopt(config, (inputs, [255 - image for image in inputs]))
    assert not data.whole or min(data.shape[1:]) >= 16
    assembly = assemble(config, data)
    batch = assembly.setup.batches(0).value
    assert batch.source.shape == batch.target.shape == (4, 3, 16, 16)
    if unpaired is None:
        assert torch.allclose(batch.source, -batch.target, atol=1e-6)
    found = values(assembly.setup.probe.score(assembly.setup.model))
    assert found["sharpness"] > 0
    assert assembly.setup.model.applied(torch.zeros(3, 40, 50, dtype=torch.uint8), TranslatorOptions()).shape[1:] == (
        40,
        50,
    )
    evaluation = TASK.evaluate(
        Subject(
            config, {"average": assembly.setup.model}, {"regression": assembly.setup.model}, data, lambda: data.held_out
        ),
        TASK.Options.read({"device": "cpu"}),
    )
    assert {"regression", "average", "input unchanged"} <= set(evaluation.by_weights())
    assert "`saddle compare translate --baselines --minutes M` tells" in evaluation.notes[-1]
