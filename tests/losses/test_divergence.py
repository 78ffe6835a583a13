"""The variational bound of f-divergences between two discrete distributions."""

import math

import pytest
import torch
from torch import Tensor

from saddlepoint.losses import DIVERGENCES, LOSSES, f_gan, minimax

#: Counts of five outcomes in a sample, so that expectations are exact.
REAL, GENERATED = torch.tensor([1, 6, 3, 2, 8]), torch.tensor([5, 3, 2, 9, 1])
P, Q = REAL.double() / REAL.sum(), GENERATED.double() / GENERATED.sum()
M = (P + Q) / 2

#: The divergence by its textbook definition, and the logits of the discriminator at which the bound is tight.
KNOWN = {
    "kullback-leibler": ((P * (P / Q).log()).sum(), 1 + (P / Q).log()),
    "reverse-kullback-leibler": ((Q * (Q / P).log()).sum(), (P / Q).log()),
    "pearson": (((P - Q) ** 2 / Q).sum(), 2 * (P / Q - 1)),
    "squared-hellinger": (((P.sqrt() - Q.sqrt()) ** 2).sum(), (P / Q).log() / 2),
    "jensen-shannon": ((P * (P / M).log()).sum() + (Q * (Q / M).log()).sum(), (P / Q).log()),
    "total-variation": ((P - Q).abs().sum() / 2, 40 * (P - Q).sign()),
    "neyman": (((P - Q) ** 2 / P).sum(), 2 * (P / Q).log()),
    "jeffrey": (((P - Q) * (P / Q).log()).sum(), (P / Q).log()),
    "weighted-jensen-shannon": (((P * (P / M).log()).sum() + (Q * (Q / M).log()).sum()) / 2, (P / Q).log()),
    "gan": ((P * (P / M).log()).sum() + (Q * (Q / M).log()).sum() - math.log(4), (P / Q).log()),
    "alpha": (4 * (1 - (P * Q).sqrt().sum()), (P / Q).log()),
}
#: f, of which the conjugate is f*.
F = {
    "kullback-leibler": lambda u: u * u.log(),
    "reverse-kullback-leibler": lambda u: -u.log(),
    "pearson": lambda u: (u - 1) ** 2,
    "squared-hellinger": lambda u: (u.sqrt() - 1) ** 2,
    "jensen-shannon": lambda u: u * u.log() - (u + 1) * ((u + 1) / 2).log(),
    "total-variation": lambda u: (u - 1).abs() / 2,
    "neyman": lambda u: (u - 1) ** 2 / u,
    "jeffrey": lambda u: (u - 1) * u.log(),
    "weighted-jensen-shannon": lambda u: u * u.log() / 2 - (1 + u) / 2 * ((1 + u) / 2).log(),
    "gan": lambda u: u * u.log() - (u + 1) * (u + 1).log(),
    "alpha": lambda u: -4 * (u.sqrt() - 1 - (u - 1) / 2),
}


def samples(discriminator: Tensor) -> tuple[Tensor, Tensor]:
    """The discriminator's logits at real and generated samples."""
    return discriminator.repeat_interleave(REAL), discriminator.repeat_interleave(GENERATED)


