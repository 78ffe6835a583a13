import hashlib
import io
import pickle
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.data import DataError, cifar, cifar_10, cifar_100, cifar_folder, load_images
from saddlepoint.data.cifar import CIFAR_10, CIFAR_100

BOTH = pytest.mark.parametrize(("dataset", "load"), [(CIFAR_10, cifar_10), (CIFAR_100, cifar_100)])


def records(dataset, n: int, seed: int = 0) -> tuple[bytes, np.ndarray, np.ndarray]:
    """A file, its pixels and its labels. The coarse label is one that the fine one never is."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (n, 3, 32, 32), np.uint8)
    labels = rng.integers(0, len(dataset.classes), n, np.uint8)
    coarse = b"\xff" * (dataset.labels - 1)
    content = b"".join(coarse + bytes([label]) + image.tobytes() for label, image in zip(labels, pixels, strict=True))
    return content, pixels, labels


def written(dataset, folder: Path, n: int = 3) -> Path:
    folder.mkdir(parents=True)
    for i, name in enumerate(name for names in dataset.files.values() for name in names):
        (folder / name).write_bytes(records(dataset, n, i)[0])
    return folder


def packed(dataset, folder: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w:gz") as opened:
        opened.add(folder, dataset.folder)
    return archive


@BOTH
@pytest.mark.parametrize("split", ["train", "test"])
def test_pixels_and_labels_come_back_in_the_order_of_the_files(tmp_path, dataset, load, split) -> None:
    data = load(written(dataset, tmp_path / "x"), split)
    names = [name for names in dataset.files.values() for name in names]
    parts = [records(dataset, 3, names.index(name)) for name in dataset.files[split]]
    assert np.array_equal(data.images.numpy(), np.concatenate([pixels for _, pixels, _ in parts]))
    assert data.labels is not None
    assert data.labels.tolist() == np.concatenate([labels for _, _, labels in parts]).tolist()
    assert data.name == dataset.name
    assert len(data.classes) in (10, 100)


def test_planes_are_red_green_blue_row_by_row(tmp_path, shared_data) -> None:
    """The same picture as a PNG and as a record."""
    png = next((shared_data / "cifar10_6k" / "test" / "horse").iterdir())
    pixels = np.asarray(Image.open(png))
    folder = written(CIFAR_10, tmp_path / "x")
    (folder / "test_batch.bin").write_bytes(b"\x07" + pixels.transpose(2, 0, 1).tobytes())
    data = cifar_10(folder, "test")
    assert np.array_equal(data.images[0].permute(1, 2, 0).numpy(), pixels)
    assert data.labels is not None
    assert data.classes[int(data.labels[0])] == "horse"


def test_the_hundred_classes_are_in_the_order_of_the_alphabet() -> None:
    assert len(CIFAR_100.classes) == 100
    assert list(CIFAR_100.classes) == sorted(set(CIFAR_100.classes))
    assert list(CIFAR_10.classes) == sorted(set(CIFAR_10.classes))


@BOTH
def test_a_folder_the_archive_and_what_it_unpacks_to_are_all_recognised(tmp_path, dataset, load) -> None:
    folder = written(dataset, tmp_path / dataset.folder)
    (tmp_path / "a").mkdir()
    archive = packed(dataset, folder, tmp_path / "a" / dataset.archive)
    expected = load(folder).fingerprint
    for path in (folder, tmp_path, archive, tmp_path / "a"):
        data = load_images("folder", path=path)
        assert (data.name, data.fingerprint) == (dataset.name, expected)
        assert load_images(dataset.name, path=path, split="test").fingerprint == load(folder, "test").fingerprint


def test_other_files_of_the_names_of_cifar_100_are_not_taken_for_it(tmp_path) -> None:
    (tmp_path / "train.bin").write_bytes(bytes(3075))
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert load_images(tmp_path, 8).images.shape == (1, 1, 8, 8)
    with pytest.raises(DataError, match=r"no CIFAR files: expected data_batch_1.bin"):
        cifar_folder(tmp_path)
    (tmp_path / "fine_label_names.txt").touch()
    with pytest.raises(DataError, match=r"train.bin of cifar-100 holds 3,075 bytes, expected a multiple of 3,074"):
        load_images(tmp_path)


class Trap:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@BOTH
def test_the_pickled_form_is_refused_unopened(tmp_path, dataset, load) -> None:
    for name in dataset.pickled:
        (tmp_path / name).write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    for read in (load, load_images):
        with pytest.raises(DataError, match=rf"as pickles.*Get {dataset.archive} \(the binary version\)"):
            read(tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_damage_is_named(tmp_path) -> None:
    folder = written(CIFAR_10, tmp_path / "x")
    whole = (folder / "data_batch_3.bin").read_bytes()
    for content in (whole[:-1], b""):
        (folder / "data_batch_3.bin").write_bytes(content)
        with pytest.raises(DataError, match=r"data_batch_3.bin.*expected a multiple of 3,073.*--data PATH"):
            cifar_10(folder)
    (folder / "data_batch_3.bin").write_bytes(b"\x0a" + whole[1:])
    with pytest.raises(DataError, match=r"data_batch_3.bin holds the label 10, expected 0 to 9"):
        cifar_10(folder)
    (folder / "data_batch_3.bin").unlink()
    with pytest.raises(DataError, match=r"lacks data_batch_3.bin\."):
        cifar_10(folder)
    with pytest.raises(DataError, match="does not exist"):
        cifar_10(tmp_path / "no")
    with pytest.raises(DataError, match=r"no split 'val'.*train, test"):
        cifar_10(folder, "val")


def test_a_damaged_archive_is_named(tmp_path) -> None:
    archive = packed(CIFAR_10, written(CIFAR_10, tmp_path / "x"), tmp_path / CIFAR_10.archive)
    whole = archive.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"<html>", whole[:2000] + b"\0" * 9 + whole[2009:]):
        archive.write_bytes(content)
        with pytest.raises(DataError, match=r"cifar-10-binary.tar.gz cannot be read"):
            cifar_10(archive)
    with tarfile.open(archive, "w:gz") as opened:
        opened.addfile(tarfile.TarInfo("data_batch_1.bin"), io.BytesIO())
    with pytest.raises(DataError, match=r"lacks data_batch_2.bin, "):
        cifar_10(archive)


def test_it_comes_from_a_mirror_once_and_nothing_is_extracted(tmp_path, serve, monkeypatch) -> None:
    (tmp_path / "mirror").mkdir()
    folder = written(CIFAR_10, tmp_path / "x")
    archive = packed(CIFAR_10, folder, tmp_path / "mirror" / CIFAR_10.archive)
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    address = serve(tmp_path / "mirror")
    with pytest.raises(DataError, match=r"checksum of what came is wrong.*--data PATH"):
        cifar_10(mirrors=[address])
    checked = replace(CIFAR_10, sha256=hashlib.sha256(archive.read_bytes()).hexdigest())
    monkeypatch.setattr(cifar, "CIFAR_10", checked)
    data = cifar_10(mirrors=[address])
    assert torch.equal(data.images, cifar_10(folder).images)
    assert data.fingerprint == cifar_10(mirrors=["http://127.0.0.1:1/"]).fingerprint
    assert [file.name for file in (tmp_path / "cache" / "cifar-10").iterdir()] == [CIFAR_10.archive]
