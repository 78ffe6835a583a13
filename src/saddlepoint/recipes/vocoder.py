"""Sounds from their spectrograms: the configuration of a vocoder, and its recipe."""

from dataclasses import asdict, replace
from typing import Self

import torch
from pydantic import Field, model_validator
from torch import nn

from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.data.collection import OnRead
from saddlepoint.data.images import DataError, Split
from saddlepoint.data.recordings import CropStream, Recordings, recordings
from saddlepoint.networks import Costs, costs
from saddlepoint.recipes.building import (
    Assembled,
    game_of,
    iteration,
    model_card,
    network,
    penalties_of,
    pick_device,
)
from saddlepoint.recipes.configuration import AdversarialConfig, Average, PathSettings, Player
from saddlepoint.components.registries import LOSS_REGISTRY
from saddlepoint.signals import MelFrontEnd
from saddlepoint.tasks.translating import TranslationLosses
from saddlepoint.tasks.vocoder import MelLoss, MultiResolutionSTFT, Refined, Vocoder, VocoderTask
from saddlepoint.training import Budget, Intervals, Schedule, Schedules, Stage, schedules


class RecordingFolder(PathSettings):
    """Where the recordings come from, and what a batch shows of them.

    Attributes:
        path: a folder.
        rate: samples a second, to which all are resampled.
        crop: samples of a crop, rounded up to whole hops.
        quieter: decibels by which a crop is quieter than its recording at full level, at most.
        test: regular expression of the paths, without endings, of those not to train on: a speaker, say.
        held_out: share not to train on, where nothing else says which.
    """

    rate: int = Field(default=8000, ge=1000, le=192_000)
    crop: int = Field(default=2048, ge=64)
    quieter: float = Field(default=24.0, ge=0, le=60)
    test: str | None = None
    held_out: float = Field(default=0.1, ge=0, lt=1)

    def load(self, reading: OnRead | None = None) -> Recordings:
        """Read them, with those that are held out where there are such."""
        if self.path is None:
            raise ConfigurationError("this recipe needs recordings of yours: give their folder with --data FOLDER")
        train = self._split("train", reading)
        try:
            held_out = self._split("test", None)
        except DataError:
            if self.test is not None:
                raise
            held_out = None
        return replace(train, held_out=held_out)

    def _split(self, split: Split, reading: OnRead | None) -> Recordings:
        assert self.path is not None
        return recordings(self.path, self.rate, test=self.test, held_out=self.held_out, split=split, progress=reading)


class MelSettings(Settings):
    """How sounds are heard: window and hop in samples, bands of the mel scale."""

    window: int = Field(default=256, ge=16)
    hop: int = Field(default=64, ge=2)
    bands: int = Field(default=40, ge=4)


class Refinement(Settings):
    """Steps by which waves are brought nearer to their spectrogram, see `MelFrontEnd.refined`.

    Attributes:
        training: of what losses and the discriminator hear, without momentum.
        steps: of what is handed over; 0 hands over what the network makes.
        momentum: of those.
    """

    training: int = Field(default=2, ge=0)
    steps: int = Field(default=48, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)


