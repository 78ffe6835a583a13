"""Polyak's heavy ball, also with negative and complex momentum."""

import cmath
from collections.abc import Sequence
from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.roles import turns


@dataclass(eq=False)
class HeavyBall(Method):
    """Momentum on the displacement, each player's own; games like it negative.

        v⁺ = β v − h ∂_p L_p,    z_p⁺ = z_p + Re v⁺,    β = beta · e^(i·phase)

    On x·y the multipliers solve (λ − 1)²(λ − β)² + h²λ² = 0 simultaneously, which never converges for real β, and
    … + h²λ³ = 0 in turn, which does for β < 0 and small h (at h = 1, β = −½ it is exactly neutral).

    Args:
        beta: size of the momentum, with its sign where it is real.
        phase: its argument in radians; a complex momentum suits games between rotation and descent.
        alternating: players move in turn, in `order`; otherwise at once.
        order: who moves, first to last; None is the game's players from the last to the first.

    Papers: Gidel, Askari Hemmat, Pezeshki, Lepriol, Huang, Lacoste-Julien, Mitliagkas 2019, "Negative momentum for
    improved game dynamics", arXiv 1807.04740; Lorraine, Acuna, Vicol, Duvenaud 2022, "Complex momentum for
    optimization in games", arXiv 2102.08431.
    """

    beta: float = -0.5
    phase: float = 0.0
    alternating: bool = True
    order: tuple[str, ...] | None = None
    real: Point | None = field(default=None, init=False)
    imaginary: Point | None = field(default=None, init=False)

    separable = True
    cost = "1 evaluation a player; 2 buffers"
    paper = """@inproceedings{gidel2019negative,
  title={Negative Momentum for Improved Game Dynamics},
  author={Gidel, Gauthier and Askari Hemmat, Reyhane and Pezeshki, Mohammad and Le Priol, R{\\'e}mi and Huang, Gabriel
          and Lacoste-Julien, Simon and Mitliagkas, Ioannis},
  booktitle={AISTATS}, year={2019}}"""

    def check(self, names: Sequence[str]) -> None:
        """Refuse an order of players that are not there."""
        turns(names, self.order)

    def update(self, game: Game, batches: Batches) -> None:
        """Compute v⁺ = β v − h ∂L, z⁺ = z + Re v⁺, for all at once or for one after the other."""
        if self.real is None or self.imaginary is None:
            self.real, self.imaginary = game.point.zeros(), game.point.zeros()
        beta = self.beta * cmath.exp(1j * self.phase)
        batch = batches.next()
        groups = [(name,) for name in turns(game.names, self.order)] if self.alternating else [game.names]
        for names in ([name for name in group if name in game.awake] for group in groups):
            if not names:
                continue
            z, re, im = (point.only(*names) for point in (game.point, self.real, self.imaginary))
            start = z.clone()
            game.move(game.field(batch, only=names))
            displacement = z.clone().add_(start, alpha=-1.0)
            turned = beta.real * re - beta.imag * im
            im.copy_(beta.imag * re + beta.real * im)
            re.copy_(turned + displacement)
            z.add_(turned)
