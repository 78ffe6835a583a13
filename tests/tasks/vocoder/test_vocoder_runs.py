"""Games of a vocoder: content losses and what is handed over, any length by chunks, exact resume."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from playing import built
from playing import play as played
from saddlepoint.components.citing import citations
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.core import Batches
from saddlepoint.measures import values
from saddlepoint.networks import VocoderGenerator
from saddlepoint.runs import train
from saddlepoint.signals import MelFrontEnd
from saddlepoint.tasks import model_at, read_config, recipe_named
from saddlepoint.tasks.vocoder import TASK
from saddlepoint.tasks.vocoder.data import Recordings
from saddlepoint.tasks.vocoder.evaluation import above_each_other, evaluate_vocoders, resemblance
from saddlepoint.tasks.vocoder.losses import MelLoss, MultiResolutionSTFT
from saddlepoint.tasks.vocoder.model import Refined, Vocoder, VocoderOptions
from saddlepoint.tasks.vocoder.settings import VocoderConfig
from tiers import quick

TINY = (
    "batch_size=12",
    "data.rate=2000",
    "data.crop=192",
    "mel={window: 64, hop: 16, bands: 8}",
    "refinement.training=1",
    "refinement.steps=2",
    "generator.network={name: vocoder, width: 8, factors: [4]}",
    "discriminator.network={name: vocoder-discriminator, width: 2, periods: [2, 3], windows: [64]}",
    "regression=72",
    "average.half_life=20",
    "average.warm_up=none",
    "every.record=48",
    "every.checkpoint=72",
    "every.snapshot=100000",
    "device=cpu",
)


def tiny(*assignments: str) -> VocoderConfig:
    found = assign(recipe_named("vocoder"), [*TINY, *assignments])
    assert isinstance(found, VocoderConfig)
    return found


def tones(count: int, held_out: Recordings | None = None, first: int = 0) -> Recordings:
    """Recordings of 0.2 s to 0.4 s, of a tone each in a little noise."""
    source, waves = torch.Generator().manual_seed(first), []
    for number in range(count):
        time = torch.arange(400 + 50 * (number % 8)) / 2000
        wave = torch.sin(2 * torch.pi * (100 + 40 * number) * time) + 0.1 * torch.randn(len(time), generator=source)
        waves.append((6000 * wave).to(torch.int16))
    lengths = torch.tensor([len(wave) for wave in waves])
    names = tuple(f"{first + number}.wav" for number in range(count))
    return Recordings("tones", torch.cat(waves), lengths, 2000, names, "Made here.", held_out=held_out)


@pytest.fixture(scope="module")
def data() -> Recordings:
    return tones(12, held_out=tones(3, first=100))


CASES = {
    "the stage ends before the stop": [],
    "no first stage": ["regression=0"],
    "no adversary": ["regression=100000"],
    "no steps, hinge, penalised": ["refinement.training=0", "loss=hinge", "penalties.r1.weight=0.1", "regression=0"],
    "extragradient": ["method=extragradient"],
    "lookahead": ["method=lookahead", "method.k=3"],
}


def play(config: VocoderConfig, data: Recordings, folder: Path, samples: int) -> Any:
    return played(assign(config, [f"budget.samples={samples}"]), folder, data)


@pytest.mark.parametrize("sets", quick(CASES, "the stage ends before the stop", "no adversary"))
def test_vocoders_resume_exactly(sets: list[str], data: Recordings, tmp_path: Path, alike: Callable[..., Any]) -> None:
    config = tiny(*sets)
    straight, at_once = play(config, data, tmp_path / "straight", 144)
    play(config, data, tmp_path / "halves", 72)
    halves, in_halves = play(config, data, tmp_path / "halves", 144)
    assert torch.equal(straight.game.point.flat(), halves.game.point.flat())
    assert values(at_once.metrics.values()) == values(in_halves.metrics.values())
    alike(tmp_path / "straight", tmp_path / "halves", "generator.safetensors", "config.yaml")
    assert read_config(config.plain()) == config


def test_what_is_handed_over_loads_alone_and_is_what_was_trained(data: Recordings, tmp_path: Path) -> None:
    play(tiny("regression=24"), data, tmp_path / "run", 48)
    found, regression = model_at(tmp_path / "run"), model_at(tmp_path / "run/generator/regression")
    assert isinstance(found, Vocoder)
    assert isinstance(regression, Vocoder)
    assert (found.front, found.steps, found.momentum) == (MelFrontEnd(2000, 64, 16, 8), 2, 0.9)
    assert found.source == (8, 13)
    wave = data[0]
    assert found.resynthesised(wave).shape == wave.shape
    assert not torch.equal(regression.resynthesised(wave), found.resynthesised(wave))


def vocoder(steps: int, factors: tuple[int, ...] = (4,)) -> Vocoder:
    torch.manual_seed(0)
    spec = {"name": "vocoder", "width": 8, "factors": list(factors)}
    network = VocoderGenerator((8, 13), (192,), width=8, factors=factors)
    return Vocoder(network, spec, (192,), (8, 13), {"rate": 2000, "window": 64, "hop": 16, "bands": 8}, steps, 0.9)


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("factors", [(4,), (4, 4)])
def test_chunks_join_without_a_seam(steps: int, factors: tuple[int, ...]) -> None:
    made = vocoder(steps, factors)
    mel = torch.randn(8, 301, generator=torch.Generator().manual_seed(0)) * 2 - 4
    whole = made.wave_of(mel, chunk=10_000)
    assert whole.shape == (300 * 16,)
    seen = []
    assert torch.allclose(made.wave_of(mel, chunk=70, progress=lambda what, *done: seen.append(done)), whole, atol=1e-5)
    assert seen == [(70, 300), (140, 300), (210, 300), (280, 300), (300, 300)]
    assert float(whole.abs().max()) <= 1


@pytest.mark.parametrize(
    "mel", [torch.zeros(7, 20), torch.zeros(8, 1), torch.zeros(1, 8, 20), torch.full((8, 20), math.nan)]
)
def test_spectrograms_of_another_kind_are_refused(mel: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"this vocoder takes finite log-mels \(8 bands, frames\)"):
        vocoder(0).apply(mel)


def test_a_vocoder_hears_the_end_of_a_wave_that_is_no_whole_hops() -> None:
    found = vocoder(0)
    assert found.log_mel(torch.zeros(161)).shape == (8, 12)
    assert found.log_mel(np.zeros(161)).shape == (8, 12)
    assert found.resynthesised(torch.zeros(161)).shape == (161,)
    assert found.resynthesised(torch.zeros(1)).shape == (1,)


def test_content_losses_are_nothing_where_waves_agree_and_know_gains() -> None:
    front, wave = MelFrontEnd(2000, 64, 16, 8), torch.randn(2, 400, generator=torch.Generator().manual_seed(0))
    mel, spectra = MelLoss(3.0, front), MultiResolutionSTFT(3.0, (32, 64))
    assert float(mel(wave, wave)) == float(spectra(wave, wave)) == 0
    # Power of 4 times is 2 log 2 in every band; magnitudes are 1 away in convergence and log 2 in logarithms.
    assert float(mel(2 * wave, wave)) == pytest.approx(3 * 2 * math.log(2), rel=1e-3)
    assert float(spectra(2 * wave, wave)) == pytest.approx(3 * (1 + math.log(2)), rel=1e-2)


def test_losses_of_silence_have_a_finite_slope() -> None:
    made = torch.zeros(2, 400, requires_grad=True)
    loss = MelLoss(1.0, MelFrontEnd(2000, 64, 16, 8))(made, torch.ones(2, 400))
    loss = loss + MultiResolutionSTFT(1.0, (32,))(made, torch.zeros(2, 400))
    (slope,) = torch.autograd.grad(loss, made)
    assert bool(slope.isfinite().all())


def test_the_generator_of_the_game_agrees_more_than_its_network(data: Recordings) -> None:
    assembly = built(tiny("refinement.training=4"), data)
    player = assembly.game.players["generator"]
    assert isinstance(player, Refined)
    value = assembly.setup.batches(0).value
    with torch.no_grad():
        alone, refined = (MelLoss(1.0, player.front)(f(value.source), value.target) for f in (player.network, player))
    assert float(refined) < 0.7 * float(alone)


@pytest.mark.parametrize(("regression", "moves"), [("24", (False, False, True)), ("none", (False, False, False))])
def test_the_discriminator_rests_in_the_first_stage(regression: str, moves: tuple[bool, ...], data: Recordings) -> None:
    assembly = built(tiny(f"regression={regression}"), data)
    batches = Batches(assembly.setup.batches)
    discriminator = [p.clone() for p in assembly.game.players["discriminator"].parameters()]
    for seen, moved in zip((0, 12, 24), moves, strict=True):
        assert batches.position == seen
        assembly.method.step(assembly.game, batches)
        now = list(assembly.game.players["discriminator"].parameters())
        assert any(not torch.equal(a, b) for a, b in zip(discriminator, now, strict=True)) == moved


def test_the_probe_measures_what_was_held_out(data: Recordings) -> None:
    assembly = built(tiny("regression=0"), data)
    model, probe = assembly.setup.model, assembly.setup.probe
    assert data.held_out is not None
    real = [data.held_out[k] for k in range(3)]
    made = [model.resynthesised(wave) for wave in real]
    found = values(probe.score(model))
    assert found == resemblance(real, made, model.front)
    assert next(iter(found)) == "mel_l1"
    assembly.method.step(assembly.game, assembly.batches)
    monitors = probe.monitors(assembly.game)
    assert 0 <= monitors["discriminator_auc"] <= 1
    assert monitors["loudness"] > 0
    assert monitors["generator_gradient_norm"] > 0
    picture = above_each_other(real, made, model.front)
    assert picture.shape[2] == 3
    assert resemblance(real, real, model.front) == dict.fromkeys(found, 0.0)


def test_vocoders_are_evaluated_beside_what_needs_no_network(data: Recordings) -> None:
    trained = built(tiny(), data).setup.model
    assert data.held_out is not None
    found = evaluate_vocoders({"average": trained}, data.held_out, samples=2)
    names = list(dict.fromkeys(value.protocol.weights for value in found.numbers if value.protocol))
    assert names == [
        "average",
        "average, network alone",
        "noise, 2 steps",
        "griffin-lim, 32 steps",
        "griffin-lim, 100 steps",
    ]
    assert {value.protocol.n_real for value in found.numbers if value.protocol} == {2}
    real = [data.held_out[k] for k in (0, 1)]
    expected = resemblance(real, [trained.resynthesised(wave) for wave in real], trained.front)
    for metric, value in expected.items():
        assert found[metric]["average"].value == pytest.approx(value)
    assert found["mel_l1"]["griffin-lim, 100 steps"].value < found["mel_l1"]["average"].value
    assert all(found["real_time"][name].value > 0 for name in names)


def test_a_run_on_waves_of_python_is_evaluated_with_its_first_stage(tmp_path: Path) -> None:
    everything = tones(12)
    waves = [everything[k] for k in range(12)]
    config = tiny("regression=24", "budget.samples=36", "data.held_out=0.25")
    run = train(config, data=(waves, 2000), out=tmp_path / "run")
    found = run.evaluate(pictures=True)
    assert {"average", "live", "regression", "average, network alone"} <= set(found["mel_l1"])
    assert {number.protocol.n_real for number in found.numbers if number.protocol} == {3}
    assert set(found.pictures) == {"vocoded-average", "vocoded-live", "vocoded-regression"}
    assert found.pictures["vocoded-average"]().dtype == np.uint8
    assert isinstance(run.model, Vocoder)
    mel = run.model.log_mel(waves[0])
    alone = run.apply(mel.numpy(), steps=0)
    assert alone.shape == ((mel.shape[1] - 1) * 16,)
    assert not torch.equal(alone, run.apply(mel))
    with pytest.raises(ConfigurationError, match="steps"):
        run.apply(mel, steps=-1)


def test_of_other_recordings_all_are_heard(data: Recordings, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    for number in range(5):
        soundfile.write(tmp_path / "others" / f"{number}.wav", data[number].numpy(), 2000)
    run = train(tiny("regression=0", "budget.samples=12"), data=data, out=tmp_path / "run")
    found = run.evaluate(tmp_path / "others", weights=["live"])
    assert {number.protocol.split for number in found.numbers if number.protocol} == {"other recordings"}
    assert {number.protocol.n_real for number in found.numbers if number.protocol} == {5}


def test_files_are_converted_or_the_reason_is_said(data: Recordings, tmp_path: Path) -> None:
    model, options = vocoder(2), VocoderOptions()
    soundfile.write(tmp_path / "a.wav", data[0].numpy(), 2000)
    np.save(tmp_path / "mel.npy", model.log_mel(data[0]).numpy())
    np.save(tmp_path / "other.npy", np.zeros((7, 20)))
    (tmp_path / "broken.flac").touch()
    (tmp_path / "notes.txt").touch()
    assert model.inputs(tmp_path) == ["a.wav", "broken.flac", "mel.npy", "other.npy"]
    assert model.renamed(Path("deep/a.flac")) == Path("deep/a.wav")
    for name in ("a.wav", "mel.npy"):
        assert model.convert(tmp_path / name, tmp_path / f"{name}.made", options) is None
    heard = [soundfile.read(tmp_path / f"{name}.made", dtype="float32")[0] for name in ("a.wav", "mel.npy")]
    expected = model.resynthesised(torch.from_numpy(soundfile.read(tmp_path / "a.wav")[0]).float())
    np.testing.assert_allclose(heard[0], expected.numpy(), atol=1e-4)
    np.testing.assert_allclose(heard[0], heard[1][: len(heard[0])], atol=5e-3)
    assert model.facts() == {"seconds": round((len(heard[0]) + len(heard[1])) / 2000, 3)}
    assert "this vocoder takes" in str(model.convert(tmp_path / "other.npy", tmp_path / "b.wav", options))
    assert model.convert(tmp_path / "broken.flac", tmp_path / "b.wav", options)
    assert not (tmp_path / "b.wav").exists()


@pytest.mark.parametrize("depth", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT"])
def test_rate_channels_length_and_depth_stay(depth: str, data: Recordings, tmp_path: Path) -> None:
    model, options = vocoder(2), VocoderOptions()
    left = data[0].numpy()[:390].repeat(3)
    given = np.stack([left, -left, np.zeros_like(left), 0.5 * left, left[::-1]], 1)
    soundfile.write(tmp_path / "a.wav", given, 6000, subtype=depth)
    assert model.convert(tmp_path / "a.wav", tmp_path / "b.wav", options) is None
    found, made = soundfile.info(tmp_path / "b.wav"), soundfile.read(tmp_path / "b.wav")[0]
    assert (found.samplerate, found.channels, found.frames, found.subtype) == (6000, 5, 1170, depth)
    step = 0.02 if depth == "PCM_U8" else 1e-3
    np.testing.assert_allclose(made[:, 1], -made[:, 0], atol=step)
    np.testing.assert_allclose(made[:, 3], 0.5 * made[:, 0], atol=step)
    assert np.abs(made[:, 2]).max() <= step
    assert any("Nothing above 1,000 Hz" in note for note in model.notes())
    assert model.convert(tmp_path / "a.wav", tmp_path / "c.wav", VocoderOptions(rate=3000, channels="mixed")) is None
    found = soundfile.info(tmp_path / "c.wav")
    assert (found.samplerate, found.channels, found.frames) == (3000, 1, 585)


def test_floats_beyond_full_scale_keep_their_level(data: Recordings, tmp_path: Path) -> None:
    model, options = vocoder(2), VocoderOptions()
    for name, factor in (("one", 1 / float(data[0].abs().max())), ("many", 2e4)):
        soundfile.write(tmp_path / f"{name}.wav", factor * data[0].numpy(), 2000, subtype="FLOAT")
        assert model.convert(tmp_path / f"{name}.wav", tmp_path / f"{name}-made.wav", options) is None
    one, many = (soundfile.read(tmp_path / f"{name}-made.wav")[0] for name in ("one", "many"))
    np.testing.assert_allclose(many, one * 2e4 * float(data[0].abs().max()), rtol=1e-3, atol=1)
    assert model.notes() == ["Beyond full scale, scaled to it and back: many.wav."]


@pytest.mark.parametrize(
    ("sets", "why"),
    [
        (["mel.hop=40"], "a hop of at most half"),
        (["mel.bands=100"], "longer window or fewer bands"),
        (["regression=10", "likeness=0", "spectra=0"], "needs a content loss"),
        (["regression=0", "likeness=0", "spectra=0", "adversarial=0", "regularisers.layer-matching=none"], "no loss"),
        (["auxiliary=1"], "auxiliary"),
        (["latent.size=4"], "latent"),
        (["regularisers.path-length=on"], "needs latent"),
    ],
)
def test_settings_that_do_not_fit_are_refused(sets: list[str], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        tiny(*sets)


def test_short_keys_are_those_of_the_components() -> None:
    config = tiny("regression=5", "likeness=2", "spectra=3", "adversarial=0.5", "matching=0")
    assert config.pretraining.samples == 5
    assert (config.content.mel.weight, config.content.stft.weight) == (2, 3)
    assert config.adversary.weight == 0.5
    assert config.adversary.build().regularisers == ()  # of no weight
    baseline = TASK.baselines(config)["regression"]
    assert (baseline.objective, config.objective) == ("regression", "least-squares")


@pytest.mark.parametrize(
    ("sets", "why"),
    [
        (["generator.network={name: vocoder, factors: [3]}"], "do not divide the hop"),
        (["generator.network=mlp-generator"], "makes no waves of spectrograms"),
        (["discriminator.network={name: vocoder-discriminator, periods: [50]}"], "too short"),
    ],
)
def test_networks_that_do_not_fit_are_refused(sets: list[str], why: str, data: Recordings) -> None:
    with pytest.raises(ConfigurationError, match=why):
        built(tiny(*sets), data)


def test_costs_are_known_without_the_data() -> None:
    config = tiny()
    costs = built(config, TASK.stand_in(config)).costs()
    assert set(costs) == {"generator", "discriminator"}
    assert all(cost.macs > 0 for cost in costs.values())


def test_its_papers_are_cited(data: Recordings) -> None:
    config = tiny()
    cited = " ".join(citations(built(config, data).method, config.bibtex, averaged=True))
    assert "kong2020hifi" in cited
    assert "yamamoto2020parallel" in cited
    assert "wang2018high" in cited  # layer matching
