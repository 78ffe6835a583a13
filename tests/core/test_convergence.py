"""When a watched number has settled, and whether the game then rests or goes round."""

import math

import pytest
import torch

from saddlepoint.core import Batch, Batches, Game, Outcome, rng
from saddlepoint.core.convergence import Convergence, Look, look_at, trend
from saddlepoint.games import bilinear, quadratic
from saddlepoint.games.analytic import AnalyticGame, Vector
from saddlepoint.methods import Alternating, Extragradient, Simultaneous


def sgd(_player, parameters):
    return torch.optim.SGD(parameters, lr=0.1)


def verdict_of(analytic: AnalyticGame, method, looks: int, every: int = 40, watch=None) -> Outcome | None:
    """Play, look every so many steps at the distance between the players' average and live point, and judge."""
    game, batches, rule = analytic.play(sgd), Batches.none(), Convergence(window=6)
    mean = game.point.clone()
    for k in range(1, looks * every + 1):
        method.step(game, batches)
        mean.lerp_(game.point, 1 / (k + 1))
        if k % every == 0:
            value = float((mean - game.point).norm()) if watch is None else watch(game)
            rule.add(look_at(game, [Batch(None)] * 2, value))
            if (verdict := rule.verdict()) is not None:
                return verdict
    return None


@pytest.mark.slow
def test_a_game_that_reaches_its_solution_has_converged():
    assert verdict_of(bilinear(), Extragradient(), 60) is Outcome.CONVERGED
    assert verdict_of(quadratic(mu=0.5), Alternating(), 60) is Outcome.CONVERGED


def test_a_game_that_goes_round_is_cycling_and_never_converged():
    assert verdict_of(bilinear(), Alternating(), 60) is Outcome.CYCLING
    orbit = verdict_of(bilinear(), Alternating(), 60, watch=lambda game: float(game.point.norm()))
    assert orbit is Outcome.CYCLING


def test_a_game_that_diverges_has_not_settled():
    assert verdict_of(bilinear(), Simultaneous(), 60, every=10) is None


def test_a_noise_ball_about_the_solution_has_converged():
    # L_x = ½ x² + ε x, L_y = ½ y² + ε y: at rest but for the noise ε of the batches.
    def losses(players, batch, names):
        return {n: (players[n]() ** 2).sum() / 2 + (players[n]() * batch).sum() for n in names}

    players = {n: Vector(torch.full((50,), 3.0, dtype=torch.float64)) for n in ("generator", "discriminator")}
    game = Game(players, losses, {n: sgd(n, list(p.parameters())) for n, p in players.items()})

    def noise(position):
        return Batch(0.2 * torch.randn(50, generator=rng(0, position), dtype=torch.float64), 1)

    batches, rule, outcome = Batches(noise), Convergence(window=8), None
    looked_at = [noise(-k) for k in range(1, 9)]
    for k in range(1, 601):
        Simultaneous().step(game, batches)
        if k % 20 == 0 and outcome is None:
            rule.add(look_at(game, looked_at, float(game.point.norm())))
            outcome = rule.verdict()
    assert outcome is Outcome.CONVERGED
    assert rule.looks[-1].pull < 1 < rule.looks[0].pull


def test_a_trend_is_not_settled_however_small_its_noise():
    rule = Convergence(window=8)
    for k in range(30):
        rule.add(Look(10 - 0.1 * k, 1.0, 1.0))
    assert rule.verdict() is None


def test_noise_without_trend_is_settled_and_noise_on_a_trend_is_not():
    source = rng(1)
    noise = torch.randn(200, generator=source, dtype=torch.float64).tolist()

    def share_settled(slope: float) -> float:
        verdicts = []
        for start in range(0, 200, 20):
            rule = Convergence(window=20)
            for k in range(20):
                rule.add(Look(50 + slope * k + noise[start + k], 0.5, 1.0))
            verdicts.append(rule.verdict() is not None)
        return sum(verdicts) / len(verdicts)

    assert share_settled(0.0) >= 0.8
    assert share_settled(0.5) == 0.0


def test_the_field_without_its_noise_is_estimated_without_bias():
    # F = x + ε with x = 0: the squared norm of the mean of B fields alone would be s²/B.
    def losses(players, batch, names):
        return {n: (players[n]() * batch).sum() for n in names}

    players = {"generator": Vector(torch.zeros(1000, dtype=torch.float64))}
    game = Game(players, losses, {"generator": sgd("", list(players["generator"].parameters()))})
    fields = [Batch(torch.randn(1000, generator=rng(k), dtype=torch.float64)) for k in range(4)]
    look = look_at(game, fields, 0.0)
    assert look.noise == pytest.approx(math.sqrt(1000), rel=0.05)
    assert look.pull < 0.15  # the biased estimate would be ½
    assert game.evaluations == 0


def test_state_there_and_back():
    rule = Convergence()
    for k in range(5):
        rule.add(Look(k, 1.0, math.inf))
    other = Convergence()
    other.load_state_dict(rule.state_dict())
    assert other.looks == rule.looks


def test_trend_of_a_line_and_of_a_zigzag():
    assert trend([0.0, 2.0, 4.0]) == (4.0, 0.0)
    change, scatter = trend([1.0, -1.0] * 50)
    assert abs(change) < 0.1
    assert scatter == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize(("window", "tolerance"), [(3, 0.1), (8, 0.0), (8, 1.0)])
def test_nonsense_is_refused(window, tolerance):
    with pytest.raises(ValueError, match="give"):
        Convergence(window, tolerance)
