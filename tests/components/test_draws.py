"""Losses that draw noise: what a player's loss draws does not depend on who else is asked for a loss."""

import pytest
import torch
from torch import nn

from saddlepoint.components.adversary import AdversarialLosses, Adversary, of_latents
from saddlepoint.components.regularisers import PathLength
from saddlepoint.core import Batch, Game
from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import non_saturating
from saddlepoint.networks import MLPGenerator
from saddlepoint.penalties import PENALTIES

SHAPE = (1, 8, 8)


class Smooth(nn.Module):
    """The gradient of a piecewise linear discriminator is the same all around a sample, whatever is drawn there."""

    def __init__(self):
        super().__init__()
        self.hidden, self.last = nn.Linear(64, 4), nn.Linear(4, 1)

    def forward(self, images):
        return self.last(self.hidden(images.flatten(1)).tanh()).squeeze(1)


def batch(position=0):
    source = torch.Generator().manual_seed(position)
    real = torch.rand(4, *SHAPE, generator=source, dtype=torch.float64)
    latent = torch.randn(4, 3, generator=source, dtype=torch.float64)
    return Batch(SampleBatch(real, latent, torch.rand(4, 1, 1, 1, generator=source, dtype=torch.float64)), 4, 5)


def game(penalty):
    torch.manual_seed(0)
    players = {"generator": MLPGenerator(SHAPE, 3, (4,)), "discriminator": Smooth()}
    for player in players.values():
        player.double()
    adversary = Adversary(non_saturating(), [PENALTIES[penalty]()], regularisers=[PathLength()])
    adversary.attach(players)
    optimizers = {name: torch.optim.SGD(p.parameters(), lr=0.1) for name, p in players.items()}
    return Game(players, AdversarialLosses(of_latents, adversary), optimizers)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_player_draws_alone_as_beside_the_other(penalty):
    played = game(penalty)
    both = played.field(batch(), base=False)
    for name in ("generator", "discriminator"):
        alone = played.field(batch(), only=(name,), base=False)
        torch.testing.assert_close(alone.only(name).flat(), both.only(name).flat(), rtol=1e-12, atol=1e-14)
