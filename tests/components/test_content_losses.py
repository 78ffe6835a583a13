"""Content losses of what is made to what it is to be, and which of them wait for the adversary."""

import pytest
import torch
from torch import nn

from saddlepoint.components.adversary import AdversarialLosses, Adversary
from saddlepoint.components.content import SSIM, Perceptual, Reconstruction
from saddlepoint.components.pairs import OfPairs
from saddlepoint.data.pair_stream import PairBatch
from saddlepoint.extractors import load_extractor
from saddlepoint.losses import least_squares
from saddlepoint.metrics import ssim


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))

    def forward(self, images):
        return self.weight * images


class Mean(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))

    def forward(self, images):
        return self.weight * images.mean((1, 2, 3))


def levels(value: float, side: int = 8) -> torch.Tensor:
    return torch.full((2, 1, side, side), value)


def test_the_perceptual_term_is_the_distance_in_the_extractors_features() -> None:
    """Coarse pixels of a constant are it: (0.5 in [−1, 1]) is 0.75, and 0 is 0.5."""
    assert float(Perceptual(weight=3.0)(levels(0.5), levels(0.0))) == pytest.approx(3 * 0.25 / 0.5)
    assert float(Perceptual(weight=3.0, low=0.0)(levels(0.5), levels(0.25))) == pytest.approx(3.0)


def test_structure_is_the_metrics_in_the_networks_range_and_does_not_wait() -> None:
    made, target = torch.rand(2, 3, 12, 15), torch.rand(2, 3, 12, 15)
    for low, high in ((-1.0, 1.0), (0.0, 1.0)):
        term = SSIM(weight=3.0, low=low, high=high)
        found = term(low + (high - low) * made, low + (high - low) * target)
        assert float(found) == pytest.approx(3 * (1 - ssim(target, made)), abs=1e-5)
    assert not SSIM.after_pretraining


def test_any_extractor_gives_a_gradient_to_the_image_and_none_to_itself() -> None:
    made = torch.rand(3, 1, 28, 28).requires_grad_()
    for name in ("pixels", "digits", "fashion"):
        term = Perceptual(features=name)
        (slope,) = torch.autograd.grad(term(made, torch.rand(3, 1, 28, 28)), made)
        assert slope.abs().sum() > 0
        assert not any(p.requires_grad for p in term.extractor._module.parameters())
    read = load_extractor("digits")
    images = torch.randint(0, 256, (4, 1, 28, 28), dtype=torch.uint8)
    other = torch.randint(0, 256, (4, 1, 28, 28), dtype=torch.uint8)
    expected = (read(images) - read(other)).abs().mean() / read(other).abs().mean()
    found = Perceptual(features="digits", low=0.0, high=255.0)(images.float(), other.float())
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_it_waits_for_the_adversary() -> None:
    forward = OfPairs((Reconstruction(weight=7.0), Perceptual(weight=3.0)), conditioned=False)
    losses = AdversarialLosses(forward, Adversary(least_squares()))
    players = {"generator": Scaled(), "discriminator": Mean()}
    # G(x) = 0.5 and y = 0: 7 · 0.5 from the first, 3 · 0.25/0.5 from the second, ½ (0.5 − 1)² from the adversary.
    batch = PairBatch(levels(0.25), levels(0.0), torch.zeros(2, 1, 1, 1))
    together = losses(players, batch, ("generator",))["generator"]
    assert float(together.detach()) == pytest.approx(3.5 + 1.5 + 0.125)
    alone = PairBatch(batch.source, batch.target, batch.mix, alone=True, adversarial=torch.tensor(0.0))
    assert float(losses(players, alone, ("generator",))["generator"].detach()) == pytest.approx(3.5)
