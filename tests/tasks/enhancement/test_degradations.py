"""Degradations: what each does to an image, and that it is a function of the image and the key alone."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.tasks.enhancement.degradations import DEGRADATIONS, PRESETS, Chain, motion_kernel

EXAMPLES = {
    "downscale": "downscale:2",
    "blur": "blur:1.2",
    "motion": "motion:5",
    "noise": "noise:10",
    "poisson": "poisson",
    "jpeg": "jpeg:60",
    "mask": "mask:boxes",
    "grey": "grey",
    "lowlight": "lowlight",
    "resize": "resize:0.5-1.2",
    "sinc": "sinc:2",
    "fade": "fade:0.3",
}


def picture(channels: int = 3, height: int = 24, width: int = 32, seed: int = 0) -> Tensor:
    """Noise that is smooth enough to be no worst case."""
    source = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, channels, 4, 4, generator=source)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    return (smooth[0] * 255).round().byte()


def constant(level: int, side: int = 24, channels: int = 3) -> Tensor:
    return torch.full((channels, side, side), level, dtype=torch.uint8)


def test_every_degradation_is_tried_here() -> None:
    assert set(EXAMPLES) == set(DEGRADATIONS)


@pytest.mark.parametrize("text", EXAMPLES.values(), ids=EXAMPLES)
def test_the_key_alone_decides_and_the_image_is_left_alone(text: str) -> None:
    chain, image = Chain.read(text), picture()
    before = image.clone()
    torch.manual_seed(1)
    first = chain(image, 0, 5)
    torch.manual_seed(2)
    assert torch.equal(first, chain(image, 0, 5))
    assert torch.equal(image, before)
    assert first.dtype == torch.uint8
    assert torch.equal(first, chain(image, 0, 6)) != chain.random
    assert torch.equal(first, chain(image, 1, 5)) != chain.random


@pytest.mark.parametrize("text", EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_shape_is_what_the_chain_says(text: str, channels: int) -> None:
    chain = Chain.read(text)
    made = chain(picture(channels), 0)
    assert made.shape == (chain.channels(channels), 24 // chain.scale, 32 // chain.scale)


@pytest.mark.parametrize("text", EXAMPLES.values(), ids=EXAMPLES)
def test_what_is_written_is_read_again(text: str) -> None:
    chain = Chain.read(text)
    assert Chain.read(str(chain)) == chain


@pytest.mark.parametrize("factor", range(2, 9))
@pytest.mark.parametrize("kernel", ["", ":bicubic"])
def test_downscaling_keeps_a_constant(factor: int, kernel: str) -> None:
    assert (Chain.read(f"downscale:{factor}{kernel}")(constant(77, 26), 0) == 77).all()


def test_downscaling_by_area_is_the_mean_of_squares_without_the_rest() -> None:
    image = torch.tensor([[[0, 10, 100, 102, 9], [20, 30, 104, 106, 9], [9, 9, 9, 9, 9]]], dtype=torch.uint8)
    assert Chain.read("downscale:2")(image, 0).tolist() == [[[15, 103]]]


def test_bicubic_downscaling_is_that_of_pillow() -> None:
    """Torch and Pillow antialias by the same kernel; both round, Pillow after each axis."""
    image = picture(1, 32, 32)
    theirs = Image.fromarray(image[0].numpy()).resize((8, 8), Image.Resampling.BICUBIC)
    ours = Chain.read("downscale:4:bicubic")(image, 0)[0].numpy()
    assert np.abs(ours.astype(int) - np.asarray(theirs).astype(int)).max() <= 1


def test_a_point_blurs_to_a_gaussian_and_a_constant_not_at_all() -> None:
    point = torch.zeros(1, 41, 41, dtype=torch.uint8)
    point[0, 20, 20] = 255
    spread = Chain.read("blur:1")(point, 0)[0].double()
    bell = torch.exp(-0.5 * (torch.arange(41.0) - 20) ** 2).double()
    expected = 255 * torch.outer(bell, bell) / bell.sum() ** 2
    assert (spread - expected).abs().max() <= 0.5 + 1e-3
    assert (Chain.read("blur:0.5-3,motion:9")(constant(200), 3) == 200).all()
    assert torch.equal(Chain.read("blur:0")(picture(), 0), picture())


def test_motion_is_a_mean_along_a_line() -> None:
    assert motion_kernel(1, 1.0).tolist() == [[1.0]]
    torch.testing.assert_close(motion_kernel(5, math.pi / 2), motion_kernel(5, 0.0).T)
    for angle in (0.3, 1.9):
        kernel = motion_kernel(6, angle).double()
        place = torch.arange(len(kernel)) - len(kernel) // 2
        down, across = kernel.sum(1), kernel.sum(0)
        assert float(kernel.sum()) == pytest.approx(1.0)
        assert float((down * place).sum()) == pytest.approx(0.0, abs=1e-6)
        # ∑ of (j − 2.5)² / 6 is 35/12 along the line, and bilinear steps widen each axis by less than a quarter.
        spread = float((down * place**2).sum() + (across * place**2).sum())
        assert 35 / 12 <= spread <= 35 / 12 + 0.5


@pytest.mark.parametrize("sigma", [2, 10, 25])
def test_noise_has_the_variance_that_is_asked_for(sigma: int) -> None:
    """One part in twelve is the rounding's; 3 % is four standard errors of 65,536 squares, twice over."""
    noisy = Chain.read(f"noise:{sigma}")(constant(128, 256, 1), 0).double()
    assert float(noisy.var()) == pytest.approx(sigma**2 + 1 / 12, rel=0.03)
    assert float(noisy.mean()) == pytest.approx(128, abs=5 * sigma / 256)


