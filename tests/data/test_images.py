from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from saddlepoint.data import DATASETS, DataError, ImageData, digits, load_images
from saddlepoint.data.known_sets import is_path


def made(images: torch.Tensor, labels: torch.Tensor | None = None, classes: tuple[str, ...] = ()) -> ImageData:
    return ImageData("made", images, labels, classes, "Made in a test.")


def ramp(size: int = 8) -> torch.Tensor:
    return (torch.arange(size) * 255 // (size - 1)).byte().expand(1, 1, size, size).clone()


def test_fingerprint_changes_with_one_pixel_one_label_and_the_shape() -> None:
    images, labels = torch.zeros(4, 1, 2, 2, dtype=torch.uint8), torch.zeros(4, dtype=torch.int64)
    pixel, label = images.clone(), labels.clone()
    pixel[3, 0, 1, 1] = 1
    label[3] = 1
    classes = ("a", "b")
    prints = [
        made(images, labels, classes).fingerprint,
        made(pixel, labels, classes).fingerprint,
        made(images, label, classes).fingerprint,
        made(images).fingerprint,
        made(images.reshape(4, 1, 1, 4)).fingerprint,
        made(images.reshape(4, 4, 1, 1)).fingerprint,
    ]
    assert len(set(prints)) == len(prints)
    assert made(images.clone(), labels, classes).fingerprint == prints[0]
    assert len(prints[0]) == 16
    assert int(prints[0], 16) >= 0


def test_fingerprint_is_of_content_not_of_memory_layout() -> None:
    images = torch.arange(2 * 3 * 4 * 4, dtype=torch.uint8).reshape(2, 3, 4, 4)
    assert made(images.to(memory_format=torch.channels_last)).fingerprint == made(images).fingerprint


def test_fingerprint_of_the_digits_is_the_same_on_every_machine() -> None:
    assert digits().fingerprint == "ac2213023a1dd19f"


@pytest.mark.parametrize("size", [1, 5, 8, 13, 32])
@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_resizing_a_constant_image_keeps_its_value(size: int, level: int) -> None:
    data = made(torch.full((3, 2, 8, 8), level, dtype=torch.uint8)).resized(size)
    assert data.shape == (2, size, size)
    assert (data.images == level).all()


def test_resizing_to_the_size_it_has_is_the_identity() -> None:
    data = made(ramp())
    assert data.resized(8) is data
    assert torch.equal(data.resized(16).resized(16).images, data.resized(16).images)


def test_resizing_overshoot_is_clamped_not_wrapped() -> None:
    """A bicubic kernel overshoots at an edge: without the clamp, black beside white would wrap around."""
    edge = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    edge[..., 4:] = 255
    row = made(edge).resized(32).images[0, 0, 0]
    assert (row.int().diff() >= 0).all()
    assert row[0] == 0
    assert row[-1] == 255


def test_resizing_down_averages_and_does_not_pick() -> None:
    """A checkerboard of single pixels has mean 127.5; picking pixels would give 0 or 255."""
    board = ((torch.arange(32)[:, None] + torch.arange(32)) % 2 * 255).byte().reshape(1, 1, 32, 32)
    small = made(board).resized(8).images[..., 1:-1, 1:-1].float()
    assert (small - 127.5).abs().max() <= 2


def test_resizing_takes_the_middle_square() -> None:
    wide = torch.zeros(1, 1, 4, 12, dtype=torch.uint8)
    wide[..., 4:8] = 200
    assert (made(wide).resized(4).images == 200).all()


def test_resizing_commutes_with_transposition() -> None:
    images = torch.randint(0, 256, (5, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    a = made(images).resized(12).images.transpose(2, 3).int()
    b = made(images.transpose(2, 3)).resized(12).images.int()
    assert (a - b).abs().max() <= 1


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_a_split_shares_out_every_image_once_with_its_label(share: float) -> None:
    images = torch.arange(100, dtype=torch.uint8).reshape(100, 1, 1, 1)
    data = made(images, torch.arange(100), tuple(str(i) for i in range(100)))
    train, test = data.split(share, seed=3)
    assert len(test) == round(100 * share)
    for part in (train, test):
        assert part.labels is not None
        assert part.images.flatten().tolist() == part.labels.tolist() == sorted(part.labels.tolist())
    assert sorted(torch.cat((train.images, test.images)).flatten().tolist()) == list(range(100))
    assert data.split(share, seed=3)[1].fingerprint == test.fingerprint
    assert data.split(share, seed=4)[1].fingerprint != test.fingerprint


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 1.5, 0.01, 0.99, float("nan")])
def test_a_split_that_leaves_a_part_empty_is_refused(share: float) -> None:
    with pytest.raises(DataError, match="leaves a part empty"):
        made(torch.zeros(4, 1, 2, 2, dtype=torch.uint8)).split(share)


def numbered(*counts: int, labelled: bool = True) -> ImageData:
    """Images whose one pixel is their number, in shuffled order of classes of these sizes."""
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(5))]
    images = torch.arange(len(labels), dtype=torch.uint8).reshape(-1, 1, 1, 1)
    return made(images, labels if labelled else None, tuple(map(str, range(len(counts)))) if labelled else ())


