"""Both players solve the local bilinear game before they move."""

from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.krylov import conjugate_gradients, gmres


@dataclass(eq=False)
class Competitive(Method):
    """Competitive gradient descent: the Nash equilibrium of the game's bilinear approximation.

        (I + D P) d = F,    z⁺ = z − h d,    D the off-diagonal part of J

    P is the optimizers' preconditioner for F at z (`Game.preconditioner`). For plain gradient descent it is h, and on
    x·y the factor is 1/√(1 + h²) at every h: each player reckons with the other's reply. For RMSprop, or Adam with
    β₁ = 0, it is the running root mean square of ACGD, and the optimizer then moves by d.

    Args:
        zero_sum: solve by conjugate gradients on the squared system, which is symmetric where D is antisymmetric;
            otherwise by GMRES, which is right for every game.
        iterations: of the solver.
        tolerance: relative residual at which it stops (conjugate gradients).

    Papers: Schäfer, Anandkumar 2019, "Competitive gradient descent", arXiv 1905.12103; Schäfer, Zheng, Anandkumar
    2020, "Implicit competitive regularization in GANs", arXiv 1910.05852 (ACGD).
    """

    zero_sum: bool = False
    iterations: int = 20
    tolerance: float = 1e-10

    cost = "1 evaluation a player, 2 products a solver iteration; solver's basis"
    theory = "gradient descent (over RMSprop, or Adam with beta1 = 0, it is ACGD)"
    paper = """@inproceedings{schafer2019competitive,
  title={Competitive Gradient Descent},
  author={Sch{\\"a}fer, Florian and Anandkumar, Anima},
  booktitle={NeurIPS}, year={2019}}"""

    def update(self, game: Game, batches: Batches) -> None:
        """Solve (I + D P) d = F and hand d to the optimizers."""
        line = game.linearize(batches.next())
        scale = game.preconditioner(line.field)

        def coupling(w: Point) -> Point:
            """Compute D w, a player's block at a time: the other players' share of J."""
            parts = {}
            for name in game.names:
                others = w.clone()
                others.only(name).copy_(others.only(name).zeros())
                parts[name] = line.jvp(others)[name]
            return Point(parts, w.resting)

        if self.zero_sum:
            # For u = P^½ d and D̃ = P^½ D P^½, which is antisymmetric, (I − D̃²) u = (I − D̃) P^½ F, positive definite.
            root = scale**0.5

            def balanced(u: Point) -> Point:
                return root * coupling(root * u)

            right = root * line.field
            u = conjugate_gradients(
                lambda u: u - balanced(balanced(u)), right - balanced(right), self.iterations, self.tolerance
            )
            direction = line.field - coupling(root * u)
        else:
            direction = gmres(lambda v: v + coupling(scale * v), line.field, self.iterations)
        game.move(direction)
