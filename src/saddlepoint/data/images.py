"""Images of one size: what every reader gives."""

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from saddlepoint.cache import cache_folder
from saddlepoint.core import rng

Split = Literal["train", "test"]

#: Images worked on at once, at most; and the numbers that they may have together. Both bound what copies take.
CHUNK, NUMBERS = 1024, 1 << 26
#: Bytes of images made from others that are held in memory; more go into a temporary file.
IN_MEMORY = 1 << 30


class DataError(ValueError):
    """The data asked for is not there, is damaged, or is not what was expected; the message says what to do."""


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images of one size, with their classes where there are any.

    Attributes:
        name: what to call them.
        images: uint8 (N, C, H, W), 0 black, 255 white; in memory or mapped from the disk, and not to be written to.
        labels: int64 (N,), indices into `classes`, or None.
        classes: names of the classes; () where there are none.
        source: where they came from, a sentence.
        notes: what was skipped or converted, a sentence each.
        held_out: others of the same kind, which judge and are not trained on, where they came with these.

    Raises:
        DataError: no images, or shapes, types and classes that do not fit together.

    >>> two = ImageData("two", torch.zeros(2, 1, 4, 4, dtype=torch.uint8), None, (), "Made here.")
    >>> len(two), two.shape, two.resized(8).shape
    (2, (1, 4, 4), (1, 8, 8))
    """

    name: str
    images: Tensor
    labels: Tensor | None
    classes: tuple[str, ...]
    source: str
    notes: tuple[str, ...] = ()
    held_out: "ImageData | None" = None

    kind = "images"
    described: ClassVar[tuple[tuple[str, ...], ...]] = ()

    def __post_init__(self) -> None:
        shape, kind = tuple(self.images.shape), self.images.dtype
        if kind != torch.uint8 or len(shape) != 4 or 0 in shape:
            raise DataError(
                f"{self.name}: images are {kind} {shape}, expected torch.uint8 (N, C, H, W), none of them 0"
            )
        if self.labels is None:
            return
        if self.labels.dtype != torch.int64 or self.labels.shape != shape[:1]:
            raise DataError(
                f"{self.name}: labels are {self.labels.dtype} {tuple(self.labels.shape)}, "
                f"expected torch.int64 {shape[:1]}"
            )
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(self.classes):
            raise DataError(f"{self.name}: labels run from {low} to {high}, but there are {len(self.classes)} classes")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        _, c, h, w = self.images.shape
        return c, h, w

    @property
    def size(self) -> str:
        """Of an image, for people."""
        channels, height, width = self.shape
        return f"{height}x{width}{ {1: '', 3: ' in colour'}.get(channels, f' of {channels} channels') }"

    @property
    def counts(self) -> dict[str, int]:
        """Images of each class; empty where there are none."""
        if self.labels is None:
            return {}
        return dict(zip(self.classes, self.labels.bincount(minlength=len(self.classes)).tolist(), strict=True))

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of a SHA-256 over shape, pixels and labels; the same on every machine."""
        digest = hashlib.sha256(repr(tuple(self.images.shape)).encode())
        for part in self.images.split(at_once(*self.shape)):
            digest.update(part.cpu().contiguous().numpy().data)
        if self.labels is not None:
            digest.update(self.labels.cpu().contiguous().numpy().astype("<i8", copy=False).data)
        return digest.hexdigest()[:16]

    def split(self, share: float, seed: int = 0) -> tuple["ImageData", "ImageData"]:
        """Part the images at random: those to train with, and a share held out to test with; both in their order.

        Raises:
            DataError: a share that leaves one of them empty.

        >>> images = torch.arange(10, dtype=torch.uint8).reshape(10, 1, 1, 1)
        >>> train, test = ImageData("ten", images, None, (), "Made here.").split(0.2)
        >>> len(train), len(test)
        (8, 2)
        """
        held_out = round(share * len(self)) if 0 < share < 1 else 0
        if not 0 < held_out < len(self):
            raise DataError(
                f"{self.name}: a share of {share} of {len(self):,} images leaves a part empty: give a share above 0 "
                f"and below 1 that leaves at least one image on both sides"
            )
        order = torch.randperm(len(self), generator=rng(seed, "held out"))
        test, train = order[:held_out].sort().values, order[held_out:].sort().values
        return self.chosen(train, f"Without {held_out:,} images held out."), self.chosen(test, "Held out.")

    def limited(self, limit: int, seed: int = 0) -> "ImageData":
        """At most so many of the images, chosen at random, in their order: as many of each class, as far as they go.

        Numbers of classes differ by one at most, but for those that have no more to give. Of one seed, the fewer are
        among the more. Itself, where there are no more images than that.

        Raises:
            DataError: a limit below 1.

        >>> labels = torch.tensor([0, 0, 0, 0, 1, 0, 1, 0])
        >>> images = torch.arange(8, dtype=torch.uint8).reshape(8, 1, 1, 1)
        >>> ImageData("eight", images, labels, ("a", "b"), "Made here.").limited(6).labels.bincount().tolist()
        [4, 2]
        """
        if limit < 1:
            raise DataError(f"{self.name}: {limit} images were asked for: give at least 1")
        if limit >= len(self):
            return self
        # The first of each class, then the second of each, and so on; within a round in random order.
        order, rank = self._drawn(seed)
        first = order[torch.argsort(rank[order], stable=True)[:limit]]
        return self.chosen(first.sort().values, f"Limited to {limit:,} of {len(self):,} images (seed {seed}).")

    def of_each_class(self, count: int, seed: int = 0) -> "ImageData":
        """So many images of each class, chosen at random, in their order; of one seed, the fewer are among the more.

        Raises:
            DataError: no classes, one with fewer images than that, or a count below 1.

        >>> labels = torch.tensor([0, 0, 0, 1, 1, 1])
        >>> images = torch.arange(6, dtype=torch.uint8).reshape(6, 1, 1, 1)
        >>> ImageData("six", images, labels, ("a", "b"), "Made here.").of_each_class(2).labels.tolist()
        [0, 0, 1, 1]
        """
        if count < 1:
            raise DataError(f"{self.name}: {count} images of each class were asked for: give at least 1")
        if self.labels is None:
            raise DataError(
                f"{self.name} has no classes to take {count:,} images of each of: give a limit of all images instead"
            )
        counts = self.labels.bincount(minlength=len(self.classes))
        fewest = int(counts.argmin())
        if counts[fewest] < count:
            raise DataError(
                f"{self.name}: {count:,} images of each class were asked for, but class {self.classes[fewest]!r} has "
                f"{int(counts[fewest]):,}: give no more than that, or a limit of all images instead"
            )
        _, rank = self._drawn(seed)
        indices = (rank < count).nonzero()[:, 0]
        return self.chosen(indices, f"Limited to {count:,} images of each class, of {len(self):,} (seed {seed}).")

    def _drawn(self, seed: int) -> tuple[Tensor, Tensor]:
        """A random order of the images, and by image how many of its class are before it in that order."""
        order = torch.randperm(len(self), generator=rng(seed, "subset"))
        labels = torch.zeros_like(order) if self.labels is None else self.labels
        by_class = order[torch.argsort(labels[order], stable=True)]
        counts = labels.bincount()
        rank = torch.empty_like(order)
        rank[by_class] = torch.arange(len(self)) - (counts.cumsum(0) - counts)[labels[by_class]]
        return order, rank

    def chosen(self, indices: Tensor, *notes: str) -> "ImageData":
        """Those at these indices, in this order, with what is to be noted of it."""
        parts = (self.images.index_select(0, part) for part in indices.split(at_once(*self.shape)))
        return replace(
            self,
            images=gathered((len(indices), *self.shape), parts),
            labels=None if self.labels is None else self.labels[indices],
            notes=(*self.notes, *notes),
        )

    def resized(self, size: int) -> "ImageData":
        """The same images at size x size pixels: the middle square, bicubic with antialias, clamped to 0..255; noted.

        Itself, where it has that size already.

        Raises:
            DataError: a size below 1.
        """
        if size < 1:
            raise DataError(f"the size is {size} pixels: give at least 1")
        _, h, w = self.shape
        if h == w == size:
            return self
        side = min(h, w)
        top, left = (h - side) // 2, (w - side) // 2
        square = self.images[:, :, top : top + side, left : left + side]
        parts = (
            F.interpolate(part.float(), (size, size), mode="bicubic", antialias=True).round_().clamp_(0, 255).byte()
            for part in square.split(at_once(self.shape[0], max(size, side), max(size, side)))
        )
        whole = gathered((len(self), self.shape[0], size, size), parts)
        what = f"Cropped to the middle square or resized, to {size}x{size} pixels: {len(self):,} images of {h}x{w}."
        return replace(self, images=whole, notes=(*self.notes, what))


def gathered(shape: tuple[int, ...], parts: Iterable[Tensor]) -> Tensor:
    """Parts (uint8) joined to one tensor of a shape: in memory, or, beyond `IN_MEMORY`, mapped from a temporary file.

    Raises:
        DataError: the disk has no room for them.
    """
    if prod(shape) <= IN_MEMORY:
        whole, done = torch.empty(shape, dtype=torch.uint8), 0
        for part in parts:
            whole[done : done + len(part)] = part
            done += len(part)
        return whole
    folder = cache_folder()  # the system's own folder for temporary files may lie in memory
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            for part in parts:
                file.write(part.cpu().contiguous().numpy().data)
            file.flush()
            # The file has no name: it goes when the tensor does.
            return torch.from_numpy(np.memmap(file, np.uint8, "r+", shape=shape))
    except OSError as error:
        raise DataError(
            f"{prod(shape) / 1e9:,.1f} GB of images cannot be written to {folder} ({error.strerror or error}): set the "
            f"environment's SADDLE_CACHE to a folder on a larger disk, or give fewer or smaller images"
        ) from error


def at_once(*shape: int) -> int:
    """How many images of a shape to work on at once."""
    return min(CHUNK, max(1, NUMBERS // prod(shape)))
