"""The data sets known by name, and the one function that reads a name or a path."""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import torch

from saddlepoint.data.archives import holds_archives, image_archives, is_archive, is_remote, photographs_of_archives
from saddlepoint.data.arrays import ENDINGS, array_file
from saddlepoint.data.bundled import digits
from saddlepoint.data.cifar import cifar_10, cifar_100, cifar_folder, found_cifar
from saddlepoint.data.collection import OnRead
from saddlepoint.data.decoding import Range
from saddlepoint.data.folder import WHITE, image_files, image_folder
from saddlepoint.data.hugging_face import PREFIX, hugging_face
from saddlepoint.data.idx import fashion_mnist, holds_idx, idx_folder, mnist
from saddlepoint.data.image_collection import Photographs, photograph_folder
from saddlepoint.data.images import DataError, ImageData, Split
from saddlepoint.data.stacked import stacked_mnist
from saddlepoint.disk import without_links

#: Pixels a side of images that come in any size, where no size is given.
FOLDER_SIZE = 32


@dataclass(frozen=True)
class Dataset:
    """A data set known by name.

    Attributes:
        summary: one line for people.
        load: reads a split of it from a folder of the user's, or, given None, from where it comes from.
        shape: (C, H, W) of its images.
        classes: how many it has.
        made: whether it is made from the files of another set, which are then what a folder holds.
    """

    summary: str
    load: Callable[[str | Path | None, Split], ImageData]
    shape: tuple[int, int, int]
    classes: int
    made: bool = False

    def blank(self, name: str, size: int | None = None) -> ImageData:
        """Two black images of its shape and classes, where the images themselves are not wanted.

        Args:
            name: of the set.
            size: pixels a side; None is its own.
        """
        channels, height, width = self.shape
        shape = (channels, height, width) if size is None else (channels, size, size)
        labels = torch.arange(2) % self.classes
        classes = tuple(map(str, range(self.classes)))
        return ImageData(name, torch.zeros(2, *shape, dtype=torch.uint8), labels, classes, "Blank.")


def _digits(path: str | Path | None, split: Split) -> ImageData:
    if path is not None:
        raise DataError(f"digits come with scikit-learn and take no path, but {path} was given: leave it out")
    if split != "train":
        raise DataError(f"digits have no split {split!r}: hold out a share of them (ImageData.split)")
    return digits()


DATASETS: dict[str, Dataset] = {
    "digits": Dataset(
        "1,797 handwritten digits, grey 8x8; installed with scikit-learn, no download", _digits, (1, 8, 8), 10
    ),
    "mnist": Dataset("60,000 handwritten digits, grey 28x28; 10 MB download", mnist, (1, 28, 28), 10),
    "fashion-mnist": Dataset(
        "60,000 pieces of clothing in ten kinds, grey 28x28; 27 MB download", fashion_mnist, (1, 28, 28), 10
    ),
    "cifar-10": Dataset("50,000 photographs in ten classes, colour 32x32; 170 MB download", cifar_10, (3, 32, 32), 10),
    "cifar-100": Dataset(
        "50,000 photographs in a hundred classes, colour 32x32; 169 MB download", cifar_100, (3, 32, 32), 100
    ),
    "stacked-mnist": Dataset(
        "60,000 images of three MNIST digits as red, green and blue, 28x28, a thousand classes; 10 MB download",
        stacked_mnist,
        (3, 28, 28),
        1000,
        made=True,
    ),
}


def is_path(text: str) -> bool:
    """Whether a user's word means a path: not a known name, and it exists or is written like a path.

    A folder that bears a known name is meant by writing `./mnist`. Addresses and patterns (`*.tar`) are paths, too.

    >>> is_path("mnist"), is_path("./mnist"), is_path("~/photos"), is_path("mnits"), is_path("hf:owner/name")
    (False, True, True, False, False)
    >>> is_path("s3://bucket/a.tar"), is_path("*.tar")
    (True, True)
    """
    if is_remote(text) or is_archive(text):
        return True
    if not text or text in DATASETS or text.startswith(PREFIX):  # the empty path would be the current folder
        return False
    separators = {"/", os.sep, os.altsep or os.sep}
    return text.startswith(("~", ".")) or any(mark in text for mark in separators) or Path(text).exists()


def settled(text: str) -> str:
    """A path as it is from everywhere: without links and `~`; an address as it is."""
    return text if is_remote(text) else str(without_links(Path(text).expanduser()))


