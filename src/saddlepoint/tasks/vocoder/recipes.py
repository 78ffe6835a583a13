"""The recipe of a vocoder."""

from saddlepoint.components.settings import Player, Pretraining, WeightedAdversary
from saddlepoint.tasks.config import Average
from saddlepoint.tasks.vocoder.settings import VocoderConfig
from saddlepoint.training import Budget, Intervals, Schedule, Schedules


def vocoder() -> VocoderConfig:
    """Speech made of its spectrograms, 8 kHz: --data FOLDER of recordings; three minutes on one core.

    A first stage by the distance of spectra alone, then an adversary. Name speakers to hold out with
    --set "data.test=_(lucas|theo)_".
    """
    return VocoderConfig(
        recipe="vocoder",
        threads=1,
        generator=Player(
            network={"name": "vocoder", "width": 128},
            optimizer={"name": "AdamW", "lr": 1e-3, "betas": (0.8, 0.99)},
        ),
        discriminator=Player(
            network={"name": "vocoder-discriminator", "width": 8},
            optimizer={"name": "AdamW", "lr": 1e-3, "betas": (0.8, 0.99)},
        ),
        pretraining=Pretraining(samples=12_000),
        adversary=WeightedAdversary(loss={"name": "least-squares"}, regularisers={"layer-matching": {"weight": 4.0}}),
        method={"name": "alternating"},
        average=Average(half_life=2_000, warm_up=0.05),
        schedules=Schedules(rate=Schedule(start=1.0, end=0.1, samples=18_000)),
        batch_size=16,
        budget=Budget(samples=18_000),
        every=Intervals(record=1_000, snapshot=6_000, checkpoint=3_000),
    )


RECIPES = {"vocoder": vocoder}
