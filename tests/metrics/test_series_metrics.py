"""Metrics of windows: known values, identity, and sets that anybody can tell apart."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from saddlepoint.metrics import (
    autocorrelation_difference,
    autocorrelations,
    cross_correlation_difference,
    discriminative_scores,
    marginal_similarities,
    predictive_scores,
    unit_range,
)


def waves(n: int, seed: int, steps: int = 12, noise: float = 0.02) -> np.ndarray:
    """Two columns of one sine, of any phase, the second a step behind the first."""
    rng = np.random.default_rng(seed)
    at = np.arange(steps)[None] * 0.6 + rng.uniform(0, 2 * np.pi, (n, 1))
    both = np.stack([np.sin(at), np.sin(at - 0.6)], 2)
    return 0.5 + 0.4 * both + noise * rng.normal(size=both.shape)


@pytest.mark.slow
def test_windows_of_one_kind_are_not_told_apart() -> None:
    whole = waves(1200, 0)
    assert discriminative_scores(whole[:600], whole[600:], steps=100)[0] < 0.08


def test_windows_of_two_levels_are_told_apart_nearly_always() -> None:
    real = waves(400, 0)
    assert discriminative_scores(real, real * 0.3, steps=400)[0] > 0.4


@pytest.mark.slow
def test_a_forecaster_learns_what_is_to_be_foretold_and_no_more() -> None:
    # The second column is what the first one was: only the noise remains, of mean absolute value σ√(2/π).
    real = waves(600, 0)
    foretold = predictive_scores(real, waves(600, 1), steps=500)[0]
    assert 0.02 * np.sqrt(2 / np.pi) < foretold < 0.15
    # Columns of other windows say nothing: what is left is a sine's distance from its median, .4 · 2/π = .255.
    shuffled = real.copy()
    shuffled[..., 1] = shuffled[np.random.default_rng(2).permutation(600), :, 1]
    assert predictive_scores(shuffled, waves(600, 1), steps=150)[0] > 0.23


def test_the_same_seed_gives_the_same_score_whatever_torch_drew_before() -> None:
    real, made = waves(60, 0), waves(60, 1, noise=0.3)
    torch.manual_seed(1)
    before = discriminative_scores(real, made, steps=20)[0], predictive_scores(made, real, steps=20)[0]
    torch.manual_seed(2)
    assert (discriminative_scores(real, made, steps=20)[0], predictive_scores(made, real, steps=20)[0]) == before


def test_networks_beside_each_other_are_trained_as_if_each_were_alone() -> None:
    real, made = waves(60, 0), waves(60, 1, noise=0.3)
    for score in (discriminative_scores, predictive_scores):
        together = score(real, made, trainings=3, seed=4, steps=20)
        alone = [score(real, made, seed=4 + number, steps=20)[0] for number in range(3)]
        assert together == pytest.approx(alone, abs=1e-6)
    assert len(set(together)) == 3


def test_a_cell_is_that_of_torch() -> None:
    from saddlepoint.metrics.series import _Recurrent

    own = _Recurrent(3, 2, [torch.Generator().manual_seed(0)])
    peer = torch.nn.GRU(3, 2, batch_first=True)
    with torch.no_grad():
        for name, value in {
            "weight_ih_l0": own.given[0].T,
            "weight_hh_l0": own.held[0].T,
            "bias_ih_l0": own.given_bias[0, 0],
            "bias_hh_l0": own.held_bias[0, 0],
        }.items():
            getattr(peer, name).copy_(value)
        windows = torch.randn(4, 7, 3)
        assert torch.allclose(torch.stack(list(own.states(windows[None])), 2)[0], peer(windows)[0], atol=1e-6)


def test_autocorrelation_is_that_of_the_process() -> None:
    # x_t = φ x_{t−1} + ε: ρ_l = φ^l.
    rng = np.random.default_rng(0)
    x = np.zeros((4000, 10, 1))
    x[:, 0] = rng.normal(size=(4000, 1)) / np.sqrt(1 - 0.8**2)
    for t in range(1, 10):
        x[:, t] = 0.8 * x[:, t - 1] + rng.normal(size=(4000, 1))
    assert autocorrelations(x, 4)[:, 0] == pytest.approx([0.8, 0.64, 0.512, 0.4096], abs=0.02)
    assert autocorrelation_difference(x, x) == 0
    assert autocorrelation_difference(x, rng.normal(size=x.shape), 1) == pytest.approx(0.8, abs=0.03)


def test_a_column_that_does_not_move_correlates_with_nothing() -> None:
    still = np.full((5, 6, 2), 0.1)
    assert autocorrelations(still, 3) == pytest.approx(np.zeros((3, 2)))
    assert cross_correlation_difference(still, still) == 0


@pytest.mark.parametrize(("factor", "level"), [(2.0**100, 0), (2.0**-600, 0), (1, 2.0**33)])
def test_correlations_do_not_depend_on_the_unit_or_the_level(factor: float, level: float) -> None:
    x = np.random.default_rng(0).normal(size=(20, 8, 2)).cumsum(1).astype(np.float32).astype(float)
    moved = factor * x + level
    assert autocorrelations(moved, 3) == pytest.approx(autocorrelations(x, 3), abs=1e-4 if level else 0)
    assert cross_correlation_difference(x, moved) == pytest.approx(0, abs=1e-4 if level else 0)


def test_columns_that_turn_about_differ_by_two() -> None:
    x = np.random.default_rng(0).normal(size=(50, 6, 1))
    same, opposite = np.concatenate([x, x], 2), np.concatenate([x, -x], 2)
    assert cross_correlation_difference(same, opposite) == pytest.approx(2)
    assert cross_correlation_difference(x, x) == 0
    assert marginal_similarities(same, same) == [1.0, 1.0]
    assert marginal_similarities(x, x + 100) == [0.0]


def test_the_range_is_that_of_the_real_windows() -> None:
    real = np.array([[[1.0, 7.0], [3.0, 7.0]]])
    scaled, other = unit_range(real, np.array([[[2.0, 8.0], [5.0, 6.0]]]))
    assert scaled.tolist() == [[[0, 0], [1, 0]]]
    assert other.tolist() == [[[0.5, 1], [2, -1]]]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the same number of steps"):
        discriminative_scores(np.zeros((20, 5, 2)), np.zeros((20, 6, 2)))
    with pytest.raises(ValueError, match="at least 10"):
        predictive_scores(np.zeros((9, 5, 2)), np.zeros((20, 5, 2)))
    with pytest.raises(ValueError, match="at least 2 steps"):
        predictive_scores(np.zeros((20, 1, 2)), np.zeros((20, 1, 2)))
    with pytest.raises(ValueError, match="1 to 3"):
        autocorrelations(np.zeros((20, 5, 2)), 4)
    with pytest.raises(ValueError, match="lags is 0"):
        autocorrelation_difference(np.zeros((20, 5, 2)), np.zeros((20, 5, 2)), 0)
    with pytest.raises(ValueError, match="trainings is 0"):
        discriminative_scores(np.zeros((20, 5, 2)), np.zeros((20, 5, 2)), trainings=0)


PAIRS: dict[str, Any] = {
    "range": unit_range,
    "discriminative": partial(discriminative_scores, steps=3),
    "predictive": partial(predictive_scores, steps=3),
    "autocorrelation": autocorrelation_difference,
    "cross-correlation": cross_correlation_difference,
    "marginals": marginal_similarities,
}


@pytest.mark.parametrize("metric", PAIRS.values(), ids=PAIRS)
def test_every_metric_refuses_what_are_no_windows_by_name(metric: Any) -> None:
    good = waves(20, 0)
    bad = good.copy()
    bad[3, 2, 1] = np.nan
    for pair in ((good, bad), (bad, good)):  # else a generator of NaN is not told from the real one
        with pytest.raises(ValueError, match="windows have NaN or infinity in row 3"):
            metric(*pair)
    for none in (good[0], good[:0]):
        with pytest.raises(ValueError, match="expected \\(n, steps, columns\\)"):
            metric(none, good)
    with pytest.raises(ValueError, match="expected the same columns"):
        metric(good, good[..., :1])


@pytest.mark.parametrize("metric", PAIRS.values(), ids=PAIRS)
def test_every_metric_takes_tensors_lists_and_integers_as_their_numbers(metric: Any) -> None:
    numbers = [np.round(9 * waves(20, seed)) for seed in (0, 1)]
    expected = repr(metric(*numbers))
    for kind in (lambda w: torch.tensor(w, requires_grad=True), np.ndarray.tolist, lambda w: w[::-1].astype(int)[::-1]):
        assert repr(metric(*map(kind, numbers))) == expected
