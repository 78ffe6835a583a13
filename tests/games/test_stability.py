"""Many games as one are the games themselves, and their map is theory's."""

import math

import pytest
import torch

from saddlepoint import methods as m
from saddlepoint.core import Outcome
from saddlepoint.dynamics.theory import LinearField, factor
from saddlepoint.games import bilinear, dirac, quadratic, solve, solve_stacked, stability_map, stochastic_bilinear
from saddlepoint.methods import METHODS
from tiers import quick

SEPARABLE = {
    **{name: METHODS[name] for name in METHODS if METHODS[name]().separable},
    "symplectic": lambda: m.Symplectic(align=False),
    "consensus": lambda: m.Consensus(gamma=0.5),
    "lookahead over optimistic": lambda: m.Lookahead(m.Optimistic(), k=3),
    "heavy ball, complex": lambda: m.HeavyBall(beta=0.4, phase=2.0, alternating=False),
    "runge-kutta with penalty": lambda: m.RungeKutta(penalty=0.05),
    "anchored eag-c": lambda: m.Anchored("eag-c"),
}
GAMES = {
    "bilinear": bilinear(matrix=[[1.0, 0.3, 0.0], [-0.4, 2.0, 0.1]]),
    "dirac": dirac("least-squares", r1=0.3),
}


def draw(copies, n, seed):
    """Starts and step sizes, from stable ones to such that overflow at once."""
    generator = torch.Generator().manual_seed(seed)
    starts = torch.randn(copies, n, generator=generator, dtype=torch.float64)
    return starts, 10 ** (3 * torch.rand(copies, 2, generator=generator, dtype=torch.float64) - 2)


def alone(game, method, start, pair, iterations, seed=0):
    rates = dict(zip(("generator", "discriminator"), pair.tolist(), strict=True))
    played = game.play(lambda name, parameters: torch.optim.SGD(parameters, lr=rates[name]), start.tolist())
    return solve(game, played, method, iterations, seed)


@pytest.mark.parametrize("name", SEPARABLE)
@pytest.mark.parametrize("kind", quick(list(GAMES), next(iter(GAMES))))
def test_each_copy_of_a_stack_is_the_game_on_its_own(kind, name):
    game = GAMES[kind]
    starts, rates = draw(6, sum(game.sizes), 3)
    stacked = solve_stacked(game, SEPARABLE[name](), starts, rates, 24)
    for found, start, pair in zip(stacked, starts, rates, strict=True):
        expected = alone(game, SEPARABLE[name](), start, pair, 24)
        assert found.outcome is expected.outcome
        assert found.iterations == expected.iterations
        # Rounding decides where a distance is that of rounding, and an explosion of third order multiplies it.
        if expected.distance[-1] > 1e-12 and (kind != "dirac" or expected.outcome is not Outcome.DIVERGED):
            assert found.rate == pytest.approx(expected.rate, rel=1e-9, nan_ok=True)
            assert found.path[-1] == pytest.approx(expected.path[-1], rel=1e-6, abs=1e-9 * expected.distance[-1])


def test_copies_share_the_data():
    game = stochastic_bilinear(size=6, batch_size=2)
    starts, rates = draw(4, 12, 0)
    for found, start, pair in zip(
        solve_stacked(game, m.Extragradient(), starts, rates / 10, 40, seed=3), starts, rates / 10, strict=True
    ):
        assert found.rate == pytest.approx(alone(game, m.Extragradient(), start, pair, 40, seed=3).rate, rel=1e-9)


def test_what_mixes_copies_says_so_and_is_refused():
    mixing = {name for name in METHODS if not METHODS[name]().separable}
    # A sign, a norm, a solver's coefficient, an extrapolation's weights, a loss: all of the whole point.
    assert mixing == {
        *("symplectic", "competitive", "extrapolated", "agraal", "proximal", "ridge", "gap-aware"),
        *("curvature-extragradient", "adaptive-extragradient", "stackelberg"),
    }
    wrapped = m.Lookahead(m.Averaged(m.Proximal()))
    assert not wrapped.separable
    assert not m.Anchored("eag-v").separable
    with pytest.raises(ValueError, match="is not separable"):
        list(solve_stacked(bilinear(), wrapped, *draw(2, 2, 0), 5))


