"""Step with the field of the place where the step ends."""

from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.krylov import combine, reduced_rank_weights


@dataclass(eq=False)
class Proximal(Method):
    """The proximal point, found inexactly by an inner fixed-point iteration.

        z⁺ = z − h F(z⁺);    inner: w ← z − P(F(w)) F(w), its iterates combined for least residual

    On x·y the factor is 1/√(1 + h²) at every h. The plain inner iteration needs hL < 1; combining the last `window`
    iterates (Anderson) makes it exact on a linear game of at most window coordinates, at every h. P is the optimizers'
    preconditioner, their memory as it is at z (`Game.preconditioner`), h for plain gradient descent: the move itself
    goes through the optimizers, with F at the inner solution, and without momentum and decay ends there.

    P(F(w)) F(w) jumps where an optimizer scales each number by its own size, as Adam in its first steps, and F changes
    sign: the inner iteration then stays inexact. On `digits` and `ring` under Adam 20 evaluations leave a residual of
    a tenth to a quarter of the step (all of it in the first steps of `ring`).

    Args:
        k: inner evaluations at most.
        window: iterates combined; 1 is the plain fixed-point iteration.
        tolerance: inner residual, relative to the step, at which to stop.

    Raises:
        ValueError: k or window below 1.

    Paper: Rockafellar 1976, "Monotone operators and the proximal point algorithm".
    """

    k: int = 20
    window: int = 5
    tolerance: float = 1e-12

    cost = "up to 1 + k evaluations a player; 2 window buffers"
    paper = """@article{rockafellar1976monotone,
  title={Monotone Operators and the Proximal Point Algorithm},
  author={Rockafellar, R. Tyrrell}, journal={SIAM Journal on Control and Optimization}, volume={14},
  pages={877--898}, year={1976}}"""

    def __post_init__(self) -> None:
        if self.k < 1 or self.window < 1:
            raise ValueError(f"k is {self.k} and window {self.window}: give at least 1 each")

    def update(self, game: Game, batches: Batches) -> None:
        """Find w = z − P(F(w)) F(w) by evaluations on one batch, then move by F(w)."""
        batch = batches.next()
        direction = game.field(batch)
        images: list[Point] = []
        residuals: list[Point] = []
        with game.excursion() as start:
            inner = start.clone()
            for _ in range(self.k):
                game.point.copy_(start).add_(game.preconditioner(direction) * direction, alpha=-1.0)
                images.append(game.point.clone())
                residuals.append(images[-1] - inner)
                if float(residuals[-1].norm()) <= self.tolerance * float((images[-1] - start).norm()):
                    break
                images, residuals = images[-self.window :], residuals[-self.window :]
                inner = combine(images, reduced_rank_weights(residuals))
                game.point.copy_(inner)
                direction = game.field(batch, base=False)
        game.move(direction)
