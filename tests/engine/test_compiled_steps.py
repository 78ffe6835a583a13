"""A step as one graph is the eager step: every method, what changes over a run, failures, and what is refused."""

import copy
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from saddlepoint import methods as m
from saddlepoint.core import Batch, Batches, Game, Outcome
from saddlepoint.engine import CompiledSteps, PackageCompiler, Untraceable, packages
from saddlepoint.games import quadratic

sys.path.insert(0, str(Path(__file__).parents[1] / "methods"))
from cases import CASES
from test_methods import COMPOSED, draw, networks_game

#: Methods whose path depends on numbers that a step computes.
READING = {
    *("symplectic", "competitive", "extrapolated", "agraal", "proximal", "ridge", "gap-aware", "stackelberg"),
    *("curvature-extragradient", "adaptive-extragradient"),
}
#: Methods whose graphs take longer to trace.
LONG = {
    *("svre", "nested-lookahead", "runge-kutta", "anchored", "unrolled", "lead", "optimistic-adam", "extragradient"),
    *("lookahead", "extragradient-plus", "anchored-popov", "heavy-ball", "double-extragradient", "alex"),
}


def adam(_, parameters):
    return torch.optim.Adam(parameters, lr=0.05, betas=(0.5, 0.9))


def everything(game, method):
    """Parameters, buffers, moments, and the method's answer, as one vector."""
    optimizers = [o.state.values() for o in game.optimizers.values()]
    moments = [t.double().reshape(-1) for memories in optimizers for own in memories for t in own.values()]
    buffers = [b.double().reshape(-1) for player in game.players.values() for b in player.buffers()]
    return torch.cat([game.point.flat(), method.answer(game).flat(), *buffers, *moments])


def both(game, method, batches, steps, between=lambda step, game: None, compiler=None):
    """The same played eagerly and by graphs: two ends, and what played the second."""
    ends = []
    for compiled in (False, True):
        g, own, b = game(), method(), Batches(batches)
        plays = CompiledSteps(g, own, *([compiler] if compiler else [])) if compiled else None
        for step in range(steps):
            between(step, g)
            outcome = (own.step(g, b) if plays is None else plays.step(b)).outcome
            assert outcome is Outcome.RUNNING
        ends.append((everything(g, own), g.evaluations, g.products, b.position, own.state_dict().keys()))
    assert ends[0][1:] == ends[1][1:]
    return ends[0][0], ends[1][0], plays


def none(_):
    return Batch(None)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in LONG)) for n in CASES if n not in READING]
)
def test_every_method_as_a_graph_ends_where_it_does_eagerly(name):
    eager, ours, plays = both(lambda: quadratic(mu=0.4, sigma=0.7).play(adam), CASES[name].make, none, 7)
    assert torch.allclose(eager, ours, rtol=0, atol=1e-12)
    assert plays.compiled == 6  # the first makes the moments
    assert not torch.equal(eager, torch.ones_like(eager))


@pytest.mark.parametrize("name", sorted(READING))
def test_a_method_that_reads_numbers_is_refused_with_the_reason_and_stays_eager(name):
    game, method, batches = quadratic(mu=0.4, sigma=0.7).play(adam), CASES[name].make(), Batches(none)
    with pytest.raises(Untraceable, match=r"it reads|it makes memory|can't record"):
        CompiledSteps(game, method).look_ahead(batches)
    eager, ours, plays = both(lambda: quadratic(mu=0.4, sigma=0.7).play(adam), CASES[name].make, none, 3)
    assert torch.equal(eager, ours)
    assert plays.compiled == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["svre", "nested-lookahead", "average of optimistic lookahead", "optimistic consensus"]
)
def test_networks_with_batch_norm_move_as_they_do_eagerly(name):
    def game():
        return networks_game(optimizer=lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.5))

    eager, ours, plays = both(game, COMPOSED[name], draw, 8)
    assert torch.allclose(eager, ours, rtol=0, atol=1e-12)
    assert plays.compiled >= 6


