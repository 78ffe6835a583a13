"""Extragradient on a leash that lengthens."""

from dataclasses import dataclass, field
from typing import Literal

from saddlepoint.core import Batches, Game, Method, Point


@dataclass(eq=False)
class Anchored(Method):
    """Extragradient pulled towards its start by a vanishing weight β_k, which makes ‖F‖² shrink like 1/k².

        eag-c, eag-v:  β = 1/(k + 2),  z½ = z + β (z₀ − z) − α F(z),          z⁺ = z + β (z₀ − z) − α F(z½)
        feg:           β = 1/(k + 1),  z½ = z + β (z₀ − z) − (1 − β) α F(z),  z⁺ = z + β (z₀ − z) − α F(z½)

    with α the players' rate, and in the look ahead z½ the optimizers' preconditioner
    (`Game.preconditioner`), which is the rate for plain gradient descent; eag-v lets it shrink,
    α⁺ = α/(1 − α²L²) · (1 − (k + 2)²/((k + 1)(k + 3)) α²L²). Bounds:
    feg, α = 1/L: ‖F‖²k² ≤ 4 L²‖z₀ − z*‖²; eag-c, α = 1/(8L): ‖F‖²(k + 1)² ≤ 260 L²‖z₀ − z*‖². Noise accumulates like
    O(k), so it is for deterministic games, and for plain gradient descent as the optimizer.

    Args:
        scheme: eag-c, eag-v or feg.
        lipschitz: L, which eag-v needs; α L must stay below 3/4 there.

    Papers: Yoon, Ryu 2021, "Accelerated algorithms for smooth convex-concave minimax problems with O(1/k²) rate on
    squared gradient norm", arXiv 2102.07922; Lee, Kim 2021, "Fast extra gradient methods", arXiv 2106.02326.
    """

    scheme: Literal["eag-c", "eag-v", "feg"] = "feg"
    lipschitz: float = 1.0
    anchor: Point | None = field(default=None, init=False)
    k: int = field(default=0, init=False)
    shrunk: float = field(default=1.0, init=False)

    cost = "2 evaluations a player; 2 buffers"
    paper = """@inproceedings{yoon2021accelerated,
  title={Accelerated Algorithms for Smooth Convex-Concave Minimax Problems with {$O(1/k^2)$} Rate on Squared
         Gradient Norm},
  author={Yoon, TaeHo and Ryu, Ernest K.},
  booktitle={ICML}, year={2021}}"""

    @property
    def separable(self) -> bool:
        """But eag-v, which shrinks one rate for the whole point."""
        return self.scheme != "eag-v"

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z + β (z₀ − z) − α F(z½)."""
        if self.anchor is None:
            self.anchor = game.point.clone()
        beta = 1 / (self.k + 1) if self.scheme == "feg" else 1 / (self.k + 2)
        scale = self.shrunk
        inner = 1 - beta if self.scheme == "feg" else scale
        batch = batches.next()
        direction = game.field(batch)
        ahead = game.preconditioner(direction)
        if self.scheme == "eag-v":
            self._shrink(ahead.largest)
        awake = game.awake
        game.point.only(*awake).lerp_(self.anchor.only(*awake), beta)
        with game.excursion():
            game.point.add_(ahead * direction, alpha=-inner)
            direction = game.field(batch, base=False)
        with game.scaled_rates(scale):
            game.move(direction)
        self.k += 1

    def _shrink(self, rate: float) -> None:
        square = (self.shrunk * rate * self.lipschitz) ** 2
        if square >= 9 / 16:
            raise ValueError(
                f"eag-v needs rate · lipschitz below 3/4, given {rate:g} · {self.lipschitz:g}: lower the rate"
            )
        k = self.k
        self.shrunk *= (1 - (k + 2) ** 2 / ((k + 1) * (k + 3)) * square) / (1 - square)
