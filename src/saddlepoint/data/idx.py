"""MNIST and its like: IDX files, from a folder or from their mirrors.

An IDX file is a big-endian header (a magic number whose last byte counts the dimensions, then the size of each)
and the bytes in C order; gzip around it is optional.
"""

import gzip
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from saddlepoint.cache import cache_folder
from saddlepoint.data.download import fetch
from saddlepoint.data.images import DataError, ImageData, Split
from saddlepoint.disk import found_at, is_disk_file

IMAGES, LABELS = 2051, 2049
_CONTENT = {IMAGES: "images", LABELS: "labels"}
_PIECE = 1 << 20

#: The files of a split, images first; each with or without `.gz`.
FILES: dict[str, tuple[str, str]] = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


@dataclass(frozen=True)
class IdxDataset:
    """A published data set of four gzip IDX files.

    Attributes:
        name, title: for the machine, for people.
        classes: names of the labels 0, 1, ...
        mirrors: addresses of folders that hold the files, tried in order.
        sha256: of each file as the mirrors have it (gzip).
        fingerprints: of the images and labels of each split.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    mirrors: tuple[str, ...]
    sha256: dict[str, str]
    fingerprints: dict[str, str]


MNIST = IdxDataset(
    name="mnist",
    title="MNIST (LeCun, Cortes, Burges)",
    classes=tuple(str(digit) for digit in range(10)),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    sha256={
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    fingerprints={"train": "71d3be42f93ad20d", "test": "4718853ea946af65"},
)

FASHION_MNIST = IdxDataset(
    name="fashion-mnist",
    title="Fashion-MNIST (Xiao, Rasul, Vollgraf, 2017)",
    classes=(
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    sha256={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    fingerprints={"train": "a8007d7be041707b", "test": "3581bf52f5218031"},
)


def mnist(
    path: str | Path | None = None, split: Split = "train", *, mirrors: Sequence[str] = MNIST.mirrors
) -> ImageData:
    """Handwritten digits, grey 28x28: 60,000 to train, 10,000 to test.

    Args:
        path: a folder with the IDX files, gzip or not; None downloads them once (see `cache_folder`).
        split: "train" or "test".
        mirrors: addresses of folders to download from, in order.

    Raises:
        DataError: a file is missing, damaged or cannot be downloaded.
    """
    return _published(MNIST, path, split, mirrors)


def fashion_mnist(
    path: str | Path | None = None, split: Split = "train", *, mirrors: Sequence[str] = FASHION_MNIST.mirrors
) -> ImageData:
    """Ten kinds of clothing, grey 28x28: 60,000 to train, 10,000 to test. Arguments and errors as in `mnist`."""
    return _published(FASHION_MNIST, path, split, mirrors)


def holds_idx(path: str | Path) -> bool:
    """Whether a folder holds any of the four IDX files."""
    return any(_find(Path(path), stem) for stems in FILES.values() for stem in stems)


def idx_folder(path: str | Path, split: Split = "train") -> ImageData:
    """Any images and labels in the four IDX files of a folder; MNIST and Fashion-MNIST are known by their content.

    Args:
        path: the folder. Classes are named 0, 1, ... where the content is not known.
        split: "train" or "test".

    Raises:
        DataError: a file is missing or damaged.
    """
    folder = _folder(path)
    images, labels = _read_pair(*_local(folder, split, _remedy(())))
    data = ImageData(
        name=folder.resolve().name,
        images=images,
        labels=labels,
        classes=tuple(str(i) for i in range(int(labels.max()) + 1)),
        source=f"The IDX files ({split}) of the folder {folder}.",
    )
    for known in (MNIST, FASHION_MNIST):
        if data.fingerprint == known.fingerprints[split]:
            return replace(data, name=known.name, classes=known.classes, source=f"{known.title}: {data.source}")
    return data


def _published(dataset: IdxDataset, path: str | Path | None, split: Split, mirrors: Sequence[str]) -> ImageData:
    if split not in FILES:
        raise DataError(f"there is no split {split!r} of {dataset.name}: give one of {', '.join(FILES)}")
    if path is None:
        folder = cache_folder() / dataset.name
        remedy = _remedy(dataset.mirrors)
        names = [f"{stem}.gz" for stem in FILES[split]]
        files = [fetch(name, dataset.sha256[name], mirrors, folder, remedy) for name in names]
        source = f"{dataset.title}, {split} split, downloaded and checked."
    else:
        folder = _folder(path)
        files = _local(folder, split, _remedy(dataset.mirrors))
        source = f"{dataset.title}, {split} split: the IDX files of the folder {folder}."
    images, labels = _read_pair(*files)
    if int(labels.max()) >= len(dataset.classes):
        raise DataError(
            f"{files[1]} holds the label {int(labels.max())}, expected 0 to {len(dataset.classes) - 1}: "
            f"the file is damaged or of another data set; {_remedy(dataset.mirrors)}"
        )
    data = ImageData(dataset.name, images, labels, dataset.classes, source)
    if data.fingerprint == dataset.fingerprints[split]:
        return data
    note = f"The content is not that of the published {dataset.name} {split} files."
    return replace(data, notes=(note,))


def _remedy(mirrors: Sequence[str]) -> str:
    names = ", ".join(f"{stem}.gz" for stems in FILES.values() for stem in stems)
    where = f" from {' or '.join(mirrors)}" if mirrors else ""
    return f"Get the four files ({names}){where}, put them into a folder and give it with --data PATH."


def _folder(path: str | Path) -> Path:
    folder = Path(path).expanduser()
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {found}: expected a folder with the four IDX files. {_remedy(())}")
    return folder


def _find(folder: Path, stem: str) -> Path | None:
    # Some copies on the web have a dot where the original has a dash.
    for name in (stem, stem.replace("-idx", ".idx")):
        for found in (folder / f"{name}.gz", folder / name):
            if is_disk_file(found):
                return found
    return None


def _local(folder: Path, split: str, remedy: str) -> list[Path]:
    if split not in FILES:
        raise DataError(f"there is no split {split!r}: give one of {', '.join(FILES)}")
    found = {stem: _find(folder, stem) for stem in FILES[split]}
    missing = [f"{stem}[.gz]" for stem, file in found.items() if file is None]
    if missing:
        raise DataError(f"{folder} lacks {' and '.join(missing)}. {remedy}")
    return [file for file in found.values() if file is not None]


def _read_pair(images: Path, labels: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, 1, H, W) and labels (N,)."""
    pixels, numbers = read_idx(images, IMAGES), read_idx(labels, LABELS)
    if len(pixels) != len(numbers):
        raise DataError(
            f"{images} holds {len(pixels):,} images but {labels} {len(numbers):,} labels: "
            f"expected as many; take both from one source"
        )
    return torch.from_numpy(pixels).unsqueeze(1), torch.from_numpy(numbers).long()


