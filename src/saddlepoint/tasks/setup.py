"""What is played, looked at and handed over: all that a task says of one run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from torch import nn

from saddlepoint.core import Game
from saddlepoint.core.game import JointLoss
from saddlepoint.data.batches import BatchSource
from saddlepoint.data.dataset import Dataset
from saddlepoint.tasks.model import Model
from saddlepoint.tasks.probe import Probe

M = TypeVar("M", bound=Model)


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Pretraining:
    """A first stage, in which the generator learns alone; what it ends with is kept.

    Attributes:
        name: of the folder below the model's in which it is kept.
        samples: seen when it ends.
    """

    name: str
    samples: int


@dataclass(frozen=True)
class Setup(Generic[M]):
    """One game, and everything of it that is the task's own.

    Attributes:
        data: as played: samples that do not fit are left out.
        players: networks that an optimizer moves, on their device; their order is the order of the point's blocks.
        losses: a scalar a player, pure in the players and the batch.
        batches: a pure function of the position.
        model: what is handed over; shares its network with a player.
        probe: what is measured and drawn while it trains.
        others: further models, handed over in folders below the first, by name.
        stage: the first stage, where there is one.
        game: where a Python caller made it; None has it made of players, losses and the configuration's optimizers.
        at_answer: called where the players stand at the point that is handed over, before it is judged.
    """

    data: Dataset
    players: Mapping[str, nn.Module]
    losses: JointLoss
    batches: BatchSource
    model: M
    probe: Probe[M]
    others: Mapping[str, Model] = field(default_factory=dict)
    stage: Pretraining | None = None
    game: Game | None = None
    at_answer: Callable[[], None] = nothing
