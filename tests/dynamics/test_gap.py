"""The duality gap on games where the best reply is known."""

import pytest
import torch
from torch import nn

from saddlepoint.core import Batch, Batches, Game, NonFinite
from saddlepoint.dynamics import duality_gap
from saddlepoint.games import bilinear, quadratic


def sgd(player, parameters):
    return torch.optim.SGD(parameters, lr=0.5)


@pytest.mark.parametrize(("mu", "sigma"), [(0.5, 1.0), (1.0, 0.3), (0.8, 2.0)])
@pytest.mark.parametrize("start", [[1.0, 1.0], [-2.0, 0.5], [0.0, 0.25]])
def test_quadratic_game_has_the_closed_form(mu, sigma, start):
    """min over x' of f is at x' = −σy/μ: gains (μx + σy)²/2μ and (μy − σx)²/2μ, in sum (μ² + σ²)/2μ · ‖z‖²."""
    x, y = start
    gap = duality_gap(quadratic(mu=mu, sigma=sigma).play(sgd, start), Batches.none(), Batch(None), steps=80)
    assert gap.gains["generator"] == pytest.approx((mu * x + sigma * y) ** 2 / (2 * mu), abs=1e-9)
    assert gap.gains["discriminator"] == pytest.approx((mu * y - sigma * x) ** 2 / (2 * mu), abs=1e-9)
    assert gap.total == pytest.approx((mu**2 + sigma**2) / (2 * mu) * (x * x + y * y), abs=1e-9)


def test_it_is_zero_at_the_solution_and_nowhere_below():
    game = quadratic(mu=0.5).play(sgd, [0.0, 0.0])
    assert duality_gap(game, Batches.none(), Batch(None), steps=60).total == pytest.approx(0.0, abs=1e-12)
    # Where the search has no time to come back from its perturbed start, to stay is the better reply.
    assert duality_gap(game, Batches.none(), Batch(None), steps=0, perturbation=1.0).total == 0.0


def test_without_curvature_the_reply_has_no_limit_and_the_gap_grows_with_the_search():
    """On x·y a reply of n steps gains nh times the square of the other's coordinate."""
    for n in (10, 20):
        game = bilinear().play(sgd, [0.4, 1.0])
        gap = duality_gap(game, Batches.none(), Batch(None), steps=n, perturbation=0.0)
        assert gap.gains["generator"] == pytest.approx(n * 0.5 * 1.0)
        assert gap.gains["discriminator"] == pytest.approx(n * 0.5 * 0.16)


def test_the_perturbed_start_leaves_a_stationary_point_that_is_no_minimum():
    """L = x⁴ − x² rests at 0; its minimum is −1/4."""
    player = nn.Linear(1, 1, bias=False).double()
    nn.init.zeros_(player.weight)

    def loss(players, _):
        x = players["one"].weight.squeeze()
        return x**4 - x**2

    game = Game({"one": player}, {"one": loss}, {"one": torch.optim.SGD(player.parameters(), lr=0.1)})
    assert duality_gap(game, Batches.none(), Batch(None), perturbation=0.0).total == 0.0
    assert duality_gap(game, Batches.none(), Batch(None)).total == pytest.approx(0.25, abs=1e-6)


class Noticing(nn.Module):
    """A player with batch norm."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))

    def forward(self, x):
        return self.body(x)


def network_game():
    torch.manual_seed(0)
    players = {name: Noticing() for name in ("generator", "discriminator")}

    def losses(players, x, names):
        value = (players["generator"](x) * players["discriminator"](x)).mean()
        return {"generator": value, "discriminator": 0.1 * players["discriminator"](x).square().mean() - value}

    return Game(players, losses, {n: torch.optim.Adam(p.parameters(), lr=0.01) for n, p in players.items()})


def draw(position):
    return Batch(torch.randn(8, 2, generator=torch.Generator().manual_seed(position)), 8)


def state(game):
    """All numbers that the game consists of."""
    buffers = [b.double().reshape(-1) for p in game.players.values() for b in p.buffers()]
    moments = [t.double().reshape(-1) for o in game.optimizers.values() for s in o.state.values() for t in s.values()]
    losses = [loss.double().reshape(-1) for loss in game.loss_values.values()]
    return torch.cat([game.point.flat().double(), *buffers, *moments, *losses])


def test_the_search_leaves_no_trace():
    game, batches = network_game(), Batches(draw)
    game.move(game.field(batches.next()))
    before, counted, optimizers = state(game), game.evaluations, game.optimizers
    first = duality_gap(game, batches, draw(-1), steps=20)
    assert first.total > 0
    assert torch.equal(state(game), before)
    assert (game.evaluations, batches.position) == (counted, 8)
    assert game.optimizers is optimizers
    assert duality_gap(game, batches, draw(-1), steps=20) == first


def test_a_searcher_of_its_own_may_be_given():
    game = quadratic(mu=0.5).play(lambda _, p: torch.optim.SGD(p, lr=1e-9))
    assert duality_gap(game, Batches.none(), Batch(None)).total < 2e-3
    assert duality_gap(game, Batches.none(), Batch(None), optimizer=sgd).total == pytest.approx(2.5)
    assert game.rates == {"generator": 1e-9, "discriminator": 1e-9}


def test_a_search_that_diverges_and_bad_numbers_are_refused():
    game = quadratic(mu=1.0).play(lambda _, p: torch.optim.SGD(p, lr=1e9))
    with pytest.raises(NonFinite):
        duality_gap(game, Batches.none(), Batch(None), steps=100)
    assert game.point.flat().tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="at least 0"):
        duality_gap(game, Batches.none(), Batch(None), steps=-1)
