"""Images of their own sizes, whole: nothing is resized, and what is wanted of one is cut out of it."""

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.core import rng
from saddlepoint.data.collection import THREADS, Collection, OnRead, some
from saddlepoint.data.decoding import Colour, Range, Whole, available_formats, decode_whole, opened_image, upright_size
from saddlepoint.data.folder import WHITE, Files, listed, part_of, printable
from saddlepoint.data.images import DataError, ImageData, Split, gathered
from saddlepoint.data.value_range import ValueRange, notes_of, range_of_files


@dataclass(frozen=True, eq=False)
class Photographs:
    """Images of any sizes, their bytes one after another: in memory, or mapped from the disk where they are many.

    Attributes:
        name: what to call them.
        pixels: uint8, all values of all images, each as (C, H, W).
        channels: 1 or 3, of all.
        places: where each begins, its height and its width, int64 (N, 3).
        source: where they came from, a sentence.
        notes: what was skipped or converted, a sentence each.
        held_out: others of the same kind, that are not trained on.
        values: of more than 8 bits, black and white.

    >>> from saddlepoint.data import ImageData
    >>> two = Photographs.of(ImageData("two", torch.zeros(2, 1, 4, 6, dtype=torch.uint8), None, (), "Made here."))
    >>> len(two), two[1].shape
    (2, torch.Size([1, 4, 6]))
    """

    name: str
    pixels: Tensor
    channels: int
    places: Tensor
    source: str
    notes: tuple[str, ...] = ()
    held_out: "Photographs | None" = None
    values: Range | None = None

    kind = "images"
    classes: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[Mapping[str, int]] = {}
    described: ClassVar[tuple[tuple[str, ...], ...]] = ()

    @classmethod
    def of(cls, data: ImageData) -> Self:
        """Images of one size; nothing is copied."""
        channels, height, width = data.shape
        begins = torch.arange(len(data)) * (channels * height * width)
        places = torch.stack([begins, torch.full_like(begins, height), torch.full_like(begins, width)], 1)
        return cls(data.name, data.images.reshape(-1), channels, places, data.source, data.notes)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, i: int) -> Tensor:
        """An image, uint8 (C, H, W), which is not to be written to."""
        begin, height, width = self.places[i].tolist()
        return self.pixels[begin : begin + self.channels * height * width].view(self.channels, height, width)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    @property
    def least(self) -> tuple[int, int]:
        """The smallest height and the smallest width."""
        return int(self.places[:, 1].min()), int(self.places[:, 2].min())

    @property
    def size(self) -> str:
        """Of the smallest, for people."""
        height, width = self.least
        return f"of {height}x{width} and more{' in colour' if self.channels == 3 else ''}"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of what can be cut out of each of them."""
        return self.channels, *self.least

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of a SHA-256 over sizes and pixels; the same on every machine."""
        digest = hashlib.sha256(repr((self.channels, self.places[:, 1:].tolist())).encode())
        for image in self:
            digest.update(image.contiguous().numpy().data)
        return digest.hexdigest()[:16]

    def split(self, share: float, seed: int = 0) -> tuple["Photographs", "Photographs"]:
        """Part them at random: those to train with, and a share held out to test with; both in their order.

        Raises:
            DataError: a share that leaves one of them empty.
        """
        held_out = round(share * len(self)) if 0 < share < 1 else 0
        if not 0 < held_out < len(self):
            raise DataError(
                f"{self.name}: a share of {share} of {len(self):,} images leaves a part empty: give a share above 0 "
                f"and below 1 that leaves at least one image on both sides"
            )
        order = torch.randperm(len(self), generator=rng(seed, "held out"))
        return (
            self.chosen(order[held_out:].sort().values, f"Without {held_out:,} images held out."),
            self.chosen(order[:held_out].sort().values, "Held out."),
        )

    def chosen(self, indices: Tensor, *notes: str) -> "Photographs":
        """Those at these indices, in this order, with what is to be noted of it; nothing is copied."""
        return replace(self, places=self.places[indices], notes=(*self.notes, *notes))

    def holding(self, side: int, multiple: int = 1) -> tuple["Photographs", tuple[int, int]]:
        """Those that squares of a side can be cut out of, and the height and width that are cut out.

        Images that all have one size are taken whole along a side that is shorter. Height and width are rounded down to
        multiples of a number.

        Raises:
            DataError: none is large enough.
        """
        fits, size = self.fitting(side, multiple)
        small = int((~fits).sum())
        note = [f"Skipped {small:,} images smaller than the crop of {size[0]}x{size[1]} pixels."] if small else []
        return (self.chosen(fits.nonzero()[:, 0], *note) if small else self), size

    def fitting(self, side: int, multiple: int = 1) -> tuple[Tensor, tuple[int, int]]:
        """Which of them `holding` keeps, bool (N,), and the height and width that are cut out; raises as it does."""
        heights, widths = self.places[:, 1], self.places[:, 2]
        tall, wide = int(heights.max()), int(widths.max())
        if self.least != (tall, wide):
            tall = wide = side
        height, width = (min(side, own) // multiple * multiple for own in (tall, wide))
        fits = (heights >= height) & (widths >= width)
        if not height or not width or not fits.any():
            raise DataError(
                f"{self.name}: none of the {len(self):,} images holds a crop of {side}x{side} pixels with sides that "
                f"are multiples of {multiple}: the largest sides are {int(heights.max())} and {int(widths.max())}; "
                f"give a smaller crop with --set data.crop=PIXELS, or larger images"
            )
        return fits, (height, width)


def photograph_folder(
    path: str | Path,
    background: Colour = WHITE,
    progress: OnRead | None = None,
    split: Split = "train",
    values: Range | None = None,
) -> Photographs:
    """Read every image below a folder, whole and in the order of their paths.

    As `image_folder` has it: upright, the first frame, transparency on the background, files that can't be read are
    skipped and named, `train` and its like are parts. They are grey where every file is; files are decoded a few at a
    time, and what is more than `images.IN_MEMORY` lies in a temporary file, so that memory is bounded by the largest.

    Raises:
        DataError: no such folder, no image in it that can be read, no part held out, or more than fits onto the disk.
    """
    root, notes = part_of(Path(path).expanduser(), split)
    listing = listed(root)
    if not listing.images:
        raise DataError(f"{root} holds no images: give the folder that holds them")
    files = [root / name for name in listing.images]
    learnt = root if split == "train" else part_of(Path(path).expanduser(), "train")[0]
    deep = range_of_files(files if learnt == root else [learnt / name for name in listed(learnt).images], values)
    name = root.parent.resolve().name if notes else root.resolve().name
    shown = Files(root, listing.images)
    return photographs(name, shown, lambda i: printable(listing.images[i]), notes, deep, background, progress, values)


def photographs(
    name: str,
    collection: Collection,
    called: Callable[[int], str],
    notes: Sequence[str],
    deep: ValueRange | None,
    background: Colour,
    progress: OnRead | None,
    values: Range | None,
) -> Photographs:
    """The images of a collection, whole.

    Args:
        name: what to call them all.
        collection: encoded images.
        called: what to call one.
        notes: what was noted before.
        deep: the range of those of more than 8 bits.
        background: behind transparency.
        progress: called with (done, total) as they are decoded.
        values: the range that was asked for.

    Raises:
        DataError: none can be read, or more than fits onto the disk.
    """
    ends = values if deep is None else deep.ends
    pixels, places, channels, found = read_whole(collection, ends, None, background, progress)
    said = (*notes, *found.notes(called, background), *notes_of(deep, values))
    kept = torch.tensor([i for i in range(len(collection)) if i not in found.failed], dtype=torch.int64)
    if not len(kept):
        raise DataError(
            f"{collection.place}: none of the {len(collection):,} image files can be read. {' '.join(said)} "
            f"Check that they open in an image viewer"
        )
    source = f"The images of {collection.place}."
    return Photographs(name, pixels, channels, places[kept], source, said, values=ends)


def photographs_of(name: str, images: Sequence[Tensor], source: str) -> Photographs:
    """Images in memory, uint8 (C, H, W) of any sizes, 1 or 3 channels; grey among colours becomes colour."""
    channels = max(len(image) for image in images)
    images = [image if len(image) == channels else image.expand(channels, -1, -1) for image in images]
    lengths = torch.tensor([0, *(image.numel() for image in images)]).cumsum(0)[:-1]
    places = torch.stack([lengths, *(torch.tensor([image.shape[d] for image in images]) for d in (1, 2))], 1)
    return Photographs(name, torch.cat([image.reshape(-1) for image in images]), channels, places, source)


def read_whole(
    collection: Collection,
    ends: Range | None,
    channels: int | None,
    background: Colour,
    progress: OnRead | None,
) -> tuple[Tensor, Tensor, int, "WholeFindings"]:
    """All images of a collection, whole: pixels, places and channels as `Photographs` has them, and what was found.

    Args:
        collection: encoded images; those that can't be read are zeros, and among the failed.
        ends: black and white of those of more than 8 bits.
        channels: 1 or 3 of all; None is 1 where every head says that there is no colour.
        background: behind transparency.
        progress: called with (done, total) as they are decoded.

    Raises:
        DataError: more than fits onto the disk.
    """
    formats = available_formats()
    heads = (_head(source, formats) for i in range(len(collection)) for source in collection.take(i, i + 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sizes, greys = zip(*heads, strict=True)
    if channels is None:
        channels = 1 if all(grey for size, grey in zip(sizes, greys, strict=True) if size) else 3
    places = torch.tensor([(0, 0, 0) if size is None else (0, size[1], size[0]) for size in sizes])
    lengths = channels * places[:, 1] * places[:, 2]
    places[:, 0] = lengths.cumsum(0) - lengths
    found = WholeFindings()
    read = partial(decode_whole, background=background, formats=formats, values=ends)
    parts = _decoded(collection, places, channels, read, found, progress)
    return gathered((int(lengths.sum()),), parts), places, channels, found


@dataclass
class WholeFindings:
    """Why which files, by index, could not be read, and how many of the others were transparent."""

    failed: dict[int, str] = field(default_factory=dict)
    transparent: int = 0

    def notes(self, called: Callable[[int], str], background: Colour) -> list[str]:
        """What was skipped and composited, a sentence each; `called` says what to call a file by its index."""
        notes = []
        if self.failed:
            bad = [f"{called(i)} ({why})" for i, why in self.failed.items()]
            notes.append(f"Skipped {_files(len(bad))} that cannot be read: {some(bad)}.")
        if self.transparent:
            colour = "white" if background == WHITE else f"the colour {background}"
            notes.append(f"Composited on {colour}: {_files(self.transparent)} with transparency.")
        return notes


def _decoded(
    collection: Collection,
    places: Tensor,
    channels: int,
    read: Callable[[Any], Whole | str],
    findings: WholeFindings,
    progress: OnRead | None,
) -> Iterator[Tensor]:
    """The bytes of each file, a few files at once; of one that can't be read zeros, as its head was promised room."""
    with warnings.catch_warnings(), ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")
        for start in range(0, len(collection), THREADS):
            sources = collection.take(start, min(start + THREADS, len(collection)))
            for i, found in enumerate(pool.map(read, sources), start):
                _, height, width = places[i].tolist()
                if isinstance(found, str) or found.pixels.shape[:2] != (height, width):
                    findings.failed[i] = found if isinstance(found, str) else "another size than its head says"
                    yield torch.zeros(channels * height * width, dtype=torch.uint8)
                    continue
                findings.transparent += found.alpha is not None
                planes = (
                    found.pixels if channels == 3 else np.asarray(Image.fromarray(found.pixels).convert("L"))[..., None]
                )
                yield torch.from_numpy(planes.copy()).permute(2, 0, 1).reshape(-1)
            if progress is not None:
                progress(min(start + THREADS, len(collection)), len(collection))


def _head(source: Any, formats: tuple[str, ...]) -> tuple[tuple[int, int] | None, bool]:
    """Width and height, None where they can't be read; and whether the head says that there is no colour.

    Palettes count as colour.
    """
    size = None if isinstance(source, str) else upright_size(source, formats)
    if size is None:
        return None, True
    with opened_image(source[0] if isinstance(source, tuple) else source, formats) as image:
        return size, image.mode.startswith(("1", "L", "I", "F"))


def _files(n: int) -> str:
    return f"{n:,} file{'s' if n != 1 else ''}"
