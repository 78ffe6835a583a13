"""Methods raced on one game at equal cost, and a game beside its baselines."""

from saddlepoint.comparison.contestant import Contestant, Result
from saddlepoint.comparison.race import Race, configured
from saddlepoint.comparison.racing import run

__all__ = ["Contestant", "Race", "Result", "configured", "run"]
