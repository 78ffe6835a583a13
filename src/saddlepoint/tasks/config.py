"""The whole, typed configuration of a run: what all tasks share. Each task adds its data and its components."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from saddlepoint.components.registries import METHOD_REGISTRY, REGULARISER_REGISTRY
from saddlepoint.components.regularisers import REGULARISERS
from saddlepoint.components.settings import AdversarySettings, Choice, Player
from saddlepoint.configuration import ConfigurationError, Settings, assign_values
from saddlepoint.data.scheduled import Timeline
from saddlepoint.disk import without_links
from saddlepoint.training import Budget, Intervals, Length, Plan, Schedules, Start, Until, scaled

#: What happens where a game is not sound.
OnTrouble = Literal["ignore", "warn", "stop", "rollback", "adapt"]
#: Of the layout of config.yaml; a run folder of another one is refused.
SCHEMA = 2
#: Short keys that stand for longer ones, in configurations with an adversary.
SHORT: dict[str, tuple[str, ...]] = {
    "optimizer": ("discriminator.optimizer", "generator.optimizer"),
    "loss": ("adversary.loss",),
    "penalties": ("adversary.penalties",),
    "regularisers": ("adversary.regularisers",),
    "lr": ("discriminator.optimizer.lr", "generator.optimizer.lr"),
}


def _black_below_white(ends: tuple[float, float]) -> tuple[float, float]:
    if not ends[0] < ends[1]:
        raise ValueError("give black first, and white above it: --set data.range=0,4095")
    return ends


#: Values that are black and white.
Ends = Annotated[tuple[float, float], AfterValidator(_black_below_white)]


class DataSettings(Settings, ABC):
    """Which data a run learns from."""

    given: str | None = None
    """Kind and fingerprint of data that a Python caller gave; none where the other settings say what is read."""

    @abstractmethod
    def with_source(self, data: str) -> Self:
        """Other data, as the command line names them. Raises ConfigurationError where there are none."""


class PathSettings(DataSettings):
    """A file or folder of the user's; each task says what is in it."""

    path: str | None = None
    """The file or folder; --data."""

    def with_source(self, data: str) -> Self:
        """Another file or folder."""
        return self.read({**self.model_dump(), "path": str(without_links(Path(data).expanduser())), "given": None})


class Average(Settings):
    """The exponential average of the parameters, which the run hands over.

    With a warm-up of w the half-life grows with the samples seen, min(half_life, w · samples): an average that
    remembers the beginning is of no use early on.
    """

    half_life: Annotated[float, Length()] = Field(gt=0)
    """In samples."""
    warm_up: float | None = Field(default=None, gt=0)
    """The half-life is at most this share of the samples seen; none leaves it."""


