"""What is made of nearest neighbours: distances, supports, copies, duplicates."""

import numpy as np
import prdc
import pytest
import torch

from saddlepoint.evaluation.closeness import Closeness
from saddlepoint.metrics import (
    birthday_duplicates,
    density_coverage,
    memorisation,
    memorised,
    nearest_neighbours,
    nearest_others,
    precision_recall,
)


def distances(x, y):
    return np.sqrt(np.square(x[:, None] - y[None]).sum(-1))


# --- neighbours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 700])
def test_all_pairs_say_the_same(k):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(700, 2))
    found, every = nearest_neighbours(x, y, k), distances(x, y)
    np.testing.assert_array_equal(found.indices, np.argsort(every, axis=1)[:, :k])
    np.testing.assert_allclose(found.distances, np.sort(every, axis=1)[:, :k], rtol=1e-14)


def test_more_rows_than_a_tile():
    rng = np.random.default_rng(1)
    x, y = rng.permutation(np.arange(6000.0))[:2500, None], np.arange(6000.0)[:, None] + 0.25
    found = nearest_neighbours(torch.from_numpy(x).float(), y, k=2)
    np.testing.assert_array_equal(found.indices[:, 0], x[:, 0])
    np.testing.assert_array_equal(found.distances[:, 0], 0.25)
    np.testing.assert_array_equal(found.distances[1:, 1][x[1:, 0] > 0], 0.75)
    line = nearest_others(np.arange(2, 6000.0)[:, None] ** 2)
    assert line.indices[:, 0].tolist() == [1, *range(5997)]


def test_a_copy_is_at_zero_however_far_from_the_origin():
    x = np.random.default_rng(2).normal(size=(50, 40)) + 1e6
    found = nearest_neighbours(x[::-1], x)
    np.testing.assert_array_equal(found.indices[:, 0], np.arange(50)[::-1])
    np.testing.assert_array_equal(found.distances, 0)


def test_equal_distances_come_in_order():
    assert nearest_neighbours([[0.0]], [[1.0], [-1.0], [1.0]], k=3).indices.tolist() == [[0, 1, 2]]


def test_a_row_is_no_neighbour_of_itself_but_its_double_is():
    found = nearest_others([[0.0], [3.0], [0.0]], k=2)
    assert found.indices.tolist() == [[2, 1], [0, 2], [0, 1]]
    assert found.distances.tolist() == [[0, 3], [3, 3], [0, 3]]


# --- precision, recall, density, coverage -----------------------------------------------------------------


def by_definition(x, y, k):
    real, generated, cross = (distances(*pair) for pair in ((x, x), (y, y), (x, y)))
    r, g = np.sort(real, axis=1)[:, k], np.sort(generated, axis=1)[:, k]  # column 0 is the row itself
    closed, inside = cross <= r[:, None], cross < r[:, None]
    return closed.any(0).mean(), (cross <= g).any(1).mean(), inside.sum() / (k * len(y)), inside.any(1).mean()


def found_by(x, y, k):
    balls, fill = precision_recall(x, y, k), density_coverage(x, y, k)
    return balls.precision, balls.recall, fill.density, fill.coverage


@pytest.mark.parametrize("k", [1, 5])
def test_supports_by_their_definition(k):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(120, 3)), rng.normal(size=(90, 3)) * 1.3 + 0.4
    assert found_by(x, y, k) == pytest.approx(by_definition(x, y, k), rel=1e-14)
    assert 0 < found_by(x, y, k)[0] < 1


def test_supports_over_several_tiles():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2300, 2)), rng.normal(size=(2100, 2)) + 0.5
    assert found_by(x, y, 3) == pytest.approx(by_definition(x, y, 3), rel=1e-14)


def test_swapping_the_sets_swaps_precision_and_recall():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(80, 2)), rng.normal(size=(70, 2)) + 1
    one, other = precision_recall(x, y), precision_recall(y, x)
    assert (one.precision, one.recall) == (other.recall, other.precision)


@pytest.mark.parametrize("d", [1, 2, 40, 3000])
@pytest.mark.parametrize("k", [1, 4])
def test_identical_sets_fill_each_open_ball_with_k(d, k):
    # The k-th neighbour is on the rim of its ball: rounding in d dimensions must neither throw it out nor let it in.
    x = np.random.default_rng(6).normal(size=(60, d)) + 3
    assert found_by(x, x, k) == (1, 1, 1, 1)


