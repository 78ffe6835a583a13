"""Every method moves every family of networks, stays finite, and continues bit for bit."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import torch
from test_second_order import MAKE, game

from saddlepoint import methods as m
from saddlepoint.core import Batch, Batches, Game, Method, Outcome
from saddlepoint.methods import METHODS

FAMILIES = ["mlp-generator", "dcgan-discriminator", "sngan-generator", "residual-discriminator", "sequence-writer"]
#: Fewer inner steps than by default, and damping where a network's curvature is singular somewhere.
CHEAP: dict[str, Callable[[], Method]] = {
    "ridge": lambda: m.Ridge(damping=1.0, iterations=2),
    "svre": lambda: m.SVRE(k=2, batches=2),
    "proximal": lambda: m.Proximal(k=2, window=2),
    "unrolled": lambda: m.Unrolled(n=1),
    "competitive": lambda: m.Competitive(iterations=2),
    "consensus": lambda: m.Consensus(gamma=0.01),
}


def played(family: str) -> tuple[Game, Batches]:
    made, batch = game(family, [MAKE["r1"]()])
    optimizers = {n: torch.optim.Adam(p.parameters(), lr=1e-3, betas=(0.0, 0.99)) for n, p in made.players.items()}
    shapes = [tuple(part.shape) for part in batch.value]

    def draw(position: int) -> Batch:
        source = torch.Generator().manual_seed(position)
        return Batch(tuple(torch.randn(s, generator=source, dtype=torch.float64) for s in shapes), 4, seed=position)

    return Game(made.players, made.losses, optimizers), Batches(draw)


def state(made: Game, method: Method) -> Any:
    kept = io.BytesIO()
    networks = {n: p.state_dict() for n, p in made.players.items()}
    torch.save([networks, {n: o.state_dict() for n, o in made.optimizers.items()}, method.state_dict()], kept)
    kept.seek(0)
    return torch.load(kept, weights_only=True)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", METHODS)
def test_two_steps_and_one_more_in_another_process(name: str, family: str) -> None:
    make = CHEAP.get(name, METHODS[name])
    one, batches = played(family)
    method = make()
    for _ in range(2):
        assert method.step(one, batches).outcome is Outcome.RUNNING
    networks, moments, memory = state(one, method)
    again, source = played(family)
    other = make()
    for n, player in again.players.items():
        player.load_state_dict(networks[n])
        again.optimizers[n].load_state_dict(moments[n])
    other.load_state_dict(memory)
    source.position = batches.position
    assert method.step(one, batches).outcome is Outcome.RUNNING
    other.step(again, source)
    assert torch.isfinite(one.point.flat()).all()
    assert torch.equal(one.point.flat(), again.point.flat())
    for ours, theirs in zip(one.players.values(), again.players.values(), strict=True):
        assert all(torch.equal(*pair) for pair in zip(ours.buffers(), theirs.buffers(), strict=True))
