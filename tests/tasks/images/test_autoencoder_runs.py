"""Runs of autoencoders: exact resume, what they hand over loads alone, what does not fit is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from playing import built
from playing import play as played
from saddlepoint.autoencoders import ThroughDensity
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.data import ImageData, load_images
from saddlepoint.measures import values
from saddlepoint.runs.assembly import Assembly
from saddlepoint.tasks import Config, model_at, read_config, recipe_named
from saddlepoint.tasks.images.recipes import autoencoder_beside
from tiers import quick

TINY = (
    *("data.size=8", "latent.size=4", "batch_size=24", "device=cpu"),
    *("generator.network.widths=[12]", "encoder.network.widths=[12]"),
    *("every.record=48", "every.checkpoint=72", "every.snapshot=100000"),
)
HALF, WHOLE = 24 * 4, 24 * 8


@pytest.fixture(scope="module")
def images() -> ImageData:
    data = load_images("digits", size=8)
    return ImageData(data.name, data.images[:100], data.labels[:100], data.classes, data.source)


def tiny(recipe: str, *sets: str) -> Config:
    few = ["model.components=3"] if recipe == "autoencoder" else []
    return assign(recipe_named(recipe), [*TINY, *few, *sets])


def play(config: Config, images: ImageData, folder: Path, samples: int) -> Assembly:
    return played(assign(config, [f"budget.samples={samples}"]), folder, images)[0]


def score(assembled: Assembly) -> dict[str, float]:
    assembled.setup.at_answer()
    return values(assembled.setup.probe.score(assembled.setup.model))


CASES = {
    "vae": [],
    "gaussian": ["model.likelihood=gaussian", "model.beta=0.5"],
    "density": ["model.components=2"],
    "autoencoder": [],
    "classes": ["conditional=true"],
    "extragradient": ["method=extragradient", "average=none"],
    "alternating": ["method=alternating"],
}


@pytest.mark.parametrize("case", quick(list(CASES), "vae", "classes"))
def test_a_baseline_resumes_exactly(case: str, images: ImageData, tmp_path: Path, alike: Callable[..., Any]) -> None:
    config = tiny("autoencoder" if case == "autoencoder" else "vae", *CASES[case])
    straight = play(config, images, tmp_path / "straight", WHOLE)
    play(config, images, tmp_path / "halves", HALF)
    halves = play(config, images, tmp_path / "halves", WHOLE)
    assert torch.equal(straight.game.point.flat(), halves.game.point.flat())
    alike(tmp_path / "straight", tmp_path / "halves", "generator.safetensors", "config.yaml")


def test_what_an_autoencoder_hands_over_holds_the_density_of_its_codes(images: ImageData, tmp_path: Path) -> None:
    assembled = play(tiny("autoencoder", "model.components=1", "average=none"), images, tmp_path, WHOLE)
    trained = model_at(tmp_path)
    assert isinstance(trained.network, ThroughDensity)
    model, stream = assembled.game.players["generator"], assembled.setup.batches.source
    codes = model.codes(stream.prepared(images.images)).detach().double()
    torch.testing.assert_close(trained.network.densities[0].means[0], codes.mean(0), rtol=1e-4, atol=1e-6)
    factor = trained.network.densities[0].factors[0]
    torch.testing.assert_close(factor @ factor.T, codes.T.cov(correction=0), rtol=1e-3, atol=1e-5)
    assert trained.sample(5, seed=3).shape == (5, 1, 8, 8)
    assert torch.equal(trained.sample(70, seed=3)[:5], trained.sample(5, seed=3))


def test_what_a_vae_hands_over_is_its_decoder(images: ImageData, tmp_path: Path) -> None:
    assembled = play(tiny("vae", "average=none"), images, tmp_path, HALF)
    trained = model_at(tmp_path)
    z = trained.latents(6, seed=2)
    with torch.no_grad():
        own = assembled.game.players["generator"].decoder(z)
    assert torch.equal(trained.render(z), trained.finished(own))
    assert "components" not in (tmp_path / "generator" / "config.yaml").read_text()


@pytest.mark.parametrize("recipe", quick(["vae", "autoencoder"], "vae"))
def test_training_lowers_both_metrics(recipe: str, images: ImageData, tmp_path: Path) -> None:
    config = tiny(recipe, "every.checkpoint=100000", "average=none", "generator.optimizer.lr=5e-3")
    before = score(built(config, images))
    after = score(play(config, images, tmp_path, 24 * 300))
    assert list(before) == ["pixel_frechet", "reconstruction"]
    assert after["reconstruction"] < 0.7 * before["reconstruction"]
    assert after["pixel_frechet"] < 0.3 * before["pixel_frechet"]


def test_looking_at_a_run_leaves_no_trace(images: ImageData) -> None:
    assembled = built(tiny("autoencoder", "generator.network.normalisation=batch"), images)
    probe = assembled.setup.probe
    before = {name: tensor.clone() for name, tensor in assembled.game.players["generator"].state_dict().items()}
    first = probe.monitors(assembled.game)
    score(assembled)
    assert probe.monitors(assembled.game) == first
    after = assembled.game.players["generator"].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert set(first) == {"diversity", "code_deviation", "generator_gradient_norm"}


def test_a_baseline_inherits_all_but_the_discriminator() -> None:
    digits = assign(recipe_named("digits"), ["seed=3", "batch_size=32", "budget.samples=999", "latent.size=7"])
    vae = autoencoder_beside(digits, "vae")
    for name in ("seed", "batch_size", "budget", "average", "every", "threads", "data", "value_range", "latent"):
        assert getattr(vae, name) == getattr(digits, name)
    assert vae.generator.network == digits.generator.network
    assert vae.encoder.network == digits.discriminator.network
    assert read_config(vae.plain()) == vae
    assert [entry for entry in vae.bibtex if "kingma2014auto" in entry]


def test_a_baseline_starts_from_the_decoder_that_its_game_starts_from(images: ImageData) -> None:
    run = assign(recipe_named("digits"), ["device=cpu"])
    game, vae = (built(config, images).game for config in (run, autoencoder_beside(run, "vae")))
    pairs = zip(game.players["generator"].parameters(), vae.players["generator"].decoder.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (["method=alternating", "method.counts=[5, 1]"], "do not fit"),
        (["method=lookahead", "method.base=unrolled"], "is one player, 'generator': this method is for two players"),
        (["method=alternating", "method.order=[discriminator]"], "no player 'discriminator'"),
        (["latent.distribution=uniform"], "latent.distribution=normal"),
        (["generator.network.output=none"], "output=tanh"),
        (["encoder.network.packing=2"], "packing=1"),
        (["encoder.network=mlp-generator"], "give a discriminator"),
        (["generator.network=mlp-discriminator"], "give a generator"),
        (["adversary.penalty_schedule={start: 1, end: 0, samples: 9}"], "there is no setting 'adversary"),
        (["model.components=-1"], "at least 1"),
        (["generator.clip=0.1"], "clip=none"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(sets: list[str], words: str, images: ImageData) -> None:
    with pytest.raises(ConfigurationError, match=words):
        built(tiny("vae", *sets), images)


@pytest.mark.parametrize("model", ["vae", "autoencoder"])
def test_the_baseline_of_a_game_with_classes_makes_each_on_demand(
    model: str, images: ImageData, tmp_path: Path
) -> None:
    few = ["model.components=10"] if model == "autoencoder" else []
    config = assign(
        autoencoder_beside(assign(recipe_named("digits"), ["conditional=true"]), model), [*TINY, *few, "average=none"]
    )
    assembled = play(config, images, tmp_path, WHOLE)
    trained = model_at(tmp_path)
    assert trained.classes == images.classes
    assert trained.sample(4, seed=3, label="7").shape == (4, 1, 8, 8)
    # The class is the decoder's to know: another one changes the image, and the encoder takes none.
    latents = trained.latents(1, seed=0)
    a, b = (trained.render(latents, torch.tensor([label])) for label in (3, 7))
    assert not torch.equal(a, b)
    assert assembled.game.players["generator"].encoder.network.classes == 0
    if model == "autoencoder":
        stream, player = assembled.setup.batches.source, assembled.game.players["generator"]
        codes = player.codes(stream.prepared(images.images[images.labels == 7])).detach().double()
        torch.testing.assert_close(trained.network.densities[7].means[0], codes.mean(0), rtol=1e-4, atol=1e-6)
