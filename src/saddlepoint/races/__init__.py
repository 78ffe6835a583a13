"""Methods raced on one game at equal cost, and a game beside its baselines."""

from saddlepoint.races.contestant import Contestant, Result
from saddlepoint.races.race import Race, configured
from saddlepoint.races.racing import run

__all__ = ["Contestant", "Race", "Result", "configured", "run"]
