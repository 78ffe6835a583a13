"""What the loop asks of a game's probe; the loop knows nothing of images or sounds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from saddlepoint.measures import Number


class Probe(Protocol):
    """Measurement and output of one game. Called with the players at the point to be judged."""

    def monitors(self) -> dict[str, float]:
        """Cheap numbers about the live players, at every record."""

    def movement(self) -> dict[str, float]:
        """Further ones, that tell whether players move and how far apart logits are, at every record."""
        return {}

    def checks(self) -> dict[str, float]:
        """What the score may be blind to, whenever it is taken."""
        return {}

    def references(self) -> dict[str, dict[str, float]]:
        """Scores and checks of real samples, of what needs no adversary, and of the untrained model, by name, once."""
        return {}

    def exhibit(self, folder: Path) -> None:  # noqa: ARG002
        """Write what a report lays beside the snapshots: real samples in their size, and others."""
        return

    def examined(self) -> dict[str, float]:
        """What the training data say of themselves, once."""
        return {}

    def score(self) -> Sequence[Number]:
        """How good the generator is, at every checkpoint; the first is the score, by which the best one is kept."""

    def snapshot(self, path: Path) -> None:
        """A picture of what the generator makes from latents that never change."""

    def deliver(self, folder: Path) -> None:
        """Write the trained generator so that it loads alone."""
