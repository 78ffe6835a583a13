"""Moments in chunks, the Fréchet distance of known Gaussians, and its limit of infinitely many samples."""

import math

import numpy as np
import pytest
import torch

from saddlepoint.metrics import Moments, frechet_at_infinity, frechet_distance, frechet_from_moments


def whitened(n, d, seed=0):
    """Rows with mean exactly 0 and covariance (ddof 1) exactly I."""
    x = np.random.default_rng(seed).normal(size=(n, d))
    q, _ = np.linalg.qr(x - x.mean(0))
    return q * math.sqrt(n - 1)


def symmetric(d, seed):
    a = np.random.default_rng(seed).normal(size=(d, d))
    return a @ a.T / d


# --- moments ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cuts", [[], [1], [1, 2, 3], [100, 101, 250]])
def test_moments_don_t_depend_on_the_chunks(cuts):
    x = np.random.default_rng(0).normal(size=(300, 5))
    moments = Moments(5)
    for chunk in np.split(x, cuts):
        moments.add(chunk)
    assert moments.count == 300
    np.testing.assert_allclose(moments.mean, x.mean(0), rtol=1e-13)
    np.testing.assert_allclose(moments.cov, np.cov(x, rowvar=False), rtol=1e-12)


def test_merging_is_adding():
    x = np.random.default_rng(1).normal(size=(40, 3))
    left, right = Moments.of(x[:7]), Moments.of(x[7:])
    left.merge(right)
    left.merge(Moments(3))
    whole, empty = Moments.of(x), Moments(3)
    empty.merge(whole)
    for moments in (left, empty):
        assert moments.count == 40
        np.testing.assert_allclose(moments.mean, whole.mean, rtol=1e-13)
        np.testing.assert_allclose(moments.scatter, whole.scatter, rtol=1e-12)
    assert right.count == 33


def test_merging_leaves_the_other_alone():
    empty, other = Moments(2), Moments.of([[1.0, 2.0], [3.0, 5.0]])
    empty.merge(other)
    empty.add([[100.0, 100.0]])
    assert other.mean.tolist() == [2.0, 3.5]


def test_a_mean_far_from_zero_costs_no_digits():
    # Σxxᵀ − nμμᵀ would be off by about 1e16 · ε = 2, which is more than the whole covariance.
    x = np.random.default_rng(2).integers(-3, 4, size=(500, 4)).astype(float)
    moments = Moments(4)
    for chunk in np.split(x + 1e8, 5):
        moments.add(chunk)
    np.testing.assert_allclose(moments.cov, np.cov(x, rowvar=False), atol=1e-6)


def test_more_rows_than_a_block():
    x = np.random.default_rng(3).normal(size=(5000, 2))
    np.testing.assert_allclose(Moments.of(x).cov, np.cov(x, rowvar=False), rtol=1e-12)


@pytest.mark.parametrize(
    "as_given",
    [
        np.float32,
        np.uint8,
        torch.tensor,
        lambda x: torch.tensor(x, dtype=torch.bfloat16),
        lambda x: torch.tensor(x, dtype=torch.float16),
        lambda x: torch.tensor(x, dtype=torch.float8_e4m3fn),
        lambda x: torch.tensor(x, requires_grad=True),
        lambda x: x.tolist(),
        np.asfortranarray,
    ],
)
def test_any_kind_of_array_is_read(as_given):
    x = np.random.default_rng(4).integers(0, 9, size=(20, 3)).astype(float)
    np.testing.assert_allclose(Moments.of(as_given(x)).cov, np.cov(x, rowvar=False), rtol=1e-12)


def test_float32_features_are_summed_in_float64():
    x = np.full((4096, 1), 0.1, np.float32)
    assert Moments.of(x).mean[0] == pytest.approx(float(np.float32(0.1)), rel=1e-15)


# --- the distance -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "d"), [(50, 1), (200, 8), (10, 30), (400, 128)])
def test_identical_sets_are_at_zero(n, d):
    x = np.random.default_rng(0).normal(size=(n, d))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-10 * d)


def test_symmetric_and_blind_to_the_order_of_rows_and_to_rotation():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(60, 4)), rng.gamma(2, size=(80, 4))
    value = frechet_distance(x, y)
    rotation, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    assert value > 1
    assert frechet_distance(y, x) == pytest.approx(value, rel=1e-12)
    assert frechet_distance(x[::-1], y) == pytest.approx(value, rel=1e-12)
    assert frechet_distance(x @ rotation, y @ rotation) == pytest.approx(value, rel=1e-12)
    assert frechet_distance(3 * x, 3 * y) == pytest.approx(9 * value, rel=1e-12)


def test_commuting_covariances_by_hand():
    # diag(1, 4, 9) against diag(4, 4, 1), means 2 apart: 4 + (1−2)² + (2−2)² + (3−1)² = 9.
    x, y = whitened(100, 3) * [1, 2, 3], whitened(70, 3, seed=1) * [2, 2, 1] + [0, 2, 0]
    assert frechet_distance(x, y) == pytest.approx(9, rel=1e-12)


