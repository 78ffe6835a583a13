"""What is looked at while a game of points is played."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from saddlepoint.components.adversary import of_latents
from saddlepoint.core import Batch, rng, seed_for
from saddlepoint.evaluation.closeness import TRAINING, Closeness
from saddlepoint.measures import Number, values
from saddlepoint.tasks.plane import in_plane, judged, write_plane, write_real
from saddlepoint.tasks.points.data import PointData
from saddlepoint.tasks.points.evaluation import JUDGED, covered
from saddlepoint.tasks.points.model import PointGenerator
from saddlepoint.tasks.probe import Probe, evaluating, write_picture


class PointProbe(Probe[PointGenerator]):
    """Counts the modes that a generator of points reaches.

    Args:
        watched: a batch that never changes.
        data: where the points come from.
        seed: of further points of theirs.
        discriminator: whose field is kept with every picture of points in the plane.
        packing: points that it judges together.
    """

    def __init__(self, watched: Batch, data: PointData, seed: int, discriminator: nn.Module, packing: int) -> None:
        order = torch.randperm(len(data), generator=rng(seed, "judged"))[:TRAINING]
        super().__init__(watched, of_latents, Closeness(lambda: data.samples[order]))
        self.data, self.seed, self.discriminator, self.packing = data, seed, discriminator, packing

    def score(self, model: PointGenerator) -> Sequence[Number]:
        """`reverse_kl`, `modes` and `high_quality` of 2,500 points; `kernel` where no mixture is known."""
        return covered(model.made(JUDGED, seed=1), self.data)

    def references(self, model: PointGenerator) -> dict[str, dict[str, float]]:
        """`real`: further points of the mixture; where none is known, those of the data that the score leaves out."""
        known, data = super().references(model), self.data
        if data.mixture is None:
            other = data.samples[1::2][:JUDGED]
        else:
            other = data.mixture.points(JUDGED, seed_for(self.seed, "floor")).samples
        known["real"] |= values(covered(other, data))
        if data.mixture is not None:  # three deviations hold 98.9 % of a plane's normal, whatever 2,500 points say
            known["real"]["reverse_kl"] = max(known["real"]["reverse_kl"], (len(data.mixture.centres) - 1) / 2 / JUDGED)
        return known

    def exhibit(self, model: PointGenerator, folder: Path) -> None:
        """Points of the data, as many as a snapshot shows."""
        real = self.data.samples[:JUDGED]
        write_picture(folder / "real.png", model.picture(real))
        if in_plane(real):
            write_real(folder / "plane.json", real, model.reach)

    def snapshot(self, model: PointGenerator, path: Path) -> None:
        """The points, as a picture; of a plane also the discriminator's field beside it."""
        made = model.made(JUDGED, seed=0)
        write_picture(path, model.picture(made))
        if in_plane(made):
            with evaluating(self.discriminator):
                write_plane(path.with_suffix(".json"), made, model.reach, self._logits)

    def _logits(self, points: Tensor) -> Tensor:
        return judged(self.discriminator, points, self.data.samples, self.packing)
