"""The papers' own architectures come out of the dials, counted by hand."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
from torch import nn

from saddlepoint.networks import (
    DCGANGenerator,
    DenseSuperResolver,
    MaxoutDiscriminator,
    MLPGenerator,
    PatchDiscriminator,
    ResidualTranslator,
    SNGANDiscriminator,
    SNGANGenerator,
    SuperResolver,
    UNetTranslator,
)


@pytest.fixture(autouse=True)
def _weightless() -> Iterator[None]:
    with torch.device("meta"):
        yield


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def conv(inputs: int, outputs: int, side: int) -> int:
    return side * side * inputs * outputs + outputs


def test_sngan_at_32_pixels_is_table_3_of_its_paper() -> None:
    """G: 4x4x256, three doubling blocks of 256, norm, 3x3 to RGB. D: two halving blocks and two flat of 128, sum."""
    up = 2 * conv(256, 256, 3) + conv(256, 256, 1) + 2 * 2 * 256
    assert count(SNGANGenerator((3, 32, 32), 128)) == 129 * 4096 + 3 * up + 2 * 256 + conv(256, 3, 3)
    first = conv(3, 128, 3) + conv(128, 128, 3) + conv(3, 128, 1)
    halving = 2 * conv(128, 128, 3) + conv(128, 128, 1)
    flat = 2 * conv(128, 128, 3)
    assert count(SNGANDiscriminator((3, 32, 32))) == first + halving + 2 * flat + 129


def test_sngan_at_128_pixels_has_the_channels_of_its_paper() -> None:
    """G: 4x4x1024, then 1024, 512, 256, 128, 64. D: 64, 128, 256, 512, 1024, and a flat 1024."""
    channels = [1024, 1024, 512, 256, 128, 64]
    ups = sum(conv(a, b, 3) + conv(b, b, 3) + conv(a, b, 1) + 2 * (a + b) for a, b in pairwise(channels))
    make = SNGANGenerator((3, 128, 128), 128, width=64, widest=1024)
    assert count(make) == 129 * 16 * 1024 + ups + 2 * 64 + conv(64, 3, 3)
    channels = [64, 128, 256, 512, 1024]
    downs = sum(conv(a, b, 3) + conv(b, b, 3) + conv(a, b, 1) for a, b in pairwise(channels))
    first = conv(3, 64, 3) + conv(64, 64, 3) + conv(3, 64, 1)
    judge = SNGANDiscriminator((3, 128, 128), width=64, widest=1024, flat=1)
    assert count(judge) == first + downs + 2 * conv(1024, 1024, 3) + 1025


def test_dcgan_at_64_pixels_has_the_channels_of_its_paper() -> None:
    """100 → 4x4x1024 → 512 → 256 → 128 → 3, batch norm with gain and shift after all but the last."""
    convolutions = 16 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) + 3
    norms = 2 * (1024 + 512 + 256 + 128)
    assert count(DCGANGenerator((3, 64, 64), 100, width=128)) == 100 * 16 * 1024 + convolutions + norms


def test_the_pair_of_the_gaussians_is_that_of_pacgan() -> None:
    """G: 2 → 4 x 400 → 2 with batch norm. D: 3 layers of 200 maxout units of 5 pieces; a pack of m sees 2m numbers."""
    make = MLPGenerator((2,), 2, widths=(400,) * 4, normalisation="batch", activation="relu")
    assert count(make) == 3 * 400 + 3 * 401 * 400 + 401 * 2 + 4 * 800
    for packing in (1, 2, 4):
        judge = MaxoutDiscriminator((2,), packing=packing)
        assert count(judge) == (2 * packing + 1) * 1000 + 2 * 201 * 1000 + 201


def test_the_translators_of_pix2pix_and_cyclegan_have_the_sizes_of_their_papers() -> None:
    """U-Net at 256 pixels: C64-C128-C256-C512 five times, and back. Residual: c7s1-64, d128, d256, 9 R256, and back."""
    channels = [3, 64, 128, 256, *[512] * 5]
    down = sum(conv(a, b, 4) for a, b in pairwise(channels))
    up = conv(512, 512, 4) + 3 * conv(1024, 512, 4) + conv(1024, 256, 4) + conv(512, 128, 4) + conv(256, 64, 4)
    unet = UNetTranslator((3, 256, 256), (3, 256, 256), depth=8, upsampling="transposed", full_size=False)
    assert count(unet) == down + up + conv(128, 3, 4)
    assert round(count(unet) / 1e6, 1) == 54.4
    assert count(ResidualTranslator((3, 256, 256), (3, 256, 256), blocks=9)) == 11_378_179


def test_the_patch_discriminator_of_pix2pix_has_the_size_of_its_paper() -> None:
    """C64-C128-C256-C512 and a logit, on source and target side by side."""
    channels = [6, 64, 128, 256, 512, 1]
    assert count(PatchDiscriminator((6, 256, 256))) == sum(conv(a, b, 4) for a, b in pairwise(channels))


def test_the_resolvers_have_the_blocks_of_their_papers() -> None:
    """EDSR's baseline for x4 is 1,517,571 with its mean shift, of 24; a dense block has growth 32."""
    edsr = SuperResolver((3, 48, 48), (3, 192, 192), width=64, blocks=16)
    assert count(edsr) == conv(3, 64, 3) + 33 * conv(64, 64, 3) + 2 * conv(64, 256, 3) + conv(64, 3, 3)
    dense = sum(conv(64 + 32 * k, 32, 3) for k in range(4)) + conv(192, 64, 3)
    one, two = (count(DenseSuperResolver((3, 8, 8), (3, 32, 32), width=64, blocks=n)) for n in (1, 2))
    assert two - one == 3 * dense
