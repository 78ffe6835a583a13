"""The recipes of enhancement."""

from saddlepoint.components.settings import Player, Pretraining
from saddlepoint.tasks.config import Average
from saddlepoint.tasks.enhancement.settings import DegradedImages, EnhancementConfig
from saddlepoint.tasks.translation.settings import PairAdversary
from saddlepoint.training import Budget, Intervals, Schedule, Schedules


def enhance() -> EnhancementConfig:
    """Photographs of yours made better: --data FOLDER --degrade downscale:4; twenty minutes on one core.

    A first half by the distance to the clean image alone, then an adversary, whose term weighs half as much as that
    distance does: at an eighth or less, what is made stays as blurred as it was (LOG.md).
    """
    adam = {"name": "Adam", "lr": 1e-3, "betas": (0.5, 0.99)}
    return EnhancementConfig(
        recipe="enhance",
        threads=1,
        data=DegradedImages(source="folder"),
        degrade="downscale:4",
        generator=Player(network={"name": "super-resolver", "width": 32, "blocks": 4}, optimizer=adam),
        discriminator=Player(network={"name": "patch-discriminator", "width": 32, "depth": 2}, optimizer=adam),
        pretraining=Pretraining(samples=100_000),
        adversary=PairAdversary(
            loss={"name": "relativistic"},
            penalties={"r1": {"weight": 0.01}, "r2": {"weight": 0.01}},
            conditioned=False,
        ),
        content={"reconstruction": {"weight": 2.0, "kind": "charbonnier"}},
        method={"name": "alternating"},
        average=Average(half_life=2_000, warm_up=0.05),
        schedules=Schedules(rate=Schedule(start=1.0, end=0.1, samples=200_000)),
        batch_size=16,
        budget=Budget(samples=200_000),
        every=Intervals(record=2_000, snapshot=20_000, checkpoint=20_000),
    )


def inpaint() -> EnhancementConfig:
    """Holes of photographs filled: --data FOLDER; what is not hidden stays as it is; an hour on one core.

    Holes are as large as they are in whole photographs, so that crops are large and the network sees far.
    """
    adam = {"name": "Adam", "lr": 1e-3, "betas": (0.5, 0.99)}
    return EnhancementConfig(
        recipe="inpaint",
        threads=1,
        data=DegradedImages(source="folder", crop=96),
        degrade="mask:mixed",
        generator=Player(
            network={"name": "unet-translator", "width": 16, "depth": 5, "widest": 128, "normalisation": "none"},
            optimizer=adam,
        ),
        discriminator=Player(network={"name": "patch-discriminator", "width": 16, "depth": 3}, optimizer=adam),
        pretraining=Pretraining(samples=60_000),
        adversary=PairAdversary(
            loss={"name": "relativistic"},
            penalties={"r1": {"weight": 1e-4}, "r2": {"weight": 1e-4}},
            conditioned=True,
        ),
        content={"reconstruction": {"weight": 10.0}},
        method={"name": "alternating"},
        average=Average(half_life=2_000, warm_up=0.05),
        schedules=Schedules(rate=Schedule(start=1.0, end=0.1, samples=100_000)),
        batch_size=8,
        budget=Budget(samples=100_000),
        every=Intervals(record=1_000, snapshot=10_000, checkpoint=10_000),
    )


RECIPES = {"enhance": enhance, "inpaint": inpaint}
