"""Recipes of images, each a function that returns a complete configuration."""

from collections.abc import Callable, Mapping
from typing import Any

from saddlepoint.components.registries import AUGMENTATION_REGISTRY
from saddlepoint.components.settings import Augmentation, Latent, Player
from saddlepoint.extractors import PLAIN
from saddlepoint.tasks.autoencoder import beside
from saddlepoint.tasks.config import Average, Config
from saddlepoint.tasks.images.settings import ImageAdversary, ImageAutoencoderConfig, ImageConfig, ImageFiles, Score
from saddlepoint.training import Budget, Intervals, Schedule, Schedules

Choice = dict[str, Any]


def _relativistic(
    recipe: str,
    data: ImageFiles,
    samples: int,
    rate: float,
    generator: Choice,
    discriminator: Choice,
    threads: int | None = None,
    features: str = "pixels",
    gamma: float = 1.0,
) -> ImageConfig:
    """What was measured to give the best samples for the time (LOG.md): relativistic pairing + R1 + R2, averaged."""
    adam = {"name": "Adam", "lr": rate, "betas": (0.0, 0.99)}
    return ImageConfig(
        recipe=recipe,
        threads=threads,
        data=data,
        latent=Latent(size=64),
        generator=Player(network=generator, optimizer=adam),
        discriminator=Player(network=discriminator, optimizer=adam),
        adversary=ImageAdversary(
            loss={"name": "relativistic"}, penalties={"r1": {"weight": gamma}, "r2": {"weight": gamma}}
        ),
        method={"name": "alternating"},
        average=Average(half_life=10_000, warm_up=0.05),
        budget=Budget(samples=samples),
        score=Score(features=features),
    )


def _convolutional(
    recipe: str, data: ImageFiles, samples: int, width: int, features: str = "pixels", gamma: float = 1.0
) -> ImageConfig:
    return _relativistic(
        recipe,
        data,
        samples,
        rate=2e-3,
        generator={"name": "convolutional-generator", "width": width, "output": "tanh"},
        discriminator={"name": "convolutional-discriminator", "width": width},
        features=features,
        gamma=gamma,
    )


def digits() -> ImageConfig:
    """Handwritten digits that come with the installation, 16x16, each on demand; under two minutes on two cores."""
    config = _relativistic(
        "digits",
        ImageFiles(source="digits", size=16),
        samples=500_000,
        rate=1e-3,
        generator={"name": "mlp-generator", "widths": (256, 256), "output": "tanh"},
        discriminator={"name": "mlp-discriminator", "widths": (256, 256)},
        threads=1,
    )
    return config.model_copy(update={"conditional": True})


def _of_classes(recipe: str, features: str) -> ImageConfig:
    """Ten classes on demand: told the class, the same networks come ten times nearer to the data (LOG.md)."""
    config = _convolutional(
        recipe, ImageFiles(source=recipe), samples=1_000_000, width=16, features=features, gamma=0.1
    )
    return config.model_copy(update={"conditional": True})


def mnist() -> ImageConfig:
    """MNIST, 28x28, each digit on demand; about a quarter of an hour on two cores."""
    return _of_classes("mnist", "digits")


def fashion_mnist() -> ImageConfig:
    """Fashion-MNIST, 28x28, each kind on demand; about a quarter of an hour on two cores."""
    return _of_classes("fashion-mnist", "fashion")


def stacked_mnist() -> ImageConfig:
    """Three MNIST digits as red, green and blue, a thousand modes to count: --data FOLDER is MNIST's; about an hour.

    The cell D = ½ G of Metz, Poole, Pfau, Sohl-Dickstein 2017, arXiv 1611.02163, played again by Lin, Khetan, Fanti, Oh
    2018, arXiv 1712.04086. As there: three digits drawn at random, in [−1, 1]; latents N(0, I₂₅₆); a generator with
    batch norm, ReLU and tanh, of 32 channels at 7x7 and 16 at 14x14; a discriminator that, counted from the pixels, has
    half the generator's channels layer for layer. Otherwise: kernels are 4x4 for 3x3; the generator has no grids of 4x4
    and 28x28, and 410,467 parameters for 287,875; the discriminator has 8 and 16 channels at 14x14 and 7x7 and no batch
    norm for 4, 8 and 16 at 14x14, 7x7 and 4x4, and 3,241 parameters for 1,889 (width=5 has 1,546); relativistic loss
    with R1 and R2 for cross-entropy; batches of 64 for 128; Adam (0, .99) at 5e-3 for (.5, .99) at 1e-4 and 2e-4;
    60,000 images again and again for ever new ones; averaged weights; 5 million samples for 64 million.
    """
    config = _relativistic(
        "stacked-mnist",
        ImageFiles(source="stacked-mnist"),
        samples=5_000_000,
        rate=5e-3,
        generator={"name": "dcgan-generator", "width": 16},
        discriminator={"name": "convolutional-discriminator", "width": 8},
        threads=1,
        features="stacked-digits",
    )
    # A checkpoint reads 6,144 digits, which takes as long as thousands of samples of training.
    every = Intervals(record=20_000, snapshot=200_000, checkpoint=200_000)
    return config.model_copy(update={"latent": Latent(size=256), "every": every})


