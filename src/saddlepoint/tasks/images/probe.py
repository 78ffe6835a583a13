"""What is looked at while a game of images is played."""

from collections.abc import Sequence
from pathlib import Path

from saddlepoint.components.adversary import of_latents
from saddlepoint.core import Batch
from saddlepoint.evaluation.fidelity import SetDistance
from saddlepoint.measures import Number
from saddlepoint.tasks.images.model import ImageGenerator
from saddlepoint.tasks.probe import Probe, write_picture


class ImageProbe(Probe[ImageGenerator]):
    """Measures how far generated images are from real ones.

    Args:
        watched: a batch that never changes.
        distance: of generated images from as many real ones.
    """

    def __init__(self, watched: Batch, distance: SetDistance) -> None:
        super().__init__(watched, of_latents)
        self.distance = distance

    def score(self, model: ImageGenerator) -> Sequence[Number]:
        """The distance of generated from real images, as many of each."""
        return [self.distance(model.made(len(self.distance), seed=1))]

    def snapshot(self, model: ImageGenerator, path: Path) -> None:
        """A grid of images from latents that never change."""
        write_picture(path, model.shown())
