"""Images of archives and of folders on other machines, as those of a folder are: parts, classes, pixels."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from sys import intern

import numpy as np
import torch
from numpy.typing import NDArray

from saddlepoint.data.archives.members import Archive
from saddlepoint.data.archives.parquet import Parquet
from saddlepoint.data.archives.stored import ENDINGS, PACKED, Stored, is_remote, relative, stored
from saddlepoint.data.archives.tar import Tar
from saddlepoint.data.archives.zipped import Zip
from saddlepoint.data.collection import Collection, OnRead, some
from saddlepoint.data.decoded_cache import read
from saddlepoint.data.decoding import Colour, Range, Source
from saddlepoint.data.folder import EXTENSIONS, HELD_OUT, SPLITS, WHITE, check_target, printable
from saddlepoint.data.image_collection import Photographs, photographs
from saddlepoint.data.images import DataError, ImageData, Split
from saddlepoint.data.value_range import notes_of, range_of_collection
from saddlepoint.data.workers import Target

READERS: dict[str, Callable[[Stored], Archive]] = {".tar": Tar, ".zip": Zip, ".parquet": Parquet}
#: A file's name that says of which part it is: train-00000-of-00008.parquet.
_PART = re.compile(rf"({'|'.join(sorted(SPLITS))})(?![a-z])", re.IGNORECASE)
#: Folders around everything that are looked through for parts and classes.
AROUND = 8


class Loose(Archive):
    """Single files of another machine."""

    def __init__(self, files: Sequence[Stored], names: Sequence[str]) -> None:
        self.file, self._files, self.names = files[0], files, names

    @property
    def files(self) -> Sequence[Stored]:
        """All of them."""
        return self._files

    def take(self, start: int, stop: int) -> list[Source]:
        """The images from start to before stop; asked for together, as each takes its time to come."""
        system = self._files[start].system
        paths = [file.path for file in self._files[start:stop]]
        found = system.cat(paths, on_error="return")
        contents = [found] if isinstance(found, bytes) else [found.get(path) for path in paths]
        for path, content in zip(paths, contents, strict=True):
            if not isinstance(content, bytes):
                raise DataError(f"{path} cannot be read ({content}): check that it may be read from this machine")
        return contents


@dataclass(frozen=True, eq=False)
class Shelf(Collection):
    """The images of several archives, one after another, or some of them.

    Attributes:
        root: the path, the folder or the address of them.
        archives: in their order.
        chosen: which images, int64 (n,).
    """

    root: str
    archives: Sequence[Archive]
    chosen: NDArray[np.int64]

    @property
    def place(self) -> str:
        """The root."""
        return self.root

    @classmethod
    def of(cls, root: str, archives: Sequence[Archive]) -> "Shelf":
        """All images of archives."""
        return cls(root, archives, np.arange(sum(len(archive.names) for archive in archives)))

    def __len__(self) -> int:
        return len(self.chosen)

    def where(self, i: int) -> tuple[int, int]:
        """The archive of an image, and its number therein."""
        ends = np.cumsum([len(archive.names) for archive in self.archives])
        archive = int(np.searchsorted(ends, self.chosen[i], "right"))
        return archive, int(self.chosen[i]) - (int(ends[archive - 1]) if archive else 0)

    def name(self, i: int) -> str:
        """What to call an image."""
        archive, number = self.where(i)
        found = self.archives[archive]
        name = printable(found.names[number])
        return name if isinstance(found, Loose) else f"{printable(found.file.name)}: {name}"

    def take(self, start: int, stop: int) -> list[Source]:
        """The images from start to before stop."""
        found: list[Source] = []
        ends = np.cumsum([len(archive.names) for archive in self.archives])
        some = self.chosen[start:stop]
        breaks = np.flatnonzero(np.diff(some) != 1) + 1
        for run in np.split(some, breaks):
            first, end = int(run[0]), int(run[-1]) + 1
            while first < end:
                archive = int(np.searchsorted(ends, first, "right"))
                before = int(ends[archive - 1]) if archive else 0
                last = min(end, int(ends[archive]))
                found += self.archives[archive].take(first - before, last - before)
                first = last
        return found

    def state(self) -> Iterator[str]:
        """Versions of the archives, and which images."""
        for archive in self.archives:
            for file in archive.files:
                yield file.state
        yield sha256(self.chosen.tobytes()).hexdigest()


@dataclass(frozen=True, eq=False)
class _Listed:
    """What a word names: all images, where the folder of each is, and their classes."""

    name: str
    shelf: Shelf
    notes: list[str]
    labels: list[str] | None
    order: tuple[str, ...]


def image_archives(
    word: str | Path,
    size: int = 32,
    channels: int | None = None,
    background: Colour = WHITE,
    progress: OnRead | None = None,
    split: Split = "train",
    values: Range | None = None,
) -> ImageData:
    """Read the images of archives, at size x size pixels; in the order of the archives' paths, and as each has them.

    Archives are tar (not compressed; plain or webdataset's), zip and Parquet with the bytes of images in a column: one,
    a folder of them or a pattern with `*`, on the disk or at an address of fsspec (`s3://`, `gs://`, `hf://`, `https://`,
    `memory://`), where a folder may also hold single images. They are listed once and read by position; nothing is
    unpacked. Pixels, what is skipped and what is kept in the cache are as `image_folder` has them.

    Classes are what a file beside every image says (`.cls`, a key of `.json`, or a `.txt` whose texts repeat), a column
    `label` of Parquet, or else the sub-folders inside, those around everything left away. Parts are `train/` and its
    like inside, or archives whose names begin so (`train-0000.tar`).

    Args:
        word: a path, a pattern or an address.
        size, channels, background, progress, split, values: as of `image_folder`.

    Raises:
        DataError: nothing there, an archive that is damaged, cut off, compressed or of another kind, or what
            `image_folder` raises.
    """
    check_target(size, channels, background)
    listed = _listed(str(word), split)
    shelf = listed.shelf
    found = range_of_collection(shelf, values)
    target = Target(size, channels, background, None if found is None else found.ends)
    images, findings = read(shelf, target, progress)
    kept = findings.kept(len(shelf))
    notes = [*listed.notes, *findings.notes(target, shelf.name), *notes_of(found, values)]
    if not kept:
        raise DataError(
            f"{shelf.place}: none of the {len(shelf):,} images can be read. {' '.join(notes)} Check that they open in "
            f"an image viewer"
        )
    labels = None
    if listed.labels is not None:
        numbers = {name: number for number, name in enumerate(listed.order)}
        labels = torch.tensor([numbers[listed.labels[i]] for i in kept])
    classes = tuple(map(printable, listed.order)) if labels is not None else ()
    return ImageData(listed.name, images, labels, classes, f"The images of {shelf.place}.", tuple(notes))


def photographs_of_archives(
    word: str | Path,
    background: Colour = WHITE,
    progress: OnRead | None = None,
    split: Split = "train",
    values: Range | None = None,
) -> Photographs:
    """Read the images of archives whole, each of its own size. As `image_archives`, and `photograph_folder`.

    Raises:
        DataError: as `image_archives`.
    """
    listed = _listed(str(word), split)
    deep = range_of_collection(listed.shelf, values)
    return photographs(listed.name, listed.shelf, listed.shelf.name, listed.notes, deep, background, progress, values)


def _listed(word: str, split: Split) -> _Listed:
    """The images of a part, their classes and what was noted. Raises DataError where there are none."""
    root, files = stored(word, (*ENDINGS, *PACKED, *EXTENSIONS) if is_remote(word) else (*ENDINGS, *PACKED))
    archives, folders = _opened(root, files)
    notes = [note for archive in archives for note in archive.notes]
    place = word if is_remote(word) else root
    whole = Shelf.of(place, archives)
    if not len(whole):
        raise DataError(
            f"{root} holds no images: looked in {', '.join(printable(file.name) for file in files[:3])} for "
            f"{' '.join(sorted(EXTENSIONS))}. {' '.join(notes)}"
        )
    names = [f"{folder}{name}" for folder, archive in zip(folders, archives, strict=True) for name in archive.names]
    depth, level = 0, _level(names, 0)
    while depth < AROUND and level[0] and len(set(level)) == 1 and level[0].lower() not in SPLITS:
        depth, level = depth + 1, _level(names, depth + 1)
    parts = {part.lower(): part for part in set(level)}
    known = np.arange(len(names))
    parted = "train" in parts and SPLITS.issuperset(parts) and len(parts) == len(set(level))
    if split == "test" and not (parted and len(parts) > 1):
        raise DataError(
            f"{root} holds no images to test with: expected one of {', '.join(HELD_OUT)} beside train/ and nothing "
            f"else, in the archive or as archives' names (train-000.tar, test-000.tar); or hold out a share"
        )
    shown = known
    if parted:
        which = "train" if split == "train" else next(part for part in HELD_OUT if part in parts)
        array = np.array([part.lower() for part in level])
        known, shown = np.flatnonzero(array == "train"), np.flatnonzero(array == which)
        others = [f"{part}/" for part in sorted(parts) if part != which]
        if others:
            notes.append(f"Read the part {which}/ alone and not {', '.join(others)}.")
        level = _level(names, depth + 1)
    labels, order, said = _classes(archives, level, known, shown)
    base = PurePosixPath(root.partition("?")[0]) if is_remote(word) else Path(root).resolve()
    name = base.stem if base.suffix.lower() in ENDINGS else base.name
    return _Listed(name or word, Shelf(place, archives, shown), notes + said, labels, order)


def _opened(root: str, files: list[Stored]) -> tuple[list[Archive], list[str]]:
    """Archives, and the folder in which each is to be thought: its own, or the part that its name says."""
    archives: list[Archive] = []
    folders: list[str] = []
    names = list(relative(files, root))
    parts = [_PART.match(file.name) for file in files]
    said = all(parts) and any(part is not None and part[1].lower() == "train" for part in parts)
    single = [i for i, file in enumerate(files) if file.name.lower().endswith(tuple(EXTENSIONS))]
    if single:
        archives.append(Loose([files[i] for i in single], [names[i] for i in single]))
        return archives, [""]
    for file, name, part in zip(files, names, parts, strict=True):
        if file.name.lower().endswith(PACKED):
            raise DataError(
                f"{file.path} is compressed, so that nothing in it has a position: decompress it (gunzip and the like) "
                f"to a plain .tar, or make a .zip; images are compressed themselves"
            )
        reader = next((made for ending, made in READERS.items() if file.name.lower().endswith(ending)), None)
        if reader is None:
            raise DataError(
                f"{file.path} is no archive that is read: expected {', '.join(ENDINGS)}, or a folder of images"
            )
        archives.append(reader(file))
        folder = name.rpartition("/")[0]
        folders.append(f"{part[1].lower()}/" if said and part is not None else f"{folder}/" if folder else "")
    return archives, folders


def _level(names: Iterable[str], depth: int) -> list[str]:
    """The folder of each at a depth; "" where it is not that deep."""
    parts = (name.split("/", depth + 1) for name in names)
    return [intern(part[depth]) if len(part) > depth + 1 else "" for part in parts]


def _classes(
    archives: Sequence[Archive], level: list[str], known: NDArray[np.int64], shown: NDArray[np.int64]
) -> tuple[list[str] | None, tuple[str, ...], list[str]]:
    """Classes of the images shown, all classes in their order, and notes; numbered by the images known."""
    own = [archive.labels for archive in archives]
    told: list[str] | None = None
    notes: list[str] = []
    if all(labels is not None for labels in own):
        told = [label for labels in own if labels is not None for label in labels]
    elif any(labels is not None for labels in own):
        lacking = [printable(archive.file.name) for archive in archives if archive.labels is None]
        notes.append(f"No classes, as some archives lack them: {some(lacking)}.")
        return None, (), notes
    elif all(level[i] for i in known) and all(level[i] for i in shown):
        told = level
    if told is None:
        return None, (), notes
    found = {told[i] for i in known}
    lists = {tuple(archive.classes) if archive.classes is not None else None for archive in archives}
    [order] = lists if len(lists) == 1 else [None]
    if order is None:
        order = tuple(sorted(found, key=_natural))
    if len(order) < 2:
        return None, (), notes
    labels = [told[i] for i in shown]
    new = sorted(set(labels) - set(order))
    if new:
        raise DataError(
            f"the images to test with have classes that those to train with lack ({some(list(map(printable, new)))}): "
            f"name the classes of both alike"
        )
    return labels, order, notes


def _natural(name: str) -> tuple[int, str]:
    """Numbers by their value, before words."""
    return (int(name), "") if name.isascii() and name.isdigit() else (1 << 62, name)
