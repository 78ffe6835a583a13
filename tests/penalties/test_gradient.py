"""Gradient penalties: closed forms on linear discriminators, and their own derivatives against finite differences."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from saddlepoint.penalties import PENALTIES, R1, R2, DiscriminatorPass, Dragan, GradientPenalty, Penalty, ZeroCentred


def noise(shape: Sequence[int]) -> Tensor:
    """The same numbers at every call, as a seeded evaluation has them."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


def seen(discriminator: nn.Module, real: Tensor, generated: Tensor, mix: Tensor | None = None) -> DiscriminatorPass:
    """A pass as a caller makes it: what is to be differentiated requires a gradient before the forward pass."""
    real, generated = (x if x.requires_grad else x.detach().requires_grad_() for x in (real, generated))
    mix = torch.full((len(real), *[1] * (real.dim() - 1)), 0.3, dtype=real.dtype) if mix is None else mix
    return DiscriminatorPass(discriminator, real, generated, discriminator(real), discriminator(generated), mix, noise)


class Linear(nn.Module):
    """D(x) = <w, x>."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.weight


class Smooth(nn.Module):
    """A small discriminator with derivatives of all orders."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(inputs, 4), nn.Tanh(), nn.Linear(4, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x.flatten(1)).squeeze(1)


@pytest.fixture(autouse=True)
def _double_precision():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("shape", [(5, 3), (5, 1, 2, 3)])
@pytest.mark.parametrize("kind", [R1, R2])
def test_r1_and_r2_of_a_linear_discriminator_are_half_gamma_times_its_squared_norm(
    kind, shape: tuple[int, ...]
) -> None:
    weight = torch.randn(torch.Size(shape[1:]).numel())
    value = kind(weight=0.7)(seen(Linear(weight), torch.randn(shape), torch.randn(shape)))
    torch.testing.assert_close(value, 0.35 * weight.square().sum())


@pytest.mark.parametrize("norm", [0.0, 0.5, 1.0, 3.0])
def test_the_gradient_penalty_measures_how_far_the_norm_is_from_one(norm: float) -> None:
    weight = norm * torch.nn.functional.normalize(torch.randn(6), dim=0)
    value = GradientPenalty(weight=10.0)(seen(Linear(weight), torch.randn(4, 6), torch.randn(4, 6)))
    torch.testing.assert_close(value, torch.tensor(10.0 * (norm - 1) ** 2), atol=1e-4, rtol=0)


class Square(nn.Module):
    """D(x) = |x|²/2 has the gradient x, so a penalty sees exactly where it is taken."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).square().sum(1) / 2


def test_the_gradient_penalty_is_taken_between_the_pairs() -> None:
    real, generated, mix = torch.randn(7, 2), torch.randn(7, 2), torch.rand(7, 1)
    between = real + mix * (generated - real)
    value = GradientPenalty(weight=1.0)(seen(Square(), real, generated, mix))
    torch.testing.assert_close(value, ((between.norm(dim=1) - 1) ** 2).mean())


@pytest.mark.parametrize("shape", [(5, 3), (5, 1, 2, 3)])
def test_the_zero_centred_penalty_of_a_linear_discriminator_is_lambda_times_its_squared_norm(
    shape: tuple[int, ...],
) -> None:
    weight = torch.randn(torch.Size(shape[1:]).numel())
    value = ZeroCentred(weight=0.7)(seen(Linear(weight), torch.randn(shape), torch.randn(shape)))
    torch.testing.assert_close(value, 0.7 * weight.square().sum())


def test_the_zero_centred_penalty_is_taken_between_the_pairs() -> None:
    real, generated, mix = torch.randn(7, 2), torch.randn(7, 2), torch.rand(7, 1)
    value = ZeroCentred(weight=1.0)(seen(Square(), real, generated, mix))
    torch.testing.assert_close(value, (real + mix * (generated - real)).square().sum(1).mean())


@pytest.mark.parametrize("shape", [(7, 2), (7, 1, 2, 3)])
def test_dragan_is_taken_around_real_samples_and_nowhere_else(shape: tuple[int, ...]) -> None:
    real = 3 * torch.randn(shape)
    around = real + 0.5 * real.std(correction=0) * (2 * noise(shape) - 1)
    for generated in (torch.randn(shape), torch.randn(4, *shape[1:])):
        value = Dragan(weight=2.0)(seen(Square(), real, generated))
        torch.testing.assert_close(value, 2 * ((around.flatten(1).norm(dim=1) - 1) ** 2).mean(), atol=1e-9, rtol=0)


def test_dragan_without_spread_is_at_the_real_samples_also_where_they_are_all_equal() -> None:
    for real, spread in ((torch.randn(4, 2), 0.0), (torch.ones(4, 2), 0.5)):
        value = Dragan(weight=1.0, spread=spread)(seen(Square(), real, torch.randn(4, 2)))
        torch.testing.assert_close(value, ((real.norm(dim=1) - 1) ** 2).mean(), atol=1e-9, rtol=0)


def test_dragan_draws_from_the_generator_that_a_batch_seeds_and_others_draw_nothing() -> None:
    discriminator, real, generated = Smooth(3), torch.randn(4, 3), torch.randn(4, 3)
    unseeded = seen(discriminator, real, generated)
    plain = DiscriminatorPass(
        discriminator, unseeded.real, unseeded.generated, unseeded.real_logits, unseeded.generated_logits, unseeded.mix
    )
    for name, kind in PENALTIES.items():
        torch.manual_seed(3)
        state = torch.get_rng_state()
        first = kind(weight=1.0)(plain)
        assert torch.equal(torch.get_rng_state(), state) == (name != "dragan"), name
        torch.manual_seed(3)
        assert torch.equal(kind(weight=1.0)(plain), first), name


def test_a_negative_spread_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        Dragan(spread=-1.0)


def test_each_sample_has_its_own_gradient() -> None:
    """R1 of D(x) = |x|²/2 is γ/2 E|x|²: no sample's gradient leaks into another's."""
    x = torch.randn(6, 3, requires_grad=True)
    logits = x.square().sum(1) / 2
    value = R1(weight=2.0)(DiscriminatorPass(lambda s: s.square().sum(1) / 2, x, x, logits, logits, torch.zeros(6, 1)))
    torch.testing.assert_close(value, x.square().sum(1).mean())


@pytest.mark.parametrize(("kind", "paid"), [(R1, 0.35), (R2, 0.35), (ZeroCentred, 0.7)])
def test_a_discriminator_of_patches_pays_for_the_sum_of_a_samples_logits(kind, paid: float) -> None:
    """D_p(x) = ⟨w_p, x⟩ for patches p, in a map: the gradient of their sum is Σ w_p."""
    weights = torch.randn(6, 3)

    def discriminator(x: Tensor) -> Tensor:
        return (x @ weights.T).view(-1, 2, 3)

    value = kind(weight=0.7)(seen(discriminator, torch.randn(5, 3), torch.randn(5, 3)))  # type: ignore[arg-type]
    torch.testing.assert_close(value, paid * weights.sum(0).square().sum())


@pytest.mark.parametrize("name", PENALTIES)
def test_every_penalty_of_a_map_of_one_logit_is_that_of_the_logit(name: str) -> None:
    discriminator, real, generated = Smooth(3), torch.randn(4, 3), torch.randn(4, 3)
    plain, mapped = (
        PENALTIES[name](weight=1.3)(seen(judge, real, generated))  # type: ignore[arg-type]
        for judge in (discriminator, lambda x: discriminator(x)[:, None, None])
    )
    torch.testing.assert_close(mapped, plain)


def penalty_of_parameters(penalty: Penalty, discriminator: nn.Module, real: Tensor, generated: Tensor):
    """The penalty as a function of the discriminator's parameters."""
    names = [name for name, _ in discriminator.named_parameters()]

    def value(*parameters: Tensor) -> Tensor:
        def moved(x: Tensor) -> Tensor:
            return functional_call(discriminator, dict(zip(names, parameters, strict=True)), (x,))

        return penalty(seen(moved, real, generated))  # type: ignore[arg-type]

    return value


