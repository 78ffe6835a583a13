"""Generative adversarial networks as smooth games, solved by a general iterative method x⁺ = T(x)."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Loaded on first use: `saddle --help` and the report need no torch.
_HOMES = {
    "saddlepoint.core": ("Batch", "Batches", "Game", "Method", "Outcome", "Point", "Step"),
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
    "saddlepoint.tasks.trained": ("Sampler",),
    "saddlepoint.tasks.translator": ("ImageTranslator",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME_OF]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'saddlepoint' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
