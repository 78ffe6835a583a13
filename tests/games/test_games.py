"""The analytic games and what `solve` says of a method on them."""

import cmath
import math

import pytest
import torch

from saddlepoint.core import Batch, Outcome
from saddlepoint.games import bilinear, dirac, quadratic, solve
from saddlepoint.games.solving import geometric_rate
from saddlepoint.methods import Alternating, Competitive, Extragradient, Simultaneous


def played(analytic, h=0.1, x0=None):
    return analytic.play(lambda name, parameters: torch.optim.SGD(parameters, lr=h), x0)


def run(analytic, method, h, iterations, x0=None):
    return solve(analytic, played(analytic, h, x0), method, iterations)


def dense(game):
    line = game.linearize(Batch(None))
    n = len(game.point.flat())
    rows = [line.vjp(game.point.unflat(row)).flat() for row in torch.eye(n, dtype=torch.float64)]
    return torch.stack(rows)


@pytest.mark.parametrize(("gamma", "expected"), [(0.3, -0.15 + 0.476970j), (1.0, -0.5), (0.0, 0.5j)])
def test_dirac_spectrum_at_the_equilibrium(gamma, expected):
    jacobian = -dense(played(dirac(r1=gamma), x0=[0.0, 0.0]))
    values = torch.linalg.eigvals(jacobian)
    assert min(abs(complex(v) - expected) for v in values) < 1e-5
    assert complex(values.sum()).real == pytest.approx(-gamma)
    exact = -gamma / 2 + cmath.sqrt(gamma**2 / 4 - 0.25)
    assert min(abs(complex(v) - exact) for v in values) < 1e-7


def test_dirac_field_is_the_published_one():
    theta, psi, gamma = 0.7, -0.4, 0.3
    slope = 1 / (1 + math.exp(psi * theta))
    field = played(dirac(r1=gamma), x0=[theta, psi]).field(Batch(None)).flat()
    assert field.tolist() == pytest.approx([psi * slope, -theta * slope + gamma * psi])


@pytest.mark.parametrize("loss", ["minimax", "non-saturating", "wasserstein", "relativistic"])
def test_dirac_converges_with_r1_and_not_without(loss):
    assert run(dirac(loss, r1=1.0), Alternating(), 0.3, 600).outcome is Outcome.CONVERGED
    assert run(dirac(loss), Alternating(), 0.3, 600).outcome is not Outcome.CONVERGED
    simultaneous = run(dirac(loss), Simultaneous(), 0.3, 600).outcome
    lost = {Outcome.DIVERGED} if loss in ("minimax", "wasserstein") else {Outcome.RUNNING, Outcome.CYCLING}
    assert simultaneous in lost


def test_alternating_on_the_bilinear_game_keeps_its_invariant_and_is_called_cycling():
    h = 0.3
    found = run(bilinear(), Alternating(order=("generator", "discriminator")), h, 1000)
    invariants = [x * x + y * y - h * x * y for x, y in found.path]
    assert max(invariants) - min(invariants) < 1e-13
    assert found.outcome is Outcome.CYCLING
    assert found.rate == pytest.approx(1.0, abs=2e-3)


def test_outcomes():
    assert run(bilinear(), Extragradient(), 0.3, 1000).outcome is Outcome.CONVERGED
    assert run(bilinear(), Extragradient(), 0.3, 20).outcome is Outcome.RUNNING
    assert run(bilinear(), Simultaneous(), 0.3, 200).outcome is Outcome.DIVERGED
    assert run(bilinear(), Simultaneous(), 1e3, 2000).outcome is Outcome.DIVERGED
    assert run(quadratic(mu=1.0, sigma=0.0), Simultaneous(), 0.5, 100).outcome is Outcome.CONVERGED


@pytest.mark.parametrize("h", [*(pytest.param(h, marks=pytest.mark.slow) for h in (0.01, 0.05)), 0.3, 1.0, 1.7])
def test_cycling_is_told_from_slow_convergence(h):
    assert run(bilinear(), Alternating(), h, 2000).outcome is Outcome.CYCLING
    if h <= 0.05:
        assert run(bilinear(), Extragradient(), h, 1500).outcome is not Outcome.CYCLING


def test_less_than_a_turn_is_too_early_to_say():
    assert run(bilinear(), Alternating(), 0.01, 100).outcome is Outcome.RUNNING


def test_a_matrix_acts_through_its_singular_values():
    """The slowest singular value decides: here 1 of {1, 2}, at h = .3."""
    rotation = torch.tensor([[0.6, -0.8], [0.8, 0.6]])
    matrix = (rotation @ torch.diag(torch.tensor([1.0, 2.0]))).tolist()
    found = run(bilinear(matrix=matrix), Extragradient(), 0.3, 400)
    assert found.rate == pytest.approx(math.sqrt(1 - 0.09 + 0.0081), abs=1e-6)


def test_the_solution_hit_exactly_ends_the_run():
    found = run(quadratic(mu=1.0, sigma=0.0), Simultaneous(), 1.0, 50)
    assert (found.iterations, found.rate, found.outcome) == (1, 0.0, Outcome.CONVERGED)


def test_the_factor_is_right_however_far_the_run_goes():
    """Competitive at h = 3 shrinks by 1/√10 a step: 1e-140 is reached after 281 steps."""
    found = run(bilinear(), Competitive(), 3.0, 2000)
    assert found.rate == pytest.approx(10**-0.5, rel=1e-9)
    assert found.iterations == 281


def test_geometric_rate_of_a_geometric_sequence():
    assert geometric_rate([3 * 0.9**k for k in range(41)]) == pytest.approx(0.9)
    assert math.isnan(geometric_rate([1.0]))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="give 2 numbers"):
        played(bilinear(), x0=[1.0])
    with pytest.raises(ValueError, match="equal length"):
        bilinear(matrix=[[1.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match="choose one of"):
        dirac(loss="huber")
    with pytest.raises(ValueError, match="at least 1"):
        run(bilinear(), Simultaneous(), 0.1, 0)
