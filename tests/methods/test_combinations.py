"""What holds for every method: games of any names, players that rest, buffers, the optimizer's own metric."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_methods import COMPOSED, Net, draw
from torch import nn

from saddlepoint import methods as m
from saddlepoint.core import Batch, Batches, Game, Outcome, Point
from saddlepoint.core.grouped import GroupedOptimizer, muon
from saddlepoint.games import bilinear, quadratic
from saddlepoint.methods import METHODS
from tiers import crossed

# --- any two players ----------------------------------------------------------------------------------


def two_player_game(first="painter", second="critic", separate=True, optimizer=None):
    """The game of the README: a loss a player, data and noise in the batch, names of one's own."""
    torch.manual_seed(0)
    players = {first: Net(2, 3).double(), second: Net(3, 1).double()}

    def first_loss(players, batch):
        return -players[second](players[first](batch[1])).mean()

    def second_loss(players, batch):
        real, generated = players[second](batch[0]), players[second](players[first](batch[1]))
        return (generated - real).mean() + 0.1 * real.square().mean()

    losses = {first: first_loss, second: second_loss}
    optimizer = optimizer or (lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.0, 0.99)))
    return Game(
        players,
        losses if separate else (lambda players, batch, names: {n: losses[n](players, batch) for n in names}),
        {name: optimizer(player.parameters()) for name, player in players.items()},
    )


@pytest.mark.parametrize("name", COMPOSED)
def test_every_method_plays_two_players_of_any_names_as_it_plays_generator_and_discriminator(name):
    ends = []
    for names in (("painter", "critic"), ("generator", "discriminator")):
        game, method, batches = two_player_game(*names), COMPOSED[name](), Batches(draw)
        method.check(game.names)
        assert all(method.step(game, batches).outcome is Outcome.RUNNING for _ in range(4))
        ends.append(game.point.flat())
    assert torch.equal(*ends)


