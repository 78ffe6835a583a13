"""Pairs of images, an input and what is to be made of it; also two sets of images that are no pairs."""

import hashlib
import shlex
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from saddlepoint.core import rng
from saddlepoint.data.collection import Collection, OnRead, some
from saddlepoint.data.decoded_cache import read
from saddlepoint.data.decoding import Colour, Half, Range, Source, available_formats, upright_size
from saddlepoint.data.folder import WHITE, Files, Listing, listed, part_of, printable
from saddlepoint.data.image_collection import Photographs, read_whole
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
        inputs, targets: images of one size, or whole ones of their own sizes; where they are pairs, in the same order,
            the targets `scale` times as large.
        paired: whether an input and a target at one index belong together.
        source: where they came from, a sentence.
        notes: what was skipped or converted, a sentence each.
        held_out: others of the same kind, which are not trained on.
        values: of inputs and of targets of more than 8 bits, black and white.
        masked: whether the last channel of the inputs is a mask, 255 where a pixel is hidden.

    Raises:
        DataError: pairs of different numbers, or targets whose sides are no whole multiple of the inputs'.
    """

    name: str
    inputs: ImageData | Photographs
    targets: ImageData | Photographs
    paired: bool
    source: str
    notes: tuple[str, ...] = ()
    held_out: "PairData | None" = None
    values: tuple[Range | None, Range | None] = (None, None)
    masked: bool = False

    classes: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[Mapping[str, int]] = {}
    described: ClassVar[tuple[tuple[str, ...], ...]] = ()

    def __post_init__(self) -> None:
        inputs, targets = self._sizes(self.inputs), self._sizes(self.targets)
        both = zip(inputs, targets, strict=False) if self.paired or not self.whole else []
        odd = next(((own, other) for own, other in both if tuple(self.scale * side for side in own) != other), None)
        if odd is not None or self.scale < 1:
            (h, w), (target_h, target_w) = odd or (inputs[0], targets[0])
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
    def stacked(self) -> tuple[Tensor, Tensor]:
        """Inputs and targets, uint8 (N, C, H, W); only of images of one size."""
        assert isinstance(self.inputs, ImageData)
        assert isinstance(self.targets, ImageData)
        return self.inputs.images, self.targets.images

    @property
    def whole(self) -> bool:
        """Whether images have sizes of their own."""
        return isinstance(self.inputs, Photographs)

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
        if isinstance(self.targets, Photographs):
            return self.targets.size
        channels, height, width = self.shape
        return f"{height}x{width}{' in colour' if channels == 3 else ''}"

    @property
    def scale(self) -> int:
        """A target's side over an input's."""
        if self.whole and not self.paired:
            return 1
        return self._sizes(self.targets)[0][0] // self._sizes(self.inputs)[0][0]

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
        both: list[tuple[ImageData | Photographs, ImageData | Photographs]] = list(
            zip(self.inputs.split(share, seed), self.targets.split(share, seed + (not self.paired)), strict=True)
        )
        train, test = (replace(self, inputs=x, targets=y, notes=(*self.notes, x.notes[-1])) for x, y in both)
        return train, test

    def holding(self, side: int) -> tuple["PairData", tuple[int, int]]:
        """Those of whole images that crops can be cut out of, and the height and width that are cut out of targets.

        As `Photographs.holding` has it, of both sides of a pair alike; sides are multiples of the scale.

        Raises:
            DataError: none is large enough.
        """
        assert isinstance(self.inputs, Photographs)
        assert isinstance(self.targets, Photographs)
        fits, size = self.targets.fitting(side, self.scale)
        of_inputs = fits
        if not self.paired:
            of_inputs, other = self.inputs.fitting(side)
            size = min(size[0], other[0]), min(size[1], other[1])
        small = int((~of_inputs).sum()) + (0 if self.paired else int((~fits).sum()))
        if not small:
            return self, size
        note = f"Skipped {small:,} {self.kind} smaller than the crop of {size[0]}x{size[1]} pixels."
        inputs, targets = (
            images.chosen(kept.nonzero()[:, 0]) for images, kept in ((self.inputs, of_inputs), (self.targets, fits))
        )
        return replace(self, inputs=inputs, targets=targets, notes=(*self.notes, note)), size

    def middles(self, side: int, most: int, seed: int = 0) -> "PairData":
        """Of whole images the middles, all of one size: pairs that never change, to judge by.

        Args:
            side: of targets, in pixels, at most; the same of all, a multiple of the scale.
            most: images on each side, drawn at random.
            seed: of which ones.
        """
        assert isinstance(self.inputs, Photographs)
        assert isinstance(self.targets, Photographs)
        least = [
            min(pair) for pair in zip(self.targets.least, *([] if self.paired else [self.inputs.least]), strict=False)
        ]
        height, width = (min(side, own) // self.scale for own in least)
        found = []
        for images, name, scale in ((self.inputs, "inputs", 1), (self.targets, "targets", self.scale)):
            what = "judged" if self.paired else f"judged {name}"
            rows = torch.randperm(len(images), generator=rng(seed, what))[:most].sort().values
            cut = torch.stack([_middle(images[row], scale, (height, width)) for row in rows.tolist()])
            found.append(ImageData(images.name, cut, None, (), images.source))
        return replace(self, inputs=found[0], targets=found[1])

    @staticmethod
    def _sizes(images: ImageData | Photographs) -> list[tuple[int, int]]:
        """Height and width of each; of images of one size once."""
        if isinstance(images, Photographs):
            return [(height, width) for _, height, width in images.places.tolist()]
        return [(images.shape[1], images.shape[2])]


def read_pairs(
    path: str | Path,
    size: int | None,
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
    """Read pairs of images, or two sets of images, below a folder, at size x size pixels or whole.

    The folder, or that of its sub-folders `train`, `val`, `test` and their like which has the split (as
    `image_folder` has it), holds two sub-folders, of which the first by the alphabet are the inputs where nothing else
    is said; images of equal path, whatever the extension, are a pair. Side by side, the input is the left half of each
    image. Single images are read as `image_folder` reads them: upright, transparency on the background, the middle
    square; large sets are decoded once and kept on the disk. Each side is grey or in colour by itself.

    Left out, and named in the notes: images without a partner; both sides where one can't be read; pairs whose sides
    have different proportions, for their pixels can't lie on one another. Different sizes of the same proportions are
    resized alike; of whole images, which are not resized, the target has to be `scale` times as large as the input.

    Args:
        path: the folder.
        size: pixels a side of the inputs; None leaves images as large as they are.
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
    if (size is not None and size < 1) or scale < 1:
        raise DataError(f"the size is {size} pixels and the scale {scale}: give each at least 1")
    given = Path(path).expanduser()
    inside = _absolute(a) and _absolute(b)
    root, notes = (given, []) if inside else part_of(given, split)
    name = (given if inside else root.parent if notes else root).resolve().name
    if layout == "side":
        if size is None and scale > 1:
            raise DataError(
                f"{printable(str(root))}: the halves of an image are of one size, so a target is not {scale} times as "
                f"large as its input: give a size to which all are resized, or two folders"
            )
        sides, found = _side_by_side(root)
        paired = True
    else:
        folders = _folders(root, a, b)
        if paired is None:
            ours, theirs = (sorted(map(_key, _listed(folder).images)) for folder in folders)
            paired = ours == theirs and len(set(ours)) == len(ours)
        sides, found = _matched(*folders, None if size else scale) if paired else _apart(*folders)
    halves = (len(sides[0]), len(sides[1]))
    images: list[Callable[[], ImageData | Photographs]] = []
    failed, ranges = [], []
    for side, times, planes, before, ends in zip(sides, (1, scale), channels, (0, halves[0]), values, strict=True):
        deep = range_of_files(side.paths, ends)
        ranges.append(ends if deep is None else deep.ends)
        of, source = _counted(progress, before, sum(halves)), f"The images of {side.place}."
        called = f"{name}/{side.name}"
        if size is None:
            pixels, places, planes_found, whole = read_whole(side.files, ranges[-1], planes, background, of)
            places = places[torch.tensor([i for i in range(len(side)) if i not in whole.failed], dtype=torch.int64)]
            images.append(partial(Photographs, called, pixels, planes_found, places, source, values=ranges[-1]))
            failed.append(whole.failed)
            told = whole.notes(side.called, background)
        else:
            target = Target(times * size, planes, background, values=ranges[-1])
            pixels, findings = read(side.files, target, of)
            images.append(partial(ImageData, called, pixels, None, (), source))
            failed.append(findings.failed)
            told = findings.notes(target, side.called)
        notes += [f"{side.name}: {note}" for note in [*told, *notes_of(deep, ends)]]
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
    data = [_chosen(made(), chosen) for made, chosen in zip(images, rows, strict=True)]
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


