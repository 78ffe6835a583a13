import builtins
from pathlib import Path

import numpy as np
import pytest
import torch

from saddlepoint.data import DataError, array_file, images, load_images

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (6, 3, 4, 5), np.uint8)
GREY = COLOUR[:, :1]


def hdf5(path: Path, **arrays: np.ndarray) -> Path:
    with pytest.importorskip("h5py").File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return path


def npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


FORMS = pytest.mark.parametrize(("save", "ending"), [(npz, "npz"), (hdf5, "h5"), (hdf5, "hdf5")])


@FORMS
@pytest.mark.parametrize("name", ["images", "x_train", "train_images", "arr_0", "anything"])
@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (COLOUR, COLOUR),
        (COLOUR.transpose(0, 2, 3, 1), COLOUR),
        (GREY, GREY),
        (GREY[:, 0], GREY),
        (GREY.transpose(0, 2, 3, 1), GREY),
        (COLOUR.astype(np.int64), COLOUR),
        (COLOUR.astype(np.float32), COLOUR),
        (COLOUR / 255, COLOUR),
        ((COLOUR / 255).astype(np.float32), COLOUR),
        ((COLOUR / 127.5 - 1).astype(np.float32), COLOUR),
        ((COLOUR / 127.5 - 1).transpose(0, 2, 3, 1), COLOUR),
        (GREY[:, 0] >= 128, (GREY >= 128) * 255),
    ],
    ids=["nchw", "nhwc", "n1hw", "nhw", "nhw1", "int64", "float 255", "unit", "unit f32", "symmetric", "both", "bool"],
)
def test_every_layout_and_range_gives_the_same_images(tmp_path, save, ending, name, array, expected) -> None:
    data = load_images(save(tmp_path / f"some.{ending}", **{name: array}))
    assert np.array_equal(data.images.numpy(), expected)
    assert (data.name, data.labels, data.classes) == ("some", None, ())


@pytest.mark.parametrize(("values", "levels"), [([-1, 0, 1], [0, 128, 255]), ([0, 0.5, 1], [0, 128, 255])])
def test_black_grey_and_white(tmp_path, values, levels) -> None:
    """The middle, 127.5, rounds to the even 128."""
    np.savez(tmp_path / "a.npz", np.array(values, np.float64).reshape(3, 1, 1))
    assert array_file(tmp_path / "a.npz").images.flatten().tolist() == levels


def test_npy_stays_on_the_disk(tmp_path) -> None:
    np.save(tmp_path / "a.npy", COLOUR)
    data = load_images(tmp_path / "a.npy")
    assert torch.equal(data.images, torch.from_numpy(COLOUR))
    with (tmp_path / "a.npy").open("r+b") as file:
        file.seek(-1, 2)
        file.write(bytes([COLOUR[-1, -1, -1, -1] ^ 255]))
    assert data.images[-1, -1, -1, -1] == COLOUR[-1, -1, -1, -1] ^ 255


def test_arrays_larger_than_memory_go_through_it_in_pieces(tmp_path, monkeypatch) -> None:
    """The limits shrunk: one image at a time, into a file."""
    monkeypatch.setattr(images, "IN_MEMORY", 0)
    monkeypatch.setattr(images, "NUMBERS", 1)
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    data = array_file(hdf5(tmp_path / "a.h5", images=COLOUR / 255))
    assert np.array_equal(data.images.numpy(), COLOUR)
    assert list((tmp_path / "cache").iterdir()) == []


@FORMS
def test_labels_and_the_split_come_by_name(tmp_path, save, ending) -> None:
    path = save(
        tmp_path / f"a.{ending}",
        x_train=COLOUR,
        y_train=np.array([0, 1, 2, 2, 1, 0], np.uint8),
        x_test=COLOUR[:2],
        y_test=np.array([[3], [0]]),
    )
    train, test = array_file(path), load_images("folder", path=path, split="test")
    assert train.labels is not None
    assert test.labels is not None
    assert (train.labels.tolist(), test.labels.tolist()) == ([0, 1, 2, 2, 1, 0], [3, 0])
    assert train.classes == test.classes == ("0", "1", "2", "3")
    assert torch.equal(test.images, train.images[:2])


@FORMS
def test_labels_may_be_names_and_numbers_may_have_them(tmp_path, save, ending) -> None:
    words = np.array([b"cat", b"ant", b"cat", b"cat", b"ant", b"bee"])
    named = array_file(save(tmp_path / f"a.{ending}", images=COLOUR, labels=words))
    assert named.labels is not None
    assert [named.classes[i] for i in named.labels] == [word.decode() for word in words]
    numbers = np.array([1, 0, 1, 1, 0, 1])
    numbered = array_file(save(tmp_path / f"b.{ending}", images=COLOUR, labels=numbers, classes=words[1::-1]))
    assert numbered.classes == ("ant", "cat")
    assert array_file(save(tmp_path / f"c.{ending}", arr_0=COLOUR, arr_1=numbers)).classes == ("0", "1")


