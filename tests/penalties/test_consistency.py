"""Consistency under augmentation: invariance, closed form, derivatives."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.augment import Adaptive, DiffAugment
from saddlepoint.components.registries import PENALTY_REGISTRY
from saddlepoint.penalties import Consistency, DiscriminatorPass


@dataclass(frozen=True)
class Shift:
    """T x = x + p u, one number a sample."""

    draws: int = 1

    def __call__(self, images: Tensor, draws: Tensor, strength: float) -> Tensor:
        return images + strength * draws.reshape(-1, *[1] * (images.dim() - 1))


def noise(shape: Sequence[int]) -> Tensor:
    return torch.full(shape, 0.5, dtype=torch.float64)


def seen(discriminator, real: Tensor, generated: Tensor, source=noise) -> DiscriminatorPass:
    return DiscriminatorPass(
        discriminator, real, generated, discriminator(real), discriminator(generated), torch.zeros(len(real), 1), source
    )


def images(n: int, channels: int = 3) -> Tensor:
    return torch.rand(n, channels, 6, 6, generator=torch.Generator().manual_seed(n), dtype=torch.float64)


def test_a_linear_discriminator_pays_the_square_of_what_the_augmentation_changes() -> None:
    """D(x) = Σ x over 108 pixels changes by 108 · 0.2 · ½; batches of different sizes are no matter."""
    penalty = Consistency(weight=2.0, generated_weight=3.0, strength=0.2, augment=Shift())
    value = penalty(seen(lambda x: x.flatten(1).sum(1), images(4), images(5)))
    assert float(value) == pytest.approx((2 + 3) * (108 * 0.1) ** 2)


@pytest.mark.parametrize(("weight", "generated_weight"), [(1.0, 0.0), (0.0, 1.0)])
def test_each_weight_is_that_of_its_side(weight: float, generated_weight: float) -> None:
    def discriminator(x: Tensor) -> Tensor:
        return x.flatten(1).square().sum(1)

    real, generated = images(4), -images(5)
    penalty = Consistency(weight, generated_weight, augment=Shift())
    one = real if weight else generated
    expected = (discriminator(one + 0.5) - discriminator(one)).square().mean()
    torch.testing.assert_close(penalty(seen(discriminator, real, generated)), expected)


@pytest.mark.parametrize("augment", [DiffAugment(), Adaptive()])
def test_a_discriminator_that_the_augmentation_cannot_change_pays_nothing_and_another_does(augment) -> None:
    def draw(shape: Sequence[int]) -> Tensor:
        return torch.rand(shape, generator=torch.Generator().manual_seed(2))

    def constant(x: Tensor) -> Tensor:
        return 0 * x.flatten(1).sum(1) + 3

    penalty = Consistency(augment=augment)
    assert float(penalty(seen(constant, images(8), images(9), draw))) == 0.0
    assert float(penalty(seen(lambda x: x[:, 0, 0, 0], images(8), images(9), draw))) > 0.01
    mirrored = Adaptive(geometry=False, colour=False)
    flips = torch.full((8, mirrored.draws), 2.0)
    flips[:, :2] = torch.tensor([0.0, 0.9])
    only_flip = Consistency(generated_weight=0.0, augment=mirrored)
    assert float(only_flip(seen(lambda x: x.sum((1, 2, 3)), images(8), images(8), lambda _: flips))) < 1e-20
    assert float(only_flip(seen(lambda x: x[:, 0, 0, 0], images(8), images(8), lambda _: flips))) > 0.01


@pytest.mark.parametrize("augment", [DiffAugment(), Adaptive(), Shift()])
def test_derivatives_in_discriminator_and_generator_agree_with_finite_differences(augment) -> None:
    def draw(shape: Sequence[int]) -> Tensor:
        return torch.rand(shape, generator=torch.Generator().manual_seed(2))

    real, latent = images(3, 1), torch.randn(2, 2, dtype=torch.float64)
    penalty = Consistency(1.3, 0.7, strength=0.9, augment=augment)

    def value(weights: Tensor, direction: Tensor) -> Tensor:
        def discriminator(x: Tensor) -> Tensor:
            return torch.tanh(x.flatten(1) @ weights)

        return penalty(seen(discriminator, real, (latent @ direction).reshape(2, 1, 6, 6), draw))

    torch.manual_seed(0)
    weights = (0.1 * torch.randn(36, dtype=torch.float64)).requires_grad_()
    direction = torch.randn(2, 36, dtype=torch.float64).requires_grad_()
    torch.autograd.gradcheck(value, (weights, direction))
    torch.autograd.gradgradcheck(value, (weights, direction))


def test_its_numbers_are_those_that_a_batch_seeds() -> None:
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(108, 1, dtype=torch.float64), nn.Flatten(0))
    given = DiscriminatorPass(
        discriminator, images(4), images(4), discriminator(images(4)), discriminator(images(4)), torch.zeros(4, 1)
    )
    penalty, values = Consistency(augment=DiffAugment()), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        values.append(float(penalty(given).detach()))
    assert values[0] == values[1] != values[2]


def test_a_negative_weight_of_generated_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        Consistency(generated_weight=-1.0, augment=Shift())


def test_it_is_chosen_by_name_with_its_augmentation() -> None:
    spec = {"name": "consistency", "weight": 5, "augmentation": "adaptive"}
    assert PENALTY_REGISTRY.build(spec, low=0.0, high=1.0) == Consistency(5.0, augment=Adaptive(low=0.0, high=1.0))
    assert PENALTY_REGISTRY.build("consistency") == Consistency(augment=DiffAugment())
    with pytest.raises(ValueError, match="did you mean 'diffaugment'"):
        PENALTY_REGISTRY.build({"name": "consistency", "augmentation": "difaugment"})
