"""Where in the plane of step sizes an iteration converges: the measured map."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import SGD

from saddlepoint.core import Method, Outcome
from saddlepoint.games.analytic import AnalyticGame
from saddlepoint.games.solving import Trajectory, solve
from saddlepoint.games.stacked import solve_stacked

#: From best to worst, for the worst of several starts.
_ORDER = (Outcome.CONVERGED, Outcome.RUNNING, Outcome.CYCLING, Outcome.DIVERGED)


@dataclass(frozen=True)
class Cell:
    """What a method did at one pair of step sizes.

    Attributes:
        rate: factor a step over the last half, the largest of all starts; NaN where a run ended at once.
        outcome: the worst of all starts.
    """

    rate: float
    outcome: Outcome


def stability_map(
    analytic: AnalyticGame,
    method: Callable[[], Method],
    h_x: Sequence[float],
    h_y: Sequence[float],
    iterations: int,
    starts: Tensor,
) -> list[list[Cell]]:
    """Solve at every pair (h_x, h_y) from every start, by plain gradient steps.

    A separable method plays all cells as one stack. Any other plays one game a cell, in turn. The numbers are those
    of `solve` either way.

    Args:
        analytic: the game.
        method: makes a fresh method.
        h_x: step sizes of the generator, a column each.
        h_y: of the discriminator, a row each.
        iterations: steps at most.
        starts: (starts, n), x then y.

    Returns:
        Rows by h_y, columns by h_x.

    >>> from saddlepoint.games import bilinear
    >>> from saddlepoint.methods import Extragradient
    >>> found = stability_map(bilinear(), Extragradient, [0.3], [0.3], 400, torch.ones(1, 2).double())
    >>> round(found[0][0].rate, 6), str(found[0][0].outcome)
    (0.958175, 'converged')
    """
    pairs = torch.tensor([(x, y) for y in h_y for x in h_x], dtype=torch.float64)
    copies = starts.repeat(len(pairs), 1)
    rates = pairs.repeat_interleave(len(starts), dim=0)
    cells = _cells(_trajectories(analytic, method, copies, rates, iterations), len(starts))
    return [[next(cells) for _ in h_x] for _ in h_y]


def _trajectories(
    analytic: AnalyticGame, method: Callable[[], Method], starts: Tensor, rates: Tensor, iterations: int
) -> Iterable[Trajectory]:
    fresh = method()
    if fresh.separable:
        try:
            return list(solve_stacked(analytic, fresh, starts, rates, iterations))
        except OverflowError:
            pass
    return (
        _alone(analytic, method(), start, pair, iterations)
        for start, pair in zip(starts.tolist(), rates.tolist(), strict=True)
    )


def _alone(
    analytic: AnalyticGame, method: Method, start: list[float], pair: list[float], iterations: int
) -> Trajectory:
    rates = dict(zip(("generator", "discriminator"), pair, strict=True))
    game = analytic.play(lambda name, parameters: SGD(parameters, lr=rates[name]), start)
    return solve(analytic, game, method, iterations)


def _cells(found: Iterable[Trajectory], starts: int) -> Iterator[Cell]:
    own: list[Trajectory] = []
    for trajectory in found:
        own.append(trajectory)
        if len(own) == starts:
            rate = max((t.rate for t in own), key=lambda r: math.inf if math.isnan(r) else r)
            yield Cell(rate, max((t.outcome for t in own), key=_ORDER.index))
            own = []