def _matched(a: Path, b: Path, scale: int | None) -> tuple[tuple[_Side, _Side], list[str]]:
    """The pairs of two folders in the order of their paths, and what was left out; a scale is one to be met exactly."""
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
    crooked, resized = _crooked(a, b, [(inputs[key], targets[key]) for key in keys_of_both], scale)
    if crooked and scale is not None:
        why = "sides have different sizes" if scale == 1 else f"target is not {scale} times as large"
        notes.append(f"Left out pairs whose {why}: {some(list(crooked.values()))}.")
    elif crooked:
        notes.append(f"Left out pairs whose sides have different proportions: {some(list(crooked.values()))}.")
    if resized:
        notes.append(f"Sides of different sizes but of the same proportions, resized alike: {resized:,} pairs.")
    kept = [key for i, key in enumerate(keys_of_both) if i not in crooked]
    if not kept:
        remedy = "Crop them alike" if scale is None else "Give a size to which all are resized, or crop them alike"
        if scale is not None and not _crooked(b, a, [(targets[key], inputs[key]) for key in keys_of_both], scale)[0]:
            remedy = (
                f"The inputs are in {b.name}: --set data.a={shlex.quote(b.name)} --set data.b={shlex.quote(a.name)}"
            )
        raise DataError(f"{a} and {b} hold no pairs that lie on one another. {' '.join(notes)} {remedy}")
    return (_side(a, [inputs[key] for key in kept]), _side(b, [targets[key] for key in kept])), notes


