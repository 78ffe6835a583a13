"""The distance in features, relative to the features' own size."""

import pytest
import torch

from saddlepoint.losses import perceptual


def test_it_is_a_share_of_the_features_and_knows_no_scale() -> None:
    made, target = torch.tensor([[1.0, -2.0], [0.0, 4.0]]), torch.tensor([[2.0, -2.0], [0.0, 1.0]])
    assert float(perceptual(made, target)) == pytest.approx(4 / 5)
    assert float(perceptual(1000 * made, 1000 * target)) == pytest.approx(4 / 5)
    assert float(perceptual(target, target)) == 0.0


def test_its_slope_is_that_of_the_distance_alone() -> None:
    made, target = torch.tensor([[3.0, -1.0]], requires_grad=True), torch.tensor([[1.0, 1.0]], requires_grad=True)
    (slope,) = torch.autograd.grad(perceptual(made, target), made)
    torch.testing.assert_close(slope, torch.tensor([[0.5, -0.5]]))  # a sign over two numbers, over a mean of 1


def test_features_of_nothing_are_no_division_by_nothing() -> None:
    assert perceptual(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0.0
