"""Vocoders: lengths, reach, the inverse transform; and their judges."""

import pytest
import torch

from saddlepoint.networks import VocoderDiscriminator, VocoderGenerator, costs


@pytest.mark.parametrize(
    ("hop", "factors", "rest"),
    [(64, [8], 8), (64, [8, 8], 1), (80, [4, 5], 4), (64, [4], 16), (64, [], 64), (30, [2, 3, 5], 1)],
)
def test_waves_have_whole_hops_of_any_number_of_frames(hop: int, factors: list[int], rest: int) -> None:
    network = VocoderGenerator((6, 5), (4 * hop,), width=8, factors=factors)
    assert (network.hop, network.rest) == (hop, rest)
    for frames in (2, 5, 11):
        assert network(torch.randn(3, 6, frames)).shape == (3, (frames - 1) * hop)


@pytest.mark.parametrize("factors", [[8], [8, 8], [4]])
@pytest.mark.parametrize("before", [False, True])
def test_a_frame_reaches_no_farther_than_is_said_and_hardly_less(factors: list[int], before: bool) -> None:
    torch.manual_seed(0)
    network = VocoderGenerator((6, 5), (256,), width=8, factors=factors, before=before).double().eval()
    mel, place = torch.randn(1, 6, 161, dtype=torch.float64), 80
    other = mel.clone()
    other[:, :, place] += 1
    with torch.no_grad():
        changed = (network(mel) != network(other))[0].nonzero().flatten()
    first, last = (int(end) for end in (changed.min(), changed.max()))
    assert first >= (place - network.reach) * 64
    assert last <= (place + network.reach) * 64
    assert last - first > 1.4 * (network.reach - 2) * 64


def test_a_head_without_weights_gives_the_inverse_transform_of_its_bias() -> None:
    network = VocoderGenerator((6, 5), (256,), width=8)
    with torch.no_grad():
        network.last.bias.zero_()
        network.last.parametrizations.weight.original0.zero_()
    # Magnitudes 1 and phases 0 at 32 window points are a click of height 1 in every frame, in its middle where a
    # window of Hann's is 1, brought to the mean by the sum of squares of windows, 1.5 at a hop of a quarter.
    made = network(torch.randn(1, 6, 5))[0]
    spectra = torch.ones(1, 17, 33, dtype=torch.complex64)
    assert torch.allclose(made, torch.istft(spectra, 32, 8, window=torch.hann_window(32))[0], atol=1e-6)


def test_a_vocoder_costs_what_its_layers_do() -> None:
    network = VocoderGenerator((6, 5), (32,), width=8, factors=[8], kernels=[3], dilations=[1])
    # First 5 frames, grown to 33 points by a transposed convolution of 17 taps over 5 frames, a block and the head.
    expected = 5 * 6 * 8 * 7 + 5 * 8 * 4 * 17 + 33 * 4 * 4 * 3 + 33 * 4 * 1 * 7
    assert costs(network, torch.zeros(1, 6, 5)).macs == expected


def test_judges_see_periods_and_spectrograms_and_tell_their_layers() -> None:
    network = VocoderDiscriminator((2048,), width=4, periods=(2, 3), windows=(128,))
    waves = torch.randn(3, 2048)
    judged = network(waves, None, True)
    assert judged.logits.shape[:2] == (3, 3)
    assert torch.equal(judged.logits, network(waves))
    assert len(judged.layers) == 3 * 4
    assert judged.features.shape == (3, 3 * 16)


def test_a_judge_by_periods_tells_what_lies_at_its_period() -> None:
    """Columns of the folded wave are judged each alone: swapped, so are their logits."""
    network = VocoderDiscriminator((60,), width=4, periods=(2,), windows=()).double()
    wave = torch.randn(1, 60, dtype=torch.float64)
    swapped = wave.reshape(30, 2).flip(1).reshape(1, 60)
    maps = [network(x).reshape(-1, 2) for x in (wave, swapped)]
    assert torch.allclose(maps[0], maps[1].flip(1))


@pytest.mark.parametrize(
    ("dials", "why"),
    [
        ({"factors": [7]}, "do not divide the hop"),
        ({"factors": [1]}, "do not divide the hop"),
        ({"kernels": [4]}, "odd kernels"),
        ({"dilations": [0]}, "dilations from 1"),
        ({"width": 1}, "at least 2 for every factor"),
    ],
)
def test_dials_out_of_range_are_refused(dials: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        VocoderGenerator((6, 5), (256,), **dials)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="whole hop"):
        VocoderGenerator((6, 5), (255,))
    with pytest.raises(ValueError, match="too short"):
        VocoderDiscriminator((100,))
    with pytest.raises(ValueError, match="one period or window"):
        VocoderDiscriminator((2048,), periods=(), windows=())
