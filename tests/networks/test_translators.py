"""Translators take images of any size."""

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.networks import Translator


class Seen(Translator):
    """Repeats every pixel scale x scale, and remembers what it was given."""

    def translate(self, images: Tensor) -> Tensor:
        self.given = images
        return images.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3)


class Coarse(Translator):
    """Halves the grid three times and doubles it back: only multiples of 8 fit."""

    def __init__(self) -> None:
        super().__init__(stride=8, scale=2)
        down = [nn.Conv2d(3, 3, 4, stride=2, padding=1) for _ in range(3)]
        up = [nn.ConvTranspose2d(3, 3, 4, stride=2, padding=1) for _ in range(4)]
        self.body = nn.Sequential(*down, *up)

    def translate(self, images: Tensor) -> Tensor:
        assert images.shape[2] % 8 == images.shape[3] % 8 == 0
        return self.body(images)


def test_sizes_that_the_stride_does_not_divide_are_padded_and_cropped_back() -> None:
    assert Coarse()(torch.randn(2, 3, 13, 21)).shape == (2, 3, 26, 42)


@pytest.mark.parametrize("scale", [1, 3])
def test_padding_is_a_reflection_below_and_on_the_right(scale: int) -> None:
    images, network = torch.randn(2, 1, 5, 8), Seen(4, scale)
    made = network(images)
    assert torch.equal(made, images.repeat_interleave(scale, 2).repeat_interleave(scale, 3))
    assert torch.equal(network.given, torch.cat([images, images[:, :, [3, 2, 1]]], 2))
    assert torch.equal(network(images.mT), made.mT)
    assert torch.equal(network.given, torch.cat([images, images[:, :, [3, 2, 1]]], 2).mT)


def test_an_image_too_small_to_be_reflected_is_continued_by_its_edge() -> None:
    images, network = torch.randn(1, 2, 3, 1), Seen(8)
    assert torch.equal(network(images), images)
    assert torch.equal(network.given, images[:, :, [0, 1, 2, 2, 2, 2, 2, 2]].expand(-1, -1, -1, 8))


def test_sizes_that_fit_are_given_as_they_are() -> None:
    images, network = torch.randn(1, 1, 16, 8), Seen(8)
    network(images)
    assert network.given is images


@pytest.mark.parametrize("dials", [{"stride": 0}, {"stride": 1, "scale": 0}])
def test_strides_and_scales_below_one_are_refused(dials: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Seen(**dials)