WRONG = {
    "alternating": lambda: m.Alternating(order=("discriminator", "painter")),
    "heavy-ball": lambda: m.HeavyBall(order=("discriminator", "painter")),
    "alex": lambda: m.Alex(order=("painter", "discriminator")),
    "unrolled": lambda: m.Unrolled(follower="discriminator"),
    "ridge": lambda: m.Ridge(leader="discriminator"),
    "runge-kutta": lambda: m.RungeKutta(penalty=0.1, penalised="discriminator"),
    "gap-aware": lambda: m.GapAware(player="discriminator"),
    "lookahead": lambda: m.Lookahead(m.Unrolled(follower="discriminator")),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_player_that_is_not_there_is_refused_with_those_that_are(name):
    words = r"no player 'discriminator': its players are \['painter', 'critic'\]"
    with pytest.raises(ValueError, match=words):
        WRONG[name]().step(two_player_game(), Batches(draw))
    with pytest.raises(ValueError, match=words):
        WRONG[name]().check(("painter", "critic"))


def test_roles_in_games_of_one_or_three_players_are_asked_for():
    for names in (["one"], ["one", "two", "three"]):
        with pytest.raises(ValueError, match="for two players"):
            m.Unrolled().check(names)
    m.Unrolled(leader="one", follower="three").check(["one", "two", "three"])
    m.Alternating().check(["one"])
    with pytest.raises(ValueError, match="both 'one'"):
        m.Ridge(leader="one", follower="one").check(["one", "two"])
    with pytest.raises(ValueError, match="do not fit"):
        m.Alternating(counts=(5, 1)).check(["one"])


def test_one_named_role_leaves_the_other_player_the_other():
    assert m.Alex(order=("two", "one")).pair(["one", "two"]) == ("two", "one")
    swapped, plain = (bilinear().play(lambda _, p: torch.optim.SGD(p, lr=0.1)) for _ in range(2))
    m.Unrolled(leader="discriminator").update(swapped, Batches.none())
    m.Unrolled(leader="discriminator", follower="generator").update(plain, Batches.none())
    assert torch.equal(swapped.point.flat(), plain.point.flat())


# --- the same batch gives the same field --------------------------------------------------------------


class Noisy(nn.Module):
    """A player with dropout."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1))

    def forward(self, x):
        return self.body(x)


def noisy_loss(players, value, _names):
    x = torch.randn(5, 3) if value is None else value
    return {"one": (players["one"](x) + torch.rand(5, 1)).square().mean()}


@pytest.mark.parametrize("make", [lambda: Batches.of([torch.ones(5, 3)] * 4, 5, seed=3), lambda: Batches.none(seed=3)])
def test_batches_from_an_iterable_seed_dropout_and_noise(make):
    one = Noisy()
    game = Game({"one": one}, noisy_loss, {"one": torch.optim.SGD(one.parameters(), lr=0.1)})
    first, second = make().next(), make().next()
    assert torch.equal(game.field(first).flat(), game.field(second).flat())
    batches = make()
    fields = [game.field(batches.next()).flat() for _ in range(2)]
    assert torch.equal(fields[0], game.field(first).flat())
    assert not torch.equal(*fields)


def test_a_batch_that_was_looked_at_is_drawn_once():
    drawn = []
    batches = Batches(lambda position: drawn.append(position) or Batch(position, 3))
    assert (batches.peek().value, batches.position) == (0, 0)
    assert [batches.next().value, batches.peek().value, batches.next().value] == [0, 3, 3]
    batches.position = 30
    assert batches.next().value == 30
    assert drawn == [0, 3, 30]


# --- rest ---------------------------------------------------------------------------------------------


def resting(names, steps):
    """Batches on which the players rest in steps (by samples) of a range."""
    return lambda position: replace(draw(position), resting=frozenset(names) if position in steps else frozenset())


def remembered(state, player, path=""):
    """What a method's state holds of a player, by path."""
    found = {}
    for key, value in state.items():
        here = f"{path}.{key}"
        if isinstance(value, list):
            for i, point in enumerate(value):
                found |= remembered({str(i): point}, player, here)
        elif isinstance(value, dict):
            point = all(isinstance(v, list) and v and isinstance(v[0], torch.Tensor) for v in value.values())
            if value and point:
                found |= {f"{here}.{i}": t.clone() for i, t in enumerate(value.get(player, []))}
            else:
                found |= remembered(value, player, here)
    return found


def kept_of(game, name):
    """A player's parameters, buffers and what its optimizer remembers."""
    optimizer = game.optimizers[name]
    moments = {f"{i}.{k}": v for i, s in optimizer.state_dict()["state"].items() for k, v in s.items()}
    return {k: v.clone() for k, v in {**game.players[name].state_dict(), **moments}.items()}


@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("name", COMPOSED)
def test_a_player_that_rests_neither_moves_nor_is_remembered_otherwise(name, player):
    game, method = two_player_game("generator", "discriminator"), COMPOSED[name]()
    batches = Batches(draw)
    for _ in range(4):
        method.step(game, batches)
    before, memory = kept_of(game, player), remembered(method.state_dict(), player)
    other = game.point.only(*(set(game.names) - {player})).clone()
    batches = Batches(resting([player], range(10_000)), batches.position)
    for _ in range(4):
        assert method.step(game, batches).outcome is Outcome.RUNNING
    after = kept_of(game, player)
    assert set(before) == set(after)
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert float((game.point.only(*other.names) - other).norm()) > 0
    # Reduced-rank extrapolation and SVRE begin anew when others play; SVRE's snapshot is where all stood.
    now = {k: v for k, v in remembered(method.state_dict(), player).items() if "snapshot" not in k}
    assert set(now) <= set(memory)
    assert "svre" in name or "extrapolated" in name or len(now) == len(memory)
    assert all(torch.equal(memory[key], now[key]) for key in now)


@pytest.mark.parametrize("name", COMPOSED)
def test_where_all_rest_a_step_is_nothing_but_a_batch(name):
    game, method = two_player_game("generator", "discriminator"), COMPOSED[name]()
    batches = Batches(resting(game.names, range(10_000)))
    before = game.point.flat()
    for _ in range(2):
        method.step(game, batches)
    assert torch.equal(game.point.flat(), before)
    assert (batches.position, game.evaluations) == (16, 0)


#: Their memory is of each player alone, so that a player that rested goes on as if it had not been there.
OWN_MEMORY = [
    "simultaneous",
    "alternating",
    "extragradient",
    "optimistic",
    "alex",
    "double-extragradient",
    "heavy-ball",
    "nesterov",
    "runge-kutta",
    "lead",
    "unrolled",
    "consensus",
    "competitive",
    "optimistic consensus",
]


@pytest.mark.parametrize("rest", [range(16), range(16, 48)], ids=["at first", "later"])
@pytest.mark.parametrize("name", OWN_MEMORY)
def test_steps_in_which_a_player_rests_are_none_for_it(name, rest):
    """In a game without coupling, with players of quadratic losses of their own."""

    def played(rest, steps):
        torch.manual_seed(0)
        players = {n: nn.Linear(3, 1, bias=False).double() for n in ("generator", "discriminator")}
        losses = {n: lambda p, _, n=n: p[n](torch.ones(3).double()).square().sum() for n in players}
        game = Game(players, losses, {n: torch.optim.SGD(p.parameters(), lr=0.05) for n, p in players.items()})
        method, batches = COMPOSED[name](), Batches(resting(["discriminator"], rest))
        for _ in range(steps):
            method.step(game, batches)
        return game.point.only("discriminator").flat()

    slept = len(rest) // 8
    torch.testing.assert_close(played(rest, 9), played(range(0), 9 - slept), rtol=0, atol=1e-14)


def test_a_move_asks_the_batch_that_the_direction_comes_from():
    game = two_player_game("generator", "discriminator", optimizer=lambda p: torch.optim.SGD(p, lr=0.1))
    awake, asleep = draw(0), replace(draw(8), resting=frozenset({"discriminator"}))
    direction = game.field(awake)
    game.field(asleep)
    before = game.point.clone()
    game.move(direction)
    assert float((game.point - before).only("discriminator").norm()) > 0
    direction = game.field(asleep)
    game.field(awake)
    before = game.point.clone()
    game.move(Point.__add__(direction, direction))
    assert float((game.point - before).only("discriminator").norm()) == 0
    assert float((game.point - before).only("generator").norm()) > 0


# --- three players ------------------------------------------------------------------------------------


def small_game(rests):
    """Networks without norms, each in every loss; the third is a player that rests, or a constant."""
    torch.manual_seed(0)
    sizes = {"one": (2, 3), "two": (3, 1), "three": (3, 2)}
    nets = {n: nn.Sequential(nn.Linear(a, 4), nn.Tanh(), nn.Linear(4, b)).double() for n, (a, b) in sizes.items()}

    def losses(players, batch, names):
        made = players["one"](batch[1])
        judged, read = players["two"](made), nets["three"](made)
        return {
            "one": -judged.mean() + (read - batch[1]).square().mean(),
            "two": judged.mean() - players["two"](batch[0]).mean() + (judged * read).square().mean(),
            "three": (read - batch[1] + judged).square().mean(),
        }

    if not rests:
        nets["three"].requires_grad_(False)
    names = list(nets) if rests else ["one", "two"]
    optimizers = {n: torch.optim.Adam(nets[n].parameters(), lr=0.01, betas=(0.5, 0.9)) for n in names}
    return Game({n: nets[n] for n in names}, losses, optimizers)


ROLES = {"leader": "one", "follower": "two"}
OF_THREE = {
    **{name: make for name, make in COMPOSED.items() if name not in ("alex", "extrapolated gap-aware")},
    "unrolled": lambda: m.Unrolled(n=2, **ROLES),
    "ridge": lambda: m.Ridge(damping=1.0, **ROLES),
    "stackelberg": lambda: m.Stackelberg(**ROLES),
    "gap-aware": lambda: m.GapAware(player="two", ideal=1.0),
    "extrapolated gap-aware": lambda: m.Extrapolated(m.GapAware(player="two", ideal=1.0), window=2),
    "ODE-GAN": lambda: m.RungeKutta(penalty=0.1, feared="one", penalised="two"),
}


@pytest.mark.parametrize("name", OF_THREE)
def test_a_player_that_rests_is_a_constant_in_the_game_of_the_others(name):
    # In products and in the numbers that a method makes of whole points, too.
    ends = []
    for rests in (["three"], []):
        game, method = small_game(rests), OF_THREE[name]()
        batches = Batches(resting(rests, range(10_000)))
        assert all(method.step(game, batches).outcome is Outcome.RUNNING for _ in range(4))
        ends.append(game.point.only("one", "two").flat())
    torch.testing.assert_close(*ends, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", OF_THREE)
def test_every_player_of_a_larger_game_moves(name):
    game, method, batches = small_game(["three"]), OF_THREE[name](), Batches(draw)
    before = game.point.clone()
    for _ in range(2):
        method.step(game, batches)
    assert all(float((game.point - before).only(n).norm()) > 1e-9 for n in game.names)


def test_a_method_for_two_players_refuses_a_third():
    with pytest.raises(ValueError, match=r"two players, and the game has .*: take alternating"):
        m.Alex(order=("one", "two")).check(["one", "two", "three"])


def test_a_leader_s_parameter_that_no_loss_reads_stays():
    game = small_game([])
    idle = nn.Parameter(torch.ones(2, dtype=torch.float64))
    game.players["one"].register_parameter("idle", idle)
    optimizers = {n: torch.optim.SGD(p.parameters(), lr=0.1) for n, p in game.players.items()}
    for name in ("unrolled", "stackelberg", "ridge", "consensus", "competitive"):
        played = Game(game.players, game.losses, optimizers)
        assert OF_THREE[name]().step(played, Batches(draw)).outcome is Outcome.RUNNING
    assert idle.tolist() == [1, 1]


# --- buffers ------------------------------------------------------------------------------------------


class Seen(nn.Module):
    """A memory: how often the player's loss was evaluated with effect."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(()))


def remembering_game(separate):
    """The game of two networks with batch norm, each loss of which moves a memory of its player."""
    game = two_player_game("generator", "discriminator")
    losses, seen = game.losses, {n: Seen() for n in game.names}
    for name, memory in seen.items():
        game.players[name].add_module("seen", memory)

    def noted(name, players, batch):
        value = losses[name](players, batch)
        seen[name].count += 1
        return value

    own = {n: (lambda players, batch, n=n: noted(n, players, batch)) for n in game.names}
    joint = lambda players, batch, names: {n: own[n](players, batch) for n in names}  # noqa: E731
    return Game(game.players, own if separate else joint, game.optimizers)


def counts(game):
    return {
        f"{name}.{key}": float(value)
        for name, player in game.players.items()
        for key, value in player.state_dict().items()
        if "count" in key or "num_batches" in key
    }


@pytest.mark.parametrize("separate", [True, False], ids=["a loss a player", "one loss"])
@pytest.mark.parametrize("name", {**COMPOSED, "ODE-GAN": None})
def test_batch_norm_statistics_and_memories_move_once_a_step(name, separate):
    """As often as in one evaluation of each player's loss, in which the discriminator passes twice."""
    # One loss for all runs the generator in the discriminator's loss, too, when both are evaluated together.
    make = COMPOSED.get(name, lambda: m.RungeKutta(penalty=0.1))
    game, method, batches = remembering_game(separate), make(), Batches(draw)
    for _ in range(5):
        assert method.step(game, batches).outcome is Outcome.RUNNING
    found = counts(game)
    assert found["generator.seen.count"] == found["discriminator.seen.count"] == 5
    once = remembering_game(separate)
    for step in range(5):
        alone = [once.field(draw(8 * step), only=(n,)) for n in once.names]
        assert len(alone) == 2
    together = remembering_game(separate)
    for step in range(5):
        together.field(draw(8 * step))
    for key, value in found.items():
        assert value in (counts(once)[key], counts(together)[key]), key
    if separate:
        assert found == counts(once) == counts(together)


def test_statistics_are_not_taken_silently_of_a_player_in_evaluation_mode():
    game = two_player_game("generator", "discriminator")
    game.players["generator"].eval()
    before = game.point.flat()
    with pytest.raises(ValueError, match=r"'generator' is in evaluation mode, .* players\['generator'\]\.train\(\)"):
        game.recalibrate_batch_norm(game.point.zeros(), Batches(draw))
    assert torch.equal(game.point.flat(), before)


def test_a_batch_norm_that_is_frozen_by_itself_keeps_its_statistics():
    game = two_player_game("generator", "discriminator")
    frozen, other = game.players["generator"].body[1], game.players["discriminator"].body[1]
    frozen.eval()
    before = {key: value.clone() for key, value in frozen.state_dict().items()}
    game.recalibrate_batch_norm(game.point.clone(), Batches(draw))
    assert all(torch.equal(value, before[key]) for key, value in frozen.state_dict().items())
    assert int(other.num_batches_tracked) > 0


# --- the optimizer's own metric -----------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.1),
    "ASGD": lambda p: torch.optim.ASGD(p, lr=0.1, lambd=0.0),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1, lr_decay=0.1),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.1),
    "RMSprop centred": lambda p: torch.optim.RMSprop(p, lr=0.1, centered=True),
    "Adadelta": lambda p: torch.optim.Adadelta(p, lr=0.1),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.0, 0.9)),
    "AMSGrad": lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.0, 0.9), amsgrad=True),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.0, 0.9), weight_decay=0.0),
    "RAdam": lambda p: torch.optim.RAdam(p, lr=0.1, betas=(0.0, 0.9)),
    "NAdam": lambda p: torch.optim.NAdam(p, lr=0.1, betas=(0.0, 0.9)),
    "Adamax": lambda p: torch.optim.Adamax(p, lr=0.1, betas=(0.0, 0.9)),
}


