"""A game in closed form: two vectors, two losses, a solution that is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from saddlepoint.core import Batch, Batches, Game, Point


class Vector(nn.Module):
    """A player that is its own parameter vector, of shape (n,), or (copies, n) where games are stacked."""

    def __init__(self, start: Tensor) -> None:
        super().__init__()
        self.value = nn.Parameter(start)

    def forward(self) -> Tensor:
        """The vector itself."""
        return self.value


@dataclass(frozen=True)
class AnalyticGame:
    """Losses L_x(x, y), L_y(x, y) of two vectors; the generator is x, the discriminator y; float64.

    Attributes:
        name: as `saddle solve` knows it.
        sizes: the numbers of coordinates of x and y.
        losses: (x, y) ↦ (L_x, L_y), scalars, each minimised by its player; (x, y, batch) where there is data.
        solution: (x*, y*) as one vector of length sum(sizes).
        draw: (seed, position in samples) ↦ the batch there, a pure function; None for a game without data.
        smooth: whether the field has a derivative at the solution.
    """

    name: str
    sizes: tuple[int, int]
    losses: Callable[..., tuple[Tensor, Tensor]]
    solution: Tensor
    draw: Callable[[int, int], Batch] | None = None
    smooth: bool = True

    def batches(self, seed: int = 0) -> Batches:
        """What the losses are evaluated on: the data in the order of a seed, or nothing."""
        draw = self.draw
        return Batches.none() if draw is None else Batches(lambda position: draw(seed, position))

    def start(self, x0: list[float] | None = None) -> Tensor:
        """A start as one float64 vector; all ones by default.

        Raises:
            ValueError: the start has another length than the game.
        """
        n = sum(self.sizes)
        start = torch.ones(n, dtype=torch.float64) if x0 is None else torch.tensor(x0, dtype=torch.float64)
        if start.numel() != n:
            raise ValueError(f"the start has {start.numel()} coordinates, {self.name} has {n}: give {n} numbers")
        return start

    def play(self, optimizer: Callable[[str, list[nn.Parameter]], Optimizer], x0: list[float] | None = None) -> Game:
        """The game at a start.

        Args:
            optimizer: (player, parameters) ↦ its optimizer.
            x0: the start, x then y; all ones by default.

        Raises:
            ValueError: the start has another length than the game.
        """
        x, y = self.start(x0).split(self.sizes)
        players = {"generator": Vector(x.clone()), "discriminator": Vector(y.clone())}
        optimizers = {name: optimizer(name, list(player.parameters())) for name, player in players.items()}
        return Game(players, self._joint, optimizers)

    def _joint(self, players: Mapping[str, nn.Module], batch: Any, _names: object) -> dict[str, Tensor]:
        loss_x, loss_y = self.losses(players["generator"](), players["discriminator"](), *data_of(batch))
        return {"generator": loss_x, "discriminator": loss_y}

    def distance(self, point: Point) -> float:
        """Euclidean distance of a point of this game to the solution."""
        return float(torch.linalg.vector_norm(point.flat() - self.solution))

    def jacobian(self) -> Tensor:
        """J = ∂F/∂z at the solution, (n, n).

        Raises:
            ValueError: the game has data, or its field has no derivative there.
        """
        if self.draw is not None or not self.smooth:
            raise ValueError(f"{self.name} has no Jacobian at its solution: its field is noisy or has a kink there")
        game = self.play(lambda _, parameters: SGD(parameters, lr=1.0))
        game.point.copy_(game.point.unflat(self.solution))
        line = game.linearize(Batch(None))
        # Jᵀ e_i is the i-th row of J.
        return torch.stack([line.vjp(game.point.unflat(row)).flat() for row in torch.eye(sum(self.sizes)).double()])


def data_of(batch: Any) -> tuple[Any, ...]:
    """What the losses take after x and y: the batch where there is one."""
    return () if batch is None else (batch,)