@pytest.mark.parametrize("levels", [2, 4])
@pytest.mark.parametrize("k", [1, 5])
def test_density_and_coverage_of_quantised_features_are_those_of_prdc(levels, k):
    rng = np.random.default_rng(8)
    x, y = (rng.integers(levels, size=(n, 6)).astype(float) for n in (150, 120))
    expected = prdc.compute_prdc(x, y, nearest_k=k)
    found = density_coverage(x, y, k)
    assert (found.density, found.coverage) == pytest.approx((expected["density"], expected["coverage"]), abs=1e-12)


def clusters(gap, width):
    """Real and generated rows of two clusters, and what lies between them."""
    rng = np.random.default_rng(13)
    return [np.vstack([rng.normal(size=(n, 3)), rng.normal(size=(n, 3)) + gap]) * width for n in (60, 50)]


def outlier(side):
    pair = list(np.random.default_rng(14).normal(size=(2, 80, 3)))
    pair[side] = np.vstack([pair[side], [[1e12, -1e12, 1e12]]])
    return pair


def nearly_copied():
    rng = np.random.default_rng(15)
    points = rng.normal(size=(5, 3))
    return [points[rng.integers(5, size=80)] + 1e-9 * rng.normal(size=(80, 3)) for _ in range(2)]


@pytest.mark.parametrize(
    "pair",
    [clusters(1e8, 1), clusters(1e8, 1e-8), outlier(0), outlier(1), nearly_copied()],
    ids=["far clusters", "narrow clusters", "real outlier", "generated outlier", "nearly copies"],
)
def test_distances_far_below_the_lengths_of_rows_keep_their_digits(pair):
    # ‖a‖² + ‖b‖² − 2 a·b has nothing left of them.
    x, y = pair
    assert found_by(x, y, 3) == pytest.approx(by_definition(x, y, 3), rel=1e-14)
    np.testing.assert_array_equal(nearest_neighbours(y, x).indices[:, 0], distances(y, x).argmin(1))
    within = distances(x, x) + np.diag(np.full(len(x), np.inf))
    found = birthday_duplicates(x, y, quantile=0.25)
    assert found.threshold == pytest.approx(np.quantile(within.min(1), 0.25), rel=1e-12)
    assert found.pairs == (distances(y, y)[np.triu_indices(len(y), 1)] <= found.threshold).sum()


@pytest.mark.parametrize("exponent", [-1000, -565, -500, 150])
@pytest.mark.parametrize("kind", ["normal", "tied", "constant"])
def test_huge_and_tiny_features_give_what_they_give_at_any_scale(kind, exponent):
    # Squares underflow below 1e-154; a power of two changes no digit.
    rng = np.random.default_rng(16)
    x, y = (rng.normal(size=(n, 4)) if kind == "normal" else rng.integers(3, size=(n, 4)) * 1.0 for n in (60, 50))
    if kind == "constant":
        x, y = np.ones((10, 2)), np.ones((8, 2))
    scale = 2.0**exponent
    assert found_by(x * scale, y * scale, 3) == pytest.approx(by_definition(x, y, 3), rel=1e-14)
    near = nearest_neighbours(y * scale, x * scale).distances
    np.testing.assert_allclose(near / scale, nearest_neighbours(y, x).distances, rtol=1e-12)
    held_out = np.vstack([x, y])[::2]
    at_one, scaled = memorisation(x, y, held_out), memorisation(x * scale, y * scale, held_out * scale)
    assert (scaled.closer, scaled.z) == (at_one.closer, at_one.z)
    ones, others = birthday_duplicates(x, y, 0.2), birthday_duplicates(x * scale, y * scale, 0.2)
    assert (others.pairs, others.support, others.real_support) == (ones.pairs, ones.support, ones.real_support)


def test_tiny_clusters_beside_a_far_one_keep_their_distances():
    rng = np.random.default_rng(17)
    x, y = (np.vstack([rng.normal(size=(n, 3)), np.full((5, 3), 1e12)]) for n in (40, 30))
    tiny = [np.vstack([each[:-5] * 1e-200, np.ones((5, 3))]) for each in (x, y)]
    assert found_by(*tiny, 3) == pytest.approx(by_definition(x, y, 3), rel=1e-14)


def test_far_sets_share_nothing():
    x = np.random.default_rng(7).normal(size=(50, 2))
    assert found_by(x, x + 1e3, 3) == (0, 0, 0, 0)


def test_one_mode_of_two_has_half_the_recall_and_all_the_precision():
    rng = np.random.default_rng(8)
    near, far = rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + 100
    precision, recall, _, coverage = found_by(np.vstack([near, far]), rng.normal(size=(400, 2)) * 0.5, 5)
    assert precision > 0.99
    assert recall < 0.5
    assert coverage < 0.5


