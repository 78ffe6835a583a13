"""One suite for every method: closed-form factors, limits, counts, exact resume, composition, ranks."""

import io
import math

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from cases import CASES
from torch import nn

from saddlepoint import methods as m
from saddlepoint.components.registries import METHOD_REGISTRY
from saddlepoint.core import Batch, Batches, Game, Outcome
from saddlepoint.games import bilinear, quadratic, solve
from saddlepoint.methods import METHODS
from tiers import quick

LINEAR = [name for name, case in CASES.items() if case.factor is not None]
BILINEAR = [(name, h) for name in LINEAR for h in CASES[name].steps]
QUADRATIC = [(name, mu, sigma) for name in LINEAR for mu, sigma in CASES[name].modes]


def sgd(h):
    return lambda name, parameters: torch.optim.SGD(parameters, lr=h)


def path_of(analytic, method, h, steps, x0=None):
    return np.array(solve(analytic, analytic.play(sgd(h), x0), method, steps).path)


def measured_factor(path, order):
    """The largest multiplier of the linear recurrence that the coordinates follow, by least squares."""
    rows = [np.append(path[i : i + order, c], path[i + order, c]) for i in range(len(path) - order) for c in (0, 1)]
    rows = [row / np.abs(row).max() for row in rows if np.abs(row).max() > 1e-200]
    table = np.array(rows)
    coefficients = np.linalg.lstsq(table[:, :-1], table[:, -1], rcond=1e-13)[0]
    return max(abs(np.roots(np.append(1.0, -coefficients[::-1]))))


def test_every_method_has_its_theory_listed():
    assert set(CASES) == set(METHODS)
    for name, case in CASES.items():
        assert type(case.make()) is METHODS[name]


@pytest.mark.parametrize(("name", "h"), BILINEAR)
def test_factor_on_the_bilinear_game(name, h):
    case = CASES[name]
    path = path_of(bilinear(), case.make(), h, 16 * case.period)[:: case.period]
    assert measured_factor(path, case.order) == pytest.approx(case.factor(h, 0.0, 1.0), rel=2e-6)


@pytest.mark.parametrize(("name", "mu", "sigma"), QUADRATIC)
def test_factor_on_the_quadratic_game(name, mu, sigma):
    case, h = CASES[name], 0.13
    path = path_of(quadratic(mu=mu, sigma=sigma), case.make(), h, 16 * case.period)[:: case.period]
    assert measured_factor(path, case.order) == pytest.approx(case.factor(h, mu, sigma), rel=2e-6)


@pytest.mark.parametrize("name", [n for n in LINEAR if n not in ("ridge", "proximal")])
def test_a_singular_value_scales_the_step(name):
    """σ·x·y at h is x·y at hσ, for the methods whose only length is h."""
    case, h, sigma = CASES[name], 0.11, 3.0
    path = path_of(bilinear(sigma=sigma), case.make(), h, 16 * case.period)[:: case.period]
    assert measured_factor(path, case.order) == pytest.approx(case.factor(h, 0.0, sigma), rel=2e-6)


@pytest.mark.parametrize(
    "name",
    quick(
        ["extragradient", "optimistic", "proximal", "competitive", "consensus", "runge-kutta"],
        *("extragradient", "optimistic", "consensus"),
    ),
)
def test_on_a_matrix_the_slowest_singular_value_decides(name):
    """A = U diag(1, 2.2) Vᵀ, dense."""
    c, s = math.cos(0.7), math.sin(0.7)
    turn = np.array([[c, -s], [s, c]])
    matrix = (turn @ np.diag([1.0, 2.2]) @ turn.T @ turn).tolist()
    case, h = CASES[name], 0.2
    n = 4000 if name == "runge-kutta" else 600
    found = solve(bilinear(matrix=matrix), bilinear(matrix=matrix).play(sgd(h)), case.make(), n)
    expected = max(case.factor(h, 0.0, sigma) for sigma in (1.0, 2.2))
    assert found.rate == pytest.approx(expected, rel=2e-3 if name == "optimistic" else 1e-4)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("alternating", 2.0),
        ("extragradient", 1.0),
        ("optimistic", 1 / math.sqrt(3)),
        ("consensus", 2 * 0.8 / (1 + 0.64)),
        ("symplectic", 1.0),
        ("double-extragradient", 0.8),
        ("runge-kutta", 2 * math.sqrt(2)),
        ("heavy-ball", 1.0),
        ("svre", 1.0),
    ],
)
def test_stated_limit_on_the_bilinear_game_crossed_from_both_sides(name, limit):
    inside, outside = (
        np.linalg.norm(path_of(bilinear(), CASES[name].make(), h, 500)[-1]) for h in (0.96 * limit, 1.04 * limit)
    )
    assert inside <= (20.0 if name == "alternating" else 0.9)  # alternation keeps to a long ellipse
    assert outside > 1e3


