"""Any folder of images: nested or not, of mixed sizes, modes and formats, with files that are none."""

import os
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from saddlepoint.data.decoding import Colour, available_formats, decode
from saddlepoint.data.images import DataError, ImageData

#: Told how many of how many are done.
Report = Callable[[int, int], None]

EXTENSIONS = frozenset(
    (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm")
)
WHITE: Colour = (255, 255, 255)
#: Names of sub-folders that may stand beside `train`.
SPLITS = frozenset(("train", "val", "valid", "validation", "dev", "test"))
#: How many files a note names.
NAMED = 5
#: Decoding shares the disk and the memory bus: more threads than this gain nothing.
THREADS = 8


def image_folder(
    path: str | Path,
    size: int = 32,
    channels: int | None = None,
    background: Colour = WHITE,
    progress: Report | None = None,
) -> ImageData:
    """Read every image below a folder, in the order of their paths, at size x size pixels.

    An image is turned as its EXIF orientation says; of an animation the first frame is taken; transparency is
    composited on the background; the middle square is resized (Lanczos). Files are known by their extension
    (`EXTENSIONS`, in any case) and read by their content. Hidden files and folders are left out. A file that
    cannot be read, or that has more than twice `PIL.Image.MAX_IMAGE_PIXELS` pixels, is skipped and named in the
    notes.

    Classes: where no image lies in the folder itself and at least two of its sub-folders hold images, these
    sub-folders are the classes. Where the folder holds `train`, and beside it at most `val`, `test` and their
    like, `train` is read in its place.

    Args:
        path: the folder.
        size: pixels a side.
        channels: 1 (grey, ITU-R 601 luma) or 3; None takes 1 where in every image the three channels agree.
        background: red, green, blue behind transparency, 0 to 255 each.
        progress: called with (done, total) after each file, from the calling thread.

    Raises:
        DataError: no such folder, no image in it that can be read, more than fits into memory, or an argument
            out of its range.
    """
    _check(size, channels, background)
    root, notes = _root(Path(path).expanduser())
    name = root.parent.resolve().name if notes else root.resolve().name
    listing = _list(root)
    if not listing.images:
        raise DataError(_nothing(root, listing))
    images, outcome = _decode_all([root / image for image in listing.images], size, channels, background, progress)
    relative = [listing.images[i] for i in outcome.kept]
    notes += _notes(listing, outcome, size, channels, background)
    if not relative:
        raise DataError(
            f"{root}: none of the {len(listing.images):,} image files can be read. {' '.join(notes)} "
            f"Check that they open in an image viewer"
        )
    labels, classes = _classes(relative)
    return ImageData(name, images, labels, classes, f"The images of the folder {root}.", tuple(notes))


# --- which files --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Listing:
    """Images by their path below the root, sorted; what else was there."""

    images: list[Path]
    others: Counter[str]
    unread: list[str]


def _check(size: int, channels: int | None, background: Colour) -> None:
    if size < 1:
        raise DataError(f"the size is {size} pixels: give at least 1")
    if channels not in (None, 1, 3):
        raise DataError(
            f"{channels} channels were asked for: give 1 (grey), 3 (colour), or None to decide by the images"
        )
    if len(background) != 3 or not all(0 <= level <= 255 for level in background):
        raise DataError(f"the background is {background}: give red, green and blue, 0 to 255 each")


def _root(folder: Path) -> tuple[Path, list[str]]:
    """The folder, or its `train`; and a note where it is the latter."""
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {found}: expected a folder of images; give the path of one")
    try:
        inside = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror}): change its permissions") from error
    if "train" not in inside or not SPLITS.issuperset(inside):
        return folder, []
    beside = [f"{name}/" for name in inside if name != "train"]
    left_out = f" and not {', '.join(beside)}" if beside else ""
    return folder / "train", [f"Read the sub-folder train/ alone{left_out}."]


def _list(root: Path) -> _Listing:
    images: list[Path] = []
    others: Counter[str] = Counter()
    unread: list[str] = []
    seen: set[tuple[int, int]] = set()

    def failed(error: OSError) -> None:
        unread.append(_printable(Path(str(error.filename)).relative_to(root)))

    for place, folders, files in os.walk(root, onerror=failed, followlinks=True):
        # Links to folders are followed, but each folder is read once: a link to a parent would never end.
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            extension = Path(name).suffix.lower()
            if name.startswith("."):
                continue
            if extension in EXTENSIONS:
                images.append((Path(place) / name).relative_to(root))
            else:
                others[extension or "no extension"] += 1
    return _Listing(sorted(images, key=lambda image: image.parts), others, unread)


