"""Any folder of images: nested or not, of mixed sizes, modes and formats, with files that are none."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from saddlepoint.data.collection import NAMED, Collection, OnRead, some
from saddlepoint.data.decoded_cache import read
from saddlepoint.data.decoding import Colour, Range, Source
from saddlepoint.data.images import DataError, ImageData, Split
from saddlepoint.data.value_range import notes_of, range_of_files
from saddlepoint.data.workers import Target
from saddlepoint.disk import walk

EXTENSIONS = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".jfif", ".webp", ".avif", ".jp2", ".bmp", ".gif", ".tif", ".tiff"),
        *(".ppm", ".pgm", ".pbm", ".pnm"),
    )
)
#: Those of images that are not read; a folder of them is not what it looks like.
FOREIGN = frozenset(
    (
        *(".heic", ".heif", ".jxl", ".psd", ".xcf", ".svg", ".tga", ".exr", ".hdr", ".ico", ".pdf"),
        *(".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"),
    )
)
WHITE: Colour = (255, 255, 255)
#: Sub-folders that systems put beside images, with previews of them.
SYSTEM = frozenset(("__MACOSX", "@eaDir"))
#: Names of sub-folders that may stand beside `train`, those to test with in the order in which they are taken.
HELD_OUT = ("test", "val", "valid", "validation", "dev")
SPLITS = frozenset(("train", *HELD_OUT))


def image_folder(
    path: str | Path,
    size: int = 32,
    channels: int | None = None,
    background: Colour = WHITE,
    progress: OnRead | None = None,
    split: Split = "train",
    values: Range | None = None,
) -> ImageData:
    """Read every image below a folder, in the order of their paths, at size x size pixels.

    An image is turned as its EXIF orientation says; of an animation, or of pages, the first is taken; transparency is
    composited on the background; the middle square is resized (Lanczos). Files are known by their extension
    (`EXTENSIONS`, in any case) and read by their content. Hidden files and folders, and those of `SYSTEM`, are left
    out. A file that cannot be read, or that has more than twice `PIL.Image.MAX_IMAGE_PIXELS` pixels, is skipped and
    named in the notes, which also count the files of other image formats (`FOREIGN`).

    Classes: where at least two sub-folders hold images, these sub-folders are the classes. Images that lie beside them
    are left out and named, unless they are as many: then there are no classes. Where the folder holds `train`, and
    beside it at most `val`, `test` and their like (in any case), `train` is read in its place; as the split "test" the
    first there is of `HELD_OUT`, whose classes are numbered as those of `train`.

    Grey of more than 8 bits, whole numbers or floats, is scaled by one range for all files, which is found or given
    (`value_range`); that of "test" is the one of `train`.

    Many images (`decoded_cache.KEPT`) are decoded once, in processes of their own, and kept in the cache folder until a
    file's name, size or time changes; their pixels are then read from the disk as they are used.

    Args:
        path: the folder.
        size: pixels a side.
        channels: 1 (grey, ITU-R 601 luma) or 3; None takes 1 where in every image the three channels agree.
        background: red, green, blue behind transparency, 0 to 255 each.
        progress: called with (done, total) as files are decoded, from the calling thread.
        split: "train", or "test" for the part that such a folder holds out.
        values: of more than 8 bits, black and white; None finds them.

    Raises:
        DataError: no such folder, no image in it that can be read, no part held out, more than fits onto the disk, or
            an argument out of its range.
    """
    check_target(size, channels, background)
    given = Path(path).expanduser()
    root, notes = part_of(given, split)
    name = root.parent.resolve().name if notes else root.resolve().name
    listing = listed(root)
    if not listing.images:
        raise DataError(_nothing(root, listing))
    learnt = root if split == "train" else part_of(given, "train")[0]
    known = listing.images if split == "train" else listed(learnt).images
    loose = _loose(known, listing.images)
    if loose:
        notes.append(
            f"Left out {len(loose):,} images beside the classes' folders: {some([printable(one) for one in loose])}."
        )
        listing = replace(listing, images=[image for image in listing.images if "/" in image])
    astray = set(_loose(known, known))
    known = [image for image in known if image not in astray]
    found = range_of_files([learnt / name for name in known], values)
    target = Target(size, channels, background, None if found is None else found.ends)
    images, findings = read(Files(root, listing.images), target, progress)
    relative = [listing.images[i] for i in findings.kept(len(listing.images))]
    notes += _notes(listing, relative) + findings.notes(target, lambda i: printable(listing.images[i]))
    notes += notes_of(found, values)
    if not relative:
        raise DataError(
            f"{root}: none of the {len(listing.images):,} image files can be read. {' '.join(notes)} "
            f"Check that they open in an image viewer"
        )
    labels, classes = _classes(relative, None if split == "train" else known)
    return ImageData(name, images, labels, classes, f"The images of the folder {root}.", tuple(notes))


def image_files(root: Path) -> list[str]:
    """Paths below a folder, with slashes and in their order, of the files that `image_folder` takes for images."""
    return listed(root).images


# --- which files --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listing:
    """Images by their path below the root, as text with slashes (a `Path` takes five times the memory), sorted."""

    images: list[str]
    others: Counter[str]
    unread: list[str]


def check_target(size: int, channels: int | None, background: Colour) -> None:
    """Raise DataError for a size, channels or a background that pixels can't have."""
    if size < 1:
        raise DataError(f"the size is {size} pixels: give at least 1")
    if channels not in (None, 1, 3):
        raise DataError(
            f"{channels} channels were asked for: give 1 (grey), 3 (colour), or None to decide by the images"
        )
    if len(background) != 3 or not all(0 <= level <= 255 for level in background):
        raise DataError(f"the background is {background}: give red, green and blue, 0 to 255 each")