def test_an_outlier_buys_recall_and_no_coverage():
    # One generated row far out opens a ball over the real mode that the generator never visits.
    rng = np.random.default_rng(9)
    real = np.vstack([rng.normal(size=(100, 2)), rng.normal(size=(100, 2)) + np.array([50, 0])])
    generated = np.vstack([rng.normal(size=(200, 2)), [[100.0, 0.0]]])
    _, recall, _, coverage = found_by(real, generated[:-1], 1)
    _, with_outlier, _, coverage_with_outlier = found_by(real, generated, 1)
    assert with_outlier == recall + 0.5
    assert coverage_with_outlier == coverage < 0.5


def test_density_and_coverage_of_one_distribution_are_the_papers():
    # Expected density 1; coverage 1 − Π (n − i)/(2n − i) over i = 1 … k, which no distribution changes.
    rng = np.random.default_rng(10)
    n, k = 1500, 5
    found = density_coverage(rng.normal(size=(n, 4)), rng.normal(size=(n, 4)), k)
    expected = 1 - np.prod([(n - i) / (2 * n - i) for i in range(1, k + 1)])
    assert expected == pytest.approx(0.96895, abs=1e-4)
    assert found.density == pytest.approx(1, abs=0.04)
    assert found.coverage == pytest.approx(expected, abs=0.02)


def test_constant_features_are_one_point():
    # Open balls of radius 0 hold nothing; closed ones hold their centre.
    assert found_by(np.ones((6, 3)), np.ones((5, 3)), 2) == (1, 1, 0, 0)
    assert found_by(np.ones((6, 3)), np.zeros((5, 3)), 2) == (0, 0, 0, 0)


def test_pixels_on_the_rim_stay_inside_of_closed_balls_and_outside_of_open_ones():
    # Quantised features: many distances are equal, and all are exact in integers.
    rng = np.random.default_rng(11)
    x, y = rng.integers(0, 3, size=(150, 6)), rng.integers(0, 3, size=(140, 6))
    square = [np.square(a[:, None] - b[None]).sum(-1) for a, b in ((x, x), (y, y), (x, y))]
    reach = np.sort(square[0], axis=1)[:, 3, None]
    found = found_by(x / 255 + 0.1, y / 255 + 0.1, 3)
    assert found[0] == (square[2] <= reach).any(0).mean()
    assert found[2] == (square[2] < reach).sum() / (3 * 140)


# --- memorisation -------------------------------------------------------------------------------------


def test_new_data_are_no_copies():
    scores = []
    for seed in range(20):
        train, new, held_out = np.random.default_rng(seed).normal(size=(3, 150, 3))
        scores.append(memorisation(new, train, held_out).z)
    assert abs(np.mean(scores)) < 1
    assert max(map(abs, scores)) < 5


def test_copies_and_misses_have_opposite_signs():
    rng = np.random.default_rng(1)
    train, held_out = rng.normal(size=(2, 100, 3))
    near = 1e-6 * (1 + np.arange(100.0)[:, None] / 100)  # no ties
    copied = memorisation(train + near, train, held_out)
    missed = memorisation(held_out + 50, train, held_out)
    assert (copied.closer, missed.closer) == (1, 0)
    # U = 0 of 100 · 100, no ties: −5000/√(10⁴ · 201/12).
    assert copied.z == pytest.approx(-5000 / (1e4 * 201 / 12) ** 0.5)
    assert missed.z == pytest.approx(-copied.z)
    assert copied.generated == pytest.approx(1.495e-6 * 3**0.5)
    assert copied.held_out > 0.1


def test_memorisation_is_the_mann_whitney_test():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(2)
    train = np.arange(0, 40, 4.0)[:, None]
    generated, held_out = rng.integers(0, 40, size=(30, 1)), rng.integers(0, 38, size=(25, 1))  # with ties
    ours, theirs = (distances(x, train).min(1) for x in (generated, held_out))
    found = memorisation(generated, train, held_out)
    expected = stats.mannwhitneyu(ours, theirs, method="asymptotic", use_continuity=False)
    assert found.closer == pytest.approx(1 - expected.statistic / (30 * 25))
    assert 2 * stats.norm.sf(abs(found.z)) == pytest.approx(expected.pvalue)


def test_a_held_out_set_is_itself():
    train, new = np.random.default_rng(3).normal(size=(2, 30, 2))
    found = memorisation(new, train, new)
    assert (found.closer, found.z) == (0.5, 0)


