"""A compiled field is the eager one, gradients inside the loss, buffers and dropout included, or it is refused."""

import itertools

import pytest
import torch
from test_game import image_batch, image_game, normed_game, sgd, vector_batch
from torch import nn

from saddlepoint.components.adversary import AdversarialLosses, Adversary, of_latents
from saddlepoint.core import Batch, Game, NonFinite
from saddlepoint.games import bilinear
from saddlepoint.penalties import GradientPenalty

#: torch imports a part of itself that it deprecates, when inductor is first used.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

#: torch imports a part of itself that it deprecates, when inductor is first used.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


def compiled(game, backend="eager"):
    return Game(game.players, game.losses, game.optimizers, compiled=backend)


def players():
    torch.manual_seed(0)
    return {name: nn.Linear(2, 1).double() for name in ("generator", "discriminator")}


def same(a, b):
    return torch.allclose(a.flat(), b.flat(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["mlp", pytest.param("convolutional", marks=pytest.mark.slow)])
def test_penalties_that_differentiate_inside_the_loss_compile(kind):
    eager = image_game(kind)
    ours, batch = compiled(eager), image_batch()
    for only in (None, ("discriminator",), ("generator",)):
        assert same(ours.field(batch, only), eager.field(batch, only))
    assert ours.evaluations == eager.evaluations
    for name, value in eager.loss_values.items():
        assert float(ours.loss_values[name]) == pytest.approx(float(value), abs=1e-12)


def test_the_gradient_penalty_compiles():
    eager = image_game("mlp")
    eager = Game(
        eager.players,
        AdversarialLosses(of_latents, Adversary(eager.losses.adversary.loss, [GradientPenalty()])),
        eager.optimizers,
    )
    assert same(compiled(eager).field(image_batch()), eager.field(image_batch()))


def test_one_graph_serves_every_batch_of_a_form_and_follows_the_parameters():
    eager = image_game("mlp")
    ours, batch = compiled(eager), image_batch()
    ours.field(batch)
    batch.value.real.mul_(0.5)
    eager.point.add_(eager.point, alpha=0.1)
    assert same(ours.field(batch), eager.field(batch))
    assert same(ours.field(image_batch(5)), eager.field(image_batch(5)))


def test_buffers_move_as_they_do_eagerly():
    eager, other = normed_game(), normed_game()
    ours, batch = compiled(other), vector_batch()
    for look in ({"base": False}, {}, {"only": ("discriminator",)}, {}):
        assert same(ours.field(batch, **look), eager.field(batch, **look))
        for name in eager.names:
            for mine, theirs in zip(ours.players[name].buffers(), eager.players[name].buffers(), strict=True):
                assert torch.allclose(mine, theirs, rtol=0, atol=1e-12)
    assert int(ours.players["generator"].body[1].num_batches_tracked) == 2


def test_training_and_evaluation_mode_have_graphs_of_their_own():
    eager = normed_game()
    ours, batch = compiled(eager), vector_batch()
    trained = ours.field(batch, base=False)
    eager.players["generator"].eval()
    judged = ours.field(batch, base=False)
    assert same(judged, eager.field(batch, base=False))
    assert not same(trained, judged)


@pytest.mark.parametrize("backend", ["eager", pytest.param("inductor", marks=pytest.mark.slow)])
def test_dropout_draws_what_it_draws_eagerly(backend):
    eager = normed_game(dropout=0.5)
    ours = compiled(eager, backend)
    for seed in (3, 4):
        batch = vector_batch(seed=seed)
        assert same(ours.field(batch, base=False), eager.field(batch, base=False))
    state = torch.get_rng_state()
    ends = []
    for game in (ours, eager):
        torch.set_rng_state(state)
        ends.append(game.field(vector_batch(), base=False))
    assert same(*ends)


@pytest.mark.parametrize("backend", ["aot_eager", pytest.param("inductor", marks=pytest.mark.slow)])
def test_fields_share_no_memory_with_the_point(backend):
    """∂(x·y)/∂x = y: a graph that handed y itself back would change under the method's hands."""
    game = compiled(bilinear().play(lambda _, p: torch.optim.SGD(p, lr=0.1)), backend)
    owned = {t.data_ptr() for t in game.point.tensors}
    assert not owned & {t.data_ptr() for t in game.field(Batch(None)).tensors}


def test_looks_and_products_stay_eager():
    """Neither asks for the backend, which does not exist."""
    game = compiled(image_game("mlp"), "no such backend")
    with game.untouched():
        field = game.field(image_batch())
    assert same(field, game.linearize(image_batch()).field)


def test_a_compiled_field_that_is_not_finite_names_the_player():
    game, batch = compiled(normed_game()), vector_batch()
    batch.value.real[0, 0] = float("nan")
    with pytest.raises(NonFinite) as caught:
        game.field(batch, only=("discriminator",))
    assert (caught.value.player, caught.value.cause) == ("discriminator", "loss")


def test_what_cannot_be_compiled_is_refused_with_the_remedy():
    pair = players()

    def weigh(of):
        return {name: (lambda p, b, n=name: of(p[n].weight.sum(), b)) for name in pair}

    def field(losses, value=None, backend="aot_eager"):
        return Game(pair, losses, sgd(pair), compiled=backend).field(Batch(value))

    with pytest.raises(ValueError, match=r"can't be compiled .*compiled=False"):
        field(weigh(lambda w, b: w * 2 if w > 0 else w))
    with pytest.raises(ValueError, match=r"can't take.*compiled=False"):
        field(weigh(lambda w, b: w * b), 0.5)
    with pytest.raises(ValueError, match=r"can't be compiled .*compiled=False"):
        field(weigh(lambda w, b: w), backend="no such backend")
    draws = itertools.count(1.0)
    with pytest.raises(ValueError, match=r"away from the eager one.*pure function.*compiled=False"):
        field(weigh(lambda w, b: w * next(draws)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mlp", "convolutional"])
def test_inductor_is_eager(kind):
    eager = image_game(kind)
    ours, batch = compiled(eager, True), image_batch()
    for only in (None, ("discriminator",), ("generator",)):
        assert same(ours.field(batch, only), eager.field(batch, only))