def numbers(data: ImageData) -> list[int]:
    return data.images.flatten().tolist()


def test_so_many_of_each_class_keep_their_labels_and_their_order() -> None:
    data = numbered(50, 70, 30)
    few = data.of_each_class(20, seed=3)
    assert data.labels is not None
    assert few.labels is not None
    assert few.labels.bincount().tolist() == [20, 20, 20]
    assert numbers(few) == sorted(numbers(few))
    assert torch.equal(few.labels, data.labels[torch.tensor(numbers(few))])
    assert few.classes == data.classes
    assert few.notes == ("Limited to 20 images of each class, of 150 (seed 3).",)


@pytest.mark.parametrize(("limit", "counts"), [(9, [3, 3, 3]), (30, [10, 4, 16]), (27, [10, 4, 13]), (36, [10, 4, 22])])
def test_a_limit_is_shared_out_evenly_as_far_as_classes_go(limit: int, counts: list[int]) -> None:
    """30 of (10, 4, 40): ten each, but the second has four only, and the first no more than ten."""
    assert numbered(10, 4, 40).limited(limit).labels.bincount().tolist() == counts


@pytest.mark.parametrize("limit", range(1, 30))
def test_a_limit_is_kept_and_classes_differ_by_one_at_most(limit: int) -> None:
    few = numbered(10, 10, 10).limited(limit)
    assert len(few) == limit
    counts = few.labels.bincount(minlength=3)
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("labelled", [True, False])
def test_fewer_images_of_a_seed_are_among_the_more(labelled: bool) -> None:
    data = numbered(40, 40, 40, labelled=labelled)
    sets = [set(numbers(data.limited(n, seed=1))) for n in (3, 12, 60, 119)]
    assert all(a < b for a, b in pairwise(sets))
    assert set(numbers(data.limited(12, seed=2))) != sets[1]
    if labelled:
        assert set(numbers(data.of_each_class(4, seed=1))) == sets[1]


def test_every_image_is_as_likely_as_any_other() -> None:
    """Over 400 seeds each of 20 images is among 5 of them with ¼: 100 ± 8.7, and all within four deviations."""
    data = numbered(10, 10)
    times = torch.zeros(20)
    for seed in range(400):
        times[torch.tensor(numbers(data.limited(5, seed)))] += 1
    assert times.sum() == 2000
    assert (times - 100).abs().max() < 4 * 8.7


def test_no_fewer_images_are_the_same_ones() -> None:
    data = numbered(10, 10)
    assert data.limited(20) is data
    assert data.limited(21) is data