@pytest.mark.parametrize("before", [0, 1, 7])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_without_momentum_the_optimizer_s_step_is_the_preconditioner_times_the_field(name, before):
    source = torch.Generator().manual_seed(1)
    game = two_player_game("generator", "discriminator", optimizer=OPTIMIZERS[name])
    for _ in range(before):
        game.move(game.point.unflat(torch.randn(len(game.point.flat()), generator=source, dtype=torch.float64)))
    field, start = game.field(draw(0)), game.point.clone()
    expected = game.preconditioner(field) * field
    game.move(field)
    # ASGD keeps its rate in single precision.
    torch.testing.assert_close(
        (start - game.point).flat(), expected.flat(), rtol=1e-7 if name == "ASGD" else 1e-9, atol=1e-12
    )


def test_momentum_is_no_part_of_the_preconditioner():
    found = []
    for beta in (0.0, 0.9):
        game = two_player_game(optimizer=lambda p, beta=beta: torch.optim.Adam(p, lr=0.1, betas=(beta, 0.9)))
        field = game.field(draw(0))
        found.append((game.preconditioner(field) * field).flat())
    assert torch.equal(*found)


def test_a_coordinate_that_never_had_a_gradient_is_not_reckoned_with():
    """Not h/ε: a unit that is dead at the start would throw a look ahead out of all bounds."""
    one = nn.Linear(2, 1, bias=False).double()
    loss = {"one": lambda players, x: players["one"](x).square().sum()}
    game = Game({"one": one}, loss, {"one": torch.optim.Adam(one.parameters(), lr=0.1, betas=(0.0, 0.9))})
    field = game.field(Batch(torch.tensor([[1.0, 0.0]], dtype=torch.float64)))
    scale = game.preconditioner(field)
    assert scale.tensors["one"][0][0, 1] == 0
    assert scale.tensors["one"][0][0, 0] > 0
    assert (scale**-1).tensors["one"][0][0, 1] == 0
    one.weight.data[0, 1] = 0.3
    later = game.field(Batch(torch.tensor([[1.0, 1.0]], dtype=torch.float64)))
    assert float((game.preconditioner(later) * later).flat().abs().max()) < 0.2


