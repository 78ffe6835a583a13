"""What the recipe `images` chooses by the number of images."""

import numpy as np
import pytest

from saddlepoint.configuration import assign
from saddlepoint.runs.assembly import assemble
from saddlepoint.tasks import recipe_named, task_of
from saddlepoint.tasks.images.settings import AGAINST_FEW, FEW

SMALL = ("generator.network.width=2", "discriminator.network.width=2", "score.samples=8", "batch_size=4")


def assembled(count: int, *settings: str):
    config = assign(recipe_named("images"), [*SMALL, *settings])
    images = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)
    return assemble(config, task_of(config).adopt(config, images))


def strength_of(assembly) -> float | None:
    judge = assembly.game.players["discriminator"]
    return float(judge.augmented.strength) if "augmented" in dict(judge.named_children()) else None


@pytest.mark.parametrize(("count", "strength"), [(20, AGAINST_FEW), (FEW, AGAINST_FEW), (FEW + 1, None)])
def test_few_images_are_seen_through_an_augmentation_and_it_is_said_why(count, strength) -> None:
    assembly = assembled(count)
    assert strength_of(assembly) == strength
    (why,) = (note for note in assembly.setup.data.notes if note.startswith("augmentation: "))
    assert f"{count:,} images" in why
    assert assembly.identity()["dataset"]["notes"][-1] == why
    assembly.method.step(assembly.game, assembly.batches)


@pytest.mark.parametrize(("setting", "strength"), [("augmentation=none", None), ("augmentation.strength=0.25", 0.25)])
def test_what_is_given_wins_and_needs_no_reason(setting, strength) -> None:
    assembly = assembled(20, setting)
    assert strength_of(assembly) == strength
    assert not any(note.startswith("augmentation") for note in assembly.setup.data.notes)
