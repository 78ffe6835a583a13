"""The sliced Wasserstein distance and that of pyramid patches."""

import math

import numpy as np
import pytest
import torch

from saddlepoint.metrics import pyramid_distance, sliced_wasserstein
from saddlepoint.metrics.pyramid import _levels

# --- features -----------------------------------------------------------------------------------------


def test_in_one_dimension_it_is_transport():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 50, 1))
    expected = np.abs(np.sort(x[:, 0]) - np.sort(y[:, 0])).mean()
    assert sliced_wasserstein(x, y, projections=3) == pytest.approx(expected, rel=1e-12)


def test_unequal_sizes_by_hand():
    # Half of the mass at 0 goes to 0, 1/6 of all from 0 to 3, 1/3 from 6 to 3, 1/6 stays at 6 … as ∫|F − G|:
    # F = ½ on [0, 6); G = 1/3 on [0, 3), 2/3 on [3, 6): 3/6 + 3/6.
    assert sliced_wasserstein([[0.0], [6.0]], [[0.0], [3.0], [6.0]]) == pytest.approx(1, rel=1e-14)


def test_repeating_rows_changes_nothing():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(30, 3)) + 1
    value = sliced_wasserstein(x, y)
    assert sliced_wasserstein(np.repeat(x, 3, axis=0), np.repeat(y, 2, axis=0)) == pytest.approx(value, rel=1e-12)
    assert sliced_wasserstein(np.repeat(x, 2, axis=0), y) == pytest.approx(value, rel=1e-12)


def test_unequal_sizes_agree_with_scipy():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(40, 1)), rng.integers(0, 4, size=(33, 1))
    expected = stats.wasserstein_distance(x[:, 0], y[:, 0])
    assert sliced_wasserstein(x, y) == pytest.approx(expected, rel=1e-12)


def test_a_shift_has_its_mean_projection():
    # W₁ along θ is |a·θ|, whose mean over the sphere is ‖a‖ Γ(d/2)/(√π Γ((d + 1)/2)): relative spread about .7/√4000.
    d, a = 5, np.array([3.0, 0, 0, 0, 4.0])
    x = np.random.default_rng(3).normal(size=(40, d))
    expected = 5 * math.gamma(d / 2) / (math.sqrt(math.pi) * math.gamma((d + 1) / 2))
    assert sliced_wasserstein(x, x + a, projections=4000) == pytest.approx(expected, rel=0.04)


def test_a_distance():
    rng = np.random.default_rng(4)
    x, y, z = rng.normal(size=(3, 30, 4)) * [[[1.0]], [[2.0]], [[0.5]]]
    between = lambda a, b: sliced_wasserstein(a, b, projections=100)  # noqa: E731
    assert between(x, x[::-1]) == pytest.approx(0, abs=1e-14)
    assert between(x, y) == pytest.approx(between(y, x), rel=1e-13)
    assert between(x, z) <= between(x, y) + between(y, z)
    assert between(2 * x, 2 * torch.from_numpy(y)) == pytest.approx(2 * between(x, y), rel=1e-12)


def test_directions_are_the_seeds_and_noise_falls_with_their_number():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(50, 6)), rng.normal(size=(50, 6)) + 2 * np.eye(6)[0]
    assert sliced_wasserstein(x, y, seed=1) == sliced_wasserstein(x, y, seed=1)
    spread = {p: np.std([sliced_wasserstein(x, y, p, seed) for seed in range(30)]) for p in (4, 256)}
    assert 4 < spread[4] / spread[256] < 16  # 8 in the mean


def test_no_projections():
    with pytest.raises(ValueError, match="projections is 0"):
        sliced_wasserstein([[1.0]], [[2.0]], projections=0)


# --- image patches ------------------------------------------------------------------------------------


def noise(n=60, c=1, side=32, seed=0):
    return np.random.default_rng(seed).normal(size=(n, c, side, side))


@pytest.mark.parametrize(
    ("shape", "smallest", "sides"),
    [
        ((1, 32, 32), 16, (32, 16)),
        ((3, 64, 48), 12, (48, 24, 12)),
        ((1, 28, 28), 16, (28,)),
        ((1, 29, 31), 7, (29, 15, 8)),
    ],
)
def test_levels(shape, smallest, sides):
    images = np.random.default_rng(0).normal(size=(4, *shape))
    assert pyramid_distance(images, images, smallest, patches=2, projections=4).sides == sides


def test_identical_sets_are_at_zero_and_two_samples_near_it():
    one, other = noise(), noise(seed=1)
    assert pyramid_distance(one, one, patches=16).values == (0, 0)
    assert pyramid_distance(one, other, patches=64).mean < 0.05


def test_a_blurred_set_is_told_at_the_fine_level():
    # The rows' mean with both neighbours: takes most of the finest detail, little of the coarse picture.
    x = noise()
    fine, coarse = pyramid_distance(x, (np.roll(x, 1, 2) + x + np.roll(x, -1, 2)) / 3, patches=64).values
    assert fine > 2 * coarse


def test_a_change_of_brightness_or_contrast_of_the_set_is_not_seen():
    x = noise(c=2)
    assert pyramid_distance(x, 3 * x + 5, patches=8).mean == pytest.approx(0, abs=1e-10)


def test_flat_images_have_no_detail():
    one, other = (np.random.default_rng(seed).uniform(size=(50, 3, 1, 1)) * np.ones((32, 32)) for seed in (0, 1))
    fine, coarse = pyramid_distance(one, other, patches=4).values
    assert fine < 1e-12
    assert coarse > 1e-3


@pytest.mark.parametrize("grey", [0.1, 0.3, 0.7])
def test_a_set_of_one_grey_is_not_blown_up_to_deviation_one(grey):
    # The mean of many 0.1s is not quite 0.1.
    flat, black = np.full((10, 1, 32, 32), grey), np.zeros((10, 1, 32, 32))
    assert pyramid_distance(flat, black, patches=4).mean < 1e-12


def test_a_smooth_slope_is_all_in_the_coarse_level():
    # Blowing up by the binomial is exact on straight lines: away from the borders the fine level is 0.
    line = np.broadcast_to(np.arange(64.0), (3, 1, 64, 64))
    fine, coarse = _levels(line.copy(), 32)
    np.testing.assert_allclose(fine[..., 4:-4], 0, atol=1e-12)
    np.testing.assert_allclose(coarse[..., 2:-2], line[..., :32, ::2][..., 2:-2], atol=1e-12)


@pytest.mark.parametrize(
    ("real", "settings", "word"),
    [
        (np.zeros((3, 32, 32)), {}, "give \\(n, c, h, w\\)"),
        (np.zeros((3, 3, 32, 32)), {}, "shapes"),
        (np.zeros((0, 1, 32, 32)), {}, "shapes"),
        (np.full((3, 1, 32, 32), np.nan), {}, "real images have NaN"),
        (np.zeros((3, 1, 32, 32)), {"smallest": 6}, "smallest is 6"),
        (np.zeros((3, 1, 32, 32)), {"patches": 0}, "patches 0"),
    ],
)
def test_what_is_no_set_of_images(real, settings, word):
    with pytest.raises(ValueError, match=word):
        pyramid_distance(real, np.zeros((3, 1, 32, 32)), **settings)
