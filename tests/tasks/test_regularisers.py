"""Regularisers of the generator, alone and in a run."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from playing import built, play
from saddlepoint.components.adversary import AdversarialLosses, Adversary, of_latents
from saddlepoint.components.regularisers import FeatureMatching, GeneratorPass, PathLength, Regulariser
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.core import Batch, Game
from saddlepoint.data.stream import SampleBatch
from saddlepoint.losses import feature_matching, non_saturating
from saddlepoint.networks import MLPDiscriminator, MLPGenerator
from saddlepoint.runs.assembly import Assembly
from saddlepoint.tasks import model_at, recipe_named

BOTH = ("regularisers.feature-matching.weight=1", "regularisers.path-length.weight=2")


def scaling(factor: float, samples: int) -> GeneratorPass:
    """G(z) = factor · z in one dimension, and y = 1: every length is the factor."""
    latent = torch.randn(samples, 1, dtype=torch.float64)
    return GeneratorPass(lambda z: factor * z, latent, factor * latent, None, None, torch.ones)


def test_path_length_is_measured_from_a_mean_that_starts_at_0_and_has_the_half_life() -> None:
    term = PathLength(weight=3.0, half_life=100)
    values = [float(term(scaling(2.0, 50)).detach()) for _ in range(3)]
    # After 50 samples of length 2 the mean is 2 (1 − 2^(−½)), and so on.
    assert values == pytest.approx([3 * (2 * 0.5 ** (k / 2)) ** 2 for k in range(3)])
    assert float(term.memory.mean) == pytest.approx(2 * (1 - 0.5**1.5))


def test_the_half_life_counts_samples_and_not_steps() -> None:
    few, many = PathLength(half_life=100), PathLength(half_life=100)
    for _ in range(10):
        few(scaling(2.0, 8))
    many(scaling(2.0, 80))
    torch.testing.assert_close(few.memory.mean, many.memory.mean)


def game(*regularisers: Regulariser) -> tuple[Game, Batch]:
    torch.manual_seed(0)
    players: dict[str, nn.Module] = {
        "generator": MLPGenerator((2,), 3, (8,), activation="tanh"),
        "discriminator": MLPDiscriminator((2,), (8,)),
    }
    adversary = Adversary(non_saturating(), regularisers=regularisers)
    adversary.attach(players)
    losses = AdversarialLosses(of_latents, adversary)
    made = Game(players, losses, {n: torch.optim.SGD(p.parameters(), lr=0.1) for n, p in players.items()})
    return made, Batch(SampleBatch(torch.randn(6, 2) + 1, torch.randn(6, 3), torch.rand(6, 1)), 6, seed=3)


def mean_of(playing: Game) -> Tensor:
    return dict(playing.players["generator"].named_buffers())["memory_of_regulariser_0.mean"].clone()


def test_the_mean_moves_once_a_step_with_the_generator_only() -> None:
    playing, batch = game(PathLength())
    for look in (lambda: playing.field(batch, base=False), lambda: playing.field(batch, only=["discriminator"])):
        look()
        assert mean_of(playing) == 0
    playing.field(batch, only=["generator"])
    playing.end_step()
    assert mean_of(playing) > 0


def test_feature_matching_compares_what_the_discriminator_s_last_layer_reads() -> None:
    playing, batch = game(FeatureMatching(weight=0.7))
    generator, discriminator = (playing.players[name] for name in playing.names)
    plain, value = AdversarialLosses(of_latents, Adversary(non_saturating())), batch.value
    added = playing.losses(playing.players, value, ["generator"])["generator"]
    added = added - plain(playing.players, value, ["generator"])["generator"]
    layers = discriminator.body[:-1]
    expected = 0.7 * feature_matching(layers(value.real), layers(generator(value.latent)))
    assert float(expected.detach()) > 1e-3
    torch.testing.assert_close(added, expected)


def test_the_discriminator_s_field_knows_nothing_of_them() -> None:
    with_them, batch = game(PathLength(), FeatureMatching())
    without, _ = game()
    fields = [playing.field(batch) for playing in (with_them, without)]
    assert torch.equal(*(field.only("discriminator").flat() for field in fields))
    assert not torch.allclose(*(field.only("generator").flat() for field in fields))


def test_the_field_of_path_length_is_that_of_differences() -> None:
    """The gradient of a gradient's length: central differences of the loss along a direction."""
    torch.manual_seed(0)
    playing, batch = game(PathLength())
    for player in playing.players.values():
        player.double()
    value = batch.value
    value = SampleBatch(value.real.double(), value.latent.double(), value.mix.double())
    batch = Batch(value, 6, seed=3)
    own = playing.point.only("generator")
    direction = own.unflat(torch.randn(len(own.flat()), dtype=torch.float64))
    slope = playing.field(batch, only=["generator"], base=False).dot(direction)
    ends = []
    for sign in (1, -1):
        with playing.excursion():
            playing.point.only("generator").add_(direction, alpha=sign * 1e-6)
            with playing._evaluation(batch, moving=()):
                ends.append(float(playing.losses(playing.players, value, ["generator"])["generator"].detach()))
    assert float(slope) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5)


