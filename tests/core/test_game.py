"""The contract of a game: fields, products of second order, buffers, counting, moving."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from saddlepoint.components.adversary import AdversarialLosses, Adversary, of_latents
from saddlepoint.core import Batch, Batches, Game, NonFinite, Point
from saddlepoint.core.game import SETTLING
from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import relativistic
from saddlepoint.networks import (
    ConvolutionalDiscriminator,
    ConvolutionalGenerator,
    MLPDiscriminator,
    MLPGenerator,
)
from saddlepoint.penalties import R1, R2


class NormedGenerator(nn.Module):
    """A generator with batch norm and dropout."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Dropout(dropout), nn.Linear(5, 4))

    def forward(self, z):
        return self.body(z)


class NormedDiscriminator(nn.Module):
    """A discriminator with spectral norm."""

    def __init__(self):
        super().__init__()
        sn = nn.utils.parametrizations.spectral_norm
        self.body = nn.Sequential(sn(nn.Linear(4, 5)), nn.Tanh(), nn.Linear(5, 1))

    def forward(self, x):
        return self.body(x).squeeze(1)


def sgd(players, lr=0.1):
    return {name: torch.optim.SGD(player.parameters(), lr=lr) for name, player in players.items()}


def normed_game(dropout=0.0):
    torch.manual_seed(0)
    players = {"generator": NormedGenerator(dropout).double(), "discriminator": NormedDiscriminator().double()}
    return Game(players, AdversarialLosses(of_latents, Adversary(relativistic())), sgd(players))


def vector_batch(n=6, seed=None):
    source = torch.Generator().manual_seed(1)
    real = torch.randn(n, 4, generator=source, dtype=torch.float64)
    latent = torch.randn(n, 3, generator=source, dtype=torch.float64)
    return Batch(SampleBatch(real, latent, torch.rand(n, 1, generator=source, dtype=torch.float64)), n, seed)


def image_game(kind):
    torch.manual_seed(0)
    shape = (1, 8, 8)
    if kind == "mlp":
        players = {"generator": MLPGenerator(shape, 3, (4,)), "discriminator": MLPDiscriminator(shape, (4,))}
    else:
        players = {
            "generator": ConvolutionalGenerator(shape, 3, width=2),
            "discriminator": ConvolutionalDiscriminator(shape, width=2),
        }
    players = {name: player.double() for name, player in players.items()}
    return Game(players, AdversarialLosses(of_latents, Adversary(relativistic(), [R1(1.0), R2(1.0)])), sgd(players))


def image_batch(n=3):
    source = torch.Generator().manual_seed(1)
    real = torch.rand(n, 1, 8, 8, generator=source, dtype=torch.float64)
    latent = torch.randn(n, 3, generator=source, dtype=torch.float64)
    return Batch(SampleBatch(real, latent, torch.rand(n, 1, 1, 1, generator=source, dtype=torch.float64)), n)


def dense_jacobian(game, batch, step=1e-6):
    """∂F/∂x by central differences of the first-order field."""
    columns = []
    start = game.point.clone()
    flat = start.flat()
    with game.untouched():
        for i in range(len(flat)):
            ends = []
            for sign in (1, -1):
                moved = flat.clone()
                moved[i] += sign * step
                game.point.copy_(start.unflat(moved))
                ends.append(game.field(batch, base=False).flat())
            columns.append((ends[0] - ends[1]) / (2 * step))
        game.point.copy_(start)
    return torch.stack(columns, dim=1)


@pytest.mark.parametrize("make", [normed_game, lambda: image_game("mlp"), lambda: image_game("convolutional")])
def test_products_agree_with_the_dense_jacobian(make):
    game = make()
    batch = vector_batch() if isinstance(game.players["generator"], NormedGenerator) else image_batch()
    jacobian = dense_jacobian(game, batch)
    line = game.linearize(batch)
    source = torch.Generator().manual_seed(2)
    v = torch.randn(jacobian.shape[0], generator=source, dtype=torch.float64)
    point = game.point.unflat(v)
    scale = jacobian.abs().max()
    assert torch.allclose(line.jvp(point).flat(), jacobian @ v, atol=2e-6 * float(scale) * len(v) ** 0.5)
    assert torch.allclose(line.vjp(point).flat(), jacobian.T @ v, atol=2e-6 * float(scale) * len(v) ** 0.5)
    assert game.products == 2


