"""Methods on a game with a known solution, as the page draws them: their ways through the plane of both players."""

import math
from collections.abc import Mapping
from typing import Any

import torch

from saddlepoint.components.registries import GAME_REGISTRY, METHOD_REGISTRY
from saddlepoint.core import Batch, Game
from saddlepoint.games import solve
from saddlepoint.games.analytic import AnalyticGame

#: Methods at once, steps, moments of a way that are sent, arrows a side, and how far is looked, in first distances.
METHODS, STEPS, MOMENTS, ARROWS, FAR = 3, 5000, 400, 15, 2.5


def played(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What `saddle solve` does with each method, and the field that pushes the players.

    Args:
        asked: `game`, `methods`, names; `lr`, the step size; `iterations`.

    Returns:
        `ways`: of each method its `path`, moments of [x, y], with the steps at which they were, `steps`; `distance` at
        each; `rate`, `outcome` and `evaluations`. For a game of two numbers also `centre`, `reach`, `names` and
        `field`, rows of [x, y, −F_x, −F_y].

    Raises:
        ValueError: a sentence for people.
    """
    name, methods = asked.get("game"), asked.get("methods")
    if not isinstance(name, str) or not isinstance(methods, list) or not 0 < len(methods) <= METHODS:
        raise ValueError(f"name a game, and one to {METHODS} methods")
    if not all(isinstance(method, str) for method in methods):
        raise ValueError("a method is named by a word")
    lr, steps = asked.get("lr"), asked.get("iterations")
    if not isinstance(lr, int | float) or isinstance(lr, bool) or not 0 < lr <= 1000:
        raise ValueError("the step size is a number above 0 and at most 1000")
    if not isinstance(steps, int) or isinstance(steps, bool) or not 0 < steps <= STEPS:
        raise ValueError(f"steps are a whole number from 1 to {STEPS:,} here; saddle solve makes more")
    analytic = GAME_REGISTRY.build(GAME_REGISTRY.resolve({"name": name}))
    ways = [_way(analytic, method, float(lr), steps) for method in methods]
    return {"ways": ways, **(_plane(analytic) if analytic.sizes == (1, 1) else {})}


def _game(analytic: AnalyticGame, lr: float) -> Game:
    return analytic.play(lambda _, parameters: torch.optim.SGD(parameters, lr=lr))


def _way(analytic: AnalyticGame, name: str, lr: float, steps: int) -> dict[str, Any]:
    found = solve(analytic, _game(analytic, lr), METHOD_REGISTRY.build(METHOD_REGISTRY.resolve({"name": name})), steps)
    stride = max(1, math.ceil(len(found.path) / MOMENTS))
    places = sorted({*range(0, len(found.path), stride), len(found.path) - 1})
    return {
        "method": name,
        "steps": places,
        "path": [found.path[place][:2] for place in places] if analytic.sizes == (1, 1) else [],
        "distance": [found.distance[place] for place in places],
        "rate": found.rate,
        "outcome": found.outcome.value,
        "evaluations": found.evaluations,
    }


def _plane(analytic: AnalyticGame) -> dict[str, Any]:
    """Where the players are pushed, −F, on a grid about the solution; with data, on the first batches of them."""
    centre = analytic.solution.tolist()
    reach = FAR * float((analytic.start() - analytic.solution).norm()) / math.sqrt(2)
    game, batches = _game(analytic, 1.0), analytic.batches()
    line = torch.linspace(-reach, reach, ARROWS, dtype=torch.float64) * (1 - 1 / ARROWS)
    rows = []
    for offset in torch.cartesian_prod(line, line):
        place = analytic.solution + offset
        game.point.copy_(game.point.unflat(place))
        batch = Batch(None) if analytic.draw is None else batches.next()
        rows.append([*place.tolist(), *(-game.field(batch, base=False).flat()).tolist()])
    strongest = max(math.hypot(*row[2:]) for row in rows)
    names = ["generator", "discriminator"]
    return {"centre": centre, "reach": reach, "names": names, "field": rows, "strongest": strongest}
