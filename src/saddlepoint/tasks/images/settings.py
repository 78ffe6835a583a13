"""The configurations of a game of images and of an autoencoder of them."""

from typing import Any, ClassVar, Literal, Self

import torch
from pydantic import Field, model_validator

from saddlepoint.components.adversary import Adversary
from saddlepoint.components.augmented import Augmented
from saddlepoint.components.registries import AUGMENTATION_REGISTRY
from saddlepoint.components.settings import Augmentation, ClassAdversary, Latent
from saddlepoint.configuration import ConfigurationError, Settings, nearest
from saddlepoint.data import DATASETS
from saddlepoint.data.hugging_face import PREFIX, absolute
from saddlepoint.data.known_sets import is_path, settled
from saddlepoint.data.scheduled import Timeline
from saddlepoint.evaluation.fidelity import DistanceName, Features, features_of
from saddlepoint.extractors import PLAIN, suited_to
from saddlepoint.tasks.autoencoder import NamedAutoencoderConfig
from saddlepoint.tasks.config import SHORT, AdversarialConfig, DataSettings, Ends

#: Black and white.
RANGES = {"symmetric": (-1.0, 1.0), "unit": (0.0, 1.0)}
#: Images that the score compares where nothing else is said.
JUDGED = 2048
#: At most so many images are few, and what the discriminator sees them through then is so strong (bench/images.py).
FEW, AGAINST_FEW = 2000, 0.5
#: Short keys that a game and an autoencoder of images have.
SHORT_OF_IMAGES = {"size": ("data.size",), "range": ("data.range",), "evaluation": ("score",)}


class ImageFiles(DataSettings):
    """Where the images come from, and which of them are trained on.

    What is held out is taken away first.
    """

    source: str
    """A name of `saddle list data`, `hf:NAME`, or `folder`, which `path` gives."""
    path: str | None = None
    """The folder or file, where the source needs one."""
    size: int | None = Field(default=None, ge=4, le=1024)
    """Pixels a side; none leaves images as they are, and makes those of a folder 32."""
    range: Ends | None = None
    """Values that are black and white, of images of more than 8 bits; none finds one range for all."""
    held_out: float = Field(default=0.0, ge=0, lt=1)
    """Share that is not trained on, so that it can judge the generator."""
    limit: int | None = Field(default=None, ge=1)
    """Keep so many images, evenly over the classes."""
    per_class: int | None = Field(default=None, ge=1)
    """Keep so many images of each class."""
    seed: int = Field(default=0, ge=0)
    """Decides which are held out and kept."""

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if self.limit is not None and self.per_class is not None:
            raise ValueError(
                f"data.limit={self.limit} and data.per_class={self.per_class} are two limits of the images: give one"
            )
        return self

    def with_source(self, data: str) -> Self:
        """Other images: a data set known by name, or a folder or file of the user's.

        Raises:
            ConfigurationError: there is neither.
        """
        # A set that is made of another stays what it is: the path says where the other lies.
        made = self.source in DATASETS and DATASETS[self.source].made and is_path(data)
        chosen = {**placed(data), "source": self.source} if made else placed(data)
        return self.read({**self.model_dump(), **chosen, "given": None})


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
        return {"source": "folder", "path": settled(data)}
    raise ConfigurationError(f"there is no data set {data!r}, and no such folder: {nearest(data, DATASETS)}")


class Score(Settings):
    """What judges the generator during training, at every checkpoint: by it the best one is kept."""

    features: str = "pixels"
    """`texture`, `patches` of 8x8 pixels, `imagenet` or another extractor; `pixels` is the coarse `pixel_frechet`."""
    samples: int = Field(default=JUDGED, ge=2)
    """Generated and real images that are compared."""
    metric: DistanceName = "frechet"
    """`frechet`, or `kernel`, which has no bias where samples are few."""

    def on(self, data: str) -> Self:
        """The same on other data, as the command line names them: digits say little about clothes."""
        alien = data in DATASETS and suited_to(data) != self.features
        return self.model_copy(update={"features": PLAIN}) if alien else self

    def load(self, device: torch.device) -> Features | None:
        """Where images are compared; None are coarse pixels."""
        return None if self.features == "pixels" else features_of(self.features, device)


