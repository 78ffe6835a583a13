"""Photographs of any sizes: read whole, cut aligned, degraded on the fly."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from saddlepoint.data.degradations import Chain
from saddlepoint.data.degraded_stream import JUDGED_SIDE, DegradedStream, degraded_pairs
from torch import Tensor

from saddlepoint.data import DataError, ImageData, images
from saddlepoint.data.image_collection import Photographs, photograph_folder

SIZES = {"a.png": (40, 60), "b/c.png": (33, 50), "d.png": (64, 36), "e.png": (20, 90)}  # width, height


def picture(width: int, height: int, seed: int) -> np.ndarray:
    """Red is the column, green the row, blue the picture's number."""
    return np.stack(
        [
            np.tile(np.arange(width), (height, 1)),
            np.tile(np.arange(height)[:, None], (1, width)),
            np.full((height, width), seed),
        ],
        -1,
    ).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, (name, (width, height)) in enumerate(SIZES.items()):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture(width, height, number)).save(path)
    return tmp_path


def test_every_pixel_of_every_size_is_there(folder: Path) -> None:
    found = photograph_folder(folder)
    assert len(found) == 4
    for number, (name, (width, height)) in enumerate(SIZES.items()):
        assert torch.equal(found[number], torch.from_numpy(picture(width, height, number)).permute(2, 0, 1)), name
    assert found.shape == (3, 36, 20)
    assert found.notes == ()


