"""Spectra against reference values, closed forms and inverses."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
import torch

from saddlepoint.signals import Spectrogram, griffin_lim, inverse_stft, log_mel, mel_filters, resampled, stft
from saddlepoint.signals.mel import hertz, mels


def read(path: Path) -> torch.Tensor:
    with wave.open(str(path)) as file:
        return torch.from_numpy(np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768)[None]


def test_spectra_are_those_of_the_reference(shared_data: Path) -> None:
    references = json.loads((shared_data / "metric_refs" / "audio_logmel.json").read_text())
    sums = mel_filters(8000, 256, 40).sum(1).numpy()
    np.testing.assert_allclose(sums, references["mel_fb_row_sums"], rtol=1e-6)  # theirs are kept in single precision
    for name, wanted in references["files"].items():
        x = read(shared_data / "fsdd" / "recordings" / name)
        magnitudes, logs = stft(x, 256, 64).abs()[0], log_mel(x, 8000, 256, 64, 40)[0]
        assert list(magnitudes.shape) == wanted["stft_shape"]
        assert list(logs.shape) == wanted["logmel_shape"]
        assert float(magnitudes.sum()) == pytest.approx(wanted["abs_stft_sum"], rel=1e-5)
        assert float(logs.mean()) == pytest.approx(wanted["logmel_mean"], rel=1e-6)
        assert float(logs.std(correction=0)) == pytest.approx(wanted["logmel_std"], rel=1e-6)
        np.testing.assert_allclose(logs[:5, 10], wanted["logmel[0:5,10]"], rtol=1e-5)
        np.testing.assert_allclose(logs[35:40, 10], wanted["logmel[35:40,10]"], rtol=1e-5)


def test_mels_are_inverted_by_hertz() -> None:
    f = torch.linspace(0, 11025, 300, dtype=torch.float64)
    torch.testing.assert_close(hertz(mels(f)), f, rtol=1e-12, atol=1e-9)


def test_triangles_have_area_one_in_hertz() -> None:
    filters = mel_filters(16000, 8192, 20)
    torch.testing.assert_close(filters.sum(1) * 16000 / 8192, torch.ones(20, dtype=torch.float64), rtol=1e-3, atol=0)


def test_more_bands_than_a_window_tells_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="longer window or fewer bands"):
        mel_filters(8000, 128, 80)
    with pytest.raises(ValueError, match="a hop of at most half"):
        Spectrogram(8000, hop=300)


def test_a_sine_of_full_scale_has_a_quarter_of_the_window_at_its_frequency() -> None:
    t = torch.arange(4096, dtype=torch.float64)
    x = torch.sin(2 * torch.pi * 32 * t / 256)[None]
    assert float(stft(x, 256, 64).abs()[0, 32, 20]) == pytest.approx(256 / 4, rel=1e-9)


def test_the_inverse_transform_gives_the_wave_back() -> None:
    x = torch.randn(3, 2048, dtype=torch.float64)
    torch.testing.assert_close(inverse_stft(stft(x, 256, 64), 256, 64, 2048), x)


def test_phases_are_found_for_magnitudes_of_a_wave() -> None:
    t = torch.arange(4096, dtype=torch.float64) / 8000
    x = (torch.sin(2 * torch.pi * (300 + 900 * t) * t) * torch.hann_window(4096, dtype=torch.float64))[None]
    wanted = stft(x, 256, 64).abs()

    def error(steps: int, momentum: float = 0.99) -> float:
        made = griffin_lim(wanted, 256, 64, 4096, steps, momentum)
        return float((stft(made, 256, 64).abs() - wanted).norm() / wanted.norm())

    assert error(60) < 0.1 < error(0)
    assert error(60) < error(60, momentum=0.0)


def test_phases_do_not_depend_on_the_others_nor_on_the_global_generator() -> None:
    magnitudes = torch.rand(3, 65, 9)
    together = griffin_lim(magnitudes, 128, 64, 512, 3)
    torch.manual_seed(5)
    torch.testing.assert_close(griffin_lim(magnitudes[1:2], 128, 64, 512, 3)[0], together[1])


def test_levels_run_from_silence_to_full_scale() -> None:
    kind = Spectrogram(8000, frames=16)
    assert float(kind.levels(torch.zeros(1, kind.samples)).max()) < 1e-6
    t = torch.arange(kind.samples) / 8000
    loudest = max(
        float(kind.levels(torch.sin(2 * torch.pi * f * t)[None])[..., 4:12].max()) for f in range(300, 420, 5)
    )
    assert 0.95 < loudest <= 1


def test_a_sound_made_of_levels_has_these_levels() -> None:
    kind = Spectrogram(8000, frames=32)
    t = torch.arange(kind.samples) / 8000
    envelope = torch.hann_window(kind.samples)
    x = (0.5 * envelope * (torch.sin(2 * torch.pi * 400 * t) + 0.5 * torch.sin(2 * torch.pi * 1500 * t)))[None]
    levels = kind.levels(x)
    again = kind.levels(kind.waves(levels, steps=40))
    loud = levels > 0.6
    # A level of 0.03 is 2 dB.
    assert float((again - levels)[loud].abs().mean()) < 0.03


def test_resampling_keeps_a_tone_and_leaves_out_what_the_new_rate_lacks() -> None:
    t = torch.arange(1600, dtype=torch.float64) / 16000
    low, high = torch.sin(2 * torch.pi * 500 * t), torch.sin(2 * torch.pi * 6000 * t)
    there = resampled((low + high)[None], 16000, 8000)
    torch.testing.assert_close(there[0], low[::2])
    assert resampled(low[None], 16000, 16000)[0] is not None
    assert resampled(low[None], 16000, 44100).shape == (1, 4410)
