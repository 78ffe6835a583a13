"""Extragradient that looks twice as far as it steps."""

from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method
from saddlepoint.methods.double_extragradient import DoubleExtragradient


@dataclass(eq=False)
class ExtragradientPlus(Method):
    """EG+: an extrapolation 1/β times as long as the step, which reaches weak Minty solutions.

        z½ = z − (1/β) P F(z),    z⁺ = z − h F(z½)

    P is the optimizers' preconditioner for F(z) (`Game.preconditioner`), h for plain gradient descent.

    A weak Minty solution z* has ⟨F(z), z − z*⟩ ≥ −(ρ/2)‖F(z)‖² for all z, so that the field may point away from it. For
    ρ < 1/(4L), h = 1/(2L) and β = ½ the mean of ‖F(z½)‖² over k steps is O(1/k), where extragradient (β = 1) can
    circle. On x·y the factor is √((1 − h²/β)² + h²), for h² < β (2 − β): it is `double-extragradient` at γ = 1/β.

    Args:
        beta: β in (0, 1]; ½ in the paper, 1 is extragradient.
        same_batch: both halves see one batch.

    Raises:
        ValueError: β outside (0, 1].

    Paper: Diakonikolas, Daskalakis, Jordan 2021, "Efficient methods for structured nonconvex-nonconcave min-max
    optimization", arXiv 2011.00364.
    """

    beta: float = 0.5
    same_batch: bool = True

    separable = True
    cost = "2 evaluations a player; 1 buffer"
    paper = """@inproceedings{diakonikolas2021efficient,
  title={Efficient Methods for Structured Nonconvex-Nonconcave Min-Max Optimization},
  author={Diakonikolas, Jelena and Daskalakis, Constantinos and Jordan, Michael I.},
  booktitle={AISTATS}, year={2021}}"""

    def __post_init__(self) -> None:
        if not 0 < self.beta <= 1:
            raise ValueError(f"beta is {self.beta}: give a number above 0 and at most 1")

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z − h F(z − (1/β) P F(z))."""
        DoubleExtragradient(1 / self.beta, self.same_batch).update(game, batches)
