"""Image generation: its configuration, and recipes, each a function that returns a complete one."""

from pathlib import Path
from typing import Annotated, Literal, Self

import torch
from pydantic import Field, model_validator

from saddlepoint.configuration import ConfigurationError, Settings, nearest
from saddlepoint.data import DATASETS, ImageData, load_images
from saddlepoint.data.collection import OnRead
from saddlepoint.data.hugging_face import PREFIX, absolute
from saddlepoint.data.known_sets import is_path
from saddlepoint.data.stream import SampleStream
from saddlepoint.extractors import Extractor, load_extractor, suited_to
from saddlepoint.recipes.building import Assembled, adversarial_game, iteration, model_card, pick_device
from saddlepoint.recipes.configuration import (
    AdversarialConfig,
    Average,
    Choice,
    Config,
    DataSettings,
    LatentSettings,
    Player,
)
from saddlepoint.components.registries import AUGMENTATION_REGISTRY
from saddlepoint.components.augmented import Augmented
from saddlepoint.tasks.image import JUDGED, ImageTask, Metric
from saddlepoint.tasks.trained import ImageGenerator, Latent
from saddlepoint.training import Budget, Intervals, Schedule, Schedules, schedules

#: Black and white.
RANGES = {"symmetric": (-1.0, 1.0), "unit": (0.0, 1.0)}


class ImageFiles(DataSettings):
    """Where the images come from: a known source, a path where it needs one, a size in pixels (None: as it is).

    A share `held_out` of them is not trained on, so that it can judge the generator. Of the others, `limit` keeps so
    many, evenly over the classes, and `per_class` so many of each. The seed decides which.
    """

    source: str
    path: str | None = None
    size: int | None = Field(default=None, ge=4, le=1024)
    held_out: float = Field(default=0.0, ge=0, lt=1)
    limit: int | None = Field(default=None, ge=1)
    per_class: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if self.limit is not None and self.per_class is not None:
            raise ValueError(
                f"data.limit={self.limit} and data.per_class={self.per_class} are two limits of the images: give one"
            )
        return self

    def load(self, reading: OnRead | None = None) -> ImageData:
        """Read the images.

        Raises:
            ConfigurationError: none are named, or what is left is one image, which has no distribution.
        """
        if self.source == "folder" and self.path is None:
            raise ConfigurationError("this recipe needs images of yours: give their folder with --data FOLDER")
        data = load_images(self.source, path=self.path, size=self.size, progress=reading)
        if self.held_out:
            data = data.split(self.held_out, self.seed)[0]
        if self.limit is not None:
            data = data.limited(self.limit, self.seed)
        if self.per_class is not None:
            data = data.of_each_class(self.per_class, self.seed)
        if len(data) < 2:
            raise ConfigurationError(
                f"{data.name} comes to one image to learn from: give at least two, better thousands"
            )
        return data

    def load_test(self) -> ImageData:
        """Images that a run is not trained on: what is held out, else what the data set holds out.

        Raises:
            ValueError: there are none, or they can't be read.
        """
        if self.held_out:
            return load_images(self.source, path=self.path, size=self.size).split(self.held_out, self.seed)[1]
        return load_images(self.source, path=self.path, size=self.size, split="test")

    def stand_in(self) -> tuple[tuple[int, ...], int] | None:
        """Shape of an image and number of classes of a known set; None for images of the user's."""
        if self.source not in DATASETS:
            return None
        known = DATASETS[self.source]
        channels, height, width = known.shape
        size = (height, width) if self.size is None else (self.size, self.size)
        return (channels, *size), known.classes

    def with_source(self, data: str) -> Self:
        """Other images: a data set known by name, or a folder or file of the user's.

        Raises:
            ConfigurationError: there is neither.
        """
        # A set that is made of another stays what it is: the path says where the other lies.
        made = self.source in DATASETS and DATASETS[self.source].made and is_path(data)
        chosen = {**placed(data), "source": self.source} if made else placed(data)
        return self.read({**self.model_dump(), **chosen})


def classes_of(data: ImageData, conditional: bool) -> tuple[str, ...]:
    """The classes that are made on demand; none where they need not be.

    Raises:
        ConfigurationError: they are wanted, and the images have none.
    """
    if conditional and data.labels is None:
        raise ConfigurationError(
            f"{data.name} has no classes to make on demand: put each class into a sub-folder of its own, with no "
            f"image beside these, or give --no-conditional"
        )
    return data.classes if conditional else ()


def placed(data: str) -> dict[str, str | None]:
    """Source and path of images as the command line names them: a known set, or a folder or file of the user's.

    Raises:
        ConfigurationError: there is neither.
    """
    if data in DATASETS:
        return {"source": data, "path": None}
    if data.startswith(PREFIX):
        return {"source": absolute(data), "path": None}
    if is_path(data):
        # A path says itself what it holds: images, files of a known set, or arrays.
        return {"source": "folder", "path": str(Path(data).expanduser().resolve())}
    raise ConfigurationError(f"there is no data set {data!r}, and no such folder: {nearest(data, DATASETS)}")


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