def images() -> ImageConfig:
    """Any folder of images: --data FOLDER [--size 32]; about an hour on two cores. From 64x64 on, see `modern`."""
    folder = ImageFiles(source="folder")
    config = _convolutional("images", folder, samples=1_000_000, width=32, features=PLAIN, gamma=0.1)
    through = Augmentation(kind=AUGMENTATION_REGISTRY.resolve("diffaugment"), strength="auto")
    return config.model_copy(update={"adversary": config.adversary.model_copy(update={"augmentation": through})})


def modern() -> ImageConfig:
    """Any folder of images at 64x64 and more, on a GPU: residual networks, and everything scheduled as R3GAN has it.

    Over the first fifth of the run, along a cosine: the rates fall to a quarter, Adam's β2 rises from 0.9 to 0.99, R1
    and R2 fade to a tenth of their weight, and augmentation begins; the average's half-life grows with the samples
    seen. Huang, Gokaslan, Kuleshov, Tompkin 2024, arXiv 2501.05441. Not tuned here: γ, the one dial that
    depends on the data, is --set penalties.r1.weight and penalties.r2.weight.
    """
    samples = 10_000_000
    burn_in = samples // 5
    residual = {"width": 64, "widest": 512, "depth": 2}
    config = _relativistic(
        "modern",
        ImageFiles(source="folder", size=64),
        samples=samples,
        rate=2e-4,
        generator={"name": "residual-generator", "output": "tanh", **residual},
        discriminator={"name": "residual-discriminator", **residual},
        features=PLAIN,
    )
    adversary = config.adversary.model_copy(
        update={
            "penalty_schedule": Schedule(start=1.0, end=0.1, samples=burn_in),
            "augmentation": Augmentation(
                kind=AUGMENTATION_REGISTRY.resolve("adaptive"),
                schedule=Schedule(start=0.0, end=0.3, samples=burn_in),
            ),
        }
    )
    return config.model_copy(
        update={
            "average": Average(half_life=500_000, warm_up=0.05),
            "adversary": adversary,
            "schedules": Schedules(
                rate=Schedule(start=1.0, end=0.25, samples=burn_in),
                beta2=Schedule(start=0.9, end=0.99, samples=burn_in),
            ),
            "every": Intervals(record=20_000, snapshot=200_000, checkpoint=200_000),
        }
    )


def classic() -> ImageConfig:
    """The classical system of 2014-2019 to the letter: 128-128 networks, cross-entropy, Adam 1e-4."""
    adam = {"name": "Adam", "lr": 1e-4}
    return ImageConfig(
        recipe="classic",
        threads=1,
        data=ImageFiles(source="digits", size=28),
        value_range="unit",
        latent=Latent(size=100, distribution="uniform"),
        generator=Player(
            network={"name": "mlp-generator", "widths": (128, 128), "slope": 0.2, "output": "sigmoid"}, optimizer=adam
        ),
        discriminator=Player(network={"name": "mlp-discriminator", "widths": (128, 128), "slope": 0.2}, optimizer=adam),
        adversary=ImageAdversary(loss={"name": "non-saturating"}),
        method={"name": "alternating"},
        batch_size=64,
        budget=Budget(samples=600_000),
        every=Intervals(record=None),
    )


def autoencoder_beside(config: ImageConfig, model: str) -> ImageAutoencoderConfig:
    """The autoencoder that stands beside a game of images: all that both have is the same, the classes too.

    Args:
        config: the game's.
        model: `vae` or `autoencoder`.
    """
    shared = config.model_dump(include={"score", "value_range", "conditional"})
    return ImageAutoencoderConfig.read({**beside(config, model), **shared, "latent": {"size": config.latent.size}})


def vae() -> ImageAutoencoderConfig:
    """Baseline: a variational autoencoder with the digits recipe's networks and budget; --data for other images."""
    return autoencoder_beside(_classless(), "vae")


def autoencoder() -> ImageAutoencoderConfig:
    """Baseline: an autoencoder, drawn from by a density of its codes, with the digits recipe's networks and budget."""
    return autoencoder_beside(_classless(), "autoencoder")


def _classless() -> ImageConfig:
    """Images of any data, which may have no classes."""
    return digits().model_copy(update={"conditional": False})


RECIPES: Mapping[str, Callable[[], Config]] = {
    "digits": digits,
    "mnist": mnist,
    "fashion-mnist": fashion_mnist,
    "stacked-mnist": stacked_mnist,
    "images": images,
    "modern": modern,
    "classic": classic,
    "vae": vae,
    "autoencoder": autoencoder,
}
