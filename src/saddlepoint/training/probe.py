"""What the loop asks of a game's probe; the loop knows nothing of images or sounds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from saddlepoint.measures import Number


class Probe(Protocol):
    """Measurement and output of one game. Called with the players at the point to be judged."""

    def monitors(self) -> dict[str, float]:
        """Cheap numbers about the live players, at every record."""

    def score(self) -> Sequence[Number]:
        """How good the generator is, at every checkpoint; the first is the score, by which the best one is kept."""

    def snapshot(self, path: Path) -> None:
        """A picture of what the generator makes from latents that never change."""

    def deliver(self, folder: Path) -> None:
        """Write the trained generator so that it loads alone."""