def test_parameter_groups_keep_their_own_rates_in_a_look_ahead():
    game = two_player_game(
        optimizer=lambda p: torch.optim.SGD([{"params": [q], "lr": 0.1 * (i + 1)} for i, q in enumerate(p)])
    )
    field = game.field(draw(0))
    moved = game.preconditioner(field) * field
    for name in game.names:
        for i, (ours, own) in enumerate(zip(moved[name], field[name], strict=True)):
            torch.testing.assert_close(ours, 0.1 * (i + 1) * own)


@pytest.mark.parametrize("name", ["double-extragradient", "runge-kutta", "proximal", "anchored", "unrolled", "ridge"])
def test_an_optimizer_without_a_preconditioner_is_refused_with_the_reason(name):
    game = two_player_game(optimizer=lambda p: torch.optim.Rprop(p))
    with pytest.raises(ValueError, match="which Rprop does not have: take SGD, RMSprop, Adam"):
        COMPOSED[name]().update(game, Batches(draw)) if name != "unrolled" else m.Unrolled().update(game, Batches(draw))


#: All of PyTorch's that have a step of their own, as `saddle list optimizers` has them.
EVERY_OPTIMIZER = {
    name: kind
    for name, kind in vars(torch.optim).items()
    if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer)
    if name not in ("Optimizer", "LBFGS", "SparseAdam")
} | ({"Muon": muon} if hasattr(torch.optim, "Muon") else {})


