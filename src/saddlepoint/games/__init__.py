"""Games whose solution is known, for `saddle solve` and for tests."""

from collections.abc import Callable

from saddlepoint.games.analytic import AnalyticGame
from saddlepoint.games.bilinear import bilinear
from saddlepoint.games.dirac import dirac
from saddlepoint.games.quadratic import quadratic
from saddlepoint.games.solving import Trajectory, solve

GAMES: dict[str, Callable[..., AnalyticGame]] = {"bilinear": bilinear, "quadratic": quadratic, "dirac": dirac}

__all__ = ["GAMES", "AnalyticGame", "Trajectory", "bilinear", "dirac", "quadratic", "solve"]
