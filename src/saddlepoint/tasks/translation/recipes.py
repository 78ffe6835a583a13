"""The recipe of translation."""

from saddlepoint.components.settings import Player
from saddlepoint.tasks.config import Average
from saddlepoint.tasks.translation.settings import ImagePairs, PairAdversary, TranslationConfig
from saddlepoint.training import Budget, Intervals


def translate() -> TranslationConfig:
    """Images to images from pairs: --data FOLDER with train/ and val/ of two sides each; or --unpaired."""
    adam = {"name": "Adam", "lr": 1e-3, "betas": (0.0, 0.99)}
    return TranslationConfig(
        recipe="translate",
        data=ImagePairs(jitter=0.06),
        generator=Player(
            network={"name": "unet-translator", "width": 16, "upsampling": "transposed", "normalisation": "none"},
            optimizer=adam,
        ),
        discriminator=Player(network={"name": "patch-discriminator", "width": 16, "depth": 2}, optimizer=adam),
        # A patch's logit counts in the sum over all: per patch these are a thousand times as large.
        adversary=PairAdversary(
            loss={"name": "relativistic"}, penalties={"r1": {"weight": 1e-4}, "r2": {"weight": 1e-4}}
        ),
        # Against the adversary it takes so much structure to stay more like the target than the input is (LOG.md).
        content={"reconstruction": {"weight": 15.0}, "ssim": {"weight": 15.0}},
        method={"name": "alternating"},
        average=Average(half_life=4_000, warm_up=0.05),
        batch_size=8,
        budget=Budget(samples=100_000),
        every=Intervals(record=2_000, snapshot=10_000, checkpoint=10_000),
    )


RECIPES = {"translate": translate}