class Config(Settings, ABC):
    """One run, complete: `config.yaml` is this. A task's subclass adds its data and its components."""

    #: What the recipe says, and nobody else.
    fixed: ClassVar[tuple[str, ...]] = ("schema_version", "task", "game", "recipe")
    #: The command that uses what is handed over; {} is the run's folder.
    usage: ClassVar[str] = "saddle sample {} -n 64 --seed 7 --out grid.png"

    schema_version: Literal[2] = 2
    """Of the layout of this file."""
    task: str
    """The kind of data: a folder of `saddlepoint.tasks`."""
    game: str
    """`adversarial`, or `autoencoder` for a baseline."""
    recipe: str
    """The recipe that the settings began with."""
    seed: int = Field(default=0, ge=0)
    """Seed of everything random."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 …"""
    threads: int | None = Field(default=None, ge=1)
    """Threads on the CPU; none is torch's own choice. Results are equal to the last bit for the same number only."""
    engine: Literal["eager", "compiled", "auto"] = "eager"
    """What plays the steps: `eager` is torch as it is, `compiled` a whole step as one graph that is compiled first, in
    half a minute or more, and refuses what can't be, `auto` begins eagerly and changes over where that pays."""
    data: DataSettings
    """What the run learns from."""
    method: Annotated[Choice, METHOD_REGISTRY]
    """The iteration: a name of `saddle list methods`."""
    average: Average | None = None
    """The average of the parameters that is handed over; none hands over the trained ones."""
    schedules: Schedules = Schedules()
    """What changes of all optimizers with the samples seen."""
    batch_size: int = Field(default=64, ge=1)
    """Samples a batch."""
    accumulate: int = Field(default=1, ge=1)
    """Parts of a batch that are evaluated one after another, so that memory holds one part's graph only."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the networks' layers; parameters, losses and penalties are float32 in any case."""
    channels_last: bool = False
    """Convolutions with channels innermost, which tensor cores want."""
    budget: Budget
    """When the run ends."""
    plan: Plan = Plan()
    """What the lengths of stages, schedules, the average and intervals are stated for."""
    until: Until | None = None
    """End the run once it has converged."""
    every: Intervals = Intervals()
    """Samples between records, pictures and checkpoints."""
    start: Start | None = None
    """Another run whose players this one begins with: its folder, --from; none draws them anew."""
    on_trouble: OnTrouble = "warn"
    """What happens where the game is not sound, as every record is examined: `ignore` goes on, `warn` says so and ends
    the run where it diverges, `stop` ends it in any case, `rollback` goes back to the last sound checkpoint with other
    settings, `adapt` changes them where it is. Which ones is tried on the same batches before."""

    @model_validator(mode="after")
    def _parts(self) -> Self:
        if self.packing < 1:
            raise ValueError(
                f"packing is {self.packing}: give the number of samples that are judged as one, at least 1"
            )
        whole = self.accumulate * self.packing
        if self.batch_size % whole:
            raise ValueError(
                f"batches of {self.batch_size} don't come in accumulate={self.accumulate} equal parts"
                f"{f' of whole packs of {self.packing}' if self.packing > 1 else ''}: "
                f"give --batch-size {-(-self.batch_size // whole) * whole}"
            )
        return self

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.until is not None and self.budget == Budget():
            raise ValueError("a run until convergence needs a hard limit too: give samples, minutes or evaluations")
        if self.until is not None and self.until.watch == "average" and self.average is None:
            raise ValueError("until.watch=average needs an average: --set average.half_life=10000")
        return self

    @property
    def by_model(self) -> Mapping[str, str]:
        """Recipes that `--model WORD` takes in the place of this one, by word."""
        return {}

    @property
    def players(self) -> Mapping[str, Player]:
        """All that have an optimizer, by role, in the order of the settings."""
        return {name: value for name in type(self).model_fields if isinstance(value := getattr(self, name), Player)}

    @property
    def latent_size(self) -> int:
        """Of the generator's input; 0 where it has none."""
        latent = getattr(self, "latent", None)
        return 0 if latent is None else int(latent.size)

    @property
    def packing(self) -> int:
        """Samples that a discriminator judges as one."""
        return 1

    @property
    @abstractmethod
    def objective(self) -> str:
        """What is minimised, in a word or two."""

    @property
    @abstractmethod
    def bibtex(self) -> list[str]:
        """BibTeX of what is minimised."""

    @property
    def only_reading(self) -> str | None:
        """Why the data are to be read by nothing but the training, a sentence; None where they may be."""
        return None

    def with_data(self, data: str) -> Self:
        """The same run on other data, as the command line names them. Raises ConfigurationError as `with_source`."""
        return self.read({**self.model_dump(), "data": self.data.with_source(data).model_dump()})

    @property
    def length(self) -> int | None:
        """Samples that the lengths of stages, schedules, the average and intervals are stated for."""
        return self.plan.samples or self.budget.samples

    def on_budget(self, budget: Budget) -> Self:
        """The same run on another budget, nothing scaled yet: its lengths are still stated for what they were."""
        plan = self.plan.model_copy(update={"samples": self.length, "minutes": None, "epochs": None})
        return self.model_copy(update={"budget": budget, "plan": plan})

    def planned(self, samples: int | None) -> Self:
        """All lengths in proportion for a run of so many samples, unless the plan is to keep them.

        A length that was given stays as it is, and so does everything where the samples or the length are not known.
        """
        if samples is None or self.length is None or self.plan.keep:
            return self.model_copy(update={"plan": self.plan.model_copy(update={"samples": self.length})})
        found = scaled(self, Fraction(samples, self.length), self.plan.given)
        every = found.every.apart(self.every, self.batch_size, self.plan.given)
        plan = self.plan.model_copy(update={"samples": samples})
        return found.model_copy(update={"plan": plan, "every": every})

    def continuing(self, before: "Config") -> Self:
        """This run as it goes on from an earlier session: by the plan that it began with, to the budget it has now."""
        plan, budget, start = before.plan, self.budget, self.start
        if budget.samples is None and plan.samples is not None:
            for asked, then in ((budget.minutes, plan.minutes), (budget.epochs, plan.epochs)):
                if asked is not None and then is not None:
                    budget = Budget(samples=round(plan.samples * asked / then))
        if start is not None and before.start is not None and start.samples is None and start.run == before.start.run:
            start = before.start  # the other run may be gone
        own = self
        if self.plan.auto_rates and plan.auto_rates:  # found once, as the run began
            rates = {f"{role}.optimizer.lr": player.optimizer["lr"] for role, player in before.players.items()}
            own = assign_values(self, rates)
        return own.planned(before.length).model_copy(update={"plan": plan, "budget": budget, "start": start})

    def begins_as(self, before: "Config") -> bool:
        """Whether a run that began as the other is the one that is asked for: in its length, and in all else."""
        own, plan = self.budget, before.plan
        lengths = (
            (own.samples, before.length),
            (own.minutes, plan.minutes),
            (own.epochs, plan.epochs),
            (own.evaluations, before.budget.evaluations),
        )
        asked, then = next((pair for pair in lengths if pair[0] is not None), (None, None))
        as_long = self.plan.keep or self.length is None or asked == then
        return as_long and self.continuing(before).same_run(before)

    def same_run(self, other: "Config") -> bool:
        """Whether the other is this run: all that decides its numbers is equal; budget and device may differ."""
        return not self.differences(other)

    def differences(self, other: "Config") -> list[str]:
        """`key: here / there` for what decides the numbers and differs."""
        mine, theirs = flat(self.plain()), flat(other.plain())
        keys = [k for k in {**mine, **theirs} if not k.startswith(("budget.", "plan.", "device", "on_trouble"))]
        return [f"{k}: {mine.get(k)} here, {theirs.get(k)} there" for k in keys if mine.get(k) != theirs.get(k)]


