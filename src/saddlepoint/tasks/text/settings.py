"""The configuration of a game of text."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from saddlepoint.components.settings import Latent, Pretraining, WeightedAdversary
from saddlepoint.configuration import Settings
from saddlepoint.data.scheduled import Timeline, after
from saddlepoint.tasks.config import SHORT, AdversarialConfig, PathSettings
from saddlepoint.tasks.text.data import TextLayout
from saddlepoint.tasks.text.vocabulary import Unit
from saddlepoint.training import Schedule


class TextFile(PathSettings):
    """Where the text comes from, and how it is read."""

    test: str | None = None
    """A file to hold out in place of a share."""
    text: str | None = None
    """The column of the texts, of a .csv, .tsv or .jsonl file."""
    label: str | None = None
    """The column of their classes; of lines `label TAB text` they are found by themselves."""
    unit: Unit = "characters"
    """What a token is."""
    layout: TextLayout | None = None
    """`lines`: a sentence a line; `paragraphs`: between empty lines; `windows`: of one text; none: the file's."""
    length: int | None = Field(default=None, ge=2)
    """Tokens of a sample; none takes the longest sentence up to 64, or windows of 64."""
    vocabulary: int = Field(default=10_000, ge=1)
    """Tokens at most; rarer ones are unknown."""
    least: int = Field(default=1, ge=1)
    """Occurrences of a token that is known."""
    encoding: str = "utf-8"
    """Of the file."""
    held_out: float = Field(default=0.1, ge=0, lt=1)
    """Share that is not trained on, so that it can judge the generator."""


class Likelihood(Settings):
    """The negative log-likelihood of the data, beside the adversary."""

    weight: float = Field(default=0.0, ge=0)
    """Its factor in the generator's loss; while the generator trains alone it is 1."""


class TextContent(Settings):
    """What the generator's loss has beside the adversary."""

    likelihood: Likelihood = Likelihood()
    """The negative log-likelihood of the data."""


class TextConfig(AdversarialConfig):
    """A generator of text: first by likelihood alone, then against a discriminator."""

    usage: ClassVar[str] = "saddle sample {} -n 20 --seed 7 --temperature 0.8"
    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        **SHORT,
        "likelihood": ("pretraining.samples",),
        "anchor": ("content.likelihood.weight",),
        "adversarial": ("adversary.weight",),
    }
    has: ClassVar[frozenset[str]] = frozenset()

    task: Literal["text"] = "text"
    data: TextFile = TextFile()
    """Which text."""
    conditional: bool = True
    """Write texts of a class on demand, where the texts have classes."""
    latent: Latent = Latent(size=1)
    """Numbers that the writer begins with."""
    pretraining: Pretraining = Pretraining(samples=0)
    """The first stage: likelihood alone, in which the discriminator rests; what it ends with is kept."""
    adversary: WeightedAdversary
    """The adversarial loss, and what is added to it."""
    content: TextContent = TextContent()
    """What the generator's loss has beside the adversary."""
    temperature: Schedule = Schedule(start=1.0, end=1.0, samples=1)
    """Of relaxed samples, by the samples seen."""

    @model_validator(mode="after")
    def _has_temperature(self) -> Self:
        if min(self.temperature.start, self.temperature.end) <= 0:
            raise ValueError("temperature.start and temperature.end have to be above 0")
        return self

    @property
    def timeline(self) -> Timeline:
        """What is put into batches by the samples seen: the temperature, and when the adversary begins."""
        return {
            **super().timeline,
            "temperature": self.temperature.at,
            "adversarial": after(self.pretraining.samples),
        }

    @property
    def objective(self) -> str:
        """The loss, or likelihood where it is all."""
        return "likelihood" if self.pretraining.samples is None else super().objective
