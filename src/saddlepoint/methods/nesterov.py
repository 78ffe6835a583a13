"""Nesterov's momentum, as a method."""

from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point


@dataclass(eq=False)
class Nesterov(Method):
    """Evaluate where momentum leads, and step from there.

        z̃ = z + β (z − z₋),    z⁺ = z̃ − h F(z̃)

    It speeds up minimisation and, on x·y, divergence: at every h and β > 0 the factor is above 1 (1.18682 at h = .3,
    β = .5). As a player's own optimizer it is torch.optim.SGD(nesterov=True), which is what the classical hint means.

    Args:
        beta: the momentum.

    Paper: Nesterov 1983, "A method for solving the convex programming problem with convergence rate O(1/k²)".
    """

    beta: float = 0.5
    previous: Point | None = field(default=None, init=False)

    separable = True
    cost = "1 evaluation a player; 2 buffers"
    paper = """@article{nesterov1983method,
  title={A method for solving the convex programming problem with convergence rate {$O(1/k^2)$}},
  author={Nesterov, Yurii}, journal={Doklady Akademii Nauk SSSR}, volume={269}, pages={543--547}, year={1983}}"""

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z̃ − h F(z̃), z̃ = z + β (z − z₋)."""
        if self.previous is None:
            self.previous = game.point.clone()
        point, previous = (z.only(*game.awake) for z in (game.point, self.previous))
        start = point.clone()
        ahead = start.clone().add_(start - previous, alpha=self.beta)
        with game.excursion():
            point.copy_(ahead)
            direction = game.field(batches.next())
        point.copy_(ahead)
        game.move(direction)
        previous.copy_(start)
