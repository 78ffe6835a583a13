"""What is hidden of photographs, in sizes of the whole, and how it is filled."""

import pytest
import torch
from torch import Tensor

from saddlepoint.tasks.enhancement.degradations import Chain
from saddlepoint.tasks.enhancement.masks import TOLD, Hiding, Window, filled, hidden_pixels


def source(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def slope(height: int, width: int) -> Tensor:
    """Levels that rise by one a column and by two a row, which is harmonic."""
    return (torch.arange(width)[None] + 2 * torch.arange(height)[:, None]).byte()[None]


@pytest.mark.parametrize("kind", ["boxes", "strokes", "mixed"])
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_at_least_the_share_of_a_photograph_is_hidden_and_no_more_than_a_piece_beyond(
    kind: Hiding, share: float
) -> None:
    for seed in range(10):
        hidden = hidden_pixels(kind, share, Window.all_of(32, 32), source(seed))
        assert share <= float(hidden.double().mean()) <= share + 0.2


@pytest.mark.parametrize("kind", ["boxes", "strokes"])
def test_holes_grow_with_the_photograph(kind: Hiding) -> None:
    """The same draws hide the same places of a photograph twice as large; a window of it shows a part of them."""
    small = hidden_pixels(kind, 0.25, Window.all_of(256, 256), source(3))
    large = hidden_pixels(kind, 0.25, Window.all_of(512, 512), source(3))
    assert float((large[::2, ::2] == small).double().mean()) > 0.97
    window = Window((512, 512), 100, 60, 300, 400)
    assert torch.equal(hidden_pixels(kind, 0.25, window, source(3)), large[100:400, 60:460])


def test_windows_that_would_teach_nothing_are_drawn_again() -> None:
    shares = [
        float(hidden_pixels("mixed", 0.25, Window((600, 800), 64, 128, 64, 64), source(seed)).double().mean())
        for seed in range(30)
    ]
    assert sum(TOLD[0] <= share <= TOLD[1] for share in shares) >= 29
    assert max(shares) - min(shares) > 0.3
    assert not hidden_pixels("boxes", 0.0, Window.all_of(8, 8), source(0)).any()


def test_filling_leaves_what_is_shown_and_continues_a_slope() -> None:
    image, hidden = slope(40, 56), torch.zeros(40, 56, dtype=torch.bool)
    hidden[8:28, 12:44] = True
    made = filled(image.masked_fill(hidden, 0), hidden)
    assert torch.equal(made[:, ~hidden], image[:, ~hidden])
    assert float((made.float() - image.float()).abs()[:, hidden].mean()) < 4  # of levels from 28 to 97
    assert torch.equal(filled(image, torch.zeros_like(hidden)), image)
    assert (filled(image, torch.ones_like(hidden)) == 128).all()
    deep = image.int() * 257
    assert float((filled(deep, hidden) / 257 - made).abs().max()) <= 1


def test_a_chain_with_a_mask_gives_it_as_the_last_channel() -> None:
    chain, image = Chain.read("noise:5,mask:boxes,mask:strokes:0.1"), slope(48, 48).expand(3, -1, -1)
    assert (chain.channels(3), chain.random, chain.keeps) == (4, True, False)
    made = chain(image, 7)
    assert made.shape == (4, 48, 48)
    assert set(made[3].unique().tolist()) == {0, 255}
    kept = Chain.read("mask:mixed")
    assert kept.keeps
    made = kept(image, 7)
    assert torch.equal(made[:3, made[3] == 0], image[:, made[3] == 0])
