"""Closed forms of the factor against published numbers, against the methods themselves, and on the boundary."""

import math

import pytest
import torch

from saddlepoint import methods as m
from saddlepoint.core import Batch
from saddlepoint.dynamics import amplification, region, spectrum
from saddlepoint.games import dirac, quadratic, solve

FORMS = {
    "simultaneous": m.Simultaneous(),
    "extragradient": m.Extragradient(),
    "double extragradient": m.DoubleExtragradient(gamma=2.5),
    "optimistic": m.Optimistic(),
    "optimistic extragradient": m.Optimistic(m.Extragradient()),
    "proximal": m.Proximal(),
    "heun": m.RungeKutta("heun"),
    "rk4": m.RungeKutta("rk4"),
    "nesterov": m.Nesterov(beta=0.3),
    "heavy ball": m.HeavyBall(beta=-0.3, alternating=False),
    "lookahead": m.Lookahead(m.Simultaneous(), k=5, alpha=0.4),
    "averaged": m.Averaged(m.Extragradient()),
}


def at(method, w):
    return float(amplification(method)(torch.tensor([w], dtype=torch.complex128)))


@pytest.mark.parametrize(
    ("name", "factor"),
    [("simultaneous", 1.01533), ("extragradient", 0.92494), ("optimistic", 0.91488), ("proximal", 0.93214),
     ("rk4", 0.97045)],
)  # fmt: skip
def test_published_table_at_mu_a_tenth_sigma_one_h_three_tenths(name, factor):
    assert at(FORMS[name], 0.3 * (0.1 + 1j)) == pytest.approx(factor, abs=5e-6)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(("mu", "sigma"), [(0.4, 0.7), (0.9, 0.2)])
def test_the_method_itself_has_this_factor(name, mu, sigma):
    h, game = 0.25, quadratic(mu=mu, sigma=sigma)
    method = m.Averaged(FORMS[name].base).base if name == "averaged" else FORMS[name]
    found = solve(game, game.play(lambda _, p: torch.optim.SGD(p, lr=h)), method, 200)
    assert at(FORMS[name], h * complex(mu, sigma)) == pytest.approx(found.rate, rel=2e-3)


@pytest.mark.parametrize(
    ("name", "w"),
    [
        ("simultaneous", 1 + 1j),
        ("extragradient", 1j),
        ("double extragradient", 0.8j),
        ("optimistic", 1j / math.sqrt(3)),
        ("rk4", 2j * math.sqrt(2)),
        ("proximal", -1 + 1j),
    ],
)
def test_the_boundary_of_the_region_runs_where_theory_says(name, w):
    assert at(FORMS[name], w) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "method",
    [m.Alternating(), m.Averaged(), m.Lookahead(), m.Competitive(), m.Consensus(), m.Symplectic(), m.Alex(),
     m.HeavyBall(), m.HeavyBall(phase=1.0, alternating=False), m.RungeKutta(penalty=0.1), m.Optimistic(m.Nesterov()),
     m.Extrapolated(), m.GapAware()],
    ids=lambda method: type(method).__name__,
)  # fmt: skip
def test_where_lambda_does_not_decide_there_is_none(method):
    assert amplification(method) is None


def test_a_region_shows_every_eigenvalue_and_is_the_disc_for_simultaneous_steps():
    h, eigenvalues = 0.5, (0.3 + 2j, 0.3 - 2j, 3 + 0j)
    seen = region(amplification(m.Simultaneous()), h, eigenvalues, points=41)
    assert seen.factors.shape == (41, 41)
    assert seen.real[0] < 0
    assert seen.real[-1] > 3
    assert seen.imaginary[-1] > 2
    real, imaginary = torch.meshgrid(seen.real, seen.imaginary, indexing="xy")
    disc = (real - 1 / h) ** 2 + imaginary**2 < 1 / h**2
    assert torch.equal(seen.factors < 1, disc)


@pytest.mark.parametrize("gamma", [0.3, 2.5])
def test_dirac_gan_simultaneous_steps_become_stable_at_the_largest_step_of_its_spectrum(gamma):
    found = spectrum(dirac(r1=gamma).play(lambda _, p: torch.optim.SGD(p, lr=1.0), [0.0, 0.0]), Batch(None))
    factor = amplification(m.Simultaneous())
    for share, stable in ((0.99, True), (1.01, False)):
        values = share * found.largest_step * torch.tensor(found.eigenvalues)
        assert bool((factor(values) < 1).all()) is stable


@pytest.mark.parametrize("gamma", [0.3, 2.5])
def test_the_spectrum_tells_its_extremes(gamma):
    found = spectrum(dirac(r1=gamma).play(lambda _, p: torch.optim.SGD(p, lr=1.0), [0.0, 0.0]), Batch(None))
    root = gamma**2 / 4 - 0.25
    assert found.most_real == pytest.approx(gamma / 2 + math.sqrt(max(root, 0.0)))
    assert found.most_imaginary == pytest.approx(math.sqrt(max(-root, 0.0)), abs=1e-12)
