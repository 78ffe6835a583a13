"""Games whose solution is known, for `saddle solve` and for tests."""

from collections.abc import Callable

from saddlepoint.games.analytic import AnalyticGame
from saddlepoint.games.bilinear import bilinear
from saddlepoint.games.dirac import dirac
from saddlepoint.games.quadratic import quadratic
from saddlepoint.games.solving import Trajectory, solve
from saddlepoint.games.stability import Cell, stability_map
from saddlepoint.games.stacked import solve_stacked
from saddlepoint.games.stochastic import stochastic_bilinear

GAMES: dict[str, Callable[..., AnalyticGame]] = {
    "bilinear": bilinear,
    "quadratic": quadratic,
    "dirac": dirac,
    "stochastic-bilinear": stochastic_bilinear,
}

__all__ = [
    "GAMES",
    "AnalyticGame",
    "Cell",
    "Trajectory",
    "bilinear",
    "dirac",
    "quadratic",
    "solve",
    "solve_stacked",
    "stability_map",
    "stochastic_bilinear",
]
