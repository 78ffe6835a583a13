"""Pairs of images: what belongs together stays together, what is damaged is named."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.data import DataError, ImageData
from saddlepoint.data.pair_stream import PairStream
from saddlepoint.data.pairs import PairData, holds_out, read_pairs
from saddlepoint.data.rows import in_parts
from saddlepoint.data.scheduled import Scheduled, after

SIZE = 8


def picture(path: Path, level: int, size: tuple[int, int] = (SIZE, SIZE), mode: str = "RGB") -> None:
    """One colour: the level in the first channel, its double in the second where there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colours = {"RGB": (level, 2 * level % 256, 0), "L": level, "RGBA": (level, 2 * level % 256, 0, 0)}
    Image.new(mode, size, colours[mode]).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten pairs of colour and grey, of which the level of one side is the other's and 100."""
    for i in range(10):
        picture(tmp_path / "google" / f"{i}.png", i)
        picture(tmp_path / "twitter" / f"{i}.png", 100 + i, mode="L")
    return tmp_path


def levels(images: ImageData) -> list[int]:
    return images.images[:, 0, 0, 0].tolist()


def test_equal_names_are_a_pair_and_sides_keep_their_channels(folder: Path) -> None:
    data = read_pairs(folder, SIZE)
    assert data.paired
    assert (data.inputs.shape, data.targets.shape) == ((3, SIZE, SIZE), (1, SIZE, SIZE))
    assert levels(data.targets) == [100 + level for level in levels(data.inputs)]
    assert data.notes == ()


def test_sides_are_named_where_the_alphabet_has_them_wrong(folder: Path) -> None:
    data = read_pairs(folder, SIZE, a="twitter")
    assert levels(data.inputs) == [100 + level for level in levels(data.targets)]
    anywhere = read_pairs(folder, SIZE, a=str(folder / "twitter"), b=str(folder / "google"))
    assert anywhere.fingerprint == data.fingerprint


def test_an_extension_is_no_part_of_a_name(folder: Path) -> None:
    (folder / "google/3.png").unlink()
    picture(folder / "google/3.bmp", 3)
    assert len(read_pairs(folder, SIZE)) == 10


def test_halves_of_an_image_side_by_side_are_a_pair(tmp_path: Path) -> None:
    for i in range(4):
        whole = np.zeros((SIZE, 2 * SIZE + 1, 3), np.uint8)
        whole[:, :SIZE], whole[:, SIZE + 1 :] = i, 100 + i
        whole[:, SIZE] = 255  # the middle column belongs to neither
        Image.fromarray(whole).save(tmp_path / f"{i}.png")
    data = read_pairs(tmp_path, SIZE, layout="side")
    assert levels(data.inputs) == [0, 1, 2, 3]
    assert levels(data.targets) == [100, 101, 102, 103]
    assert data.targets.images.unique().tolist() == [100, 101, 102, 103]


def test_train_is_read_for_training_and_val_for_judging(folder: Path) -> None:
    parted = folder / "whole"
    for part, names in {"train": range(7), "val": range(7, 10)}.items():
        for side, more in {"a": 0, "b": 100}.items():
            for i in names:
                picture(parted / part / side / f"{i}.png", i + more)
    assert holds_out(parted)
    assert not holds_out(folder)
    assert levels(read_pairs(parted, SIZE).inputs) == list(range(7))
    assert levels(read_pairs(parted, SIZE, split="test").targets) == [107, 108, 109]


def test_transparency_is_composited_on_white(folder: Path) -> None:
    picture(folder / "google/0.png", 50, mode="RGBA")
    data = read_pairs(folder, SIZE)
    assert levels(data.inputs)[0] == 255
    assert any("Composited on white: 1 file" in note for note in data.notes)