@pytest.mark.parametrize("kind", ["AdamW", "RMSprop", "SGD"])
def test_rates_betas_and_decay_may_change_at_every_step(kind):
    settings = {"momentum": 0.5} if kind == "SGD" else {}

    def game():
        return quadratic(mu=0.4, sigma=0.7).play(
            lambda _, p: getattr(torch.optim, kind)(p, lr=0.05, weight_decay=0.01, **settings)
        )

    def change(step, game):
        for group in (group for o in game.optimizers.values() for group in o.param_groups):
            group["lr"], group["weight_decay"] = 0.05 / (1 + step), 0.01 * (1 + step)
            if "betas" in group:
                group["betas"] = (0.5, 0.9 + 0.01 * step)

    eager, ours, plays = both(game, m.Alternating, none, 6, change)
    assert torch.allclose(eager, ours, rtol=0, atol=1e-12)
    assert plays.compiled == 5


@pytest.mark.parametrize("kind", ["Adagrad", "ASGD", "NAdam", "RAdam"])
def test_optimizers_that_read_their_counts_are_refused_by_name(kind):
    game = quadratic(mu=0.4, sigma=0.7).play(lambda _, p: getattr(torch.optim, kind)(p, lr=0.05))
    with pytest.raises(Untraceable, match=f"{kind} reads its own counts"):
        CompiledSteps(game, m.Alternating()).look_ahead(Batches(none))


@pytest.mark.slow
def test_an_average_that_warms_up_follows_the_position_through_both_of_its_laws():
    def method():
        return m.Averaged(m.Simultaneous(), half_life=4.0, warm_up=0.5)

    eager, ours, plays = both(lambda: quadratic().play(adam), method, none, 14)
    assert torch.allclose(eager, ours, rtol=0, atol=1e-12)
    assert plays.compiled == 13


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.3, -0.2], dtype=torch.float64))

    def forward(self, x):
        return (self.weight * x).sum()


def pair_game(loss):
    players = {"generator": Pair(), "discriminator": Pair()}
    losses = {name: (lambda p, b, n=name: loss(p, b, n)) for name in players}
    return Game(players, losses, {n: torch.optim.SGD(p.parameters(), 0.05, 0.5) for n, p in players.items()})


def vectors(position):
    source = torch.Generator().manual_seed(position)
    return Batch(torch.randn(2, generator=source, dtype=torch.float64), 4, seed=position)


def plain(players, x, name):
    return players[name](x) ** 2 + players["generator"](x) * players["discriminator"](x)


def test_players_that_rest_are_left_alone_and_a_stage_is_another_graph():
    def staged(position):
        batch = vectors(position)
        return batch if position >= 16 else Batch(batch.value, 4, resting=frozenset({"discriminator"}))

    eager, ours, plays = both(lambda: pair_game(plain), lambda: m.Averaged(decay=0.9), staged, 10)
    assert torch.allclose(eager, ours, rtol=0, atol=1e-12)
    assert plays.compiled == 8


def test_a_loss_follows_a_tensor_that_it_holds():
    factor = torch.ones((), dtype=torch.float64)

    def change(step, _):
        factor.fill_(1.0 + step)

    eager, ours, plays = both(
        lambda: pair_game(lambda p, x, n: factor * plain(p, x, n)), m.Simultaneous, vectors, 6, change
    )
    assert torch.allclose(eager, ours, rtol=0, atol=1e-12)
    assert plays.compiled == 5


def test_a_step_that_is_not_finite_ends_as_it_does_eagerly():
    def broken(position):
        batch = vectors(position)
        return Batch(batch.value.log() * float("inf") if position == 16 else batch.value, 4)

    ends = []
    for compiled in (False, True):
        game, method, batches = pair_game(plain), m.Alternating(), Batches(broken)
        plays = CompiledSteps(game, method)
        steps = [plays.step(batches) if compiled else method.step(game, batches) for _ in range(5)]
        ends.append((steps[-1], batches.position, everything(game, method)))
    assert ends[0][0] == ends[1][0]
    assert ends[0][0].outcome is Outcome.NON_FINITE
    assert ends[0][0].player == "discriminator"
    assert ends[0][1] == ends[1][1]
    assert torch.allclose(ends[0][2], ends[1][2], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (lambda p, x, n: plain(p, x, n) * torch.rand((), dtype=x.dtype), "draws random numbers"),
        (lambda p, x, n: plain(p, x, n) * (2.0 if x[0] > 0 else 1.0), "reads a number off a tensor"),
        (lambda p, x, n: plain(p, x.add_(1.0), n), "writes to a batch"),
    ],
)
def test_what_is_no_pure_function_of_players_and_batch_is_refused(loss, reason):
    with pytest.raises(Untraceable, match=reason):
        CompiledSteps(pair_game(loss), m.Simultaneous()).look_ahead(Batches(vectors))


