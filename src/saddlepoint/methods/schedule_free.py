"""A documented negative result."""

from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point


@dataclass(eq=False)
class ScheduleFree(Method):
    """Schedule-free descent, right for minimisation and wrong for games: on x·y it diverges, its average too.

        y = (1 − β) z + β x,    z⁺ = z − h F(y),    x⁺ = x + (z⁺ − x)/(k + 1)

    The average x is the answer. Averaging pulls the evaluation point back towards the past, the opposite of the
    extrapolation that games need. Included to be shown.

    Args:
        beta: between stepping at z (0) and at the average (1).

    Paper: Defazio, Yang, Mehta, Mishchenko, Khaled, Cutkosky 2024, "The road less scheduled", arXiv 2405.15682.
    """

    beta: float = 0.9
    mean: Point | None = field(default=None, init=False)
    k: int = field(default=0, init=False)

    separable = True
    cost = "1 evaluation a player; 2 buffers"
    theory = "minimisation by gradient descent or AdamW, not games"
    paper = """@inproceedings{defazio2024road,
  title={The Road Less Scheduled},
  author={Defazio, Aaron and Yang, Xingyu Alice and Mehta, Harsh and Mishchenko, Konstantin and Khaled, Ahmed
          and Cutkosky, Ashok},
  booktitle={NeurIPS}, year={2024}}"""

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z − h F((1 − β) z + β x); the live point is z."""
        if self.mean is None:
            self.mean = game.point.clone()
        point, mean = (z.only(*game.awake) for z in (game.point, self.mean))
        with game.excursion():
            point.lerp_(mean, self.beta)
            direction = game.field(batches.next())
        game.move(direction)
        self.k += 1
        mean.lerp_(point, 1 / (self.k + 1))

    def answer(self, game: Game) -> Point:
        """The average; the live point before the first step."""
        return game.point if self.mean is None else self.mean