def load_images(
    source: str | Path,
    size: int | None = None,
    *,
    path: str | Path | None = None,
    split: Split = "train",
    progress: OnRead | None = None,
    values: Range | None = None,
) -> ImageData:
    """Read images by name or path.

    Args:
        source: a name of `DATASETS`; `hf:` and a Hugging Face set; a folder of images, of archives, of IDX or of CIFAR
            files; an archive, a pattern of some or an address (`archives.image_archives`); a file of arrays
            (`arrays.ENDINGS`); or "folder", the one that `path` gives.
        size: pixels a side; None keeps a data set's own size, and takes 32 for images of any size.
        path: a folder to read a named data set from, or that "folder" means.
        split: "train", or "test" for what the set holds out to test with.
        progress: called with (done, total) while images are decoded.
        values: of more than 8 bits, black and white, where there are such; None finds one range for all images.

    Raises:
        DataError: an unknown name, no such split, or what the readers raise.

    >>> load_images("digits", 16).shape
    (1, 16, 16)
    >>> load_images("mnits")
    Traceback (most recent call last):
    ...
    saddlepoint.data.images.DataError: there is no data set 'mnits', and no such folder: did you mean 'mnist'? ...
    """
    if split not in get_args(Split):
        raise DataError(f"there is no split {split!r}: give one of {', '.join(get_args(Split))}")
    if isinstance(source, str) and source in DATASETS:
        data = DATASETS[source].load(path, split)
    elif source == "folder":
        if path is None:
            raise DataError("no folder of images was given: give its path")
        data = _read(path, size, split, progress, values)
    elif path is not None:
        raise DataError(f"both {source} and the path {path} were given: give the path alone")
    elif isinstance(source, str) and source.startswith(PREFIX):
        data = hugging_face(source, FOLDER_SIZE if size is None else size, split, progress, values)
    elif isinstance(source, Path) or is_path(source):
        data = _read(source, size, split, progress, values)
    else:
        near = difflib.get_close_matches(source, DATASETS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(
            f"there is no data set {source!r}, and no such folder: {hint}give one of {', '.join(DATASETS)}, "
            f"{PREFIX}NAME, or the path of a folder of images or of a file of arrays"
        )
    return data if size is None else data.resized(size)


def load_photographs(
    source: str | Path,
    *,
    path: str | Path | None = None,
    split: Split = "train",
    progress: OnRead | None = None,
    values: Range | None = None,
) -> Photographs:
    """Read images by name or path as `load_images` does, but that those of a folder or of archives are whole, of their
    own sizes.

    Raises:
        DataError: see `load_images`.
    """
    place = path if source == "folder" else source
    if place is not None and (source == "folder" or isinstance(source, Path) or is_path(str(source))):
        if _in_archives(place):
            return photographs_of_archives(settled(str(place)), progress=progress, split=split, values=values)
        folder = Path(place).expanduser()
        if folder.is_dir() and found_cifar(folder) is None and not holds_idx(folder):
            return photograph_folder(folder, progress=progress, split=split, values=values)
    return Photographs.of(load_images(source, path=path, split=split, progress=progress, values=values))


def _in_archives(place: str | Path) -> bool:
    """Whether a place is an address, an archive, or a folder of archives with no images beside them."""
    word = str(place)
    if is_remote(word):
        return True
    path = Path(word).expanduser()
    if path.is_dir():
        return holds_archives(path) and not (holds_idx(path) or found_cifar(path) or image_files(path))
    return is_archive(word) and found_cifar(path) is None


def _read(
    place: str | Path, size: int | None, split: Split, progress: OnRead | None, values: Range | None
) -> ImageData:
    """What lies at a place, by what it is."""
    if _in_archives(place):
        word = settled(str(place))
        return image_archives(word, FOLDER_SIZE if size is None else size, None, WHITE, progress, split, values)
    path = Path(place).expanduser()
    if path.suffix.lower() in ENDINGS and not path.is_dir():
        return array_file(path, split, values)
    try:
        if found_cifar(path) is not None:
            return cifar_folder(path, split)
        if holds_idx(path):
            return idx_folder(path, split)
        return image_folder(path, FOLDER_SIZE if size is None else size, progress=progress, split=split, values=values)
    except PermissionError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): change its permissions") from error
