"""Scores of a classifier's answers: Inception Score and modes."""

import math

import numpy as np
import pytest
import torch

from saddlepoint.metrics import inception_score, mode_coverage

# --- Inception Score ----------------------------------------------------------------------------------


def test_a_classifier_that_knows_nothing_gives_one():
    found = inception_score(np.full((50, 7), 3.0), splits=5)
    assert found.mean == pytest.approx(1, rel=1e-14)
    assert found.deviation == pytest.approx(0, abs=1e-14)


def test_certain_and_even_gives_the_number_of_classes():
    found = inception_score(torch.eye(6).repeat(10, 1) * 1e4, splits=2)
    assert (found.mean, found.deviation) == (pytest.approx(6), pytest.approx(0, abs=1e-9))


def test_certain_of_one_class_gives_one():
    assert inception_score(np.eye(5)[np.zeros(20, int)] * 1e4, splits=1).mean == pytest.approx(1)


def test_by_hand():
    # Rows (¾, ¼) and (¼, ¾), marginal (½, ½): KL = ¾ log 3/2 + ¼ log 1/2 each.
    logits = np.log([[3.0, 1.0], [1.0, 3.0]])
    expected = math.exp(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    assert inception_score(logits, splits=1).mean == pytest.approx(expected, rel=1e-14)


def test_a_shift_of_a_row_changes_nothing():
    logits = np.random.default_rng(0).normal(size=(30, 4))
    shifted = logits + np.arange(30)[:, None] * 50
    assert inception_score(shifted, 3).mean == pytest.approx(inception_score(logits, 3).mean, rel=1e-12)


def test_splits_are_neighbouring_rows():
    # Ten rows of class 0, then ten of class 1: each half is certain of one, the whole of two.
    logits = np.repeat(np.eye(2), 10, axis=0) * 1e4
    assert inception_score(logits, splits=2).mean == pytest.approx(1)
    assert inception_score(logits, splits=1).mean == pytest.approx(2)


def test_uneven_splits_keep_every_row():
    logits = np.random.default_rng(1).normal(size=(7, 3))
    parts = [logits[:2], logits[2:4], logits[4:]]
    scores = [inception_score(part, 1).mean for part in parts]
    found = inception_score(logits, 3)
    assert (found.mean, found.deviation) == (pytest.approx(np.mean(scores)), pytest.approx(np.std(scores)))


@pytest.mark.parametrize("splits", [0, 6])
def test_splits_that_can_t_be_had(splits):
    with pytest.raises(ValueError, match=f"splits is {splits}, with 5 rows"):
        inception_score(np.zeros((5, 2)), splits)


# --- modes --------------------------------------------------------------------------------------------


def test_even_labels_hit_all_modes_at_no_divergence():
    found = mode_coverage(np.tile(np.arange(10), 5), classes=10, reference=np.full(10, 7))
    assert (found.modes, found.kl_to_uniform, found.kl_to_reference) == (10, 0, 0)


def test_one_mode_is_log_classes_away():
    found = mode_coverage(torch.full((30,), 3), classes=1000)
    assert found.modes == 1
    assert found.kl_to_uniform == pytest.approx(math.log(1000), rel=1e-14)
    assert found.kl_to_reference is None


def test_the_divergence_to_a_reference_by_hand():
    # p̂ = (¾, ¼, 0) to q = (½, ¼, ¼): ¾ log 3/2.
    found = mode_coverage([0, 0, 1, 0], classes=3, reference=[2, 1, 1])
    assert found.kl_to_reference == pytest.approx(0.75 * math.log(1.5), rel=1e-14)
    assert found.kl_to_uniform == pytest.approx(0.75 * math.log(2.25) + 0.25 * math.log(0.75), rel=1e-13)


def test_what_the_reference_lacks_is_infinitely_far():
    assert mode_coverage([0, 1], classes=2, reference=[1.0, 0.0]).kl_to_reference == math.inf


def test_the_floor_is_what_right_labels_give():
    # 2 n KL is nearly χ² with 99 degrees of freedom: the mean of 200 has relative standard error √(2/99/200) = 1 %.
    n, rng = 5000, np.random.default_rng(2)
    found = [mode_coverage(rng.integers(100, size=n), classes=100) for _ in range(200)]
    assert found[0].floor == 99 / 10000
    assert np.mean([f.kl_to_uniform for f in found]) == pytest.approx(found[0].floor, rel=0.05)


def test_stacked_mnist_s_floor():
    assert mode_coverage(np.zeros(26000, int), classes=1000).floor == pytest.approx(0.0192, abs=5e-5)


@pytest.mark.parametrize(
    ("labels", "classes", "reference", "word"),
    [
        ([0, 3], 3, None, "labels go from 0 to 3: give them from 0 to 2"),
        ([-1, 0], 3, None, "labels go from -1"),
        ([], 3, None, "labels have shape"),
        ([0.0, 1.0], 3, None, "float64: give integers"),
        ([[0], [1]], 3, None, "shape"),
        ([0], 0, None, "classes is 0"),
        ([0], 3, [1, 1], "give 3 probabilities"),
        ([0], 2, [1, -1], "none negative"),
        ([0], 2, [0, 0], "not all zero"),
        ([0], 2, [math.nan, 1], "probabilities"),
    ],
)
def test_labels_and_references_that_are_none(labels, classes, reference, word):
    with pytest.raises(ValueError, match=word):
        mode_coverage(labels, classes, reference)
