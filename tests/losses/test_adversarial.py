"""Values, minimisers and symmetries of the adversarial losses."""

import math

import pytest
import torch
from torch import Tensor

from saddlepoint.losses import LOSSES, AdversarialLoss

ZERO = torch.zeros(6, dtype=torch.float64)
LOG2 = math.log(2)


@pytest.fixture
def logits() -> tuple[Tensor, Tensor]:
    source = torch.Generator().manual_seed(0)
    return torch.randn(2, 8, dtype=torch.float64, generator=source).mul(2).unbind(0)


@pytest.fixture(params=LOSSES)
def loss(request: pytest.FixtureRequest) -> AdversarialLoss:
    return LOSSES[request.param]()


def generator_loss(loss: AdversarialLoss, real: Tensor, generated: Tensor) -> Tensor:
    return loss.generator(real if loss.generator_sees_real else None, generated)


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        ("minimax", 2 * LOG2, -2 * LOG2),
        ("non-saturating", 2 * LOG2, LOG2),
        ("least-squares", 0.5, 0.5),
        ("hinge", 2.0, 0.0),
        ("wasserstein", 0.0, 0.0),
        ("relativistic", LOG2, LOG2),
        ("relativistic-average", 2 * LOG2, 2 * LOG2),
        ("f-gan", 0.0, 0.0),
        ("top-k", 2 * LOG2, LOG2),
        ("double-sigmoid", math.log1p(math.exp(-0.5)) + math.log1p(math.exp(0.5)), math.log1p(math.exp(-0.5))),
    ],
)
def test_values_where_the_discriminator_answers_zero(name: str, discriminator: float, generator: float) -> None:
    loss = LOSSES[name]()
    assert float(loss.discriminator(ZERO, ZERO)) == pytest.approx(discriminator, rel=1e-12)
    assert float(generator_loss(loss, ZERO, ZERO)) == pytest.approx(generator, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        # r = 1, f = -2; sigma(1) = .731059, sigma(-2) = .119203
        ("minimax", 0.313262 + 0.126928, -0.313262 - 0.126928),
        ("non-saturating", 0.313262 + 0.126928, 2.126928),
        ("least-squares", 2.0, 4.5),
        ("hinge", 0.0, 2.0),
        ("wasserstein", -3.0, 2.0),
        ("relativistic", 0.048587, 3.048587),
        ("relativistic-average", 2 * 0.048587, 2 * 3.048587),
        ("f-gan", 0.313262 + 0.126928 - 2 * LOG2, 2.126928 - LOG2),
        ("top-k", 0.313262 + 0.126928, 2.126928),
    ],
)
def test_values_worked_by_hand(name: str, discriminator: float, generator: float) -> None:
    loss, real, generated = LOSSES[name](), torch.tensor([1.0]), torch.tensor([-2.0])
    assert float(loss.discriminator(real, generated)) == pytest.approx(discriminator, abs=1e-5)
    assert float(generator_loss(loss, real, generated)) == pytest.approx(generator, abs=1e-5)


def test_losses_are_scalars_and_means_over_the_batch(loss: AdversarialLoss, logits: tuple[Tensor, Tensor]) -> None:
    real, generated = logits
    for pair in (loss.discriminator, lambda r, f: generator_loss(loss, r, f)):
        value = pair(real, generated)
        assert value.shape == ()
        torch.testing.assert_close(pair(real.repeat(3), generated.repeat(3)), value)


def test_gradients_agree_with_finite_differences(loss: AdversarialLoss, logits: tuple[Tensor, Tensor]) -> None:
    real, generated = (x.clone().requires_grad_() for x in logits)
    torch.autograd.gradcheck(loss.discriminator, (real, generated))
    torch.autograd.gradcheck(lambda f: generator_loss(loss, real.detach(), f), (generated,))


@pytest.mark.parametrize("size", [1e3, 1e12])
def test_sure_logits_give_finite_losses_and_gradients(loss: AdversarialLoss, size: float) -> None:
    for sign in (1.0, -1.0):
        real, generated = torch.full((2, 3), sign * size).mul(torch.tensor([[1.0], [-1.0]])).requires_grad_().unbind(0)
        total = loss.discriminator(real, generated) + generator_loss(loss, real, generated)
        gradients = torch.autograd.grad(total, (real, generated))
        assert all(g.isfinite().all() for g in gradients)


def test_the_minimax_game_is_zero_sum(logits: tuple[Tensor, Tensor]) -> None:
    loss = LOSSES["minimax"]()
    assert loss.generator_sees_real
    assert float(loss.discriminator(*logits) + loss.generator(*logits)) == 0.0


def test_minimax_has_the_generators_gradient_of_the_value_function(logits: tuple[Tensor, Tensor]) -> None:
    real, generated = logits[0], logits[1].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(LOSSES["minimax"]().generator(real, generated), generated)
    torch.testing.assert_close(gradient, -torch.sigmoid(generated.detach()) / len(generated))


