"""Look ahead, come back, and step with what was seen there."""

from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method


@dataclass(eq=False)
class Extragradient(Method):
    """Step with the field of the point that a plain step would reach.

        z½ = z − h F(z),    z⁺ = z − h F(z½)

    Cost: 2 field evaluations; 1 buffer. On x·y it contracts by √(1 − h² + h⁴), for h < 1. With Adam both halves
    advance the same moments, and only the parameters are put back (ExtraAdam).

    Args:
        same_batch: both halves see one batch. Fresh batches can diverge on a finite-sum bilinear game where
            the same batch converges (Chavdarova et al. 2019), so it is the default.

    Papers: Korpelevich 1976; Gidel, Berard, Vignoud, Vincent, Lacoste-Julien 2019, "A variational inequality
    perspective on generative adversarial networks", arXiv 1802.10551.
    """

    same_batch: bool = True

    separable = True
    cost = "2 evaluations a player; 1 buffer"
    theory = "gradient descent (over Adam it is ExtraAdam)"
    paper = """@inproceedings{gidel2019variational,
  title={A Variational Inequality Perspective on Generative Adversarial Networks},
  author={Gidel, Gauthier and Berard, Hugo and Vignoud, Ga{\\"e}tan and Vincent, Pascal
          and Lacoste-Julien, Simon},
  booktitle={ICLR}, year={2019}}"""

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z − h F(z − h F(z))."""
        batch = batches.next()
        with game.excursion():
            game.move(game.field(batch))
            field = game.field(batch if self.same_batch else batches.next(), base=False)
        game.move(field)
