"""Generation of sounds: its configuration, and its recipes."""

from collections.abc import Callable
from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.data.audio import Cut, Level, SoundData, sound_folder
from saddlepoint.data.collection import OnRead
from saddlepoint.data.images import Split
from saddlepoint.data.stream import SampleStream
from saddlepoint.extractors import SoundExtractor, load_sound_extractor
from saddlepoint.recipes.baseline import ModelConfig
from saddlepoint.recipes.building import Assembled, adversarial_game, iteration, model_card, pick_device
from saddlepoint.recipes.configuration import (
    AdversarialConfig,
    Average,
    Config,
    LatentSettings,
    PathSettings,
    Player,
)
from saddlepoint.signals import Spectrogram
from saddlepoint.tasks.audio import (
    RANGE,
    AudioTask,
    SoundGenerator,
    SpectrogramGenerator,
    WaveformGenerator,
    levels_of,
    plain,
)
from saddlepoint.tasks.baseline import BaselineTask
from saddlepoint.tasks.image import ImageTask
from saddlepoint.tasks.trained import Latent
from saddlepoint.training import Budget, Intervals, schedules

#: Convolutional networks halve pictures: frames are a multiple of it.
FRAMES = 16


class SoundFolder(PathSettings):
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

    rate: int = Field(default=8000, ge=1000, le=192_000)
    seconds: float = Field(default=1.0, gt=0, le=60)
    cut: Cut = "start"
    level: Level = "peak"
    label: str | None = "folders"
    test: str | None = None
    held_out: float = Field(default=0.1, ge=0, lt=1)

    def read_split(self, samples: int, split: Split, reading: OnRead | None = None) -> SoundData:
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


class SpectrogramSettings(Settings):
    """How sounds are pictured: window and hop in samples, bands of the mel scale; steps of the search for phases."""

    window: int = Field(default=512, ge=16)
    hop: int = Field(default=128, ge=1)
    bands: int = Field(default=64, ge=4)
    steps: int = Field(default=32, ge=0)


class Score(Settings):
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


