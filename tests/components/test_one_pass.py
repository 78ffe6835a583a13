"""Real and generated samples in one pass of the discriminator: the same losses and gradients as in two."""

import pytest
import torch
from torch import nn

from saddlepoint.components.adversary import AdversarialLosses, Adversary, of_latents
from saddlepoint.core import Batch, Game
from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import non_saturating, relativistic
from saddlepoint.networks import (
    ConvolutionalDiscriminator,
    MLPDiscriminator,
    MLPGenerator,
    ResidualDiscriminator,
)
from saddlepoint.penalties import R1, R2

SHAPE = (1, 8, 8)
BOTH = (R1(1.0), R2(0.5))


def field(discriminator, penalties, loss, separate):
    """The discriminator's gradient, and how often it was called."""
    generator = MLPGenerator(SHAPE, 3, (4,)).double()
    if not separate:
        vars(discriminator)["separate"] = False
    players = {"generator": generator, "discriminator": discriminator}
    optimizers = {name: torch.optim.SGD(p.parameters(), lr=0.1) for name, p in players.items()}
    game = Game(players, AdversarialLosses(of_latents, Adversary(loss, list(penalties))), optimizers)
    calls = []
    discriminator.register_forward_hook(lambda *_: calls.append(1))
    source = torch.Generator().manual_seed(1)
    real = torch.rand(4, *SHAPE, generator=source, dtype=torch.float64)
    latent = torch.randn(4, 3, generator=source, dtype=torch.float64)
    batch = Batch(SampleBatch(real, latent, torch.rand(4, 1, 1, 1, dtype=torch.float64)), 4)
    return game.field(batch, only=("discriminator",)).flat(), len(calls)


def networks():
    return {
        "mlp": lambda: MLPDiscriminator(SHAPE, (4,)),
        "packed": lambda: MLPDiscriminator(SHAPE, (4,), packing=2),
        "convolutional": lambda: ConvolutionalDiscriminator(SHAPE, width=2),
        "residual": lambda: ResidualDiscriminator(SHAPE, width=4, group=4),
    }


@pytest.mark.parametrize("kind", networks())
@pytest.mark.parametrize("penalties", [(), BOTH])
@pytest.mark.parametrize("loss", [relativistic, non_saturating])
def test_one_pass_is_two(kind, penalties, loss):
    found = []
    for separate in (True, False):
        torch.manual_seed(0)
        found.append(field(networks()[kind]().double(), penalties, loss(), separate))
    (one, once), (two, twice) = found
    assert (once, twice) == (1, 2)
    torch.testing.assert_close(one, two, rtol=1e-12, atol=1e-14)


def test_networks_whose_samples_see_each_other_and_lone_penalties_take_two():
    torch.manual_seed(0)
    normed = MLPDiscriminator(SHAPE, (4,)).double()
    normed.body.append(nn.BatchNorm1d(1).double())
    assert field(normed, (), relativistic(), True)[1] == 2
    assert field(MLPDiscriminator(SHAPE, (4,)).double(), (R1(1.0),), relativistic(), True)[1] == 2
