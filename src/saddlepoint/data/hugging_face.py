"""Image sets of the Hugging Face `datasets` library: `hf:NAME`, `hf:NAME:CONFIGURATION`, or `hf:FOLDER`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data.collection import Collection, OnRead
from saddlepoint.data.decoded_cache import read
from saddlepoint.data.decoding import Range, Source
from saddlepoint.data.images import DataError, ImageData, Split
from saddlepoint.data.value_range import notes_of, range_of_collection
from saddlepoint.data.workers import Target

PREFIX = "hf:"
#: Splits to test with, in the order in which they are taken.
HELD_OUT = ("test", "validation", "valid", "val", "dev")


def absolute(source: str) -> str:
    """The same source, independent of the current folder.

    >>> absolute("hf:owner/name")
    'hf:owner/name'
    """
    folder = Path(source.removeprefix(PREFIX)).expanduser()
    return f"{PREFIX}{folder.resolve()}" if folder.is_dir() else source


def hugging_face(
    source: str,
    size: int = 32,
    split: Split = "train",
    progress: OnRead | None = None,
    values: Range | None = None,
) -> ImageData:
    """Read the images of a set, at size x size pixels, decoded and kept as those of a folder are.

    The column of images is the only one of that type, or that called `image`; the labels are the first column of
    class labels, if there is one. Where a label is missing (−1), there are none.

    Args:
        source: `hf:` and a name on the Hub, with `:CONFIGURATION` where it has several, or a folder that
            `save_to_disk` wrote.
        size: pixels a side.
        split: "train", or "test" for the first there is of `HELD_OUT`.
        progress: called with (done, total) as images are decoded.
        values: of more than 8 bits, black and white; None finds them.

    Raises:
        DataError: `datasets` is not installed, there is no such set or split, no column of images, or no network.
    """
    rows, which = _rows(source, split)
    import datasets  # it is there: _rows has used it

    column = _image_column(rows, source)
    encoded = rows.cast_column(column, datasets.Image(decode=False))
    collection = _Encoded(f"{absolute(source)} {which}", encoded, column)
    found = range_of_collection(collection, values)
    target = Target(size, None, (255, 255, 255), None if found is None else found.ends)
    images, findings = read(collection, target, progress)
    kept = findings.kept(len(collection))
    notes = findings.notes(target, lambda i: f"number {i}") + notes_of(found, values)
    if not kept:
        raise DataError(f"{source}: none of the {len(collection):,} images can be read. {' '.join(notes)}")
    labels, classes = _labels(rows, kept)
    origin = f"The {which} split of the Hugging Face set {source.removeprefix(PREFIX)}."
    return ImageData(
        source.removeprefix(PREFIX).rstrip("/").rpartition("/")[2], images, labels, classes, origin, tuple(notes)
    )


@dataclass(frozen=True)
class _Encoded(Collection):
    """A column of encoded images."""

    source: str
    rows: Any
    column: str

    @property
    def place(self) -> str:
        return f"{self.source} {self.column}"

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, start: int, stop: int) -> list[Source]:
        return [
            Path(cell["path"] or "") if cell["bytes"] is None else cell["bytes"]
            for cell in self.rows[start:stop][self.column]
        ]

    def state(self) -> Iterator[str]:
        for file in self.rows.cache_files:
            found = Path(file["filename"]).stat()
            yield f"{file['filename']} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _rows(source: str, split: Split) -> tuple[Any, str]:
    """The rows of a split, and its own name."""
    try:
        import datasets
    except ImportError as error:
        raise DataError(f"{source} needs the library datasets: pip install 'saddlepoint[huggingface]'") from error
    word = source.removeprefix(PREFIX)
    folder = Path(word).expanduser()
    if word.startswith(("~", ".", "/")) and not folder.is_dir():
        raise DataError(f"{folder} is no folder: expected one that save_to_disk wrote; give hf:FOLDER, or hf:NAME")
    try:
        if folder.is_dir():
            found = datasets.load_from_disk(str(folder))
        else:
            name, _, configuration = word.partition(":")
            found = datasets.load_dataset(name, configuration or None)
    # No network, no such set, no such configuration, no dataset in the folder.
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{source} cannot be read ({reason}): check the name; without a network, save the set where there is one "
            f"(datasets.load_dataset(...).save_to_disk(FOLDER)) and give hf:FOLDER"
        ) from error
    if not isinstance(found, dict):
        if split == "train":
            return found, str(found.split or "only")
        raise DataError(f"{source} is one set without splits: hold out a share of it (ImageData.split)")
    wanted = ("train",) if split == "train" else HELD_OUT
    which = next((name for name in wanted if name in found), None)
    if which is None:
        raise DataError(f"{source} has the splits {', '.join(found)}: expected one of {', '.join(wanted)}")
    return found[which], which


def _image_column(rows: Any, source: str) -> str:
    import datasets

    columns: list[str] = [name for name, feature in rows.features.items() if isinstance(feature, datasets.Image)]
    if "image" in columns:
        return "image"
    if len(columns) == 1:
        return columns[0]
    held = ", ".join(rows.features)
    found = f"{len(columns)} columns of images" if columns else "no column of images"
    raise DataError(f"{source} has {found} among {held}: expected one, or one called image; rename or drop columns")


def _labels(rows: Any, kept: list[int]) -> tuple[Tensor | None, tuple[str, ...]]:
    import datasets

    column = next((name for name, feature in rows.features.items() if isinstance(feature, datasets.ClassLabel)), None)
    if column is None:
        return None, ()
    labels = np.asarray(rows.with_format("numpy", columns=[column])[:][column], np.int64)[kept]
    if labels.min() < 0:
        return None, ()
    return torch.from_numpy(labels), tuple(rows.features[column].names)