@FORMS
@pytest.mark.parametrize(
    ("arrays", "what"),
    [
        ({"images": COLOUR[0, 0]}, r"shape \(4, 5\): expected \(N, H, W\)"),
        ({"images": np.zeros((2, 90, 80, 99), np.uint8)}, r"shape \(2, 90, 80, 99\), which would be 90 channels"),
        ({"images": COLOUR[:0]}, r"shape \(0, 3, 4, 5\)"),
        ({"images": np.where(COLOUR > 99, np.nan, 0.5)}, r"holds values that are not finite"),
        ({"images": np.full((2, 4, 4), np.inf)}, r"holds values that are not finite"),
        ({"images": COLOUR.astype(complex)}, r"holds complex128"),
        ({"a": COLOUR, "b": COLOUR}, r"holds a, b: expected the images to train under one of images, x_train"),
        ({"images": COLOUR, "labels": np.zeros(6)}, r"are float64: expected whole numbers"),
        ({"images": COLOUR, "labels": np.arange(6) - 1}, r"run from -1 to 4"),
        ({"images": COLOUR, "labels": np.eye(6, dtype=int)}, r"have shape \(6, 6\)"),
        ({"images": COLOUR, "labels": np.arange(5)}, r"labels are torch.int64 \(5,\)"),
    ],
)
def test_what_breaks_the_rules_is_refused(tmp_path, save, ending, arrays, what) -> None:
    with pytest.raises(DataError, match=what):
        array_file(save(tmp_path / f"a.{ending}", **arrays))


@FORMS
@pytest.mark.parametrize(
    ("images", "ends"),
    [
        (COLOUR.astype(np.uint16) * 16, (0, 4080)),
        (COLOUR / 25.0 - 3, (-3, 7.2)),
        (COLOUR.astype(np.int64) - 1, (-1, 254)),
    ],
)
def test_values_of_another_range_are_scaled_by_one_range_that_is_told(tmp_path, save, ending, images, ends) -> None:
    data = array_file(save(tmp_path / f"a.{ending}", images=images))
    assert torch.equal(data.images, torch.from_numpy(COLOUR))
    [note] = data.notes
    assert f"{ends[0]:g} is black and {ends[1]:g} white for all" in note
    given = array_file(save(tmp_path / f"b.{ending}", images=images), values=(ends[0], 2 * ends[1] - ends[0]))
    assert (given.images.int() - (torch.from_numpy(COLOUR).int() / 2).round()).abs().max() <= 1
    assert "as given by data.range" in given.notes[0]


def test_images_to_test_with_are_in_the_range_of_those_to_train_with(tmp_path) -> None:
    dark = COLOUR.astype(np.uint16) * 8
    file = npz(tmp_path / "a.npz", x_train=COLOUR.astype(np.uint16) * 16, x_test=dark)
    assert array_file(file, "test").images.max() == round(int(dark.max()) * 255 / 4080)


@FORMS
@pytest.mark.parametrize("channels", [2, 4, 5])
def test_channels_are_the_shortest_axis_where_they_are_not_one_or_three(tmp_path, save, ending, channels) -> None:
    first = np.random.default_rng(0).integers(0, 256, (6, channels, 8, 9)).astype(np.uint8)
    for given in (first, np.moveaxis(first, 1, 3)):
        data = array_file(save(tmp_path / f"a.{ending}", images=np.ascontiguousarray(given)))
        assert data.shape == (channels, 8, 9)
        assert torch.equal(data.images, torch.from_numpy(first))
    assert data.size == f"8x9 of {channels} channels"


def test_a_split_that_is_not_there(tmp_path) -> None:
    with pytest.raises(DataError, match="expected the images to test under one of x_test"):
        array_file(npz(tmp_path / "a.npz", images=COLOUR), "test")
    with pytest.raises(DataError, match="no split 'val'"):
        array_file(tmp_path / "a.npz", "val")


class Trap:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_nothing_is_unpickled(tmp_path) -> None:
    trap = np.array([Trap(tmp_path / "sprung")], dtype=object)
    np.savez(tmp_path / "a.npz", images=trap)
    np.savez(tmp_path / "b.npz", images=COLOUR, labels=trap)
    np.save(tmp_path / "c.npy", trap)
    for name in ("a.npz", "b.npz", "c.npy"):
        with pytest.raises(DataError, match=r"save an array of numbers|give arrays of numbers"):
            array_file(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("ending", ["npz", "npy", "h5"])
@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 and no more"])
def test_damaged_files_are_named(tmp_path, ending, content) -> None:
    pytest.importorskip("h5py")
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"a.{ending} cannot be read"):
        array_file(path)
    with pytest.raises(DataError, match="does not exist"):
        array_file(tmp_path / f"no.{ending}")


def test_a_cut_archive_is_named(tmp_path) -> None:
    np.savez_compressed(tmp_path / "a.npz", images=COLOUR)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npz.* cannot be read"):
        array_file(tmp_path / "a.npz")


def test_without_h5py_the_error_names_the_extra(tmp_path, monkeypatch) -> None:
    (tmp_path / "a.h5").touch()
    original = builtins.__import__

    def without(name, *args):
        if name == "h5py":
            raise ImportError(name)
        return original(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError, match=r"needs h5py: pip install 'saddlepoint\[hdf5\]'"):
        array_file(tmp_path / "a.h5")