@pytest.mark.parametrize("name", PENALTIES)
def test_first_and_second_derivatives_in_the_discriminator_agree_with_finite_differences(name: str) -> None:
    """A method of second order differentiates the gradient of a penalty, itself a gradient: three times in all."""
    discriminator, penalty = Smooth(3), PENALTIES[name](weight=1.3)
    value = penalty_of_parameters(penalty, discriminator, torch.randn(3, 3), torch.randn(3, 3))
    parameters = tuple(discriminator.parameters())
    torch.autograd.gradcheck(value, parameters)
    torch.autograd.gradgradcheck(value, parameters)


@pytest.mark.parametrize("name", ["r2", "gradient-penalty", "zero-centred", "lecam"])
def test_the_generators_parameters_are_reached_through_generated_samples(name: str) -> None:
    """∂²L_D/∂θ_D∂θ_G is a block of the game's Jacobian, so the graph behind `generated` stays."""
    discriminator, penalty = Smooth(2), PENALTIES[name](weight=1.3)
    real, latent = torch.randn(4, 2), torch.randn(4, 3)

    def value(weights: Tensor) -> Tensor:
        return penalty(seen(discriminator, real, torch.tanh(latent @ weights)))

    weights = torch.randn(3, 2, requires_grad=True)
    torch.autograd.gradcheck(value, (weights,))
    torch.autograd.gradgradcheck(value, (weights,))


def test_r1_does_not_touch_generated_samples_nor_r2_real_ones() -> None:
    discriminator, plain = Smooth(2), torch.randn(4, 2)
    for kind, real, generated in (
        (R1, plain.clone().requires_grad_(), plain),
        (R2, plain, plain.clone().requires_grad_()),
    ):
        assert kind.differentiates_real == real.requires_grad
        assert kind.differentiates_generated == generated.requires_grad
        value = kind()(
            DiscriminatorPass(
                discriminator, real, generated, discriminator(real), discriminator(generated), torch.zeros(4, 1)
            )
        )
        assert value.shape == ()


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_is_proportional_to_its_weight_and_leaves_no_gradient_behind(name: str) -> None:
    discriminator = Smooth(3)
    real, generated = torch.randn(3, 3), torch.randn(3, 3)
    one, two = (PENALTIES[name](weight=w)(seen(discriminator, real, generated)) for w in (1.0, 2.0))
    torch.testing.assert_close(two, 2 * one)
    assert all(p.grad is None for p in discriminator.parameters())


@pytest.mark.parametrize("name", PENALTIES)
def test_a_negative_weight_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        PENALTIES[name](weight=-1.0)


@pytest.mark.parametrize("kind", [GradientPenalty, ZeroCentred])
def test_penalties_on_segments_name_batches_that_do_not_pair(kind) -> None:
    with pytest.raises(ValueError, match="one size"):
        kind()(seen(Smooth(2), torch.randn(4, 2), torch.randn(3, 2)))
