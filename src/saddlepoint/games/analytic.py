"""A game in closed form: two vectors, two losses, a solution that is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from saddlepoint.core import Game, Point


class Vector(nn.Module):
    """A player that is its own parameter vector, of shape (n,)."""

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
        losses: (x, y) ↦ (L_x, L_y), scalars, each minimised by its player.
        solution: (x*, y*) as one vector of length sum(sizes).
    """

    name: str
    sizes: tuple[int, int]
    losses: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    solution: Tensor

    def play(self, optimizer: Callable[[str, list[nn.Parameter]], Optimizer], x0: list[float] | None = None) -> Game:
        """The game at a start.

        Args:
            optimizer: (player, parameters) ↦ its optimizer.
            x0: the start, x then y; all ones by default.

        Raises:
            ValueError: the start has another length than the game.
        """
        n = sum(self.sizes)
        start = torch.ones(n) if x0 is None else torch.tensor(x0)
        if start.numel() != n:
            raise ValueError(f"the start has {start.numel()} coordinates, {self.name} has {n}: give {n} numbers")
        x, y = start.to(torch.float64).split(self.sizes)
        players = {"generator": Vector(x.clone()), "discriminator": Vector(y.clone())}
        optimizers = {name: optimizer(name, list(player.parameters())) for name, player in players.items()}
        return Game(players, self._joint, optimizers)

    def _joint(self, players: Mapping[str, nn.Module], _batch: object, _names: object) -> dict[str, Tensor]:
        loss_x, loss_y = self.losses(players["generator"](), players["discriminator"]())
        return {"generator": loss_x, "discriminator": loss_y}

    def distance(self, point: Point) -> float:
        """Euclidean distance of a point of this game to the solution."""
        return float(torch.linalg.vector_norm(point.flat() - self.solution))
