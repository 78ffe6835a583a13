"""The linear maps of `theory` against what the methods do on linear games of unequal step sizes."""

import math

import pytest
import torch

from saddlepoint import methods as m
from saddlepoint.dynamics.theory import LinearField, factor
from saddlepoint.games import AnalyticGame, bilinear, quadratic, solve
from saddlepoint.methods import METHODS
from tiers import quick

BLOCKS = {"generator": 1, "discriminator": 1}
CASES = {
    "simultaneous": m.Simultaneous,
    "alternating": lambda: m.Alternating(counts=(3, 2)),
    "alex": lambda: m.Alex(gamma=1.5, delta=2.0),
    "extragradient": m.Extragradient,
    "double-extragradient": lambda: m.DoubleExtragradient(gamma=2.5),
    "optimistic": m.Optimistic,
    "optimistic over alternating": lambda: m.Optimistic(m.Alternating()),
    "lookahead": lambda: m.Lookahead(m.Simultaneous(), k=4, alpha=0.3),
    "lookahead over optimistic": lambda: m.Lookahead(m.Optimistic(), k=4, alpha=0.3),
    "heavy-ball": lambda: m.HeavyBall(beta=-0.3),
    "heavy-ball, complex, at once": lambda: m.HeavyBall(beta=0.5, phase=1.9, alternating=False),
    "nesterov": m.Nesterov,
    "consensus": lambda: m.Consensus(gamma=0.7),
    "symplectic": m.Symplectic,
    "competitive": m.Competitive,
    "runge-kutta": m.RungeKutta,
    "heun with penalty": lambda: m.RungeKutta("heun", penalty=0.3),
    "lead": lambda: m.Lead(beta=0.1, alpha=0.3),
    "svre": lambda: m.SVRE(k=3, batches=1),
    "proximal": m.Proximal,
    "ridge": m.Ridge,
    "extragradient-plus": lambda: m.ExtragradientPlus(beta=0.4),
    "nested lookahead": lambda: m.NestedLookahead(m.Simultaneous(), k=4, outer=3, alpha=0.3),
    "nested lookahead over optimistic": lambda: m.NestedLookahead(m.Optimistic(), k=4, outer=2, alpha=0.6),
    "optimistic-adam": m.OptimisticAdam,
}


def field(game, *pair):
    return LinearField(game.jacobian(), BLOCKS, torch.tensor(pair, dtype=torch.float64))


def long_run(game, method, pair, steps):
    """The factor over many steps: (‖z_2n‖/‖z_n‖)^(1/n), which the orbit's shape spoils by O(1/n)."""
    rates = dict(zip(BLOCKS, pair, strict=True))
    played = game.play(lambda name, own: torch.optim.SGD(own, lr=rates[name]), [1.0, 0.6])
    return solve(game, played, method, steps).rate


@pytest.mark.parametrize(
    "name", quick([*CASES], "simultaneous", "alternating", "extragradient", "optimistic", "lookahead", "consensus")
)
def test_the_factor_at_unequal_step_sizes_is_what_the_method_does(name):
    game, pair = quadratic(mu=0.4, sigma=1.3), (0.11, 0.32)
    expected = float(factor(CASES[name](), field(game, *pair)))
    assert long_run(game, CASES[name](), pair, 400) == pytest.approx(expected, abs=0.012)


def test_the_tables_values_on_the_bilinear_game():
    known = [
        (m.Simultaneous(), 0.3, 1.044031),
        (m.Extragradient(), 0.3, 0.958175),
        (m.Extragradient(), 1 / math.sqrt(2), 0.866025),
        (m.Optimistic(), 0.2, 0.978906),
        (m.Optimistic(), 0.6, 1.057353),
        (m.Proximal(), 1.0, 0.707107),
        (m.Competitive(), 1.0, 0.707107),
        (m.Consensus(gamma=1.0), 0.1, 0.905539),
        (m.Symplectic(), 0.3, 0.761577),
        (m.RungeKutta("heun"), 1.0, 1.118034),
        (m.RungeKutta(), 1.0, 0.993905),
        (m.Nesterov(beta=0.5), 0.3, 1.18682),
        (m.HeavyBall(beta=-0.5), 0.3, 0.98661),
        (m.HeavyBall(beta=-0.5), 1.0, 1.0),
        (m.Alex(gamma=1.0, delta=2.0), 0.5, 0.86603),
        (m.Alternating(), 1.7, 1.0),
    ]
    for method, h, value in known:
        assert float(factor(method, field(bilinear(), h, h))) == pytest.approx(value, abs=6e-6), method


def test_on_the_bilinear_game_the_product_of_the_step_sizes_decides():
    """Extragradient: √(1 − p + p²), simultaneous √(1 + p), p = h_x h_y."""
    pairs = torch.tensor([[0.1, 0.9], [0.3, 0.3], [2.0, 0.045]]).double()
    many = LinearField(bilinear().jacobian(), BLOCKS, pairs)
    p = pairs.prod(-1)
    assert torch.allclose(factor(m.Extragradient(), many), (1 - p + p * p).sqrt())
    assert torch.allclose(factor(m.Simultaneous(), many), (1 + p).sqrt())


def test_players_of_several_coordinates():
    """A = U diag(1, 2.2): the worst of the singular values decides, √(1 − h² + h⁴) at h = .2 and .44."""
    c, s = math.cos(0.7), math.sin(0.7)
    game: AnalyticGame = bilinear(matrix=[[c, -2.2 * s], [s, 2.2 * c]])
    found = factor(
        m.Extragradient(),
        LinearField(game.jacobian(), {"generator": 2, "discriminator": 2}, torch.tensor([0.2, 0.2]).double()),
    )
    assert float(found) == pytest.approx(math.sqrt(1 - 0.04 + 0.0016), abs=1e-7)


def test_what_has_no_finite_linear_map_has_no_factor():
    without = {name for name in METHODS if factor(METHODS[name](), field(bilinear(), 0.1, 0.1)) is None}
    assert without == {
        *("averaged", "unrolled", "anchored", "extrapolated", "agraal", "gap-aware", "schedule-free"),
        *("adaptive-extragradient", "anchored-popov", "curvature-extragradient", "stackelberg"),
        "ridge",  # no curvature of the follower here
    }
    assert factor(m.Proximal(window=1), field(bilinear(), 0.1, 0.1)) is None  # its inner iteration is not exact
    assert factor(m.Optimistic(m.Lookahead()), field(bilinear(), 0.1, 0.1)) is None
