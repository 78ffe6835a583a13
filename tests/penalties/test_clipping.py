"""Clipping: the projection on a box, made after each move of the discriminator."""

import pytest
import torch
from torch import nn

from saddlepoint.core import Batch, Batches, Game
from saddlepoint.methods import METHODS, Averaged, Simultaneous
from saddlepoint.penalties import clip_parameters


def test_it_is_the_projection_idempotent_and_nearest() -> None:
    module = nn.Linear(4, 3)
    with torch.no_grad():
        module.weight.copy_(torch.linspace(-1, 1, 12).reshape(3, 4))
    before = module.weight.detach().clone()
    clip_parameters(module.parameters(), bound=0.5)
    assert torch.equal(module.weight.detach(), before.clamp(-0.5, 0.5))
    assert module.weight.requires_grad
    once = module.weight.detach().clone()
    clip_parameters(module.parameters(), bound=0.5)
    assert torch.equal(module.weight.detach(), once)


@pytest.mark.parametrize("bound", [0.0, -1.0])
def test_a_box_without_room_is_refused(bound: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        clip_parameters([], bound)


@pytest.mark.parametrize("name", METHODS)
def test_a_bound_holds_after_every_step_of_every_method_and_for_its_average(name: str) -> None:
    """min over x, max over y of 5 x y − y² from (1, 3): without the projection y leaves the box in one step."""
    players = {"generator": nn.Linear(1, 1, bias=False), "discriminator": nn.Linear(1, 1, bias=False)}
    x, y = players["generator"].weight, players["discriminator"].weight
    nn.init.ones_(x)
    nn.init.constant_(y, 3.0)

    def product(players, _):
        own, other = (players[name](torch.ones(1)).sum() for name in ("generator", "discriminator"))
        return 5 * own * other - other**2

    losses = {"generator": product, "discriminator": lambda players, batch: -product(players, batch)}
    optimizers = {name: torch.optim.SGD(module.parameters(), lr=0.1) for name, module in players.items()}
    game, method = Game(players, losses, optimizers, bounds={"discriminator": 0.1}), Averaged(METHODS[name]())
    for _ in range(8):
        method.step(game, Batches.none())
        assert max(float(y.detach().abs()), float(method.answer(game)["discriminator"][0].abs())) <= 0.1 + 1e-7
    assert float(x.detach()) != 1


def test_a_bound_is_of_a_player_that_is_there_holds_in_rehearsals_and_leaves_who_rests() -> None:
    players = {"one": nn.Linear(1, 1, bias=False)}
    loss = {"one": lambda players, _: -5 * players["one"].weight.sum()}
    optimizers = {"one": torch.optim.SGD(players["one"].parameters(), lr=1.0)}
    for bounds in ({"two": 1.0}, {"one": 0.0}):
        with pytest.raises(ValueError, match=r"give a number above 0 for one of \['one'\]"):
            Game(players, loss, optimizers, bounds=bounds)
    game = Game(players, loss, optimizers, bounds={"one": 0.1})
    with game.rehearsal():
        Simultaneous().step(game, Batches.none())
        assert game.point.flat().item() == pytest.approx(0.1)
    nn.init.constant_(players["one"].weight, 0.7)
    Simultaneous().step(game, Batches(lambda _: Batch(None, resting=frozenset({"one"}))))
    assert game.point.flat().item() == pytest.approx(0.7)
