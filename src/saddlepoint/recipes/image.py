"""Image generation: its configuration, and recipes, each a function that returns a complete one."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field

from saddlepoint.configuration import ConfigurationError, Settings, nearest
from saddlepoint.data import DATASETS, ImageData, load_images
from saddlepoint.data.catalogue import is_path
from saddlepoint.data.hugging_face import PREFIX, absolute
from saddlepoint.data.stream import SampleStream
from saddlepoint.recipes.building import Assembled, adversarial_game, iteration, model_card, pick_device
from saddlepoint.recipes.configuration import AdversarialRun, Average, Choice, LatentSettings, Player, Reading
from saddlepoint.recipes.registries import AUGMENTATION_REGISTRY
from saddlepoint.tasks.augmented import Augmented
from saddlepoint.tasks.image import ImageTask
from saddlepoint.tasks.trained import ImageGenerator, Latent
from saddlepoint.train import Budget, Every, schedules

#: Black and white.
RANGES = {"symmetric": (-1.0, 1.0), "unit": (0.0, 1.0)}


class Data(Settings):
    """Where the images come from: a known source, a path where it needs one, a size in pixels (None: as it is)."""

    source: str
    path: str | None = None
    size: int | None = Field(default=None, ge=4, le=1024)

    def load(self, reading: Reading | None = None) -> ImageData:
        """Read the images."""
        if self.source == "folder" and self.path is None:
            raise ConfigurationError("this recipe needs images of yours: give their folder with --data FOLDER")
        return load_images(self.source, path=self.path, size=self.size, progress=reading)

    def named(self, data: str) -> Self:
        """Other images: a data set known by name, or a folder or file of the user's.

        Raises:
            ConfigurationError: there is neither.
        """
        if data in DATASETS:
            chosen = {"source": data, "path": None}
        elif data.startswith(PREFIX):
            chosen = {"source": absolute(data), "path": None}
        elif is_path(data):
            # A path says itself what it holds: images, files of a known set, or arrays.
            chosen = {"source": "folder", "path": str(Path(data).expanduser().resolve())}
        else:
            raise ConfigurationError(f"there is no data set {data!r}, and no such folder: {nearest(data, DATASETS)}")
        return self.read({**self.model_dump(), **chosen})


class Augmentation(Settings):
    """What the discriminator sees images through.

    Attributes:
        kind: `diffaugment` or `adaptive`.
        strength: the probability of each part; where there is a target, where it begins.
        target: of the mean sign of the real logits, towards which the strength is adjusted; None leaves it.
        span: samples that an adjustment from 0 to 1 takes.
    """

    kind: Annotated[Choice, AUGMENTATION_REGISTRY]
    strength: float = Field(default=1.0, ge=0, le=1)
    target: float | None = Field(default=None, gt=-1, lt=1)
    span: float = Field(default=500_000, gt=0)


class ImageRun(AdversarialRun):
    """A run that generates images."""

    data: Data
    augmentation: Augmentation | None = None
    values: Literal["symmetric", "unit"] = "symmetric"
    conditional: bool = False

    def load(self, reading: Reading | None = None) -> ImageData:
        """Read the images."""
        return self.data.load(reading)

    def build(self, data: ImageData) -> Assembled:
        """The game of a generator and a discriminator of images."""
        if self.conditional and data.labels is None:
            raise ConfigurationError(
                f"{data.name} has no classes to make on demand: put each class into a sub-folder of its own, "
                f"or leave --conditional out"
            )
        classes = data.classes if self.conditional else ()
        device = pick_device(self.device)
        low, high = RANGES[self.values]
        augmented = self._augmented(low, high)
        game = adversarial_game(self, data.shape, device, classes=len(classes), low=low, high=high, augmented=augmented)
        stream = SampleStream(
            data.images,
            self.batch_size,
            self.seed,
            self.latent.size,
            self.latent.distribution,
            low,
            high,
            device,
            labels=data.labels if self.conditional else None,
            augmentation=0 if augmented is None else augmented.augmentation.draws,
            strength=schedules.of(self.schedules.augmentation),
            penalty=schedules.of(self.schedules.penalty),
        )
        trained = ImageGenerator(
            game.players["generator"],
            self.generator.network,
            data.shape,
            Latent(self.latent.size, self.latent.distribution),
            (low, high),
            classes=classes,
        )
        task = ImageTask(game, trained, stream, model_card(self, data))
        return Assembled(self, data, game, iteration(self), stream, task)

    def _augmented(self, low: float, high: float) -> Augmented | None:
        own = self.augmentation
        if own is None:
            if self.schedules.augmentation is not None:
                raise ConfigurationError(
                    "an augmentation is scheduled that is not there: --set augmentation.kind=adaptive"
                )
            return None
        augmentation = AUGMENTATION_REGISTRY.build(own.kind, low=low, high=high)
        return Augmented(augmentation, own.strength, own.target, own.span)

    def with_data(self, data: str) -> Self:
        """The same run on a data set known by name, or on a folder or file of the user's."""
        return self.read({**self.model_dump(), "data": self.data.named(data).model_dump()})


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
