"""Shapes, starts and derivatives of every network in the registry."""

import inspect
import typing

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from saddlepoint.networks import (
    NETWORKS,
    ConvolutionalDiscriminator,
    ConvolutionalGenerator,
    MLPDiscriminator,
    MLPGenerator,
)
from saddlepoint.networks.convolutional import Block

GENERATORS = [name for name in NETWORKS if name.endswith("generator")]
DISCRIMINATORS = [name for name in NETWORKS if name.endswith("discriminator")]
SHAPES = [(1, 8, 8), (3, 16, 16), (1, 28, 28), (3, 32, 32), (1, 16, 24)]


def network(name: str, shape: tuple[int, int, int], **dials: object) -> nn.Module:
    torch.manual_seed(0)
    return NETWORKS[name](shape=shape, **({"latent": 5} if name in GENERATORS else {}), **dials)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_maps_latents_to_images(name: str, shape: tuple[int, int, int]) -> None:
    assert network(name, shape)(torch.randn(3, 5)).shape == (3, *shape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_discriminator_maps_images_to_one_logit_each(name: str, shape: tuple[int, int, int]) -> None:
    assert network(name, shape)(torch.randn(3, *shape)).shape == (3,)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_logit_depends_on_its_own_sample_alone(name: str) -> None:
    judge, images = network(name, (1, 8, 8)).double(), torch.randn(4, 1, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(judge(images)[:1], judge(images[:1]))


@pytest.mark.parametrize("name", NETWORKS)
def test_arguments_are_a_typed_configuration(name: str) -> None:
    plain = (int, float, bool, str)
    hints = typing.get_type_hints(NETWORKS[name].__init__)
    for key, parameter in inspect.signature(NETWORKS[name]).parameters.items():
        if key in ("shape", "latent"):
            continue
        assert parameter.default is not inspect.Parameter.empty
        assert hints[key] in plain or hints[key] == tuple[int, ...] or typing.get_origin(hints[key]) is typing.Literal


def penalised(judge: nn.Module, parameters: dict[str, Tensor], images: Tensor) -> Tensor:
    """½E|∇D|², whose gradient in the parameters goes through the network twice."""
    logits = functional_call(judge, parameters, (images,))
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean() / 2


@pytest.mark.parametrize(
    ("name", "dials"),
    [("mlp-discriminator", {"widths": (6,)}), ("convolutional-discriminator", {"width": 2, "depth": 1})],
)
def test_a_gradient_penalty_is_differentiated_rightly(name: str, dials: dict[str, object]) -> None:
    """The central difference along a direction v equals ⟨gradient, v⟩."""
    judge = network(name, (1, 8, 8), **dials).double()
    images = torch.randn(2, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    point = {key: p.detach() for key, p in judge.named_parameters()}
    direction = {key: torch.randn_like(p) for key, p in point.items()}

    def at(step: float) -> float:
        return float(penalised(judge, {k: p + step * direction[k] for k, p in point.items()}, images).detach())

    leaves = {key: p.clone().requires_grad_() for key, p in point.items()}
    gradients = torch.autograd.grad(penalised(judge, leaves, images), list(leaves.values()), allow_unused=True)
    slope = sum(float((g * direction[k]).sum()) for k, g in zip(leaves, gradients, strict=True) if g is not None)
    assert (at(1e-6) - at(-1e-6)) / 2e-6 == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "dials"), [("mlp-generator", {"widths": (6,)}), ("convolutional-generator", {"width": 2, "depth": 1})]
)
def test_a_second_derivative_of_a_generator_exists(name: str, dials: dict[str, object]) -> None:
    make = network(name, (1, 8, 8), **dials).double()
    parameters = list(make.parameters())
    value = make(torch.randn(2, 5, dtype=torch.float64)).pow(3).sum()
    gradients = torch.autograd.grad(value, parameters, create_graph=True)
    product = torch.autograd.grad(sum(g.square().sum() for g in gradients), parameters, allow_unused=True)
    assert all(p is None or p.isfinite().all() for p in product)
    assert any(p is not None and p.abs().max() > 0 for p in product)


def test_the_classical_system_has_its_classical_size() -> None:
    def count(module: nn.Module) -> int:
        return sum(p.numel() for p in module.parameters())

    make, judge = MLPGenerator((1, 28, 28), 100, output="sigmoid"), MLPDiscriminator((1, 28, 28))
    assert count(make) == 100 * 128 + 128 + 128 * 128 + 128 + 128 * 784 + 784
    assert count(judge) == 784 * 128 + 128 + 128 * 128 + 128 + 128 + 1


@pytest.mark.parametrize(("output", "low", "high"), [("sigmoid", 0.0, 1.0), ("tanh", -1.0, 1.0)])
@pytest.mark.parametrize("name", GENERATORS)
def test_an_output_keeps_its_range(name: str, output: str, low: float, high: float) -> None:
    images = network(name, (1, 8, 8), output=output)(1e4 * torch.randn(8, 5)).detach()
    assert float(images.min()) == low
    assert float(images.max()) == high


def test_an_mlp_without_hidden_layers_is_affine() -> None:
    make = MLPGenerator((1, 2, 2), 5, widths=()).double()
    a, b = torch.randn(2, 1, 5, dtype=torch.float64)
    torch.testing.assert_close(make(a) + make(b), make(a + b) + make(torch.zeros_like(a)))


def test_the_slope_of_the_leaky_relu_is_a_dial() -> None:
    """With slope 1 the network is affine: f(x) + f(-x) = 2 f(0)."""
    judge = MLPDiscriminator((1, 2, 2), slope=1.0).double()
    x = torch.randn(3, 1, 2, 2, dtype=torch.float64)
    torch.testing.assert_close(judge(x) + judge(-x), 2 * judge(torch.zeros_like(x)))


def test_a_residual_block_starts_as_the_identity() -> None:
    x = torch.randn(2, 3, 4, 4)
    assert torch.equal(Block(3)(x), x)


@pytest.mark.parametrize("depth", [0, 2])
@pytest.mark.parametrize("size", [8, 32, 64])
def test_signals_keep_their_size_at_the_start(size: int, depth: int) -> None:
    """He's variances: whatever the number of grids, unit input gives outputs of order one."""
    torch.manual_seed(0)
    shape = (3, size, size)
    make, judge = ConvolutionalGenerator(shape, 64, 8, depth), ConvolutionalDiscriminator(shape, 8, depth)
    with torch.no_grad():
        images, logits = make(torch.randn(32, 64)), judge(torch.randn(32, *shape))
    assert 0.4 < float(images.std()) < 2.5
    assert 0.3 < float(logits.square().mean().sqrt()) < 2.5


@pytest.mark.parametrize("name", ["convolutional-generator", "convolutional-discriminator"])
@pytest.mark.parametrize(
    ("shape", "remedy"),
    [((1, 30, 30), "28x28|32x32"), ((1, 6, 6), "8x8"), ((3, 66, 64), "64x64"), ((1, 4, 8), "8x8")],
)
def test_sizes_that_do_not_halve_are_refused_with_a_size_that_does(
    name: str, shape: tuple[int, int, int], remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        network(name, shape)


@pytest.mark.parametrize("name", ["convolutional-generator", "convolutional-discriminator"])
@pytest.mark.parametrize("dials", [{"width": 0}, {"depth": -1}])
def test_dials_out_of_range_are_refused(name: str, dials: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        network(name, (1, 8, 8), **dials)


@pytest.mark.parametrize("name", ["mlp-generator", "mlp-discriminator"])
def test_a_layer_without_units_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        network(name, (1, 8, 8), widths=(16, 0))