def test_minimax_saturates_where_non_saturating_does_not() -> None:
    sure = torch.full((1,), -20.0, dtype=torch.float64, requires_grad=True)  # "surely generated"
    slopes = {}
    for name in ("minimax", "non-saturating"):
        (slopes[name],) = torch.autograd.grad(generator_loss(LOSSES[name](), ZERO[:1], sure), sure)
    assert abs(float(slopes["minimax"])) < 1e-8
    assert float(slopes["non-saturating"]) == pytest.approx(-1.0, abs=1e-8)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize(
    ("name", "minimiser"),
    [
        ("minimax", lambda p: math.log(p / (1 - p))),
        ("non-saturating", lambda p: math.log(p / (1 - p))),
        ("least-squares", lambda p: p),
    ],
)
def test_the_best_logit_of_a_sample_that_is_real_with_probability_p(name: str, minimiser, p: float) -> None:
    loss = LOSSES[name]()
    best = torch.full((1,), minimiser(p), dtype=torch.float64, requires_grad=True)
    # discriminator(r, f) is a sum of a part in r and one in f, so its slopes weigh separately.
    real, generated = best.detach().requires_grad_(), best.detach().requires_grad_()
    slopes = torch.autograd.grad(loss.discriminator(real, generated), (real, generated))
    assert float(p * slopes[0] + (1 - p) * slopes[1]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("p", "best"), [(0.3, -1.0), (0.7, 1.0)])
def test_the_best_hinge_logit_is_the_sign(p: float, best: float) -> None:
    hinge, sure = LOSSES["hinge"]().discriminator, torch.full((1,), 100.0)
    grid = torch.linspace(-3, 3, 601)
    values = [p * hinge(x[None], -sure) + (1 - p) * hinge(sure, x[None]) for x in grid]
    assert float(grid[int(torch.stack(values).argmin())]) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("name", ["relativistic", "relativistic-average", "wasserstein"])
def test_a_constant_added_to_the_discriminator_changes_nothing(name: str, logits: tuple[Tensor, Tensor]) -> None:
    loss, (real, generated) = LOSSES[name](), logits
    torch.testing.assert_close(loss.discriminator(real + 5, generated + 5), loss.discriminator(real, generated))


@pytest.mark.parametrize("name", ["relativistic", "relativistic-average"])
def test_the_relativistic_players_swap_roles(name: str, logits: tuple[Tensor, Tensor]) -> None:
    loss, (real, generated) = LOSSES[name](), logits
    torch.testing.assert_close(loss.generator(real + 5, generated + 5), loss.generator(real, generated))
    torch.testing.assert_close(loss.generator(real, generated), loss.discriminator(generated, real))


def test_relativistic_names_batches_that_do_not_pair() -> None:
    with pytest.raises(ValueError, match="one size"):
        LOSSES["relativistic"]().discriminator(torch.zeros(4), torch.zeros(3))


@pytest.mark.parametrize("name", sorted(set(LOSSES) - {"minimax", "relativistic", "relativistic-average"}))
def test_other_generators_do_without_real_logits(name: str) -> None:
    assert not LOSSES[name]().generator_sees_real
    assert LOSSES[name]().generator(None, ZERO).isfinite()


def test_the_relativistic_average_judges_each_sample_against_the_mean_of_the_other_side() -> None:
    real, generated = torch.tensor([1.0, 3.0]), torch.tensor([-1.0, 0.0, 4.0])  # means 2 and 1
    loss = LOSSES["relativistic-average"]().discriminator(real, generated)
    first = (math.log1p(math.exp(-0.0)) + math.log1p(math.exp(-2.0))) / 2
    second = (math.log1p(math.exp(-3.0)) + math.log1p(math.exp(-2.0)) + math.log1p(math.exp(2.0))) / 3
    assert float(loss) == pytest.approx(first + second, rel=1e-6)


def test_a_doubled_sigmoid_has_a_floor() -> None:
    """As low as any logits get it: softplus(-1) + softplus(0), where the plain loss reaches 0."""
    real, generated = torch.tensor([50.0]), torch.tensor([-50.0])
    floor = math.log1p(math.exp(-1)) + LOG2
    assert float(LOSSES["double-sigmoid"]().discriminator(real, generated)) == pytest.approx(floor, abs=1e-6)
    assert float(LOSSES["non-saturating"]().discriminator(real, generated)) == pytest.approx(0.0, abs=1e-6)


def test_a_doubled_sigmoid_shrinks_the_gradient() -> None:
    """At logit f the generator's slope is (1 - sigma(p)) p (1 - p), p = sigma(f), in place of 1 - p."""
    f = torch.tensor([-4.0], dtype=torch.float64, requires_grad=True)
    p = torch.sigmoid(f.detach())
    (slope,) = torch.autograd.grad(LOSSES["double-sigmoid"]().generator(None, f), f)
    torch.testing.assert_close(slope, -(1 - torch.sigmoid(p)) * p * (1 - p))
    (plain,) = torch.autograd.grad(LOSSES["non-saturating"]().generator(None, f), f)
    assert float(slope / plain) < 0.01