class AdversarialConfig(Config):
    """A generator against a discriminator."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = SHORT
    #: What the task has that regularisers may need: `latent`, or `pairs` of a generated sample and its real one.
    has: ClassVar[frozenset[str]] = frozenset({"latent"})

    game: Literal["adversarial"] = "adversarial"
    generator: Player
    """The network that makes samples."""
    discriminator: Player
    """The network that tells generated samples from real ones."""
    adversary: AdversarySettings
    """The adversarial loss, and what is added to it."""

    @model_validator(mode="after")
    def _whole_batches(self) -> Self:
        if self.accumulate > 1 and (batchwise := self.adversary.batchwise):
            raise ValueError(
                f"{' and '.join(batchwise)} look at a batch as a whole, which accumulate={self.accumulate} parts "
                f"change: give accumulate=1, or leave them out"
            )
        return self

    @model_validator(mode="after")
    def _regularisers_fit(self) -> Self:
        for name, spec in self.adversary.regularisers.items():
            if missing := REGULARISER_REGISTRY.build({"name": name, **spec}).needs - self.has:
                fit = [key for key, kind in REGULARISERS.items() if kind.needs <= self.has]
                raise ValueError(
                    f"the regulariser {name} needs {' and '.join(sorted(missing))}, and {self.task} have none: "
                    f"give one of {', '.join(fit)}"
                )
        return self

    @property
    def packing(self) -> int:
        """Samples that the discriminator judges as one."""
        return int(self.discriminator.network.get("packing", 1))

    @property
    def timeline(self) -> Timeline:
        """What is put into batches by the samples seen."""
        schedule = self.adversary.penalty_schedule
        return {} if schedule is None else {"penalty": schedule.at}

    @property
    def objective(self) -> str:
        """The loss."""
        return str(self.adversary.loss["name"])

    @property
    def bibtex(self) -> list[str]:
        """Of the loss, the penalties and the regularisers."""
        return self.adversary.bibtex


def check_version(data: Mapping[str, Any], source: str) -> None:
    """Raise ConfigurationError where another version of this package wrote a configuration."""
    if data.get("schema_version") != SCHEMA:
        raise ConfigurationError(
            f"{source} was written by another version of Saddlepoint (schema_version "
            f"{data.get('schema_version', 'missing')}, expected {SCHEMA}): train the recipe again"
        )


def flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by their keys with dots."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found
