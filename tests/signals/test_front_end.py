"""Waves that agree with spectrograms, and how bands are parted over frequencies."""

import pytest
import torch
from torch.autograd import gradcheck

from saddlepoint.signals import MelFrontEnd, log_mel, mel_filters
from saddlepoint.signals.mel import parted

FRONT = MelFrontEnd(8000, 64, 16, 8)


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_front_end_hears_as_log_mel_does() -> None:
    waves = noise(2, 320)
    assert torch.equal(FRONT.mel(waves), log_mel(waves, 8000, 64, 16, 8))
    assert FRONT.mel(waves).shape == (2, 8, 21)
    assert FRONT.margin == 32


def test_waves_that_agree_already_stay() -> None:
    waves = noise(2, 320)
    assert torch.allclose(FRONT.refined(waves, FRONT.mel(waves), 4, 0.9), waves, atol=1e-9)
    assert FRONT.refined(waves, FRONT.mel(2 * waves), 0) is waves


def test_a_gain_is_found_in_one_step() -> None:
    # Between 0 Hz and half the rate, which no band looks at, and in hops that windows see whole.
    time = torch.arange(640, dtype=torch.float64) / 8000
    waves = sum(torch.sin(2 * torch.pi * hertz * time)[None] for hertz in (1000, 1700, 2400))
    made = FRONT.refined(waves, FRONT.mel(2 * waves), 1)
    # 4 times the power in every band is twice the magnitude in every frequency, but for a floor of 1e-5.
    assert torch.allclose(made[:, 64:-64], 2 * waves[:, 64:-64], atol=5e-3)


def test_a_step_is_no_steeper_than_is_said() -> None:
    time = torch.arange(640, dtype=torch.float64) / 8000
    tone = torch.sin(2 * torch.pi * 1700 * time)[None]
    made = FRONT.refined(tone, FRONT.mel(100 * tone), 1)
    # Power grows by e² and magnitudes by e, of a hundred times that were asked for.
    assert torch.allclose(made[:, 64:-64], torch.e * tone[:, 64:-64], atol=0.02)


def test_steps_bring_waves_nearer_to_any_spectrogram() -> None:
    wanted = FRONT.mel(torch.sin(torch.arange(640.0, dtype=torch.float64) / 3)[None])
    distances = [float((FRONT.mel(FRONT.refined(noise(1, 640), wanted, n)) - wanted).abs().mean()) for n in (0, 3, 12)]
    assert distances[0] > 2 * distances[1]
    assert distances[1] > 1.3 * distances[2]


def test_steps_have_the_gradient_that_they_ought_to_have() -> None:
    front, waves = MelFrontEnd(8000, 16, 4, 3), noise(1, 24).requires_grad_()
    mel = front.mel(noise(1, 48)[:, 24:])
    assert gradcheck(lambda x: front.refined(x, mel, 2, 0.5), (waves,))


def test_power_is_parted_so_that_bands_have_it_again() -> None:
    filters = mel_filters(8000, 64, 8)
    power = filters @ noise(2, 33, 5).square()
    found = parted(power, filters, steps=400)
    assert bool((found >= 0).all())
    assert torch.allclose(filters @ found, power, rtol=1e-3)


def test_search_needs_no_network_and_gives_whole_hops() -> None:
    tone = torch.sin(torch.arange(640.0, dtype=torch.float64) / 3)[None]
    found = FRONT.searched(FRONT.mel(tone), 16)
    assert found.shape == tone.shape
    assert float((FRONT.mel(found) - FRONT.mel(tone)).abs().mean()) < 0.5


@pytest.mark.parametrize("given", [(8000, 63, 16, 8), (8000, 64, 33, 8), (8000, 64, 16, 0), (8000, 64, 16, 60)])
def test_numbers_that_do_not_fit_are_refused(given: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="give"):
        MelFrontEnd(*given)
