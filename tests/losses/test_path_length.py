"""Path lengths: closed forms on linear generators, an isometry, finite differences."""

import pytest
import torch
from torch import Tensor

from saddlepoint.losses import path_length, path_lengths


@pytest.fixture(autouse=True)
def _double_precision():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


def test_a_linear_generator_has_the_length_of_its_transpose_at_the_noise() -> None:
    matrix, latent, noise = torch.randn(12, 4), torch.randn(5, 4), torch.randn(5, 3, 2, 2)
    lengths = path_lengths(lambda w: (w @ matrix.T).reshape(-1, 3, 2, 2), latent, noise)
    torch.testing.assert_close(lengths, (noise.flatten(1) @ matrix).norm(dim=1) / 2)  # 4 pixels


def test_in_the_mean_over_noise_its_square_is_the_jacobians_squared_norm() -> None:
    matrix, n = torch.randn(8, 3), 20_000
    lengths = path_lengths(lambda w: (w @ matrix.T).reshape(-1, 2, 2, 2), torch.zeros(n, 3), torch.randn(n, 2, 2, 2))
    assert float(lengths.square().mean()) == pytest.approx(float(matrix.square().sum()) / 4, rel=0.03)


def test_an_isometry_up_to_a_factor_pays_nothing_at_that_target_and_a_squeeze_does() -> None:
    """Over noise of length 1 in each latent direction, as an orthogonal matrix passes it on."""
    orthogonal, _ = torch.linalg.qr(torch.randn(4, 4))
    noise = torch.nn.functional.normalize(torch.randn(6, 4), dim=1)
    latent = torch.randn(6, 4)
    assert float(path_length(lambda w: 3 * w @ orthogonal.T, latent, noise, target=3.0)) < 1e-20
    squeezed = orthogonal @ torch.diag(torch.tensor([1.0, 1.0, 1.0, 9.0]))
    assert float(path_length(lambda w: w @ squeezed.T, latent, noise, target=3.0)) > 1.0


def test_derivatives_in_the_generator_and_in_what_made_the_latent_agree_with_finite_differences() -> None:
    noise, z = torch.randn(3, 1, 2, 2), torch.randn(3, 2)

    def value(weights: Tensor, mapping: Tensor) -> Tensor:
        return path_length(lambda w: torch.tanh(w @ weights).reshape(-1, 1, 2, 2), torch.sin(z @ mapping), noise, 0.3)

    arguments = (torch.randn(3, 4, requires_grad=True), torch.randn(2, 3, requires_grad=True))
    torch.autograd.gradcheck(value, arguments)
    torch.autograd.gradgradcheck(value, arguments)


def test_a_generator_that_ignores_its_latent_has_a_finite_gradient() -> None:
    weights = torch.zeros(3, 4, requires_grad=True)
    value = path_length(lambda w: w @ weights, torch.randn(5, 3), torch.randn(5, 4), target=1.0)
    (gradient,) = torch.autograd.grad(value, weights)
    assert float(value.detach()) == pytest.approx(1.0, abs=1e-5)
    assert bool(gradient.isfinite().all())


def test_noise_of_another_shape_is_named() -> None:
    with pytest.raises(ValueError, match="a number for each"):
        path_lengths(lambda w: w, torch.zeros(2, 3), torch.zeros(2, 4))
