"""CIFAR-10 and CIFAR-100 in their binary form: from a folder, from their archive, or from their mirrors.

A file is records one after the other: a byte for the label (CIFAR-100: one for the coarse and one for the fine
label), then 32x32 bytes of red, of green, of blue. The form for Python is a pickle, which can run any program as
it is read, and is refused.
"""

import gzip
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from saddlepoint.cache import cache_folder
from saddlepoint.data.download import fetch
from saddlepoint.data.images import DataError, ImageData, Split
from saddlepoint.disk import is_disk_file

SIDE = 32
PIXELS = 3 * SIDE * SIDE
_PIECE = 1 << 20


@dataclass(frozen=True)
class CifarDataset:
    """One of the two.

    Attributes:
        name, title: for the machine, for people.
        archive, sha256: the file on the mirrors, and its checksum.
        folder: what the archive unpacks to.
        files: of each split, in order.
        pickled: files of the form for Python, by which it is known.
        labels: bytes before the pixels; the last of them is the label.
        classes: names of the labels 0, 1, ...
    """

    name: str
    title: str
    archive: str
    sha256: str
    folder: str
    files: dict[str, tuple[str, ...]]
    pickled: tuple[str, ...]
    labels: int
    classes: tuple[str, ...]

    @property
    def record(self) -> int:
        """Bytes an image."""
        return self.labels + PIXELS

    @property
    def remedy(self) -> str:
        """Where it comes from."""
        return f"Get {self.archive} (the binary version) from {MIRRORS[0]} and give its path with --data PATH."


MIRRORS = ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/")

