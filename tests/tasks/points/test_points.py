"""Modes counted as PacGAN counts them."""

import math

import pytest
import torch

from playing import play
from saddlepoint.configuration import assign
from saddlepoint.report import as_png
from saddlepoint.report.plane import plane_figure, read_plane
from saddlepoint.tasks import model_at, read_config, recipe_named
from saddlepoint.tasks.plane import judged, write_plane
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
    kept = sorted((tmp_path / "run" / "samples").glob("[0-9]*.json"))
    assert [p.stem for p in kept] == sorted(p.stem for p in (tmp_path / "run" / "samples").glob("[0-9]*.png"))
    assert read_plane(kept[-1]).field.shape == (41, 41)
    assert read_plane(tmp_path / "run" / "exhibits" / "plane.json").reach == pytest.approx(5.0)
    (tmp_path / "run" / "generator").rename(tmp_path / "elsewhere")
    points = model_at(tmp_path / "elsewhere").sample(5, seed=1)
    assert points.shape == (5, 2)
    assert points.dtype == torch.float32


def test_the_field_of_a_plane_and_its_gradient_are_those_of_the_discriminator(tmp_path):
    made = torch.tensor([[0.5, -1.0], [1.0, 2.0]])
    write_plane(tmp_path / "plane.json", made, 2.0, lambda z: z[:, 0].square() + 3 * z[:, 1])
    found = read_plane(tmp_path / "plane.json")
    line = torch.linspace(-2, 2, len(found.field)).double()
    expected = line.square()[None, :] + 3 * line[:, None]  # rows from below, columns from the left
    assert torch.allclose(torch.from_numpy(found.field), expected, atol=2e-3)
    assert found.arrows.tolist() == [[1.0, 3.0], [2.0, 3.0]]
    write_plane(tmp_path / "plane.json", made, 2.0, lambda z: z[:, 0] * math.inf)
    assert not torch.from_numpy(read_plane(tmp_path / "plane.json").field).isfinite().any()


def test_a_discriminator_of_packs_is_shown_each_point_among_real_ones():
    class Pack(torch.nn.Module):
        def forward(self, points):
            return points.reshape(-1, 6) @ torch.tensor([1.0, 0, 0, 0, 0, 10.0])

    real = torch.tensor([[1.0, 1.0], [2.0, 2.0]])
    assert judged(Pack(), torch.tensor([[5.0, 0], [6.0, 0]]), real, 3).tolist() == [25.0, 26.0]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"reach": -1}', '{"reach": "x"}', '{"reach": 1e999, "made": [[1, 2]]}', "[" * 9999]
)
def test_what_is_no_plane_is_none(tmp_path, text):
    (tmp_path / "plane.json").write_text(text)
    assert read_plane(tmp_path / "plane.json") is None
    (tmp_path / "plane.json").write_text('{"reach": 1, "made": [[1], [1, 2]], "field": [[1, 2]], "arrows": 7}')
    assert [read_plane(tmp_path / "plane.json").made.size, read_plane(tmp_path / "plane.json").field.size] == [0, 0]


def test_a_moment_without_any_finite_number_is_drawn_as_well(tmp_path):
    (tmp_path / "a").write_text('{"reach": 1e-300, "made": [[1e300, null]], "field": [[1e300, 0], [0, null]]}')
    (tmp_path / "b").write_text('{"reach": 1, "made": [[null, 1]], "field": [[null]], "arrows": [[null, 1e300]]}')
    moments = [(k, read_plane(tmp_path / name)) for k, name in enumerate("ab")]
    assert as_png(plane_figure(moments, moments[0][1])).startswith(b"\x89PNG")