@pytest.fixture(params=DIVERGENCES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_every_divergence_is_known_here() -> None:
    assert list(KNOWN) == list(F) == list(DIVERGENCES)


def test_the_bound_is_the_divergence_at_the_best_discriminator_and_below_it_at_others(name: str) -> None:
    divergence, best = KNOWN[name]
    loss = f_gan(name)
    assert float(-loss.discriminator(*samples(best))) == pytest.approx(float(divergence), rel=1e-12)
    source = torch.Generator().manual_seed(0)
    for _ in range(50):
        # The best one of total variation is sure beyond all bounds.
        near = 0 * best if name == "total-variation" else best
        other = near + torch.randn(5, generator=source, dtype=torch.float64)
        assert float(-loss.discriminator(*samples(other))) < float(divergence)


def test_the_bound_is_flat_at_the_best_discriminator(name: str) -> None:
    best = KNOWN[name][1].clone().requires_grad_()
    (slope,) = torch.autograd.grad(f_gan(name).discriminator(*samples(best)), best)
    torch.testing.assert_close(slope, torch.zeros(5, dtype=torch.float64), rtol=0, atol=1e-12)


def test_equal_distributions_are_at_distance_zero(name: str) -> None:
    one = torch.ones(4, dtype=torch.float64)
    fitting = {"kullback-leibler": one}.get(name, 0 * one)
    least = -math.log(4) if name == "gan" else 0.0  # the value of the game, as it was first written down
    assert float(-f_gan(name).discriminator(fitting, fitting)) == pytest.approx(least, abs=1e-12)


def test_the_conjugate_is_the_largest_of_u_t_less_f(name: str) -> None:
    """f*(t) = max over u > 0 of u t − f(u), on a fine grid of u, at t = g(v)."""
    u = torch.logspace(-6, 6, 400_001, dtype=torch.float64)
    for v in (-1.0, 0.0, 0.3, 1.5):
        logit = torch.tensor(v, dtype=torch.float64)
        t = DIVERGENCES[name].activation(logit)
        assert float(DIVERGENCES[name].conjugate(logit)) == pytest.approx(float((u * t - F[name](u)).max()), abs=1e-6)


def test_a_larger_logit_means_more_real(name: str) -> None:
    values = DIVERGENCES[name].activation(torch.linspace(-5, 5, 101, dtype=torch.float64))
    assert bool((values.diff() > 0).all())


def test_the_saturating_generator_descends_the_bound(name: str) -> None:
    generated = torch.randn(6, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    loss = f_gan(name, saturating=True)
    (down,) = torch.autograd.grad(loss.generator(None, generated), generated)
    (up,) = torch.autograd.grad(loss.discriminator(torch.zeros(6, dtype=torch.float64), generated), generated)
    torch.testing.assert_close(down, -up)


@pytest.mark.parametrize("saturating", [False, True])
def test_both_generators_raise_every_logit_that_is_not_best_yet(name: str, saturating: bool) -> None:
    generated = torch.linspace(-1.5, 3, 7, dtype=torch.float64).requires_grad_()
    (slope,) = torch.autograd.grad(f_gan(name, saturating).generator(None, generated), generated)
    assert bool((slope < 0).all())


def test_derivatives_agree_with_finite_differences(name: str) -> None:
    real, generated = torch.randn(2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    for saturating in (False, True):
        loss = f_gan(name, saturating)
        both = (real.clone().requires_grad_(), generated.clone().requires_grad_())
        torch.autograd.gradcheck(loss.discriminator, both)
        torch.autograd.gradgradcheck(loss.discriminator, both)
        torch.autograd.gradcheck(lambda f, loss=loss: loss.generator(None, f), both[1:])


def test_logits_of_a_sure_discriminator_are_finite_where_their_value_is(name: str) -> None:
    sure = torch.tensor([-80.0, 80.0], requires_grad=True)
    loss = f_gan(name)
    (slope,) = torch.autograd.grad(loss.discriminator(sure, sure) + loss.generator(None, sure), sure)
    assert bool(slope.isfinite().all())


def test_jensen_shannon_is_the_minimax_value_and_two_log_two() -> None:
    real, generated = torch.randn(2, 9, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    difference = minimax().discriminator(real, generated) - f_gan("jensen-shannon").discriminator(real, generated)
    assert float(difference) == pytest.approx(2 * math.log(2))


@pytest.mark.parametrize("alpha", [-1.0, 0.3, 2.0, 3.0])
def test_alpha_divergences_at_other_alphas(alpha: float) -> None:
    """At −1 half of Neyman's, at 2 half of Pearson's; the bound is tight at log p/q and below it elsewhere."""
    loss, best = f_gan("alpha", alpha=alpha), (P / Q).log()
    exact = float(((P**alpha * Q ** (1 - alpha)).sum() - 1) / (alpha * (alpha - 1)))
    assert float(-loss.discriminator(*samples(best))) == pytest.approx(exact, rel=1e-12)
    assert float(-loss.discriminator(*samples(best + 0.3))) < exact
    half = {-1.0: "neyman", 2.0: "pearson"}
    if alpha in half:
        assert exact == pytest.approx(float(KNOWN[half[alpha]][0]) / 2)


@pytest.mark.parametrize("weight", [0.1, 0.8])
def test_jensen_shannon_at_other_weights(weight: float) -> None:
    loss, best, mixed = f_gan("weighted-jensen-shannon", weight=weight), (P / Q).log(), weight * P + (1 - weight) * Q
    exact = float(weight * (P * (P / mixed).log()).sum() + (1 - weight) * (Q * (Q / mixed).log()).sum())
    assert float(-loss.discriminator(*samples(best))) == pytest.approx(exact, rel=1e-12)
    assert float(-loss.discriminator(*samples(best - 0.3))) < exact


def test_parameters_that_are_limits_or_no_shares_are_refused() -> None:
    for alpha in (0.0, 1.0):
        with pytest.raises(ValueError, match="take reverse-kullback-leibler or kullback-leibler"):
            f_gan("alpha", alpha=alpha)
    for weight in (0.0, 1.0, -2.0):
        with pytest.raises(ValueError, match="above 0 and below 1"):
            f_gan("weighted-jensen-shannon", weight=weight)


def test_an_unknown_divergence_is_refused_and_the_default_has_a_name() -> None:
    with pytest.raises(ValueError, match="no divergence 'hellinger': choose one of"):
        f_gan("hellinger")  # type: ignore[arg-type]
    assert LOSSES["f-gan"]().paper.startswith("@")
