"""Vocoders: their losses and what is handed over, any length by chunks, exact resume."""

import math
from pathlib import Path

import pytest
import torch
from test_resume import assert_resumes_exactly, play

from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.core import Batches
from saddlepoint.data.recordings import Recordings
from saddlepoint.evaluation import evaluate_vocoders
from saddlepoint.measures import values
from saddlepoint.networks import VocoderGenerator
from saddlepoint.recipes import RECIPES, VocoderConfig, citations
from saddlepoint.signals import MelFrontEnd
from saddlepoint.tasks.trained import Model
from saddlepoint.tasks.vocoder import MelLoss, MultiResolutionSTFT, Refined, Vocoder, above_each_other, resemblance

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
    found = assign(RECIPES["vocoder"](), [*TINY, *assignments])
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


@pytest.mark.parametrize("sets", CASES.values(), ids=CASES)
def test_vocoders_resume_exactly(sets: list[str], data: Recordings, tmp_path: Path) -> None:
    assert_resumes_exactly(tiny(*sets), data, tmp_path)


def test_what_is_handed_over_loads_alone_and_is_what_was_trained(data: Recordings, tmp_path: Path) -> None:
    play(tiny("regression=24"), data, tmp_path / "run", 48)
    found = Vocoder.load(tmp_path / "run")
    assert isinstance(Model.load(tmp_path / "run" / "generator"), Vocoder)
    assert (found.front, found.steps, found.momentum) == (MelFrontEnd(2000, 64, 16, 8), 2, 0.9)
    assert found.source == (8, 13)
    wave = data[0]
    assert found.resynthesised(wave).shape == wave.shape
    regression = Vocoder.load(tmp_path / "run/generator/regression")
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
    whole = made.apply(mel, chunk=10_000)
    assert whole.shape == (300 * 16,)
    seen = []
    assert torch.allclose(made.apply(mel, chunk=70, progress=lambda *done: seen.append(done)), whole, atol=1e-5)
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
    assembled = tiny("refinement.training=4").build(data)
    player = assembled.game.players["generator"]
    assert isinstance(player, Refined)
    value = assembled.stream(0).value
    with torch.no_grad():
        alone, refined = (MelLoss(1.0, player.front)(f(value.source), value.target) for f in (player.network, player))
    assert float(refined) < 0.7 * float(alone)


def test_the_discriminator_rests_in_the_first_stage(data: Recordings) -> None:
    assembled = tiny("regression=24").build(data)
    batches = Batches(assembled.stream)
    discriminator = [p.clone() for p in assembled.game.players["discriminator"].parameters()]
    for seen, moved in ((0, False), (12, False), (24, True)):
        assert batches.position == seen
        assembled.method.step(assembled.game, batches)
        now = list(assembled.game.players["discriminator"].parameters())
        assert any(not torch.equal(a, b) for a, b in zip(discriminator, now, strict=True)) == moved


def test_the_task_measures_what_was_held_out(data: Recordings) -> None:
    task = tiny().build(data).task
    assert data.held_out is not None
    real = [data.held_out[k] for k in range(3)]
    made = [task.trained.resynthesised(wave) for wave in real]
    found = values(task.metrics())
    assert found == resemblance(real, made, task.trained.front)
    assert next(iter(found)) == "mel_l1"
    monitors = task.monitors()
    assert 0 <= monitors["discriminator_auc"] <= 1
    assert monitors["generator_gradient_norm"] > 0
    picture = above_each_other(real, made, task.trained.front)
    assert picture.shape[2] == 3
    assert resemblance(real, real, task.trained.front) == dict.fromkeys(found, 0.0)


def test_vocoders_are_evaluated_beside_what_needs_no_network(data: Recordings) -> None:
    trained = tiny().build(data).task.trained
    assert data.held_out is not None
    found = evaluate_vocoders({"ema": trained}, data.held_out, samples=2)
    names = list(dict.fromkeys(value.protocol.weights for value in found.numbers))
    assert names == ["ema", "ema, network alone", "noise, 2 steps", "griffin-lim, 32 steps", "griffin-lim, 100 steps"]
    assert {value.protocol.n_real for value in found.numbers} == {2}
    at = {(value.name, value.protocol.weights): value.value for value in found.numbers}
    real = [data.held_out[k] for k in (0, 1)]
    expected = resemblance(real, [trained.resynthesised(wave) for wave in real], trained.front)
    for metric, value in expected.items():
        assert at[metric, "ema"] == pytest.approx(value)
    assert at["mel_l1", "griffin-lim, 100 steps"] < at["mel_l1", "ema"]
    assert all(at["real_time", name] > 0 for name in names)


@pytest.mark.parametrize(
    ("sets", "why"),
    [
        (["mel.hop=40"], "a hop of at most half"),
        (["mel.bands=100"], "longer window or fewer bands"),
        (["regression=10", "likeness=0", "spectra=0"], "something to be like"),
        (["auxiliary=1"], "auxiliary"),
    ],
)
def test_settings_that_do_not_fit_are_refused(sets: list[str], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        tiny(*sets)


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
        tiny(*sets).build(data)


def test_its_papers_are_cited() -> None:
    cited = " ".join(citations(tiny()))
    assert "kong2020hifi" in cited
    assert "yamamoto2020parallel" in cited
