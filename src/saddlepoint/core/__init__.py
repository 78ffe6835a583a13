"""The contract: a game, its field, and the iteration that moves through it."""

from saddlepoint.core.batches import Batch, Batches
from saddlepoint.core.game import Game, Linearization
from saddlepoint.core.method import Method, Step
from saddlepoint.core.outcome import NonFinite, Outcome
from saddlepoint.core.point import Point
from saddlepoint.core.randomness import rng, seed_for

__all__ = [
    "Batch",
    "Batches",
    "Game",
    "Linearization",
    "Method",
    "NonFinite",
    "Outcome",
    "Point",
    "Step",
    "rng",
    "seed_for",
]
