"""Networks of raw sounds: lines of samples that quarter, no preferred places, and phases that are shuffled."""

import pytest
import torch

from saddlepoint.networks import WaveGANDiscriminator, WaveGANGenerator, costs
from saddlepoint.networks.wavegan import shuffled


@pytest.mark.parametrize("samples", [64, 256, 1536, 2048, 8192])
def test_sounds_are_made_and_judged(samples: int) -> None:
    make = WaveGANGenerator((1, samples), 5, width=2, kernel=5, classes=3)
    judge = WaveGANDiscriminator((1, samples), width=2, classes=3)
    labels = torch.tensor([0, 2])
    sounds = make(torch.randn(2, 5), labels)
    assert sounds.shape == (2, 1, samples)
    assert float(sounds.detach().abs().max()) <= 1
    assert judge(sounds, labels).shape == (2,)


@pytest.mark.parametrize(
    ("dials", "why"),
    [
        ({"shape": (1, 1000)}, "can't be quartered evenly"),
        ({"shape": (1, 40)}, "can't be quartered evenly"),
        ({"shape": (1, 8, 8)}, r"for raw sounds, \(channels, samples\)"),
        ({"width": 0}, "at least 1 and at most widest"),
        ({"kernel": 4}, "an odd kernel"),
        ({"shuffle": 16}, "less than the 16"),
    ],
)
def test_what_does_not_fit_is_refused(dials: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        WaveGANDiscriminator(**{"shape": (1, 64), **dials})


@pytest.mark.parametrize("upsampling", ["nearest", "linear"])
def test_an_even_line_stays_even_away_from_its_ends(upsampling: str) -> None:
    """No place of a grid is made otherwise than its neighbours: no tone at a quarter of a rate."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        make = WaveGANGenerator((1, 256), 5, width=4, kernel=9, upsampling=upsampling, output="none").double()
    with torch.no_grad():
        make.first.weight.zero_()
        make.first.bias.copy_(torch.linspace(-1, 1, 8).repeat_interleave(16))
        middle = make(torch.zeros(1, 5, dtype=torch.float64))[0, 0, 48:-48]
    assert float(middle.std()) < 1e-9 < float(middle.abs().max())


def test_costs_count_convolutions_of_a_line() -> None:
    judge = WaveGANDiscriminator((1, 64), width=2, kernel=5)
    assert costs(judge, torch.randn(3, 1, 64)).macs == 16 * 2 * 5 + 32


def test_phase_shuffle_moves_each_sound_and_mirrors_its_ends() -> None:
    x = torch.arange(6.0).expand(200, 2, 6)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        moved = shuffled(x, 2)
    assert torch.equal(moved[:, 0], moved[:, 1])
    rows = {tuple(row) for row in moved[:, 0].tolist()}
    assert rows == {
        (2, 1, 0, 1, 2, 3),
        (1, 0, 1, 2, 3, 4),
        (0, 1, 2, 3, 4, 5),
        (1, 2, 3, 4, 5, 4),
        (2, 3, 4, 5, 4, 3),
    }


def test_phases_are_shuffled_in_training_only() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        judge = WaveGANDiscriminator((1, 256), width=2, shuffle=2)
        x = torch.randn(4, 1, 256)
        assert not torch.equal(judge(x), judge(x))
        judge.eval()
        assert torch.equal(judge(x), judge(x))
