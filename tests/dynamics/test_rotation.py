"""The angle between successive displacements, where it has a closed form."""

import math

import pytest
import torch

from saddlepoint.core import Batches
from saddlepoint.dynamics import Rotation, rotation
from saddlepoint.games import bilinear, quadratic
from saddlepoint.methods import Alternating, Averaged, Extragradient, Optimistic, Simultaneous


def played(h, analytic=None):
    return (analytic or bilinear()).play(lambda _, p: torch.optim.SGD(p, lr=h))


@pytest.mark.parametrize("h", [0.1, 0.3, 1.0])
def test_simultaneous_steps_turn_by_the_arc_tangent_of_h(h):
    """d⁺ = (I − hJ) d, and J is a quarter turn: cos θ = 1/√(1 + h²)."""
    seen = rotation(played(h), Simultaneous(), Batches.none(), 8)
    assert seen.cosines == pytest.approx([1 / math.sqrt(1 + h * h)] * 7)
    assert seen.angle == pytest.approx(math.degrees(math.atan(h)))


def test_extragradient_turns_by_its_own_angle():
    """d⁺ = ((1 − h²) I − hJ) d."""
    h = 0.4
    seen = rotation(played(h), Extragradient(), Batches.none(), 5)
    assert seen.angle == pytest.approx(math.degrees(math.atan2(h, 1 - h * h)))


@pytest.mark.parametrize("turn", [6, 12, 40])
def test_alternating_steps_turn_by_the_stated_angle_on_the_mean_of_a_turn(turn):
    """cos θ = 1 − h²/2: on its ellipse single steps turn by more and by less, a whole turn is a whole turn."""
    h = math.sqrt(2 - 2 * math.cos(2 * math.pi / turn))
    seen = rotation(played(h), Alternating(), Batches.none(), turn + 1)
    assert seen.angle == pytest.approx(360 / turn)
    assert seen.angle == pytest.approx(math.degrees(math.acos(1 - h * h / 2)))


def test_descent_goes_straight_and_overshooting_back_and_forth():
    straight = quadratic(mu=1.0, sigma=0.0)
    assert rotation(played(0.3, straight), Simultaneous(), Batches.none(), 5).cosines == pytest.approx([1.0] * 4)
    assert rotation(played(1.7, straight), Simultaneous(), Batches.none(), 5).angle == pytest.approx(180.0)


def test_recorded_points_give_what_further_steps_give():
    game, method, seen = played(0.3), Alternating(), Rotation()
    expected = rotation(game, method, Batches.none(), 10)
    seen.look(game.point)
    for _ in range(10):
        method.step(game, Batches.none())
        seen.look(game.point)
    assert seen.cosines == expected.cosines


def test_a_point_at_rest_has_no_angle():
    seen = rotation(
        bilinear().play(lambda _, p: torch.optim.SGD(p, lr=0.1), [0.0, 0.0]), Simultaneous(), Batches.none(), 4
    )
    assert seen.cosines == []
    assert math.isnan(seen.angle)


def test_looking_ahead_leaves_no_trace_in_game_method_and_batches():
    game = quadratic().play(lambda _, p: torch.optim.Adam(p, lr=0.1))
    method, batches = Averaged(Optimistic()), Batches.none()
    for _ in range(3):
        method.step(game, batches)
    ahead = [game.point.flat(), method.answer(game).flat()]
    before = rotation(game, method, batches, 20)
    assert torch.equal(game.point.flat(), ahead[0])
    assert torch.equal(method.answer(game).flat(), ahead[1])
    assert (game.evaluations, batches.position, method.steps) == (6, 3, 3)
    assert {float(s["step"]) for o in game.optimizers.values() for s in o.state.values()} == {3.0}
    assert rotation(game, method, batches, 20) == before


def test_steps_that_overflow_end_the_look():
    seen = rotation(played(1e100), Simultaneous(), Batches.none(), 20)
    assert len(seen.cosines) < 19
    with pytest.raises(ValueError, match="at least"):
        rotation(played(0.1), Simultaneous(), Batches.none(), 1)
