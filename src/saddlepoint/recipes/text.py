"""Generation of text: its configuration, and the recipe."""

from typing import Any, Self

from pydantic import Field, model_validator

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.collection import OnRead
from saddlepoint.data.text import TextData, TextLayout, TextStream, Unit, read_text
from saddlepoint.networks import SequenceWriter
from saddlepoint.recipes.building import (
    Assembled,
    game_of,
    iteration,
    model_card,
    network,
    penalties_of,
    pick_device,
)
from saddlepoint.recipes.configuration import AdversarialConfig, Average, LatentSettings, PathSettings, Player
from saddlepoint.components.registries import LOSS_REGISTRY
from saddlepoint.tasks.text import TextGenerator, TextLosses, TextTask
from saddlepoint.tasks.trained import Latent
from saddlepoint.training import Budget, Intervals, Schedule, Stage, schedules


class TextFile(PathSettings):
    """Where the text comes from, and how it is to be read; see `data.text.read_text`.

    Attributes:
        path: a text file.
        test: a file to hold out in place of a share.
        unit: what a token is.
        layout: a sentence a line, or windows of one text.
        length: tokens of a sample; None takes the longest sentence up to 64, or windows of 64.
        vocabulary: tokens at most; rarer ones are unknown.
        least: occurrences of a token that is known.
        encoding: of the file.
        held_out: share that is not trained on, so that it can judge the generator.
    """

    test: str | None = None
    unit: Unit = "characters"
    layout: TextLayout = "lines"
    length: int | None = Field(default=None, ge=2)
    vocabulary: int = Field(default=10_000, ge=1)
    least: int = Field(default=1, ge=1)
    encoding: str = "utf-8"
    held_out: float = Field(default=0.1, ge=0, lt=1)

    def load(self) -> TextData:
        """The texts to train with, and those held out."""
        if self.path is None:
            raise ConfigurationError("this recipe needs a text of yours: give it with --data FILE")
        return read_text(
            self.path,
            self.unit,
            self.layout,
            length=self.length,
            most=self.vocabulary,
            least=self.least,
            encoding=self.encoding,
            held_out=self.held_out,
            test=self.test,
        )


class TextConfig(AdversarialConfig):
    """A run that generates text: first by likelihood alone, then with an adversary.

    Attributes:
        data: which text.
        likelihood: samples of the first stage, in which the discriminator rests; what it ends with is kept. None is the
            whole run: the baseline, of the same generator.
        anchor: weight of the likelihood beside the adversary's term.
        adversarial: weight of that.
        temperature: τ of relaxed samples, by the samples seen.
    """

    usage = "saddle sample {} -n 20 --seed 7 --temperature 0.8"

    data: TextFile = TextFile()
    likelihood: int | None = Field(default=0, ge=0)
    anchor: float = Field(default=0.0, ge=0)
    adversarial: float = Field(default=1.0, gt=0)
    temperature: Schedule = Schedule(start=1.0, end=1.0, samples=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.regularisers or self.auxiliary:
            raise ValueError("a text has neither latents nor classes: leave regularisers and auxiliary out")
        if self.schedules.augmentation is not None:
            raise ValueError("texts are not augmented: leave schedules.augmentation out")
        if min(self.temperature.start, self.temperature.end) <= 0:
            raise ValueError("temperature.start and temperature.end have to be above 0")
        return self

    @property
    def objective(self) -> str:
        """The loss, or likelihood where it is all."""
        return "likelihood" if self.likelihood is None else super().objective

    def load(self, reading: OnRead | None = None) -> TextData:  # noqa: ARG002
        """Read the text."""
        return self.data.load()

    def build(self, data: TextData) -> Assembled:
        """The game of a writer and a discriminator of sequences."""
        device = pick_device(self.device)
        players = {
            role: network(self, role, spec, shape=data.shape, classes=0).to(device)
            for role, spec in self.networks.items()
        }
        writer = players["generator"]
        if not isinstance(writer, SequenceWriter):
            raise ConfigurationError(
                f"generator: {self.generator.network['name']} writes no tokens: --set generator.network=sequence-writer"
            )
        losses = TextLosses(
            LOSS_REGISTRY.build(self.loss),
            penalties_of(self, 0.0, 1.0),
            adversarial=self.adversarial,
            likelihood=self.anchor,
        )
        losses.keep_memories_in(players)
        game = game_of(self, players, losses)
        stream = TextStream(
            data.tokens,
            data.vocabulary.size,
            self.batch_size,
            self.seed,
            self.latent.size,
            self.latent.distribution,
            device,
            alone=self.likelihood,
            temperature=self.temperature.at,
            penalty=schedules.of(self.schedules.penalty),
            packing=self.packing,
        )
        latent = Latent(self.latent.size, self.latent.distribution)
        plain: dict[str, Any] = data.vocabulary.plain()
        trained = TextGenerator(writer, self.generator.network, data.shape, latent, plain)
        task = TextTask(game, trained, stream, data, model_card(self, data))
        stages = (Stage(self.likelihood, task.keep_likelihood, "the adversary"),) if self.likelihood else ()
        return Assembled(self, data, game, iteration(self), stream, task, stages)


def text() -> TextConfig:
    """Sentences or one text of yours: --data FILE; two minutes on one core for names, ten for captions.

    Likelihood alone for three quarters of the samples, then an adversary beside the likelihood; --set likelihood=none
    leaves the adversary out.
    """
    return TextConfig(
        recipe="text",
        threads=1,
        latent=LatentSettings(size=1),
        generator=Player(
            network={"name": "sequence-writer"}, optimizer={"name": "Adam", "lr": 2e-3, "betas": (0.5, 0.99)}
        ),
        discriminator=Player(
            network={"name": "sequence-discriminator"}, optimizer={"name": "Adam", "lr": 1e-3, "betas": (0.0, 0.99)}
        ),
        loss={"name": "relativistic"},
        penalties={"r1": {"weight": 0.1}},
        method={"name": "alternating"},
        average=Average(half_life=20_000, warm_up=0.05),
        batch_size=64,
        likelihood=90_000,
        anchor=1.0,
        adversarial=1.0,
        temperature=Schedule(start=1.0, end=0.5, samples=120_000),
        budget=Budget(samples=120_000),
        every=Intervals(record=10_000, snapshot=20_000, checkpoint=20_000),
    )