@pytest.mark.parametrize("make", [normed_game, lambda: image_game("convolutional")])
def test_field_one_by_one_equals_field_at_once_equals_linearization(make):
    game = make()
    batch = vector_batch() if isinstance(game.players["generator"], NormedGenerator) else image_batch()
    both = game.field(batch, base=False)
    for name in game.names:
        alone = game.field(batch, only=(name,), base=False)
        assert torch.allclose(alone.flat(), both.only(name).flat(), rtol=1e-9, atol=1e-13)
    with game.untouched():
        assert torch.allclose(game.linearize(batch).field.flat(), both.flat(), rtol=1e-9, atol=1e-13)


def test_separate_losses_give_the_joint_field():
    game = normed_game()
    joint = AdversarialLosses(of_latents, Adversary(relativistic()))
    separate = {n: (lambda players, batch, n=n: joint(players, batch, (n,))[n]) for n in game.names}
    other = Game(game.players, separate, sgd(game.players))
    batch = vector_batch()
    a, b = game.field(batch, base=False), other.field(batch, base=False)
    assert torch.allclose(a.flat(), b.flat(), rtol=1e-9, atol=1e-13)


def test_buffers_move_once_on_the_base_evaluation_and_only_with_their_player():
    game, batch = normed_game(), vector_batch()
    norm = game.players["generator"].body[1]
    game.field(batch, only=("discriminator",))
    assert int(norm.num_batches_tracked) == 0
    game.field(batch, base=False)
    assert int(norm.num_batches_tracked) == 0
    game.field(batch)
    assert int(norm.num_batches_tracked) == 1


def test_dropout_is_a_function_of_the_batch_and_leaves_the_global_generator_alone():
    game = normed_game(dropout=0.5)
    torch.manual_seed(7)
    state = torch.get_rng_state()
    first = game.field(vector_batch(seed=3), base=False).flat()
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(5)
    assert torch.equal(game.field(vector_batch(seed=3), base=False).flat(), first)
    assert not torch.equal(game.field(vector_batch(seed=4), base=False).flat(), first)


def test_evaluations_count_players_and_untouched_counts_nothing():
    game, batch = normed_game(), vector_batch()
    game.field(batch)
    game.field(batch, only=("generator",))
    game.linearize(batch)
    assert game.evaluations == 5
    with game.untouched():
        game.field(batch)
    assert game.evaluations == 5


def test_excursion_returns_also_by_an_error():
    game, batch = normed_game(), vector_batch()
    before = game.point.flat()

    def stumble():
        with game.excursion():
            game.move(game.field(batch))
            assert not torch.equal(game.point.flat(), before)
            raise RuntimeError("on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        stumble()
    assert torch.equal(game.point.flat(), before)


def test_a_field_that_is_not_finite_names_the_player_and_moves_nothing():
    game = normed_game()
    batch = vector_batch()
    batch.value.real[0, 0] = float("nan")
    before = game.point.flat()
    with pytest.raises(NonFinite) as caught:
        game.field(batch, only=("discriminator",))
    assert (caught.value.player, caught.value.cause) == ("discriminator", "loss")
    assert torch.equal(game.point.flat(), before)


def test_frozen_players_keep_no_gradient_and_are_thawed():
    game, batch = normed_game(), vector_batch()
    game.field(batch, only=("generator",))
    assert all(p.requires_grad and p.grad is None for p in game.point.tensors)


def test_bad_games_are_refused_by_name():
    players = {"generator": nn.Linear(1, 1), "discriminator": nn.Linear(1, 1)}
    loss = {"generator": lambda p, b: p["generator"].weight.sum()}
    with pytest.raises(ValueError, match="'discriminator' has no loss"):
        Game(players, loss, sgd(players))
    both = {**loss, "discriminator": lambda p, b: p["discriminator"].weight}
    with pytest.raises(ValueError, match="no optimizer"):
        Game(players, both, {"generator": torch.optim.SGD(players["generator"].parameters(), lr=1)})
    with pytest.raises(ValueError, match="holds other parameters"):
        Game(players, both, {name: torch.optim.SGD(players["generator"].parameters(), lr=1) for name in players})
    with pytest.raises(ValueError, match="expected a scalar"):
        Game(players, both, sgd(players)).field(Batch(None))
    detached = {name: (lambda p, b: torch.tensor(1.0)) for name in players}
    with pytest.raises(ValueError, match="does not depend on its parameters"):
        Game(players, detached, sgd(players)).field(Batch(None))
    with pytest.raises(ValueError, match="no player 'judge'"):
        Game(players, both, sgd(players)).field(Batch(None), only=("judge",))


def test_point_arithmetic_is_that_of_vectors():
    source = torch.Generator().manual_seed(0)
    a, b = (
        Point({"x": [torch.randn(2, 3, generator=source)], "y": [torch.randn(4, generator=source)]}) for _ in range(2)
    )
    va, vb = a.flat(), b.flat()
    assert torch.allclose((2 * a - b + a).flat(), 3 * va - vb)
    assert torch.allclose((-a).flat(), -va)
    assert torch.allclose(a.dot(b), va @ vb)
    assert torch.allclose(a.norm(), va.norm())
    assert torch.allclose(a.clone().lerp_(b, 0.25).flat(), 0.75 * va + 0.25 * vb)
    assert torch.equal(a.unflat(va).flat(), va)
    assert torch.equal(Point.from_state_dict(a.state_dict()).flat(), va)


def test_parts_move_a_player_s_buffers_each_and_only_in_the_base_evaluation() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(2))
            self.register_buffer("seen", torch.zeros(()))

        def forward(self, x):
            self.seen += len(x)
            return x @ self.w

    one = Counting()
    game = Game(
        {"one": one},
        lambda players, x, _: {"one": players["one"](x).square().mean()},
        {"one": torch.optim.SGD(one.parameters(), lr=0.1)},
        parts=lambda x: [(len(part) / len(x), part) for part in x.split(2)],
    )
    x = torch.arange(10.0).reshape(5, 2)
    extra = game.field(Batch(x), base=False)
    assert one.seen == 0
    assert torch.equal(game.field(Batch(x)).flat(), extra.flat())
    assert one.seen == 5
    # Products of second order need the graph of the whole batch, whose field is the same.
    torch.testing.assert_close(game.linearize(Batch(x)).field.flat(), extra.flat())


