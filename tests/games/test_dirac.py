"""The Dirac-GAN's losses and penalties, and the table of what converges (Mescheder et al. 2018)."""

import cmath
import math

import pytest
import torch

from saddlepoint.core import Batch, Outcome
from saddlepoint.games import dirac, solve
from saddlepoint.games.dirac import LOSSES, VARIANTS
from saddlepoint.methods import Alternating, Consensus, Simultaneous


def run(game, method, h=0.1, iterations=600):
    return solve(game, game.play(lambda _, own: torch.optim.SGD(own, lr=h)), method, iterations)


def field(game, theta, psi):
    return game.play(lambda _, own: torch.optim.SGD(own, lr=1.0), [theta, psi]).field(Batch(None)).flat().tolist()


def nearest(eigenvalues, expected):
    return min(abs(complex(value) - expected) for value in eigenvalues)


@pytest.mark.parametrize("s", [0.5, 1.0, 2.5])
def test_instance_noise_has_the_published_eigenvalues(s):
    """f''(0) s² ± √(f''(0)² s⁴ − f'(0)²) of −F, with f'' = −1/4, f' = 1/2."""
    found = -torch.linalg.eigvals(dirac("minimax", instance_noise=s).jacobian())
    root = cmath.sqrt(s**4 / 16 - 0.25)
    assert nearest(found, -(s**2) / 4 + root) < 1e-12
    assert nearest(found, -(s**2) / 4 - root) < 1e-12


@pytest.mark.parametrize("penalty", ["r1", "r2"])
def test_both_zero_centred_penalties_have_the_published_eigenvalues(penalty):
    found = -torch.linalg.eigvals(dirac(**{penalty: 0.3}).jacobian())
    assert nearest(found, -0.15 + 1j * math.sqrt(0.25 - 0.0225)) < 1e-12


def test_noise_is_the_mean_over_normal_variables():
    """Least squares, where it is a polynomial: E (ψ(θ + a) − 1)²/2 + E (ψb + 1)²/2."""
    theta, psi, s = 0.7, -1.3, 0.6
    found = field(dirac("least-squares", instance_noise=s), theta, psi)
    from_generated = psi * (theta**2 + s**2) - theta
    assert found == pytest.approx([psi * (psi * theta + 1), from_generated + psi * s**2], abs=1e-12)


def test_relativistic_noise_is_that_of_the_difference():
    """E over a and b of softplus(ψ(b − θ − a)), b − a of variance 2s², by a fine sum."""
    theta, psi, s = 0.4, 0.9, 0.8
    z = torch.linspace(-9, 9, 20001, dtype=torch.float64)
    weight = torch.exp(-(z**2) / 2)
    t = psi * (theta + math.sqrt(2) * s * z)
    slope = float((weight * torch.sigmoid(t)).sum() / weight.sum()) * psi
    assert field(dirac("relativistic", instance_noise=s), theta, psi)[0] == pytest.approx(slope, abs=1e-9)


def test_the_gradient_penalty_pulls_the_norm_to_its_target():
    """∂/∂ψ (λ/2)(|ψ| − g)² = λ(ψ − g sign ψ)."""
    plain, game = dirac("wasserstein"), dirac("wasserstein", gradient_penalty=2.0, target=0.5)
    for psi in (0.2, -0.8):
        added = field(game, 0.3, psi)[1] - field(plain, 0.3, psi)[1]
        assert added == pytest.approx(2.0 * (psi - math.copysign(0.5, psi)))
    with pytest.raises(ValueError, match="kink"):
        game.jacobian()


#: Losses of curvature 0 at 0, to which noise adds no friction: f''(0) = 0.
FLAT = {"wasserstein", "hinge"}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("method", [Simultaneous, pytest.param(Alternating, marks=pytest.mark.slow)])
def test_what_converges_is_what_the_paper_says(loss, variant, method):
    """R1, R2 and instance noise do; nothing, and WGAN-GP's target above 0, do not."""
    found = run(dirac(loss, **VARIANTS[variant]), method(), 0.2, 300)
    helps = variant in ("r1", "r2") or (variant == "instance-noise" and loss not in FLAT)
    assert (found.distance[-1] < 1e-3) == helps, found.distance[-1]
    assert (found.outcome is Outcome.CONVERGED) == helps


@pytest.mark.parametrize("loss", LOSSES)
def test_consensus_converges_without_a_penalty(loss):
    assert run(dirac(loss), Consensus(gamma=1.0), 0.2, 600).outcome is Outcome.CONVERGED


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least 0"):
        dirac(instance_noise=-1.0)