class Score(Settings):
    """What judges the generator during training, at every checkpoint: the score by which the best one is kept.

    Attributes:
        features: an extractor (`saddle evaluate` takes the same); `pixels` is the coarse `pixel_frechet`.
        samples: generated and real images that are compared.
        metric: `frechet`, or `kernel`, which has no bias where samples are few.
    """

    features: str = "pixels"
    samples: int = Field(default=JUDGED, ge=2)
    metric: Metric = "frechet"

    def on(self, data: str) -> Self:
        """The same on other data, as the command line names them: digits say little about clothes."""
        alien = data in DATASETS and suited_to(data) != self.features
        return self.model_copy(update={"features": "pixels"}) if alien else self

    def extractor(self, device: torch.device) -> Extractor | None:
        """What reads the images; None are coarse pixels."""
        return None if self.features == "pixels" else load_extractor(self.features, device)


class ImageDataConfig(Config):
    """What a game of images and an autoencoder of them have in common."""

    data: ImageFiles
    evaluation: Score = Score()
    value_range: Literal["symmetric", "unit"] = "symmetric"
    conditional: bool = False

    def load(self, reading: OnRead | None = None) -> ImageData:
        """Read the images."""
        return self.data.load(reading)

    def load_test(self) -> ImageData:
        """Images that the run is not trained on: see `ImageFiles.load_test`."""
        return self.data.load_test()

    def stand_in(self) -> tuple[tuple[int, ...], int] | None:
        """Those of a known set; None for images of the user's."""
        known = self.data.stand_in()
        return None if known is None else (known[0], known[1] if self.conditional else 0)

    def with_data(self, data: str) -> Self:
        """The same run on a data set known by name, or on a folder or file of the user's, judged as suits these."""
        return super().with_data(data).model_copy(update={"evaluation": self.evaluation.on(data)})


class ImageConfig(ImageDataConfig, AdversarialConfig):
    """A run that generates images."""

    augmentation: Augmentation | None = None

    @model_validator(mode="after")
    def _has_classes(self) -> Self:
        if self.auxiliary and not self.conditional:
            raise ValueError("an auxiliary classifier needs classes: give --conditional, or --set auxiliary=0")
        return self

    def build(self, data: ImageData) -> Assembled:
        """The game of a generator and a discriminator of images."""
        classes = classes_of(data, self.conditional)
        device = pick_device(self.device)
        low, high = RANGES[self.value_range]
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
            packing=self.packing,
        )
        trained = ImageGenerator(
            game.players["generator"],
            self.generator.network,
            data.shape,
            Latent(self.latent.size, self.latent.distribution),
            (low, high),
            classes=classes,
        )
        own = self.evaluation
        judge = own.extractor(device)
        task = ImageTask(game, trained, stream, model_card(self, data), judge, own.samples, own.metric)
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
        latent=LatentSettings(size=64),
        generator=Player(network=generator, optimizer=adam),
        discriminator=Player(network=discriminator, optimizer=adam),
        loss={"name": "relativistic"},
        penalties={"r1": {"weight": gamma}, "r2": {"weight": gamma}},
        method={"name": "alternating"},
        average=Average(half_life=10_000),
        budget=Budget(samples=samples),
        evaluation=Score(features=features),
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
    return config.model_copy(update={"latent": LatentSettings(size=256), "every": every})


def images() -> ImageConfig:
    """Any folder of images: --data FOLDER [--size 32]; about an hour on two cores. From 64x64 on, see `modern`."""
    return _convolutional("images", ImageFiles(source="folder", size=32), samples=1_000_000, width=32)


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
    return _relativistic(
        "modern",
        ImageFiles(source="folder", size=64),
        samples=samples,
        rate=2e-4,
        generator={"name": "residual-generator", "output": "tanh", **residual},
        discriminator={"name": "residual-discriminator", **residual},
    ).model_copy(
        update={
            "average": Average(half_life=500_000, warm_up=0.05),
            "augmentation": Augmentation(kind=AUGMENTATION_REGISTRY.resolve("adaptive")),
            "schedules": Schedules(
                rate=Schedule(start=1.0, end=0.25, samples=burn_in),
                beta2=Schedule(start=0.9, end=0.99, samples=burn_in),
                penalty=Schedule(start=1.0, end=0.1, samples=burn_in),
                augmentation=Schedule(start=0.0, end=0.3, samples=burn_in),
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
        latent=LatentSettings(size=100, distribution="uniform"),
        generator=Player(
            network={"name": "mlp-generator", "widths": (128, 128), "slope": 0.2, "output": "sigmoid"}, optimizer=adam
        ),
        discriminator=Player(network={"name": "mlp-discriminator", "widths": (128, 128), "slope": 0.2}, optimizer=adam),
        loss={"name": "non-saturating"},
        method={"name": "alternating"},
        batch_size=64,
        budget=Budget(samples=600_000),
        every=Intervals(record=None),
        epoch_lines=True,
    )
