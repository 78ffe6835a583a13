"""The whole, typed configuration of a run: what all tasks share. Each task adds its data in a module of its own."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from saddlepoint.configuration import NamedChoices, Settings
from saddlepoint.data.collection import OnRead
from saddlepoint.data.stream import Distribution
from saddlepoint.components.analytic import BOTH_OPTIMIZERS
from saddlepoint.components.registries import (
    LOSS_REGISTRY,
    METHOD_REGISTRY,
    NETWORK_REGISTRY,
    OPTIMIZER_REGISTRY,
    PENALTY_REGISTRY,
    REGULARISER_REGISTRY,
)
from saddlepoint.training import Budget, Intervals, Schedules, Until

if TYPE_CHECKING:
    from saddlepoint.recipes.building import Assembled, Data

Choice = dict[str, Any]


class DataSettings(Settings, ABC):
    """Which data a run learns from."""

    @abstractmethod
    def with_source(self, data: str) -> Self:
        """Other data, as the command line names them. Raises ConfigurationError where there are none."""


class PathSettings(DataSettings):
    """A file or folder of the user's; each task says what is in it."""

    path: str | None = None

    def with_source(self, data: str) -> Self:
        """Another file or folder."""
        return self.read({**self.model_dump(), "path": str(Path(data).expanduser().resolve())})


class LatentSettings(Settings):
    """The generator's input."""

    size: int = Field(default=64, ge=1)
    distribution: Distribution = "normal"


class Player(Settings):
    """A network and the optimizer that moves it; `clip` projects its parameters on [−clip, clip] after each move."""

    network: Annotated[Choice, NETWORK_REGISTRY]
    optimizer: Annotated[Choice, OPTIMIZER_REGISTRY]
    clip: float | None = Field(default=None, gt=0)


class Average(Settings):
    """The exponential average of the parameters that the run hands over; half-life in samples.

    A warm-up of w lets the half-life grow with the samples seen, min(half_life, w · samples), as an average that
    remembers the beginning is of no use early on.
    """

    half_life: float = Field(gt=0)
    warm_up: float | None = Field(default=None, gt=0)


class Config(Settings):
    """One run, complete: `config.yaml` is this. A task's subclass adds its data, and builds its game."""

    #: The command that uses what is handed over; {} is the run's folder.
    usage: ClassVar[str] = "saddle sample {} -n 64 --seed 7 --out grid.png"

    recipe: str
    seed: int = Field(default=0, ge=0)
    device: str = "auto"
    #: Threads on the CPU; None is torch's own choice. Small networks are fastest on one, and results are the same
    #: to the last bit only for the same number.
    threads: int | None = Field(default=None, ge=1)
    #: Compile the field once, in a minute or two; pays for long runs.
    compiled: bool = False
    data: DataSettings
    latent: LatentSettings = LatentSettings()
    generator: Player
    method: Annotated[Choice, METHOD_REGISTRY]
    average: Average | None = None
    schedules: Schedules = Schedules()
    batch_size: int = Field(default=64, ge=1)
    #: Parts of a batch that are evaluated one after another, so that memory need hold one part's graph only.
    accumulate: int = Field(default=1, ge=1)
    #: Of the networks' layers; parameters, losses and penalties are float32 in any case.
    precision: Literal["float32", "bfloat16"] = "float32"
    #: Convolutions with channels innermost, which tensor cores want.
    channels_last: bool = False
    budget: Budget
    until: Until | None = None
    every: Intervals = Intervals()
    epoch_lines: bool = False

    @model_validator(mode="after")
    def _parts(self) -> "Config":
        whole = self.accumulate * self.packing
        if self.batch_size % whole:
            raise ValueError(
                f"batches of {self.batch_size} don't come in accumulate={self.accumulate} equal parts"
                f"{f' of whole packs of {self.packing}' if self.packing > 1 else ''}: "
                f"give --batch-size {-(-self.batch_size // whole) * whole}"
            )
        return self

    @model_validator(mode="after")
    def _ends(self) -> "Config":
        if self.until is not None and self.budget == Budget():
            raise ValueError("a run until convergence needs a hard limit too: give samples, minutes or evaluations")
        if self.until is not None and self.until.watch == "average" and self.average is None:
            raise ValueError("until.watch=average needs an average: --set average.half_life=10000")
        return self

    @property
    @abstractmethod
    def players(self) -> Mapping[str, Player]:
        """All that have an optimizer, by name."""

    @property
    @abstractmethod
    def networks(self) -> Mapping[str, Choice]:
        """All networks, by role."""

    @property
    def class_conditional(self) -> Collection[str]:
        """Roles of the networks that are given classes, where there are any."""
        return self.networks

    @property
    @abstractmethod
    def packing(self) -> int:
        """Samples that are judged as one."""

    @property
    @abstractmethod
    def objective(self) -> str:
        """What is minimised, in a word or two."""

    @property
    @abstractmethod
    def bibtex(self) -> list[str]:
        """BibTeX of what is minimised."""

    @abstractmethod
    def load(self, reading: OnRead | None = None) -> "Data":
        """Read the data. Raises ValueError where they are not there, or damaged."""

    def stand_in(self) -> tuple[tuple[int, ...], int] | None:
        """Shape of a sample and number of classes made on demand, where settings tell; None where only the data do."""
        return None

    @abstractmethod
    def build(self, data: Any) -> "Assembled":
        """The game on what `load` gave, ready to be trained. Raises ConfigurationError where things do not fit."""

    def with_data(self, data: str) -> Self:
        """The same on other data, as the command line names them. Raises ConfigurationError as `with_source` does."""
        return self.read({**self.model_dump(), "data": self.data.with_source(data).model_dump()})

    def same_run(self, other: "Config") -> bool:
        """Whether the other is this run: all that decides its numbers is equal; budget and device may differ."""
        return not self.differences(other)

    def differences(self, other: "Config") -> list[str]:
        """`key: here / there` for what decides the numbers and differs."""
        mine, theirs = _flat(self.plain()), _flat(other.plain())
        keys = [k for k in {**mine, **theirs} if not k.startswith(("budget.", "device"))]
        return [f"{k}: {mine.get(k)} here, {theirs.get(k)} there" for k in keys if mine.get(k) != theirs.get(k)]