def test_parts_whose_loss_is_not_finite_are_noticed() -> None:
    one = nn.Linear(1, 1)
    game = Game(
        {"one": one},
        lambda players, x, _: {"one": players["one"](x).mean()},
        {"one": torch.optim.SGD(one.parameters(), lr=0.1)},
        parts=lambda x: [(0.5, part) for part in x.split(1)],
    )
    with pytest.raises(NonFinite):
        game.field(Batch(torch.tensor([[1.0], [float("inf")]])))


# --- players that rest --------------------------------------------------------------------------------


def adam_game(joint=True):
    torch.manual_seed(0)
    players = {"generator": NormedGenerator().double(), "discriminator": NormedDiscriminator().double()}
    losses = AdversarialLosses(of_latents, Adversary(relativistic()))
    if not joint:
        joint_losses = losses
        losses = {
            name: lambda players, batch, name=name: joint_losses(players, batch, [name])[name] for name in players
        }
    optimizers = {n: torch.optim.Adam(p.parameters(), lr=0.1, weight_decay=0.1) for n, p in players.items()}
    return Game(players, losses, optimizers)


def resting(batch):
    return Batch(batch.value, batch.size, batch.seed, frozenset({"discriminator"}))


@pytest.mark.parametrize("joint", [True, False])
def test_who_rests_has_a_field_of_0_that_costs_nothing(joint):
    game, batch = adam_game(joint), vector_batch()
    awake = game.field(batch)
    before = game.evaluations
    field = game.field(resting(batch))
    assert field.names == game.names
    assert float(field.only("discriminator").norm()) == 0
    for ours, theirs in zip(field["generator"], awake["generator"], strict=True):
        torch.testing.assert_close(ours, theirs)
    assert game.evaluations == before + 1
    assert float(game.field(resting(batch), only=("discriminator",)).norm()) == 0
    assert game.evaluations == before + 1


def test_who_rests_is_not_moved_and_remembers_nothing_of_it():
    game, batch = adam_game(), vector_batch()
    discriminator = game.players["discriminator"]
    before = {key: value.clone() for key, value in discriminator.state_dict().items()}
    generator = game.point.only("generator").clone()
    for _ in range(3):
        game.move(game.field(resting(batch)))
        field = game.field(resting(batch))
        game.field(batch, base=False)  # a later evaluation of another batch wakes nobody
        game.move(2 * (field + field))
    assert all(value.equal(before[key]) for key, value in discriminator.state_dict().items())
    assert not game.optimizers["discriminator"].state
    assert float((game.point.only("generator") - generator).norm()) > 0
    with game.untouched():
        game.field(batch, base=False)  # a look at another batch wakes nobody
    game.move(game.field(resting(batch)).zeros())
    assert all(value.equal(before[key]) for key, value in discriminator.state_dict().items())
    game.move(game.field(batch))
    assert game.optimizers["discriminator"].state


