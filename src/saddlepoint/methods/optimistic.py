"""Optimism: expect the next displacement to be like this one."""

from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.simultaneous import Simultaneous


@dataclass(eq=False)
class Optimistic(Method):
    """Optimism on the displacement d = T(z) − z of any base method.

        z⁺ = z + 2 d − d₋,    d₋ the displacement before (d itself at the first step)

    Over a simultaneous step this is the past extragradient z⁺ = z − 2h F(z) + h F(z₋): the effect of
    extragradient at the cost of one evaluation. On x·y, ρ² = (1 + √(1 − 4h²))/2 for h ≤ ½; stable for h < 1/√3.

    Cost: that of the base; 2 buffers.

    Args:
        base: the method whose displacement is corrected.

    Papers: Popov 1980; Daskalakis, Ilyas, Syrgkanis, Zeng 2018, "Training GANs with optimism", arXiv 1711.00141.
    """

    base: Method = field(default_factory=Simultaneous)
    previous: Point | None = field(default=None, init=False)

    cost = "that of the base; 2 buffers"
    theory = "its base, over gradient descent (over Adam it is optimistic Adam)"
    paper = """@inproceedings{daskalakis2018training,
  title={Training {GANs} with Optimism},
  author={Daskalakis, Constantinos and Ilyas, Andrew and Syrgkanis, Vasilis and Zeng, Haoyang},
  booktitle={ICLR}, year={2018}}"""

    @property
    def separable(self) -> bool:
        """As the base is."""
        return self.base.separable

    def update(self, game: Game, batches: Batches) -> None:
        """Compute z⁺ = z + 2d − d₋."""
        point = game.point.only(*game.awake)
        start = point.clone()
        self.base.update(game, batches)
        displacement = point - start
        before = self.previous.state_dict() if self.previous is not None else {}
        for name in point.names:
            if name in before:  # a player's first step is the base's
                point.only(name).add_(displacement.only(name)).add_(Point({name: before[name]}), alpha=-1.0)
        self.previous = Point({**before, **displacement.state_dict()})