def trained(folder: Path, samples: int) -> Assembly:
    config = assign(
        recipe_named("digits"),
        [
            *("data.size=8", "latent.size=6", "batch_size=24", "device=cpu", f"budget.samples={samples}"),
            *("generator.network.widths=[12]", "discriminator.network.widths=[12]", "conditional=true", *BOTH),
        ],
    )
    return play(config, folder)[0]


def test_a_run_with_both_resumes_exactly_and_delivers_the_network_alone(tmp_path: Path) -> None:
    straight = trained(tmp_path / "straight", 192)
    trained(tmp_path / "halves", 96)
    halves = trained(tmp_path / "halves", 192)
    for a, b in zip(straight.game.players.values(), halves.game.players.values(), strict=True):
        for (key, mine), theirs in zip(a.state_dict().items(), b.state_dict().values(), strict=True):
            assert torch.equal(mine, theirs), key
    assert any("memory_of_regulariser" in key for key in straight.game.players["generator"].state_dict())
    assert model_at(tmp_path / "straight").sample(3, label="1").shape == (3, 1, 8, 8)
    cited = " ".join(straight.config.bibtex)
    assert "salimans2016improved" in cited
    assert "karras2020analyzing" in cited


def test_mistakes_are_named() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'path-length'"):
        assign(recipe_named("digits"), ["regularisers.path-lenght=on"])
    with pytest.raises(ValueError, match="a regulariser's weight is at least 0"):
        FeatureMatching(weight=-1.0)
    with pytest.raises(ValueError, match="half_life is 0: give a number of samples above 0"):
        PathLength(half_life=0)


def test_top_k_trains_the_generator_on_the_best_and_the_discriminator_on_all() -> None:
    """A share of 1 is the base loss; of a half, the mean over the half of larger logits."""

    def field(*sets: str) -> dict[str, Tensor]:
        config = assign(recipe_named("digits"), ["data.size=8", "device=cpu", "batch_size=16", *sets])
        assembled = built(config)
        found = assembled.game.field(assembled.batches.next())
        return {name: found.only(name).flat() for name in found.names}

    base, whole = field("loss=hinge"), field("loss=top-k", "loss.base=hinge", "loss.share=1")
    half = field("loss=top-k", "loss.base=hinge", "loss.share=0.5")
    torch.testing.assert_close(whole["generator"], base["generator"])
    assert torch.equal(half["discriminator"], base["discriminator"])
    assert not torch.allclose(half["generator"], base["generator"])


def test_a_run_with_top_k_goes_through(tmp_path: Path) -> None:
    sets = ["loss=top-k", "loss.share=0.25", "data.size=8", "device=cpu", "budget.samples=192"]
    config = assign(recipe_named("digits"), sets)
    assert play(config, tmp_path)[1].exit_code == 0
    assert "sinha2020topk" in " ".join(config.bibtex)
