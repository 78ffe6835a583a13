"""LeCam: its value, its anchors, and that they live as buffers of the discriminator."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.components.adversary import AdversarialLosses, Adversary, of_latents
from saddlepoint.core import Batch, Game
from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import wasserstein
from saddlepoint.penalties import R1, DiscriminatorPass, LeCam


def logits(real: Tensor, generated: Tensor) -> DiscriminatorPass:
    samples = torch.zeros(len(real), 1)
    return DiscriminatorPass(lambda x: x[:, 0], samples, samples, real, generated, torch.zeros(len(real), 1))


def test_each_side_is_held_at_the_anchor_of_the_other() -> None:
    penalty = LeCam(weight=0.5)
    penalty.memory.real, penalty.memory.generated = torch.tensor(2.0), torch.tensor(-1.0)
    penalty.memory.weight = torch.tensor(0.5)
    seen = logits(torch.tensor([-1.0, 1.0]), torch.tensor([2.0, 5.0]))
    assert float(penalty(seen)) == 0.5 * ((0 + 4) / 2 + (0 + 9) / 2)


def test_the_penalty_moves_no_anchor_and_the_anchors_reach_what_they_see_with_the_half_life() -> None:
    penalty = LeCam(half_life=100)
    seen = logits(torch.full((25,), 4.0), torch.full((25,), -8.0))
    penalty.memory.observe(logits(torch.zeros(25), torch.ones(25)))
    assert (float(penalty.memory.real), float(penalty.memory.generated)) == (0.0, 1.0)
    for _ in range(3):
        penalty(seen)
        before = float(penalty.memory.real)
        penalty(seen)
        assert float(penalty.memory.real) == before
        penalty.memory.observe(seen)
    # d = ½^¼ a step: the weights of the four batches are d³, d², d, 1 over their sum.
    d = 0.5**0.25
    assert float(penalty.memory.real) == pytest.approx(4.0 * (1 - d**3) / (1 - d**4))
    assert float(penalty.memory.generated) == pytest.approx((d**3 * (1 - d) - 8.0 * (1 - d**3)) / (1 - d**4))
    for _ in range(1000):
        penalty.memory.observe(seen)
    assert float(penalty.memory.real) == pytest.approx(4.0, abs=1e-5)
    assert not penalty.memory.real.requires_grad


def test_a_changed_batch_size_keeps_the_meaning_of_the_half_life() -> None:
    few, many = LeCam(half_life=100), LeCam(half_life=100)
    for _ in range(10):
        few.memory.observe(logits(torch.ones(8), torch.ones(8)))
    many.memory.observe(logits(torch.ones(80), torch.ones(80)))
    torch.testing.assert_close(few.memory.real, many.memory.real)


def test_with_the_wasserstein_loss_the_best_discriminator_lies_between_the_anchors() -> None:
    """min E f − E r + λ (E (r − α_F)² + E (f − α_R)²) for a sample that is real with probability p, at
    D = p α_F + (1 − p) α_R + (2 p − 1)/(2 λ)."""
    penalty, p = LeCam(weight=0.25), 0.7
    penalty.memory.real, penalty.memory.generated = torch.tensor(1.0), torch.tensor(-0.5)
    penalty.memory.weight = torch.tensor(1.0)
    best = p * -0.5 + (1 - p) * 1.0 + (2 * p - 1) / (2 * 0.25)
    real, generated = (torch.full((1,), best, requires_grad=True) for _ in range(2))
    loss = wasserstein().discriminator(real, generated) + penalty(logits(real, generated))
    slopes = torch.autograd.grad(loss, (real, generated))
    assert float(p * slopes[0] + (1 - p) * slopes[1]) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("half_life", [0.0, -1.0])
def test_a_half_life_of_nothing_is_refused(half_life: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        LeCam(half_life=half_life)


class WithMemory(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x).squeeze(1)


def play(penalty: LeCam) -> tuple[Game, Batch]:
    torch.manual_seed(0)
    players = {"generator": nn.Linear(3, 2), "discriminator": WithMemory()}
    adversary = Adversary(wasserstein(), [R1(), penalty])
    adversary.attach(players)
    losses = AdversarialLosses(of_latents, adversary)
    game = Game(players, losses, {n: torch.optim.SGD(m.parameters(), lr=0.1) for n, m in players.items()})
    return game, Batch(SampleBatch(torch.randn(8, 2) + 3, torch.randn(8, 3), torch.rand(8, 1)), 8, seed=1)


def anchors(game: Game) -> dict[str, float]:
    state = game.players["discriminator"].state_dict()
    return {key: float(value) for key, value in state.items() if key.startswith("memory")}


def test_anchors_move_once_a_step_with_the_discriminator_on_the_base_evaluation_and_are_saved_with_it() -> None:
    penalty = LeCam(half_life=8)
    game, batch = play(penalty)
    start = anchors(game)
    assert list(start.values()) == [0.0, 0.0, 0.0]
    game.field(batch, ["generator"])
    game.field(batch, base=False)
    with game.untouched():
        game.field(batch)
    assert anchors(game) == start
    with torch.no_grad():
        discriminator = game.players["discriminator"]
        expected = [
            discriminator(batch.value.real).mean(),
            discriminator(game.players["generator"](batch.value.latent)).mean(),
        ]
    game.field(batch)
    game.field(batch, base=False)
    assert anchors(game) == start
    game.end_step()
    assert list(anchors(game).values()) == pytest.approx([*map(float, expected), 0.5])
    assert list(anchors(game).values())[:2] == [float(penalty.memory.real), float(penalty.memory.generated)]
    other, _ = play(LeCam(half_life=8))
    other.players["discriminator"].load_state_dict(discriminator.state_dict())
    torch.testing.assert_close(other.field(batch).tensors, game.field(batch).tensors)


def test_the_field_is_the_same_at_each_evaluation_until_the_anchors_move() -> None:
    game, batch = play(LeCam(weight=1.0, half_life=8))
    game.field(batch)
    game.end_step()
    first, second = (game.field(batch) if base else game.field(batch, base=False) for base in (True, False))
    assert all(torch.equal(a, b) for a, b in zip(first.tensors, second.tensors, strict=True))
    game.field(Batch(replace(batch.value, real=batch.value.real + 1), 8, seed=1))
    game.end_step()
    third = game.field(batch, base=False)
    assert not all(torch.equal(a, b) for a, b in zip(first.tensors, third.tensors, strict=True))


def test_two_penalties_share_no_memory() -> None:
    assert LeCam() == LeCam()
    assert LeCam().memory is not LeCam().memory
    assert replace(LeCam(), weight=2.0).memory is not None