def test_all_copies_on_both_sides_say_nothing():
    train = np.random.default_rng(4).normal(size=(20, 2))
    found = memorisation(train, train, train[:5])
    assert (found.closer, found.z, found.generated) == (0.5, 0, 0)


# --- duplicates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [50, 1000])
def test_the_support_of_a_generator_of_n_points(points):
    rng = np.random.default_rng(5)
    real, support = rng.normal(size=(1500, 10)), rng.normal(size=(points, 10)) * 2
    generated = support[rng.integers(points, size=1500)] + 1e-4 * rng.normal(size=(1500, 10))
    found = birthday_duplicates(real, generated)
    # c pairs come with standard deviation √(n²/(2N)): 1,125 ± 34 at N = 1000.
    assert found.support == pytest.approx(points, rel=0.1)
    assert found.lowest < found.support < found.highest
    assert found.real_support > 50_000


def test_unequal_probabilities_count_as_their_inverse_square_sum():
    # p = (½, ¼, ¼): 1/(¼ + 1/16 + 1/16) = 8/3.
    rng = np.random.default_rng(6)
    generated = np.eye(3)[rng.choice(3, p=[0.5, 0.25, 0.25], size=2000)]
    assert birthday_duplicates(rng.normal(size=(100, 3)), generated).support == pytest.approx(8 / 3, rel=0.05)


def test_a_collapsed_generator_has_one_point():
    real = np.random.default_rng(7).normal(size=(100, 3))
    found = birthday_duplicates(real, np.full((40, 3), 0.3))
    assert (found.pairs, found.support, found.lowest) == (40 * 39 // 2, 1, 1)


def test_no_duplicates_leave_a_lower_bound():
    # The exact Poisson interval of 0 ends at −log .025 = 3.689.
    real = np.random.default_rng(8).normal(size=(100, 3))
    found = birthday_duplicates(real, np.arange(20.0)[:, None] * np.ones(3) * 10, quantile=0.05)
    assert (found.pairs, found.support, found.highest) == (0, np.inf, np.inf)
    assert found.lowest == pytest.approx(190 / -np.log(0.025))


def test_the_real_set_is_its_own_measure():
    real = np.random.default_rng(9).normal(size=(400, 3))
    found = birthday_duplicates(real, real, quantile=0.05)
    assert found.support == found.real_support
    # 5 % of 400 rows have a neighbour that near: 10 to 20 pairs, by whether they are mutual.
    assert 10 <= found.pairs <= 20


def test_only_exact_copies_where_the_real_set_has_them():
    real = np.repeat(np.random.default_rng(10).normal(size=(50, 20)), 2, axis=0)
    found = birthday_duplicates(real, real + 1e-3 * np.random.default_rng(11).normal(size=real.shape))
    assert found.threshold == 0
    assert found.pairs == 0
    assert birthday_duplicates(real, real).pairs == 50


def test_duplicates_over_several_tiles():
    rng = np.random.default_rng(12)
    x = np.arange(2600.0)[:, None]
    generated = rng.permutation(np.concatenate([x, x[:300] + 1e-9]))
    found = birthday_duplicates(x / 2, generated, quantile=0)
    assert (found.threshold, found.pairs) == (0.5, 300)


@pytest.mark.parametrize("labelled", [True, False])
def test_what_is_kept_of_training_samples_changes_no_number(labelled):
    r = np.random.default_rng(3)
    training = np.round(r.normal(size=(90, 4)), 1)
    training[50:60] = training[:10]  # some are there twice
    made = np.concatenate([training[20:30], np.round(r.normal(size=(60, 4)), 1)])
    classes, asked = torch.arange(90) % 3, torch.arange(70) % 3
    look = Closeness(lambda: torch.from_numpy(training), classes)
    rows, real = (np.float32(x).astype(float) for x in (made, training))
    near = classes.numpy()[nearest_neighbours(rows, real).indices[:, 0]]
    for _ in range(2):  # the second time by what was kept
        found = look(torch.from_numpy(made), asked if labelled else None)
        assert found["precision"] == precision_recall(real[:70], rows).precision
        assert found["coverage"] == density_coverage(real[:70], rows).coverage
        assert found["memorised"] == memorised(rows, real).mean() > 0
        if labelled:
            assert found["class_agreement"] == (near == asked.numpy()).mean()
        else:
            shares = [np.bincount(own, minlength=3) / len(own) for own in (near, classes.numpy())]
            assert found["class_gap"] == np.abs(shares[0] - shares[1]).sum() / 2
