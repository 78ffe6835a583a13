"""Fast steps, then a step back towards where they began."""

from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.alternating import Alternating


@dataclass(eq=False)
class Lookahead(Method):
    """Every k steps of a base method, all players step back together towards a slow point.

        s ← s + α (z − s),    z ← s,    every k base steps

    Over k simultaneous steps on x·y the factor is |1 − α + α(1 − ih)^k|: rotation averages out.

    Cost: that of the base; 1 buffer.

    Args:
        base: the fast method.
        k: base steps between two moves of the slow point.
        alpha: how far the slow point follows, in (0, 1].

    Raises:
        ValueError: k < 1, or alpha outside (0, 1].

    Paper: Chavdarova, Pagliardini, Stich, Fleuret, Jaggi 2021, "Taming GANs with lookahead-minmax",
    arXiv 2006.14567.
    """

    base: Method = field(default_factory=Alternating)
    k: int = 5
    alpha: float = 0.5
    slow: Point | None = field(default=None, init=False)
    fast_steps: int = field(default=0, init=False)

    cost = "that of the base; 1 buffer"
    theory = "its base, over gradient descent (its paper has it over Adam)"
    paper = """@inproceedings{chavdarova2021taming,
  title={Taming {GANs} with Lookahead-Minmax},
  author={Chavdarova, Tatjana and Pagliardini, Matteo and Stich, Sebastian U. and Fleuret, Fran{\\c{c}}ois
          and Jaggi, Martin},
  booktitle={ICLR}, year={2021}}"""

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k is {self.k}: give a number of base steps of at least 1")
        if not 0 < self.alpha <= 1:
            raise ValueError(f"alpha is {self.alpha}: give a number above 0 and at most 1")

    @property
    def separable(self) -> bool:
        """As the base is."""
        return self.base.separable

    def update(self, game: Game, batches: Batches) -> None:
        """Do z ← T(z); every k steps s ← s + α (z − s), z ← s."""
        if self.slow is None:
            self.slow = game.point.clone()
        self.base.update(game, batches)
        self.fast_steps += 1
        if self.fast_steps % self.k == 0:
            fast, slow = (z.only(*game.awake) for z in (game.point, self.slow))
            fast.copy_(slow.lerp_(fast, self.alpha))
