"""Exact resume: N steps, a stop, fresh objects, N steps more equal 2N steps bit for bit."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from playing import play as played
from saddlepoint.components.registries import METHOD_REGISTRY, OPTIMIZER_REGISTRY
from saddlepoint.configuration import assign
from saddlepoint.data import ImageData, load_images
from saddlepoint.methods import METHODS
from saddlepoint.runs.assembly import Assembly
from saddlepoint.storage import RunFolder, read_records
from saddlepoint.tasks import Config, recipe_named, recipes, task_of
from saddlepoint.training import Result
from saddlepoint.training.state import STATE
from tiers import quick

#: Small enough for hundreds of steps a second; the batch does not divide the data, so epochs begin inside batches.
TINY = (
    "data.size=8",
    "latent.size=6",
    "batch_size=24",
    "generator.network=mlp-generator",
    "generator.network.widths=[12]",
    "discriminator.network=mlp-discriminator",
    "discriminator.network.widths=[12]",
    "every.record=48",
    "every.checkpoint=72",
    "every.snapshot=100000",
    "device=cpu",
)
HALF, WHOLE = 24 * 4, 24 * 8
ROLES = ("generator", "discriminator")
#: Recipes of images and points; those of other data have files of tests of their own.
HERE = [name for name, config in recipes().items() if config.task in ("images", "points")]
#: Methods that stand for all by default: one of memory, one of two points, one that wraps, one that draws.
FEW = ("optimistic", "extragradient", "lookahead", "svre")
WRAPPERS = [name for name in METHODS if "base" in METHOD_REGISTRY.resolve(name)]


@pytest.fixture(scope="module")
def images() -> ImageData:
    """A hundred digits."""
    data = load_images("digits", size=8)
    return ImageData(data.name, data.images[:100], data.labels[:100], data.classes, data.source)


def tiny(recipe: str = "digits", *assignments: str) -> Config:
    return assign(recipe_named(recipe), [*TINY, *assignments])


def play(config: Config, images: Any, folder: Path, samples: int) -> tuple[Assembly, Result]:
    return played(assign(config, [f"budget.samples={samples}"]), folder, images)


def same(a: Any, b: Any, where: str = "state") -> None:
    """Assert that two states are equal to the last bit, and name the place where they are not."""
    assert type(a) is type(b), where
    if isinstance(a, Tensor):
        assert a.dtype == b.dtype, where
        assert torch.equal(a, b), where
    elif isinstance(a, dict):
        assert list(a) == list(b), where
        for key in a:
            same(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            same(x, y, f"{where}[{i}]")
    else:
        assert a == b, where


def state_of(assembled: Assembly) -> dict[str, Any]:
    game = assembled.game
    return {
        "players": {name: dict(module.state_dict()) for name, module in game.players.items()},
        "optimizers": {name: optimizer.state_dict() for name, optimizer in game.optimizers.items()},
        "method": assembled.method.state_dict(),
        "answer": assembled.method.answer(game).state_dict(),
        "position": assembled.batches.position,
        "evaluations": game.evaluations,
        "next": [vars(assembled.batches.next().value), vars(assembled.batches.next().value)],
    }


def records_of(folder: Path) -> list[dict[str, Any]]:
    return [{k: v for k, v in r.items() if k != "seconds"} for r in read_records(RunFolder(folder).records)]


def assert_resumes_exactly(config: Config, images: Any, tmp_path: Path) -> None:
    straight, at_once = play(config, images, tmp_path / "straight", WHOLE)
    play(config, images, tmp_path / "halves", HALF)
    halves, in_halves = play(config, images, tmp_path / "halves", WHOLE)
    assert straight.batches.position >= WHOLE
    same(state_of(straight), state_of(halves))
    assert records_of(tmp_path / "straight") == records_of(tmp_path / "halves")
    assert records_of(tmp_path / "straight")
    assert at_once.metrics == in_halves.metrics
    assert at_once.metrics
    for name in ("generator.safetensors", "config.yaml"):
        a, b = (tmp_path / run / "generator" / name for run in ("straight", "halves"))
        assert a.read_bytes() == b.read_bytes()
    newest = max((tmp_path / "straight/samples").iterdir()).name
    a, b = (tmp_path / run / "samples" / newest for run in ("straight", "halves"))
    assert a.read_bytes() == b.read_bytes()


@pytest.mark.parametrize("method", quick(list(METHODS), *FEW))
def test_every_method_resumes_exactly(method: str, images: ImageData, tmp_path: Path) -> None:
    average = "average=none" if list(METHODS).index(method) % 2 else "average.half_life=100"
    assert_resumes_exactly(tiny("digits", f"method={method}", average), images, tmp_path)


@pytest.mark.parametrize("wrapper", quick(WRAPPERS, "averaged"))
def test_every_wrapper_resumes_exactly_around_a_wrapper(wrapper: str, images: ImageData, tmp_path: Path) -> None:
    config = tiny("classic", f"method={wrapper}", "method.base=lookahead", "method.base.base=extragradient")
    assert_resumes_exactly(config, images, tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        ["method.order=[generator, discriminator]"],
        ["method.counts=[3, 1]"],
        ["method.same_batch=false", "method.counts=[2, 2]"],
        ["method=extragradient", "method.same_batch=false"],
        ["method=lookahead", "method.base=extragradient", "method.k=3"],
        ["method=averaged", "method.decay=0.9"],
    ],
    ids=lambda options: " ".join(options),
)
def test_options_of_methods_resume_exactly(options: list[str], images: ImageData, tmp_path: Path) -> None:
    assert_resumes_exactly(tiny("digits", *options), images, tmp_path)


@pytest.mark.parametrize("penalty", ["lecam", "dragan", "consistency"])
def test_penalties_that_remember_or_draw_resume_exactly(penalty: str, images: ImageData, tmp_path: Path) -> None:
    assert_resumes_exactly(tiny("digits", f"penalties.{penalty}=on", "method=extragradient"), images, tmp_path)


OPTIMIZERS = {
    "Adam of digits": [],
    "Adam of classic": [],
    "SGD": ["optimizer={name: SGD, lr: 0.05}"],
    "momentum": ["optimizer={name: SGD, lr: 0.01, momentum: 0.9}"],
    "Nesterov": ["optimizer={name: SGD, lr: 0.01, momentum: 0.9, nesterov: true}"],
    "RMSprop": ["optimizer=RMSprop"],
    "RMSprop, centered": ["optimizer={name: RMSprop, lr: 1e-3, momentum: 0.5, centered: true}"],
    "unequal": ["generator.optimizer=AdamW", "discriminator.optimizer=Adagrad"],
}


@pytest.mark.parametrize("optimizer", quick(list(OPTIMIZERS), "Adam of classic", "momentum", "unequal"))
def test_the_optimizers_of_recipes_resume_exactly(optimizer: str, images: ImageData, tmp_path: Path) -> None:
    recipe = "classic" if "classic" in optimizer else "digits"
    assert_resumes_exactly(tiny(recipe, *OPTIMIZERS[optimizer]), images, tmp_path)


#: Muon moves matrices alone, which no player consists of.
OTHERS = [name for name in OPTIMIZER_REGISTRY.names if name != "Muon"]


@pytest.mark.parametrize("optimizer", quick(OTHERS, "RMSprop", "Adafactor"))
def test_every_optimizer_resumes_exactly(optimizer: str, images: ImageData, tmp_path: Path) -> None:
    assert_resumes_exactly(tiny("digits", f"optimizer={{name: {optimizer}}}"), images, tmp_path)


def test_an_optimizer_of_another_package_resumes_exactly(images: ImageData, tmp_path: Path) -> None:
    pytest.importorskip("pytorch_optimizer")
    # Its bases are renewed every other step, so also between the stop and the end.
    soap = "optimizer={name: pytorch_optimizer:SOAP, lr: 3e-3, precondition_frequency: 2}"
    assert_resumes_exactly(tiny("digits", soap), images, tmp_path)


@pytest.mark.parametrize("recipe", quick(HERE, "digits", "classic", "images"))
def test_every_recipe_resumes_exactly_with_its_own_networks(recipe: str, images: ImageData, tmp_path: Path) -> None:
    config = recipe_named(recipe)
    convolutional = config.generator.network["name"].startswith("convolutional")
    narrow = ["generator.network.width=4", "discriminator.network.width=4"] if convolutional else []
    if config.generator.network["name"].startswith("residual"):
        small = ("width=8", "widest=8", "depth=1")
        narrow = ["data.size=16", *(f"{role}.network.{dial}" for role in ROLES for dial in small)]
    config = assign(config, [*narrow, "batch_size=24", "every.record=48", "every.checkpoint=72", "device=cpu"])
    game_of_images = config.task == "images" and config.game == "adversarial"
    data = images.resized(config.data.size or 28) if game_of_images else task_of(config).read(config)
    assert_resumes_exactly(config, data, tmp_path)


AUGMENTED = {
    "fed back": ["augmentation.kind=adaptive", "augmentation.target=0.3", "augmentation.strength=0.2"],
    "scheduled": ["augmentation.kind=diffaugment", "augmentation.schedule={start: 0.0, end: 0.5, samples: 150}"],
}


@pytest.mark.parametrize("sets", AUGMENTED.values(), ids=AUGMENTED)
def test_augmentation_resumes_exactly(sets: list[str], images: ImageData, tmp_path: Path) -> None:
    assert_resumes_exactly(tiny("digits", *sets, "augmentation.span=500"), images, tmp_path)


def test_classes_on_demand_resume_exactly(images: ImageData, tmp_path: Path) -> None:
    assert_resumes_exactly(tiny("digits", "conditional=true"), images, tmp_path)


SCHEDULED = (
    "schedules.rate={start: 1.0, end: 0.25, samples: 150}",
    "schedules.beta2={start: 0.9, end: 0.99, samples: 150, shape: linear}",
    "adversary.penalty_schedule={start: 10.0, end: 1.0, samples: 150}",
    "average.warm_up=0.1",
)


def test_schedules_resume_exactly(images: ImageData, tmp_path: Path) -> None:
    assert_resumes_exactly(tiny("digits", *SCHEDULED), images, tmp_path)


@pytest.mark.parametrize("watch", quick(["metric", "field", "average", "gap"], "metric"))
def test_a_rule_of_convergence_resumes_exactly(watch: str, images: ImageData, tmp_path: Path) -> None:
    assert_resumes_exactly(tiny("digits", f"until.watch={watch}"), images, tmp_path)


def test_stopping_at_every_step_equals_not_stopping(images: ImageData, tmp_path: Path) -> None:
    config = tiny("digits", "method=lookahead", "method.k=3")
    straight, _ = play(config, images, tmp_path / "straight", WHOLE)
    for samples in range(24, WHOLE + 1, 24):
        stopping, _ = play(config, images, tmp_path / "stopping", samples)
    same(state_of(straight), state_of(stopping))
    assert records_of(tmp_path / "straight") == records_of(tmp_path / "stopping")


def test_the_seed_decides_everything(images: ImageData, tmp_path: Path) -> None:
    first, _ = play(tiny(), images, tmp_path / "first", HALF)
    again, _ = play(tiny(), images, tmp_path / "again", HALF)
    other, _ = play(tiny("digits", "seed=1"), images, tmp_path / "other", HALF)
    same(state_of(first), state_of(again))
    assert records_of(tmp_path / "first") == records_of(tmp_path / "again")
    assert not torch.equal(first.game.point.flat(), other.game.point.flat())


def test_a_checkpoint_holds_nothing_that_must_be_unpickled(images: ImageData, tmp_path: Path) -> None:
    play(tiny("digits", "method=optimistic"), images, tmp_path, HALF)
    newest = RunFolder(tmp_path).checkpoints.newest()
    assert newest.samples == HALF
    assert {p.suffix for p in newest.path.iterdir()} == {".safetensors", ".pt", ".json"}
    assert torch.load(newest.path / STATE, weights_only=True)["position"] == HALF


def test_a_score_belongs_to_the_state_that_it_was_measured_on(images: ImageData, tmp_path: Path) -> None:
    _, result = play(tiny(), images, tmp_path, HALF)
    newest = RunFolder(tmp_path).checkpoints.newest()
    assert newest.samples == HALF
    assert newest.badness == float(result.metrics["pixel_frechet"])


def test_records_are_json_with_samples_steps_evaluations_losses_monitors_metrics(
    images: ImageData, tmp_path: Path
) -> None:
    play(tiny(), images, tmp_path, WHOLE)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    for record in lines:
        always = {"samples", "steps", "evaluations", "seconds", "losses", "monitors", "movement", "metrics"}
        assert set(record) - {"checks", "live"} == always
        assert ("checks" in record) == bool(record["metrics"])
        assert record["samples"] == 24 * record["steps"]
        assert record["evaluations"] == 2 * record["steps"]
        assert set(record["losses"]) == {"generator", "discriminator"}
    assert any(record["metrics"] for record in lines)
    samples = [record["samples"] for record in lines]
    assert samples == sorted(set(samples))