@pytest.mark.parametrize(("beta", "phase"), [(0.6, math.pi / 2), (0.3, 2.0)])
def test_complex_momentum_has_the_published_matrix(beta, phase):
    from cases import _complex_momentum

    method = m.HeavyBall(beta=beta, phase=phase, alternating=False)
    path = path_of(quadratic(mu=0.3, sigma=1.0), method, 0.2, 24)
    expected = _complex_momentum(beta * np.exp(1j * phase))(0.2, 0.3, 1.0)
    assert measured_factor(path, 6) == pytest.approx(expected, rel=1e-4)


def test_heavy_ball_values_of_the_table():
    path = path_of(bilinear(), m.HeavyBall(beta=-0.5), 0.3, 24)
    assert measured_factor(path, 4) == pytest.approx(0.98661, abs=1e-5)
    path = path_of(bilinear(), m.Nesterov(beta=0.5), 0.3, 24)
    assert measured_factor(path, 4) == pytest.approx(1.18682, abs=1e-5)


def test_alex_one_step_ends_at_two_one_and_h_one():
    """(γ, δ) = (2, 1), h = 1: the matrix is nilpotent."""
    path = path_of(bilinear(), m.Alex(gamma=2.0, delta=1.0), 1.0, 6)
    assert np.abs(path[-1]).max() < 1e-14


@pytest.mark.slow
def test_exponential_average_shrinks_the_orbit_by_the_stated_amplitude():
    """h = .3, β = .9: amplitude .33150 of the orbit."""
    analytic, h = bilinear(), 0.3
    game = analytic.play(sgd(h))
    method, batches = m.Averaged(m.Alternating(), decay=0.9), Batches.none()
    live, mean = [], []
    for _ in range(4000):
        method.step(game, batches)
        live.append(game.point.flat()[0].item())
        mean.append(method.answer(game).flat()[0].item())
    tail = slice(1000, None)
    assert max(mean[tail]) / max(live[tail]) == pytest.approx(0.33150, abs=2e-4)


@pytest.mark.slow
def test_uniform_average_shrinks_like_one_over_k():
    analytic = bilinear()
    distance = solve(analytic, analytic.play(sgd(0.3)), m.Averaged(), 4000).distance
    early, late = max(distance[400:500]), max(distance[3900:])
    assert 6 < early / late < 10


def test_half_life_is_in_samples():
    game = bilinear().play(sgd(0.1))
    method = m.Averaged(m.Simultaneous(), half_life=64)
    batches = Batches(lambda position: Batch(None, 64))
    start = game.point.flat()
    method.step(game, batches)
    assert torch.allclose(method.answer(game).flat(), (start + game.point.flat()) / 2)


def test_extrapolation_is_exact_after_window_plus_one_steps_over_any_base():
    for base in (m.Simultaneous(), m.Alternating(), m.Extragradient()):
        path = path_of(quadratic(mu=0.2, sigma=1.0), m.Extrapolated(base, window=2), 0.3, 3)
        assert np.abs(path[3]).max() < 1e-13
        assert np.abs(path[2]).max() > 0.1


@pytest.mark.slow
def test_anchored_bounds_hold():
    """feg from (1, 0), h = 1/L: ‖F‖²k² ≤ 4; eag-c, α = 1/8: ‖F‖²(k + 1)² ≤ 260; eag-v converges alike."""
    for k, point in enumerate(path_of(bilinear(), m.Anchored("feg"), 1.0, 500, [1.0, 0.0])):
        assert point @ point * k**2 <= 4 + 1e-9
    for k, point in enumerate(path_of(bilinear(), m.Anchored("eag-c"), 1 / 8, 2000, [1.0, 0.0])):
        assert point @ point * (k + 1) ** 2 <= 260
    path = path_of(bilinear(), m.Anchored("eag-v"), 0.6, 2000, [1.0, 0.0])
    assert max(p @ p * (k + 1) ** 2 for k, p in enumerate(path)) <= 60
    with pytest.raises(ValueError, match="below 3/4"):
        path_of(bilinear(), m.Anchored("eag-v"), 0.8, 3)


