"""The structural dissimilarity against the metric, and its slope against finite differences."""

import pytest
import torch

from saddlepoint.losses import structural_dissimilarity
from saddlepoint.metrics import ssim


def images(n: int, *shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("shape", [(1, 11, 11), (3, 16, 23), (2, 40, 13)])
def test_it_is_one_less_the_metric(shape: tuple[int, ...]) -> None:
    target = images(3, *shape)
    for noise in (0.0, 0.05, 0.5, 1.0):
        made = torch.lerp(target, images(3, *shape, seed=1), noise)
        expected = 1 - ssim(target, made)
        assert float(structural_dissimilarity(made, target)) == pytest.approx(expected, abs=1e-12)
        single = structural_dissimilarity(made.float(), target.float())
        assert single.dtype == torch.float32
        assert float(single) == pytest.approx(expected, abs=1e-5)


def test_images_that_agree_cost_nothing_and_negatives_more_than_unlike_ones() -> None:
    target = images(2, 1, 20, 20)
    assert float(structural_dissimilarity(target, target)) == pytest.approx(0, abs=1e-12)
    unlike = float(structural_dissimilarity(images(2, 1, 20, 20, seed=1), target))
    assert 0.5 < unlike < float(structural_dissimilarity(1 - target, target)) <= 2


@pytest.mark.slow
def test_its_slopes_are_those_of_finite_differences() -> None:
    made, target = images(1, 2, 12, 13).requires_grad_(), images(1, 2, 12, 13, seed=1)
    assert torch.autograd.gradcheck(lambda m: structural_dissimilarity(m, target), (made,))
    assert torch.autograd.gradgradcheck(
        lambda m: structural_dissimilarity(m[..., :11, :11], target[..., :11, :11]), made
    )
    # Flat images have no contrast to divide by, and a slope all the same.
    flat = torch.full((1, 1, 11, 11), 0.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m: structural_dissimilarity(m, torch.zeros_like(m)), (flat,))


def test_lower_precisions_are_computed_in_float32() -> None:
    made, target = (images(1, 1, 16, 16, seed=seed).bfloat16() for seed in (0, 1))
    found = structural_dissimilarity(made, target)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, structural_dissimilarity(made.float(), target.float()))


def test_images_smaller_than_the_window_are_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"images of 32x10 pixels are smaller .* at least 11"):
        structural_dissimilarity(torch.zeros(1, 1, 32, 10), torch.zeros(1, 1, 32, 10))
