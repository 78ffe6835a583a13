"""What translators start from."""

import pytest
import torch
from torch import Tensor

from saddlepoint.networks import Base, UNetTranslator


def images(*shape: int) -> Tensor:
    return 2 * torch.rand(shape, generator=torch.Generator().manual_seed(1)) - 1


def test_channels_are_kept_repeated_or_made_grey() -> None:
    colour = images(2, 3, 5, 7)
    assert torch.equal(Base((3, 5, 7), (3, 5, 7))(colour), colour)
    assert torch.equal(Base((1, 5, 7), (3, 5, 7))(colour[:, :1]), colour[:, :1].expand(-1, 3, -1, -1))
    grey = Base((3, 5, 7), (1, 5, 7))(colour)
    torch.testing.assert_close(grey[:, 0], 0.299 * colour[:, 0] + 0.587 * colour[:, 1] + 0.114 * colour[:, 2])
    assert torch.equal(Base((4, 5, 7), (3, 5, 7), masked=True)(torch.cat([colour, grey], 1)), colour)


def test_of_grey_the_map_is_the_mean_colour_of_each_grey() -> None:
    """Targets are a curve of the input and noise that it can't know; the error that is left is the noise's."""
    grey = images(8, 1, 64, 64)
    colours = torch.cat([grey**3, -grey, 0.5 * grey], 1)
    noise = 0.1 * torch.randn(colours.shape, generator=torch.Generator().manual_seed(2))
    base = Base((1, 64, 64), (3, 64, 64), mapped=True)
    before, after = base.fit([(grey, colours + noise)])
    assert before > 0.5
    assert after == pytest.approx(0.01, abs=0.002)
    torch.testing.assert_close(base(grey), colours, atol=0.05, rtol=0)


def test_a_brightness_is_undone_whatever_the_scale_and_the_range() -> None:
    dark = images(4, 3, 16, 16) / 4 + 0.25
    bright = torch.nn.functional.interpolate(dark * 2 + 0.1, scale_factor=2)
    base = Base((3, 16, 16), (3, 32, 32), mapped=True, low=0.0, high=1.0)
    before, after = base.fit([(dark, bright)])
    assert after < 0.02 * before
    assert base(dark).shape == bright.shape


def test_what_is_shown_is_kept_whatever_the_network_makes() -> None:
    base = Base((4, 8, 8), (3, 8, 8), masked=True, keeps=True)
    network = UNetTranslator((4, 8, 8), (3, 8, 8), width=2, depth=2, base=base)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter))
    mask = (images(1, 1, 8, 8) > 0.3).float() * 2 - 1
    given = torch.cat([images(1, 3, 8, 8), mask], 1)
    made = network(given).detach()
    shown = (mask < 0).expand(-1, 3, -1, -1)
    assert torch.equal(made[shown], given[:, :3][shown])
    assert not torch.isclose(made[~shown], given[:, :3][~shown]).any()


@pytest.mark.parametrize(
    ("source", "shape", "more", "message"),
    [
        ((2, 8, 8), (3, 8, 8), {}, "2 channels can't be brought to 3"),
        ((3, 8, 8), (3, 12, 12), {}, "same 1 to 8 times as long"),
        ((3, 8, 8), (3, 8, 8), {"keeps": True}, "where there is a mask"),
    ],
)
def test_what_does_not_fit_is_refused(
    source: tuple[int, int, int], shape: tuple[int, int, int], more: dict[str, bool], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Base(source, shape, **more)
