"""Games of sounds: exact resume, a generator that loads alone, what is heard of it, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from playing import built
from playing import play as played
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.data import DataError
from saddlepoint.data.audio import SoundData
from saddlepoint.extractors import SoundExtractor, SpokenClassifier
from saddlepoint.measures import values
from saddlepoint.metrics import inception_score
from saddlepoint.runs import train
from saddlepoint.tasks import model_at, read_config, recipe_named
from saddlepoint.tasks.audio import TASK
from saddlepoint.tasks.audio.data import read_sounds
from saddlepoint.tasks.audio.evaluation import evaluate_sounds
from saddlepoint.tasks.audio.model import SpectrogramGenerator, WaveformGenerator, levels_of, preview
from saddlepoint.tasks.audio.probe import AudioProbe, Listener
from saddlepoint.tasks.audio.settings import pictured

TINY = (
    *("data.rate=2000", "data.seconds=0.12", "data.label=prefix"),
    *("spectrogram.window=64", "spectrogram.hop=16", "spectrogram.bands=8", "spectrogram.steps=2"),
    *("latent.size=4", "batch_size=12", "generator.network.width=4", "discriminator.network.width=4"),
    *("every.record=24", "every.checkpoint=36", "every.snapshot=100000", "score.samples=16", "device=cpu"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Low and high tones, twenty each, of two rates."""
    rng, place = np.random.default_rng(0), tmp_path_factory.mktemp("tones")
    for number in range(40):
        name, hertz = ("low", 200) if number % 2 else ("high", 600)
        rate = 2000 if number % 3 else 4000
        time = np.arange(round(rate * rng.uniform(0.06, 0.2))) / rate
        wave = 0.5 * np.sin(2 * np.pi * hertz * rng.uniform(0.9, 1.1) * time)
        soundfile.write(place / f"{name}_{number}.wav", wave, rate)
    return place


def tiny(folder: Path, *assignments: str, recipe: str = "audio") -> Any:
    assigned = [*TINY, "data.test=none", *assignments]
    if recipe == "audio-vae":
        assigned = [a.replace("discriminator.", "encoder.") for a in assigned]
    return assign(recipe_named(recipe).with_data(str(folder)), assigned)


def sets_of(config: Any) -> tuple[SoundData, SoundData]:
    return read_sounds(config, "train"), read_sounds(config, "test")


def made_up() -> SoundExtractor:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return SoundExtractor(SpokenClassifier(widths=(2, 2, 4, 4)), "made-up")


def play(config: Any, folder: Path, samples: int) -> Any:
    return played(assign(config, [f"budget.samples={samples}"]), folder)


@pytest.mark.parametrize(
    ("recipe", "sets"),
    [
        ("audio", []),
        ("audio", ["method=extragradient", "conditional=true"]),
        ("audio-wave", ["discriminator.network.shuffle=1"]),
        ("audio-vae", []),
    ],
    ids=["default", "extragradient", "waves", "vae"],
)
def test_a_run_of_sounds_resumes_exactly(
    recipe: str, sets: list[str], folder: Path, tmp_path: Path, alike: Callable[..., Any]
) -> None:
    config = tiny(folder, "score.features=spectrogram", *sets, recipe=recipe)
    straight, at_once = play(config, tmp_path / "straight", 96)
    play(config, tmp_path / "halves", 48)
    halves, in_halves = play(config, tmp_path / "halves", 96)
    assert torch.equal(straight.game.point.flat(), halves.game.point.flat())
    assert at_once.metrics == in_halves.metrics
    assert set(at_once.metrics) == {"pixel_frechet", *(["reconstruction"] if recipe == "audio-vae" else [])}
    alike(tmp_path / "straight", tmp_path / "halves", "generator.safetensors", "config.yaml")
    assert read_config(config.plain()) == config


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("trained") / "run"
    play(tiny(folder, "conditional=true"), place, 48)
    return place


def test_a_generator_loads_alone_and_makes_sounds(trained: Path) -> None:
    generator = model_at(trained / "generator")
    assert isinstance(generator, SpectrogramGenerator)
    assert {p.suffix for p in (trained / "generator").iterdir()} == {".safetensors", ".yaml", ".md", ".json"}
    assert (generator.rate, generator.classes) == (2000, ("high", "low"))
    waves, rate = generator.sample(5, seed=3)
    assert rate == 2000
    assert waves.shape == (5, 256)
    assert float(waves.abs().max()) <= 1
    torch.manual_seed(1)
    torch.testing.assert_close(generator.sample(70, seed=3).waves[:5], waves, rtol=0, atol=1e-3)
    assert not torch.equal(generator.sample(5, seed=4).waves, waves)
    assert preview(waves, 2000).shape == (5 * (256 + 300),)
    assert generator.picture(waves, columns=5).shape[2] == 3
    with pytest.raises(ValueError, match="has no class 'loud'"):
        generator.sample(1, label="loud")


