"""Recipes for image generation: each a function that returns a complete configuration."""

from typing import Any

from saddlepoint.recipes.configuration import Average, Data, ImageRun, LatentSettings, Player
from saddlepoint.train import Budget, Every


def _modern(recipe: str, data: Data, samples: int, width: int, **changes: Any) -> ImageRun:
    """What was measured to give the best samples for the time: relativistic pairing + R1 + R2, averaged (LOG.md)."""
    adam = {"name": "Adam", "lr": 1e-3, "betas": (0.0, 0.99)}
    settings: dict[str, Any] = {
        "recipe": recipe,
        "data": data,
        "latent": LatentSettings(size=64),
        "generator": Player(network={"name": "convolutional-generator", "width": width}, optimizer=adam),
        "discriminator": Player(network={"name": "convolutional-discriminator", "width": width}, optimizer=adam),
        "loss": "relativistic",
        "penalties": {"r1": {"weight": 1.0}, "r2": {"weight": 1.0}},
        "method": "alternating",
        "average": Average(half_life=10_000),
        "batch_size": 64,
        "budget": Budget(samples=samples),
    }
    return ImageRun(**{**settings, **changes})


def digits() -> ImageRun:
    """Handwritten digits that come with the installation; two minutes on two cores."""
    return _modern("digits", Data(source="digits", size=16), samples=300_000, width=32)


def mnist() -> ImageRun:
    """MNIST, 28x28; about 15 minutes on two cores."""
    return _modern("mnist", Data(source="mnist"), samples=1_000_000, width=32)


def fashion_mnist() -> ImageRun:
    """Fashion-MNIST, 28x28; about 15 minutes on two cores."""
    return _modern("fashion-mnist", Data(source="fashion-mnist"), samples=1_000_000, width=32)


def images() -> ImageRun:
    """Any folder of images: --data FOLDER [--size 32]; about an hour on two cores."""
    return _modern("images", Data(source="folder", size=32), samples=1_000_000, width=32)


def classic() -> ImageRun:
    """The classical system of 2014-2019 to the letter: 128-128 networks, cross-entropy, Adam 1e-4."""
    adam = {"name": "Adam", "lr": 1e-4}
    return ImageRun(
        recipe="classic",
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