class SoundDataConfig(Config):
    """A run whose generator makes sounds."""

    usage = "saddle sample {} -n 16 --seed 7 --dir sounds"

    data: SoundFolder = SoundFolder()
    spectrogram: SpectrogramSettings = SpectrogramSettings()
    evaluation: Score = Score()
    conditional: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self.pictured  # noqa: B018, raises where the numbers don't fit each other
        return self

    @property
    def pictured(self) -> Spectrogram:
        """How sounds are pictured: as many frames as hold them, in whole halvings."""
        own = self.spectrogram
        frames = -(-round(self.data.seconds * self.data.rate) // (own.hop * FRAMES)) * FRAMES
        return Spectrogram(self.data.rate, frames, own.window, own.hop, own.bands)

    def load(self, reading: OnRead | None = None) -> SoundData:
        """Read the sounds."""
        return self.data.read_split(self.pictured.samples, "train", reading)

    def load_test(self) -> SoundData:
        """Sounds that the run is not trained on. Raises DataError where there are none."""
        return self.data.read_split(self.pictured.samples, "test")

    def _classes(self, data: SoundData) -> tuple[str, ...]:
        """Those that are made on demand. Raises ConfigurationError where there are none and some are asked for."""
        if not self.conditional:
            return ()
        if data.labels is None:
            raise ConfigurationError(
                f"{data.name} has no classes to make on demand: put each class into a sub-folder of its own, say what "
                f"they are with --set data.label=prefix, or give --no-conditional"
            )
        return data.classes

    def _stream(
        self,
        samples: Tensor,
        data: SoundData,
        device: torch.device,
        penalty: Callable[[int], float] | None = None,
    ) -> SampleStream:
        return SampleStream(
            samples,
            self.batch_size,
            self.seed,
            self.latent.size,
            self.latent.distribution,
            *RANGE,
            device,
            labels=data.labels if self.conditional else None,
            penalty=penalty,
            packing=self.packing,
        )

    def _task(
        self, images: ImageTask | BaselineTask, trained: SoundGenerator, data: SoundData, device: torch.device
    ) -> AudioTask:
        own = self.evaluation
        return AudioTask(images, trained, data, self.seed, model_card(self, data), own.extractor(device), own.samples)


class AudioConfig(SoundDataConfig, AdversarialConfig):
    """A game of a generator and a discriminator of sounds.

    Attributes:
        route: what they make and judge: `spectrogram`s, whose phases are sought at the end; or the `waveform`.
    """

    route: Literal["spectrogram", "waveform"] = "spectrogram"

    @model_validator(mode="after")
    def _has_classes(self) -> Self:
        if self.auxiliary and not self.conditional:
            raise ValueError("an auxiliary classifier needs classes: give --conditional, or --set auxiliary=0")
        return self

    def build(self, data: SoundData) -> Assembled:
        """The game of a generator and a discriminator, of spectrograms or of waveforms."""
        classes, pictured, device = self._classes(data), self.pictured, pick_device(self.device)
        shape = pictured.shape if self.route == "spectrogram" else (1, pictured.samples)
        low, high = RANGE
        game = adversarial_game(self, shape, device, classes=len(classes), low=low, high=high)
        latent, spec = Latent(self.latent.size, self.latent.distribution), self.generator.network
        network, levels = game.players["generator"], levels_of(data, pictured)
        penalty = schedules.of(self.schedules.penalty)
        trained: SoundGenerator
        if self.route == "spectrogram":
            stream = self._stream(levels, data, device, penalty)
            steps = self.spectrogram.steps
            trained = SpectrogramGenerator(network, spec, shape, latent, plain(pictured), steps, classes=classes)
        else:
            stream = self._stream(data.floats()[:, None], data, device, penalty)
            trained = WaveformGenerator(network, spec, shape, latent, plain(pictured), classes=classes)
        images = ImageTask(game, trained.pictures, stream, model_card(self, data), images=levels)
        return Assembled(self, data, game, iteration(self), stream, self._task(images, trained, data, device))


class AudioBaseline(SoundDataConfig, ModelConfig):
    """An autoencoder of spectrograms, one player."""

    def build(self, data: SoundData) -> Assembled:
        """The game of an autoencoder of spectrograms, whose decoder is told the class where there are classes."""
        classes, pictured, device = self._classes(data), self.pictured, pick_device(self.device)
        model = self.player(pictured.shape, *RANGE, classes=len(classes)).to(device)
        game, (drawn, latent) = self.game(model), self.drawn(model, len(classes))
        stream = self._stream(levels_of(data, pictured), data, device)
        spec, steps = self.generator.network, self.spectrogram.steps
        trained = SpectrogramGenerator(drawn, spec, pictured.shape, latent, plain(pictured), steps, classes=classes)
        images = ImageTask(game, trained.pictures, stream, model_card(self, data))
        task = self._task(BaselineTask(images, model, stream), trained, data, device)
        return Assembled(self, data, game, iteration(self), stream, task)


def audio() -> AudioConfig:
    """Any folder of WAV, FLAC or OGG, a second of 8 kHz each: --data FOLDER; ten minutes on two cores."""
    adam = {"name": "Adam", "lr": 2e-3, "betas": (0.0, 0.99)}
    return AudioConfig(
        recipe="audio",
        threads=1,
        latent=LatentSettings(size=64),
        generator=Player(
            network={"name": "convolutional-generator", "width": 16, "output": "tanh"},
            optimizer=adam,
        ),
        discriminator=Player(network={"name": "convolutional-discriminator", "width": 16}, optimizer=adam),
        loss={"name": "relativistic"},
        penalties={"r1": {"weight": 0.1}, "r2": {"weight": 0.1}},
        method={"name": "alternating"},
        average=Average(half_life=10_000, warm_up=0.1),
        budget=Budget(samples=100_000),
        every=Intervals(record=2_000, snapshot=20_000, checkpoint=20_000),
    )


def spoken_digits() -> AudioConfig:
    """Ten spoken digits on demand: --data FOLDER is that of the Free Spoken Digit Dataset; six minutes on two cores."""
    config = audio()
    return config.model_copy(
        update={
            "recipe": "spoken-digits",
            # Of the recordings 97 % are shorter.
            "data": SoundFolder(label="prefix", test=r"_[0-4]$", seconds=0.768),
            "spectrogram": SpectrogramSettings(window=256, hop=128, bands=48),
            "evaluation": Score(features="spoken-digits"),
            "conditional": True,
        }
    )


def audio_wave() -> AudioConfig:
    """The same as spoken-digits by raw waveforms, in WaveGAN's manner: --data FOLDER; fifteen minutes on two cores."""
    config = spoken_digits()
    return config.model_copy(
        update={
            "recipe": "audio-wave",
            "route": "waveform",
            "generator": config.generator.model_copy(update={"network": {"name": "wavegan-generator", "width": 8}}),
            "discriminator": config.discriminator.model_copy(
                update={"network": {"name": "wavegan-discriminator", "width": 8}}
            ),
        }
    )


def audio_vae() -> AudioBaseline:
    """Baseline: a VAE of spectrograms with spoken-digits' networks and budget: --data FOLDER; two minutes."""
    config = spoken_digits()
    shared = config.model_dump(include={*Config.model_fields, *SoundDataConfig.model_fields})
    return AudioBaseline.read(
        shared
        | {
            "recipe": "audio-vae",
            "generator": {
                "network": config.generator.network,
                "optimizer": {**config.generator.optimizer, "betas": (0.9, 0.999)},
            },
            "encoder": {"network": config.discriminator.network},
            "model": {"name": "vae", "likelihood": "bernoulli"},
            "method": "simultaneous",
        }
    )