@pytest.mark.parametrize("make", [m.Agraal, pytest.param(m.CurvatureExtragradient, marks=pytest.mark.slow)])
def test_agraal_and_curvature_extragradient_need_no_step_size(make):
    for sigma in (0.01, 1.0, 100.0):
        found = solve(bilinear(sigma=sigma), bilinear(sigma=sigma).play(sgd(123.0)), make(), 2000)
        assert found.outcome is Outcome.CONVERGED


class Spiral(nn.Module):
    """One coordinate of a player."""

    def __init__(self, start):
        super().__init__()
        self.value = nn.Parameter(torch.tensor([start], dtype=torch.float64))

    def forward(self):
        return self.value


def weak_minty_game(a, b, rate):
    """F = a z + b (y, −x) with a < 0: ⟨F, z⟩ = a‖z‖² = −(ρ/2)‖F‖² at ρ = −2a/(a² + b²), L = √(a² + b²)."""
    players = {"x": Spiral(1.0), "y": Spiral(0.6)}

    def losses(players, _batch, _names):
        x, y = (players[name]().squeeze() for name in "xy")
        return {"x": a * x**2 / 2 + b * x * y, "y": a * y**2 / 2 - b * x * y}

    return Game(players, losses, {n: torch.optim.SGD(p.parameters(), lr=rate) for n, p in players.items()})


@pytest.mark.slow
def test_eg_plus_and_curvature_eg_plus_reach_a_weak_minty_solution_that_extragradient_does_not():
    """L = 1 and ⟨F, z⟩ = a ‖F‖²: ρ = −2a for EG+, which is proved below ¼ at h = ½, and δ = a > −γ/2, γ = .99."""

    def after(method, a, rate=0.5):
        game, batches = weak_minty_game(a, math.sqrt(1 - a * a), rate), Batches.none()
        for _ in range(300):
            method.step(game, batches)
        return float(game.point.norm())

    assert after(m.ExtragradientPlus(), -0.12) < 1e-2
    assert after(m.Extragradient(), -0.2) > 1.5
    assert after(m.ExtragradientPlus(), -0.3) > 1e6
    for a, most in ((-0.2, 1e-6), (-0.3, 1e-5), (-0.45, 0.5)):  # from 1.17
        assert after(m.CurvatureExtragradient(delta=a), a) < most


@pytest.mark.slow
def test_adaptive_extragradient_settles_at_a_step_size_that_converges():
    """From a rate beyond the limit; the factor in the end is that of the size it found, however small."""
    for scheme, limit in (("mirror-prox", 1.0), ("past", 1 / math.sqrt(3))):
        method = m.AdaptiveExtragradient(scheme)
        path = path_of(bilinear(), method, 1.5 * limit, 1500)
        h = 1.5 * limit * method.size
        assert 0.05 < h < limit
        norms = np.linalg.norm(path, axis=1)
        case = CASES["extragradient" if scheme == "mirror-prox" else "optimistic"]
        assert (norms[-1] / norms[-101]) ** 0.01 == pytest.approx(case.factor(h, 0.0, 1.0), rel=1e-3)
        assert norms[-1] < 1e-2


@pytest.mark.slow
def test_anchored_popov_has_the_rate_of_the_anchored_methods_at_half_the_evaluations():
    """‖F‖²(k + 1)² stays bounded, from (1, 0), where that of past extragradient with the same step is not yet small."""
    for h in (1 / 8, 1 / 4, 0.45):
        path = path_of(bilinear(), m.AnchoredPopov(), h, 2000, [1.0, 0.0])
        assert max(p @ p * (k + 1) ** 2 for k, p in enumerate(path)) <= 260
        assert path[-1] @ path[-1] < 1e-4
    late = path_of(bilinear(), m.AnchoredPopov(), 0.45, 2000, [1.0, 0.0])
    assert 1.8 < np.linalg.norm(late[1000]) / np.linalg.norm(late[2000]) < 2.2


