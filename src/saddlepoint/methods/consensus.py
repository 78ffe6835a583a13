"""Descend on the field's own length, too."""

from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method


@dataclass(eq=False)
class Consensus(Method):
    """Both players also agree to shrink ½‖F‖², whose gradient is JᵀF.

        z⁺ = z − h (F + γ JᵀF)

    On x·y the factor is √((1 − hγ)² + h²), below 1 for h < 2γ/(1 + γ²). Every stationary point attracts, wanted or not.

    Args:
        gamma: weight of the agreement; 10 with RMSprop 1e-4 in the paper.

    Paper: Mescheder, Nowozin, Geiger 2017, "The numerics of GANs", arXiv 1705.10461.
    """

    gamma: float = 10.0

    separable = True
    cost = "1 evaluation a player, 1 product; 1 buffer"
    theory = "gradient descent (its paper has experiments over RMSprop)"
    paper = """@inproceedings{mescheder2017numerics,
  title={The Numerics of {GANs}},
  author={Mescheder, Lars and Nowozin, Sebastian and Geiger, Andreas},
  booktitle={NeurIPS}, year={2017}}"""

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z − h (F + γ JᵀF)."""
        line = game.linearize(batches.next())
        game.move(line.field + self.gamma * line.vjp(line.field))