@pytest.mark.parametrize(
    ("name", "optimizer"), crossed(METHODS, EVERY_OPTIMIZER, "alternating", "extragradient", "Muon", "AdamW")
)
def test_every_method_over_every_optimizer_stays_finite_or_says_why_not(name, optimizer):
    game, method, batches = two_player_game(optimizer=EVERY_OPTIMIZER[optimizer]), COMPOSED[name](), Batches(draw)
    start = game.point.flat()
    try:
        for _ in range(3):
            assert method.step(game, batches).outcome is Outcome.RUNNING
    except ValueError as refusal:
        assert optimizer in ("Rprop", "Adafactor", "Muon") or name == "anchored"
        assert "preconditioner" in str(refusal)  # noqa: PT017
        return
    assert torch.isfinite(game.point.flat()).all()
    assert not torch.equal(game.point.flat(), start)


class Adam:
    """Adam with β₁ = 0, in NumPy."""

    def __init__(self, rate, beta, eps=1e-8):
        self.rate, self.beta, self.eps, self.t, self.v = rate, beta, eps, 0, 0.0

    def scale(self, g):
        v = self.beta * self.v + (1 - self.beta) * g * g
        return self.rate / (np.sqrt(v / (1 - self.beta ** (self.t + 1))) + self.eps)

    def step(self, z, g):
        scale = self.scale(g)
        self.v, self.t = self.beta * self.v + (1 - self.beta) * g * g, self.t + 1
        return z - scale * g


