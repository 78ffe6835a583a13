"""Pairs of images, an input and what is to be made of it; also two sets of images that are no pairs."""

import hashlib
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from saddlepoint.data.collection import Collection, OnRead, some
from saddlepoint.data.decoded_cache import read
from saddlepoint.data.decoding import Colour, Half, Range, Source, available_formats, upright_size
from saddlepoint.data.folder import WHITE, Files, Listing, listed, part_of, printable
from saddlepoint.data.images import DataError, ImageData, Split
from saddlepoint.data.value_range import notes_of, range_of_files
from saddlepoint.data.workers import Target

#: How images lie: each side in a folder of its own, equal names a pair; or both sides in one image, input on the left.
PairLayout = Literal["folders", "side"]
#: Channels of the inputs and of the targets; None decides by the images.
Channels = tuple[int | None, int | None]


@dataclass(frozen=True, eq=False)
class PairData:
    """Inputs and targets.

    Attributes:
        name: what to call them.
        inputs, targets: images; where they are pairs, in the same order, the targets `scale` times as large.
        paired: whether an input and a target at one index belong together.
        source: where they came from, a sentence.
        notes: what was skipped or converted, a sentence each.
        held_out: others of the same kind, which are not trained on.
        values: of inputs and of targets of more than 8 bits, black and white.

    Raises:
        DataError: pairs of different numbers, or targets whose sides are no whole multiple of the inputs'.
    """

    name: str
    inputs: ImageData
    targets: ImageData
    paired: bool
    source: str
    notes: tuple[str, ...] = ()
    held_out: "PairData | None" = None
    values: tuple[Range | None, Range | None] = (None, None)

    classes: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[Mapping[str, int]] = {}
    described: ClassVar[tuple[tuple[str, ...], ...]] = ()

    def __post_init__(self) -> None:
        (_, h, w), (_, target_h, target_w) = self.inputs.shape, self.targets.shape
        if (h * self.scale, w * self.scale) != (target_h, target_w) or self.scale < 1:
            raise DataError(
                f"{self.name}: inputs are {h}x{w} pixels and targets {target_h}x{target_w}: expected sides that are "
                f"one whole multiple of the inputs'"
            )
        if self.paired and len(self.inputs) != len(self.targets):
            raise DataError(
                f"{self.name}: {len(self.inputs):,} inputs and {len(self.targets):,} targets are no pairs: give as "
                f"many of each"
            )

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def kind(self) -> str:
        """What is counted."""
        return "pairs" if self.paired else "inputs"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of a target."""
        return self.targets.shape

    @property
    def size(self) -> str:
        """Of a target, for people."""
        channels, height, width = self.shape
        return f"{height}x{width}{' in colour' if channels == 3 else ''}"

    @property
    def scale(self) -> int:
        """A target's side over an input's."""
        return self.targets.shape[1] // self.inputs.shape[1]

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change with either side."""
        both = f"{self.inputs.fingerprint} {self.targets.fingerprint} {self.paired}"
        return hashlib.sha256(both.encode()).hexdigest()[:16]

    def unpaired(self) -> "PairData":
        """The same images, of which none is known to belong to another."""
        return replace(self, paired=False)

    def split(self, share: float, seed: int = 0) -> tuple["PairData", "PairData"]:
        """Part them at random: those to train with, and a share held out; a pair stays together.

        Raises:
            DataError: a share that leaves one of them empty.
        """
        # Equal numbers must not make pairs of what is none.
        inputs, targets = self.inputs.split(share, seed), self.targets.split(share, seed + (not self.paired))
        train, test = (
            replace(self, inputs=x, targets=y, notes=(*self.notes, x.notes[-1]))
            for x, y in zip(inputs, targets, strict=True)
        )
        return train, test


