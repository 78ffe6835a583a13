"""Images read by an extractor in chunks: features are kept, images dropped."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.core import rng
from saddlepoint.data import ImageData
from saddlepoint.extractors import Extractor
from saddlepoint.tasks.trained import ImageGenerator

#: Images generated and read together.
CHUNK = 1024
#: Numbers in an image up to which its pixels are compared too: colour of 32x32.
SMALL = 3 * 32 * 32
#: Told what is done, how much of it, and of how much.
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Seen:
    """What an extractor saw in n images.

    Attributes:
        features: float32 (n, d).
        logits: float32 (n, classes), or None where the extractor has no classes.
        pixels: uint8 (m, C·H·W), of the first m images; None where they are large.
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
    return _seen(chunks, order, data.shape, extractor, most, report, what)


def seen_from(
    trained: ImageGenerator, extractor: Extractor, n: int, most: int, seed: int, report: OnProgress, what: str
) -> Seen:
    """n generated images, those of `Sampler.sample` with this seed."""
    return _seen(generated(trained, n, seed), torch.arange(n), trained.shape, extractor, most, report, what)


def generated(trained: ImageGenerator, n: int, seed: int) -> Iterator[Tensor]:
    """The images of `trained.sample(n, seed)` in chunks."""
    latents, labels = trained.latents(n, seed), trained.labels(n)
    for start in range(0, n, CHUNK):
        part = slice(start, start + CHUNK)
        yield trained.render(latents[part], None if labels is None else labels[part])


def _seen(
    chunks: Iterable[Tensor],
    order: Tensor,
    shape: tuple[int, ...],
    extractor: Extractor,
    most: int,
    report: OnProgress,
    what: str,
) -> Seen:
    n, done = len(order), 0
    features: NDArray[Any] = np.empty((0, 0), np.float32)
    logits: NDArray[Any] | None = None
    pixels = np.empty((min(n, most), prod(shape)), np.uint8) if prod(shape) <= SMALL else None
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
            pixels[done:stop] = images.flatten(1).numpy()[: len(pixels) - done]
        done = stop
        report(what, done, n)
    return Seen(features, logits, pixels, order)
