"""Every method on a compiled game: the same path as on an eager one, to a stated distance."""

import copy

import pytest
import torch
from cases import CASES
from test_methods import COMPOSED, draw, networks_game

from saddlepoint.core import Batches, Game
from saddlepoint.games import quadratic

#: torch imports a part of itself that it deprecates, when inductor is first used.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
#: Float64 and the same operations; what is left is the order of sums. Adam would blow that up to its whole rate where a
#: gradient is zero but for rounding, as it is for a bias before batch norm.
TOLERANCE = 1e-12


def small_networks():
    return networks_game(optimizer=lambda p: torch.optim.SGD(p, lr=0.05))


def sgd(name, parameters):
    return torch.optim.SGD(parameters, lr=0.05)


class Restarted:
    """One compiled game, put back to its start for every method, so that each graph is made once."""

    def __init__(self, game, backend):
        self.optimizers = copy.deepcopy({n: o.state_dict() for n, o in game.optimizers.items()})
        self.players = copy.deepcopy({n: p.state_dict() for n, p in game.players.items()})
        self.game = Game(game.players, game.losses, game.optimizers, compiled=backend)

    def __call__(self):
        for name, player in self.game.players.items():
            player.load_state_dict(self.players[name])
            self.game.optimizers[name].load_state_dict(copy.deepcopy(self.optimizers[name]))
        self.game.loss_values.clear()
        return self.game


@pytest.fixture(scope="module")
def networks():
    return Restarted(small_networks(), "aot_eager")


@pytest.fixture(scope="module")
def analytic():
    return Restarted(quadratic(mu=0.4, sigma=0.7).play(sgd), "aot_eager")


@pytest.fixture(scope="module")
def inducted():
    return Restarted(small_networks(), "inductor")


def end_of(game, method, batches):
    """Where four steps lead: parameters and buffers."""
    for _ in range(4):
        method.step(game, batches)
    buffers = [b.double().reshape(-1) for player in game.players.values() for b in player.buffers()]
    return torch.cat([game.point.flat(), *buffers])


@pytest.mark.parametrize("name", COMPOSED)
def test_compiled_is_eager_on_networks_with_batch_norm(name, networks):
    eager = end_of(small_networks(), COMPOSED[name](), Batches(draw))
    assert torch.allclose(end_of(networks(), COMPOSED[name](), Batches(draw)), eager, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", CASES)
def test_compiled_is_eager_on_an_analytic_game(name, analytic):
    eager = end_of(quadratic(mu=0.4, sigma=0.7).play(sgd), CASES[name].make(), Batches.none())
    assert torch.allclose(end_of(analytic(), CASES[name].make(), Batches.none()), eager, rtol=0, atol=TOLERANCE)
    assert not torch.equal(eager, torch.ones(2, dtype=torch.float64))


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPOSED)
def test_inductor_is_eager(name, inducted):
    eager = end_of(small_networks(), COMPOSED[name](), Batches(draw))
    assert torch.allclose(end_of(inducted(), COMPOSED[name](), Batches(draw)), eager, rtol=0, atol=TOLERANCE)
