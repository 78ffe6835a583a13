"""Parameters and multiplications, counted by hand."""

import pytest
import torch
from torch import nn

from saddlepoint.networks import (
    NETWORKS,
    MaxoutDiscriminator,
    MLPGenerator,
    SNGANDiscriminator,
    Translator,
    costs,
)
from saddlepoint.networks.attention import SelfAttention
from saddlepoint.networks.spectral import normalise_spectrally


def test_a_fully_connected_network_multiplies_once_a_weight() -> None:
    cost = costs(MLPGenerator((1, 28, 28), 100), torch.randn(3, 100))
    assert cost.macs == 100 * 128 + 128 * 128 + 128 * 784
    assert cost.parameters == cost.macs + 128 + 128 + 784
    assert costs(MaxoutDiscriminator((2,)), torch.randn(3, 2)).macs == 2 * 1000 + 2 * 200 * 1000 + 200


@pytest.mark.parametrize(
    ("layer", "macs"),
    [
        (nn.Conv2d(4, 6, 3, padding=1), 8 * 8 * 6 * 4 * 9),
        (nn.Conv2d(4, 6, 3, padding=1, groups=2), 8 * 8 * 6 * 2 * 9),
        (nn.Conv2d(4, 6, 4, stride=2, padding=1), 4 * 4 * 6 * 4 * 16),
        (nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1), 8 * 8 * 4 * 6 * 16),
        (nn.Conv2d(4, 4, (8, 8), groups=4, bias=False), 4 * 64),
        (SelfAttention(4), 64 * (4 + 4 + 4 + 4) + 2 * 64 * 64),
    ],
)
def test_a_layer_multiplies_as_often_as_its_sums_are_long(layer: nn.Module, macs: int) -> None:
    assert costs(layer, torch.randn(2, 4, 8, 8)).macs == macs


def test_costs_are_a_sample_and_leave_no_trace() -> None:
    judge = SNGANDiscriminator((3, 16, 16), width=4, widest=8, classes=3)
    before = {key: buffer.clone() for key, buffer in judge.named_buffers()}
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    six, one = costs(judge, torch.randn(6, 3, 16, 16), labels), costs(judge, torch.randn(1, 3, 16, 16), labels[:1])
    assert six == one
    assert judge.training
    assert all(torch.equal(buffer, before[key]) for key, buffer in judge.named_buffers())
    assert not any(module._forward_hooks for module in judge.modules())


def test_spectral_norm_multiplies_no_samples() -> None:
    plain, normed = nn.Sequential(nn.Linear(3, 5)), nn.Sequential(nn.Linear(3, 5))
    normalise_spectrally(normed)
    assert costs(plain, torch.randn(2, 3)) == costs(normed, torch.randn(2, 3))


@pytest.mark.parametrize("name", [name for name in NETWORKS if not name.startswith("vocoder")])
def test_on_the_meta_device_costs_are_the_same_without_arithmetic(name: str) -> None:
    latent = {"latent": 5} if name.endswith("generator") else {}
    shape = (3, 256) if name.startswith("wavegan") else (3, 16, 16)
    inputs = torch.randn(2, 5) if latent else torch.randn(2, *shape)
    given = {**latent, "shape": shape}
    given |= {"source": (3, 16, 16)} if issubclass(NETWORKS[name], Translator) else {}
    given |= {"depth": 2} if name == "patch-discriminator" else {}
    real = costs(NETWORKS[name](**given), inputs)
    with torch.device("meta"):
        network = NETWORKS[name](**given)
    assert costs(network, inputs.to("meta")) == real
    assert real.parameters > 0
    assert real.macs > 0
