"""Run a method on an analytic game and say what it did."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from saddlepoint.core import Game, Method, Outcome
from saddlepoint.core.convergence import trend
from saddlepoint.games.analytic import AnalyticGame

#: Share of the first distance below which the solution counts as reached.
TOLERANCE = 1e-6
#: Distance at which a run ends, before its square vanishes and takes the factor with it.
VANISHING = 1e-140
#: Distance at which a run ends, before its fourth power overflows and takes the games beside it along.
FAR = 1e60


@dataclass(frozen=True)
class Trajectory:
    """What a method did on an analytic game.

    Attributes:
        distance: of the method's answer to the solution, before the first step and after each.
        path: the live points, each as one flat list, x then y.
        evaluations: gradient evaluations spent, each player's counted.
        rate: geometric factor a step over the last half, (d_n / d_m)^(1/(n − m)) with m = ⌊n/2⌋.
        outcome: converged, cycling, diverged or running.
    """

    distance: list[float]
    path: list[list[float]]
    evaluations: int
    rate: float
    outcome: Outcome

    @property
    def iterations(self) -> int:
        """Steps made; fewer than asked for where the iteration overflowed or arrived exactly."""
        return len(self.distance) - 1


def solve(
    analytic: AnalyticGame, game: Game, method: Method, iterations: int, seed: int = 0, tolerance: float = 0.0
) -> Trajectory:
    """Make steps until the number is reached, the distance vanishes (below 1e-140), or it is hopeless (above 1e60).

    Args:
        analytic: knows the solution.
        game: the same game at its start, from `analytic.play`.
        method: the iteration.
        iterations: how many steps at most.
        seed: of the order of the data, where the game has any.
        tolerance: ends at the solution, too: where the distance is this share of the first; 0 goes on, which measures
            the factor a step best.

    Raises:
        ValueError: fewer than one iteration.

    >>> from functools import partial
    >>> import torch
    >>> from saddlepoint.games import bilinear
    >>> from saddlepoint.methods import Extragradient
    >>> b = bilinear()
    >>> game = b.play(lambda player, parameters: torch.optim.SGD(parameters, lr=0.3))
    >>> found = solve(b, game, Extragradient(), 400)
    >>> round(found.rate, 6), found.evaluations, str(found.outcome)
    (0.958175, 1600, 'converged')
    """
    if iterations < 1:
        raise ValueError(f"iterations is {iterations}: give at least 1")
    batches = analytic.batches(seed)
    distance = [analytic.distance(game.point)]
    path = [game.point.flat().tolist()]
    lost = False
    for _ in range(iterations):
        step = method.step(game, batches)
        now = analytic.distance(method.answer(game))
        lost = step.outcome is not Outcome.RUNNING or not math.isfinite(now)
        if lost:
            break
        distance.append(now)
        path.append(game.point.flat().tolist())
        lost = now > FAR
        if lost or now < max(VANISHING, tolerance * distance[0]):
            break
    outcome = Outcome.DIVERGED if lost else judge(distance, path)
    return Trajectory(distance, path, game.evaluations, geometric_rate(distance), outcome)


def geometric_rate(distance: Sequence[float]) -> float:
    """The geometric factor a step over the last half; 0 where the solution was hit exactly, NaN for one point.

    >>> geometric_rate([8.0, 4.0, 2.0, 1.0, 0.5])
    0.5
    """
    n = len(distance) - 1
    half = n // 2
    if n < 1 or distance[half] == 0.0:
        return 0.0 if distance[-1] == 0.0 else math.nan
    return float((distance[-1] / distance[half]) ** (1.0 / (n - half)))


def judge(distance: Sequence[float], path: Sequence[Sequence[float]]) -> Outcome:
    """Converged, cycling, diverged, or running where it is too early to say.

    The trend of the logarithmic distance over the last half is held against its own oscillation about that
    trend. Cycling means that the trend drowns in the oscillation, or is nothing, after at least one whole turn.
    """
    start, end = distance[0], distance[-1]
    if end <= TOLERANCE * start or end == 0.0:
        return Outcome.CONVERGED
    tail = [math.log(d) for d in distance[len(distance) // 2 :] if d > 0]
    drift, swing = trend(tail)
    if math.dist(path[-1], path[-2]) <= 1e-9 * end:
        return Outcome.RUNNING  # at rest, and not at the solution
    turned = whole_turn(path)
    if turned and abs(drift) <= max(2.0 * swing, 1e-6):
        return Outcome.CYCLING
    # Within the first turn an orbit may just be on its way out and back.
    if drift > 0 and end > (start if turned else 2 * start):
        return Outcome.DIVERGED
    return Outcome.RUNNING


def whole_turn(path: Sequence[Sequence[float]]) -> bool:
    """Whether the step direction has turned against its beginning and come back: at least one revolution."""
    steps = [[b - a for a, b in zip(p, q, strict=True)] for p, q in pairwise(path)]
    signs = [sum(a * b for a, b in zip(steps[0], step, strict=True)) > 0 for step in steps] if steps else []
    return sum(a != b for a, b in pairwise(signs)) >= 2
