"""What is looked at while a game of images is played."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, interpolate

from saddlepoint.components.adversary import of_latents
from saddlepoint.core import Batch, rng
from saddlepoint.evaluation.closeness import MADE, Closeness
from saddlepoint.evaluation.fidelity import SIDE, SetDistance, relative_sharpness
from saddlepoint.measures import Number
from saddlepoint.tasks.images.model import ImageGenerator
from saddlepoint.tasks.probe import Probe, write_picture

#: Real images whose edges are the measure of sharpness, and that stand-ins are made of.
SHARP, KNOWN = 256, 2048


class ImageProbe(Probe[ImageGenerator]):
    """Measures how far generated images are from real ones.

    Args:
        watched: a batch that never changes.
        distance: of generated images from as many real ones.
        images: all training images, uint8 (N, C, H, W).
        order: of them, in which those that are compared come first.
        closeness: looks for generated images among training images.
        labelled: whether images are made for a class.
    """

    def __init__(
        self,
        watched: Batch,
        distance: SetDistance,
        images: Tensor,
        order: Tensor,
        closeness: Closeness,
        *,
        labelled: bool = True,
    ) -> None:
        super().__init__(watched, of_latents, closeness)
        self.distance, self.images, self.order, self._labelled = distance, images, order, labelled

    @property
    def labelled(self) -> bool:
        """Whether images are made for a class."""
        return self._labelled

    def score(self, model: ImageGenerator) -> Sequence[Number]:
        """The distance of generated from real images, as many of each."""
        return [self.distance(model.made(len(self.distance), seed=1))]

    def checks(self, model: ImageGenerator) -> dict[str, float]:
        """As of all samples, and `sharpness` of edges over that of training images."""
        return super().checks(model) | self._sharpness(model.made(SHARP, seed=2))

    def references(self, model: ImageGenerator) -> dict[str, dict[str, float]]:
        """`real`, and `blind: mud`: smooth fields with the mean and the covariance of the images at 8x8 pixels."""
        known = super().references(model)
        if len(self.order) < 4:
            return known
        floor, mud = self.distance.floor(self.order), self._mud()
        others = self.images[self.order[-SHARP:]]
        known["real"] |= {floor.name: float(floor), **self._sharpness(others)}
        score, as_seen = self.distance(mud), self.closeness
        assert as_seen is not None
        low = self.watched.value.real.new_tensor(model.range[0])
        seen = self.comparable(mud[:MADE].float() / 255 * (model.range[1] - model.range[0]) + low.cpu())
        known["blind: mud"] = {score.name: float(score), **self._sharpness(mud), **as_seen(seen)}
        return known

    def snapshot(self, model: ImageGenerator, path: Path) -> None:
        """A grid of images from latents that never change."""
        write_picture(path, model.shown())

    def _sharpness(self, images: Tensor) -> dict[str, float]:
        if min(images.shape[2:]) < 3 or not len(images):
            return {}
        return {"sharpness": relative_sharpness(images[:SHARP], self.images[self.order[:SHARP]])}

    def _mud(self) -> Tensor:
        """Gaussian fields, enlarged, uint8 (n, C, H, W)."""
        known = self.images[self.order[:KNOWN]].double()
        height, width = self.images.shape[2:]
        side = (min(SIDE, height), min(SIDE, width))
        flat = adaptive_avg_pool2d(known, side).flatten(1)
        values, vectors = torch.linalg.eigh(torch.cov(flat.T).reshape(flat.shape[1], -1))
        noise = torch.randn(len(self.distance), flat.shape[1], generator=rng(0, "mud"), dtype=torch.float64)
        made = flat.mean(0) + noise * values.clamp_min(0).sqrt() @ vectors.T
        fields = interpolate(made.reshape(-1, self.images.shape[1], *side), (height, width), mode="bilinear")
        if min(height, width) >= 2 * SIDE:
            return fields.round().clamp(0, 255).byte()
        return avg_pool2d(fields, 3, 1, 1, count_include_pad=False).round().clamp(0, 255).byte()
