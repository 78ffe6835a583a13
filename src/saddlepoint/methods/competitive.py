"""Both players solve the local bilinear game before they move."""

from dataclasses import dataclass, field
from typing import Literal

from saddlepoint.core import Batches, Game, Linearization, Method, Point
from saddlepoint.methods.krylov import conjugate_gradients, gmres


@dataclass(eq=False)
class Competitive(Method):
    """Competitive gradient descent: the Nash equilibrium of the game's bilinear approximation.

        (I + D H) d = F,    z⁺ = z − h d,    D the off-diagonal part of J, H the players' rates

    On x·y the factor is 1/√(1 + h²) at every h. Each player reckons with the other's reply.

    Args:
        zero_sum: solve by conjugate gradients on the squared system, which is symmetric where D is antisymmetric;
            otherwise by GMRES, which is right for every game.
        scaling: `rms` divides the field by a running root mean square (beta, as in Adam) before solving: ACGD.
        beta: its decay.
        iterations: of the solver.
        tolerance: relative residual at which it stops (conjugate gradients).

    Papers: Schäfer, Anandkumar 2019, "Competitive gradient descent", arXiv 1905.12103; Schäfer, Zheng, Anandkumar
    2020, "Implicit competitive regularization in GANs", arXiv 1910.05852 (ACGD).
    """

    zero_sum: bool = False
    scaling: Literal["none", "rms"] = "none"
    beta: float = 0.99
    iterations: int = 20
    tolerance: float = 1e-10
    squares: Point | None = field(default=None, init=False)
    steps: int = field(default=0, init=False)

    cost = "1 evaluation a player, 2 products a solver iteration; solver's basis"
    paper = """@inproceedings{schafer2019competitive,
  title={Competitive Gradient Descent},
  author={Sch{\\"a}fer, Florian and Anandkumar, Anima},
  booktitle={NeurIPS}, year={2019}}"""

    def update(self, game: Game, batches: Batches) -> None:
        """Solve (I + D H) d = F and hand d to the optimizers."""
        line = game.linearize(batches.next())
        rates = self._rates(game, line)

        def coupled(v: Point) -> Point:
            """Compute D H v, a player's block at a time: the other players' share of J."""
            parts = {}
            for name in game.names:
                others = rates * v
                for tensor in others[name]:
                    tensor.zero_()
                parts[name] = line.jvp(others)[name]
            return Point(parts)

        if self.zero_sum:
            # With H^½ on both sides D̃ = H^½ D H^½ is antisymmetric, so I − D̃² is symmetric and positive.
            root = Diagonal(rates.point, 0.5)
            inverse = Diagonal(rates.point, -0.5)

            def balanced(v: Point) -> Point:
                return root * coupled(inverse * v)

            right = root * line.field
            solved = conjugate_gradients(
                lambda v: v - balanced(balanced(v)), right - balanced(right), self.iterations, self.tolerance
            )
            direction = inverse * solved
        else:
            direction = gmres(lambda v: v + coupled(v), line.field, self.iterations)
        game.move(self._scaled(direction, rates, game))

    def _rates(self, game: Game, line: Linearization) -> "Diagonal":
        """The matrix H: each player's rate, over the root mean square of its field where scaled."""
        if self.scaling == "none":
            blocks = {n: [t.new_full(t.shape, h) for t in line.field[n]] for n, h in game.rates.items()}
            return Diagonal(Point({n: blocks[n] for n in game.names}))
        self.steps += 1
        square = line.field._like([t * t for t in line.field.tensors])
        if self.squares is None:
            self.squares = square.zeros()
        self.squares.lerp_(square, 1 - self.beta)
        correction = 1 - self.beta**self.steps
        rates = game.rates
        return Diagonal(
            Point(
                {
                    name: [rates[name] / ((s / correction).sqrt() + 1e-8) for s in self.squares[name]]
                    for name in game.names
                }
            )
        )

    def _scaled(self, direction: Point, rates: "Diagonal", game: Game) -> Point:
        """The optimizers apply h themselves, so only H/h is left to apply."""
        if self.scaling == "none":
            return direction
        moved = rates * direction
        return Point({name: [t / h for t in moved[name]] for name, h in game.rates.items()})


class Diagonal:
    """A diagonal matrix, a positive number a coordinate, to a power."""

    def __init__(self, point: Point, power: float = 1.0) -> None:
        self.point = point._like([t**power for t in point.tensors])

    def __mul__(self, v: Point) -> Point:
        """The product with a point."""
        return v._like([a * b for a, b in zip(self.point.tensors, v.tensors, strict=True)])
