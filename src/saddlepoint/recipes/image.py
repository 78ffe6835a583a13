"""Recipes for image generation: each a function that returns a complete configuration."""

from saddlepoint.recipes.configuration import Average, Choice, Data, ImageRun, LatentSettings, Player
from saddlepoint.train import Budget, Every


def _modern(
    recipe: str,
    data: Data,
    samples: int,
    rate: float,
    generator: Choice,
    discriminator: Choice,
    threads: int | None = None,
) -> ImageRun:
    """What was measured to give the best samples for the time (LOG.md): relativistic pairing + R1 + R2, averaged."""
    adam = {"name": "Adam", "lr": rate, "betas": (0.0, 0.99)}
    return ImageRun(
        recipe=recipe,
        threads=threads,
        data=data,
        latent=LatentSettings(size=64),
        generator=Player(network=generator, optimizer=adam),
        discriminator=Player(network=discriminator, optimizer=adam),
        loss={"name": "relativistic"},
        penalties={"r1": {"weight": 1.0}, "r2": {"weight": 1.0}},
        method={"name": "alternating"},
        average=Average(half_life=10_000),
        budget=Budget(samples=samples),
    )


def _convolutional(recipe: str, data: Data, samples: int, width: int) -> ImageRun:
    return _modern(
        recipe,
        data,
        samples,
        rate=2e-3,
        generator={"name": "convolutional-generator", "width": width, "output": "tanh"},
        discriminator={"name": "convolutional-discriminator", "width": width},
    )


def digits() -> ImageRun:
    """Handwritten digits that come with the installation, 16x16; under two minutes on two cores."""
    return _modern(
        "digits",
        Data(source="digits", size=16),
        samples=500_000,
        rate=1e-3,
        generator={"name": "mlp-generator", "widths": (256, 256), "output": "tanh"},
        discriminator={"name": "mlp-discriminator", "widths": (256, 256)},
        threads=1,
    )


def mnist() -> ImageRun:
    """MNIST, 28x28; about a quarter of an hour on two cores."""
    return _convolutional("mnist", Data(source="mnist"), samples=1_000_000, width=16)


def fashion_mnist() -> ImageRun:
    """Fashion-MNIST, 28x28; about a quarter of an hour on two cores."""
    return _convolutional("fashion-mnist", Data(source="fashion-mnist"), samples=1_000_000, width=16)


def images() -> ImageRun:
    """Any folder of images: --data FOLDER [--size 32]; about an hour on two cores."""
    return _convolutional("images", Data(source="folder", size=32), samples=1_000_000, width=32)


def classic() -> ImageRun:
    """The classical system of 2014-2019 to the letter: 128-128 networks, cross-entropy, Adam 1e-4."""
    adam = {"name": "Adam", "lr": 1e-4}
    return ImageRun(
        recipe="classic",
        threads=1,
        data=Data(source="digits", size=28),
        values="unit",
        latent=LatentSettings(size=100, distribution="uniform"),
        generator=Player(
            network={"name": "mlp-generator", "widths": (128, 128), "slope": 0.2, "output": "sigmoid"}, optimizer=adam
        ),
        discriminator=Player(network={"name": "mlp-discriminator", "widths": (128, 128), "slope": 0.2}, optimizer=adam),
        loss={"name": "non-saturating"},
        method={"name": "alternating"},
        batch_size=64,
        budget=Budget(samples=600_000),
        every=Every(record=None),
        epoch_lines=True,
    )
