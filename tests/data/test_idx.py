import gzip
import hashlib
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from saddlepoint.cache import cache_folder
from saddlepoint.data import DataError, fashion_mnist, idx_folder, load_images, mnist
from saddlepoint.data.download import fetch
from saddlepoint.data.idx import FASHION_MNIST, IMAGES, LABELS, MNIST, read_idx

PIXELS = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)
NUMBERS = np.array([3, 1, 4, 1, 5, 9], np.uint8)
TRAIN = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def idx(values: np.ndarray, magic: int) -> bytes:
    return struct.pack(f">{1 + values.ndim}I", magic, *values.shape) + values.tobytes()


def write(folder: Path, images: bytes, labels: bytes, ending: str = ".gz") -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in zip(TRAIN, (images, labels), strict=True):
        (folder / (name + ending)).write_bytes(gzip.compress(content) if ending else content)
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write(tmp_path / "small", idx(PIXELS, IMAGES), idx(NUMBERS, LABELS))


# --- the published files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("split", "histogram", "pixel_sum"),
    [
        ("train", [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], 1_567_298_545),
        ("test", [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], 264_923_200),
    ],
)
def test_mnist_has_its_published_counts_and_mean(shared_data, split, histogram, pixel_sum) -> None:
    """The mean of the training set, 0.1307, is the constant of every MNIST example."""
    data = mnist(shared_data / "mnist", split)
    assert data.shape == (1, 28, 28)
    assert data.labels is not None
    assert data.labels.bincount().tolist() == histogram
    assert int(data.images.sum(dtype=torch.int64)) == pixel_sum
    assert data.notes == ()
    if split == "train":
        assert pixel_sum / 255 / data.images.numel() == pytest.approx(0.1307, abs=5e-5)


@pytest.mark.parametrize(("split", "each"), [("train", 6000), ("test", 1000)])
def test_fashion_mnist_is_balanced(shared_data, split, each) -> None:
    data = fashion_mnist(shared_data / "fashion_mnist", split)
    assert data.labels is not None
    assert data.labels.bincount().tolist() == [each] * 10
    assert data.classes[9] == "ankle boot"
    assert data.labels[0] == 9  # the first picture of both splits is an ankle boot
    assert data.notes == ()


def test_published_files_are_known_by_their_content(shared_data) -> None:
    data = load_images(shared_data / "fashion_mnist")
    assert data.name == "fashion-mnist"
    assert data.classes == FASHION_MNIST.classes


def test_other_content_under_a_known_name_is_noted(shared_data) -> None:
    assert "not that of the published mnist" in mnist(shared_data / "fashion_mnist", "test").notes[0]


def test_mnist_at_32_pixels(shared_data) -> None:
    data = load_images("folder", 32, path=shared_data / "mnist")
    assert data.name == "mnist"
    assert data.images.shape == (60000, 1, 32, 32)


# --- any IDX files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".gz", ""])
def test_pixels_and_labels_come_back(tmp_path, ending) -> None:
    data = idx_folder(write(tmp_path / "x", idx(PIXELS, IMAGES), idx(NUMBERS, LABELS), ending))
    assert data.labels is not None
    assert np.array_equal(data.images[:, 0].numpy(), PIXELS)
    assert data.labels.tolist() == NUMBERS.tolist()
    assert data.classes == tuple("0123456789")
    assert data.name == "x"


def test_gzip_is_known_by_content_and_not_by_name(tmp_path) -> None:
    folder = write(tmp_path / "x", gzip.compress(idx(PIXELS, IMAGES)), idx(NUMBERS, LABELS), "")
    assert np.array_equal(idx_folder(folder).images[:, 0].numpy(), PIXELS)


def test_names_with_a_dot_are_found(small) -> None:
    for file in small.iterdir():
        file.rename(small / file.name.replace("-idx", ".idx"))
    assert len(idx_folder(small)) == 6


def test_images_that_are_not_square_become_so(small) -> None:
    assert load_images(small, 8).shape == (1, 8, 8)


def cut(n: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:n]


def flip(at: int, bit: int = 1) -> Callable[[bytes], bytes]:
    def flipped(content: bytes) -> bytes:
        changed = bytearray(content)
        changed[at] ^= bit
        return bytes(changed)

    return flipped


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (cut(0), "holds 0 bytes"),
        (cut(3), "holds 3 bytes"),
        (cut(9), "ends within its header"),
        (cut(-1), r"promises \(6, 4, 5\) = 120 bytes of images but holds 119"),
        (lambda c: c + b"x", "but holds more"),
        (flip(3), "magic number 2050, expected 2051, that of images"),
        (flip(3, 2), "magic number 2049, that of labels, expected 2051"),
        (flip(4, 128), "but holds 120"),
        (lambda c: c[:4] + bytes(12), "holds no images"),
        (lambda c: b"<html>404 not found</html>", "magic number"),
    ],
)
@pytest.mark.parametrize("ending", [".gz", ""])
def test_damaged_content_is_named(tmp_path, damage, what, ending) -> None:
    folder = write(tmp_path / "x", damage(idx(PIXELS, IMAGES)), idx(NUMBERS, LABELS), ending)
    with pytest.raises(DataError, match=what) as caught:
        mnist(folder)
    assert TRAIN[0] in str(caught.value)
    assert "get it again" in str(caught.value)


@pytest.mark.parametrize("damage", [cut(-1), cut(-9), cut(30), cut(2), flip(-5), flip(-1), flip(3, 255), flip(40, 16)])
def test_damaged_gzip_is_named(small, damage) -> None:
    file = small / f"{TRAIN[0]}.gz"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DataError, match=f"{TRAIN[0]}.gz .*get it again"):
        idx_folder(small)


