"""Lookahead with two slow points, one slower than the other."""

from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.alternating import Alternating


@dataclass(eq=False)
class NestedLookahead(Method):
    """Lookahead-minmax on two time scales: a slow point every k base steps, a slower one every `outer` times k.

        s ← s + α (z − s),  z ← s              every k base steps
        t ← t + α (s − t),  z ← s ← t          every k · outer base steps

    Over simultaneous steps on x·y the factor of k · outer steps is |1 − α + α r^outer|, r = 1 − α + α (1 − ih)^k.
    A lookahead of a lookahead differs: its inner slow point stays where it was when the outer one moves.

    Args:
        base: the fast method.
        k: base steps between two moves of the slow point.
        outer: moves of the slow point between two of the slower one.
        alpha: how far a slow point follows, in (0, 1].

    Raises:
        ValueError: k or outer below 1, or alpha outside (0, 1].

    Paper: Chavdarova, Pagliardini, Stich, Fleuret, Jaggi 2021, "Taming GANs with lookahead-minmax",
    arXiv 2006.14567, nested LA.
    """

    base: Method = field(default_factory=Alternating)
    k: int = 5
    outer: int = 10
    alpha: float = 0.5
    slow: Point | None = field(default=None, init=False)
    slower: Point | None = field(default=None, init=False)
    fast_steps: int = field(default=0, init=False)

    cost = "that of the base; 2 buffers"
    theory = "its base, over gradient descent (its paper has it over Adam)"
    paper = """@inproceedings{chavdarova2021taming,
  title={Taming {GANs} with Lookahead-Minmax},
  author={Chavdarova, Tatjana and Pagliardini, Matteo and Stich, Sebastian U. and Fleuret, Fran{\\c{c}}ois
          and Jaggi, Martin},
  booktitle={ICLR}, year={2021}}"""

    def __post_init__(self) -> None:
        if min(self.k, self.outer) < 1:
            raise ValueError(f"k is {self.k} and outer {self.outer}: give at least 1 each")
        if not 0 < self.alpha <= 1:
            raise ValueError(f"alpha is {self.alpha}: give a number above 0 and at most 1")

    @property
    def separable(self) -> bool:
        """As the base is."""
        return self.base.separable

    def update(self, game: Game, batches: Batches) -> None:
        """Do z ← T(z); every k steps move the slow point, every k · outer the slower one."""
        if self.slow is None or self.slower is None:
            self.slow, self.slower = game.point.clone(), game.point.clone()
        self.base.update(game, batches)
        self.fast_steps += 1
        fast, slow, slower = (z.only(*game.awake) for z in (game.point, self.slow, self.slower))
        if self.fast_steps % self.k == 0:
            fast.copy_(slow.lerp_(fast, self.alpha))
        if self.fast_steps % (self.k * self.outer) == 0:
            fast.copy_(slow.copy_(slower.lerp_(slow, self.alpha)))