def test_subsets_that_cannot_be_are_refused() -> None:
    data = numbered(10, 4)
    with pytest.raises(DataError, match="but class '1' has 4: give no more than that, or a limit"):
        data.of_each_class(5)
    with pytest.raises(DataError, match="has no classes to take 5 images of each of"):
        numbered(10, labelled=False).of_each_class(5)
    for refused in (data.limited, data.of_each_class):
        with pytest.raises(DataError, match="give at least 1"):
            refused(0)
    empty = made(data.images, data.labels, ("0", "1", "never"))
    with pytest.raises(DataError, match="but class 'never' has 0"):
        empty.of_each_class(1)


def test_splits_by_name(shared_data) -> None:
    for name, folder in (("mnist", "mnist"), ("fashion-mnist", "fashion_mnist")):
        assert len(load_images(name, path=shared_data / folder, split="test")) == 10_000
    assert len(load_images(shared_data / "mnist", split="test")) == 10_000
    assert len(load_images(shared_data / "cifar10_6k", split="test")) == 1_000
    with pytest.raises(DataError, match=r"digits have no split 'test'.*ImageData.split"):
        load_images("digits", split="test")


def test_what_does_not_fit_together_is_refused() -> None:
    images = torch.zeros(4, 1, 2, 2, dtype=torch.uint8)
    with pytest.raises(DataError, match="float32"):
        made(images.float())
    with pytest.raises(DataError, match="none of them 0"):
        made(images[:0])
    with pytest.raises(DataError, match=r"expected torch.int64 \(4,\)"):
        made(images, torch.zeros(3, dtype=torch.int64), ("a",))
    with pytest.raises(DataError, match="from 0 to 1, but there are 1 classes"):
        made(images, torch.tensor([0, 1, 0, 0]), ("a",))
    with pytest.raises(DataError, match="at least 1"):
        made(images).resized(0)


def test_digits_are_those_of_scikit_learn() -> None:
    """Sixteen levels above black: 0 is 0 and 16 is 255."""
    data, found = digits(), load_digits()
    assert data.shape == (1, 8, 8)
    assert len(data) == 1797
    assert data.classes == tuple("0123456789")
    assert data.labels is not None
    assert data.labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    back = data.images[:, 0].numpy() * (16 / 255)
    assert np.abs(back - found.images).max() < 0.04
    assert data.images.min() == 0
    assert data.images.max() == 255


def test_digits_upsampled_keep_their_mean() -> None:
    small, large = digits(), digits(32)
    assert large.shape == (1, 32, 32)
    assert abs(large.images.float().mean() - small.images.float().mean()) < 2


def test_every_data_set_has_a_name_and_one_line() -> None:
    assert set(DATASETS) == {"digits", "mnist", "fashion-mnist", "cifar-10", "cifar-100", "stacked-mnist"}
    for entry in DATASETS.values():
        assert entry.summary
        assert "\n" not in entry.summary


def test_names_are_told_from_paths(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "mnist").mkdir()
    assert is_path("photos")
    assert is_path("./mnist")
    assert is_path("..")
    assert is_path("a/b")
    assert not is_path("mnist")
    assert not is_path("nothing")
    assert not is_path("")


@pytest.mark.parametrize(
    ("given", "meant"), [("mnits", "mnist"), ("fashion_mnist", "fashion-mnist"), ("digit", "digits")]
)
def test_an_unknown_name_names_the_nearest(given: str, meant: str) -> None:
    with pytest.raises(DataError, match=f"did you mean '{meant}'"):
        load_images(given)


def test_what_cannot_be_meant_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="leave it out"):
        load_images("digits", path=tmp_path)
    with pytest.raises(DataError, match="give the path alone"):
        load_images("photos", path=tmp_path)
    with pytest.raises(DataError, match="no folder of images was given"):
        load_images("folder")
    with pytest.raises(DataError, match="no data set ''"):
        load_images("")
    with pytest.raises(DataError, match="does not exist"):
        load_images("./no/such/folder")


def test_digits_by_name_at_a_size() -> None:
    assert load_images("digits").shape == (1, 8, 8)
    assert torch.equal(load_images("digits", size=16).images, digits(16).images)