def read_pairs(
    path: str | Path,
    size: int,
    *,
    a: str | None = None,
    b: str | None = None,
    layout: PairLayout = "folders",
    paired: bool | None = True,
    split: Split = "train",
    scale: int = 1,
    channels: Channels = (None, None),
    background: Colour = WHITE,
    values: tuple[Range | None, Range | None] = (None, None),
    progress: OnRead | None = None,
) -> PairData:
    """Read pairs of images, or two sets of images, below a folder, at size x size pixels.

    The folder, or that of its sub-folders `train`, `val`, `test` and their like which has the split (as
    `image_folder` has it), holds two sub-folders, of which the first by the alphabet are the inputs where nothing else
    is said; images of equal path, whatever the extension, are a pair. Side by side, the input is the left half of each
    image. Single images are read as `image_folder` reads them: upright, transparency on the background, the middle
    square; large sets are decoded once and kept on the disk. Each side is grey or in colour by itself.

    Left out, and named in the notes: images without a partner; both sides where one can't be read; pairs whose sides
    have different proportions, for their pixels can't lie on one another. Different sizes of the same proportions are
    resized alike.

    Args:
        path: the folder.
        size: pixels a side of the inputs.
        a, b: sub-folders of the inputs and of the targets, or folders anywhere.
        layout: see `PairLayout`.
        paired: False reads two sets of images that have nothing to do with each other; None takes them for pairs where
            no image is without a partner.
        split: "train", or "test" for the part that such a folder holds out.
        scale: a target's side over an input's.
        channels: see `Channels`; 1 or 3 each.
        background: behind transparency.
        values: of inputs and of targets of more than 8 bits, black and white; None finds them.
        progress: called with (done, total) as files are decoded.

    Raises:
        DataError: no such folders, no pair that can be read, no part held out, or an argument out of its range.
    """
    if size < 1 or scale < 1:
        raise DataError(f"the size is {size} pixels and the scale {scale}: give each at least 1")
    given = Path(path).expanduser()
    inside = _absolute(a) and _absolute(b)
    root, notes = (given, []) if inside else part_of(given, split)
    name = (given if inside else root.parent if notes else root).resolve().name
    targets = (Target(size, channels[0], background), Target(scale * size, channels[1], background))
    if layout == "side":
        sides, found = _side_by_side(root)
        paired = True
    else:
        folders = _folders(root, a, b)
        if paired is None:
            ours, theirs = (sorted(map(_key, _listed(folder).images)) for folder in folders)
            paired = ours == theirs and len(set(ours)) == len(ours)
        sides, found = _matched(*folders) if paired else _apart(*folders)
    halves = (len(sides[0]), len(sides[1]))
    images, failed, ranges = [], [], []
    for side, wanted, before, ends in zip(sides, targets, (0, halves[0]), values, strict=True):
        deep = range_of_files(side.paths, ends)
        ranges.append(ends if deep is None else deep.ends)
        target = replace(wanted, values=ranges[-1])
        pixels, findings = read(side.files, target, _counted(progress, before, sum(halves)))
        images.append(pixels)
        failed.append(findings.failed)
        told = findings.notes(target, side.called) + notes_of(deep, ends)
        notes += [f"{side.name}: {note}" for note in told]
    kept = [[i for i in range(n) if i not in bad] for n, bad in zip(halves, failed, strict=True)]
    if paired:
        both = [i for i in range(halves[0]) if i not in failed[0] and i not in failed[1]]
        rows = [torch.tensor([place[i] for i in both]) for place in ({i: k for k, i in enumerate(own)} for own in kept)]
        if lost := [i for i in range(halves[0]) if (i in failed[0]) != (i in failed[1])]:
            notes.append(f"Left out the partners of {_files(lost, sides[0])} with them.")
    else:
        rows = [torch.arange(len(own)) for own in kept]
    notes += found
    if any(len(chosen) == 0 for chosen in rows):
        kinds = "pairs of images" if paired else "images on one side"
        raise DataError(f"{root} holds no {kinds} that can be read. {' '.join(notes)} Check the files, or give others")
    data = [
        _chosen(ImageData(f"{name}/{side.name}", pixels, None, (), f"The images of {side.place}."), chosen)
        for side, pixels, chosen in zip(sides, images, rows, strict=True)
    ]
    what = "The pairs" if paired else "The images on both sides"
    source = f"{what} of the folder {root}."
    return PairData(name, data[0], data[1], paired, source, tuple(notes), values=(ranges[0], ranges[1]))


def holds_out(path: str | Path) -> bool:
    """Whether a folder holds a part to test with beside `train`."""
    try:
        part_of(Path(path).expanduser(), "test")
    except DataError:
        return False
    return True


# --- which files --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Side:
    """One side: its name, where it lies, its files, and what to call them by their index."""

    name: str
    place: Path
    files: Collection
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def paths(self) -> list[Path]:
        """Of its files, whole."""
        taken = (source[0] if isinstance(source, tuple) else source for source in self.files.take(0, len(self.files)))
        return [source for source in taken if isinstance(source, Path)]

    def called(self, i: int) -> str:
        return printable(self.names[i])


@dataclass(frozen=True)
class _Halves(Collection):
    """One half of each image of a folder."""

    files: Files
    half: Half

    @property
    def place(self) -> str:
        return f"{self.files.place} {self.half}"

    def __len__(self) -> int:
        return len(self.files)

    def take(self, start: int, stop: int) -> list[Source]:
        return [(self.files.root / name, self.half) for name in self.files.names[start:stop]]

    def state(self) -> Iterator[str]:
        return self.files.state()


def _absolute(name: str | None) -> bool:
    return name is not None and Path(name).expanduser().is_absolute()