@pytest.mark.parametrize(("level", "photons"), [(100, 255), (60, 40)])
def test_counted_light_has_a_variance_that_grows_with_the_level(level: int, photons: int) -> None:
    counted = Chain.read(f"poisson:{photons}")(constant(level, 256, 1), 0).double()
    assert float(counted.var()) == pytest.approx(level * 255 / photons, rel=0.03)
    assert float(counted.mean()) == pytest.approx(level, rel=0.01)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_that_of_pillow(channels: int) -> None:
    image = picture(channels)
    pixels = image.permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, "JPEG", quality=30)
    theirs = np.asarray(Image.open(file)).reshape(24, 32, channels)
    assert np.array_equal(Chain.read("jpeg:30")(image, 0).permute(1, 2, 0).numpy(), theirs)


def test_jpeg_refuses_what_it_cannot_hold() -> None:
    with pytest.raises(ValueError, match="1 or 3 channels, not 4"):
        Chain.read("jpeg:30")(picture(4), 0)


def test_grey_weighs_as_rec_601_and_leaves_grey_alone() -> None:
    colours = torch.tensor([[255, 0, 0, 200], [0, 255, 0, 200], [0, 0, 255, 200]], dtype=torch.uint8).view(3, 2, 2)
    assert Chain.read("grey")(colours, 0).flatten().tolist() == [76, 150, 29, 200]
    assert torch.equal(Chain.read("grey")(picture(1), 0), picture(1))


def test_less_light_is_a_factor_on_levels() -> None:
    dark = Chain.read("lowlight:0.25")(picture(), 0).double()
    assert (dark - picture().double() * 0.25 ** (1 / 2.2)).abs().max() <= 0.5 + 1e-4
    assert torch.equal(Chain.read("lowlight:1")(picture(), 0), picture())


def test_order_matters_and_a_chain_is_its_links_in_turn() -> None:
    image = picture()
    first, second = Chain.read("lowlight:0.2,blur:2"), Chain.read("blur:2,lowlight:0.2")
    assert torch.equal(first(image, 0), Chain.read("blur:2")(Chain.read("lowlight:0.2")(image, 0), 0))
    noisy_then_small, small_then_noisy = (
        Chain.read(t)(image, 0) for t in ("noise:30,downscale:4", "downscale:4,noise:30")
    )
    mean = Chain.read("downscale:4")(image, 0).double()
    # The mean of sixteen has a quarter of the deviation.
    assert float((noisy_then_small - mean).std()) < 0.5 * float((small_then_noisy - mean).std())
    assert second.scale == 1
    assert Chain.read("downscale:2,downscale:3").scale == 6


