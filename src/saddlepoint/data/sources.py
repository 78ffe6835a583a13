"""Data sets by name, and any folder by its path."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from saddlepoint.data.embedded import digits
from saddlepoint.data.folder import image_folder
from saddlepoint.data.idx import FASHION_MNIST, MNIST, is_idx_folder, load_idx
from saddlepoint.data.images import DataError, ImageData


@dataclass(frozen=True)
class Source:
    """A data set that has a name.

    Attributes:
        summary: one line for `saddle list data`.
        load: path (None: wherever it comes from) ↦ the training images.
    """

    summary: str
    load: Callable[[Path | None], ImageData]


DATASETS: dict[str, Source] = {
    "digits": Source("1,797 handwritten digits, 8x8, installed with scikit-learn", lambda _: digits()),
    "mnist": Source("60,000 handwritten digits, 28x28; downloaded, or --data FOLDER", lambda p: load_idx(MNIST, p)),
    "fashion-mnist": Source(
        "60,000 pieces of clothing, 28x28; downloaded, or --data FOLDER", lambda p: load_idx(FASHION_MNIST, p)
    ),
}


def load_images(
    source: str,
    path: str | Path | None = None,
    size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImageData:
    """The images of a source.

    Args:
        source: a name of `DATASETS`, or `folder` for images (or MNIST's IDX files) below `path`.
        path: a folder; of the named ones, mnist and fashion-mnist take one.
        size: side in pixels; None leaves data sets as they are, and means 32 for a folder.
        progress: called with (done, total) while files are decoded.

    Raises:
        DataError: an unknown source, or data that can't be had or read.
    """
    where = Path(path) if path is not None else None
    if source == "folder":
        if where is None:
            raise DataError("no folder of images was given: give one with --data FOLDER")
        if is_idx_folder(where):
            data = load_idx(MNIST, where)
        else:
            return image_folder(where, size or 32, progress=progress)
    elif source in DATASETS:
        data = DATASETS[source].load(where)
    else:
        raise DataError(f"there is no data set {source!r}: known are {', '.join(DATASETS)}, or give a folder's path")
    return data.resized(size) if size is not None else data
