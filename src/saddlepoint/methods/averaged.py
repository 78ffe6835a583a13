"""Leave the iteration alone and answer with its average."""

from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.alternating import Alternating


@dataclass(eq=False)
class Averaged(Method):
    """The average of a base method's iterates, as the answer; the iterates themselves are untouched.

        uniform:      z̄_k = (z_0 + … + z_k)/(k + 1)
        exponential:  z̄⁺ = z̄ + (1 − β)(z⁺ − z̄),   β = decay, or ½^(samples of the step / half_life)

    On x·y under alternating steps the uniform average converges like 1/k; the exponential one shrinks the
    orbit by (1 − β)/√(1 − 2β cos θ + β²), cos θ = 1 − h²/2, and no further.

    Cost: that of the base; 1 buffer.

    Args:
        base: the method that moves.
        decay: β, a step.
        half_life: β by samples seen, so that a changed batch size keeps its meaning. Neither: uniform.
        warm_up: w, the half-life is at most w times the samples seen, so that the average leaves its start early.

    Raises:
        ValueError: both are given, or one is out of range.

    Paper: Yazıcı, Foo, Winkler, Yap, Piliouras, Chandrasekhar 2019, "The unusual effectiveness of averaging in
    GAN training", arXiv 1806.04498.
    """

    base: Method = field(default_factory=Alternating)
    decay: float | None = None
    half_life: float | None = None
    warm_up: float | None = None
    mean: Point | None = field(default=None, init=False)
    steps: int = field(default=0, init=False)

    cost = "that of the base; 1 buffer"
    theory = "its base"
    paper = """@inproceedings{yazici2019unusual,
  title={The Unusual Effectiveness of Averaging in {GAN} Training},
  author={Yaz{\\i}c{\\i}, Yasin and Foo, Chuan-Sheng and Winkler, Stefan and Yap, Kim-Hui and
          Piliouras, Georgios and Chandrasekhar, Vijay},
  booktitle={ICLR}, year={2019}}"""

    def __post_init__(self) -> None:
        if self.decay is not None and self.half_life is not None:
            raise ValueError("decay and half_life are two ways to say one thing: give one of them")
        if self.decay is not None and not 0 <= self.decay < 1:
            raise ValueError(f"decay is {self.decay}: give a number of at least 0 and below 1")
        if self.half_life is not None and self.half_life <= 0:
            raise ValueError(f"half_life is {self.half_life}: give a number of samples above 0")
        if self.warm_up is not None and (self.half_life is None or self.warm_up <= 0):
            raise ValueError(f"warm_up is {self.warm_up}: give a share above 0, together with a half_life")

    @property
    def separable(self) -> bool:
        """As the base is."""
        return self.base.separable

    def update(self, game: Game, batches: Batches) -> None:
        """Do z ← T(z); z̄ ← z̄ + w (z − z̄)."""
        if self.mean is None:
            self.mean = game.point.clone()
        before = batches.position
        self.base.update(game, batches)
        game.project()  # what a bounded player is when the step ends
        self.steps += 1
        mean, point = (z.only(*game.awake) for z in (self.mean, game.point))
        mean.lerp_(point, self._weight(before, batches.position))

    def _weight(self, before: int, after: int) -> float:
        if self.half_life is not None:
            half_life = self.half_life if self.warm_up is None else min(self.half_life, self.warm_up * after)
            weight: float = 1.0 - 0.5 ** ((after - before) / half_life)
            return weight
        return 1.0 - self.decay if self.decay is not None else 1.0 / (self.steps + 1)

    def answer(self, game: Game) -> Point:
        """The average; the live point before the first step."""
        return game.point if self.mean is None else self.mean
