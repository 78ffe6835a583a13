"""How far an image is from those that were learned from."""

import torch
from torch import Tensor

from saddlepoint.tasks.translation.familiarity import FOREIGN, UNLIKE, Learned, properties


def clouds(seed: int, side: int = 64, level: float = 0.5, contrast: float = 0.15) -> Tensor:
    """Smooth noise, uint8 (3, side, side)."""
    source = torch.Generator().manual_seed(seed)
    coarse = torch.randn(1, 3, side // 8, side // 8, generator=source)
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic")[0]
    return ((level + contrast * smooth) * 255).clamp(0, 255).byte()


KNOWN = Learned.of([clouds(seed) for seed in range(40)])


def test_others_of_the_kind_are_known_whatever_their_size() -> None:
    for seed, side in ((100, 64), (101, 200), (102, 48)):
        assert KNOWN.distance(clouds(seed, side))[0] < UNLIKE


def test_what_is_darker_noisier_or_without_colour_is_told_by_name() -> None:
    noise = torch.randn(3, 64, 64, generator=torch.Generator().manual_seed(5))
    noisy = (clouds(100).float() + 30 * noise).clamp(0, 255).byte()
    for image, name in ((clouds(100) // 8, "brightness"), (noisy, "noise"), (noisy[:1].expand(3, -1, -1), "noise")):
        far, why = KNOWN.distance(image)
        assert far > UNLIKE
        assert name in why
    assert KNOWN.distance(noisy)[0] > FOREIGN


def test_properties_do_not_depend_on_a_windows_size() -> None:
    large = clouds(3, 256)
    whole, part = properties(large), properties(large[:, :128, :128])
    for name, value in whole.items():
        assert abs(value - part[name]) < 0.15, name


def test_what_was_learned_is_written_and_read() -> None:
    assert Learned.read(KNOWN.plain()) == KNOWN