def test_a_loss_that_reads_a_parameter_past_the_players_is_refused():
    game = pair_game(plain)
    weight = game.players["generator"].weight
    game.losses["discriminator"] = lambda p, x: p["discriminator"](x) ** 2 + weight.detach().sum()
    with pytest.raises(Untraceable, match="from another place"):
        CompiledSteps(game, m.Simultaneous()).look_ahead(Batches(vectors))


def test_a_graph_that_plays_another_step_is_refused():
    class Wrong:
        def __init__(self, graph, inputs):
            self.graph = graph

        def wait(self):
            return lambda *tensors: self.graph(tensors[0] * 1.5, *tensors[1:])

        ready = wait

    game = pair_game(plain)
    plays = CompiledSteps(game, m.Simultaneous(), Wrong)
    for batches in [Batches(vectors)]:
        for _ in range(3):
            plays.step(batches)
    assert plays.compiled == 0


def test_graphs_are_loaded_from_a_private_folder_only(tmp_path):
    PackageCompiler(tmp_path / "own")
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(Untraceable, match="chmod 700"):
        PackageCompiler(tmp_path / "open")


def test_a_package_of_which_a_byte_is_another_one_is_made_anew_or_refused_but_not_loaded(tmp_path, monkeypatch):
    loaded, builders = [], []
    monkeypatch.setattr(torch._inductor, "aoti_load_package", lambda path: loaded.append(path) or Loaded())
    monkeypatch.setattr(packages.subprocess, "Popen", lambda words, **_: builders.append(Path(words[4])) or Ended())
    monkeypatch.setattr(torch.export, "save", lambda *_: None)
    compiler, inputs = PackageCompiler(tmp_path / "cache", "mkl"), [torch.ones(2)]
    graph = torch.fx.symbolic_trace(lambda x: x + 1)

    def write(place, byte):
        place.with_suffix(".pt2").write_bytes(b"a graph that was compiled" + byte)
        place.with_suffix(".sha256").write_text(packages.digest_of(place.with_suffix(".pt2")))

    place = tmp_path / "cache" / packages.key_of(graph, inputs, "mkl")
    write(place, b"1")
    assert compiler(graph, inputs).wait() is not None
    assert (len(loaded), len(builders)) == (1, 0)

    place.with_suffix(".pt2").write_bytes(b"a graph that was compiled2")
    with pytest.raises(Untraceable, match="damaged"):  # its compiler wrote nothing
        compiler(graph, inputs).wait()
    assert (len(loaded), len(builders)) == (1, 1)
    anew = compiler(graph, inputs)
    write(place, b"1")
    assert builders == [place, place]
    assert anew.wait() is not None
    assert len(loaded) == 2


class Ended:
    """A compiler's process that is done."""

    pid, returncode = 0, 0

    def poll(self):
        return 0

    wait = poll


class Loaded:
    """What torch makes of a package."""

    class loader:
        boxed_run = staticmethod(list)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_package_is_the_eager_step_and_is_loaded_again(tmp_path):
    """In float64, by the C++ compiler: once compiled, once loaded."""

    def method():
        return m.Averaged(m.Alternating(), half_life=40.0)

    compiler = PackageCompiler(tmp_path / "cache")
    eager, ours, plays = both(networks_game_of_adam, method, draw, 100, compiler=compiler)
    assert torch.allclose(eager, ours, rtol=0, atol=1e-12)
    assert plays.compiled == 99
    (package,) = (tmp_path / "cache").glob("*.pt2")
    written = package.stat().st_mtime_ns
    _, again, _ = both(networks_game_of_adam, method, draw, 100, compiler=copy.copy(compiler))
    assert package.stat().st_mtime_ns == written
    assert torch.equal(again, ours)
    assert sorted(p.suffix for p in (tmp_path / "cache").iterdir()) == [".products", ".pt2", ".sha256"]


def networks_game_of_adam():
    return networks_game(norm=False, optimizer=lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.5, 0.99)))