def _nothing(root: Path, listing: _Listing) -> str:
    found = ", ".join(f"{count:,} of {kind}" for kind, count in listing.others.most_common(NAMED))
    closed = f" Folders that cannot be read: {_some(listing.unread)}." if listing.unread else ""
    return (
        f"{root} holds no images. Looked for, also in its sub-folders: {' '.join(sorted(EXTENSIONS))}. "
        f"Found: {found or 'no files'}.{closed} Give the folder that holds the images"
    )


def _classes(images: Sequence[Path]) -> tuple[torch.Tensor | None, tuple[str, ...]]:
    if any(len(image.parts) == 1 for image in images):
        return None, ()
    classes = sorted({image.parts[0] for image in images})
    if len(classes) < 2:
        return None, ()
    index = {name: i for i, name in enumerate(classes)}
    return torch.tensor([index[image.parts[0]] for image in images]), tuple(map(_printable, classes))


# --- their pixels -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Outcome:
    """Which files gave images (by index), what was done to them, and why the others gave none."""

    kept: list[int]
    failed: dict[int, str]
    transparent: int
    fitted: int
    coloured: int


def _decode_all(
    files: Sequence[Path], size: int, channels: int | None, background: Colour, progress: Report | None
) -> tuple[torch.Tensor, _Outcome]:
    """Images (N, C, size, size) of the files that can be read, in their order."""
    shape = (len(files), 1 if channels == 1 else 3, size, size)
    try:
        pixels: NDArray[np.uint8] = np.empty(shape, np.uint8)
    except (MemoryError, ValueError) as error:
        gigabytes = float(np.prod(shape, dtype=np.float64)) / 1e9
        raise DataError(
            f"{len(files):,} images of {size}x{size} pixels take {gigabytes:,.0f} GB of memory, more than there "
            f"is: give a smaller size or fewer images"
        ) from error
    formats = available_formats()

    def read(i: int) -> tuple[bool, bool, bool] | str:
        try:
            found = decode(files[i], size, background, formats)
        # Pillow's decoders raise nearly anything on a damaged file.
        except Exception as error:
            return _reason(error)
        image = found.pixels
        if channels == 1:
            image = np.asarray(Image.fromarray(image).convert("L"))[..., None]
        pixels[i] = image.transpose(2, 0, 1)
        return found.transparent, found.fitted, not found.grey

    kept: list[int] = []
    failed: dict[int, str] = {}
    counts = np.zeros(3, np.int64)
    # Here and not in the threads: filters of warnings are global to the process.
    with warnings.catch_warnings(), ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")
        try:
            for i, result in enumerate(pool.map(read, range(len(files)))):
                if isinstance(result, str):
                    failed[i] = result
                else:
                    kept.append(i)
                    counts += result
                if progress is not None:
                    progress(i + 1, len(files))
        except BaseException:  # Ctrl-C must not wait for the files that are left
            pool.shutdown(cancel_futures=True)
            raise
    transparent, fitted, coloured = counts.tolist()
    if channels is None and coloured == 0:
        pixels = pixels[:, :1].copy()
    if failed:
        pixels = pixels[kept]
    return torch.from_numpy(pixels), _Outcome(kept, failed, transparent, fitted, coloured)


def _reason(error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels"
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    return str(error) or type(error).__name__


def _notes(listing: _Listing, outcome: _Outcome, size: int, channels: int | None, background: Colour) -> list[str]:
    notes = []
    if listing.unread:
        notes.append(f"Folders that cannot be read were left out: {_some(listing.unread)}.")
    if outcome.failed:
        bad = [f"{_printable(listing.images[i])} ({why})" for i, why in outcome.failed.items()]
        notes.append(f"Skipped {_counted(len(bad))} that cannot be read: {_some(bad)}.")
    if outcome.fitted:
        notes.append(f"Cropped to the middle square or resized, to {size}x{size} pixels: {_counted(outcome.fitted)}.")
    if outcome.transparent:
        colour = "white" if background == WHITE else f"the colour {background}"
        notes.append(f"Composited on {colour}: {_counted(outcome.transparent)} with transparency.")
    if channels == 1 and outcome.coloured:
        notes.append(f"Made grey: {_counted(outcome.coloured)} in colour.")
    return notes


def _counted(n: int) -> str:
    return f"{n:,} file{'s' if n != 1 else ''}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _printable(path: Path | str) -> str:
    """Path as text that can be written anywhere: file names need not be valid Unicode."""
    text = path.as_posix() if isinstance(path, Path) else path
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
