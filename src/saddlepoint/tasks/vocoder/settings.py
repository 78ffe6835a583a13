"""The configuration of a game of a vocoder."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from saddlepoint.components.content import ContentLoss
from saddlepoint.components.settings import Pretraining, WeightedAdversary
from saddlepoint.configuration import Settings
from saddlepoint.data.scheduled import Timeline, after
from saddlepoint.signals import MelFrontEnd
from saddlepoint.tasks.config import SHORT, AdversarialConfig, PathSettings
from saddlepoint.tasks.vocoder.losses import MelLoss, MultiResolutionSTFT


class RecordingFolder(PathSettings):
    """Where the recordings come from, and what a batch shows of them."""

    rate: int = Field(default=8000, ge=1000, le=192_000)
    """Samples a second, to which all are resampled."""
    crop: int = Field(default=2048, ge=64)
    """Samples of a crop, rounded up to whole hops."""
    quieter: float = Field(default=24.0, ge=0, le=60)
    """Decibels by which a crop is quieter than its recording at full level, at most."""
    test: str | None = None
    """Regular expression of the paths, without endings, of those that are not trained on: a speaker, say."""
    held_out: float = Field(default=0.1, ge=0, lt=1)
    """Share that is not trained on, where nothing else says which."""


class MelSettings(Settings):
    """The mel spectrograms that waves are made of."""

    window: int = Field(default=256, ge=16)
    """Samples that a frame looks at."""
    hop: int = Field(default=64, ge=2)
    """Samples from frame to frame."""
    bands: int = Field(default=40, ge=4)
    """Bands of the mel scale."""


class Refinement(Settings):
    """Steps by which waves are brought nearer to their spectrogram, see `MelFrontEnd.refined`."""

    training: int = Field(default=2, ge=0)
    """Steps before losses and the discriminator, without momentum."""
    steps: int = Field(default=48, ge=0)
    """Steps of what is handed over; 0 hands over what the network makes."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Of the steps of what is handed over."""


class Mel(Settings):
    """The distance of log-mel spectrograms."""

    weight: float = Field(default=5.0, ge=0)
    """Its factor in the generator's loss; 0 leaves it out."""


class Stft(Settings):
    """The distance of spectra of several windows."""

    weight: float = Field(default=5.0, ge=0)
    """Its factor in the generator's loss; 0 leaves it out."""


class VocoderContent(Settings):
    """What holds waves against those that they are to be."""

    mel: Mel = Mel()
    """The distance of log-mel spectrograms."""
    stft: Stft = Stft()
    """The distance of spectra of several windows."""


class VocoderConfig(AdversarialConfig):
    """A vocoder and a discriminator of waves: first by regression alone where that is asked for, then as a game."""

    usage: ClassVar[str] = "saddle vocode {} IN… --out DIR"
    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        **SHORT,
        "regression": ("pretraining.samples",),
        "likeness": ("content.mel.weight",),
        "spectra": ("content.stft.weight",),
        "adversarial": ("adversary.weight",),
        "matching": ("adversary.regularisers.layer-matching.weight",),
    }
    has: ClassVar[frozenset[str]] = frozenset({"pairs"})

    task: Literal["vocoder"] = "vocoder"
    data: RecordingFolder = RecordingFolder()
    """Which recordings."""
    mel: MelSettings = MelSettings()
    """The mel spectrograms that waves are made of."""
    refinement: Refinement = Refinement()
    """How waves are brought nearer to their spectrogram."""
    pretraining: Pretraining = Pretraining(samples=0)
    """The first stage: regression alone, in which the discriminator rests; what it ends with is kept."""
    adversary: WeightedAdversary
    """The adversarial loss, and what is added to it."""
    content: VocoderContent = VocoderContent()
    """What holds waves against those that they are to be."""

    @model_validator(mode="after")
    def _learns_something(self) -> Self:
        held = bool(self.content.mel.weight or self.content.stft.weight)
        if self.pretraining.samples != 0 and not held:
            raise ValueError(
                "a first stage without an adversary needs a content loss: --set content.mel.weight=5, or --set "
                "pretraining.samples=0"
            )
        if not (held or self.adversary.weight or self.adversary.regularisers):
            raise ValueError("the generator has no loss: set content.mel.weight or adversary.weight above 0")
        self.front  # noqa: B018, raises where the numbers don't fit each other
        return self

    @property
    def front(self) -> MelFrontEnd:
        """How sounds become mel spectrograms."""
        return MelFrontEnd(self.data.rate, self.mel.window, self.mel.hop, self.mel.bands)

    @property
    def shapes(self) -> tuple[tuple[int, int], tuple[int]]:
        """(bands, frames) and (samples,) of a crop."""
        hops = -(-self.data.crop // self.mel.hop)
        return (self.mel.bands, hops + 1), (hops * self.mel.hop,)

    @property
    def content_losses(self) -> list[ContentLoss]:
        """Those of a weight above 0."""
        windows = tuple(sorted({self.mel.window // 2, self.mel.window, 2 * self.mel.window}))
        both = (
            MelLoss(self.content.mel.weight, self.front),
            MultiResolutionSTFT(self.content.stft.weight, windows),
        )
        return [term for term in both if term.weight]

    @property
    def timeline(self) -> Timeline:
        """What is put into batches by the samples seen: also when the adversary begins."""
        return {**super().timeline, "adversarial": after(self.pretraining.samples)}

    @property
    def objective(self) -> str:
        """The loss, or regression where it is all."""
        return "regression" if self.pretraining.samples is None else super().objective

    @property
    def bibtex(self) -> list[str]:
        """Of the adversary and the content losses."""
        return [*super().bibtex, *(term.paper for term in self.content_losses)]