CIFAR_10 = CifarDataset(
    name="cifar-10",
    title="CIFAR-10 (Krizhevsky, 2009)",
    archive="cifar-10-binary.tar.gz",
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    folder="cifar-10-batches-bin",
    files={"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)},
    pickled=("data_batch_1", "test_batch", "batches.meta"),
    labels=1,
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
)

CIFAR_100 = CifarDataset(
    name="cifar-100",
    title="CIFAR-100 (Krizhevsky, 2009)",
    archive="cifar-100-binary.tar.gz",
    sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    folder="cifar-100-binary",
    files={"train": ("train.bin",), "test": ("test.bin",)},
    pickled=("train", "test", "meta"),
    labels=2,
    classes=(
        "apple",
        "aquarium_fish",
        "baby",
        "bear",
        "beaver",
        "bed",
        "bee",
        "beetle",
        "bicycle",
        "bottle",
        "bowl",
        "boy",
        "bridge",
        "bus",
        "butterfly",
        "camel",
        "can",
        "castle",
        "caterpillar",
        "cattle",
        "chair",
        "chimpanzee",
        "clock",
        "cloud",
        "cockroach",
        "couch",
        "crab",
        "crocodile",
        "cup",
        "dinosaur",
        "dolphin",
        "elephant",
        "flatfish",
        "forest",
        "fox",
        "girl",
        "hamster",
        "house",
        "kangaroo",
        "keyboard",
        "lamp",
        "lawn_mower",
        "leopard",
        "lion",
        "lizard",
        "lobster",
        "man",
        "maple_tree",
        "motorcycle",
        "mountain",
        "mouse",
        "mushroom",
        "oak_tree",
        "orange",
        "orchid",
        "otter",
        "palm_tree",
        "pear",
        "pickup_truck",
        "pine_tree",
        "plain",
        "plate",
        "poppy",
        "porcupine",
        "possum",
        "rabbit",
        "raccoon",
        "ray",
        "road",
        "rocket",
        "rose",
        "sea",
        "seal",
        "shark",
        "shrew",
        "skunk",
        "skyscraper",
        "snail",
        "snake",
        "spider",
        "squirrel",
        "streetcar",
        "sunflower",
        "sweet_pepper",
        "table",
        "tank",
        "telephone",
        "television",
        "tiger",
        "tractor",
        "train",
        "trout",
        "tulip",
        "turtle",
        "wardrobe",
        "whale",
        "willow_tree",
        "wolf",
        "woman",
        "worm",
    ),
)


def cifar_10(path: str | Path | None = None, split: Split = "train", *, mirrors: Sequence[str] = MIRRORS) -> ImageData:
    """Photographs of ten kinds of things, colour 32x32: 50,000 to train, 10,000 to test.

    Args:
        path: the archive `cifar-10-binary.tar.gz`, or a folder with it or its .bin files; None downloads it once.
        split: "train" or "test".
        mirrors: addresses of folders to download from, in order.

    Raises:
        DataError: a file is missing, damaged, pickled or cannot be downloaded.
    """
    return _read(CIFAR_10, path, split, mirrors)


def cifar_100(path: str | Path | None = None, split: Split = "train", *, mirrors: Sequence[str] = MIRRORS) -> ImageData:
    """Photographs of a hundred kinds (the fine labels), colour 32x32: 50,000 to train, 10,000 to test.

    Arguments and errors as in `cifar_10`.
    """
    return _read(CIFAR_100, path, split, mirrors)


def found_cifar(path: Path) -> CifarDataset | None:
    """Which of the two a path leads to, in the binary or the pickled form, if any."""
    for dataset in (CIFAR_10, CIFAR_100):
        if path.name == dataset.archive or _pickled(dataset, path):
            return dataset
        for folder in (path, path / dataset.folder):
            names = (name for names in dataset.files.values() for name in names)
            if is_disk_file(folder / dataset.archive) or any(_is_records(folder / name, dataset) for name in names):
                return dataset
    return None


def cifar_folder(path: str | Path, split: Split = "train") -> ImageData:
    """CIFAR-10 or CIFAR-100, whichever it is, from the archive or a folder of its files.

    Raises:
        DataError: it is neither, or a file is missing, damaged or pickled.
    """
    dataset = found_cifar(Path(path).expanduser())
    if dataset is None:
        raise DataError(f"{path} holds no CIFAR files: expected data_batch_1.bin and its like. {CIFAR_10.remedy}")
    return _read(dataset, path, split, ())


def _is_records(file: Path, dataset: CifarDataset) -> bool:
    # CIFAR-100's names are anyone's: the size has to fit, or the names of its labels to lie beside.
    if not is_disk_file(file):
        return False
    named = dataset is CIFAR_10 or (file.parent / "fine_label_names.txt").is_file()
    return named or file.stat().st_size % dataset.record == 0


def _pickled(dataset: CifarDataset, folder: Path) -> bool:
    return all(is_disk_file(folder / name) for name in dataset.pickled)


def _read(dataset: CifarDataset, path: str | Path | None, split: Split, mirrors: Sequence[str]) -> ImageData:
    if split not in dataset.files:
        raise DataError(f"there is no split {split!r} of {dataset.name}: give one of {', '.join(dataset.files)}")
    names = dataset.files[split]
    if path is None:
        folder = cache_folder() / dataset.name
        archive = fetch(dataset.archive, dataset.sha256, mirrors, folder, dataset.remedy)
        contents = _unpacked(archive, names, dataset)
        source = f"{dataset.title}, {split} split, downloaded and checked."
    else:
        given = Path(path).expanduser()
        contents = _local(given, names, dataset)
        source = f"{dataset.title}, {split} split: the binary files of {given}."
    images, labels = [], []
    for name, content in contents.items():
        if not content or len(content) % dataset.record:
            raise DataError(
                f"{name} of {dataset.name} holds {len(content):,} bytes, expected a multiple of {dataset.record:,}: it "
                f"is damaged or not what its name says. {dataset.remedy}"
            )
        records = np.frombuffer(content, np.uint8).reshape(-1, dataset.record)
        images.append(torch.from_numpy(records[:, dataset.labels :].reshape(-1, 3, SIDE, SIDE)))
        labels.append(torch.from_numpy(records[:, dataset.labels - 1].astype(np.int64)))
        if int(labels[-1].max()) >= len(dataset.classes):
            raise DataError(
                f"{name} holds the label {int(labels[-1].max())}, expected 0 to {len(dataset.classes) - 1}: it is "
                f"damaged or not of {dataset.name}. {dataset.remedy}"
            )
    return ImageData(dataset.name, torch.cat(images), torch.cat(labels), dataset.classes, source)


def _local(path: Path, names: Sequence[str], dataset: CifarDataset) -> dict[str, bytes]:
    if is_disk_file(path):
        return _unpacked(path, names, dataset)
    if _pickled(dataset, path):
        raise DataError(
            f"{path} holds {dataset.name} as pickles, which can run any program and are not read. {dataset.remedy}"
        )
    if not path.is_dir():
        raise DataError(f"{path} does not exist: expected a folder with {', '.join(names)}. {dataset.remedy}")
    folder = path / dataset.folder if (path / dataset.folder).is_dir() else path
    if is_disk_file(folder / dataset.archive) and not is_disk_file(folder / names[0]):
        return _unpacked(folder / dataset.archive, names, dataset)
    missing = [name for name in names if not is_disk_file(folder / name)]
    if missing:
        raise DataError(f"{folder} lacks {', '.join(missing)}. {dataset.remedy}")
    return {name: (folder / name).read_bytes() for name in names}


def _unpacked(archive: Path, names: Sequence[str], dataset: CifarDataset) -> dict[str, bytes]:
    """Contents of members by the last part of their names, in the order that is asked for; nothing is extracted."""
    found: dict[str, bytes] = {}
    try:
        with gzip.open(archive) as stream:
            with tarfile.open(fileobj=stream) as opened:
                for member in opened:
                    name = Path(member.name).name
                    content = opened.extractfile(member) if name in names else None
                    if content is not None:
                        found[name] = content.read()
            while stream.read(_PIECE):  # to its end, where gzip compares its checksum
                pass
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise DataError(f"{archive} cannot be read ({error}): it is damaged. {dataset.remedy}") from error
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(f"{archive} lacks {', '.join(missing)}. {dataset.remedy}")
    return {name: found[name] for name in names}
