"""The configurations of a game of sounds and of an autoencoder of them."""

from typing import ClassVar, Literal, Self

import torch
from pydantic import Field, model_validator

from saddlepoint.components.settings import ClassAdversary, Latent
from saddlepoint.configuration import Settings
from saddlepoint.data.audio import Cut, Level
from saddlepoint.extractors import SoundExtractor, load_sound_extractor
from saddlepoint.signals import Spectrogram
from saddlepoint.tasks.autoencoder import NamedAutoencoderConfig
from saddlepoint.tasks.config import SHORT, AdversarialConfig, PathSettings

#: Convolutional networks halve pictures: frames are a multiple of it.
FRAMES = 16
#: A short key that a game and an autoencoder of sounds have.
SHORT_OF_SOUNDS = {"evaluation": ("score",)}


class SoundFolder(PathSettings):
    """Where the sounds come from, and how they are read; the rules in full are those of `saddlepoint.data.audio`."""

    path: str | None = None
    """A folder of WAV, AIFF, FLAC, MP3 or OGG; --data."""
    rate: int = Field(default=8000, ge=1000, le=192_000)
    """Samples a second, to which all are resampled."""
    seconds: float = Field(default=1.0, gt=0, le=60)
    """Length of every sound; rounded up to whole pictures."""
    cut: Cut = "start"
    """What is kept of longer ones: `start`, the `loudest` stretch, or `windows`, every stretch."""
    level: Level = "peak"
    """`peak` scales each to a peak of 0.9, `kept` leaves it."""
    label: str | None = "folders"
    """What the classes are: `folders`, `prefix`, none, or a regular expression whose (group) is the class."""
    test: str | None = None
    """Regular expression of the paths, without endings, of those that are not trained on."""
    held_out: float = Field(default=0.1, ge=0, lt=1)
    """Share that is not trained on, where nothing else says which."""


class SpectrogramSettings(Settings):
    """How sounds are pictured, and how pictures are heard."""

    window: int = Field(default=512, ge=16)
    """Samples that a frame looks at."""
    hop: int = Field(default=128, ge=1)
    """Samples from frame to frame."""
    bands: int = Field(default=64, ge=4)
    """Bands of the mel scale."""
    steps: int = Field(default=32, ge=0)
    """Of the search for phases (Griffin-Lim)."""


class Score(Settings):
    """What judges the generator during training, at every checkpoint: by it the best one is kept."""

    features: Literal["spectrogram", "spoken-digits"] = "spectrogram"
    """`spectrogram` compares coarse spectrograms; `spoken-digits` listens."""
    samples: int = Field(default=512, ge=2)
    """Generated and real sounds that are compared."""

    def extractor(self, device: torch.device) -> SoundExtractor | None:
        """What listens; None are coarse spectrograms."""
        return None if self.features == "spectrogram" else load_sound_extractor(self.features, device)


class AudioConfig(AdversarialConfig):
    """A generator and a discriminator of sounds."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        **SHORT,
        **SHORT_OF_SOUNDS,
        "auxiliary": ("adversary.auxiliary",),
    }
    usage = "saddle sample {} -n 16 --seed 7 --dir sounds"

    task: Literal["audio"] = "audio"
    data: SoundFolder = SoundFolder()
    """Which sounds."""
    route: Literal["spectrogram", "waveform"] = "spectrogram"
    """What the networks make and judge: spectrograms, whose phases are sought at the end, or waveforms."""
    conditional: bool = False
    """Make each class of the data on demand."""
    spectrogram: SpectrogramSettings = SpectrogramSettings()
    """How sounds are pictured."""
    latent: Latent = Latent()
    """The generator's input."""
    adversary: ClassAdversary
    """The adversarial loss, and what is added to it."""
    score: Score = Score()
    """What judges the generator during training."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        pictured(self)  # raises where the numbers don't fit each other
        self.adversary.check(self.discriminator.network, conditional=self.conditional)
        return self


class AudioAutoencoderConfig(NamedAutoencoderConfig):
    """An autoencoder of spectrograms."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {**NamedAutoencoderConfig.aliases, **SHORT_OF_SOUNDS}
    usage = "saddle sample {} -n 16 --seed 7 --dir sounds"

    task: Literal["audio"] = "audio"
    data: SoundFolder = SoundFolder()
    """Which sounds."""
    conditional: bool = False
    """Tell the decoder the class, so that each is made on demand."""
    spectrogram: SpectrogramSettings = SpectrogramSettings()
    """How sounds are pictured."""
    score: Score = Score()
    """What judges the decoder during training."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        pictured(self)  # raises where the numbers don't fit each other
        return self


AnyAudioConfig = AudioConfig | AudioAutoencoderConfig


def pictured(config: AnyAudioConfig) -> Spectrogram:
    """How sounds are pictured: as many frames as hold them, in whole halvings. Raises ValueError as `Spectrogram`."""
    data, own = config.data, config.spectrogram
    frames = -(-round(data.seconds * data.rate) // (own.hop * FRAMES)) * FRAMES
    return Spectrogram(data.rate, frames, own.window, own.hop, own.bands)
