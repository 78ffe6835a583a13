"""The players move in turn; the default of the field and of this library."""

from collections.abc import Sequence
from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method
from saddlepoint.methods.roles import turns


@dataclass(eq=False)
class Alternating(Method):
    """The players move in turn, each seeing where the one before has gone.

        y⁺ = y − h ∂_y L_y(x, y),    x⁺ = x − h ∂_x L_x(x, y⁺)

    Cost: as many single-player evaluations as there are moves; no buffers. On x·y it circles at a bounded
    distance for h_x h_y n_x n_y < 4, where simultaneous steps diverge; order and counts matter more in
    practice than most advanced methods.

    Args:
        order: who moves, first to last; None is the game's players from the last to the first: the discriminator,
            then the generator.
        counts: how many moves in a row each makes, in the same order; None is one each.
        same_batch: the next player looks at the batch that the one before has just used; further moves of
            one player always draw a fresh batch. False: every move draws its own.

    Raises:
        ValueError: an empty order, or counts that do not fit it; in play, a player that the game has not.

    Paper: Zhang, Wang, Lessard, Grosse 2022, "Near-optimal local convergence of alternating gradient descent-
    ascent for minimax optimization", arXiv 2102.09468.
    """

    order: tuple[str, ...] | None = None
    counts: tuple[int, ...] | None = None
    same_batch: bool = True

    separable = True
    cost = "1 evaluation a move; no buffers"
    paper = """@inproceedings{zhang2022near,
  title={Near-optimal Local Convergence of Alternating Gradient Descent-Ascent for Minimax Optimization},
  author={Zhang, Guodong and Wang, Yuanhao and Lessard, Laurent and Grosse, Roger B.},
  booktitle={AISTATS}, year={2022}}"""

    def __post_init__(self) -> None:
        if self.order is not None:
            if not self.order:
                raise ValueError("order is empty: name at least one player")
            self.moves(self.order)
        elif self.counts is not None and min(self.counts, default=0) < 1:
            raise ValueError(f"counts is {self.counts}: give one number of at least 1 a player")

    def check(self, names: Sequence[str]) -> None:
        """Refuse an order or counts that do not fit."""
        self.moves(names)

    def moves(self, names: Sequence[str]) -> list[tuple[str, int]]:
        """Who moves in a game of these players, and how often in a row, first to last.

        Raises:
            ValueError: counts that do not fit the order, or a player that the game has not.
        """
        order = turns(names, self.order)
        counts = (1,) * len(order) if self.counts is None else self.counts
        if len(counts) != len(order) or min(counts) < 1:
            raise ValueError(f"counts {counts} do not fit order {order}: give one number of at least 1 a player")
        return list(zip(order, counts, strict=True))

    def update(self, game: Game, batches: Batches) -> None:
        """Each player in turn: z_p ← z_p − h ∂L_p/∂z_p, at the point where the others are now."""
        batch = None
        moves = self.moves(game.names)
        after = [*(name for name, _ in moves[1:]), None]
        for (name, count), other in zip(moves, after, strict=True):
            for turn in range(count):
                if batch is None or turn > 0 or not self.same_batch:
                    batch = batches.next()
                last = turn + 1 == count and self.same_batch
                following = (other,) if last and other in game.awake else ()
                game.move(game.field(batch, only=(name,), following=following))
