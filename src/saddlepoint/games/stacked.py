"""Many copies of an analytic game as one: each with its own start and its own step sizes, in one evaluation."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.optim import Optimizer

from saddlepoint.core import Game, Method, Outcome, Point
from saddlepoint.games.analytic import AnalyticGame, Vector, data_of
from saddlepoint.games.solving import FAR, VANISHING, Trajectory, geometric_rate, judge

#: A copy that is evaluated at a coordinate beyond this is lost; up to here fourth powers are finite.
_BEYOND = 1e70


class Stack:
    """Copies of an analytic game whose losses are added up, so that one field holds the field of each.

    Copies never meet: F_c depends on z_c alone, and J is block diagonal. A step of a separable method on the stack is
    therefore the step on each copy. A copy that has ended, or is evaluated out of reach, is held at a loss without
    gradient, so that its infinities don't reach the others.

    Args:
        analytic: the game.
        starts: (copies, n), x then y.
        rates: (copies, 2), h_x and h_y of each copy.
    """

    def __init__(self, analytic: AnalyticGame, starts: Tensor, rates: Tensor) -> None:
        x, y = starts.split(analytic.sizes, dim=1)
        players = {"generator": Vector(x.clone()), "discriminator": Vector(y.clone())}
        optimizers = {
            name: CopyDescent(list(player.parameters()), rates[:, column, None].clone())
            for column, (name, player) in enumerate(players.items())
        }
        self.game = Game(players, self._joint, optimizers)
        self.alive = torch.ones(len(starts), dtype=torch.bool)
        self.strayed = torch.zeros(len(starts), dtype=torch.bool)
        self._analytic = analytic
        self._solution = analytic.solution.split(analytic.sizes)

    def flat(self, point: Point) -> Tensor:
        """A point of the stack as (copies, n)."""
        return torch.cat([t.detach() for t in point.tensors], dim=1)

    def distance(self, point: Point) -> Tensor:
        """Each copy's distance to the solution."""
        distance: Tensor = torch.linalg.vector_norm(self.flat(point) - self._analytic.solution, dim=1)
        return distance

    def _joint(self, players: Mapping[str, nn.Module], batch: Any, _names: object) -> dict[str, Tensor]:
        x, y = players["generator"](), players["discriminator"]()
        # `not (… < …)` is true of NaN, too.
        near = (x.detach().abs().amax(1) < _BEYOND) & (y.detach().abs().amax(1) < _BEYOND)
        self.strayed |= ~near
        seen = (near & self.alive)[:, None]
        x, y = (torch.where(seen, z, at) for z, at in zip((x, y), self._solution, strict=True))
        data = data_of(batch)
        loss_x, loss_y = vmap(self._analytic.losses, in_dims=(0, 0, *(None for _ in data)))(x, y, *data)
        return {"generator": loss_x.sum(), "discriminator": loss_y.sum()}


class CopyDescent(Optimizer):
    """Gradient descent with a step size a copy: z_c ← z_c − h_c g_c.

    Args:
        parameters: each (copies, n).
        rates: h, (copies, 1).
    """

    def __init__(self, parameters: list[nn.Parameter], rates: Tensor) -> None:
        super().__init__(parameters, {"lr": rates})

    def preconditioner(self, _parameter: Tensor, _gradient: Tensor, /) -> Tensor:
        """Compute h_c, (copies, 1): what a look ahead multiplies the gradient by."""
        rates: Tensor = self.param_groups[0]["lr"]
        return rates

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move."""
        assert closure is None
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.sub_(group["lr"] * parameter.grad)


def solve_stacked(
    analytic: AnalyticGame, method: Method, starts: Tensor, rates: Tensor, iterations: int, seed: int = 0
) -> Iterator[Trajectory]:
    """What `solve` finds from each start at each pair of step sizes, all copies in one vectorised program.

    Args:
        analytic: the game.
        method: separable, and fresh.
        starts: (copies, n), x then y.
        rates: (copies, 2), h_x and h_y of gradient descent.
        iterations: how many steps at most.
        seed: of the order of the data, where the game has any; one order for all copies.

    Yields:
        A trajectory a copy, in order; `evaluations` are those of the whole stack, which each copy has taken part in.

    Raises:
        ValueError: the method is not separable, or fewer than one iteration.
        OverflowError: a loss overflowed within reach (1e70), so that the copies can't be told apart.
    """
    if not method.separable:
        raise ValueError(f"{type(method).__name__} is not separable: its step mixes copies; play each by `solve`")
    if iterations < 1:
        raise ValueError(f"iterations is {iterations}: give at least 1")
    stack = Stack(analytic, starts, rates)
    game, batches = stack.game, analytic.batches(seed)
    distance, path = [stack.distance(game.point)], [stack.flat(game.point)]
    last = torch.full((len(starts),), iterations)
    diverged = torch.zeros(len(starts), dtype=torch.bool)
    for k in range(1, iterations + 1):
        if method.step(game, batches).outcome is not Outcome.RUNNING:
            raise OverflowError(f"a loss of {analytic.name} overflowed within {_BEYOND:g} of the origin")
        distance.append(stack.distance(method.answer(game)))
        path.append(stack.flat(game.point))
        lost = stack.alive & (stack.strayed | ~distance[-1].isfinite())
        ended = stack.alive & ~lost & ((distance[-1] > FAR) | (distance[-1] < VANISHING))
        last[lost], last[ended] = k - 1, k
        diverged |= lost | (ended & (distance[-1] > FAR))
        stack.alive &= ~(lost | ended)
        if not stack.alive.any():
            break
    distances, paths = torch.stack(distance, dim=1), torch.stack(path, dim=1)
    for c, end in enumerate(last.tolist()):
        own, way = distances[c, : end + 1].tolist(), paths[c, : end + 1].tolist()
        outcome = Outcome.DIVERGED if diverged[c] else judge(own, way)
        yield Trajectory(own, way, game.evaluations, geometric_rate(own), outcome)
