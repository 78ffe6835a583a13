"""A forward pass that two players share is the one that each would make, to the last bit."""

from contextlib import nullcontext

import pytest
import torch
from torch import nn

from saddlepoint.components.adversary import AdversarialLosses, Adversary, of_latents
from saddlepoint.core import Batch, Batches, Game
from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import relativistic
from saddlepoint.methods import Alternating

BATCHES = 4


class Generator(nn.Module):
    """With batch norm and dropout; counts its passes."""

    passes = 0

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 4))

    def forward(self, z):
        self.passes += 1
        return self.body(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 1))

    def forward(self, x):
        return self.body(x).squeeze(1)


def played(method, steps=3, shared=True, seeded=True):
    torch.manual_seed(0)
    players = {"generator": Generator().double(), "discriminator": Discriminator().double()}
    optimizers = {name: torch.optim.Adam(player.parameters(), lr=0.1) for name, player in players.items()}
    game = Game(players, AdversarialLosses(of_latents, Adversary(relativistic())), optimizers)
    if not shared:
        game._passes.shared = lambda *_: nullcontext()
    source = torch.Generator().manual_seed(1)
    numbers = torch.randn(steps * BATCHES, 6, 8, generator=source, dtype=torch.float64)
    values = [SampleBatch(one[:, :4], one[:, 4:7], one[:, 7:]) for one in numbers]
    batches = Batches.of(values)
    if not seeded:
        batches = Batches(lambda position: Batch(values[position]))
    for _ in range(steps):
        method.step(game, batches)
    return game


def state(game):
    return [t for player in game.players.values() for t in player.state_dict().values()]


@pytest.mark.parametrize(
    ("method", "passes"),
    [
        (Alternating(), 1),
        (Alternating(counts=(3, 1)), 3),
        (Alternating(order=("generator", "discriminator")), 2),  # it has moved in between
        (Alternating(same_batch=False), 2),
    ],
)
def test_a_shared_pass_changes_no_bit_and_is_made_once(method, passes):
    shared, alone = played(method), played(method, shared=False)
    assert all(torch.equal(a, b) for a, b in zip(state(shared), state(alone), strict=True))
    assert shared.players["generator"].passes == 3 * passes


def test_a_pass_with_fresh_dropout_is_made_again():
    game = played(Alternating(), seeded=False)
    assert game.players["generator"].passes == 6


def test_a_pass_is_not_kept_beyond_the_next_evaluation():
    game = played(Alternating())
    assert not any(game._passes._kept.values())
    assert "forward" not in vars(game.players["generator"])
