"""Networks with statistics of their own as players: buffers move with their player, products of second order exist."""

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.components.adversary import AdversarialLosses, Adversary, of_latents
from saddlepoint.core import Batch, Game
from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import relativistic
from saddlepoint.networks import (
    ConvolutionalGenerator,
    DCGANDiscriminator,
    DCGANGenerator,
    PatchDiscriminator,
    ResidualDiscriminator,
    ResidualGenerator,
    SNGANDiscriminator,
    SNGANGenerator,
    UNetDiscriminator,
)
from saddlepoint.penalties import R1, R2

#: With 8x8 pixels DCGAN's discriminator has no batch norm.
SHAPES = {"dcgan": (1, 16, 16), "sngan": (1, 8, 8), "residual": (1, 8, 8), "patch": (1, 16, 16), "unet": (1, 8, 8)}
PAIRS = {
    "dcgan": lambda shape: (DCGANGenerator(shape, 3, width=2), DCGANDiscriminator(shape, width=2)),
    "sngan": lambda shape: (
        SNGANGenerator(shape, 3, width=2, widest=4, attention=8),
        SNGANDiscriminator(shape, width=2, widest=4, attention=4),
    ),
    "residual": lambda shape: (
        ResidualGenerator(shape, 3, width=2, widest=4, group=2),
        ResidualDiscriminator(shape, width=2, widest=4, group=2, packing=2),
    ),
    "patch": lambda shape: (
        ConvolutionalGenerator(shape, 3, width=2),
        PatchDiscriminator(shape, width=2, depth=1, scales=2, normalisation="instance"),
    ),
    "unet": lambda shape: (ConvolutionalGenerator(shape, 3, width=2), UNetDiscriminator(shape, width=2, depth=2)),
}


def game(pair: str) -> Game:
    torch.manual_seed(0)
    generator, discriminator = PAIRS[pair](SHAPES[pair])
    players: dict[str, nn.Module] = {"generator": generator.double(), "discriminator": discriminator.double()}
    with torch.no_grad():
        for player in players.values():
            for parameter in player.parameters():
                parameter.add_(0.2 * torch.randn_like(parameter))
    optimizers = {name: torch.optim.SGD(player.parameters(), lr=0.1) for name, player in players.items()}
    return Game(players, AdversarialLosses(of_latents, Adversary(relativistic(), [R1(1.0), R2(1.0)])), optimizers)


def batch(pair: str) -> Batch:
    source = torch.Generator().manual_seed(1)
    real = torch.randn(4, *SHAPES[pair], generator=source, dtype=torch.float64)
    latent = torch.randn(4, 3, generator=source, dtype=torch.float64)
    return Batch(SampleBatch(real, latent, torch.rand(4, 1, 1, 1, generator=source, dtype=torch.float64)), 4)


def statistics(game: Game, player: str) -> dict[str, Tensor]:
    return {key: buffer.clone() for key, buffer in game.players[player].named_buffers()}


def moved(before: dict[str, Tensor], after: dict[str, Tensor]) -> bool:
    return any(not torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize("pair", ["dcgan", "sngan"])
@pytest.mark.parametrize("mover", ["generator", "discriminator"])
def test_batch_and_spectral_norms_move_on_their_own_players_base_evaluation_only(pair: str, mover: str) -> None:
    playing, other = game(pair), {"generator": "discriminator", "discriminator": "generator"}[mover]
    before = {name: statistics(playing, name) for name in playing.names}
    playing.field(batch(pair), base=False)
    with playing.untouched():
        playing.field(batch(pair))
    assert not any(moved(before[name], statistics(playing, name)) for name in playing.names)
    playing.field(batch(pair), only=(mover,))
    playing.end_step()
    assert moved(before[mover], statistics(playing, mover))
    assert not moved(before[other], statistics(playing, other))


@pytest.mark.parametrize("pair", ["dcgan", "sngan"])
def test_further_evaluations_on_a_batch_are_of_the_function_of_the_base_evaluation(pair: str) -> None:
    playing, seen = game(pair), batch(pair)
    base = playing.field(seen).flat()
    torch.testing.assert_close(playing.field(seen, base=False).flat(), base, rtol=0, atol=0)


@pytest.mark.parametrize("pair", PAIRS)
def test_products_with_the_jacobian_are_those_of_differences(pair: str) -> None:
    """J v is the central difference of F along v, and ⟨u, J v⟩ = ⟨Jᵀ u, v⟩."""
    playing, seen = game(pair), batch(pair)
    line = playing.linearize(seen)
    source = torch.Generator().manual_seed(2)
    u, v = (
        line.field.unflat(torch.randn(len(line.field.flat()), generator=source, dtype=torch.float64)) for _ in range(2)
    )
    product = line.jvp(v)
    torch.testing.assert_close(u.dot(product), line.vjp(u).dot(v), rtol=1e-8, atol=1e-10)
    step, ends = 1e-7, []  # short, as a leaky ReLU that changes sides on the way makes a jump
    for sign in (1, -1):
        with playing.excursion():
            playing.point.add_(v, alpha=sign * step)
            ends.append(playing.field(seen, base=False).flat())
    difference = (ends[0] - ends[1]) / (2 * step)
    torch.testing.assert_close(product.flat(), difference, rtol=1e-4, atol=1e-5 * float(difference.abs().max()))