MU, SIGMA = 0.4, 1.3
J = np.array([[MU, SIGMA], [-SIGMA, MU]])


def double_extragradient(adam, z):
    half = z - 2.5 * adam.scale(J @ z) * (J @ z)
    return adam.step(z, J @ half)


def heun(adam, z):
    first = J @ z
    second = J @ (z - adam.scale(first) * first)
    return adam.step(z, (first + second) / 2)


def competitive(adam, z):
    scale = np.diag(adam.scale(J @ z))
    coupling = np.array([[0, SIGMA], [-SIGMA, 0]])
    return adam.step(z, np.linalg.solve(np.eye(2) + coupling @ scale, J @ z))


def rk4(adam, z):
    stages = [J @ z]
    for offset in (1 / 2, 1 / 2, 1.0):
        stages.append(J @ (z - offset * adam.scale(stages[-1]) * stages[-1]))
    return adam.step(z, np.array([1 / 6, 1 / 3, 1 / 3, 1 / 6]) @ stages)


def proximal(adam, z):
    """The step that ends where its own field is: found by damped iteration."""
    w = z
    for _ in range(400):
        w = (w + z - adam.scale(J @ w) * (J @ w)) / 2
    end = adam.step(z, J @ w)
    assert np.allclose(end, w, atol=1e-12)
    return end


def ridge(adam, z):
    field = J @ z
    scale = adam.scale(field)
    # y moves by −P_y F_y + J_yy⁻¹ J_yx P_x F_x, and the optimizer multiplies by P_y once more.
    compensation = -SIGMA * scale[0] * field[0] / MU
    return adam.step(z, field - np.array([0.0, compensation / scale[1]]))


def unrolled(adam, z):
    x, y = z
    correction = 1 - adam.beta ** (adam.t + 1)
    before = adam.beta * (adam.v[1] if adam.t else 0.0)
    # L_y = −σxy + μy²/2; y_n and its derivative in x, through Adam's own.
    ahead, slope = y, 0.0
    for _ in range(3):
        g, g_slope = -SIGMA * x + MU * ahead, -SIGMA + MU * slope
        root = np.sqrt((before + (1 - adam.beta) * g * g) / correction)
        scale = adam.rate / (root + adam.eps)
        scale_slope = -scale / (root + adam.eps) * (1 - adam.beta) * g / correction / root
        ahead, slope = ahead - scale * g, slope - (scale + scale_slope * g) * g_slope
    # L_x = μx²/2 + σxy − μy²/2
    total = MU * x + SIGMA * ahead + (SIGMA * x - MU * ahead) * slope
    return adam.step(z, np.array([total, (J @ z)[1]]))


def feg(adam, z, k=[0]):  # noqa: B006 - counts the steps
    beta = 1 / (k[0] + 1)
    k[0] += 1
    pulled = z + beta * (np.ones(2) - z)
    half = pulled - (1 - beta) * adam.scale(J @ z) * (J @ z)
    return adam.step(pulled, J @ half)


