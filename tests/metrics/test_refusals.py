"""What is wrong with features is said by name, by every metric alike."""

import math

import numpy as np
import pytest
import torch

from saddlepoint.metrics import (
    Moments,
    birthday_duplicates,
    density_coverage,
    frechet_at_infinity,
    frechet_distance,
    frechet_from_moments,
    inception_score,
    kernel_distance,
    memorisation,
    nearest_neighbours,
    nearest_others,
    precision_recall,
    sliced_wasserstein,
    squared_mmd,
)

GOOD = np.random.default_rng(0).normal(size=(40, 3))
PAIRS = {
    "frechet": frechet_distance,
    "infinity": frechet_at_infinity,
    "kernel": lambda x, y: kernel_distance(x, y, subset_size=20),
    "mmd": squared_mmd,
    "precision": precision_recall,
    "density": density_coverage,
    "neighbours": nearest_neighbours,
    "memorisation": lambda x, y: memorisation(x, y, GOOD),
    "duplicates": birthday_duplicates,
    "sliced": sliced_wasserstein,
}


@pytest.fixture(params=PAIRS)
def metric(request):
    return PAIRS[request.param]


def test_good_features_are_taken(metric):
    assert "nan" not in repr(metric(GOOD, GOOD + 1))


def test_float32_tensors_give_what_their_float64_gives(metric):
    given = torch.from_numpy(GOOD).float()
    assert repr(metric(given, given + 1)) == repr(metric(given.double(), (given + 1).double()))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_what_is_not_finite_is_found(metric, bad, side):
    broken = GOOD.copy()
    broken[17, 2] = bad
    pair = [GOOD, GOOD]
    pair[side] = broken
    with pytest.raises(ValueError, match="features have NaN or infinity in row 17"):
        metric(*pair)


def test_a_bad_row_in_a_late_block_keeps_its_number():
    x = np.zeros((3000, 2), np.float32)
    x[2999, 0] = np.nan
    with pytest.raises(ValueError, match="row 2999"):
        frechet_distance(x, x)


def test_widths_must_agree(metric):
    with pytest.raises(ValueError, match=r"have width 3, .* 2: take both from one extractor"):
        metric(GOOD, GOOD[:, :2])


@pytest.mark.parametrize("shape", [(40,), (0, 3), (40, 0), (4, 3, 1)])
def test_shapes(metric, shape):
    with pytest.raises(ValueError, match=r"features have shape .*: give \(n, d\)"):
        metric(np.zeros(shape), GOOD)


@pytest.mark.parametrize("given", [np.full((40, 3), 1j), np.full((40, 3), "a"), np.full((40, 3), None)])
def test_what_is_no_number(metric, given):
    with pytest.raises(ValueError, match="give real numbers"):
        metric(given, GOOD)


def test_values_whose_powers_overflow(metric):
    with pytest.raises(ValueError, match=r"features have values beyond 1e\+48: scale them down"):
        metric(GOOD * 1e60, GOOD)


@pytest.mark.parametrize(
    ("given", "remedy"),
    [(np.ma.masked_greater(GOOD, 1), "leave their rows out"), ([[1.0, 2.0], [3.0]], "rows of one length")],
)
def test_rows_that_are_not_whole(metric, given, remedy):
    with pytest.raises(ValueError, match=remedy):
        metric(given, GOOD)


@pytest.mark.parametrize("name", ["frechet", "mmd", "precision", "density", "duplicates", "kernel", "infinity"])
@pytest.mark.parametrize("side", [0, 1])
def test_one_row_is_too_few_for_what_needs_pairs(name, side):
    pair = [GOOD, GOOD]
    pair[side] = GOOD[:1]
    if (name, side) == ("density", 1):
        assert PAIRS[name](*pair).coverage > 0  # one generated row can be counted in balls
        return
    with pytest.raises(ValueError, match=r"row"):
        PAIRS[name](*pair)


def test_one_row_has_a_neighbour_and_a_transport():
    assert nearest_neighbours(GOOD[:1], GOOD[:1]).distances.tolist() == [[0]]
    assert sliced_wasserstein(GOOD[:1], GOOD[:1]) == 0


@pytest.mark.parametrize("metric", [precision_recall, density_coverage])
def test_k_must_be_below_the_number_of_rows(metric):
    with pytest.raises(ValueError, match="k is 3, with 3 rows of real features: give more rows than k"):
        metric(GOOD[:3], GOOD, k=3)
    with pytest.raises(ValueError, match="k is 0: give at least 1"):
        metric(GOOD, GOOD, k=0)


def test_precision_names_the_side_that_is_short():
    with pytest.raises(ValueError, match="2 rows of generated features"):
        precision_recall(GOOD, GOOD[:2], k=2)


@pytest.mark.parametrize("k", [0, 41])
def test_neighbours_that_are_not_there(k):
    with pytest.raises(ValueError, match=f"k is {k}, with 40 real rows: give 1 to 40"):
        nearest_neighbours(GOOD, GOOD, k)
    with pytest.raises(ValueError, match=f"k is {k}"):
        nearest_others(GOOD, k)


def test_a_quantile_is_a_share():
    with pytest.raises(ValueError, match=r"quantile is 1\.5"):
        birthday_duplicates(GOOD, GOOD, quantile=1.5)


def test_memorisation_names_the_held_out_set():
    with pytest.raises(ValueError, match="held-out features have NaN"):
        memorisation(GOOD, GOOD, GOOD * math.nan)


def test_logits_are_looked_at_too():
    with pytest.raises(ValueError, match="logit features have NaN"):
        inception_score(GOOD * math.nan)


def test_moments():
    with pytest.raises(ValueError, match="width is 0"):
        Moments(0)
    moments = Moments(3)
    with pytest.raises(ValueError, match="the chunk has width 2, the moments have 3"):
        moments.add(GOOD[:, :2])
    with pytest.raises(ValueError, match="widths 3 and 2"):
        moments.merge(Moments(2))
    with pytest.raises(ValueError, match="widths 3 and 2"):
        frechet_from_moments(moments, Moments(2))
    moments.add(GOOD[:1])
    with pytest.raises(ValueError, match="1 rows were seen: a covariance needs at least 2"):
        _ = moments.cov
