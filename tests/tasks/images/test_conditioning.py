"""Classes on demand: by projection and by an auxiliary classifier, from the settings to the picture."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from playing import built as assembled_of
from playing import play
from saddlepoint.components.adversary import AdversarialLosses, Adversary, of_latents
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.core import Game
from saddlepoint.data import ImageData, load_images
from saddlepoint.data.stream import SampleBatch
from saddlepoint.extractors import load_extractor
from saddlepoint.losses import non_saturating
from saddlepoint.networks import MLPDiscriminator, MLPGenerator
from saddlepoint.runs.assembly import Assembly
from saddlepoint.tasks import Config, model_at, recipe_named

TINY = ("data.size=8", "latent.size=6", "batch_size=20", "device=cpu", "conditional=true")


def tiny(*assignments: str) -> Config:
    narrow = ["generator.network.widths=[12]", "discriminator.network.widths=[12]"]
    return assign(recipe_named("digits"), [*TINY, *narrow, *assignments])


def built(*assignments: str) -> Assembly:
    return assembled_of(tiny(*assignments))


@pytest.fixture(scope="module", params=["auxiliary=0", "auxiliary=1"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("conditional") / "run"
    play(tiny(request.param, "budget.samples=60"), folder)
    return folder


def test_the_deliverable_remembers_its_classes_and_makes_the_one_asked_for(run: Path) -> None:
    trained = model_at(run)
    assert trained.classes == tuple("0123456789")
    latents = trained.latents(4, seed=1)
    three = trained.render(latents, torch.full((4,), 3))
    assert torch.equal(trained.sample(4, seed=1, label="3"), three)
    assert not torch.equal(trained.sample(4, seed=1, label="4"), three)
    assert trained.labels(12).tolist() == [*range(10), 0, 1]
    with pytest.raises(ValueError, match=r"no class 'three': known: 0, 1, 2"):
        trained.sample(4, label="three")


def test_a_grid_has_a_column_a_class(run: Path, tmp_path: Path) -> None:
    model = model_at(run)
    drawn = model.draw(20, 5, None, model.Options(scale=1))
    for name in ("grid.png", "a.npz"):
        model.write(drawn, tmp_path / name)
    with Image.open(tmp_path / "grid.png") as image:
        grid = np.asarray(image)
    with np.load(tmp_path / "a.npz") as arrays:
        images, labels = arrays["images"], arrays["labels"]
    assert grid.shape == (2 + 2 * 10, 2 + 10 * 10, 3)
    for number, label in enumerate(labels):
        top, left = 2 + 10 * (number // 10), 2 + 10 * int(label)
        assert (grid[top : top + 8, left : left + 8, 0] == images[number, ..., 0]).all()
    snapshot = max((run / "samples").iterdir())
    with Image.open(snapshot) as image:
        width, height = image.size
    assert (width - 2) / 10 == (height - 2) / 8  # ten classes side by side, eight of each


def test_a_thousand_classes_do_not_make_a_thousand_columns(tmp_path: Path) -> None:
    some = load_images("digits", size=8)
    names = tuple(f"{number:03}" for number in range(1000))
    setup = assembled_of(tiny(), replace(some, classes=names)).setup
    setup.probe.snapshot(setup.model, tmp_path / "many.png")
    setup.model.write(setup.model.draw(64, 5, None, setup.model.Options(scale=1)), tmp_path / "grid.png")
    with Image.open(tmp_path / "many.png") as image:
        assert image.size == (2 + 50 * 8, 2 + 50 * 8), "eight columns of 48 pixels"
    with Image.open(tmp_path / "grid.png") as image:
        assert image.size == (2 + 10 * 8, 2 + 10 * 8)


def test_generated_samples_are_of_the_classes_of_the_real_ones() -> None:
    """Both networks are handed the labels of the samples in the batch, which are those of the data."""
    assembled, seen = built(), {}
    for name, player in assembled.game.players.items():
        player.register_forward_pre_hook(lambda _, inputs, name=name: seen.setdefault(name, []).append(inputs[1]))
    batch = assembled.batches.next()
    assembled.game.field(batch)
    assert [len(calls) for calls in seen.values()] == [1, 2]
    assert all(torch.equal(labels, batch.value.labels) for calls in seen.values() for labels in calls)
    data = assembled.setup.data
    assert isinstance(data, ImageData)
    for image, label in zip(batch.value.real, batch.value.labels, strict=True):
        place = (data.images.float() / 127.5 - 1 - image).abs().amax((1, 2, 3)) < 1e-5
        assert label in data.labels[place]


def pair(auxiliary: float) -> tuple[Game, SampleBatch]:
    torch.manual_seed(0)
    players = {
        "generator": MLPGenerator((2,), 3, (8,), classes=4).double(),
        "discriminator": MLPDiscriminator((2,), (8,), classes=4, auxiliary=True).double(),
    }
    losses = AdversarialLosses(of_latents, Adversary(non_saturating(), auxiliary=auxiliary))
    game = Game(players, losses, {n: torch.optim.SGD(p.parameters(), lr=0.1) for n, p in players.items()})
    draw = {"dtype": torch.float64}
    labels = torch.tensor([0, 1, 2, 3, 3, 1])
    return game, SampleBatch(torch.randn(6, 2, **draw), torch.randn(6, 3, **draw), torch.rand(6, 1, **draw), labels)


def test_a_classifier_that_can_t_tell_costs_log_classes_a_look() -> None:
    """One look at generated samples for the generator, one at each kind for the discriminator."""
    game, batch = pair(0.5)
    classifier = game.players["discriminator"].classifier
    nn.init.zeros_(classifier.weight)
    nn.init.zeros_(classifier.bias)
    with_it = game.losses(game.players, batch, game.names)
    without = AdversarialLosses(of_latents, Adversary(non_saturating()))(game.players, batch, game.names)
    added = {name: float((with_it[name] - without[name]).detach()) for name in game.names}
    assert added == {
        "generator": pytest.approx(0.5 * math.log(4)),
        "discriminator": pytest.approx(0.5 * 2 * math.log(4)),
    }


def test_both_players_lower_the_same_cross_entropy_of_generated_samples() -> None:
    game, batch = pair(1.0)
    generator, discriminator = game.players["generator"], game.players["discriminator"]
    by_hand = {}
    for name in game.names:
        generated = generator(batch.latent, batch.labels)
        samples = [generated] if name == "generator" else [generated, batch.real]
        log = [discriminator(x, None, True).class_logits.log_softmax(1) for x in samples]
        by_hand[name] = -sum(part[range(6), batch.labels].mean() for part in log)
    with_it = game.losses(game.players, batch, game.names)
    without = AdversarialLosses(of_latents, Adversary(non_saturating()))(game.players, batch, game.names)
    for name in game.names:
        torch.testing.assert_close(with_it[name] - without[name], by_hand[name])


def test_other_classes_are_another_loss_only_through_the_classifier() -> None:
    game, batch = pair(1.0)
    labels = batch.labels
    other = replace(batch, labels=(labels + 1) % 4)
    losses = [game.losses(game.players, b, ["discriminator"])["discriminator"] for b in (batch, other)]
    assert abs(float((losses[0] - losses[1]).detach())) > 1e-3


WRONG = {
    "classes": (["conditional=false", "auxiliary=1"], "an auxiliary classifier needs classes: give --conditional"),
    "weight": (["discriminator.network.auxiliary=true"], "would learn nothing: --set auxiliary=1"),
    "packs": (["discriminator.network.packing=2"], "a pack has no class of its own"),
}


@pytest.mark.parametrize(("sets", "message"), WRONG.values(), ids=WRONG)
def test_what_does_not_go_together_is_refused_with_the_remedy(sets: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        built(*sets)


def test_data_without_classes_are_refused() -> None:
    data = load_images("digits", 8)
    with pytest.raises(ConfigurationError, match="put each class into a sub-folder of its own"):
        assembled_of(tiny(), replace(data, labels=None, classes=()))


@pytest.mark.slow
@pytest.mark.parametrize("auxiliary", [0, 1])
def test_a_short_run_makes_the_digit_that_is_asked_for(auxiliary: int, tmp_path: Path) -> None:
    """A classifier that never saw these data reads 85 % of the real ones right, and guessing gives 10 %."""
    config = assign(
        recipe_named("digits"),
        ["conditional=true", f"auxiliary={auxiliary}", "budget.samples=60_000", "average.half_life=3000", "device=cpu"],
    )
    play(config, tmp_path / "run")
    trained = model_at(tmp_path / "run")
    said = load_extractor("digits").logits(trained.sample(500, seed=7)).argmax(1)
    assert float((said == trained.labels(500)).float().mean()) > 0.6
