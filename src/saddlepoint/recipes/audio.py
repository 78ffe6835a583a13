"""Generation of sounds: its configuration, and its recipes."""

from pathlib import Path
from typing import Literal, Self

import torch
from pydantic import Field, model_validator

from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.data.audio import Cut, Level, SoundData, sound_folder
from saddlepoint.data.images import Split
from saddlepoint.data.stream import SampleStream
from saddlepoint.extractors import SoundExtractor, load_sound_extractor
from saddlepoint.recipes.building import Assembled, adversarial_game, iteration, model_card, pick_device
from saddlepoint.recipes.configuration import AdversarialRun, Average, LatentSettings, Player, Reading
from saddlepoint.signals import Spectrogram
from saddlepoint.tasks.audio import RANGE, AudioTask, WaveGenerator, levels_of, plain
from saddlepoint.tasks.trained import Latent
from saddlepoint.train import Budget, Every, schedules

#: Convolutional networks halve pictures: frames are a multiple of it.
FRAMES = 16


class SoundFolder(Settings):
    """Where the sounds come from, and how they are to be read; the rules are those of `data.audio`.

    Attributes:
        path: a folder.
        rate: samples a second, to which all are resampled.
        seconds: of every sound; rounded up to whole pictures.
        cut: what is kept of longer ones.
        level: `peak` makes all equally loud.
        label: what their classes are.
        test: regular expression of the paths, without endings, of those not to train on.
        held_out: share not to train on, where nothing else says which.
    """

    path: str | None = None
    rate: int = Field(default=8000, ge=1000, le=192_000)
    seconds: float = Field(default=1.0, gt=0, le=60)
    cut: Cut = "start"
    level: Level = "peak"
    label: str = "folders"
    test: str | None = None
    held_out: float = Field(default=0.1, ge=0, lt=1)

    def read_split(self, samples: int, split: Split, reading: Reading | None = None) -> SoundData:
        """The sounds of a split, of so many samples each."""
        if self.path is None:
            raise ConfigurationError("this recipe needs sounds of yours: give their folder with --data FOLDER")
        return sound_folder(
            self.path,
            self.rate,
            samples,
            cut=self.cut,
            level=self.level,
            label=self.label,
            test=self.test,
            held_out=self.held_out,
            split=split,
            progress=reading,
        )

    def named(self, data: str) -> Self:
        """Another folder."""
        return self.read({**self.model_dump(), "path": str(Path(data).expanduser().resolve())})


class SpectrogramSettings(Settings):
    """How sounds are pictured: window and hop in samples, bands of the mel scale; steps of the search for phases."""

    window: int = Field(default=512, ge=16)
    hop: int = Field(default=128, ge=1)
    bands: int = Field(default=64, ge=4)
    steps: int = Field(default=32, ge=0)


class Hearing(Settings):
    """What judges the generator during training, at every checkpoint.

    Attributes:
        features: `spectrogram` compares coarse spectrograms; `spoken-digits` listens.
        samples: generated and real sounds that are compared.
    """

    features: Literal["spectrogram", "spoken-digits"] = "spectrogram"
    samples: int = Field(default=512, ge=2)

    def extractor(self, device: torch.device) -> SoundExtractor | None:
        """What listens; None are coarse spectrograms."""
        return None if self.features == "spectrogram" else load_sound_extractor(self.features, device)


class AudioRun(AdversarialRun):
    """A run that generates sounds, by their spectrograms."""

    data: SoundFolder = SoundFolder()
    spectrogram: SpectrogramSettings = SpectrogramSettings()
    evaluation: Hearing = Hearing()
    conditional: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.auxiliary and not self.conditional:
            raise ValueError("an auxiliary classifier needs classes: give --conditional, or --set auxiliary=0")
        self.pictured  # noqa: B018, raises where the numbers don't fit each other
        return self

    @property
    def pictured(self) -> Spectrogram:
        """How sounds are pictured: as many frames as hold them, in whole halvings."""
        own = self.spectrogram
        frames = -(-round(self.data.seconds * self.data.rate) // (own.hop * FRAMES)) * FRAMES
        return Spectrogram(self.data.rate, frames, own.window, own.hop, own.bands)

    def load(self, reading: Reading | None = None) -> SoundData:
        """Read the sounds."""
        return self.data.read_split(self.pictured.samples, "train", reading)

    def load_test(self) -> SoundData:
        """Sounds that the run is not trained on. Raises DataError where there are none."""
        return self.data.read_split(self.pictured.samples, "test")

    def build(self, data: SoundData) -> Assembled:
        """The game of a generator and a discriminator of spectrograms."""
        if self.conditional and data.labels is None:
            raise ConfigurationError(
                f"{data.name} has no classes to make on demand: put each class into a sub-folder of its own, say what "
                f"they are with --set data.label=prefix, or give --no-conditional"
            )
        classes, pictured, device = data.classes if self.conditional else (), self.pictured, pick_device(self.device)
        low, high = RANGE
        game = adversarial_game(self, pictured.shape, device, classes=len(classes), low=low, high=high)
        stream = SampleStream(
            levels_of(data, pictured),
            self.batch_size,
            self.seed,
            self.latent.size,
            self.latent.distribution,
            low,
            high,
            device,
            labels=data.labels if self.conditional else None,
            penalty=schedules.of(self.schedules.penalty),
            packing=self.packing,
        )
        trained = WaveGenerator(
            game.players["generator"],
            self.generator.network,
            pictured.shape,
            Latent(self.latent.size, self.latent.distribution),
            plain(pictured),
            self.spectrogram.steps,
            classes=classes,
        )
        own = self.evaluation
        task = AudioTask(game, trained, data, stream, model_card(self, data), own.extractor(device), own.samples)
        return Assembled(self, data, game, iteration(self), stream, task)

    def with_data(self, data: str) -> Self:
        """The same run on another folder."""
        return self.read({**self.model_dump(), "data": self.data.named(data).model_dump()})


def audio() -> AudioRun:
    """Any folder of sounds, WAV, FLAC or OGG, a second of 8 kHz each: --data FOLDER; about an hour on two cores."""
    adam = {"name": "Adam", "lr": 2e-3, "betas": (0.0, 0.99)}
    return AudioRun(
        recipe="audio",
        latent=LatentSettings(size=64),
        generator=Player(
            network={"name": "convolutional-generator", "width": 16, "output": "tanh"},
            optimizer=adam,
        ),
        discriminator=Player(network={"name": "convolutional-discriminator", "width": 16}, optimizer=adam),
        loss={"name": "relativistic"},
        penalties={"r1": {"weight": 1.0}, "r2": {"weight": 1.0}},
        method={"name": "alternating"},
        average=Average(half_life=10_000, warm_up=0.1),
        budget=Budget(samples=500_000),
        every=Every(record=2_000, snapshot=20_000, checkpoint=20_000),
    )


def spoken_digits() -> AudioRun:
    """Ten spoken digits on demand: --data FOLDER is that of the Free Spoken Digit Dataset; an hour on two cores."""
    run = audio()
    return run.model_copy(
        update={
            "recipe": "spoken-digits",
            "data": SoundFolder(label="prefix", test=r"_[0-4]$"),
            "conditional": True,
        }
    )