def test_a_generator_of_waves_makes_them_as_its_network_does(folder: Path, tmp_path: Path) -> None:
    play(tiny(folder, recipe="audio-wave"), tmp_path, 12)
    generator = model_at(tmp_path / "generator")
    assert isinstance(generator, WaveformGenerator)
    latents, labels = generator.latents(3, seed=0), generator.labels(3)
    waves = generator.render(latents, labels)
    with torch.no_grad():
        torch.testing.assert_close(waves, generator.network(latents, labels)[:, 0])
    pictures = generator.levels(generator.outputs(latents, labels))
    torch.testing.assert_close(pictures.float() / 255, generator.pictured.levels(waves), rtol=0, atol=0.003)
    evaluated = evaluate_sounds({"live": generator}, *sets_of(tiny(folder)), made_up(), ["frechet"], samples=20)
    assert [m.protocol.weights for m in evaluated.numbers] == ["live", "live", "floor: test"]


@pytest.mark.parametrize("recipe", ["audio", "audio-wave", "audio-vae"])
def test_made_sounds_are_looked_for_among_real_ones_whatever_the_size_of_their_pictures(
    folder: Path, recipe: str
) -> None:
    for bands in (8, 32):
        config = tiny(
            folder, f"spectrogram.bands={bands}", "spectrogram.window=256", "spectrogram.hop=8", recipe=recipe
        )
        setup = built(config, read_sounds(config, "train")).setup
        assert "memorised" in setup.probe.checks(setup.model)


def test_the_decoder_of_an_autoencoder_of_sounds_is_told_the_class(folder: Path) -> None:
    config = tiny(folder, recipe="audio-vae")
    assembled = built(config)
    assert assembled.game.names == ("generator",)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.nn.init.normal_(assembled.game.players["generator"].decoder.entry.embedding.weight, std=10)
    trained = assembled.setup.model
    latents = trained.latents(4, seed=0)
    low, high = (trained.levels(trained.outputs(latents, torch.full((4,), label))) for label in (0, 1))
    assert not torch.equal(low, high)


def test_what_networks_see_are_levels_that_sound_as_the_data(folder: Path) -> None:
    config = tiny(folder)
    data = read_sounds(config, "train")
    levels = levels_of(data, pictured(config))
    assert levels.dtype == torch.uint8
    assert levels.shape == (len(data), 1, 8, 16)
    rows = levels[:, 0, :, 1].argmax(1)  # the loudest band of the second frame tells low from high
    low = data.labels == data.classes.index("low")
    assert int(rows[low].max()) < int(rows[~low].min())


def test_a_judge_listens_while_a_run_trains_and_afterwards(folder: Path) -> None:
    config = tiny(folder, "data.test=_3\\d$")
    data, test = sets_of(config)
    setup = built(config, data).setup
    judge = made_up()
    probe = setup.probe
    some, others = (lambda: data.floats(torch.arange(20))), (lambda: data.floats(torch.arange(20, 40)))
    listener = Listener(judge, some, others, data.rate)
    listening = AudioProbe(probe.watched, probe.distance, probe.order, probe.closeness, data.floats, listener)
    found = values(listening.score(setup.model))
    assert set(found) == {"frechet_made_up", "inception_score", "modes"}
    assert 1 <= found["modes"] <= 10
    evaluated = evaluate_sounds({"live": setup.model}, data, test, judge, ["frechet"], samples=30)
    at = {m.protocol.weights: m.value for m in evaluated.numbers if m.protocol.split == "train"}
    assert set(at) == {"live", "floor: test", "floor: test, resynthesised"}
    assert at["floor: test"] < at["live"]