def read_idx(path: str | Path, magic: int) -> NDArray[np.uint8]:
    """Read one IDX file of bytes, gzip or not.

    Args:
        path: the file.
        magic: `IMAGES` (2051, three dimensions) or `LABELS` (2049, one).

    Returns:
        uint8, (N, H, W) or (N,).

    Raises:
        DataError: the file is missing, truncated, damaged, of another kind, or empty.
    """
    path = Path(path)
    remedy = "the file is damaged or not what its name says; delete it and get it again"
    try:
        if path.exists() and (found := found_at(path)):
            raise OSError(f"it {found}")
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not zipped:
                return _parse(raw, path, magic, remedy)
            with gzip.GzipFile(fileobj=raw) as stream:
                return _parse(stream, path, magic, remedy)
    # The last two are what gzip raises for a file that is cut and for one with a wrong bit.
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}): {remedy}") from error


def _parse(stream: BinaryIO | gzip.GzipFile, path: Path, magic: int, remedy: str) -> NDArray[np.uint8]:
    dimensions = magic & 0xFF
    header = _take(stream, 4 * (1 + dimensions))
    if len(header) < 4:
        raise DataError(f"{path} holds {len(header)} bytes, expected an IDX file of {_CONTENT[magic]}: {remedy}")
    (found,) = struct.unpack(">I", header[:4])
    if found != magic:
        other = f", that of {_CONTENT[found]}" if found in _CONTENT else ""
        raise DataError(
            f"{path} begins with the magic number {found}{other}, expected {magic}, that of {_CONTENT[magic]}: {remedy}"
        )
    if len(header) < 4 * (1 + dimensions):
        raise DataError(f"{path} ends within its header: {remedy}")
    shape = struct.unpack(f">{dimensions}I", header[4:])
    size = int(np.prod(shape, dtype=object))
    if size == 0:
        raise DataError(f"{path} holds no {_CONTENT[magic]} (its header says {shape}): {remedy}")
    # One byte more than promised: it finds what is too long, and makes gzip check its checksum.
    content = _take(stream, size + 1)
    if len(content) != size:
        held = f"{len(content):,}" if len(content) < size else "more"
        raise DataError(f"{path} promises {shape} = {size:,} bytes of {_CONTENT[magic]} but holds {held}: {remedy}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _take(stream: BinaryIO | gzip.GzipFile, n: int) -> bytearray:
    """Up to n bytes, in pieces: a wrong header may ask for more than there is memory."""
    taken = bytearray()
    while len(taken) < n and (piece := stream.read(min(_PIECE, n - len(taken)))):
        taken += piece
    return taken
