"""Dynamics on games whose answer is known."""

import cmath
import math

import pytest
import torch

from saddlepoint.core import Batch
from saddlepoint.dynamics import along, spectrum
from saddlepoint.games import bilinear, dirac, quadratic


def sgd(player, parameters):
    return torch.optim.SGD(parameters, lr=0.1)


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 2.0])
def test_dirac_gan_spectrum_is_the_published_one(gamma):
    """−F has −γ/2 ± √(γ²/4 − ¼) at the equilibrium; a double root is found to the root of rounding."""
    found = spectrum(dirac(r1=gamma).play(sgd, [0.0, 0.0]), Batch(None))
    root = cmath.sqrt(gamma**2 / 4 - 0.25)
    for exact in (gamma / 2 + root, gamma / 2 - root):
        assert min(abs(value - exact) for value in found.eigenvalues) < (1e-6 if gamma == 1.0 else 1e-12)
    assert found.unstable == 0


def test_bilinear_spectrum_is_the_singular_values_on_the_imaginary_axis():
    matrix = [[2.0, 0.3, 0.0], [0.0, 1.0, 0.5], [0.1, 0.0, 3.0]]
    found = spectrum(bilinear(matrix=matrix).play(sgd), Batch(None))
    singular = torch.linalg.svdvals(torch.tensor(matrix, dtype=torch.float64)).tolist()
    expected = sorted([1j * s for s in singular] + [-1j * s for s in singular], key=lambda v: v.imag)
    assert sorted(v.imag for v in found.eigenvalues) == pytest.approx([v.imag for v in expected])
    assert max(abs(v.real) for v in found.eigenvalues) < 1e-12
    assert found.exact
    assert found.rotation == pytest.approx(1.0)
    assert found.largest_step < 1e-10


def test_largest_step_is_where_simultaneous_steps_stop_contracting():
    mu, sigma = 0.4, 0.7
    found = spectrum(quadratic(mu=mu, sigma=sigma).play(sgd), Batch(None))
    h = found.largest_step
    assert h == pytest.approx(2 * mu / (mu**2 + sigma**2))
    assert abs(1 - h * complex(mu, sigma)) == pytest.approx(1.0)


def test_a_small_krylov_space_finds_the_rim_first():
    matrix = torch.diag(torch.tensor([100.0, 1.0, 0.9, 0.8, 0.7, 0.6])).tolist()
    found = spectrum(bilinear(matrix=matrix).play(sgd), Batch(None), size=4)
    assert abs(found.eigenvalues[0]) == pytest.approx(100.0, rel=1e-4)
    assert not found.exact


def test_looking_leaves_no_trace():
    game = quadratic().play(sgd)
    before = game.point.flat()
    spectrum(game, Batch(None))
    along(game, Batch(None), game.point.clone(), game.point.zeros())
    assert torch.equal(game.point.flat(), before)
    assert (game.evaluations, game.products) == (0, 0)


def test_attraction_is_a_change_of_sign_and_rotation_a_right_angle():
    start = quadratic(mu=1.0, sigma=0.0).play(sgd).point.clone()
    attracted = along(quadratic(mu=1.0, sigma=0.0).play(sgd), Batch(None), start, start.zeros(), points=13)
    for share, cosine, norm in zip(attracted.shares, attracted.cosines, attracted.norms, strict=True):
        if abs(share - 1) > 1e-9:
            assert cosine == pytest.approx(1.0 if share < 1 else -1.0)
        assert norm == pytest.approx(abs(1 - share) * math.sqrt(2), abs=1e-12)
    turning = along(bilinear().play(sgd), Batch(None), start, start.zeros())
    assert max(abs(c) for c in turning.cosines) < 1e-12


def test_a_focus_has_the_angle_of_its_eigenvalue():
    """F = (μ + iσ) z in the plane: the cosine with z is μ/|λ| all along."""
    mu, sigma = 0.3, 0.4
    game = quadratic(mu=mu, sigma=sigma).play(sgd)
    found = along(game, Batch(None), game.point.clone(), game.point.zeros(), points=7)
    assert found.cosines[:5] == pytest.approx([0.6] * 5)


def test_bad_input_is_refused():
    game = quadratic().play(sgd)
    with pytest.raises(ValueError, match="at least 1"):
        spectrum(game, Batch(None), size=0)
    with pytest.raises(ValueError, match="one point"):
        along(game, Batch(None), game.point.clone(), game.point.clone())
    with pytest.raises(ValueError, match="at least 2"):
        along(game, Batch(None), game.point.clone(), game.point.zeros(), points=1)