def test_optimistic_adam_s_first_step_is_doubled_as_it_is_published():
    game, plain = (
        bilinear().play(lambda _, p: torch.optim.Adam(p, lr=0.1, betas=(0.5, 0.9)), [1.0, 0.6]) for _ in range(2)
    )
    start = plain.point.flat()
    m.OptimisticAdam().step(game, Batches.none())
    m.Simultaneous().step(plain, Batches.none())
    torch.testing.assert_close(game.point.flat(), start + 2 * (plain.point.flat() - start))


def test_stackelberg_stops_where_the_follower_has_negative_curvature():
    """L_y = −σxy + μy²/2 with μ < 0: no best reply, and the leader's direction is its own gradient."""
    game, plain = (weak_minty_game(-0.5, 1.0, 0.1) for _ in range(2))
    m.Stackelberg(damping=0.1).step(game, Batches.none())
    m.Simultaneous().step(plain, Batches.none())
    assert torch.equal(game.point.flat(), plain.point.flat())


def test_schedule_free_diverges_its_average_too():
    found = solve(bilinear(), bilinear().play(sgd(0.3)), m.ScheduleFree(), 3000)
    assert found.outcome is Outcome.DIVERGED
    assert np.linalg.norm(found.path[-1]) > 10
    assert found.distance[-1] > found.distance[0]


def test_ridge_is_refused_where_the_follower_has_no_curvature():
    with pytest.raises(ValueError, match="no curvature"):
        path_of(bilinear(), m.Ridge(), 0.1, 1)


def test_gap_aware_factors():
    """Ideal 1: half the gap at which the bound is reached gives the bound's root."""
    method = m.GapAware(ideal=1.0)
    for loss, factor in [(1.0, 1.0), (1.05, math.sqrt(2)), (1.1, 2.0), (9.0, 2.0), (0.95, 0.1**0.5), (0.2, 0.1)]:
        method.mean_loss = loss
        assert method.factor() == pytest.approx(factor)


def test_runge_kutta_penalty_is_the_gradient_of_the_squared_field():
    """On σxy: ‖∂_x L_x‖² = σ²y², so the discriminator's direction gains 2λσ²y."""
    game = bilinear(sigma=3.0).play(sgd(1.0), [0.0, 0.5])
    m.RungeKutta("heun", penalty=0.02).update(game, Batches.none())
    plain = bilinear(sigma=3.0).play(sgd(1.0), [0.0, 0.5])
    m.RungeKutta("heun").update(plain, Batches.none())
    assert (plain.point.flat() - game.point.flat()).tolist() == pytest.approx([0.0, 2 * 0.02 * 9 * 0.5])


def test_competitive_solvers_agree():
    ends = [path_of(bilinear(matrix=[[1.0, 0.3], [0.2, 2.0]]), m.Competitive(zero_sum=z), 0.7, 5)[-1] for z in (0, 1)]
    assert np.allclose(*ends, atol=1e-9)


def test_unequal_rates_are_respected_by_methods_that_look_at_them():
    """Simultaneous with h_x, h_y: √(1 + h_x h_y); competitive and proximal: 1/√(1 + h_x h_y)."""
    rates = {"generator": 0.5, "discriminator": 0.2}
    for method, expected in [
        (m.Simultaneous(), math.sqrt(1.1)),
        (m.Competitive(), 1 / math.sqrt(1.1)),
        (m.Competitive(zero_sum=True), 1 / math.sqrt(1.1)),
        (m.Proximal(), 1 / math.sqrt(1.1)),
    ]:
        game = bilinear().play(lambda name, parameters: torch.optim.SGD(parameters, lr=rates[name]))
        path = np.array(solve(bilinear(), game, method, 16).path)
        assert measured_factor(path, 2) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("order", [("discriminator", "generator"), ("generator", "discriminator")])
@pytest.mark.parametrize("counts", [(1, 1), (3, 1), (1, 2)])
def test_alternating_moves_whom_it_says_as_often_as_it_says(order, counts):
    game, h = bilinear().play(sgd(0.3)), 0.3
    m.Alternating(order=order, counts=counts).update(game, Batches.none())
    x = y = 1.0
    for name, count in zip(order, counts, strict=True):
        for _ in range(count):
            if name == "generator":
                x -= h * y
            else:
                y += h * x
    assert game.point.flat().tolist() == pytest.approx([x, y], abs=1e-15)
    assert game.evaluations == sum(counts)


