"""The players move in turn; the default of the field and of this library."""

from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method


@dataclass(eq=False)
class Alternating(Method):
    """The players move in turn, each seeing where the one before has gone.

        y⁺ = y − h ∂_y L_y(x, y),    x⁺ = x − h ∂_x L_x(x, y⁺)

    Cost: as many single-player evaluations as there are moves; no buffers. On x·y it circles at a bounded
    distance for h_x h_y n_x n_y < 4, where simultaneous steps diverge; order and counts matter more in
    practice than most advanced methods.

    Args:
        order: who moves, first to last.
        counts: how many moves in a row each makes, in the same order.
        same_batch: the next player looks at the batch that the one before has just used; further moves of
            one player always draw a fresh batch. False: every move draws its own.

    Raises:
        ValueError: an empty order, or counts that do not fit it.

    Paper: Zhang, Wang, Lessard, Grosse 2022, "Near-optimal local convergence of alternating gradient descent-
    ascent for minimax optimization", arXiv 2102.09468.
    """

    order: tuple[str, ...] = ("discriminator", "generator")
    counts: tuple[int, ...] = (1, 1)
    same_batch: bool = True

    separable = True
    cost = "1 evaluation a move; no buffers"
    paper = """@inproceedings{zhang2022near,
  title={Near-optimal Local Convergence of Alternating Gradient Descent-Ascent for Minimax Optimization},
  author={Zhang, Guodong and Wang, Yuanhao and Lessard, Laurent and Grosse, Roger B.},
  booktitle={AISTATS}, year={2022}}"""

    def __post_init__(self) -> None:
        if not self.order:
            raise ValueError("order is empty: name at least one player")
        if len(self.counts) != len(self.order) or min(self.counts) < 1:
            raise ValueError(
                f"counts {self.counts} do not fit order {self.order}: give one number of at least 1 a player"
            )

    def update(self, game: Game, batches: Batches) -> None:
        """Each player in turn: z_p ← z_p − h ∂L_p/∂z_p, at the point where the others are now."""
        batch = None
        for name, count in zip(self.order, self.counts, strict=True):
            for turn in range(count):
                if batch is None or turn > 0 or not self.same_batch:
                    batch = batches.next()
                game.move(game.field(batch, only=(name,)))
