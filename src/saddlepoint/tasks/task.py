"""What a kind of data is to all other rooms: a task reads data, builds a game of them, and measures what came of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import Field

from saddlepoint.components.networks import Networks
from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.data.dataset import Dataset, OnProgress, quiet
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.model import Model
from saddlepoint.tasks.setup import Setup

C = TypeVar("C", bound=Config)
D = TypeVar("D", bound=Dataset)
M = TypeVar("M", bound=Model)
#: What fits data at once, without a game: from the configuration and the data to a model.
Fit = Callable[[Any, Any], Model]
#: Weights that a run can be measured with: the average that it hands over, and the trained ones.
WEIGHTS = ("average", "live")


class EvaluationOptions(Settings):
    """What a user may say of an evaluation; a task's subclass adds its own."""

    samples: int | None = Field(default=None, ge=50)
    """Samples that are drawn of each model; None is the task's own number."""
    seed: int = Field(default=0, ge=0)
    """Seed of latents, of the order of the real data, and of subsets."""
    weights: tuple[str, ...] | None = None
    """Which weights are measured: `average`, those handed over, or `live`; None is the task's own choice."""
    resample: int | None = Field(default=None, ge=2)
    """Measure also what the run's judge chooses among so many candidates; `saddle judge RUN` makes one."""
    reject: bool = False
    """Measure also what the run's judge takes by rejection."""
    device: str = "auto"
    """Where feature extractors work: auto, cpu, cuda …"""


@dataclass(frozen=True)
class Subject(Generic[C, D, M]):
    """What an evaluation is given.

    Attributes:
        config: of the run; None where a generator came alone and no configuration could be made for it.
        models: by weights (`average`, `live`, `delivered`), or by entry of a comparison; none saw `held_out`.
        stages: what earlier stages of the run ended with, by their names.
        data: that they were trained on, or that stand in their place.
        held_out: reads the data that judge and were not trained on; None where there are none.
        pictures: whether pictures are wanted, which take longer.
        other: whether the data are others than they were trained on.
        seconds: that their training took, where that is known.
    """

    config: C | None
    models: Mapping[str, M]
    stages: Mapping[str, M]
    data: D
    held_out: Callable[[], D | None]
    pictures: bool = False
    other: bool = False
    seconds: float | None = None


class Task(ABC, Generic[C, D, M]):
    """One kind of data. Stateless: one instance a kind, `TASK` of its folder.

    Attributes:
        name: of its folder; `task:` in a configuration.
        configs: its configurations by `game:`, as `adversarial` or `autoencoder`.
        models: kinds of what is handed over, found by their `kind` when one is loaded.
        recipes: complete configurations by name.
        Options: of `evaluate`.
        weights: which weights are measured where the user does not say.
    """

    name: ClassVar[str]
    configs: ClassVar[Mapping[str, type[Config]]]
    models: ClassVar[Sequence[type[Model]]]
    recipes: ClassVar[Mapping[str, Callable[[], Config]]]
    Options: ClassVar[type[EvaluationOptions]] = EvaluationOptions
    weights: ClassVar[tuple[str, ...]] = WEIGHTS

    @abstractmethod
    def read(self, config: C, progress: OnProgress = quiet) -> D:
        """The training data that the settings name.

        Raises:
            DataError: they are not there, or damaged.
            ConfigurationError: none are named.
        """

    def held_out(self, config: C, data: D, progress: OnProgress = quiet) -> D | None:  # noqa: ARG002
        """The data that judge and are not trained on; None where there are none. Read only when asked for."""
        return None

    def adopt(self, config: C, given: object) -> D:  # noqa: ARG002
        """Data that a Python caller gives, as the task's own.

        Raises:
            ConfigurationError: they are of no kind that the task takes; says which it takes.
        """
        raise ConfigurationError(f"{self.name} take no {type(given).__name__}: give a path with data=")

    def stand_in(self, config: C) -> D | None:  # noqa: ARG002
        """Blank data of the shape that settings alone tell, so that costs can be counted without the data."""
        return None

    @abstractmethod
    def build(self, config: C, data: D, make: Networks) -> Setup[M]:
        """Players, losses, batches, model and probe. Raises ConfigurationError where things do not fit."""

    @abstractmethod
    def evaluate(self, subject: Subject[C, D, M], options: Any, progress: OnProgress = quiet) -> Evaluation:
        """Every measure of every model, floors and references without a network beside them, each with its protocol.

        Raises:
            ConfigurationError: something was asked for that can't be measured here.
        """

    def baselines(self, config: C) -> Mapping[str, "Config | Fit"]:  # noqa: ARG002
        """What `compare --baselines` sets beside a game: configurations to train, or functions that fit data."""
        return {}

    def config_for(self, model: M, data: str) -> C:  # noqa: ARG002
        """The configuration for a generator that came alone, and for data that are given beside it.

        Raises:
            ConfigurationError: a generator alone does not tell enough.
        """
        raise ConfigurationError("a generator alone does not say what it was trained on: give the run folder")
