"""Extragradient that explores far and steps near."""

from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method


@dataclass(eq=False)
class DoubleExtragradient(Method):
    """Extragradient with two step sizes: a large one to look ahead, a small one to move.

        z½ = z − γ P F(z),    z⁺ = z − h F(z½)

    P is the optimizers' preconditioner for F(z) (`Game.preconditioner`), h for plain gradient descent.

    On x·y the factor is √((1 − γh²)² + h²), below 1 for h² < (2γ − 1)/γ². With noise, γ large against a vanishing h is
    what makes extragradient converge at all.

    Args:
        gamma: the first step in units of the second; 1 is extragradient.
        same_batch: both halves see one batch.

    Paper: Hsieh, Iutzeler, Malick, Mertikopoulos 2020, "Explore aggressively, update conservatively",
    arXiv 2003.10162.
    """

    gamma: float = 2.0
    same_batch: bool = True

    separable = True
    cost = "2 evaluations a player; 1 buffer"
    paper = """@inproceedings{hsieh2020explore,
  title={Explore Aggressively, Update Conservatively: Stochastic Extragradient Methods with Variable Stepsize Scaling},
  author={Hsieh, Yu-Guan and Iutzeler, Franck and Malick, J{\\'e}r{\\^o}me and Mertikopoulos, Panayotis},
  booktitle={NeurIPS}, year={2020}}"""

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z − h F(z − γ P F(z))."""
        batch = batches.next()
        with game.excursion():
            field = game.field(batch)
            game.point.add_(game.preconditioner(field) * field, alpha=-self.gamma)
            field = game.field(batch if self.same_batch else batches.next(), base=False)
        game.move(field)
