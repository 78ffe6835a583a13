"""The game in a few directions of each player: its modes are those of the whole, its edges where steps break."""

import pytest
import torch
from torch import Tensor

from saddlepoint.core import Batch, Game
from saddlepoint.dynamics import Reduced, reduced
from saddlepoint.games import AnalyticGame, quadratic
from saddlepoint.methods import Agraal, Alternating, Extragradient, Simultaneous


def played(optimizer: str) -> Game:
    """A curved game of three numbers a player, some steps old."""
    between = torch.randn(3, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def losses(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        value = x @ between @ y + 0.3 * (x**2).sum() + 0.1 * x.cos().sum() - 0.4 * (y**2 / 2 + y**4).sum()
        return value, -value

    curved = AnalyticGame("curved", (3, 3), losses, torch.zeros(6, dtype=torch.float64))
    make, rates = getattr(torch.optim, optimizer), {"generator": 0.02, "discriminator": 0.05}
    game = curved.play(lambda player, p: make(p, lr=rates[player]), [1.0, -0.5, 0.7, 0.2, 0.9, -1.1])
    for _ in range(3):
        Simultaneous().step(game, curved.batches())
    return game


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop"])
def test_all_directions_have_the_modes_of_the_whole_preconditioned_game(optimizer: str) -> None:
    game = played(optimizer)
    found = reduced(game, Batch(None), size=9)
    assert found.sizes == {"generator": 3, "discriminator": 3}
    line = game.linearize(Batch(None))
    sizes = game.preconditioner(line.field)
    whole = torch.stack([(sizes * line.jvp(game.point.unflat(e))).flat() for e in torch.eye(6, dtype=torch.float64)], 1)
    expected, got = (sorted(torch.linalg.eigvals(m).tolist(), key=lambda v: (round(v.real, 9), v.imag))
                     for m in (whole, found.jacobian))  # fmt: skip
    assert got == pytest.approx(expected, abs=1e-10)


def test_a_few_directions_see_the_edge_from_afar_and_never_too_near() -> None:
    game = played("Adam")
    whole = reduced(game, Batch(None), size=9).edges
    before = whole
    for size in (3, 2, 1):
        found = reduced(game, Batch(None), size=size).edges
        assert all(found[name] >= before[name] * (1 - 1e-9) for name in whole)
        assert size == 1 or all(found[name] < 2 * whole[name] for name in whole)
        before = found


def test_nothing_moves_and_nothing_is_counted() -> None:
    game = played("Adam")
    before, evaluations = game.point.flat().clone(), game.evaluations
    reduced(game, Batch(None))
    assert torch.equal(game.point.flat(), before)
    assert game.evaluations == evaluations


def test_a_step_breaks_from_two_over_its_curvature_on_and_a_slow_drift_does_not_count() -> None:
    sizes = {"generator": 1, "discriminator": 1}
    friction = Reduced(torch.diag(torch.tensor([4.0, 1.0], dtype=torch.float64)), sizes)
    assert friction.edges == {"generator": pytest.approx(0.5), "discriminator": pytest.approx(2.0)}
    rates = torch.tensor([[0.49, 1.9], [0.51, 0.1], [0.1, 2.1]])
    assert friction.breaks(Simultaneous(), rates).tolist() == [False, True, True]
    turning = Reduced(torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64), sizes)
    small, large = torch.tensor([[0.05, 0.05]]), torch.tensor([[2.2, 2.2]])
    assert turning.breaks(Simultaneous(), small).tolist() == [False]  # it grows by a thousandth a step
    assert turning.breaks(Alternating(), large).tolist() == [True]
    assert turning.breaks(Extragradient(), torch.tensor([[0.9, 0.9]])).tolist() == [False]
    assert turning.edges["generator"] == float("inf")


def test_a_method_without_a_map_of_its_own_is_judged_as_simultaneous_steps() -> None:
    game = quadratic(mu=0.5, sigma=1.0).play(lambda player, p: torch.optim.SGD(p, lr=0.1))
    found = reduced(game, Batch(None))
    rates = torch.logspace(-1, 2, 13)[:, None].expand(-1, 2)
    own, plain = found.breaks(Agraal(), rates), found.breaks(Simultaneous(), rates)
    assert torch.equal(own, plain)
    with pytest.raises(ValueError, match="give at least 1"):
        reduced(game, Batch(None), size=0)