def test_covariances_that_don_t_commute():
    # W₂² of N(0, Σ) and N(0, A Σ A) with A symmetric positive is E‖x − A x‖² = tr (I − A) Σ (I − A).
    a = symmetric(4, 0) + np.eye(4) / 4
    root = np.linalg.cholesky(symmetric(4, 1) + np.eye(4)).T
    x = whitened(90, 4) @ root
    expected = np.trace((np.eye(4) - a) @ root.T @ root @ (np.eye(4) - a))
    assert frechet_distance(x, x @ a) == pytest.approx(expected, rel=1e-11)


def test_constant_features_count_by_their_means_alone():
    x = np.hstack([whitened(50, 2), np.full((50, 1), 5.0)])
    assert frechet_distance(x, x + np.array([0, 0, 2])) == pytest.approx(4, rel=1e-12)
    assert frechet_distance(np.ones((5, 3)), np.zeros((4, 3))) == pytest.approx(3, rel=1e-14)


def test_supports_that_touch_in_no_direction():
    # Variance 4 along one axis against 9 along the other: nothing is shared, tr Σ + tr Τ.
    x, y = np.zeros((30, 2)), np.zeros((30, 2))
    x[:, :1], y[:, 1:] = 2 * whitened(30, 1), 3 * whitened(30, 1, seed=1)
    assert frechet_distance(x, y) == pytest.approx(13, rel=1e-12)


def test_fewer_rows_than_columns_keeps_its_digits():
    # (A Σ Aᵀ) by a stretch of 3 of data in 19 of 200 dimensions: (3 − 1)² tr Σ.
    x = np.random.default_rng(6).normal(size=(20, 200))
    x -= x.mean(0)
    assert frechet_distance(x, 3 * x) == pytest.approx(4 * x.var(0, ddof=1).sum(), rel=1e-12)


def test_a_low_rank_against_a_full_one():
    # Without covariances: tr (Σ Τ)^½ is the nuclear norm of X Yᵀ, both centred and over √(n − 1).
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(20, 200)), rng.normal(size=(600, 200))
    a, b = (x - x.mean(0)) / math.sqrt(19), (y - y.mean(0)) / math.sqrt(599)
    shift = x.mean(0) - y.mean(0)
    expected = shift @ shift + (a**2).sum() + (b**2).sum() - 2 * np.linalg.norm(a @ b.T, "nuc")
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-12)


def test_streamed_is_whole():
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(100, 6)), rng.gamma(1, size=(90, 6))
    streamed = Moments(6)
    for chunk in np.array_split(y, 7):
        streamed.add(torch.from_numpy(chunk))
    assert frechet_from_moments(Moments.of(x), streamed) == pytest.approx(frechet_distance(x, y), rel=1e-12)


# --- at infinity --------------------------------------------------------------------------------------


def test_the_slope_and_the_limit_are_those_of_a_gaussian():
    # Same distribution N(0, I_d), real side all but infinite. To first order in 1/n the bias is that of the mean, d/n,
    # and of the covariance, E tr (C − I)²/4 = d(d + 1)/(4n): 26/n in all for d = 8. Means of 40 repeats, whose own
    # standard errors are about 1.0 and .0005.
    d, n, real = 8, 4000, Moments(8)
    real.count, real.scatter = 10**9, np.eye(d) * (10**9 - 1)
    found = [
        frechet_at_infinity(real, np.random.default_rng(seed).normal(size=(n, d)), seed=seed) for seed in range(40)
    ]
    assert np.mean([f.at_n for f in found]) == pytest.approx(26 / n, rel=0.1)
    assert np.mean([f.slope for f in found]) == pytest.approx(26, abs=4)
    assert np.mean([f.at_infinity for f in found]) == pytest.approx(0, abs=0.002)


def test_a_true_distance_is_kept():
    rng = np.random.default_rng(9)
    found = frechet_at_infinity(rng.normal(size=(20000, 4)), rng.normal(size=(5000, 4)) + 0.5)
    assert found.at_infinity == pytest.approx(1.0, abs=0.07)


def test_what_a_line_is_made_of():
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=(300, 3)), rng.normal(size=(200, 3))
    found = frechet_at_infinity(x, y, points=4, smallest=50, seed=1)
    assert found.sizes == (50, 100, 150, 200)
    assert found.at_n == found.values[-1] == pytest.approx(frechet_distance(x, y), rel=1e-11)
    line = np.polynomial.Polynomial.fit(1 / np.array(found.sizes), found.values, 1).convert()
    assert line.coef == pytest.approx([found.at_infinity, found.slope])
    assert frechet_at_infinity(x, y, points=4, smallest=50, seed=1) == found
    assert frechet_at_infinity(x, y, points=4, smallest=50, seed=2) != found
    assert frechet_at_infinity(Moments.of(x), y, points=4, smallest=50, seed=1) == found


@pytest.mark.parametrize("settings", [{"points": 1}, {"smallest": 1}, {"smallest": 30}, {"points": 30}])
def test_no_line_through_too_few_sizes(settings):
    with pytest.raises(ValueError, match="can't be had"):
        frechet_at_infinity(np.eye(30), np.eye(30), **settings)
