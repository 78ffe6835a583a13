"""Feature matching."""

import pytest
import torch

from saddlepoint.losses import feature_matching


def test_it_is_the_squared_distance_of_means_and_knows_nothing_else() -> None:
    source = torch.Generator().manual_seed(0)
    real = torch.randn(6, 2, 3, generator=source, dtype=torch.float64)
    centred = torch.randn(9, 2, 3, generator=source, dtype=torch.float64)
    generated = centred - centred.mean(0) + real.mean(0)
    assert float(feature_matching(real, generated)) == pytest.approx(0.0, abs=1e-24)
    assert float(feature_matching(real, generated + 0.5)) == pytest.approx(6 * 0.25)
    assert float(feature_matching(generated + 0.5, real)) == pytest.approx(6 * 0.25)


def test_its_derivatives_agree_with_finite_differences() -> None:
    source = torch.Generator().manual_seed(1)
    real, generated = (torch.randn(n, 3, generator=source, dtype=torch.float64).requires_grad_() for n in (4, 2))
    torch.autograd.gradcheck(feature_matching, (real, generated))
    torch.autograd.gradgradcheck(feature_matching, (real, generated))


def test_features_of_different_layers_are_named() -> None:
    with pytest.raises(ValueError, match="same layer"):
        feature_matching(torch.zeros(4, 3), torch.zeros(4, 2))
