"""Extragradient whose look-ahead is as long as the curvature allows, and whose step is what it then says."""

from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method
from saddlepoint.core.game import Linearization


@dataclass(eq=False)
class CurvatureExtragradient(Method):
    """CurvatureEG+: no step size at all, for weak Minty solutions.

        z̄ = z − γ F(z),    γ = ν/‖J(z)‖, times τ until ‖F(z̄) − F(z)‖ ≤ ν ‖F(z)‖
        z⁺ = z − λ (δ + γ ⟨F(z), F(z̄)⟩/‖F(z̄)‖²) F(z̄)

    ‖J‖ is found by a few steps of the power method on JᵀJ, from below, which the condition makes up for. z⁺ with λ = 1
    and δ = 0 is the projection of z on the hyperplane that F(z̄) spans at z̄. It converges where
    ⟨F(z), z − z*⟩ ≥ ρ ‖F(z)‖² with ρ > −γ/2, in games that circle under extragradient, for δ ≤ ρ. On x·y the factor
    is 1/√(1 + ν²) for λ = 1 whatever the scale. The players' optimizers and rates are not used. Deterministic games:
    with noise, the step is that of one batch.

    Args:
        nu: ν in (0, 1).
        tau: τ in (0, 1), by which γ shrinks.
        relaxation: λ in (0, 2).
        delta: δ, at most the game's ρ; 0 for monotone ones, negative for weak Minty ones.
        iterations: of the power method.

    Raises:
        ValueError: a parameter out of its range.

    Paper: Pethick, Latafat, Patrinos, Fercoq, Cevher 2022, "Escaping limit cycles: global convergence for constrained
    nonconvex-nonconcave minimax problems", arXiv 2302.09831, unconstrained.
    """

    nu: float = 0.99
    tau: float = 0.9
    relaxation: float = 1.0
    delta: float = 0.0
    iterations: int = 3

    cost = "2 evaluations a player, 1 more each time γ shrinks, 2 products an iteration; 3 buffers"
    theory = "itself: the players' optimizers and rates are not used"
    paper = """@inproceedings{pethick2022escaping,
  title={Escaping Limit Cycles: Global Convergence for Constrained Nonconvex-Nonconcave Minimax Problems},
  author={Pethick, Thomas and Latafat, Puya and Patrinos, Panagiotis and Fercoq, Olivier and Cevher, Volkan},
  booktitle={ICLR}, year={2022}}"""

    def __post_init__(self) -> None:
        for name, value, most in (("nu", self.nu, 1), ("tau", self.tau, 1), ("relaxation", self.relaxation, 2)):
            if not 0 < value < most:
                raise ValueError(f"{name} is {value}: give a number above 0 and below {most}")
        if self.iterations < 1:
            raise ValueError(f"iterations is {self.iterations}: give at least 1")

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z − λ α γ F(z̄)."""
        batch = batches.next()
        line = game.linearize(batch)
        field, curvature = line.field, self._curvature(line)
        norm = float(field.norm())
        if norm == 0:
            return
        size = self.nu / curvature if curvature > 0 else 1.0
        while True:
            with game.excursion():
                game.point.add_(field, alpha=-size)
                ahead = game.field(batch, base=False)
            # The tolerance is for rounding: on a linear game the condition holds with equality.
            if float((ahead - field).norm()) <= self.nu * norm * (1 + 1e-9) or size * curvature < 1e-9:
                break
            size *= self.tau
        square = float(ahead.dot(ahead))
        if square > 0:
            step = self.relaxation * (self.delta + size * float(field.dot(ahead)) / square)
            game.point.only(*game.awake).add_(ahead.only(*game.awake), alpha=-step)
        else:  # z̄ is a solution
            game.point.only(*game.awake).add_(field.only(*game.awake), alpha=-size)

    def _curvature(self, line: Linearization) -> float:
        """‖J‖, from below."""
        vector, found = line.field, 0.0
        for _ in range(self.iterations):
            norm = float(vector.norm())
            if norm == 0:
                break
            image = line.jvp(vector * (1 / norm))
            found = max(found, float(image.norm()))
            vector = line.vjp(image)
        return found
