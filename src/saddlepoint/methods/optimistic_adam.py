"""Optimism over Adam, as it was published."""

from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.simultaneous import Simultaneous


@dataclass(eq=False)
class OptimisticAdam(Method):
    """Optimistic Adam, to be taken with Adam as the players' optimizer: twice its step, less the step before.

        z⁺ = z − 2h m̂/(√v̂ + ε) + h m̂₋/(√v̂₋ + ε),    m̂₋ = 0 at the first step

    m̂ and v̂ are Adam's own, corrected for their start. It is `optimistic` but for the first step, which is doubled here.
    Over another optimizer the same holds of its steps; over gradient descent it is optimistic mirror descent,
    z⁺ = z − 2hF + hF₋, with the factor of `optimistic` on x·y: ρ² = (1 + √(1 − 4h²))/2 for h ≤ ½, stable for
    h < 1/√3. That is theory of gradient descent: over Adam nothing is known but experiments.

    Args:
        base: whose steps are corrected; the paper's theory is of simultaneous ones, its code plays in turn.

    Paper: Daskalakis, Ilyas, Syrgkanis, Zeng 2018, "Training GANs with optimism", arXiv 1711.00141, algorithm 1.
    """

    base: Method = field(default_factory=Simultaneous)
    previous: Point | None = field(default=None, init=False)

    cost = "that of the base; 2 buffers"
    theory = "gradient descent (over Adam it is the published method, without a theory)"
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
        if self.previous is None:
            self.previous = game.point.zeros()
        point, previous = (z.only(*game.awake) for z in (game.point, self.previous))
        start = point.clone()
        self.base.update(game, batches)
        displacement = point - start
        point.add_(displacement).add_(previous, alpha=-1.0)
        previous.copy_(displacement)