def test_a_range_is_drawn_for_each_image() -> None:
    chain = Chain.read("noise:5-50")
    spreads = [float(chain(constant(128, 64), 0, index).double().std()) for index in range(60)]
    assert min(spreads) == pytest.approx(5, abs=3)
    assert max(spreads) == pytest.approx(50, abs=4)
    assert np.mean(spreads) == pytest.approx(27.5, abs=6)  # 45/√12/√60 is 1.7
    several = chain.several(torch.stack([constant(128)] * 3), seed=4, first=10)
    assert torch.equal(several[2], chain(constant(128), 4, 12))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no degradation is named"),
        ("downscael:4", "did you mean 'downscale'"),
        ("downscale", "write downscale:4"),
        ("downscale:9", "from 2 to 8"),
        ("downscale:2-4", "one whole factor"),
        ("downscale:2.5", "one whole factor"),
        ("downscale:2:lanczos", "no kernel 'lanczos'"),
        ("blur:-1", "write blur:1.2"),
        ("noise:25-5", "the smaller first"),
        ("noise:ten", "is no number and no range"),
        ("noise:5:6", "write noise:10"),
        ("jpeg:0", "from 1 to 100"),
        ("jpeg:50.5", "is not whole"),
        ("mask", "write mask:mixed, mask:boxes"),
        ("mask:circles", "of boxes, of strokes or mixed"),
        ("mask:boxes,jpeg:50", "write jpeg:50,mask:boxes"),
        ("mask:boxes:0.95", "from 0 to 0.9"),
        ("grey:1", "write grey"),
        ("lowlight:0", "from 0.001 to 1"),
        ("poisson:0", "from 1 to"),
        ("blur:1;noise:5", "write blur:1.2"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_remedy(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Chain.read(text)


def test_a_preset_is_its_chain_and_may_be_followed_by_more() -> None:
    assert str(Chain.read("photo")) == str(Chain.read(PRESETS["photo"]))
    assert Chain.read("old-print,downscale:2").scale == 2
    for name in PRESETS:
        made = Chain.read(name)(picture(), 0)
        assert made.shape == (3, 24, 32)
        assert 1 < float((made.float() - picture().float()).abs().mean()) < 80
    with pytest.raises(ValueError, match="did you mean 'old-print'"):
        Chain.read("oldprint")


def test_sinc_rings_and_keeps_what_is_flat() -> None:
    edge = torch.zeros(1, 48, 48, dtype=torch.uint8) + 60
    edge[:, :, 24:] = 180
    row = Chain.read("sinc:1.5")(edge, 0)[0, 24].int()
    assert int(row.max()) > 184
    assert int(row.min()) < 56
    assert torch.equal(Chain.read("sinc:1.5")(constant(99), 0), constant(99))


def test_fading_moves_black_and_white() -> None:
    ends = torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 2).expand(3, 1, 2)
    faded = Chain.read("fade:1")(ends, 0)
    assert faded[:, 0, 1].tolist() == [255, 237, 199]
    assert faded[:, 0, 0].tolist() == [64, 59, 50]
    assert torch.equal(Chain.read("fade:0")(ends, 0), ends)


@pytest.mark.parametrize(
    "text",
    ["blur:1.2", "jpeg:40", "downscale:4:bicubic", "blur:0.8,downscale:2,jpeg:50,blur:1", "sinc:2,fade:0.5,grey"],
)
def test_a_window_is_that_of_the_whole_photograph_degraded(text: str) -> None:
    """Blocks, averaged squares and what lies around a window are those of the whole, wherever it begins."""
    chain, photograph = Chain.read(text), picture(3, 150, 170)
    whole = chain(photograph, 0)
    for top, left in ((0, 0), (37, 51), (150 - 32, 170 - 48)):
        given, target = chain.cut(photograph, top, left, (32, 48), 0)
        top, left = top // chain.scale, left // chain.scale
        assert torch.equal(given, whole[:, top : top + 32 // chain.scale, left : left + 48 // chain.scale])
        top, left = top * chain.scale, left * chain.scale
        assert torch.equal(target, photograph[:, top : top + 32, left : left + 48])


def test_an_image_smaller_than_the_factor_is_refused() -> None:
    with pytest.raises(ValueError, match="3x3 pixels can't be divided by 4"):
        Chain.read("downscale:4")(constant(1, 3), 0)
