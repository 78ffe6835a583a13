"""Each loss, penalty, regulariser and network says rightly whether the loss of a batch is the mean of its parts'."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import _SpectralNorm

from saddlepoint.augment import DiffAugment
from saddlepoint.components.content import CONTENT_LOSSES
from saddlepoint.components.regularisers import REGULARISERS, GeneratorPass
from saddlepoint.losses import LOSSES
from saddlepoint.networks import NETWORKS, DiscriminatorOutput, coupled_layers
from saddlepoint.penalties import PENALTIES, Consistency, DiscriminatorPass, Penalty


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    loss, real, generated = LOSSES[name](), numbers(8, seed=1), numbers(8, seed=2)
    halves = list(zip(real.chunk(2), generated.chunk(2), strict=True))
    alike = [
        torch.allclose(of(real, generated), (of(*halves[0]) + of(*halves[1])) / 2, rtol=1e-12)
        for of in (loss.discriminator, loss.generator)
    ]
    assert all(alike) == loss.mean_over_samples


MAKE: dict[str, Any] = {**PENALTIES, "consistency": lambda: Consistency(augment=DiffAugment())}


@pytest.mark.parametrize("name", MAKE)
def test_penalties(name: str) -> None:
    torch.manual_seed(0)
    judge = nn.Sequential(nn.Flatten(), nn.Linear(16, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0)).double()
    noise = torch.rand(8, 64, dtype=torch.float64)

    def over(parts: int) -> float:
        penalty: Penalty = MAKE[name]()
        total = 0.0
        for part in torch.arange(8).chunk(parts):
            real, generated = (numbers(8, 1, 4, 4, seed=s)[part].requires_grad_() for s in (1, 2))
            own = lambda shape, part=part: noise[part].reshape(len(part), -1)[:, : shape[1:].numel()].reshape(shape)  # noqa: E731
            seen = DiscriminatorPass(
                judge,
                real,
                generated,
                judge(real),
                judge(generated),
                noise[part, 0].reshape(-1, 1, 1, 1),
                lambda shape, own=own: own(torch.Size(shape)),
            )
            total += float(penalty(seen).detach()) * len(part) / 8
            if penalty.memory is not None:
                penalty.memory.observe(seen)
        return total

    assert (over(2) == pytest.approx(over(1), rel=1e-12)) == MAKE[name]().mean_over_samples


@pytest.mark.parametrize("name", REGULARISERS)
def test_regularisers(name: str) -> None:
    body = nn.Linear(3, 5).double()
    normal = numbers(8, 5, seed=4)

    def over(parts: int) -> float:
        term, total = REGULARISERS[name](), 0.0
        for part in torch.arange(8).chunk(parts):
            latent = numbers(8, 3, seed=1)[part]
            made, own = body(latent), normal[part]
            features = numbers(8, 5, seed=3)[part]
            of_real, of_made = (DiscriminatorOutput(x[:, 0], None, x, (x,)) for x in (features, made))
            seen = GeneratorPass(body, latent, made, of_real, of_made, lambda _, own=own: own)
            total += float(term(seen).detach()) * len(part) / 8
        return total

    assert (over(2) == pytest.approx(over(1), rel=1e-12)) == REGULARISERS[name]().mean_over_samples


@pytest.mark.parametrize("name", CONTENT_LOSSES)
def test_content_losses(name: str) -> None:
    made, target = (numbers(8, 1, 16, 16, seed=s).tanh() for s in (1, 2))
    term = CONTENT_LOSSES[name]()
    halves = [float(term(*pair)) for pair in zip(made.chunk(2), target.chunk(2), strict=True)]
    # The similarity is computed in single precision.
    assert (sum(halves) / 2 == pytest.approx(float(term(made, target)), rel=1e-5)) == term.mean_over_samples


DIALS: dict[str, list[dict[str, Any]]] = {
    "mlp-discriminator": [{"shape": (3,), "widths": (4,)}, {"shape": (3,), "widths": (4,), "deviation": True}],
    "maxout-discriminator": [{"shape": (3,), "widths": (4,)}],
    "convolutional-discriminator": [{"shape": (1, 8, 8), "width": 2}, {"shape": (1, 8, 8), "deviation": True}],
    "dcgan-discriminator": [{"shape": (1, 16, 16), "width": 2}],
    "sngan-discriminator": [{"shape": (1, 8, 8), "width": 2}],
    "residual-discriminator": [{"shape": (1, 8, 8), "width": 16}],
    "patch-discriminator": [{"shape": (1, 16, 16), "width": 2, "depth": 1, "normalisation": "instance"}],
    "unet-discriminator": [{"shape": (1, 8, 8), "width": 2, "depth": 2}],
    "table-discriminator": [{"shape": (5,), "widths": (4,)}],
    "window-discriminator": [{"shape": (6, 2), "widths": (4,)}],
    "sequence-discriminator": [{"shape": (5, 4)}],
    "wavegan-discriminator": [{"shape": (1, 64), "width": 2}],
    "vocoder-discriminator": [{"shape": (256,), "width": 2, "periods": (2,), "windows": (32,)}],
    "mlp-generator": [{"shape": (3,), "latent": 3}, {"shape": (3,), "latent": 3, "normalisation": "batch"}],
    "convolutional-generator": [{"shape": (1, 8, 8), "latent": 3, "width": 2}],
    "dcgan-generator": [{"shape": (1, 16, 16), "latent": 3, "width": 2}],
    "sngan-generator": [{"shape": (1, 8, 8), "latent": 3, "width": 2, "widest": 4}],
    "residual-generator": [{"shape": (1, 8, 8), "latent": 3, "width": 16}],
    "table-generator": [{"shape": (5,), "latent": 3, "width": 4}],
    "window-generator": [{"shape": (6, 2), "latent": 3, "width": 4}],
    "sequence-writer": [{"shape": (5, 4), "width": 4}],
    "wavegan-generator": [{"shape": (1, 64), "latent": 3, "width": 2}],
    "unet-translator": [{"shape": (1, 16, 16), "source": (1, 16, 16), "width": 2, "depth": 2}],
    "residual-translator": [{"shape": (1, 16, 16), "source": (1, 16, 16), "width": 2, "blocks": 1}],
    "super-resolver": [{"shape": (1, 16, 16), "source": (1, 8, 8), "width": 2, "blocks": 1}],
    "dense-super-resolver": [{"shape": (1, 16, 16), "source": (1, 8, 8), "width": 2, "blocks": 1}],
    "vocoder": [{"shape": (64,), "source": (6, 5), "width": 8}],
}


def test_all_networks_are_listed() -> None:
    assert set(DIALS) == set(NETWORKS)


@pytest.mark.parametrize(("name", "number"), [(name, i) for name, all_ in DIALS.items() for i in range(len(all_))])
def test_networks(name: str, number: int) -> None:
    """A sample of a batch of two comes out as beside another one, where no layer is named as coupled."""
    torch.manual_seed(0)
    dials = DIALS[name][number]
    network = NETWORKS[name](**dials).double()
    for part in network.modules():
        if isinstance(part, _SpectralNorm):
            part.eval()
    shape = dials["shape"] if name.endswith("discriminator") or name == "sequence-writer" else (3,)
    first, second, third = numbers(3, *dials.get("source", shape), seed=1)

    def beside(other: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(1)
        out: torch.Tensor = network(torch.stack([first, other]))
        return out[0].detach()

    alone = torch.allclose(beside(second), beside(third), rtol=1e-9, atol=1e-12)
    assert alone == (not coupled_layers(network))
