"""Alternating with extrapolation between the turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.roles import pair


@dataclass(eq=False)
class Alex(Method):
    """Alternating-extrapolation: each player answers to where the other is heading (Alex-GDA).

        x⁺ = x − h ∂_x L_x(x, ỹ),    x̃ = x + γ (x⁺ − x)
        y⁺ = y − h ∂_y L_y(x̃, y),    ỹ⁺ = y + δ (y⁺ − y)

    On x·y the factor is the spectral radius of [[1, 0, −h], [h, 1, −hγh], [δh, 1, −δγh²]], below 1 for γ, δ ≥ 1,
    (γ, δ) ≠ (1, 1), and small h. γ = δ = 1 is plain alternation.

    Args:
        gamma: extrapolation of the first player; 1 in the paper's GAN experiments.
        delta: extrapolation of the second; 1.2 to 4 there.
        order: first and second player; None takes those of a game of two in its order.
        same_batch: both see one batch.

    Paper: Lee, Cho, Yun 2024, "Fundamental benefit of alternating updates in minimax optimization",
    arXiv 2402.10475.
    """

    gamma: float = 1.0
    delta: float = 2.0
    order: tuple[str, str] | None = None
    same_batch: bool = True
    ahead: Point | None = field(default=None, init=False)

    separable = True
    cost = "1 evaluation a player; 2 buffers"
    theory = "gradient descent (its paper has experiments over Adam)"
    paper = """@inproceedings{lee2024fundamental,
  title={Fundamental Benefit of Alternating Updates in Minimax Optimization},
  author={Lee, Jaewook and Cho, Hanseul and Yun, Chulhee},
  booktitle={ICML}, year={2024}}"""

    def check(self, names: Sequence[str]) -> None:
        """Refuse all but two players."""
        self.pair(names)

    def pair(self, names: Sequence[str]) -> tuple[str, str]:
        """First and second player. Raises ValueError where there are none such, or others besides."""
        if len(names) > 2:
            raise ValueError(f"this method is for two players, and the game has {list(names)}: take alternating")
        first, second = self.order or (None, None)
        return pair(names, first, second, ("order[0]", "order[1]"))

    def update(self, game: Game, batches: Batches) -> None:
        """One turn each, the other at its extrapolated place."""
        first, second = self.pair(game.names)
        x, y = game.point.only(first), game.point.only(second)
        batch, start = batches.next(), game.point.clone()

        with game.excursion():
            if self.ahead is not None and second in game.awake:
                y.copy_(self.ahead)
            direction = game.field(batch, only=(first,))
        game.move(direction)

        if not self.same_batch:
            batch = batches.next()
        with game.excursion() as now:
            x.copy_(start.only(first)).lerp_(now.only(first), self.gamma)
            direction = game.field(batch, only=(second,))
        game.move(direction)
        if self.ahead is None:
            self.ahead = start.only(second)
        if second in game.awake:
            self.ahead.copy_(start.only(second)).lerp_(y, self.delta)
