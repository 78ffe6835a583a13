"""The digit classifier read off three channels: a thousand classes, of which each has the right probability."""

import pytest
import torch
from torch import Tensor

from saddlepoint.data import stacked_mnist
from saddlepoint.extractors import load_extractor, suited_to
from saddlepoint.metrics import mode_coverage


def noise(n: int = 6, channels: int = 3, side: int = 28) -> Tensor:
    source = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (n, channels, side, side), generator=source, dtype=torch.uint8)


def test_features_are_those_of_each_channel_and_logits_their_outer_sum() -> None:
    images, stacked, digits = noise(), load_extractor("stacked-digits"), load_extractor("digits")
    reading = stacked.read(images)
    red, green, blue = (digits.read(images[:, k : k + 1]) for k in range(3))
    assert torch.allclose(reading.features, torch.cat([one.features for one in (red, green, blue)], 1), atol=1e-5)
    assert reading.logits is not None
    assert reading.logits.shape == (6, 1000)
    a, b, c = (one.logits.double().log_softmax(1) for one in (red, green, blue))
    for number in (0, 7, 70, 700, 123, 999):
        hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
        expected = a[:, hundreds] + b[:, tens] + c[:, ones]
        assert torch.allclose(reading.logits[:, number].double(), expected, atol=1e-3)
    assert torch.allclose(reading.logits.exp().sum(1), torch.ones(6), atol=1e-4), "probabilities"
    expected = 100 * a.argmax(1) + 10 * b.argmax(1) + c.argmax(1)
    assert torch.equal(reading.logits.argmax(1), expected)


def test_a_grey_digit_is_the_same_three_times() -> None:
    grey = noise(channels=1)
    label, digit = (load_extractor(name).logits(grey).argmax(1) for name in ("stacked-digits", "digits"))
    assert torch.equal(label, 111 * digit)


def test_it_is_another_protocol_than_the_digits_and_images_of_32_are_shrunk() -> None:
    stacked, digits = load_extractor("stacked-digits"), load_extractor("digits")
    assert stacked.digest != digits.digest
    assert stacked.read(noise(2, side=32)).features.shape == (2, 384)
    assert suited_to("stacked-mnist") == "stacked-digits"


def test_the_classifier_reads_real_stacks(shared_data) -> None:
    """99.65 % of test digits are right, so .9965³ = 98.95 % of stacks: at n = 150 its deviation is .8 %."""
    made = stacked_mnist(shared_data / "mnist", "test", count=150)
    guesses = load_extractor("stacked-digits").logits(made.images).argmax(1)
    assert float((guesses == made.labels).float().mean()) > 0.9895 - 4 * 0.008


@pytest.mark.slow
def test_real_stacks_are_at_the_floor(shared_data) -> None:
    """Modes and KL by the classifier are those of the labels, here of 8,000 images of the published 26,000."""
    made = stacked_mnist(shared_data / "mnist", "test", count=8000)
    found = mode_coverage(load_extractor("stacked-digits").logits(made.images).argmax(1), 1000)
    exact = mode_coverage(made.labels, 1000)
    assert found.modes == pytest.approx(exact.modes, abs=1)
    assert found.kl_to_uniform == pytest.approx(exact.kl_to_uniform, abs=0.004), "the classifier's errors cancel"
