"""The recipe of text."""

from saddlepoint.components.settings import Player, Pretraining, WeightedAdversary
from saddlepoint.tasks.config import Average
from saddlepoint.tasks.text.settings import Likelihood, TextConfig, TextContent
from saddlepoint.training import Budget, Intervals, Schedule


def text() -> TextConfig:
    """Sentences or one text of yours: --data FILE; two minutes on one core for names, ten for captions.

    Likelihood alone for three quarters of the samples, then an adversary beside the likelihood; --set likelihood=none
    leaves the adversary out.
    """
    return TextConfig(
        recipe="text",
        threads=1,
        generator=Player(
            network={"name": "sequence-writer"}, optimizer={"name": "Adam", "lr": 2e-3, "betas": (0.5, 0.99)}
        ),
        discriminator=Player(
            network={"name": "sequence-discriminator"}, optimizer={"name": "Adam", "lr": 1e-3, "betas": (0.0, 0.99)}
        ),
        pretraining=Pretraining(samples=90_000),
        adversary=WeightedAdversary(loss={"name": "relativistic"}, penalties={"r1": {"weight": 0.1}}),
        content=TextContent(likelihood=Likelihood(weight=1.0)),
        method={"name": "alternating"},
        average=Average(half_life=20_000, warm_up=0.05),
        batch_size=64,
        temperature=Schedule(start=1.0, end=0.5, samples=120_000),
        budget=Budget(samples=120_000),
        every=Intervals(record=10_000, snapshot=20_000, checkpoint=20_000),
    )


RECIPES = {"text": text}
