import builtins
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.data import DataError, decoded_cache, hugging_face, load_images
from saddlepoint.data.hugging_face import absolute

datasets = pytest.importorskip("datasets")
PIXELS = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 3), np.uint8)
KINDS = [2, 0, 1, 1, 0, 2, 1]
NAMES = ["ant", "bee", "cat"]


def made(n: int = 7, column: str = "picture", labels=KINDS, grey: bool = False, **more: object):
    pictures = [Image.fromarray(PIXELS[i, ..., 0] if grey else PIXELS[i]) for i in range(n)]
    features = {column: datasets.Image(), "kind": datasets.ClassLabel(names=NAMES)}
    return datasets.Dataset.from_dict({column: pictures, "kind": labels[:n]}, datasets.Features(features))


def saved(folder: Path, rows) -> str:
    datasets.disable_progress_bars()
    rows.save_to_disk(str(folder))
    return f"hf:{folder}"


def test_pixels_labels_and_classes_come_back_by_the_types_of_the_columns(tmp_path) -> None:
    data = load_images(saved(tmp_path / "pets", made()), 8)
    assert np.array_equal(data.images.permute(0, 2, 3, 1).numpy(), PIXELS)
    assert data.labels is not None
    assert data.labels.tolist() == KINDS
    assert data.classes == ("ant", "bee", "cat")
    assert data.name == "pets"


def test_grey_sets_have_one_channel(tmp_path) -> None:
    assert load_images(saved(tmp_path / "x", made(grey=True)), 8).shape == (1, 8, 8)


def test_it_takes_32_pixels_where_no_size_is_given(tmp_path) -> None:
    data = load_images(saved(tmp_path / "x", made()))
    assert data.shape == (3, 32, 32)
    assert data.notes == ("Cropped to the middle square or resized, to 32x32 pixels: 7 files.",)


def test_splits(tmp_path) -> None:
    both = datasets.DatasetDict({"train": made(5), "validation": made(2)})
    source = saved(tmp_path / "x", both)
    assert len(load_images(source, 8)) == 5
    assert len(load_images(source, 8, split="test")) == 2
    with pytest.raises(DataError, match=r"splits train: expected one of test"):
        load_images(saved(tmp_path / "y", datasets.DatasetDict({"train": made(5)})), split="test")
    with pytest.raises(DataError, match=r"without splits.*ImageData.split"):
        load_images(saved(tmp_path / "z", made()), split="test")


def test_large_sets_are_kept_decoded(tmp_path, monkeypatch) -> None:
    source = saved(tmp_path / "x", made())
    inside = load_images(source, 8)
    monkeypatch.setattr(decoded_cache, "KEPT", 0)
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    seen: list[int] = []
    for _ in range(2):
        kept = load_images(source, 8, progress=lambda done, total: seen.append(done))
        assert kept.fingerprint == inside.fingerprint
    assert seen == [7]


def test_images_that_are_damaged_are_skipped_with_their_labels(tmp_path) -> None:
    rows = made().cast_column("picture", datasets.Image(decode=False))
    cells = rows[:]["picture"]
    cells[1] = {"bytes": b"no image", "path": None}
    features = datasets.Features({"picture": datasets.Image(), "kind": datasets.ClassLabel(names=NAMES)})
    source = saved(tmp_path / "x", datasets.Dataset.from_dict({"picture": cells, "kind": KINDS}, features))
    data = load_images(source, 8)
    assert data.labels is not None
    assert data.labels.tolist() == KINDS[:1] + KINDS[2:]
    assert data.notes == ("Skipped 1 file that cannot be read: number 1 (not an image in a format that is read).",)
    with pytest.raises(DataError, match=r"none of the 1 images can be read"):
        load_images(saved(tmp_path / "y", datasets.Dataset.from_dict({"picture": cells[1:2], "kind": [0]}, features)))


def test_missing_labels_are_none(tmp_path) -> None:
    data = load_images(saved(tmp_path / "x", made(labels=[-1] * 7)), 8)
    assert (data.labels, data.classes) == (None, ())
    assert load_images(saved(tmp_path / "y", made().remove_columns("kind")), 8).labels is None


def test_the_column_of_images_must_be_clear(tmp_path) -> None:
    two = datasets.concatenate_datasets([made(), made(column="other").remove_columns("kind")], axis=1)
    with pytest.raises(DataError, match=r"2 columns of images among picture, kind, other"):
        load_images(saved(tmp_path / "x", two))
    with pytest.raises(DataError, match=r"no column of images among kind"):
        load_images(saved(tmp_path / "y", made().remove_columns("picture")))
    clear = two.rename_column("other", "image")
    assert torch.equal(
        load_images(saved(tmp_path / "z", clear), 8).images, load_images(f"hf:{tmp_path / 'z'}", 8).images
    )


def test_what_is_not_there_says_what_to_do(tmp_path, monkeypatch) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"neither a `Dataset` directory.*save_to_disk\(FOLDER\)"):
        load_images(f"hf:{tmp_path / 'empty'}")
    with pytest.raises(DataError, match=r"nowhere is no folder: expected one that save_to_disk wrote"):
        load_images(f"hf:{tmp_path / 'nowhere'}")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        DataError, match=r"hf:nobody/nothing cannot be read \(.+\): .*without a network.*give hf:FOLDER"
    ):
        load_images("hf:nobody/nothing")
    with pytest.raises(DataError, match="give the path alone"):
        load_images("hf:nobody/nothing", path=tmp_path)


def test_without_the_library_the_error_names_the_extra(monkeypatch) -> None:
    original = builtins.__import__

    def without(name, *args):
        if name == "datasets":
            raise ImportError(name)
        return original(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError, match=r"pip install 'saddlepoint\[huggingface\]'"):
        hugging_face("hf:owner/name")


def test_a_folder_means_the_same_from_everywhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    assert absolute("hf:x") == f"hf:{tmp_path / 'x'}"
    assert absolute("hf:owner/name:config") == "hf:owner/name:config"