class ImageAdversary(ClassAdversary):
    """The discriminator of images: its loss, what is added to it, and what it sees images through."""

    augmentation: Augmentation | None = None
    """What the discriminator sees images through; none shows them as they are."""

    def strength_for(self, images: int) -> float:
        """Of the augmentation, of a game of so many images; 0 where there is none."""
        if self.augmentation is None:
            return 0.0
        given = self.augmentation.strength
        return given if given != "auto" else AGAINST_FEW if images <= FEW else 0.0

    def reasons(self, images: int) -> tuple[str, ...]:
        """What of these settings is chosen by the number of images, and why, a sentence each."""
        if self.augmentation is None or self.augmentation.strength != "auto":
            return ()
        kind, strength = self.augmentation.kind["name"], self.strength_for(images)
        if strength:
            why = f"{images:,} images are few (at most {FEW:,}), and a discriminator would know them by heart"
            return (f"augmentation: {kind} at strength {strength:g}, as {why}",)
        return (
            f"augmentation: none, as {images:,} images are not few (more than {FEW:,}); "
            f"--set augmentation.strength={AGAINST_FEW:g} augments nevertheless",
        )

    def build(self, *, low: float = -1.0, high: float = 1.0, images: int | None = None, **more: Any) -> Adversary:
        """The adversary that these settings describe, of a game of so many images; see `AdversarySettings.build`."""
        own, augmented = self.augmentation, None
        strength = 0.0 if images is None else self.strength_for(images)
        if own is not None and (own.strength != "auto" or own.target is not None or strength):
            kind = AUGMENTATION_REGISTRY.build(own.kind, low=low, high=high)
            augmented = Augmented(kind, strength, own.target, own.span)
        return super().build(low=low, high=high, augmented=augmented, **more)


class ImageConfig(AdversarialConfig):
    """A generator and a discriminator of images."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        **SHORT,
        **SHORT_OF_IMAGES,
        "auxiliary": ("adversary.auxiliary",),
        "augmentation": ("adversary.augmentation",),
    }

    task: Literal["images"] = "images"
    data: ImageFiles
    """Which images."""
    conditional: bool = False
    """Make each class of the data on demand."""
    value_range: Literal["symmetric", "unit"] = "symmetric"
    """The networks' values for black and white: -1 and 1, or 0 and 1."""
    latent: Latent = Latent()
    """The generator's input."""
    adversary: ImageAdversary
    """The adversarial loss, and what is added to it."""
    score: Score = Score()
    """What judges the generator during training."""

    @model_validator(mode="after")
    def _has_classes(self) -> Self:
        self.adversary.check(self.discriminator.network, conditional=self.conditional)
        return self

    @property
    def timeline(self) -> Timeline:
        """What is put into batches by the samples seen; the augmentation's strength too."""
        augmentation = self.adversary.augmentation
        if augmentation is None or augmentation.schedule is None:
            return super().timeline
        return {**super().timeline, "strength": augmentation.schedule.at}

    def with_data(self, data: str) -> Self:
        """The same run on a data set known by name, or on a folder or file of the user's, judged as suits these."""
        return super().with_data(data).model_copy(update={"score": self.score.on(data)})


class ImageAutoencoderConfig(NamedAutoencoderConfig):
    """An autoencoder of images."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {**NamedAutoencoderConfig.aliases, **SHORT_OF_IMAGES}

    task: Literal["images"] = "images"
    data: ImageFiles
    """Which images."""
    conditional: bool = False
    """Tell the decoder the class, so that each is made on demand."""
    value_range: Literal["symmetric", "unit"] = "symmetric"
    """The networks' values for black and white: -1 and 1, or 0 and 1."""
    score: Score = Score()
    """What judges the decoder during training."""

    def with_data(self, data: str) -> Self:
        """The same run on a data set known by name, or on a folder or file of the user's, judged as suits these."""
        return super().with_data(data).model_copy(update={"score": self.score.on(data)})


AnyImageConfig = ImageConfig | ImageAutoencoderConfig
