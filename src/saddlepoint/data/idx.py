"""MNIST and its kin: the canonical IDX files, from a folder or downloaded with checksums."""

import gzip
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pooch
import requests
import torch
from numpy.typing import NDArray

from saddlepoint.data.images import DataError, ImageData

Split = Literal["train", "test"]
_IMAGES, _LABELS = 2051, 2049


@dataclass(frozen=True)
class IDXSet:
    """A data set in four IDX files.

    Attributes:
        name: as the command line knows it.
        title: for people.
        mirrors: addresses that hold the files, tried in order.
        checksums: MD5 of each canonical gzip file, by name.
        classes: names of the ten classes.
    """

    name: str
    title: str
    mirrors: tuple[str, ...]
    checksums: dict[str, str]
    classes: tuple[str, ...]


def file_names(split: Split) -> tuple[str, str]:
    """The names of images and labels.

    >>> file_names("test")
    ('t10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz')
    """
    prefix = "train" if split == "train" else "t10k"
    return f"{prefix}-images-idx3-ubyte.gz", f"{prefix}-labels-idx1-ubyte.gz"


MNIST = IDXSet(
    name="mnist",
    title="MNIST (LeCun, Cortes, Burges)",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    checksums={
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
    classes=tuple(str(d) for d in range(10)),
)

FASHION_MNIST = IDXSet(
    name="fashion-mnist",
    title="Fashion-MNIST (Xiao, Rasul, Vollgraf)",
    mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    checksums={
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
    classes=(
        "T-shirt",
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
)


def load_idx(dataset: IDXSet, folder: Path | None = None, split: Split = "train") -> ImageData:
    """A split of an IDX data set, 28x28 grey.

    Args:
        dataset: which one.
        folder: holds the files, gzipped or not; None downloads them once into the cache.
        split: train or test.

    Raises:
        DataError: a file is missing, damaged, or can't be downloaded; says what to do.
    """
    names = file_names(split)
    if folder is None:
        paths = [fetch(dataset, name) for name in names]
        source = f"{dataset.title}, downloaded"
    else:
        paths = [_find(dataset, folder, name) for name in names]
        source = f"{dataset.title}, from {folder}"
    images, labels = read_idx(paths[0], _IMAGES), read_idx(paths[1], _LABELS)
    if len(images) != len(labels):
        raise DataError(
            f"{paths[0]} holds {len(images)} images and {paths[1].name} {len(labels)} labels: take both from one source"
        )
    return ImageData(
        name=dataset.name,
        images=torch.from_numpy(images).unsqueeze(1),
        source=source,
        labels=torch.from_numpy(labels).long(),
        classes=dataset.classes,
    )


def is_idx_folder(folder: Path) -> bool:
    """Whether a folder holds the training files."""
    return all((folder / n).exists() or (folder / n.removesuffix(".gz")).exists() for n in file_names("train"))


def read_idx(path: Path, magic: int) -> NDArray[np.uint8]:
    """The array in an IDX file of bytes.

    Args:
        path: gzipped where it ends in .gz.
        magic: 2051 for images, 2049 for labels.

    Raises:
        DataError: truncated, damaged, or something else than expected.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} can't be read ({error}): it is damaged or cut short; get it again") from error
    dimensions = magic & 0xFF
    header = 4 + 4 * dimensions
    if len(content) < header or struct.unpack(">i", content[:4])[0] != magic:
        raise DataError(f"{path} does not begin like an IDX file (magic {magic} expected): is it another file?")
    shape = struct.unpack(f">{dimensions}i", content[4:header])
    if min(shape) < 0 or len(content) - header != int(np.prod(shape)):
        raise DataError(
            f"{path} says that it holds {'x'.join(map(str, shape))} bytes and holds {len(content) - header}: get it again"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape).copy()


def cache_folder() -> Path:
    """Where downloads stay: $SADDLE_CACHE, or the user's cache folder."""
    given = os.environ.get("SADDLE_CACHE")
    return Path(given) if given else Path(pooch.os_cache("saddlepoint"))


def fetch(dataset: IDXSet, name: str) -> Path:
    """A file from the cache, or from the first mirror that has it with the right checksum.

    Raises:
        DataError: no mirror gave it; names what was tried and what to do.
    """
    tried = []
    for mirror in dataset.mirrors:
        try:
            path = pooch.retrieve(
                url=mirror + name,
                known_hash=f"md5:{dataset.checksums[name]}",
                fname=name,
                path=cache_folder() / dataset.name,
                downloader=pooch.HTTPDownloader(progressbar=False, timeout=30),
            )
            return Path(path)
        except (requests.RequestException, OSError, ValueError) as error:
            tried.append(f"{mirror} ({_reason(error)})")
    files = ", ".join(dataset.checksums)
    raise DataError(
        f"{dataset.title} can't be downloaded; tried {'; '.join(tried)}. Without a network, put the files {files} "
        f"into a folder and give it: --data FOLDER"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, requests.Timeout):
        return "no answer"
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"status {error.response.status_code}"
    if isinstance(error, ValueError) and "hash" in str(error):
        return "the checksum does not fit"
    return str(error)


def _find(dataset: IDXSet, folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / name.removesuffix(".gz")):
        if candidate.is_file():
            return candidate
    raise DataError(f"{folder} does not hold {name}: {dataset.title} needs {', '.join(dataset.checksums)}")