def test_products_of_second_order_have_no_row_for_who_rests():
    game, batch = adam_game(), vector_batch()
    linear = game.linearize(resting(batch))
    assert float(linear.field.only("discriminator").norm()) == 0
    direction = game.point.zeros()
    for tensor in direction.tensors:
        tensor.fill_(1.0)
    forward = linear.jvp(direction)
    assert float(forward.only("discriminator").norm()) == 0
    assert float(forward.only("generator").norm()) > 0
    back = linear.vjp(direction)
    same = sum(float((a * b).sum()) for a, b in zip(direction.tensors, back.tensors, strict=True))
    other = sum(float((a * b).sum()) for a, b in zip(direction.tensors, forward.tensors, strict=True))
    assert same == pytest.approx(other)


def numbered_batches(n=6):
    """A batch of its own for every position."""

    def draw(position):
        source = torch.Generator().manual_seed(position)
        real, latent = (torch.randn(n, width, generator=source, dtype=torch.float64) for width in (4, 3))
        return Batch(SampleBatch(real, latent, torch.rand(n, 1, generator=source, dtype=torch.float64)), n)

    return Batches(draw, position=60)


@pytest.mark.parametrize("parts", [None, lambda value: [(1.0, value)]])
def test_a_point_where_the_iteration_never_stood_gets_batch_norm_statistics_of_its_own(parts):
    game = normed_game()
    game.parts = parts
    linear, norm = game.players["generator"].body[:2]
    batches = numbered_batches()
    game.field(batches.next())
    live = {key: tensor.clone() for key, tensor in game.players["generator"].state_dict().items()}
    vectors = [tensor.clone() for tensor in game.players["discriminator"].buffers()]
    elsewhere = game.point.unflat(2 * game.point.flat() + 1)
    with game.untouched(), game.excursion():
        game.recalibrate_batch_norm(elsewhere, batches)
        assert torch.equal(game.point.flat(), elsewhere.flat())
        inputs = [batches.draw(66 + 6 * i).value.latent for i in range(SETTLING)]
        seen = [linear(latent) for latent in inputs]
        assert torch.allclose(norm.running_mean, torch.stack([x.mean(0) for x in seen]).mean(0))
        assert torch.allclose(norm.running_var, torch.stack([x.var(0) for x in seen]).mean(0))
    after = game.players["generator"].state_dict()
    assert all(torch.equal(tensor, after[key]) for key, tensor in live.items())
    assert all(map(torch.equal, vectors, game.players["discriminator"].buffers()))
    assert (batches.position, norm.momentum, game.evaluations) == (66, 0.1, 2)


def test_a_player_that_rests_keeps_its_statistics():
    game = normed_game()
    norm = game.players["generator"].body[1]
    game.field(vector_batch())
    kept = norm.running_mean.clone()
    awake = numbered_batches()
    resting = Batches(lambda position: replace(awake.draw(position), resting=frozenset({"generator"})))
    game.recalibrate_batch_norm(game.point.clone(), resting)
    assert torch.equal(norm.running_mean, kept)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad"])
def test_a_fused_optimizer_moves_by_a_gradient_in_another_memory_layout(name):
    """A gradient of a gradient penalty is a transposed view; the step is that of the optimizer's plain form."""
    moved = []
    for fused in (True, False):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(3, 4, 2), nn.Tanh(), nn.Conv2d(4, 5, 2)).double()
        images = torch.randn(2, 3, 5, 5, dtype=torch.float64, requires_grad=True)

        def penalty(players, given):
            (gradient,) = torch.autograd.grad(players["one"](given).sum(), given, create_graph=True)
            return gradient.square().sum()

        optimizer = getattr(torch.optim, name)(network.parameters(), lr=0.1, fused=fused)
        game = Game({"one": network}, {"one": penalty}, {"one": optimizer})
        for _ in range(2):
            direction = game.field(Batch(images))
            game.move(direction)
        moved.append(game.point.flat())
    assert any(g.stride() != p.stride() for g, p in zip(direction["one"], network.parameters(), strict=True))
    assert torch.allclose(*moved, rtol=0, atol=1e-12)
