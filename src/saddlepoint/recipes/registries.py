"""Everything that can be chosen by name, with the constructors' own signatures as the schema."""

import inspect

import torch
from torch.optim import Optimizer

from saddlepoint.configuration import Registry
from saddlepoint.core import Method
from saddlepoint.games import GAMES, AnalyticGame
from saddlepoint.losses import LOSSES, AdversarialLoss
from saddlepoint.methods import METHODS
from saddlepoint.penalties import PENALTIES, Penalty
from saddlepoint.tasks.trained import NETWORK_REGISTRY

#: LBFGS evaluates the loss itself, which is the method's office here; SparseAdam wants sparse gradients.
_UNFIT = {"Optimizer", "LBFGS", "SparseAdam"}

METHOD_REGISTRY: Registry[Method] = Registry("method", METHODS)
LOSS_REGISTRY: Registry[AdversarialLoss] = Registry("loss", LOSSES)
PENALTY_REGISTRY: Registry[Penalty] = Registry("penalty", PENALTIES)
GAME_REGISTRY: Registry[AnalyticGame] = Registry("game", GAMES)
OPTIMIZER_REGISTRY: Registry[Optimizer] = Registry(
    "optimizer",
    {
        name: kind
        for name, kind in vars(torch.optim).items()
        if inspect.isclass(kind) and issubclass(kind, Optimizer) and name not in _UNFIT
    },
    supplied=("params",),
)

__all__ = [
    "GAME_REGISTRY",
    "LOSS_REGISTRY",
    "METHOD_REGISTRY",
    "NETWORK_REGISTRY",
    "OPTIMIZER_REGISTRY",
    "PENALTY_REGISTRY",
]