def test_bad_files_are_named_and_leave_the_others_whole(folder: Path) -> None:
    good = photograph_folder(folder)
    (folder / "empty.png").touch()
    (folder / "aa.jpg").write_text("no image")
    whole = (folder / "d.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    found = photograph_folder(folder)
    assert all(torch.equal(a, b) for a, b in zip(found, good, strict=True))
    (note,) = found.notes
    for name in ("empty.png", "aa.jpg (not an image in a format that is read)", "cut.png", "3 files"):
        assert name in note


def test_a_folder_without_a_readable_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no images"):
        photograph_folder(tmp_path)
    (tmp_path / "empty.png").touch()
    with pytest.raises(DataError, match=r"none of the 1 image files can be read.*empty.png"):
        photograph_folder(tmp_path)


def test_exif_turns_alpha_is_laid_on_white_and_grey_stays_grey(tmp_path: Path) -> None:
    for folder in ("turned", "grey", "clear"):
        (tmp_path / folder).mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    turned = picture(30, 20, 7)
    Image.fromarray(turned).save(tmp_path / "turned/a.png", exif=exif)
    assert torch.equal(
        photograph_folder(tmp_path / "turned")[0], torch.from_numpy(np.rot90(turned, -1).copy()).permute(2, 0, 1)
    )
    Image.fromarray(turned[..., 0]).save(tmp_path / "grey/a.png")
    grey = photograph_folder(tmp_path / "grey")
    assert grey.channels == 1
    assert torch.equal(grey[0][0], torch.from_numpy(turned[..., 0]))
    Image.fromarray(np.zeros((8, 8, 4), np.uint8)).save(tmp_path / "clear/a.png")
    clear = photograph_folder(tmp_path / "clear")
    assert (clear[0] == 255).all()
    assert "Composited on white: 1 file with transparency." in clear.notes


def test_parts_and_what_is_held_out(folder: Path) -> None:
    for part in ("train", "val"):
        (folder / "set" / part).mkdir(parents=True)
    Image.fromarray(picture(30, 20, 1)).save(folder / "set/train/a.png")
    Image.fromarray(picture(31, 21, 2)).save(folder / "set/val/a.png")
    assert photograph_folder(folder / "set").shape == (3, 20, 30)
    assert photograph_folder(folder / "set", split="test").shape == (3, 21, 31)
    train, test = (
        photograph_folder(folder / "b")
        .of(ImageData("ten", torch.arange(40, dtype=torch.uint8).view(10, 1, 2, 2), None, (), "Here."))
        .split(0.3)
    )
    assert (len(train), len(test)) == (7, 3)
    assert sorted(int(image[0, 0, 0]) for part in (train, test) for image in part) == list(range(0, 40, 4))
    with pytest.raises(DataError, match="leaves a part empty"):
        train.split(0.01)


def test_the_fingerprint_sees_pixels_and_sizes() -> None:
    one = ImageData("one", torch.zeros(1, 1, 4, 6, dtype=torch.uint8), None, (), "Here.")
    other = ImageData("other", torch.zeros(1, 1, 6, 4, dtype=torch.uint8), None, (), "Here.")
    assert Photographs.of(one).fingerprint != Photographs.of(other).fingerprint
    changed = ImageData("one", one.images + 1, None, (), "Here.")
    assert Photographs.of(one).fingerprint != Photographs.of(changed).fingerprint


def test_photographs_beyond_the_limit_lie_on_the_disk(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = photograph_folder(folder)
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(images, "IN_MEMORY", 1000)
    on_disk = photograph_folder(folder)
    assert torch.equal(plain.pixels, on_disk.pixels)
    assert plain.fingerprint == on_disk.fingerprint


def test_memory_is_that_of_a_few_photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty-four of 1 MB each, of which eight are decoded at once."""
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(images, "IN_MEMORY", 1000)
    (tmp_path / "in").mkdir()
    for number in range(24):
        Image.fromarray(np.full((600, 583, 3), number, np.uint8)).save(tmp_path / f"in/{number:02}.png")
    tracemalloc.start()
    found = photograph_folder(tmp_path / "in")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found.pixels) == 24 * 600 * 583 * 3
    assert peak < 14e6


# --- crops --------------------------------------------------------------------------------------------


def test_small_images_are_skipped_and_counted_and_one_size_is_taken_whole(folder: Path) -> None:
    found, crop = photograph_folder(folder).holding(32, multiple=4)
    assert crop == (32, 32)
    assert len(found) == 3
    assert "Skipped 1 images smaller than the crop of 32x32 pixels." in found.notes
    equal = Photographs.of(ImageData("equal", torch.zeros(5, 1, 28, 40, dtype=torch.uint8), None, (), "Here."))
    assert equal.holding(32, multiple=8)[1] == (24, 32)
    with pytest.raises(DataError, match=r"none of the 4 images.*largest sides are 90 and 64.*data.crop"):
        photograph_folder(folder).holding(100)


def stream(folder: Path, text: str = "downscale:2", crop: tuple[int, int] = (16, 20), **more: object) -> DegradedStream:
    return DegradedStream(photograph_folder(folder), Chain.read(text), crop, 6, 3, 0.0, 255.0, **more)


def test_crops_are_aligned_and_of_the_photograph(folder: Path) -> None:
    """A target says itself where it was cut; the input is the mean of its squares there."""
    drawn = stream(folder)
    places = set()
    for position in range(0, 120, 6):
        value = drawn(position).value
        assert value.source.shape == (6, 3, 8, 10)
        for source, target in zip(value.source, value.target, strict=True):
            left, top = int(target[0, 0, 0]), int(target[1, 0, 0])
            number = int(target[2, 0, 0])
            width, height = list(SIZES.values())[number]
            expected = picture(width, height, number)[top : top + 16, left : left + 20]
            assert np.array_equal(target.permute(1, 2, 0).numpy(), expected)
            squares = torch.nn.functional.avg_pool2d(target[None], 2)[0]
            assert float((source - squares).abs().max()) <= 0.5 + 1e-3
            places.add((number, top, left))
    assert {number for number, _, _ in places} == {0, 1, 2, 3}
    assert len(places) > 60
    assert max(top for number, top, _ in places if number == 3) > 60  # of 74


def test_the_stream_is_a_function_of_the_position(folder: Path) -> None:
    drawn, again = (
        stream(folder, "noise:5-25,jpeg:40-90", flips=True),
        stream(folder, "noise:5-25,jpeg:40-90", flips=True),
    )
    drawn(0), drawn(600)
    for position in (66, 12):
        one, two = drawn(position), again(position)
        for name in ("source", "target", "mix"):
            assert torch.equal(getattr(one.value, name), getattr(two.value, name))
        assert one.seed == two.seed
    assert not torch.equal(drawn(0).value.source, drawn(24).value.source)
    # A photograph comes back in the next epoch elsewhere.
    assert not torch.equal(drawn(0).value.target, drawn(4).value.target)


def test_half_are_mirrored(folder: Path) -> None:
    flipped = [
        bool(target[0, 0, 0] > target[0, 0, -1])
        for position in range(0, 300, 6)
        for target in stream(folder, flips=True)(position).value.target
    ]
    assert 0.4 < sum(flipped) / len(flipped) < 0.6  # 300: three deviations are 0.087


def test_while_the_adversary_weighs_nothing_it_rests(folder: Path) -> None:
    drawn = stream(folder, adversarial=lambda position: float(position >= 60))
    for position, alone in ((54, True), (60, False)):
        batch = drawn(position)
        assert batch.value.alone is alone
        assert batch.resting == (frozenset({"discriminator"}) if alone else frozenset())


def test_crops_that_do_not_fit_are_refused(folder: Path) -> None:
    for crop, text in (((64, 16), "noise:5"), ((18, 18), "downscale:4")):
        with pytest.raises(ValueError, match="give sides that are multiples of"):
            stream(folder, text, crop)
    with pytest.raises(ValueError, match="batch size is 0"):
        DegradedStream(photograph_folder(folder), Chain.read("grey"), (8, 8), 0, 0)


def test_a_part_has_its_own_photographs_and_order(folder: Path) -> None:
    part = stream(folder).part(torch.tensor([1, 3]), batch_size=4, seed=9)
    numbers = {int(n) for n in part(0).value.target[:, 2, 0, 0]}
    assert numbers == {1, 3}
    assert len(part(0).value.source) == 4


def test_pairs_to_judge_by_are_the_middles(folder: Path) -> None:
    def middle(i: int, image: Tensor) -> Tensor:
        top, left = (image.shape[1] - 36) // 2, (image.shape[2] - 20) // 2
        return image[:, top : top + 36, left : left + 20]

    found = photograph_folder(folder)
    pairs = degraded_pairs(found, Chain.read("noise:10"), seed=1)
    for i, image in enumerate(found):
        assert torch.equal(pairs.targets.images[i], middle(i, image))
    assert torch.equal(pairs.inputs.images, degraded_pairs(found, Chain.read("noise:10"), seed=1).inputs.images)
    assert degraded_pairs(found, Chain.read("downscale:8"), 0, most=2).inputs.shape == (3, 4, 2)
    large = Photographs.of(ImageData("large", torch.zeros(1, 1, 300, 300, dtype=torch.uint8), None, (), "Here."))
    assert degraded_pairs(large, Chain.read("downscale:3"), 0).shape == (1, JUDGED_SIDE - 1, JUDGED_SIDE - 1)