def _folders(root: Path, a: str | None, b: str | None) -> tuple[Path, Path]:
    """The folders of inputs and of targets."""
    below = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    for name in (a, b):
        if name is not None and not (root / Path(name).expanduser()).is_dir():
            raise DataError(
                f"there is no folder {name} in {root}: found {some(below) or 'none'}; give the sub-folders of inputs "
                f"and of targets with --set data.a=NAME --set data.b=NAME"
            )
    if a is not None and b is not None:
        return root / Path(a).expanduser(), root / Path(b).expanduser()
    left = [name for name in below if name not in (a, b)]
    if len(left) + (a is not None) + (b is not None) != 2:
        raise DataError(
            f"{root} holds {len(below)} sub-folders ({some(below) or 'none'}), expected two, of inputs and of targets: "
            f"name them with --set data.a=NAME --set data.b=NAME, or take --split side for images side by side"
        )
    first = left.pop(0) if a is None else a
    return root / first, root / (left.pop(0) if b is None else b)


def _listed(folder: Path) -> Listing:
    listing = listed(folder)
    if not listing.images:
        raise DataError(f"{folder} holds no images: give the folder that holds one side's")
    return listing


def _matched(a: Path, b: Path) -> tuple[tuple[_Side, _Side], list[str]]:
    """The pairs of two folders in the order of their paths, and what was left out."""
    notes, by_key = [], []
    for folder in (a, b):
        names = _listed(folder).images
        keys = Counter(map(_key, names))
        twice = [name for name in names if keys[_key(name)] > 1]
        if twice:
            notes.append(f"{folder.name}: left out images of one name but for the extension: {_some(twice)}.")
        by_key.append({_key(name): name for name in names if keys[_key(name)] == 1})
    inputs, targets = by_key
    for folder, own, others in ((a, inputs, targets), (b, targets, inputs)):
        alone = [name for key, name in own.items() if key not in others]
        if alone:
            notes.append(f"{folder.name}: left out {len(alone):,} without a partner: {_some(alone)}.")
    keys_of_both = [key for key in inputs if key in targets]
    if not keys_of_both:
        raise DataError(
            f"no image in {a} has the name of one in {b}: found {_some(list(inputs.values()))} and "
            f"{_some(list(targets.values()))}; name pairs alike, or take --unpaired for two sets that are no pairs"
        )
    crooked, resized = _crooked(a, b, [(inputs[key], targets[key]) for key in keys_of_both])
    if crooked:
        notes.append(f"Left out pairs whose sides have different proportions: {some(list(crooked.values()))}.")
    if resized:
        notes.append(f"Sides of different sizes but of the same proportions, resized alike: {resized:,} pairs.")
    kept = [key for i, key in enumerate(keys_of_both) if i not in crooked]
    if not kept:
        raise DataError(f"{a} and {b} hold no pairs of the same proportions. {' '.join(notes)} Crop them alike")
    return (_side(a, [inputs[key] for key in kept]), _side(b, [targets[key] for key in kept])), notes


def _crooked(a: Path, b: Path, pairs: Sequence[tuple[str, str]]) -> tuple[dict[int, str], int]:
    """Pairs whose sides can't lie on one another, in words, and how many of the others differ in size."""
    crooked, resized, formats = {}, 0, available_formats()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i, (left, right) in enumerate(pairs):
            ours, theirs = upright_size(a / left, formats), upright_size(b / right, formats)
            if ours is None or theirs is None or ours == theirs:
                continue
            # A height that was rounded to a whole pixel is right.
            if abs(ours[1] - theirs[1] * ours[0] / theirs[0]) > max(1.0, ours[0] / theirs[0]):
                crooked[i] = f"{printable(left)} ({ours[0]}x{ours[1]} and {theirs[0]}x{theirs[1]})"
            else:
                resized += 1
    return crooked, resized


def _apart(a: Path, b: Path) -> tuple[tuple[_Side, _Side], list[str]]:
    return (_side(a, _listed(a).images), _side(b, _listed(b).images)), []


def _side_by_side(root: Path) -> tuple[tuple[_Side, _Side], list[str]]:
    names = _listed(root).images
    files = Files(root, names)
    left, right = (_Side(half, root, _Halves(files, half), names) for half in get_args(Half))
    return (left, right), []


def _side(folder: Path, names: list[str]) -> _Side:
    return _Side(folder.name, folder, Files(folder, names), names)


def _key(name: str) -> str:
    return name.rpartition(".")[0]


def _some(names: Sequence[str]) -> str:
    return some([printable(name) for name in names])


def _files(indices: Sequence[int], side: _Side) -> str:
    return some([side.called(i) for i in indices])


def _chosen(data: ImageData, rows: Tensor) -> ImageData:
    return data if len(rows) == len(data) else data.chosen(rows)


def _counted(progress: OnRead | None, before: int, of: int) -> OnRead | None:
    return None if progress is None else lambda done, _: progress(before + done, of)