@pytest.mark.parametrize("at", [100, 2000, 4000])
def test_a_single_wrong_bit_in_mnist_is_found(shared_data, tmp_path, at) -> None:
    source = shared_data / "mnist" / "t10k-labels-idx1-ubyte.gz"
    file = tmp_path / source.name
    file.write_bytes(flip(at)(source.read_bytes()))
    # Beyond the header of gzip: in its time stamp and file name a wrong bit changes nothing.
    with pytest.raises(DataError, match="t10k-labels"):
        read_idx(file, LABELS)


def test_counts_that_differ_name_both_files(tmp_path) -> None:
    folder = write(tmp_path / "x", idx(PIXELS, IMAGES), idx(NUMBERS[:5], LABELS))
    with pytest.raises(DataError, match=r"train-images\S* holds 6 images but \S*train-labels\S* 5 labels"):
        idx_folder(folder)


def test_a_label_beyond_the_classes_is_found(tmp_path) -> None:
    folder = write(tmp_path / "x", idx(PIXELS, IMAGES), idx(NUMBERS + 3, LABELS))
    with pytest.raises(DataError, match="holds the label 12, expected 0 to 9"):
        mnist(folder)
    assert len(idx_folder(folder).classes) == 13


def test_missing_files_are_named_with_where_to_get_them(small) -> None:
    (small / f"{TRAIN[1]}.gz").unlink()
    with pytest.raises(
        DataError, match=r"lacks train-labels-idx1-ubyte\[.gz\]\. Get the four files .*ossci.*--data PATH"
    ):
        mnist(small)
    with pytest.raises(DataError, match="lacks t10k-images"):
        idx_folder(small, "test")
    with pytest.raises(DataError, match="does not exist"):
        mnist(small / "no")
    with pytest.raises(DataError, match="is a file"):
        mnist(small / f"{TRAIN[0]}.gz")
    with pytest.raises(DataError, match=r"no split 'val'.*train, test"):
        mnist(small, "val")  # type: ignore[arg-type]


# --- downloads ----------------------------------------------------------------------------------------


CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def mirror(folder: Path, content: bytes | None) -> Path:
    folder.mkdir()
    if content is not None:
        (folder / "file.bin").write_bytes(content)
    return folder


def test_a_download_is_checked_and_kept(tmp_path, serve, capsys) -> None:
    address = serve(mirror(tmp_path / "a", CONTENT))
    path = fetch("file.bin", SHA256, [address], tmp_path / "cache", "")
    assert path == tmp_path / "cache" / "file.bin"
    assert path.read_bytes() == CONTENT
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "downloading file.bin" in printed.err
    (tmp_path / "a" / "file.bin").unlink()
    assert fetch("file.bin", SHA256, [address], tmp_path / "cache", "") == path


@pytest.mark.parametrize("bad", [None, b"", CONTENT[:-1], b"x" + CONTENT[1:]], ids=["404", "empty", "cut", "wrong"])
def test_a_bad_first_mirror_falls_back_to_the_second(tmp_path, serve, bad) -> None:
    first, second = serve(mirror(tmp_path / "a", bad)), serve(mirror(tmp_path / "b", CONTENT))
    path = fetch("file.bin", SHA256, [first, second], tmp_path / "cache", "")
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir()] == ["file.bin"]


def test_a_mirror_that_is_down_falls_back(tmp_path, serve) -> None:
    path = fetch("file.bin", SHA256, ["http://127.0.0.1:1/", serve(mirror(tmp_path / "b", CONTENT))], tmp_path, "")
    assert path.read_bytes() == CONTENT


def test_a_damaged_copy_in_the_cache_is_replaced(tmp_path, serve) -> None:
    cache = mirror(tmp_path / "cache", CONTENT[:100])
    path = fetch("file.bin", SHA256, [serve(mirror(tmp_path / "b", CONTENT))], cache, "")
    assert path.read_bytes() == CONTENT


def test_no_mirror_left_is_one_error_that_says_what_was_tried(tmp_path, serve) -> None:
    wrong = serve(mirror(tmp_path / "a", b"wrong"))
    with pytest.raises(DataError) as caught:
        fetch("file.bin", SHA256, ["http://127.0.0.1:1/", wrong], tmp_path / "cache", "Bring it yourself.")
    message = str(caught.value)
    assert re.search(r"http://127.0.0.1:1/file.bin \(.*refused\)", message)
    assert f"{wrong}file.bin (the checksum of what came is wrong)" in message
    assert message.endswith("Bring it yourself.")
    assert list((tmp_path / "cache").iterdir()) == []


def test_mnist_comes_from_a_mirror_once(shared_data, tmp_path, serve, monkeypatch) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    data = mnist(split="test", mirrors=[serve(shared_data / "mnist")])
    assert data.fingerprint == MNIST.fingerprints["test"]
    assert torch.equal(data.images, mnist(split="test", mirrors=["http://127.0.0.1:1/"]).images)
    assert {file.name for file in (tmp_path / "cache" / "mnist").iterdir()} == {
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    }


def test_without_a_network_the_error_says_what_to_do(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(DataError) as caught:
        fashion_mnist(mirrors=["http://127.0.0.1:1/"])
    message = str(caught.value)
    assert "\n" not in message
    assert "--data PATH" in message
    for name in FASHION_MNIST.sha256:
        assert name in message


def test_checksums_are_those_of_the_published_files(shared_data) -> None:
    for dataset, folder in ((MNIST, "mnist"), (FASHION_MNIST, "fashion_mnist")):
        assert len(dataset.sha256) == 4
        for name, expected in dataset.sha256.items():
            assert hashlib.sha256((shared_data / folder / name).read_bytes()).hexdigest() == expected


def test_the_cache_is_where_the_environment_says(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.setenv("SADDLE_CACHE", "")
    assert cache_folder().name == "saddlepoint"
