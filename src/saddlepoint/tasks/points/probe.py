"""What is looked at while a game of points is played."""

from collections.abc import Sequence
from pathlib import Path

from saddlepoint.components.adversary import of_latents
from saddlepoint.core import Batch
from saddlepoint.measures import Number
from saddlepoint.tasks.points.data import PointData
from saddlepoint.tasks.points.evaluation import JUDGED, covered
from saddlepoint.tasks.points.model import PointGenerator
from saddlepoint.tasks.probe import Probe, write_picture


class PointProbe(Probe[PointGenerator]):
    """Counts the modes that a generator of points reaches.

    Args:
        watched: a batch that never changes.
        data: where the points come from.
    """

    def __init__(self, watched: Batch, data: PointData) -> None:
        super().__init__(watched, of_latents)
        self.data = data

    def score(self, model: PointGenerator) -> Sequence[Number]:
        """`reverse_kl`, `modes` and `high_quality` of 2,500 points; `kernel` where no mixture is known."""
        return covered(model.made(JUDGED, seed=1), self.data)

    def snapshot(self, model: PointGenerator, path: Path) -> None:
        """The points, as a picture."""
        write_picture(path, model.picture(model.made(JUDGED, seed=0)))
