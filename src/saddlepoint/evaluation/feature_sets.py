"""Images read by an extractor in chunks: features are kept, images dropped."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.core import rng
from saddlepoint.data import ImageData
from saddlepoint.data.dataset import OnProgress
from saddlepoint.extractors import Extractor

#: Images generated and read together.
CHUNK = 1024
#: Numbers in an image up to which its pixels are kept, to be compared too: colour of 64x64.
SMALL = 3 * 64 * 64


@dataclass(frozen=True)
class Seen:
    """What an extractor saw in n images.

    Attributes:
        features: float32 (n, d).
        logits: float32 (n, classes), or None where the extractor has no classes.
        pixels: uint8 (m, C, H, W), of the first m images; None where they are large.
        order: where the images are in their data set, int64 (n,).
    """

    features: NDArray[np.float32]
    logits: NDArray[np.float32] | None
    pixels: NDArray[np.uint8] | None
    order: Tensor

    def __len__(self) -> int:
        return len(self.features)

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The class that the extractor gives each, (n,)."""
        return None if self.logits is None else self.logits.argmax(1).astype(np.int64)

    def first(self, n: int) -> "Seen":
        """The first n of them."""
        return Seen(
            self.features[:n],
            None if self.logits is None else self.logits[:n],
            None if self.pixels is None else self.pixels[:n],
            self.order[:n],
        )


def seen_of(data: ImageData, extractor: Extractor, n: int, most: int, seed: int, report: OnProgress, what: str) -> Seen:
    """At most n real images, in an order of the seed: data sets are often sorted by class."""
    order = torch.randperm(len(data), generator=rng(seed, "evaluated"))[:n]
    chunks = (data.images[part] for part in order.split(CHUNK))
    return seen_in(chunks, order, data.shape, extractor, most, report, what)


def seen_in(
    chunks: Iterable[Tensor],
    order: Tensor,
    shape: tuple[int, ...],
    extractor: Extractor,
    most: int,
    report: OnProgress,
    what: str,
) -> Seen:
    """What an extractor sees in images that come in chunks.

    Args:
        chunks: uint8 (n, C, H, W) each.
        order: where all of them are in their data set, int64 (n,).
        shape: of one.
        extractor: reads them.
        most: so many keep their pixels, where they are small.
        report: told how far it is.
        what: what is told.
    """
    n, done = len(order), 0
    features: NDArray[Any] = np.empty((0, 0), np.float32)
    logits: NDArray[Any] | None = None
    pixels = np.empty((min(n, most), *shape), np.uint8) if prod(shape) <= SMALL else None
    report(what, 0, n)
    for images in chunks:
        reading, stop = extractor.read(images), done + len(images)
        if done == 0:
            features = np.empty((n, reading.features.shape[1]), np.float32)
            logits = None if reading.logits is None else np.empty((n, reading.logits.shape[1]), np.float32)
        features[done:stop] = reading.features.numpy()
        if logits is not None and reading.logits is not None:
            logits[done:stop] = reading.logits.numpy()
        if pixels is not None and done < len(pixels):
            pixels[done:stop] = images.numpy()[: len(pixels) - done]
        done = stop
        report(what, done, n)
    return Seen(features, logits, pixels, order)
