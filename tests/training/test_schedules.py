"""What changes in the course of a run is a function of the samples seen, and of nothing else."""

import pytest
import torch

from saddlepoint.games import bilinear
from saddlepoint.training import OptimizerSchedule, Schedule, Schedules


def adam(_player, parameters):
    return torch.optim.Adam(parameters, lr=0.2, betas=(0.1, 0.9))


def test_a_cosine_and_a_line_between_their_ends():
    cosine = Schedule(start=1.0, end=0.0, samples=100)
    line = Schedule(start=1.0, end=0.0, samples=100, shape="linear")
    assert [line.at(p) for p in (0, 25, 100, 500)] == [1.0, 0.75, 0.0, 0.0]
    assert cosine.at(0) == 1.0
    assert cosine.at(25) == pytest.approx((1 + 2**-0.5) / 2)
    assert cosine.at(50) == pytest.approx(0.5)
    assert cosine.at(1000) == pytest.approx(0.0, abs=1e-15)


def test_rates_and_betas_follow_the_position_in_any_order():
    game = bilinear().play(adam)
    schedules = Schedules(
        rate=Schedule(start=1.0, end=0.5, samples=10, shape="linear"),
        beta2=Schedule(start=0.9, end=0.99, samples=10, shape="linear"),
    )
    optimizer_schedule = OptimizerSchedule(game, schedules)
    for position, rate, beta in ((10, 0.1, 0.99), (0, 0.2, 0.9), (5, 0.15, 0.945)):
        optimizer_schedule.set(position)
        for optimizer in game.optimizers.values():
            assert optimizer.param_groups[0]["lr"] == pytest.approx(rate)
            assert optimizer.param_groups[0]["betas"] == pytest.approx((0.1, beta))


def test_nothing_scheduled_touches_nothing():
    game = bilinear().play(adam)
    OptimizerSchedule(game, Schedules()).set(7)
    assert all(o.param_groups[0]["lr"] == 0.2 for o in game.optimizers.values())


def test_beta2_of_an_optimizer_without_one_is_refused():
    game = bilinear().play(lambda _, p: torch.optim.SGD(p, lr=0.1))
    with pytest.raises(ValueError, match="no beta2"):
        OptimizerSchedule(game, Schedules(beta2=Schedule(start=0.9, end=0.99, samples=10)))
