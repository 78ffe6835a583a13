"""The stochastic bilinear game: which method noise defeats."""

import pytest
import torch

from saddlepoint.core import Batch, Batches, Outcome, seed_for
from saddlepoint.games import solve, stochastic_bilinear
from saddlepoint.methods import SVRE, Extragradient, Simultaneous


def run(game, method, h, iterations, seed=0):
    start = torch.randn(sum(game.sizes), generator=torch.Generator().manual_seed(1)).tolist()
    return solve(game, game.play(lambda _, own: torch.optim.SGD(own, lr=h), start), method, iterations, seed)


def field(game, batch, at):
    played = game.play(lambda _, own: torch.optim.SGD(own, lr=1.0), at.tolist())
    return played.field(batch).flat()


def test_the_whole_data_have_the_solution_and_a_coupling_of_one():
    """F(z* + d) = (d_y, −d_x), and an epoch's batches have that mean."""
    game = stochastic_bilinear(size=12, batch_size=3)
    d = torch.randn(24, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = torch.cat([d[12:], -d[:12]])
    whole = field(game, Batch(torch.arange(12)), game.solution + d)
    assert torch.allclose(whole, expected, atol=1e-12)
    batches = game.batches(seed=4)
    mean = sum(field(game, batches.next(), game.solution + d) for _ in range(4)) / 4
    assert torch.allclose(mean, expected, atol=1e-12)


def test_a_batch_is_a_function_of_seed_and_position():
    for independent in (False, True):
        game = stochastic_bilinear(size=20, batch_size=5, independent=independent)
        one, other, late = game.batches(1), game.batches(2), game.batches(1)
        drawn = [one.next().value.tolist() for _ in range(12)]
        late.position = 35
        assert late.next().value.tolist() == drawn[7]
        assert [other.next().value.tolist() for _ in range(12)] != drawn
        assert all(len(set(batch)) == 5 for batch in drawn)
        if not independent:
            for epoch in (drawn[:4], drawn[4:8], drawn[8:]):
                assert sorted(i for batch in epoch for i in batch) == list(range(20))
            assert drawn[:4] != drawn[4:8]


@pytest.mark.parametrize("independent", [False, True])
def test_extragradient_converges_on_the_same_batch_and_explodes_on_fresh_ones(independent):
    game = stochastic_bilinear(noise=0.0, independent=independent)
    same = run(game, Extragradient(), 0.05, 800)
    fresh = run(game, Extragradient(same_batch=False), 0.05, 800)
    assert same.distance[-1] < 0.02 * same.distance[0]
    assert fresh.outcome is Outcome.DIVERGED
    assert fresh.distance[-1] > 100 * fresh.distance[0]


def test_on_disjoint_batches_the_second_half_undoes_nothing():
    """Within an epoch batches are disjoint: each coordinate is moved by (1 + h²n²/b²) as by simultaneous descent."""
    game = stochastic_bilinear(size=20, batch_size=2, noise=0.0)
    fresh, simultaneous = (run(game, method, 0.05, 200) for method in (Extragradient(same_batch=False), Simultaneous()))
    # A step moves 2 of 20 coordinate pairs by √(1 + .5²); 200 steps move each 20 times.
    assert simultaneous.distance[-1] / simultaneous.distance[0] == pytest.approx(1.25**10, rel=1e-9)
    assert fresh.distance[-1] / fresh.distance[0] == pytest.approx(1.25**10, rel=0.6)


@pytest.mark.slow
def test_variance_reduction_goes_where_noise_stops_extragradient():
    game = stochastic_bilinear(size=20, batch_size=5)
    reduced = run(game, SVRE(k=4, batches=4), 0.1, 1600)
    wandering = run(game, Extragradient(), 0.1, 1600)
    assert reduced.distance[-1] < 5e-3 * reduced.distance[0]
    assert min(wandering.distance[400:]) > 30 * reduced.distance[-1]


def test_geometric_epochs_of_svre_have_the_mean_k_and_are_drawn_by_position_and_seed():
    def lengths(seed):
        batches = Batches(lambda position: Batch(None, 1, seed_for(seed, position)))
        found, method = [], SVRE(k=5, epochs="geometric")
        for _ in range(4000):
            found.append(method._length(batches))
            batches.next()
        return found

    drawn = lengths(0)
    assert drawn == lengths(0)
    assert drawn != lengths(1)
    # Mean k and variance k (k − 1), so ±.07 for the mean of 4,000; a length of 1 has probability 1/k.
    assert sum(drawn) / 4000 == pytest.approx(5, abs=0.28)
    assert min(drawn) == 1
    assert drawn.count(1) / 4000 == pytest.approx(0.2, abs=0.025)


def test_the_whole_data_at_once_are_the_bilinear_game():
    """√(1 − h² + h⁴) a step."""
    found = run(stochastic_bilinear(size=20, batch_size=20), Extragradient(), 0.3, 200)
    assert found.rate == pytest.approx((1 - 0.09 + 0.0081) ** 0.5, rel=1e-9)


def test_a_batch_size_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="does not divide size 100"):
        stochastic_bilinear(batch_size=7)
