"""Modes counted as PacGAN counts them."""

import math

import pytest
import torch

from playing import play
from saddlepoint.configuration import assign
from saddlepoint.tasks import model_at, read_config, recipe_named
from saddlepoint.tasks.points.data import grid, ring
from saddlepoint.tasks.points.evaluation import coverage


def test_the_mixtures_are_those_of_the_protocol():
    angles = torch.atan2(ring().centres[:, 1], ring().centres[:, 0]).remainder(2 * math.pi).sort().values
    assert torch.allclose(angles, torch.arange(8) * math.pi / 4, atol=1e-6)
    assert set(map(tuple, grid().centres.tolist())) == {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert (ring().deviation, grid().deviation) == (0.01, 0.05)


@pytest.mark.parametrize("mixture", [ring(), grid()])
def test_the_data_cover_their_own_mixture(mixture):
    data = mixture.points(100_000, seed=3)
    found = coverage(data.samples, mixture)
    modes = len(mixture.centres)
    assert found["modes"] == modes
    # A plane normal lies within three deviations with probability 1 − e^(−9/2).
    assert found["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.001)
    assert found["reverse_kl"] < 5 * (modes - 1) / 2e5
    assert torch.equal(mixture.points(100_000, seed=3).samples, data.samples)
    assert mixture.points(100_000, seed=4).fingerprint != data.fingerprint


def test_collapse_far_points_and_unequal_shares_are_told_apart():
    mixture = grid()
    assert coverage(mixture.centres[:1].expand(100, 2), mixture) == {
        "reverse_kl": pytest.approx(math.log(25)),
        "modes": 1.0,
        "high_quality": 1.0,
    }
    beside = mixture.centres + torch.tensor([0.151, 0.0])
    assert coverage(beside, mixture)["modes"] == 0
    assert coverage(beside, mixture)["high_quality"] == 0
    uneven = torch.cat([mixture.centres[:1].expand(3, 2), mixture.centres[1:2]])
    expected = 0.75 * math.log(0.75 * 25) + 0.25 * math.log(0.25 * 25)
    assert coverage(uneven, mixture)["reverse_kl"] == pytest.approx(expected)


def test_a_run_of_points_delivers_a_generator_that_loads_alone(tmp_path):
    sets = ["data.points=500", "budget.samples=400", "batch_size=50"]
    config = assign(recipe_named("grid"), [*sets, "every.checkpoint=200", "device=cpu"])
    assert read_config(config.plain()) == config
    _, result = play(config, tmp_path / "run")
    assert set(result.metrics) == {"reverse_kl", "modes", "high_quality"}
    (tmp_path / "run" / "generator").rename(tmp_path / "elsewhere")
    points = model_at(tmp_path / "elsewhere").sample(5, seed=1)
    assert points.shape == (5, 2)
    assert points.dtype == torch.float32