# --- a stochastic game of two small networks, for everything that is not about rates -------------------


class Net(nn.Module):
    """Two layers with batch norm between."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(inputs, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, outputs))

    def forward(self, x):
        return self.body(x)


def adversarial(players, batch, names):
    real, latent = batch
    generated = players["generator"](latent)
    gap = (players["discriminator"](real) - players["discriminator"](generated)).mean()
    curb = sum((p**2).sum() for p in (generated, real)) * 0
    value = gap - 0.1 * (players["discriminator"](real) ** 2).mean() + curb
    return {"generator": value, "discriminator": -value}


def networks_game(norm=True, optimizer=lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.0, 0.99))):
    torch.manual_seed(0)
    players = {"generator": Net(2, 3), "discriminator": Net(3, 1)}
    if not norm:
        for player in players.values():
            player.body[1] = nn.Identity()
    players = {name: player.double() for name, player in players.items()}
    return Game(players, adversarial, {name: optimizer(player.parameters()) for name, player in players.items()})


def draw(position, n=8, part=slice(None)):
    source = torch.Generator().manual_seed(position)
    real, latent = (torch.randn(n, d, generator=source, dtype=torch.float64) for d in (3, 2))
    return Batch((real[part], latent[part]), n)


def everything(game, method):
    buffer = io.BytesIO()
    torch.save(
        {
            "point": game.point.state_dict(),
            "buffers": {n: dict(p.named_buffers()) for n, p in game.players.items()},
            "optimizers": {n: o.state_dict() for n, o in game.optimizers.items()},
            "method": method.state_dict(),
        },
        buffer,
    )
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def restored(state, make):
    game, method = networks_game(), make()
    for name, player in game.players.items():
        player.load_state_dict({**player.state_dict(), **state["buffers"][name]})
        game.optimizers[name].load_state_dict(state["optimizers"][name])
    for mine, theirs in zip(game.point.tensors, (t for n in game.names for t in state["point"][n]), strict=True):
        mine.data.copy_(theirs)
    method.load_state_dict(state["method"])
    return game, method


COMPOSED = {
    **{name: case.make for name, case in CASES.items()},
    "ridge": lambda: m.Ridge(damping=1.0, iterations=3),
    "svre": lambda: m.SVRE(k=3, batches=2),
    "proximal": lambda: m.Proximal(k=3, window=2),
    "lookahead in lookahead": lambda: m.Lookahead(m.Lookahead(m.Extragradient(), k=2), k=2),
    "average of optimistic lookahead": lambda: m.Averaged(m.Optimistic(m.Lookahead(m.HeavyBall(), k=2)), decay=0.9),
    "extrapolated gap-aware": lambda: m.Extrapolated(m.GapAware(m.Alex()), window=2),
    "optimistic consensus": lambda: m.Optimistic(m.Consensus(gamma=0.1)),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_a_stopped_run_continues_bit_for_bit(name):
    assert_continues(COMPOSED[name])


@pytest.mark.slow
@pytest.mark.parametrize("base", METHODS)
@pytest.mark.parametrize("wrapper", [name for name in METHODS if "base" in METHOD_REGISTRY.resolve(name)])
def test_a_stopped_wrapper_around_any_method_continues_bit_for_bit(wrapper, base):
    assert_continues(lambda: METHOD_REGISTRY.build({"name": wrapper, "base": base}))


def assert_continues(make):
    game, method, batches = networks_game(), make(), Batches(draw)
    for _ in range(5):
        assert method.step(game, batches).outcome is Outcome.RUNNING
    state, position = everything(game, method), batches.position
    for _ in range(5):
        method.step(game, batches)
    game2, method2 = restored(state, make)
    batches2 = Batches(draw, position)
    for _ in range(5):
        method2.step(game2, batches2)
    assert torch.equal(game.point.flat(), game2.point.flat())
    assert torch.equal(method.answer(game).flat(), method2.answer(game2).flat())
    assert batches.position == batches2.position
    assert torch.isfinite(game.point.flat()).all()


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if c.evaluations > 0])
def test_evaluations_are_counted(name):
    game = quadratic(mu=0.5).play(sgd(0.1))
    method, batches = CASES[name].make(), Batches.none()
    method.step(game, batches)
    before = game.evaluations
    for _ in range(4):
        method.step(game, batches)
    assert (game.evaluations - before) / 4 == CASES[name].evaluations


def test_optimizers_are_wrapped_extra_adam_advances_its_moments_at_both_halves():
    game, batches = networks_game(), Batches(draw)
    m.Extragradient().step(game, batches)
    steps = {float(s["step"]) for o in game.optimizers.values() for s in o.state.values()}
    assert steps == {2.0}


def test_a_step_size_that_noise_shrinks_to_nothing_stands_still_and_does_not_raise():
    game, method = networks_game(), m.Agraal()
    batches = Batches(draw)
    for _ in range(150):
        assert method.step(game, batches).outcome is Outcome.RUNNING
    assert 0 < method.size < 1e-6


@pytest.mark.parametrize("name", METHODS)
def test_a_failing_step_reports_and_leaves_the_players_where_they_stood(name):
    game, method = networks_game(), METHODS[name]()
    real = torch.full((8, 3), math.nan, dtype=torch.float64)
    batches = Batches(lambda p: draw(p) if p < 16 else Batch((real, draw(p).value[1]), 8))
    step = None
    while step is None or step.outcome is Outcome.RUNNING:
        before = game.point.flat()
        step = method.step(game, batches)
    assert step.outcome is Outcome.NON_FINITE
    assert step.cause in ("loss", "gradient")
    if name != "alex":  # whose generator moves first, and does not see the real samples
        assert torch.equal(game.point.flat(), before)


def test_bad_parameters_are_refused():
    for make in (
        lambda: m.Lookahead(k=0),
        lambda: m.Lookahead(alpha=1.5),
        lambda: m.Averaged(decay=1.0),
        lambda: m.Averaged(decay=0.5, half_life=3),
        lambda: m.Averaged(half_life=0),
        lambda: m.Alternating(order=()),
        lambda: m.Alternating(order=("one", "two"), counts=(1,)),
        lambda: m.Alternating(counts=(1, 0)),
        lambda: m.Extrapolated(window=0),
        lambda: m.Agraal(phi=2.0),
        lambda: m.SVRE(k=0),
        lambda: m.Proximal(k=0),
        lambda: m.Unrolled(n=-1),
        lambda: m.ExtragradientPlus(beta=0.0),
        lambda: m.CurvatureExtragradient(nu=1.0),
        lambda: m.CurvatureExtragradient(relaxation=2.0),
        lambda: m.CurvatureExtragradient(iterations=0),
        lambda: m.AdaptiveExtragradient(g0=0.0),
        lambda: m.NestedLookahead(outer=0),
        lambda: m.NestedLookahead(alpha=0.0),
        lambda: m.Stackelberg(damping=-1.0),
    ):
        with pytest.raises(ValueError, match=r"is|do not|two ways|empty"):
            make()


RANKED = {**COMPOSED, "proximal": lambda: m.Proximal(k=2, window=1), "gap-aware": lambda: m.GapAware(ideal=-1.0)}


def _rank(rank, folder):
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    half = slice(0, 4) if rank == 0 else slice(4, 8)
    ends = {}
    for name, make in RANKED.items():
        game, method = networks_game(norm=False, optimizer=lambda p: torch.optim.SGD(p, lr=0.05)), make()
        batches = Batches(lambda position: draw(position, part=half))
        for _ in range(4):
            method.step(game, batches)
        ends[name] = game.point.flat()
    torch.save(ends, f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_ranks_with_half_a_batch_each_are_one_rank_with_the_whole(tmp_path):
    mp.spawn(_rank, args=(str(tmp_path),), nprocs=2)
    ranks = [torch.load(tmp_path / f"{r}.pt", weights_only=True) for r in (0, 1)]
    for name, make in RANKED.items():
        game, method = networks_game(norm=False, optimizer=lambda p: torch.optim.SGD(p, lr=0.05)), make()
        batches = Batches(draw)
        for _ in range(4):
            method.step(game, batches)
        for rank in ranks:
            assert torch.allclose(rank[name], game.point.flat(), rtol=0, atol=1e-12), name
