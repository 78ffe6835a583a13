"""Generative adversarial networks as smooth games, solved by a general iterative method x⁺ = T(x).

import saddlepoint as sp

run = sp.train("digits", samples=50_000, out="runs/mine")
run.sample(16, seed=7)
sp.evaluate(run)["frechet"]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saddlepoint.comparison import compare
    from saddlepoint.components.networks import Networks
    from saddlepoint.core import Batch, Batches, Game, Method, Outcome, Point, Step
    from saddlepoint.evaluation import Evaluation
    from saddlepoint.measures import Measure, Number, Protocol
    from saddlepoint.methods import (
        METHODS,
        SVRE,
        Agraal,
        Alex,
        Alternating,
        Anchored,
        Averaged,
        Competitive,
        Consensus,
        DoubleExtragradient,
        Extragradient,
        Extrapolated,
        GapAware,
        HeavyBall,
        Lead,
        Lookahead,
        Nesterov,
        Optimistic,
        Proximal,
        Ridge,
        RungeKutta,
        ScheduleFree,
        Simultaneous,
        Symplectic,
        Unrolled,
    )
    from saddlepoint.runs import Run, evaluate, fork, load, train
    from saddlepoint.tasks import Config, Converter, Model, Sampler, Setup, Task, recipes
    from saddlepoint.training import Observer
    from saddlepoint.tuning import plan, tune

    __version__: str

# Where each name lives: imported when it is first used, so that `import saddlepoint` is quick.
_HOMES = {
    "saddlepoint.comparison": ("compare",),
    "saddlepoint.components.networks": ("Networks",),
    "saddlepoint.core": ("Batch", "Batches", "Game", "Method", "Outcome", "Point", "Step"),
    "saddlepoint.evaluation": ("Evaluation",),
    "saddlepoint.measures": ("Measure", "Number", "Protocol"),
    "saddlepoint.methods": (
        "METHODS",
        "SVRE",
        "Agraal",
        "Alex",
        "Alternating",
        "Anchored",
        "Averaged",
        "Competitive",
        "Consensus",
        "DoubleExtragradient",
        "Extragradient",
        "Extrapolated",
        "GapAware",
        "HeavyBall",
        "Lead",
        "Lookahead",
        "Nesterov",
        "Optimistic",
        "Proximal",
        "Ridge",
        "RungeKutta",
        "ScheduleFree",
        "Simultaneous",
        "Symplectic",
        "Unrolled",
    ),
    "saddlepoint.runs": ("Run", "evaluate", "fork", "load", "train"),
    "saddlepoint.tasks": ("Config", "Converter", "Model", "Sampler", "Setup", "Task", "recipes"),
    "saddlepoint.training": ("Observer",),
    "saddlepoint.tuning": ("plan", "tune"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "METHODS",
    "SVRE",
    "Agraal",
    "Alex",
    "Alternating",
    "Anchored",
    "Averaged",
    "Batch",
    "Batches",
    "Competitive",
    "Config",
    "Consensus",
    "Converter",
    "DoubleExtragradient",
    "Evaluation",
    "Extragradient",
    "Extrapolated",
    "Game",
    "GapAware",
    "HeavyBall",
    "Lead",
    "Lookahead",
    "Measure",
    "Method",
    "Model",
    "Nesterov",
    "Networks",
    "Number",
    "Observer",
    "Optimistic",
    "Outcome",
    "Point",
    "Protocol",
    "Proximal",
    "Ridge",
    "Run",
    "RungeKutta",
    "Sampler",
    "ScheduleFree",
    "Setup",
    "Simultaneous",
    "Step",
    "Symplectic",
    "Task",
    "Unrolled",
    "__version__",
    "compare",
    "evaluate",
    "fork",
    "load",
    "plan",
    "recipes",
    "train",
    "tune",
]


def _version() -> str:
    """As it was installed. A source tree that was not installed does not know it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("saddlepoint")
    except PackageNotFoundError:
        return "0+unknown"


# Hidden from type checkers, so that a misspelt name is an error to them too.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            return _version()
        if name not in _HOME_OF:
            raise AttributeError(f"module 'saddlepoint' has no attribute {name!r}")
        return getattr(import_module(_HOME_OF[name]), name)

    def __dir__() -> list[str]:
        return sorted(__all__)
