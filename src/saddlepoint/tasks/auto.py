"""A run that is told which model to take by the size of the data, or by a race."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from saddlepoint.components.registries import METHOD_REGISTRY
from saddlepoint.components.settings import Choice
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.fitted import OF_STEPS
from saddlepoint.tasks.model import Model
from saddlepoint.training import Budget


class AutoConfig(Config, ABC):
    """One of several configurations, which is not known before the data are."""

    fixed: ClassVar[tuple[str, ...]] = (*Config.fixed, *OF_STEPS)

    game: Literal["auto"] = "auto"
    method: Annotated[Choice, METHOD_REGISTRY] = Field(default={"name": "simultaneous"})
    """Of none: the chosen recipe has its own."""
    budget: Budget = Budget()
    """When the run of the chosen model ends; none is its recipe's."""
    race: float | None = Field(default=None, gt=0)
    """Minutes in which all models are trained, one after another, and the best is kept; none asks the sizes alone."""

    @property
    def objective(self) -> str:
        """What is chosen, it has."""
        return "the chosen model's"

    @property
    def bibtex(self) -> list[str]:
        """None of its own."""
        return []

    @abstractmethod
    def by_size(self, data: Any) -> tuple[Config, str]:
        """The configuration that the size of the data and the budget ask for, and why, in a sentence."""

    @abstractmethod
    def candidates(self) -> Mapping[str, Config]:
        """All that race, by name, each on its share of the minutes."""

    @abstractmethod
    def merits(self, models: Mapping[str, Model], data: Any) -> Mapping[str, Mapping[str, float]]:
        """How good trained models are on data that were held out, by name; `merit` decides, the greatest is the best.

        Raises:
            ConfigurationError: no data are held out.
        """
