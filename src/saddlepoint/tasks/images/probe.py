"""What is looked at while a game of images is played."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, interpolate

from saddlepoint.components.adversary import of_latents
from saddlepoint.core import Batch, rng
from saddlepoint.evaluation.closeness import MADE, TRAINING, Closeness
from saddlepoint.evaluation.fidelity import SIDE, SetDistance, relative_sharpness
from saddlepoint.measures import Number
from saddlepoint.tasks.images.model import COLUMNS, ROWS, ImageGenerator
from saddlepoint.tasks.pictures import class_columns, of_each_class
from saddlepoint.tasks.probe import Probe, write_captions, write_picture

#: Real images whose edges are the measure of sharpness, and that stand-ins are made of.
SHARP, KNOWN = 256, 2048
#: Generated images that are shown beside the nearest training images, and pairs of them side by side.
NEAREST, PAIRS = 16, 4


class ImageProbe(Probe[ImageGenerator]):
    """Measures how far generated images are from real ones.

    Args:
        watched: a batch that never changes.
        distance: of generated images from as many real ones.
        images: all training images, uint8 (N, C, H, W).
        order: of them, in which those that are compared come first.
        closeness: looks for generated images among training images.
        labels: of all training images; None without.
        labelled: whether images are made for a class.
    """

    def __init__(
        self,
        watched: Batch,
        distance: SetDistance,
        images: Tensor,
        order: Tensor,
        closeness: Closeness,
        labels: Tensor | None = None,
        *,
        labelled: bool = True,
    ) -> None:
        super().__init__(watched, of_latents, closeness)
        self.distance, self.images, self.order = distance, images, order
        self.labels, self._labelled = labels, labelled

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

    def exhibit(self, model: ImageGenerator, folder: Path) -> None:
        """Training images in the grid of the snapshots; generated ones beside the nearest training images."""
        columns = class_columns(model.classes) or COLUMNS
        order = self.order[:TRAINING]
        if model.classes and self.labels is not None and class_columns(model.classes):
            shown = of_each_class(order, self.labels, len(model.classes), ROWS)
        else:
            shown = order[: columns * ROWS]
        write_picture(folder / "real.png", model.picture(self.images[shown], columns))
        assert self.closeness is not None
        labels = model.labels(MADE, seed=2)
        outputs = model.outputs(model.latents(MADE, seed=2), labels)
        made, near = self.closeness.nearest(self.comparable(outputs), NEAREST)
        if made:
            pairs = torch.stack([model.finished(outputs[made]), self.images[order[near]]], 1).flatten(0, 1)
            write_picture(folder / "nearest.png", model.picture(pairs, 2 * PAIRS))
        heads = {"nearest": ("generated", "nearest real") * PAIRS}
        write_captions(folder, **heads, **({"grid": model.classes} if class_columns(model.classes) else {}))

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
