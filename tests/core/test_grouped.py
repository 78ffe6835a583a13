"""Several optimizers for one player are each of them alone."""

import copy
import io

import pytest
import torch
from torch import nn

from saddlepoint.core import Batch, Batches, Game
from saddlepoint.core.grouped import GroupedOptimizer, by_shape
from saddlepoint.methods import DoubleExtragradient, Extragradient


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()


def adam_and_sgd(params: object) -> torch.optim.Optimizer:
    return by_shape(
        params,  # type: ignore[arg-type]
        lambda params: torch.optim.Adam(params, lr=0.05, betas=(0.0, 0.9)),
        lambda params: torch.optim.SGD(params, lr=0.02, momentum=0.5),
    )


def game(one: nn.Module, optimizer: torch.optim.Optimizer) -> Game:
    return Game({"one": one}, lambda players, x, _: {"one": players["one"](x).square().mean()}, {"one": optimizer})


def batches() -> Batches:
    return Batches(
        lambda position: Batch(torch.randn(6, 3, generator=torch.Generator().manual_seed(position)).double())
    )


def test_steps_are_those_of_the_optimizers_alone() -> None:
    one, other = network(), network()
    together = game(one, adam_and_sgd(one.parameters()))
    matrices, rest = ([p for p in other.parameters() if (p.dim() == 2) == two] for two in (True, False))
    alone = [torch.optim.Adam(matrices, lr=0.05, betas=(0.0, 0.9)), torch.optim.SGD(rest, lr=0.02, momentum=0.5)]
    source = batches()
    for _ in range(4):
        batch = source.next()
        together.move(together.field(batch))
        other.zero_grad()
        other(batch.value).square().mean().backward()
        for optimizer in alone:
            optimizer.step()
    assert all(torch.equal(*pair) for pair in zip(one.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("method", [Extragradient, DoubleExtragradient])
def test_it_resumes_exactly_and_rehearses_without_a_trace(method: type) -> None:
    one = network()
    playing, source, rule = game(one, adam_and_sgd(one.parameters())), batches(), method()
    for _ in range(3):
        rule.step(playing, source)
    before = playing.point.flat()
    with playing.rehearsal():
        for _ in range(3):
            rule.step(playing, batches())
        assert not torch.equal(before, playing.point.flat())
    assert torch.equal(before, playing.point.flat())
    kept = io.BytesIO()
    torch.save([one.state_dict(), playing.optimizers["one"].state_dict()], kept)
    kept.seek(0)
    weights, moments = torch.load(kept, weights_only=True)
    two = network()
    two.load_state_dict(weights)
    again = game(two, adam_and_sgd(two.parameters()))
    again.optimizers["one"].load_state_dict(moments)
    other = Batches(batches().draw, source.position)
    for _ in range(3):
        rule.step(playing, source)
        rule.step(again, other)
    assert torch.equal(playing.point.flat(), again.point.flat())


def test_a_rate_that_is_set_on_its_groups_is_the_members_own() -> None:
    one = network()
    optimizer = adam_and_sgd(one.parameters())
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    playing = game(one, optimizer)
    before = playing.point.flat()
    playing.move(playing.field(batches().next()))
    assert torch.equal(before, playing.point.flat())


def test_what_is_of_one_kind_has_one_optimizer_and_a_parameter_has_one() -> None:
    matrix = nn.Linear(3, 4, bias=False)
    assert isinstance(by_shape(matrix.parameters(), torch.optim.SGD), torch.optim.SGD)
    twice = [torch.optim.SGD(matrix.parameters(), lr=0.1) for _ in range(2)]
    with pytest.raises(ValueError, match="in common"):
        GroupedOptimizer(twice)
    with pytest.raises(ValueError, match="no parameters"):
        by_shape([])
    assert copy.deepcopy(adam_and_sgd(network().parameters())).param_groups