@pytest.mark.parametrize("name", ["symplectic", "competitive", "proximal"])
def test_a_map_of_a_method_that_mixes_is_played_one_by_one(name):
    game, steps = bilinear(sigma=1.5), [0.1, 0.7]
    cells = stability_map(game, METHODS[name], steps, steps, 30, torch.ones(1, 2).double())
    for row, h_y in zip(cells, steps, strict=True):
        for cell, h_x in zip(row, steps, strict=True):
            expected = alone(
                game, METHODS[name](), torch.ones(2).double(), torch.tensor([h_x, h_y], dtype=torch.float64), 30
            )
            assert (cell.rate, cell.outcome) == (expected.rate, expected.outcome)


def test_columns_are_the_generators_step_sizes_and_the_worst_start_counts():
    starts = torch.tensor([[1.0, 1.0], [0.0, 0.0], [3.0, -2.0]]).double()
    game = quadratic(mu=1.0, sigma=0.0)
    (row,) = stability_map(game, m.Simultaneous, [0.5, 3.0], [1.0], 40, starts)
    assert row[0].rate == pytest.approx(0.5)  # y is there after one step, x shrinks by 1 − h_x
    assert row[1].rate == pytest.approx(2.0)
    assert (row[0].outcome, row[1].outcome) == (Outcome.CONVERGED, Outcome.DIVERGED)


def test_one_copy_that_overflows_leaves_the_others_alone():
    game = dirac("least-squares")  # a loss of fourth order
    starts = torch.ones(2, 2).double()
    rates = torch.tensor([[1e3, 1e3], [0.1, 0.1]]).double()
    lost, kept = solve_stacked(game, m.Extragradient(), starts, rates, 200)
    assert (lost.outcome, lost.iterations < 10) == (Outcome.DIVERGED, True)
    assert kept.rate == pytest.approx(alone(game, m.Extragradient(), starts[1], rates[1], 200).rate, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("simultaneous", m.Simultaneous),
        ("alternating", m.Alternating),
        ("two to three", lambda: m.Alternating(counts=(2, 3))),
        ("extragradient", m.Extragradient),
        ("optimistic", m.Optimistic),
        ("consensus", lambda: m.Consensus(gamma=0.8)),
    ],
)
def test_the_measured_map_has_its_edge_where_theory_has(name, make):
    """Cells whose factor is not within 3 % of 1 are on the right side of it, unequal step sizes included."""
    h = torch.logspace(-1, 0.5, 9).double().tolist()
    pairs = torch.tensor([[(x, y) for x in h] for y in h]).double()
    blocks = {"generator": 1, "discriminator": 1}
    theory = factor(make(), LinearField(bilinear().jacobian(), blocks, pairs))
    measured = stability_map(bilinear(), make, h, h, 300, torch.ones(1, 2).double())
    decided = 0
    for row, known in zip(measured, theory.tolist(), strict=True):
        for cell, rho in zip(row, known, strict=True):
            if abs(rho - 1) > 0.03 and math.isfinite(cell.rate):
                assert (cell.rate < 1) == (rho < 1)
                decided += 1
    assert decided > (5 if "alt" in name or "two" in name else 30)


def test_alternation_is_bounded_up_to_four_over_the_counts():
    """h_x h_y n_x n_y < 4 on x·y."""
    for counts in ((1, 1), (2, 1), (2, 3)):
        limit = 4 / (counts[0] * counts[1])
        for share, stable in ((0.99, True), (1.01, False)):
            pair = torch.tensor([0.25, share * limit / 0.25]).double()
            field = LinearField(bilinear().jacobian(), {"generator": 1, "discriminator": 1}, pair)
            assert (float(factor(m.Alternating(counts=counts), field)) <= 1 + 1e-9) == stable
