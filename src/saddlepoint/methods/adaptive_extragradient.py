"""Extragradient that finds its step size from the fields that it has seen."""

import math
from dataclasses import dataclass, field
from typing import Literal

from saddlepoint.core import Batches, Game, Method, Point


@dataclass(eq=False)
class AdaptiveExtragradient(Method):
    """Step sizes that shrink with what was seen: no Lipschitz constant, no noise level to know.

        mirror-prox:  z½ = z − s P F(z),      z⁺ = z − s h F(z½),    Z² = (‖F(z½) − F(z)‖² + ‖F(z)‖²)/5
        past:         z½ = z − s P F(z½₋),    z⁺ = z − s h F(z½),    Z² = ‖F(z½) − F(z½₋)‖²

        s = G/√(G² + Σ Z²), the sum over the steps before

    P is the optimizers' preconditioner for the field that it multiplies (`Game.preconditioner`), h for plain gradient
    descent; s scales the players' rates. `mirror-prox` is universal mirror-prox without constraints, h G the diameter D
    of the paper, `past` AdaPEG, which takes one evaluation in the place of two. For monotone games the average of z½
    has a duality gap of O(1/k) where F is smooth, O(1/√k) where it is not or noisy, with the same parameters. Σ Z²
    converges on a deterministic game once h s is small enough, and the factor is that of `extragradient`, or of
    `optimistic`, at h s. s never grows again: what a far start has cost stays lost.

    Args:
        scheme: mirror-prox or past.
        g0: G, the size of a field that counts as large; in units of the field.

    Raises:
        ValueError: G of 0 or below.

    Papers: Bach, Levy 2019, "A universal algorithm for variational inequalities adaptive to smoothness and noise",
    arXiv 1902.01637; Ene, Nguyễn 2022, "Adaptive and universal algorithms for variational inequalities with optimal
    convergence", arXiv 2010.07799.
    """

    scheme: Literal["mirror-prox", "past"] = "mirror-prox"
    g0: float = 1.0
    total: float = field(default=0.0, init=False)
    before: Point | None = field(default=None, init=False)

    cost = "2 evaluations a player (mirror-prox) or 1 (past); 2 buffers"
    paper = """@inproceedings{bach2019universal,
  title={A Universal Algorithm for Variational Inequalities Adaptive to Smoothness and Noise},
  author={Bach, Francis and Levy, Kfir Y.}, booktitle={COLT}, year={2019}}
@inproceedings{ene2022adaptive,
  title={Adaptive and Universal Algorithms for Variational Inequalities with Optimal Convergence},
  author={Ene, Alina and Nguyen, Huy L.}, booktitle={AAAI}, year={2022}}"""

    def __post_init__(self) -> None:
        if self.g0 <= 0:
            raise ValueError(f"g0 is {self.g0}: give the size of a field, above 0")

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z − s h F(z½), then s for the next step."""
        batch = batches.next()
        past = self.scheme == "past"
        with game.scaled_rates(self.size):
            first = self._remembered(game) if past else game.field(batch)
            with game.excursion():
                if first is not None:
                    game.point.only(*first.names).add_(game.preconditioner(first) * first, alpha=-1.0)
                second = game.field(batch, base=past)
            game.move(second)
        change = second.clone() if first is None else second.only(*first.names) - first
        square = float(change.dot(change))
        if past:
            # The first step has no field before it, and counts none.
            self.total += 0.0 if first is None else square
            self._remember(game, second)
        else:
            assert first is not None
            self.total += (square + float(first.dot(first))) / 5

    @property
    def size(self) -> float:
        """The s of the next step."""
        return self.g0 / math.sqrt(self.g0**2 + self.total)

    def _remembered(self, game: Game) -> Point | None:
        """The last field of those who play now and did so before."""
        if self.before is None:
            return None
        names = [name for name in self.before.names if name in game.awake]
        return self.before.only(*names) if names else None

    def _remember(self, game: Game, field: Point) -> None:
        kept = self.before.state_dict() if self.before is not None else {}
        self.before = Point({**kept, **field.only(*game.awake).clone().state_dict()})
