"""All players move at once."""

from dataclasses import dataclass

from saddlepoint.core import Batches, Game, Method


@dataclass(eq=False)
class Simultaneous(Method):
    """Every player moves by the gradient at the same point.

        z⁺ = z − h F(z)

    Cost: 1 field evaluation; no buffers. Converges where the game is strongly monotone and h small; on x·y it
    diverges at every step size, by √(1 + h²) a step. The plainest map, the base of most wrappers, and the
    method for a game of one player.
    """

    separable = True
    cost = "1 evaluation a player; no buffers"

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z − h F(z)."""
        game.move(game.field(batches.next()))
