"""Distances of sounds have the values that closed forms give."""

import math

import numpy as np
import pytest
import torch

from saddlepoint.metrics import log_spectral_distance, mel_distance, stft_distance


@pytest.fixture(scope="module")
def waves() -> torch.Tensor:
    """Noise that is far above every floor."""
    return torch.randn(3, 4000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_sound_is_no_distance_from_itself_and_arrays_are_as_good_as_tensors(waves: torch.Tensor) -> None:
    assert mel_distance(waves, waves.numpy(), 8000) == 0
    assert stft_distance(waves, waves).total == 0
    assert log_spectral_distance(np.asarray(waves), waves) == 0
    silence = torch.zeros(1, 1000)
    assert stft_distance(silence, silence).total == 0


@pytest.mark.parametrize("gain", [2.0, 0.5, 10.0])
def test_a_gain_is_as_far_away_as_its_logarithm(waves: torch.Tensor, gain: float) -> None:
    apart = stft_distance(waves, gain * waves, floor=0.0)
    assert apart.convergence == pytest.approx(abs(gain - 1))
    assert apart.log_magnitude == pytest.approx(abs(math.log(gain)))
    assert apart.total == apart.convergence + apart.log_magnitude
    assert log_spectral_distance(waves, gain * waves, floor=0.0) == pytest.approx(20 * abs(math.log10(gain)))
    # Power, and a floor of 1e-5 below it.
    assert mel_distance(waves, gain * waves, 8000) == pytest.approx(2 * abs(math.log(gain)), rel=1e-3)


def test_the_sign_of_a_wave_is_not_heard(waves: torch.Tensor) -> None:
    assert stft_distance(waves, -waves).total == 0
    assert mel_distance(waves, -waves, 8000) == 0


def test_convergence_from_silence_is_one_and_to_silence_infinite() -> None:
    tone = torch.sin(torch.arange(2000.0))[None]
    assert stft_distance(tone, torch.zeros_like(tone)).convergence == pytest.approx(1)
    assert stft_distance(torch.zeros_like(tone), tone).convergence == math.inf


def test_what_is_below_the_floor_is_silence(waves: torch.Tensor) -> None:
    quiet = 1e-6 * waves
    assert log_spectral_distance(quiet, -3 * quiet) == 0
    assert stft_distance(quiet, 3 * quiet).log_magnitude == 0
    assert mel_distance(quiet, 3 * quiet, 8000) < 1e-3


def test_sounds_are_averaged_each_with_its_own_convergence() -> None:
    tone = torch.sin(torch.arange(2000.0))
    real = torch.stack([tone, 100 * tone])
    assert stft_distance(real, torch.stack([2 * tone, 100 * tone]), floor=0.0).convergence == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (torch.zeros(1, 99), "give them in pairs"),
        (torch.zeros(100), "give \\(N, samples\\)"),
        (torch.full((1, 100), math.nan), "made waves have NaN or infinity in row 0"),
        (torch.zeros(1, 100, dtype=torch.int16), "dtype int16: give floats"),
        (torch.zeros(1, 100, dtype=torch.complex64), "dtype complex64: give floats"),
    ],
)
def test_what_does_not_pair_is_refused(made: torch.Tensor, why: str) -> None:
    for distance in (stft_distance, log_spectral_distance, lambda x, y: mel_distance(x, y, 8000)):
        with pytest.raises(ValueError, match=why):
            distance(torch.zeros(1, 100), made)
    with pytest.raises(ValueError, match="no resolutions"):
        stft_distance(torch.zeros(1, 100), torch.zeros(1, 100), [])


def test_waves_that_run_backwards_and_other_bytes_are_read(waves: torch.Tensor) -> None:
    real, made = waves.numpy(), waves.flip(1).numpy()
    for distance in (stft_distance, log_spectral_distance, lambda x, y: mel_distance(x, y, 8000)):
        expected = distance(real, made)
        assert distance(real.astype(">f8"), real[:, ::-1]) == expected
        assert distance(waves.requires_grad_(), real[:, ::-1].tolist()) == expected
        waves.requires_grad_(False)


def test_silence_is_no_distance_from_silence_without_a_floor() -> None:
    silence, tone = torch.zeros(1, 2000), torch.sin(torch.arange(2000.0))[None]
    assert stft_distance(silence, silence, floor=0.0).total == log_spectral_distance(silence, silence, floor=0.0) == 0
    assert log_spectral_distance(silence, tone, floor=0.0) == math.inf
