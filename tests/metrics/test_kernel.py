"""The kernel distance: by hand, without bias, and blind to the size of blocks."""

import numpy as np
import pytest
import torch

from saddlepoint.metrics import kernel_distance, squared_mmd


def cubes(x, y):
    return (np.asarray(x) @ np.asarray(y).T / np.shape(x)[1] + 1) ** 3


def test_by_hand():
    # k within x: (0·2 + 1)³ = 1; within y: (1·3 + 1)³ = 64; between: 1, 1, 27, 343.
    x, y = [[0.0], [2.0]], [[1.0], [3.0]]
    assert squared_mmd(x, y) == pytest.approx(1 + 64 - 2 * (1 + 1 + 27 + 343) / 4)
    biased = (1 + 1 + 1 + 125) / 4 + (8 + 64 + 64 + 1000) / 4 - 2 * (1 + 1 + 27 + 343) / 4
    assert squared_mmd(x, y, unbiased=False) == pytest.approx(biased)


def test_more_rows_than_a_block():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2500, 2)), rng.normal(size=(2100, 2))
    off = 1 - np.eye(2500), 1 - np.eye(2100)
    expected = (
        (cubes(x, x) * off[0]).sum() / off[0].sum()
        + (cubes(y, y) * off[1]).sum() / off[1].sum()
        - 2 * cubes(x, y).mean()
    )
    assert squared_mmd(x, y) == pytest.approx(expected, rel=1e-9)


def test_identical_sets():
    x = np.random.default_rng(1).normal(size=(40, 3))
    assert squared_mmd(x, x, unbiased=False) == pytest.approx(0, abs=1e-13)
    # The unbiased one has the diagonal in its cross term alone, which puts it below zero.
    diagonal = np.diag(cubes(x, x)).mean()
    rest = (cubes(x, x).sum() - 40 * diagonal) / (40 * 39)
    assert squared_mmd(x, x) == pytest.approx(-2 * (diagonal - rest) / 40, rel=1e-10)


def test_symmetric():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(20, 3)) + 1
    assert squared_mmd(x, y) == pytest.approx(squared_mmd(y, x), rel=1e-13)


def test_unbiased_at_the_smallest_of_samples():
    # Two rows a side from x, y = ±1 equally likely against the constant 1: k(1, 1) = 8, k(1, −1) = 0.
    # MMD² = E k(x, x′) + 8 − 2 E k(x, 1) = 4 + 8 − 8 = 4. All four samples are equally likely.
    every = [[[a], [b]] for a in (-1.0, 1.0) for b in (-1.0, 1.0)]
    assert np.mean([squared_mmd(sample, [[1.0], [1.0]]) for sample in every]) == pytest.approx(4)


def test_one_subset_of_everything_is_the_full_estimate():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 50, 4))
    found = kernel_distance(x, y, subsets=3, subset_size=50)
    assert found.mean == pytest.approx(squared_mmd(x, y), rel=1e-10)
    assert found.deviation == pytest.approx(0, abs=1e-14)


def test_subsets_are_centred_on_the_full_estimate():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(400, 4)), rng.normal(size=(300, 4)) + 0.3
    found = kernel_distance(x, y, subsets=400, subset_size=50, seed=5)
    assert found.standard_error == pytest.approx(found.deviation / 20)
    assert abs(found.mean - squared_mmd(x, y)) < 4 * found.standard_error
    assert found == kernel_distance(torch.tensor(x), torch.tensor(y), subsets=400, subset_size=50, seed=5)
    assert found != kernel_distance(x, y, subsets=400, subset_size=50, seed=6)


@pytest.mark.parametrize(
    ("size", "subsets", "word"),
    [(1, 1, "subset_size is 1"), (11, 1, "11, with 12 real and 10"), (5, 0, "subsets is 0")],
)
def test_subsets_that_can_t_be_drawn(size, subsets, word):
    with pytest.raises(ValueError, match=word):
        kernel_distance(np.zeros((12, 2)), np.zeros((10, 2)), subsets, size)


def test_no_unbiased_estimate_of_one_row():
    with pytest.raises(ValueError, match="needs 2 of each"):
        squared_mmd([[1.0]], [[1.0], [2.0]])
    assert squared_mmd([[1.0]], [[1.0]], unbiased=False) == 0


def test_the_largest_features_give_finite_numbers():
    x, y = np.random.default_rng(3).uniform(-1e48, 1e48, size=(2, 40, 3))
    found, small = (kernel_distance(x * s, y * s, subsets=3, subset_size=20) for s in (1.0, 1e-38))
    assert [found.mean, found.deviation] == pytest.approx([small.mean * 1e228, small.deviation * 1e228], rel=1e-12)
