"""Momentum against rotation, as in mechanics."""

from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point


@dataclass(eq=False)
class Lead(Method):
    """Least-action dynamics: momentum, and a force from the coupling with the other player's last move.

        z⁺ = z + β (z − z₋) − h F(z) − α C (z − z₋),    C the off-diagonal part of J

    Args:
        beta: the momentum.
        alpha: the coupling.

    Paper: Askari Hemmat, Mitra, Lajoie, Mitliagkas 2023, "LEAD: min-max optimization from a physical perspective",
    arXiv 2010.13846; here in its simultaneous form.
    """

    beta: float = 0.0
    alpha: float = 0.3
    previous: Point | None = field(default=None, init=False)

    separable = True
    cost = "1 evaluation a player, 1 product a player; 2 buffers"
    paper = """@article{hemmat2023lead,
  title={{LEAD}: Min-Max Optimization from a Physical Perspective},
  author={Askari Hemmat, Reyhane and Mitra, Amartya and Lajoie, Guillaume and Mitliagkas, Ioannis},
  journal={TMLR}, year={2023}}"""

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z + β (z − z₋) − h F(z) − α C (z − z₋)."""
        start = game.point.clone()
        line = game.linearize(batches.next())
        displacement = start.zeros()
        if self.previous is None:
            self.previous = start.clone()
        moved, previous, point = (z.only(*game.awake) for z in (displacement, self.previous, game.point))
        moved.copy_(point - previous)
        previous.copy_(point)
        force = {}
        for name in game.awake:
            others = displacement.clone()
            others.only(name).copy_(others.only(name).zeros())
            force[name] = line.jvp(others)[name]
        game.move(line.field)
        point.add_(moved, alpha=self.beta).add_(Point(force), alpha=-self.alpha)
