"""The data sets known by name, and the one function that reads a name or a path."""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from saddlepoint.data.embedded import digits
from saddlepoint.data.folder import Report, image_folder
from saddlepoint.data.idx import fashion_mnist, holds_idx, idx_folder, mnist
from saddlepoint.data.images import DataError, ImageData

#: Pixels a side of the images of a folder where no size is given.
FOLDER_SIZE = 32


@dataclass(frozen=True)
class Dataset:
    """A data set known by name.

    Attributes:
        summary: one line for people.
        load: reads it from a folder of the user's, or, given None, from where it comes from.
    """

    summary: str
    load: Callable[[str | Path | None], ImageData]


def _digits(path: str | Path | None) -> ImageData:
    if path is not None:
        raise DataError(f"digits come with scikit-learn and take no path, but {path} was given: leave it out")
    return digits()


DATASETS: dict[str, Dataset] = {
    "digits": Dataset("1,797 handwritten digits, grey 8x8; installed with scikit-learn, no download", _digits),
    "mnist": Dataset("60,000 handwritten digits, grey 28x28; 10 MB download", mnist),
    "fashion-mnist": Dataset("60,000 pieces of clothing in ten kinds, grey 28x28; 27 MB download", fashion_mnist),
}


def is_path(text: str) -> bool:
    """Whether a user's word means a path: not a known name, and it exists or is written like a path.

    A folder that bears a known name is meant by writing `./mnist`.

    >>> is_path("mnist"), is_path("./mnist"), is_path("~/photos"), is_path("mnits")
    (False, True, True, False)
    """
    if not text or text in DATASETS:  # the empty path would be the current folder
        return False
    separators = {"/", os.sep, os.altsep or os.sep}
    return text.startswith(("~", ".")) or any(mark in text for mark in separators) or Path(text).exists()


def load_images(
    source: str | Path, size: int | None = None, *, path: str | Path | None = None, progress: Report | None = None
) -> ImageData:
    """Read images by name or path.

    Args:
        source: a name of `DATASETS`; a folder of images or of IDX files; or "folder", the one that `path` gives.
        size: pixels a side; None keeps a data set's own size, and takes 32 for a folder of images.
        path: a folder to read a named data set from, or that "folder" means.
        progress: called with (done, total) while a folder of images is read.

    Raises:
        DataError: an unknown name, or what the readers raise.

    >>> load_images("digits", 16).shape
    (1, 16, 16)
    >>> load_images("mnits")
    Traceback (most recent call last):
    ...
    saddlepoint.data.images.DataError: there is no data set 'mnits', and no such folder: did you mean 'mnist'? ...
    """
    if isinstance(source, str) and source in DATASETS:
        data = DATASETS[source].load(path)
    elif source == "folder":
        if path is None:
            raise DataError("no folder of images was given: give its path")
        data = _folder(path, size, progress)
    elif path is not None:
        raise DataError(f"both {source} and the path {path} were given: give the path alone")
    elif isinstance(source, Path) or is_path(source):
        data = _folder(source, size, progress)
    else:
        near = difflib.get_close_matches(source, DATASETS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(
            f"there is no data set {source!r}, and no such folder: {hint}give one of {', '.join(DATASETS)}, "
            f"or the path of a folder of images"
        )
    return data if size is None else data.resized(size)


def _folder(path: str | Path, size: int | None, progress: Report | None) -> ImageData:
    if holds_idx(Path(path).expanduser()):
        return idx_folder(path)
    return image_folder(path, FOLDER_SIZE if size is None else size, progress=progress)
