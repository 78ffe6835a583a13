"""Stacked digits: three digits of one split a picture, a thousand classes, always the same."""

from math import exp, log

import pytest
import torch

from saddlepoint.data import DataError, ImageData, stacked_mnist
from saddlepoint.data.stacked import stacked
from saddlepoint.metrics import mode_coverage

#: Digit k is an image of 10 k + 1 everywhere.
TEN = ImageData(
    "ten",
    (10 * torch.arange(10, dtype=torch.uint8) + 1).view(10, 1, 1, 1).expand(10, 1, 4, 4),
    torch.arange(10),
    tuple("0123456789"),
    "Made here.",
)


def test_the_class_is_the_number_that_the_channels_spell() -> None:
    made = stacked(TEN, "train", 500)
    assert made.shape == (3, 4, 4)
    for image, label in zip(made.images, made.labels, strict=True):
        digits = (image[:, 0, 0] - 1) // 10
        assert torch.equal(image, (10 * digits + 1).view(3, 1, 1).expand(3, 4, 4).to(torch.uint8))
        assert made.classes[label] == "".join(str(int(digit)) for digit in digits)


def test_the_same_digits_make_the_same_images_and_more_begin_with_fewer() -> None:
    few, again, many = stacked(TEN, "train", 40), stacked(TEN, "train", 40), stacked(TEN, "train", 3000)
    assert few.fingerprint == again.fingerprint
    assert torch.equal(few.images, many.images[:40])
    assert torch.equal(few.labels, many.labels[:40])
    assert not torch.equal(few.labels, stacked(TEN, "test", 40).labels)


def test_digits_are_drawn_independently_of_each_other_and_as_often_as_they_are_there() -> None:
    """χ² of 1,000 equal cells at n = 20,000 has mean 999 and deviation 45."""
    n = 20_000
    counts = stacked(TEN, "train", n).labels.bincount(minlength=1000).double()
    assert abs(float(((counts - n / 1000) ** 2 / (n / 1000)).sum()) - 999) < 4 * 45


def test_a_count_below_one_is_refused() -> None:
    with pytest.raises(DataError, match="0 stacked images were asked for: give at least 1"):
        stacked(TEN, "train", 0)


def test_real_labels_are_at_the_floor_that_theory_gives(shared_data) -> None:
    """KL(p̂ ‖ uniform) of n draws is KL(p ‖ uniform) + 999/2n on average; its deviation is √(999/2)/n = .0009.

    p has a thousand classes of three independent digits, so KL(p ‖ uniform) is three times that of one digit.
    """
    made = stacked_mnist(shared_data / "mnist", "test")
    assert (len(made), made.shape, made.classes[42]) == (26_000, (3, 28, 28), "042")
    digits = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    one = sum(count / 10_000 * log(count / 1000) for count in digits)
    found = mode_coverage(made.labels, 1000)
    assert found.modes == 1000  # a class of the rarest digit alone is missed with probability exp(−18)
    assert exp(-26 * 0.892**3) < 1e-7
    assert found.kl_to_uniform == pytest.approx(3 * one + 999 / 52_000, abs=4 * 0.0009)


def test_train_and_test_digits_do_not_mix(shared_data) -> None:
    folder = shared_data / "mnist"
    train, test = stacked_mnist(folder, count=50), stacked_mnist(folder, "test", count=50)
    assert (train.name, train.notes, len(train)) == ("stacked-mnist", (), 50)
    assert "train split" in train.source
    assert "test split" in test.source
    assert train.fingerprint != test.fingerprint
