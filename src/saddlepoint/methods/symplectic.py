"""Take the rotation out of the field."""

from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method


@dataclass(eq=False)
class Symplectic(Method):
    """Symplectic gradient adjustment: adjust by the antisymmetric part of the Jacobian, A = (J − Jᵀ)/2.

        z⁺ = z − h (F + λ AᵀF),    λ = λ₀ · sign(⟨F, JᵀF⟩⟨AᵀF, JᵀF⟩/n + 0.1) where aligned

    On x·y with λ = 1 the factor is √((1 − h)² + h²), for h < 1. The sign turns away from unstable fixed points.

    Args:
        lambda_0: size of the adjustment.
        align: choose its sign; otherwise it is plus.

    Paper: Balduzzi, Racanière, Martens, Foerster, Tuyls, Graepel 2018, "The mechanics of n-player differentiable
    games", arXiv 1802.05642.
    """

    lambda_0: float = 1.0
    align: bool = True

    cost = "1 evaluation a player, 2 products; 1 buffer"
    paper = """@inproceedings{balduzzi2018mechanics,
  title={The Mechanics of n-Player Differentiable Games},
  author={Balduzzi, David and Racani{\\`e}re, S{\\'e}bastien and Martens, James and Foerster, Jakob and Tuyls, Karl
          and Graepel, Thore},
  booktitle={ICML}, year={2018}}"""

    @property
    def separable(self) -> bool:
        """Unless it aligns: the sign is one for the whole point."""
        return not self.align

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z − h (F + λ AᵀF)."""
        line = game.linearize(batches.next())
        field = line.field
        pulled, pushed = line.vjp(field), line.jvp(field)
        adjustment = 0.5 * (pulled - pushed)
        weight = self.lambda_0
        if self.align:
            n = sum(t.numel() for t in field.only(*game.awake).tensors)
            alignment = float(field.dot(pulled)) * float(adjustment.dot(pulled)) / n + 0.1
            weight = weight if alignment >= 0 else -weight
        game.move(field + weight * adjustment)
