"""Models that are fitted to the data at once: a run without steps, beside those that are trained."""

from abc import ABC
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import Field
from torch import Tensor

from saddlepoint.components.registries import METHOD_REGISTRY
from saddlepoint.components.settings import Choice
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batch, Game
from saddlepoint.data.dataset import Dataset
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.model import Model
from saddlepoint.tasks.probe import Probe
from saddlepoint.tasks.setup import Setup
from saddlepoint.training import Budget

M = TypeVar("M", bound=Model)
#: Settings that have to do with steps.
OF_STEPS = (
    *("method", "average", "schedules", "batch_size", "accumulate", "precision", "channels_last", "engine"),
    *("plan", "until", "every", "start", "on_trouble"),
)


class FittedConfig(Config, ABC):
    """A model that is fitted at once: no player moves, so nothing that has to do with steps can be set."""

    fixed: ClassVar[tuple[str, ...]] = (*Config.fixed, *OF_STEPS, "budget")

    game: Literal["fitted"] = "fitted"
    method: Annotated[Choice, METHOD_REGISTRY] = Field(default={"name": "simultaneous"})
    """A run needs one; that of a fitted model has no player for it to move."""
    budget: Budget = Budget()
    """None: there are no steps."""

    def on_budget(self, budget: Budget) -> Self:
        """Refuse: nothing is to be spent. Raises ConfigurationError."""
        given = ", ".join(key for key, value in budget.model_dump().items() if value is not None)
        raise ConfigurationError(f"{self.recipe} is fitted at once: it takes no {given or 'budget'}, leave it out")


class NoBatches:
    """A source of batches for a game without players."""

    def __call__(self, position: int) -> Batch:  # noqa: ARG002
        """An empty batch."""
        return Batch(None)

    def part(self, *_: Any, **__: Any) -> "NoBatches":
        """Itself: no part of nothing is less."""
        return self


def fitted(data: Dataset, model: M, probe: Probe[M]) -> Setup[M]:
    """The setup of a model that was fitted already: a game without players, that ends before its first step."""
    return Setup(data, {}, _no_losses, NoBatches(), model, probe, game=Game({}, _no_losses, {}))


def _no_losses(*_: Any) -> dict[str, Tensor]:
    return {}