def test_a_floor_is_a_mixture_of_the_classes_in_each_of_its_splits(tmp_path: Path) -> None:
    """Files are read in the order of their names, class by class; the Inception Score is taken of parts of them."""
    for number in range(480):
        name, hertz = ("a", 200) if number < 240 else ("b", 700)
        wave = np.sin(2 * np.pi * hertz * np.arange(240) / 2000)
        soundfile.write(tmp_path / f"{name}_{number:03d}.wav", 0.5 * wave, 2000)
    config = tiny(tmp_path, r"data.test=_.[0-4].$")
    data, test = sets_of(config)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SpokenClassifier(widths=(2, 2, 4, 4))
        torch.nn.init.normal_(network.head.weight, std=20)  # certain of what it hears
    judge = SoundExtractor(network, "made-up")
    model = built(config, data).setup.model
    found = evaluate_sounds({"live": model}, data, test, judge, ["inception_score"], samples=200)
    floor = next(m for m in found.numbers if m.protocol.weights == "floor: test")
    assert floor.settings == {"splits": 2}
    heard = judge.read(test.floats(), 2000).logits
    whole = inception_score(heard, splits=1).mean
    assert floor.value - 1 == pytest.approx(whole - 1, rel=0.3)
    assert whole > 1.001


def test_without_sounds_held_out_there_are_no_floors(folder: Path) -> None:
    config = tiny(folder, "data.held_out=0")
    data, judge = read_sounds(config, "train"), made_up()
    assert TASK.held_out(config, data) is None
    found = evaluate_sounds({"live": built(config, data).setup.model}, data, None, judge, ["frechet"], samples=20)
    assert len(found.numbers) == 1
    assert "no sounds are held out" in found.notes[-1]


def test_what_does_not_fit_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="give their folder with --data FOLDER"):
        built(recipe_named("audio"))
    config = tiny(folder, "conditional=true", "data.label=none")
    with pytest.raises(ConfigurationError, match=r"data\.label=prefix"):
        built(config)
    with pytest.raises(ConfigurationError, match="a hop of at most half"):
        tiny(folder, "spectrogram.hop=60")
    with pytest.raises(ConfigurationError, match="needs classes: give --conditional"):
        tiny(folder, "auxiliary=1")
    with pytest.raises(DataError, match="no sounds to test with"):
        read_sounds(tiny(folder, "data.held_out=0"), "test")


def test_pictures_hold_all_of_a_sound_in_whole_halvings() -> None:
    run = recipe_named("audio")
    assert pictured(run).shape == (1, 64, 64)
    assert pictured(run).samples == 8192 >= run.data.rate * run.data.seconds
    assert pictured(assign(run, ["data.seconds=1.1"])).shape == (1, 64, 80)


# --- sounds given in Python -------------------------------------------------------------------------------


def tones() -> tuple[list[np.ndarray], int, list[str]]:
    """Forty tones of different lengths, low and high ones in turn."""
    names = ["low", "high"] * 20
    return [np.sin(np.arange(100 + 9 * k) * (0.2 + 0.5 * (k % 2))) for k in range(40)], 2000, names


def test_waves_with_their_rate_are_data_as_a_folder_of_them_is(tmp_path: Path) -> None:
    waves, rate, names = tones()
    for number, (wave, name) in enumerate(zip(waves, names, strict=True)):
        soundfile.write(tmp_path / f"{name}_{number:02d}.wav", wave, rate, subtype="DOUBLE")
    config = tiny(tmp_path, "data.held_out=0")
    from_files = read_sounds(config, "train")
    given = TASK.adopt(config, (waves, rate, names))
    order = sorted(range(40), key=lambda k: f"{names[k]}_{k:02d}")
    assert torch.equal(given.waves[order], from_files.waves)
    assert torch.equal(given.labels[order], from_files.labels)
    assert given.classes == from_files.classes == ("high", "low")
    assert given.held_out is None


def test_a_share_of_given_sounds_is_held_out_and_judges(tmp_path: Path) -> None:
    words = dict(assignment.split("=") for assignment in TINY)
    run = train("audio", tones(), out=tmp_path, samples=24, progress=False, settings={**words, "data.held_out": 0.2})
    assert (len(run.data), len(run.data.held_out)) == (32, 8)
    assert {m.protocol.n_real for m in run.evaluate(samples=50, metrics=["frechet"]).numbers} == {32, 8}
    waves, rate = run.sample(3, seed=7)
    assert (waves.shape, rate) == ((3, 256), 2000)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (tones()[0], r"sounds are \(waves, rate\) or \(waves, rate, labels\).*not list"),
        (([np.zeros((3, 3, 3))], 2000), r"expected floats in \[−1, 1\] or int16"),
        (([np.zeros(500)], 2000), "none of the 1 sounds can be used. Left out 1 silent"),
        ((tones()[0], 2000, ["low"]), "there are 40 sounds and 1 labels: give one a sound"),
    ],
    ids=["no rate", "too many dimensions", "silence", "labels"],
)
def test_sounds_that_can_not_be_taken_are_refused_with_what_can(given: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=words):
        TASK.adopt(tiny(tmp_path), given)