def part_of(folder: Path, split: Split) -> tuple[Path, list[str]]:
    """The folder, or that of its sub-folders which has the split; and a note where it is the latter."""
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {found}: expected a folder of images; give the path of one")
    try:
        inside = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not _hidden(entry.name))
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror}): change its permissions") from error
    parts = {name.lower(): name for name in inside}
    parted = "train" in parts and SPLITS.issuperset(parts) and len(parts) == len(inside)
    wanted = ("train",) if split == "train" else HELD_OUT
    chosen = next((parts[name] for name in wanted if parted and name in parts), None)
    if chosen is None and split == "test":
        raise DataError(
            f"{folder} holds no images to test with: expected one of {', '.join(HELD_OUT)} beside train/ and "
            f"nothing else; put them there, or hold out a share of the images (ImageData.split)"
        )
    if chosen is None:
        return folder, []
    beside = [f"{name}/" for name in inside if name != chosen]
    left_out = f" and not {', '.join(beside)}" if beside else ""
    return folder / chosen, [f"Read the sub-folder {chosen}/ alone{left_out}."]


@dataclass(frozen=True)
class Files(Collection):
    """Files below a folder, by their paths relative to it."""

    root: Path
    names: list[str]

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.root.resolve())

    def __len__(self) -> int:
        return len(self.names)

    def take(self, start: int, stop: int) -> list[Source]:
        """Their paths."""
        return [self.root / name for name in self.names[start:stop]]

    def state(self) -> Iterator[str]:
        """Names, sizes and times."""
        for name in self.names:
            yield name
            try:
                found = (self.root / name).stat()
            except OSError:  # a link to nowhere
                yield "missing"
            else:
                # The time of the last change too: unpacked archives may give all files one time of writing.
                yield f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def listed(root: Path) -> Listing:
    """All images below a folder."""
    images: list[str] = []
    others: Counter[str] = Counter()
    unread: list[str] = []

    def failed(error: OSError) -> None:
        unread.append(printable(Path(str(error.filename)).relative_to(root).as_posix()))

    for place, files in walk(root, failed, links=True, skipped=SYSTEM):
        below = place.relative_to(root).as_posix()
        prefix = "" if below == "." else f"{below}/"
        for name in files:
            extension = Path(name).suffix.lower()
            if extension in EXTENSIONS:
                images.append(prefix + name)
            else:
                others[extension or "no extension"] += 1
    return Listing(sorted(images, key=lambda image: image.split("/")), others, unread)


def _hidden(name: str) -> bool:
    return name.startswith(".") or name in SYSTEM


def _nothing(root: Path, listing: Listing) -> str:
    found = ", ".join(f"{count:,} of {kind}" for kind, count in listing.others.most_common(NAMED))
    closed = f" Folders that cannot be read: {some(listing.unread)}." if listing.unread else ""
    return (
        f"{root} holds no images. Looked for, also in its sub-folders: {' '.join(sorted(EXTENSIONS))}. "
        f"Found: {found or 'no files'}.{closed} Give the folder that holds the images"
    )


def _loose(training: Sequence[str], images: Sequence[str]) -> list[str]:
    """Images that lie beside sub-folders that are classes, to be left out; none where at least as many do."""
    beside = sum("/" not in image for image in training)
    if len({_outermost(image) for image in training if "/" in image}) < 2 or 2 * beside >= len(training):
        return []
    loose = [image for image in images if "/" not in image]
    return loose if len(loose) < len(images) else []  # all of a part that was never sorted into classes


def _classes(images: Sequence[str], known: Sequence[str] | None) -> tuple[torch.Tensor | None, tuple[str, ...]]:
    """Labels and classes of images by their paths; numbered as those of other images are, where these are given."""
    naming = images if known is None else known
    if any("/" not in image for image in (*images, *naming)):
        return None, ()
    classes = sorted({_outermost(image) for image in naming})
    if len(classes) < 2:
        return None, ()
    index = {name: i for i, name in enumerate(classes)}
    new = sorted({_outermost(image) for image in images} - index.keys())
    if new:
        raise DataError(
            f"the images to test with have classes that train/ lacks ({some([printable(name) for name in new])}): "
            f"name the sub-folders of both alike"
        )
    return torch.tensor([index[_outermost(image)] for image in images]), tuple(map(printable, classes))


def _outermost(image: str) -> str:
    return image.partition("/")[0]


# --- in words -----------------------------------------------------------------------------------------


def _notes(listing: Listing, read: Sequence[str]) -> list[str]:
    notes = []
    loose = [printable(image) for image in read if "/" not in image]
    if loose and len(folders := {_outermost(image) for image in read if "/" in image}) > 1:
        notes.append(f"The {len(folders)} sub-folders are no classes, as images lie beside them: {some(loose)}.")
    if listing.unread:
        notes.append(f"Folders that cannot be read were left out: {some(listing.unread)}.")
    foreign = [f"{count:,} of {kind}" for kind, count in sorted(listing.others.items()) if kind in FOREIGN]
    if foreign:
        notes.append(f"Left out, of formats that are not read: {some(foreign)}; as PNG or JPEG they would be.")
    return notes


def printable(path: str) -> str:
    r"""Path as text that can be written anywhere, on one line: file names may hold anything but zero bytes.

    >>> print(printable("a\nb.png"), printable("caf\udce9"), printable("café 猫"))
    a\nb.png caf\udce9 café 猫
    """
    odd = ("Cc", "Cs")  # controls; bytes that are no text
    return "".join(ascii(c)[1:-1] if unicodedata.category(c) in odd else c for c in path)
