"""Stacked MNIST: three random digits as the channels of one image, so that there are a thousand modes to count."""

from collections.abc import Sequence
from pathlib import Path

import torch

from saddlepoint.core import rng
from saddlepoint.data.idx import MNIST, mnist
from saddlepoint.data.images import DataError, ImageData, Split, at_once, gathered

#: Images of each split, where no number is given: as many as MNIST has to train with, and as VEEGAN and PacGAN judge.
COUNTS: dict[Split, int] = {"train": 60_000, "test": 26_000}


def stacked_mnist(
    path: str | Path | None = None,
    split: Split = "train",
    *,
    count: int | None = None,
    mirrors: Sequence[str] = MNIST.mirrors,
) -> ImageData:
    """Three MNIST digits of one split as red, green and blue, 28x28; the class is their number, "000" to "999".

    Args:
        path: a folder with MNIST's IDX files; None downloads them once (see `mnist`).
        split: "train" or "test": which of MNIST's digits are stacked.
        count: images; None makes 60,000 to train and 26,000 to test. PacGAN, held against VEEGAN, trains on 128,000.
        mirrors: see `mnist`.

    Raises:
        DataError: what `mnist` raises, or a count below 1.

    Che, Li, Jacob, Bengio, Li 2017, arXiv 1612.02136 (stacking); Metz, Poole, Pfau, Sohl-Dickstein 2017,
    arXiv 1611.02163 (a thousand modes).
    """
    return stacked(mnist(path, split, mirrors=mirrors), split, COUNTS[split] if count is None else count)


def stacked(digits: ImageData, split: Split, count: int) -> ImageData:
    """Images (count, 3, H, W) of three digits each, drawn with replacement; always the same for the same digits.

    Digits are drawn as often as they are there, so the thousand classes are only nearly as many: those of MNIST have a
    divergence of 3 · .0014 nats from equal ones.

    Args:
        digits: grey, of the classes 0 to 9.
        split: names the draw.
        count: images; the first ones do not depend on it.

    Raises:
        DataError: a count below 1.

    >>> ten = ImageData("ten", torch.zeros(10, 1, 4, 4, dtype=torch.uint8), torch.arange(10), tuple("0123456789"), "")
    >>> made = stacked(ten, "train", 5)
    >>> made.shape, len(made.classes), made.classes[7]
    ((3, 4, 4), 1000, '007')
    """
    if count < 1:
        raise DataError(f"{count} stacked images were asked for: give at least 1")
    assert digits.labels is not None
    _, height, width = digits.shape
    drawn = torch.randint(len(digits), (count, 3), generator=rng("stacked", split))
    parts = (digits.images[part][:, :, 0] for part in drawn.split(at_once(3, height, width)))
    return ImageData(
        name="stacked-mnist",
        images=gathered((count, 3, height, width), parts),
        labels=digits.labels[drawn] @ torch.tensor([100, 10, 1]),
        classes=tuple(f"{number:03}" for number in range(1000)),
        source=f"Three digits drawn at random for each image, with replacement. {digits.source}",
        notes=digits.notes,
    )
