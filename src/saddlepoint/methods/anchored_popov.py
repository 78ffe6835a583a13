"""The anchored method with one evaluation a step."""

from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point


@dataclass(eq=False)
class AnchoredPopov(Method):
    """Past extragradient pulled towards its start by a vanishing weight, for the rate of `anchored` at half the cost.

        z½ = z + β_k (z₀ − z) − P F(z½₋),    z⁺ = z + β_k (z₀ − z) − h F(z½),    β_k = 1/(k + 2)

    The first step has z½ = z₀. P is the optimizers' preconditioner for F(z½₋) (`Game.preconditioner`), h for plain
    gradient descent. For monotone, L-Lipschitz fields ‖F‖² is O(1/k²) in the last iterate, at a rate of the order of
    1/L; here h is constant, in the paper it shrinks towards a limit. Noise accumulates as in `anchored`: it is for
    deterministic games, and for plain gradient descent as the optimizer.

    Paper: Tran-Dinh, Luo 2021, "Halpern-type accelerated and splitting algorithms for monotone inclusions",
    arXiv 2110.08150.
    """

    anchor: Point | None = field(default=None, init=False)
    before: Point | None = field(default=None, init=False)
    k: int = field(default=0, init=False)

    separable = True
    cost = "1 evaluation a player; 3 buffers"
    paper = """@article{trandinh2021halpern,
  title={Halpern-Type Accelerated and Splitting Algorithms for Monotone Inclusions},
  author={Tran-Dinh, Quoc and Luo, Yang}, journal={arXiv:2110.08150}, year={2021}}"""

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z + β (z₀ − z) − h F(z½)."""
        if self.anchor is None:
            self.anchor = game.point.clone()
        kept = self.before.state_dict() if self.before is not None else {}
        awake = game.awake
        point = game.point.only(*awake)
        with game.excursion():
            point.lerp_(self.anchor.only(*awake), 1 / (self.k + 2))
            pulled = point.clone()
            for name in (name for name in awake if name in kept):
                past = Point({name: kept[name]})
                game.point.only(name).add_(game.preconditioner(past) * past, alpha=-1.0)
            direction = game.field(batches.next())
        self.before = Point({**kept, **direction.only(*awake).clone().state_dict()})
        point.copy_(pulled)
        game.move(direction)
        self.k += 1
