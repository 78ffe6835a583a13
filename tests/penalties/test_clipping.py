"""Clipping: the projection on a box, made after each move of the discriminator."""

import pytest
import torch
from torch import nn

from saddlepoint.core import Batches, Game, Method
from saddlepoint.methods import Alternating, Extragradient, Simultaneous
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


@pytest.mark.parametrize("method", [Alternating(), Simultaneous(), Extragradient()], ids=lambda m: type(m).__name__)
def test_hung_on_the_optimizer_it_holds_after_every_step_of_a_method(method: Method) -> None:
    """min over x, max over y of 5 x y from (1, 0): without the projection y leaves the box in one step."""
    players = {"generator": nn.Linear(1, 1, bias=False), "discriminator": nn.Linear(1, 1, bias=False)}
    x, y = players["generator"].weight, players["discriminator"].weight
    nn.init.ones_(x)
    nn.init.zeros_(y)

    def product(players, _):
        return 5 * (players["generator"].weight * players["discriminator"].weight).sum()

    losses = {"generator": product, "discriminator": lambda players, batch: -product(players, batch)}
    optimizers = {name: torch.optim.SGD(module.parameters(), lr=0.1) for name, module in players.items()}
    optimizers["discriminator"].register_step_post_hook(lambda *_: clip_parameters([y], bound=0.1))
    game, reached = Game(players, losses, optimizers), []
    for _ in range(20):
        method.step(game, Batches.none())
        reached.append(float(y.detach()))
    assert reached[0] == pytest.approx(0.1)
    assert max(map(abs, reached)) == pytest.approx(0.1)
    assert float(x.detach()) < 1
