"""DiffAugment: colour, translation, cutout."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.augment.augmentation import Augmentation, Strength, applied, each
from saddlepoint.augment.pixels import grid, taken, whole, window


@dataclass(frozen=True)
class DiffAugment(Augmentation):
    """Colour, translation and cutout; made for small sets of images, at a strength of 1.

    With u uniform on [0, 1), drawn anew for each, x in units where black is −1 and white 1, at strength p:

        colour:       x ← x + u − ½;   x ← c̄ + 2u (x − c̄), c̄ the pixel's mean;   x ← m + (u + ½)(x − m), m the image's
        translation:  by whole pixels, at most an eighth of each side; what comes in is grey
        cutout:       a rectangle of half of each side, centred anywhere, becomes grey

    The paper always applies all of them; here each is applied with probability p, which is the same at 1.

    Args:
        low, high: what black and white are.
        colour, translation, cutout: which of the three.

    Paper: Zhao, Liu, Lin, Zhu, Han 2020, "Differentiable augmentation for data-efficient GAN training",
    arXiv 2006.10738.

    >>> images, augment = torch.ones(1, 1, 2, 2), DiffAugment()
    >>> augment(images, torch.full((1, augment.draws), 0.25), strength=0.0).flatten().tolist()
    [1.0, 1.0, 1.0, 1.0]
    >>> DiffAugment(translation=False, cutout=False)(images, torch.full((1, 10), 0.25), 1.0).flatten().tolist()
    [0.75, 0.75, 0.75, 0.75]
    """

    colour: bool = True
    translation: bool = True
    cutout: bool = True

    parts = {"colour": 4, "translation": 3, "cutout": 3}  # noqa: RUF012
    paper = """@inproceedings{zhao2020differentiable,
  title={Differentiable Augmentation for Data-Efficient {GAN} Training},
  author={Zhao, Shengyu and Liu, Zhijian and Lin, Ji and Zhu, Jun-Yan and Han, Song},
  booktitle={NeurIPS}, year={2020}}"""

    def _transformed(self, images: Tensor, drawn: Mapping[str, Tensor], strength: Strength) -> Tensor:
        if self.colour:
            colour = drawn["colour"]
            images = torch.where(each(applied(colour, strength)), self._coloured(images, colour), images)
        if self.translation:
            translation = drawn["translation"]
            images = torch.where(each(applied(translation, strength)), self._moved(images, translation), images)
        if self.cutout:
            cutout = drawn["cutout"]
            hole = each(applied(cutout, strength)) & window(images, cutout[:, 1], cutout[:, 2])
            images = images.masked_fill(hole, self.middle)
        return images

    def _coloured(self, images: Tensor, drawn: Tensor) -> Tensor:
        _, brightness, saturation, contrast = drawn.to(images).unbind(1)
        images = images + each(brightness - 0.5) * (self.high - self.low) / 2
        images = torch.lerp(images.mean(1, keepdim=True), images, each(2 * saturation))
        return torch.lerp(images.mean((1, 2, 3), keepdim=True), images, each(contrast + 0.5))

    def _moved(self, images: Tensor, drawn: Tensor) -> Tensor:
        height, width = images.shape[2:]
        rows, columns = grid(images)
        rows, columns = rows + whole(drawn[:, 1], round(height / 8)), columns + whole(drawn[:, 2], round(width / 8))
        outside = (rows < 0) | (rows >= height) | (columns < 0) | (columns >= width)
        return taken(images, rows, columns).masked_fill(outside.unsqueeze(1), self.middle)