class VocoderConfig(AdversarialConfig):
    """A run that makes waves of spectrograms, first without an adversary where that is asked for, then with one.

    Attributes:
        data: which recordings.
        mel: how they are heard.
        refinement: how waves are brought nearer to what was heard.
        regression: samples of the first stage, in which the discriminator rests; what it ends with is kept.
        likeness: weight of the distance of log-mels in the generator's loss.
        spectra: weight of the distance of spectra of several windows.
        adversarial: weight of the adversary's term.
        matching: weight of the distance between the discriminator's layers.
    """

    usage = "saddle vocode {} IN… --out DIR"

    data: RecordingFolder = RecordingFolder()
    mel: MelSettings = MelSettings()
    refinement: Refinement = Refinement()
    regression: int = Field(default=0, ge=0)
    likeness: float = Field(default=5.0, ge=0)
    spectra: float = Field(default=5.0, ge=0)
    adversarial: float = Field(default=1.0, ge=0)
    matching: float = Field(default=4.0, ge=0)

    @model_validator(mode="after")
    def _makes_waves_of_spectrograms(self) -> Self:
        if self.regularisers or self.auxiliary:
            raise ValueError(
                "waves are made of spectrograms here, of neither latents nor classes: leave regularisers and auxiliary "
                "out (feature matching is --set matching=4)"
            )
        if self.schedules.augmentation is not None:
            raise ValueError("the discriminator hears waves as they are: --set schedules.augmentation=none")
        if self.regression and not (self.likeness or self.spectra):
            raise ValueError(
                "a first stage without an adversary needs something to be like: --set likeness=5, or --set regression=0"
            )
        self.front  # noqa: B018, raises where the numbers don't fit each other
        return self

    @property
    def front(self) -> MelFrontEnd:
        """How sounds are heard."""
        return MelFrontEnd(self.data.rate, self.mel.window, self.mel.hop, self.mel.bands)

    @property
    def bibtex(self) -> list[str]:
        """Of the loss, the penalties and the content losses."""
        return [*super().bibtex, *(term.paper for term in self._content())]

    def load(self, reading: OnRead | None = None) -> Recordings:
        """Read the recordings, with those that are held out."""
        return self.data.load(reading)

    def build(self, data: Recordings) -> Assembled:
        """The game of a vocoder and a discriminator of waves."""
        device, front = pick_device(self.device), self.front
        source, shape = self._shapes
        made, discriminator = (player.to(device) for player in self._players())
        try:
            trained = Vocoder(
                made,
                self.generator.network,
                shape,
                source,
                asdict(front),
                self.refinement.steps,
                self.refinement.momentum,
            )
        except ValueError as error:
            raise ConfigurationError(f"generator: {error}") from error
        players = {"generator": Refined(made, front, self.refinement.training), "discriminator": discriminator}
        losses = TranslationLosses(
            LOSS_REGISTRY.build(self.loss),
            penalties_of(self, -1.0, 1.0),
            self._content(),
            conditional=False,
            adversarial=self.adversarial,
            matching=self.matching,
        )
        losses.keep_memories_in(players)
        game = game_of(self, players, losses)
        stream = CropStream(
            data,
            shape[0],
            front.hop,
            front.margin,
            front.mel,
            self.batch_size,
            self.seed,
            self.data.quieter,
            device,
            adversarial=(lambda seen: float(seen >= self.regression)) if self.regression else None,
            penalty=schedules.of(self.schedules.penalty),
        )
        card = {**model_card(self, data), "regression": f"{self.regression:,} samples"}
        task = VocoderTask(game, trained, stream, data.held_out or data, card)
        stages = (Stage(self.regression, task.keep_regression, "the adversary"),) if self.regression else ()
        return Assembled(self, data, game, iteration(self), stream, task, stages)

    def costs(self) -> dict[str, Costs]:
        """What its networks cost for a crop, by role."""
        source, shape = self._shapes
        made, discriminator = self._players()
        return {
            "generator": costs(made, torch.zeros(1, *source)),
            "discriminator": costs(discriminator, torch.zeros(1, *shape)),
        }

    # --- parts ------------------------------------------------------------------------------------------

    @property
    def _shapes(self) -> tuple[tuple[int, int], tuple[int]]:
        """(bands, frames) and (samples,) of a crop."""
        hops = -(-self.data.crop // self.mel.hop)
        return (self.mel.bands, hops + 1), (hops * self.mel.hop,)

    def _players(self) -> tuple[nn.Module, nn.Module]:
        source, shape = self._shapes
        return (
            network(self, "generator", self.generator.network, source=source, shape=shape, classes=0),
            network(self, "discriminator", self.discriminator.network, shape=shape, classes=0),
        )

    def _content(self) -> list[MelLoss | MultiResolutionSTFT]:
        """Those that count."""
        windows = tuple(sorted({self.mel.window // 2, self.mel.window, 2 * self.mel.window}))
        found: list[MelLoss | MultiResolutionSTFT] = []
        if self.likeness:
            found.append(MelLoss(self.likeness, self.front))
        if self.spectra:
            found.append(MultiResolutionSTFT(self.spectra, windows))
        return found


def vocoder() -> VocoderConfig:
    """Speech made of its spectrograms, 8 kHz: --data FOLDER of recordings; three minutes on one core.

    A first stage by the distance of spectra alone, then an adversary. Name speakers to hold out with
    --set "data.test=_(lucas|theo)_".
    """
    return VocoderConfig(
        recipe="vocoder",
        threads=1,
        generator=Player(
            network={"name": "vocoder", "width": 128},
            optimizer={"name": "AdamW", "lr": 1e-3, "betas": (0.8, 0.99)},
        ),
        discriminator=Player(
            network={"name": "vocoder-discriminator", "width": 8},
            optimizer={"name": "AdamW", "lr": 1e-3, "betas": (0.8, 0.99)},
        ),
        loss={"name": "least-squares"},
        method={"name": "alternating"},
        average=Average(half_life=2_000, warm_up=0.05),
        schedules=Schedules(rate=Schedule(start=1.0, end=0.1, samples=18_000)),
        batch_size=16,
        regression=12_000,
        budget=Budget(samples=18_000),
        every=Intervals(record=1_000, snapshot=6_000, checkpoint=3_000),
    )