def damage(folder: Path) -> dict[str, str]:
    """Harm files in every way; gives what is to be read of each in the notes."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(folder / "google/0.png")
    whole = (folder / "google/0.png").read_bytes()
    (folder / "google/0.png").write_bytes(whole[: len(whole) // 2])
    (folder / "twitter/1.png").write_bytes(b"")
    (folder / "twitter/2.png").unlink()
    picture(folder / "google/3.png", 3, (SIZE, SIZE // 2))
    picture(folder / "google/4.png", 4, (2 * SIZE, 2 * SIZE))
    picture(folder / "google/5.bmp", 5)
    (folder / "google/6.png").write_text("no image")
    return {
        "0.png": "google: Skipped 2 files that cannot be read",
        "1.png": "twitter: Skipped 1 file that cannot be read",
        "2.png": "google: left out 1 without a partner",
        "3.png (8x4 and 8x8)": "different proportions",
        "1 pairs": "of different sizes but of the same proportions, resized alike",
        "5.bmp": "of one name but for the extension",
        "6.png": "google: Skipped 2 files that cannot be read",
    }


def test_damaged_files_are_named_and_their_partners_left_out(folder: Path) -> None:
    expected = damage(folder)
    data = read_pairs(folder, SIZE)
    assert levels(data.inputs) == [4, 7, 8, 9]
    assert levels(data.targets) == [104, 107, 108, 109]
    for name, sentence in expected.items():
        assert any(name in note and sentence in note for note in data.notes), (name, data.notes)


def test_nothing_left_is_refused_with_what_was_found(folder: Path, tmp_path: Path) -> None:
    for path in (folder / "google").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"holds no pairs of images that can be read.*Skipped 10 files"):
        read_pairs(folder, SIZE)
    for path in (folder / "google").iterdir():
        path.rename(path.with_name(f"other-{path.name}"))
    with pytest.raises(DataError, match=r"no image in .*google has the name of one in .*--unpaired"):
        read_pairs(folder, SIZE)
    picture(folder / "third/1.png", 1)
    with pytest.raises(DataError, match=r"holds 3 sub-folders \(google, third, twitter\), expected two.*data\.a=NAME"):
        read_pairs(folder, SIZE)
    with pytest.raises(DataError, match="there is no folder gogle"):
        read_pairs(folder, SIZE, a="gogle")


def test_two_sets_that_are_no_pairs_may_differ_in_number(folder: Path) -> None:
    assert read_pairs(folder, SIZE, paired=None).paired
    (folder / "twitter/2.png").unlink()
    data = read_pairs(folder, SIZE, paired=None)
    assert not data.paired
    assert (len(data.inputs), len(data.targets)) == (10, 9)


def test_a_split_keeps_pairs_together(folder: Path) -> None:
    train, test = read_pairs(folder, SIZE).split(0.3)
    for part, count in ((train, 7), (test, 3)):
        assert len(part) == count
        assert levels(part.targets) == [100 + level for level in levels(part.inputs)]
    assert sorted(levels(train.inputs) + levels(test.inputs)) == list(range(10))


def test_many_pairs_are_decoded_once_and_kept(folder: Path, monkeypatch, tmp_path: Path) -> None:
    in_memory = read_pairs(folder, SIZE)
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / ".cache"))
    monkeypatch.setattr("saddlepoint.data.decoded_cache.KEPT", 0)
    kept = read_pairs(folder, SIZE)
    assert kept.fingerprint == in_memory.fingerprint
    assert list((tmp_path / ".cache/decoded").rglob("*.u8"))
    (folder / "google/4.png").write_bytes(b"")
    assert levels(read_pairs(folder, SIZE).targets) == [100, 101, 102, 103, 105, 106, 107, 108, 109]


# --- the stream ---------------------------------------------------------------------------------------


def numbered(count: int, targets: int | None = None, scale: int = 1) -> PairData:
    """Images whose every pixel is another number, the targets' `scale` times as large; equal at equal places."""

    def images(n: int, side: int) -> ImageData:
        columns = torch.arange(SIZE).repeat_interleave(side // SIZE)
        grid = (8 * columns[:, None] + columns)[None, None] + torch.arange(n)[:, None, None, None]
        return ImageData("n", grid.byte(), None, (), "Made here.")

    paired = targets is None
    return PairData("n", images(count, SIZE), images(targets or count, scale * SIZE), paired, "Made here.")


def bytes_of(stream: PairStream, position: int) -> tuple[torch.Tensor, torch.Tensor]:
    value = stream(position).value
    return tuple(((x + 1) * 127.5).round().byte() for x in (value.source, value.target))


@pytest.mark.parametrize("scale", [1, 2])
def test_crops_and_flips_lie_on_one_another(scale: int) -> None:
    stream = PairStream(numbered(20, scale=scale), 20, seed=0, flips=True, crop=(5, 5))
    source, target = bytes_of(stream, 0)
    assert source.shape[2:] == (5, 5)
    assert target[:, :, ::scale, ::scale].equal(source)
    whole = bytes_of(PairStream(numbered(20, scale=scale), 20, seed=0), 0)[0]
    assert len({tuple(image.flatten().tolist()) for image in source - whole[:, :, :1, :1]}) > 5


@pytest.mark.parametrize("scale", [1, 2])
def test_jitter_moves_both_sides_of_a_pair_alike_by_no_more_than_its_share(scale: int) -> None:
    """Of a ramp of levels: a move by a share of the side shows as another level in the middle, at both scales."""
    ramp = (torch.arange(64 * scale) * 2 // scale).byte().expand(1, 1, 64 * scale, 64 * scale)
    sides = [ImageData("n", x, None, (), "Made here.") for x in (ramp[:, :, ::scale, ::scale], ramp)]
    data = PairData("n", *sides, paired=True, source="Made here.")
    source, target = bytes_of(PairStream(data, 32, seed=0, jitter=0.1), 0)
    middle = source[:, 0, 32, 32].int()
    assert int((middle - 2 * 32).abs().max()) <= 2 * 6
    assert int(middle.max() - middle.min()) > 2 * 6
    inside = slice(7, 57)  # beyond it edges are continued, at each side's own last pixel
    assert target[:, :, ::scale, ::scale][:, :, inside, inside].equal(source[:, :, inside, inside])
    again = bytes_of(PairStream(data, 32, seed=0, jitter=0.1), 0)
    assert again[0].equal(source)
    apart = bytes_of(PairStream(data.unpaired(), 32, seed=0, jitter=0.1), 0)
    assert int((apart[0][:, 0, 32, 32].int() - apart[1][:, 0, 32 * scale, 32 * scale].int()).abs().max()) > 4


def test_batches_are_a_pure_function_of_the_position() -> None:
    data = numbered(7)
    stream = PairStream(data, 4, seed=3, flips=True, crop=(6, 6))
    later = [bytes_of(stream, 8), bytes_of(stream, 0)]
    fresh = PairStream(data, 4, seed=3, flips=True, crop=(6, 6))
    for (a, b), position in zip(later, (8, 0), strict=True):
        x, y = bytes_of(fresh, position)
        assert x.equal(a)
        assert y.equal(b)
    assert stream(8).seed == fresh(8).seed != fresh(0).seed


def test_every_side_of_what_is_unpaired_is_seen_once_an_epoch_in_an_order_of_its_own() -> None:
    stream = PairStream(numbered(6, 4), 12, seed=0)
    source, target = bytes_of(stream, 0)
    assert source[:, 0, 0, 0].bincount().tolist() == [2] * 6
    assert target[:, 0, 0, 0].bincount().tolist() == [3] * 4
    same = PairStream(numbered(6, 6).unpaired(), 6, seed=0)
    source, target = bytes_of(same, 0)
    assert not source.equal(target)


def test_parts_are_shares_of_the_whole() -> None:
    batch = PairStream(numbered(6), 6, seed=0)(0).value
    parts = list(in_parts(batch, 4))
    assert [share for share, _ in parts] == [4 / 6, 2 / 6]
    assert torch.cat([part.target for _, part in parts]).equal(batch.target)


def test_the_adversary_rests_while_its_weight_is_0() -> None:
    plain = PairStream(numbered(6), 2, seed=0)
    stream = Scheduled(plain, {"adversarial": after(4)}, torch.device("cpu"))
    assert [stream(position).resting for position in (0, 2, 4)] == [{"discriminator"}, {"discriminator"}, set()]
    assert [stream(position).value.alone for position in (2, 4)] == [True, False]
    assert stream(2).value.source.equal(plain(2).value.source)


def whole_folder(root: Path, sizes: list[tuple[int, int]], scale: int = 1) -> Path:
    """Pairs of sizes of their own: an input counts its pixels, its target is the negative, each pixel a square."""
    for number, (height, width) in enumerate(sizes):
        pixels = (np.arange(height * width) % 251).reshape(height, width).astype(np.uint8)
        target = np.kron(255 - pixels, np.ones((scale, scale), np.uint8))
        for side, image in (("a", pixels), ("b", target)):
            (root / side).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(root / side / f"{number}.png")
    return root


@pytest.mark.parametrize("scale", [1, 2])
def test_whole_pairs_of_any_sizes_are_shown_by_crops_that_lie_on_one_another(tmp_path: Path, scale: int) -> None:
    data = read_pairs(whole_folder(tmp_path, [(9, 12), (20, 7), (4, 30), (11, 11)], scale), None, scale=scale)
    held, size = data.holding(6 * scale)
    assert size == (6 * scale, 6 * scale)
    assert len(held) == 3
    assert held.notes[-1].startswith("Skipped 1 pairs smaller than the crop")
    stream = PairStream(held, 12, seed=0, flips=True, crop=(6, 6))
    source, target = bytes_of(stream, 0)
    assert source.shape == (12, 1, 6, 6)
    assert (255 - target[:, :, ::scale, ::scale]).equal(source)
    assert len({tuple(image.flatten().tolist()) for image in source}) > 6
    middles = held.middles(5 * scale, most=2)
    inputs, targets = middles.stacked
    assert inputs.shape == (2, 1, 5, 5)
    assert (255 - targets[:, :, ::scale, ::scale]).equal(inputs)


def test_whole_pairs_that_do_not_lie_on_one_another_or_cannot_be_read_are_named(tmp_path: Path) -> None:
    whole_folder(tmp_path, [(9, 12), (8, 8), (10, 10)])
    picture(tmp_path / "b/1.png", 3, (16, 16), "L")  # proportions alone are not enough here
    (tmp_path / "a/2.png").write_bytes(b"nothing")
    data = read_pairs(tmp_path, None)
    assert len(data) == 1
    notes = " ".join(data.notes)
    assert "Left out pairs whose sides have different sizes: 1.png (8x8 and 16x16)." in notes
    assert "2.png (not an image" in notes
    whole_folder(tmp_path / "small", [(9, 12)])
    with pytest.raises(DataError, match=r"hold no pairs that lie on one another.*target is not 3 times as large"):
        read_pairs(tmp_path / "small", None, scale=3)
    for side, width in (("a", 12), ("b", 4)):
        picture(tmp_path / "swapped" / side / "0.png", 3, (width, width), "L")
    with pytest.raises(DataError, match=r"The inputs are in b: --set data\.a=b --set data\.b=a"):
        read_pairs(tmp_path / "swapped", None, scale=3)


def test_halves_of_one_image_are_read_whole(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    made = [dice.integers(0, 256, (6 + i, 10 + 3 * i, 3), np.uint8) for i in range(4)]  # odd widths among them
    for i, pixels in enumerate(made):
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    data = read_pairs(tmp_path, None, layout="side")
    assert len(data) == 4
    for i, pixels in enumerate(made):
        width = pixels.shape[1] // 2
        for side, own in ((data.inputs, pixels[:, :width]), (data.targets, pixels[:, -width:])):
            assert np.array_equal(side[i].permute(1, 2, 0).numpy(), own)
    with pytest.raises(DataError, match="a target is not 2 times as large"):
        read_pairs(tmp_path, None, layout="side", scale=2)


def test_whole_images_without_pairs_have_sizes_and_crops_of_their_own(tmp_path: Path) -> None:
    whole_folder(tmp_path, [(9, 12), (20, 7), (8, 30)])
    (tmp_path / "b/0.png").unlink()
    data = read_pairs(tmp_path, None, paired=False)
    stream = PairStream(data, 6, seed=0, crop=(5, 5))
    source, target = bytes_of(stream, 0)
    assert source.shape == target.shape == (6, 1, 5, 5)
    inputs, targets = data.middles(64, most=9).stacked
    assert inputs.shape == (3, 1, 8, 7)
    assert targets.shape == (2, 1, 8, 7)
