"""The terms of the evidence lower bound against torch's distributions, by hand, and by Monte Carlo."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from saddlepoint.losses import bernoulli_nll, gaussian_nll, kl_to_standard_normal


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_gaussian_is_the_density_of_independent_normals() -> None:
    m, x, log_variance = draw(5, 2, 3), draw(5, 2, 3, seed=1), torch.tensor(0.7, dtype=torch.float64)
    expected = -Normal(m, math.exp(0.35)).log_prob(x).sum((1, 2))
    torch.testing.assert_close(gaussian_nll(m, x, log_variance), expected)


def test_the_best_variance_is_the_mean_squared_error() -> None:
    m, x = draw(50, 4), draw(50, 4, seed=1)
    log_variance = (x - m).square().mean().log().requires_grad_()
    (slope,) = torch.autograd.grad(gaussian_nll(m, x, log_variance).mean(), log_variance)
    assert abs(float(slope)) < 1e-12


def test_the_bernoulli_by_hand() -> None:
    p, x = torch.tensor([[0.25, 0.5]], dtype=torch.float64), torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    assert bernoulli_nll(p, x).item() == pytest.approx(math.log(4) + math.log(2), rel=1e-5)


def test_the_bernoulli_of_grey_is_least_at_the_grey_itself() -> None:
    x = torch.tensor([[0.3]], dtype=torch.float64)
    p = torch.linspace(0, 1, 101, dtype=torch.float64)
    costs = torch.cat([bernoulli_nll(value.view(1, 1), x) for value in p])
    assert float(p[costs.argmin()]) == pytest.approx(0.3)


def test_a_sure_and_wrong_decoder_is_told_so_by_a_finite_slope() -> None:
    p = torch.tensor([[1.0, 0.0]], requires_grad=True)
    cost = bernoulli_nll(p, torch.tensor([[0.0, 1.0]]))
    (slope,) = torch.autograd.grad(cost.sum(), p)
    assert cost.isfinite().all()
    assert slope.isfinite().all()
    assert slope[0, 0] > 1e5
    assert slope[0, 1] < -1e5


def test_the_divergence_from_the_prior_in_closed_form_and_by_monte_carlo() -> None:
    mean, log_variance = draw(3, 4), draw(3, 4, seed=1)
    posterior = Normal(mean, (0.5 * log_variance).exp())
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    found = kl_to_standard_normal(mean, log_variance)
    torch.testing.assert_close(found, kl_divergence(posterior, prior).sum(1))
    z = mean + posterior.scale * draw(40_000, 3, 4, seed=2)
    ratios = (posterior.log_prob(z) - prior.log_prob(z)).sum(2)
    errors = ratios.std(0) / len(z) ** 0.5
    assert ((ratios.mean(0) - found).abs() < 5 * errors).all()