def _crooked(a: Path, b: Path, pairs: Sequence[tuple[str, str]], scale: int | None) -> tuple[dict[int, str], int]:
    """Pairs whose sides can't lie on one another, in words, and how many of the others differ in size."""
    crooked, resized, formats = {}, 0, available_formats()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i, (left, right) in enumerate(pairs):
            ours, theirs = upright_size(a / left, formats), upright_size(b / right, formats)
            if ours is None or theirs is None or tuple(side * (scale or 1) for side in ours) == theirs:
                continue
            # A height that was rounded to a whole pixel is right.
            if scale is not None or abs(ours[1] - theirs[1] * ours[0] / theirs[0]) > max(1.0, ours[0] / theirs[0]):
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


def _middle(image: Tensor, scale: int, size: tuple[int, int]) -> Tensor:
    """The middle of an image (C, scale · H, scale · W), so many pixels of an input."""
    top, left = (scale * ((own // scale - cut) // 2) for own, cut in zip(image.shape[1:], size, strict=True))
    return image[:, top : top + scale * size[0], left : left + scale * size[1]]


def _chosen(data: ImageData | Photographs, rows: Tensor) -> ImageData | Photographs:
    return data if len(rows) == len(data) else data.chosen(rows)


def _counted(progress: OnRead | None, before: int, of: int) -> OnRead | None:
    return None if progress is None else lambda done, _: progress(before + done, of)