LOOKING_AHEAD = {
    "double-extragradient": (lambda: m.DoubleExtragradient(gamma=2.5), double_extragradient),
    "runge-kutta": (lambda: m.RungeKutta("heun"), heun),
    "runge-kutta, rk4": (m.RungeKutta, rk4),
    "competitive": (m.Competitive, competitive),
    "competitive, zero-sum": (lambda: m.Competitive(zero_sum=True), competitive),
    "proximal": (lambda: m.Proximal(k=200), proximal),
    "ridge": (m.Ridge, ridge),
    "unrolled": (lambda: m.Unrolled(n=3), unrolled),
    "anchored": (m.Anchored, feg),
}


@pytest.mark.parametrize("name", LOOKING_AHEAD)
def test_look_aheads_under_adam_are_those_of_numpy(name):
    make, reference = LOOKING_AHEAD[name]
    game = quadratic(mu=MU, sigma=SIGMA).play(lambda _, p: torch.optim.Adam(p, lr=0.05, betas=(0.0, 0.9)), [1.0, 0.6])
    method, batches = make(), Batches.none()
    adam, z = Adam(0.05, 0.9), np.array([1.0, 0.6])
    if name == "anchored":
        method.anchor = game.point.unflat(torch.ones(2, dtype=torch.float64))
    for _ in range(6):
        method.step(game, batches)
        z = reference(adam, z)
        assert game.point.flat().tolist() == pytest.approx(z.tolist(), abs=1e-9)


LOOKS = [*LOOKING_AHEAD, "extragradient-plus", "anchored-popov", "adaptive-extragradient"]


DECAYING = ("NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "Adadelta")


@pytest.mark.parametrize(("name", "kind"), [*((n, "Adam") for n in LOOKS), *(("proximal", k) for k in DECAYING)])
def test_no_method_looks_ahead_by_an_optimizer_that_scales_weight_decay_with_the_gradient(name, kind):
    """g over a size of g + λx has a pole where the two cancel; also where the optimizer is one of several."""
    make = LOOKING_AHEAD[name][0] if name in LOOKING_AHEAD else METHODS[name]

    def optimizer(params):
        params, own = list(params), getattr(torch.optim, kind)
        one, other = own(params[:1], lr=0.1, weight_decay=0.1), torch.optim.SGD(params[1:], lr=0.1)
        return GroupedOptimizer([one, other])

    game, method, batches = two_player_game(optimizer=optimizer), make(), Batches(draw)
    if name == "anchored-popov":  # its first step has nothing to look ahead by
        method.step(game, batches)
    with pytest.raises(ValueError, match=f"{kind} with weight_decay adds .*take AdamW or SGD, weight_decay=0"):
        method.step(game, batches)


@pytest.mark.parametrize("name", LOOKS)
def test_weight_decay_beside_the_gradient_is_no_part_of_a_look_ahead(name):
    """And no bound on it: AdamW's and SGD's methods step with decay as they would without, and shrink."""
    make = LOOKING_AHEAD[name][0] if name in LOOKING_AHEAD else METHODS[name]
    for kind in (torch.optim.AdamW, torch.optim.SGD):
        ends = []
        for decay in (0.0, 0.1):
            game = two_player_game(optimizer=lambda p, kind=kind, own=decay: kind(p, lr=0.1, weight_decay=own))
            start = game.point.clone()
            make().step(game, Batches(draw))
            ends.append(game.point.flat())
        torch.testing.assert_close(ends[0] - ends[1], 0.01 * start.flat(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", [n for n in LOOKING_AHEAD if n not in ("unrolled", "anchored")])
def test_under_adam_a_look_ahead_is_felt(name):
    """The distance to a simultaneous step is of the order of the step itself, and not a thousandth of it."""
    make, _ = LOOKING_AHEAD[name]
    ends = []
    for method in (make(), m.Simultaneous()):
        game = quadratic(mu=MU, sigma=SIGMA).play(lambda _, p: torch.optim.Adam(p, lr=0.3, betas=(0.0, 0.9)))
        for _ in range(3):
            method.step(game, Batches.none())
        ends.append(game.point.flat())
    assert float((ends[0] - ends[1]).norm()) > 0.02


def test_every_listed_method_is_in_the_tests_of_this_file():
    assert set(METHODS) <= set(COMPOSED)
