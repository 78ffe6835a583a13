"""Slow the discriminator when it is ahead, hurry it when it is behind."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method
from saddlepoint.methods.alternating import Alternating
from saddlepoint.methods.roles import known


@dataclass(eq=False)
class GapAware(Method):
    """The gap-aware rate: the discriminator's rate follows the distance of its loss from the ideal value V*.

        h_D × clip(f_max^(g/x_max), 1, f_max)  where the mean loss is at least V*,
        h_D × clip(h_min^(g/x_min), h_min, 1)  below it,    g = |mean L_D − V*|

    Args:
        base: the method that moves.
        ideal: V*: log 4 non-saturating, 0 Wasserstein, 2 hinge, log 2 relativistic.
        h_min, f_max: least and greatest factor.
        x_min, x_max: gaps at which they are reached, as shares of V* (of 1 where V* is 0).
        decay: of the mean of L_D, a step.
        player: whose rate; None is the game's last player, the discriminator.

    Paper: Hazimeh, Ponomareva 2023, "Mind the (optimality) gap: a gap-aware learning rate scheduler for adversarial
    nets", arXiv 2302.00089.
    """

    base: Method = field(default_factory=Alternating)
    ideal: float = math.log(4)
    h_min: float = 0.1
    f_max: float = 2.0
    x_min: float = 0.1
    x_max: float = 0.1
    decay: float = 0.95
    player: str | None = None
    mean_loss: float | None = field(default=None, init=False)

    cost = "that of the base; no buffers"
    theory = "none: it scales a rate of any optimizer"
    paper = """@inproceedings{hazimeh2023mind,
  title={Mind the (Optimality) Gap: A Gap-Aware Learning Rate Scheduler for Adversarial Nets},
  author={Hazimeh, Hussein and Ponomareva, Natalia},
  booktitle={AISTATS}, year={2023}}"""

    def check(self, names: Sequence[str]) -> None:
        """Refuse a player that is not there."""
        self.slowed(names)
        super().check(names)

    def slowed(self, names: Sequence[str]) -> str:
        """Whose rate is scaled. Raises ValueError where there is no such player."""
        return names[-1] if self.player is None else known(names, self.player)

    def update(self, game: Game, batches: Batches) -> None:
        """Move by the base at the scaled rate, then put the rate back and note the loss."""
        player = self.slowed(game.names)
        with game.scaled_rates(self.factor(), (player,)):
            self.base.update(game, batches)
        if player not in game.awake:
            return
        loss = float(game.loss_values[player])
        self.mean_loss = loss if self.mean_loss is None else self.decay * self.mean_loss + (1 - self.decay) * loss

    def factor(self) -> float:
        """What the rate is multiplied by now; 1 before the first step."""
        if self.mean_loss is None:
            return 1.0
        gap = abs(self.mean_loss - self.ideal)
        unit = abs(self.ideal) or 1.0
        if self.mean_loss >= self.ideal:
            return float(min(self.f_max ** min(gap / (self.x_max * unit), 1.0), self.f_max))
        return float(max(self.h_min ** min(gap / (self.x_min * unit), 1.0), self.h_min))