class AdversarialConfig(Config):
    """A run of a generator against a discriminator."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = BOTH_OPTIMIZERS

    discriminator: Player
    loss: Annotated[Choice, LOSS_REGISTRY]
    penalties: Annotated[dict[str, Choice], NamedChoices(PENALTY_REGISTRY)] = Field(default_factory=dict)
    #: Added to the generator's loss, as penalties are to the discriminator's.
    regularisers: Annotated[dict[str, Choice], NamedChoices(REGULARISER_REGISTRY)] = Field(default_factory=dict)
    #: Weight of an auxiliary classifier in both players' losses (AC-GAN), which the discriminator gets where this is
    #: above 0; classes are conditioned on by projection otherwise.
    auxiliary: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _classifies(self) -> "AdversarialConfig":
        network = self.discriminator.network
        if self.auxiliary and "auxiliary" not in network:
            raise ValueError(f"{network['name']} has no auxiliary classifier: --set auxiliary=0")
        if network.get("auxiliary") and not self.auxiliary:
            raise ValueError("the discriminator's auxiliary classifier would learn nothing: --set auxiliary=1")
        return self

    @property
    def packing(self) -> int:
        """Samples that the discriminator judges as one."""
        return int(self.discriminator.network.get("packing", 1))

    @property
    def networks(self) -> Mapping[str, Choice]:
        """Both, the discriminator with its classifier where it has one."""
        own = self.discriminator.network
        return {
            "generator": self.generator.network,
            "discriminator": {**own, "auxiliary": True} if self.auxiliary else own,
        }

    @property
    def players(self) -> Mapping[str, Player]:
        """Both."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    @property
    def objective(self) -> str:
        """The loss."""
        return str(self.loss["name"])

    @property
    def bibtex(self) -> list[str]:
        """Of the loss, the penalties and the regularisers."""
        penalties = (PENALTY_REGISTRY.build({"name": name, **spec}) for name, spec in self.penalties.items())
        regularisers = (REGULARISER_REGISTRY.build({"name": name, **spec}) for name, spec in self.regularisers.items())
        return [LOSS_REGISTRY.build(self.loss).paper, *(p.paper for p in penalties), *(r.paper for r in regularisers)]


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
