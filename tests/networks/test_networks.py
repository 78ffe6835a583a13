"""Shapes, starts and derivatives of every network in the registry."""

import inspect
import typing
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import silu

from saddlepoint.networks import (
    NETWORKS,
    ConvolutionalDiscriminator,
    ConvolutionalGenerator,
    MLPDiscriminator,
    MLPGenerator,
)
from saddlepoint.networks.convolutional import Block

GENERATORS = [name for name in NETWORKS if name.endswith("generator")]
#: Of what is no image or sound: their shapes are those of their own tests.
OWN = ("table", "window", "sequence", "vocoder")
DISCRIMINATORS = [name for name in NETWORKS if name.endswith("discriminator") and not name.startswith(OWN)]
#: A logit for each patch or pixel; their shapes are those of tests/networks/test_maps.py.
MAPS = ["patch-discriminator", "unet-discriminator"]
TRANSLATORS = [name for name in NETWORKS if name.endswith(("translator", "resolver"))]
OTHERS = [
    *(*MAPS, *TRANSLATORS),
    *(name for name in NETWORKS if name.startswith(("mlp", "maxout", *OWN))),
]
#: Of raw sounds, (channels, samples); their shapes are those of tests/networks/test_wavegan.py.
SOUNDS = [name for name in NETWORKS if name.startswith("wavegan")]
IMAGES = [name for name in NETWORKS if name not in (*OTHERS, *SOUNDS)]
SHAPES = [
    *((1, side, side) for side in (8, 20, 24, 28)),
    *((3, side, side) for side in (16, 32, 64, 256)),
    *((2, 16, 24), (1, 48, 64), (3, 128, 64)),
]


TINY = {
    "mlp-generator": {"widths": (6,)},
    "mlp-discriminator": {"widths": (6,)},
    "maxout-discriminator": {"widths": (6, 4), "pieces": 3},
    "convolutional-generator": {"width": 2, "depth": 1},
    "convolutional-discriminator": {"width": 2, "depth": 1},
    "dcgan-generator": {"width": 2},
    "dcgan-discriminator": {"width": 2},
    "sngan-generator": {"width": 2, "widest": 4},
    "sngan-discriminator": {"width": 2, "widest": 4},
    "residual-generator": {"width": 2, "widest": 8, "group": 2},
    "residual-discriminator": {"width": 2, "widest": 8, "group": 2},
    "patch-discriminator": {"width": 2, "depth": 1},
    "unet-discriminator": {"width": 2, "depth": 1},
    "table-generator": {"width": 4, "depth": 1},
    "wavegan-generator": {"width": 2, "kernel": 5},
    "wavegan-discriminator": {"width": 2, "kernel": 5},
    "window-generator": {"width": 4, "depth": 1},
    "window-discriminator": {"widths": (6,)},
}
#: Images that go through every kind of layer that a network has: the first layer of DCGAN's is not normalised.
SMALLEST = {name: (1, 16, 16) if name.startswith(("dcgan", "patch")) else (1, 8, 8) for name in NETWORKS}
SMALLEST |= {name: (1, 64) for name in NETWORKS if name.startswith("wavegan")}
#: Sums of |weight| at 8x8 under seed 0, as version 0.1 had them.
FIRST = {
    "mlp-generator": 1266.2527972953412,
    "mlp-discriminator": 1252.4219131001173,
    "convolutional-generator": 980.6764467915054,
    "convolutional-discriminator": 163.51460577489343,
}
#: Whose numbers in training depend on the minibatch or on earlier passes.
NORMALISED = {
    "dcgan-generator",
    "dcgan-discriminator",
    "sngan-generator",
    "sngan-discriminator",
    "unet-discriminator",
}


def network(name: str, shape: tuple[int, ...], **dials: object) -> nn.Module:
    torch.manual_seed(0)
    return NETWORKS[name](shape=shape, **({"latent": 5} if name in GENERATORS else {}), **dials)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", [name for name in GENERATORS if name not in ("table-generator", *SOUNDS)])
def test_a_generator_maps_latents_to_images(name: str, shape: tuple[int, int, int]) -> None:
    assert network(name, shape, **TINY[name])(torch.randn(3, 5)).shape == (3, *shape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", [name for name in DISCRIMINATORS if name not in (*MAPS, *SOUNDS)])
def test_a_discriminator_maps_images_to_one_logit_each(name: str, shape: tuple[int, int, int]) -> None:
    assert network(name, shape, **TINY[name])(torch.randn(3, *shape)).shape == (3,)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_logit_depends_on_its_own_sample_alone(name: str, training: bool) -> None:
    shape = (1, 256) if name in SOUNDS else (1, 16, 16)
    judge = network(name, shape, **TINY[name]).double().train(training)
    images = torch.randn(4, *shape, dtype=torch.float64)
    alone = torch.allclose(judge(images)[:1], judge(images[:1]))
    assert alone is not (training and name in NORMALISED)


@pytest.mark.parametrize("name", NETWORKS)
def test_arguments_are_a_typed_configuration(name: str) -> None:
    plain = (int, float, bool, str)
    hints = typing.get_type_hints(NETWORKS[name].__init__)
    for key, parameter in inspect.signature(NETWORKS[name]).parameters.items():
        if key in ("source", "shape", "latent", "base"):  # what the task gives
            continue
        assert parameter.default is not inspect.Parameter.empty
        assert (
            hints[key] in plain
            or hints[key] in (tuple[int, ...], tuple[float, ...])
            or typing.get_origin(hints[key]) is typing.Literal
        )


def penalised(judge: nn.Module, parameters: dict[str, Tensor], images: Tensor) -> Tensor:
    """½E|∇D|², whose gradient in the parameters goes through the network twice."""
    logits = functional_call(judge, parameters, (images,))
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean() / 2


def stirred(module: nn.Module) -> nn.Module:
    """Away from the special start, where whole branches are zero and hide what is wrong in them."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return module


@pytest.mark.parametrize(
    ("name", "dials"),
    [
        *((name, TINY[name]) for name in DISCRIMINATORS),
        ("mlp-discriminator", {"widths": (6,), "spectral": True, "deviation": True}),
        ("mlp-discriminator", {"widths": (6,), "activation": "silu", "packing": 2}),
        ("maxout-discriminator", {"widths": (6,), "spectral": True, "deviation": True}),
        ("convolutional-discriminator", {"width": 2, "spectral": True, "attention": 4, "deviation": True}),
        ("dcgan-discriminator", {"width": 2, "attention": 4, "deviation": True}),
        ("sngan-discriminator", {"width": 2, "widest": 4, "attention": 4, "deviation": True}),
        ("residual-discriminator", {**TINY["residual-discriminator"], "attention": 8, "deviation": True}),
        ("patch-discriminator", {"width": 2, "depth": 1, "scales": 2, "normalisation": "instance", "spectral": True}),
    ],
)
def test_a_gradient_penalty_is_differentiated_rightly(name: str, dials: dict[str, object]) -> None:
    """The central difference along a direction v equals ⟨gradient, v⟩."""
    shape = SMALLEST[name]
    judge = stirred(network(name, shape, **dials).double())
    if name in ("sngan-discriminator", "unet-discriminator") or dials.get("spectral"):
        judge.eval()  # a training pass moves the vectors of the power method
    images = torch.randn(4, *shape, dtype=torch.float64, requires_grad=True)
    point = {key: p.detach() for key, p in judge.named_parameters()}
    direction = {key: torch.randn_like(p) for key, p in point.items()}

    def at(step: float) -> float:
        return float(penalised(judge, {k: p + step * direction[k] for k, p in point.items()}, images).detach())

    leaves = {key: p.clone().requires_grad_() for key, p in point.items()}
    gradients = torch.autograd.grad(penalised(judge, leaves, images), list(leaves.values()), allow_unused=True)
    slope = sum(float((g * direction[k]).sum()) for k, g in zip(leaves, gradients, strict=True) if g is not None)
    assert (at(1e-6) - at(-1e-6)) / 2e-6 == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "dials"),
    [
        *((name, TINY[name]) for name in GENERATORS),
        ("mlp-generator", {"widths": (6,), "normalisation": "batch", "activation": "tanh"}),
        ("convolutional-generator", {"width": 2, "attention": 4}),
        ("dcgan-generator", {"width": 2, "attention": 8}),
        ("sngan-generator", {"width": 2, "widest": 4, "attention": 8}),
        ("residual-generator", {**TINY["residual-generator"], "attention": 4}),
    ],
)
def test_a_second_derivative_of_a_generator_is_right(name: str, dials: dict[str, object]) -> None:
    """H v, by differentiating the gradient, equals the central difference of gradients along v."""
    make = stirred(network(name, SMALLEST[name], **dials).double())
    latent = torch.randn(4, 5, dtype=torch.float64)
    point = {key: p.detach() for key, p in make.named_parameters()}
    direction = {key: torch.randn_like(p) for key, p in point.items()}

    def gradient(step: float, create_graph: bool = False) -> tuple[list[Tensor], tuple[Tensor, ...]]:
        leaves = {key: (p + step * direction[key]).requires_grad_() for key, p in point.items()}
        value = functional_call(make, leaves, (latent,)).pow(3).mean()
        return list(leaves.values()), torch.autograd.grad(value, list(leaves.values()), create_graph=create_graph)

    leaves, exact = gradient(0.0, create_graph=True)
    along = sum((g * v).sum() for g, v in zip(exact, direction.values(), strict=True))
    product = torch.autograd.grad(along, leaves, allow_unused=True, materialize_grads=True)
    step = 1e-6
    differences = [(a - b) / (2 * step) for a, b in zip(gradient(step)[1], gradient(-step)[1], strict=True)]
    scale = max(float(d.abs().max()) for d in differences)
    assert scale > 0
    for p, d in zip(product, differences, strict=True):
        torch.testing.assert_close(p, d, rtol=1e-4, atol=1e-6 * scale)


def test_weights_of_earlier_versions_fit() -> None:
    """Names of weights in runs that were made before classes, packing and the like came in."""
    layers = [f"body.{k}.{part}" for k in (0, 2, 4) for part in ("weight", "bias")]
    assert list(MLPGenerator((1, 8, 8), 5).state_dict()) == layers
    assert list(MLPDiscriminator((1, 8, 8)).state_dict()) == layers
    ends = {side: [f"{side}.weight", f"{side}.bias"] for side in ("first", "last")}
    block = [f"{part}.{kind}" for part in ("first", "second") for kind in ("weight", "bias")]
    up = [*(f"body.0.{part}" for part in block), "body.2.weight", "body.2.bias"]
    down = ["body.0.weight", "body.0.bias", *(f"body.1.{part}" for part in block)]
    assert list(ConvolutionalGenerator((1, 8, 8), 5, depth=1).state_dict()) == ends["first"] + up
    assert list(ConvolutionalDiscriminator((1, 8, 8), depth=1).state_dict()) == down + ends["last"]


def test_the_first_numbers_of_a_seed_are_those_of_earlier_versions() -> None:
    """A run's bits depend on the order of draws."""
    sums = [
        float(sum(p.detach().double().abs().sum() for p in network(name, (1, 8, 8)).parameters())) for name in FIRST
    ]
    assert sums == pytest.approx(list(FIRST.values()), rel=1e-9)


def test_the_classical_system_has_its_classical_size() -> None:
    def count(module: nn.Module) -> int:
        return sum(p.numel() for p in module.parameters())

    make, judge = MLPGenerator((1, 28, 28), 100, output="sigmoid"), MLPDiscriminator((1, 28, 28))
    assert count(make) == 100 * 128 + 128 + 128 * 128 + 128 + 128 * 784 + 784
    assert count(judge) == 784 * 128 + 128 + 128 * 128 + 128 + 128 + 1


@pytest.mark.parametrize(("output", "low", "high"), [("sigmoid", 0.0, 1.0), ("tanh", -1.0, 1.0)])
@pytest.mark.parametrize(
    "name", [name for name in GENERATORS if name not in SOUNDS and not name.startswith(("table", "window"))]
)
def test_an_output_keeps_its_range(name: str, output: str, low: float, high: float) -> None:
    make = network(name, (1, 8, 8), output=output, **TINY[name])
    last = [layer for layer in make.modules() if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)][-1]
    with torch.no_grad():
        last.weight.mul_(1e5)
        images = make(torch.randn(8, 5))
    assert float(images.min()) == low
    assert float(images.max()) == high


@pytest.mark.parametrize("name", ["mlp-generator", "mlp-discriminator", "maxout-discriminator"])
def test_fully_connected_networks_take_points_of_the_plane(name: str) -> None:
    x = torch.randn(3, 5 if name in GENERATORS else 2)
    assert network(name, (2,))(x).shape == ((3, 2) if name in GENERATORS else (3,))


@pytest.mark.parametrize(("activation", "function"), [("relu", torch.relu), ("tanh", torch.tanh), ("silu", silu)])
def test_an_activation_is_the_one_of_its_name(activation: str, function: Callable[[Tensor], Tensor]) -> None:
    judge = MLPDiscriminator((2,), widths=(4,), activation=activation)
    x = torch.randn(3, 2)
    torch.testing.assert_close(judge(x), judge.body[2](function(judge.body[0](x))).squeeze(1))


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


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize(
    ("shape", "remedy"),
    [((1, 30, 30), "28x28|32x32"), ((1, 6, 6), "8x8"), ((3, 66, 64), "64x64"), ((1, 4, 8), "8x8")],
)
def test_sizes_that_do_not_halve_are_refused_with_a_size_that_does(
    name: str, shape: tuple[int, int, int], remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        network(name, shape)


@pytest.mark.parametrize(
    ("name", "dials"),
    [
        *((name, {"width": 0}) for name in IMAGES),
        ("convolutional-generator", {"depth": -1}),
        ("convolutional-discriminator", {"depth": -1}),
        ("residual-generator", {"depth": 0}),
        ("residual-discriminator", {"group": 0}),
        ("sngan-discriminator", {"flat": -1}),
        ("sngan-generator", {"width": 64, "widest": 32}),
    ],
)
def test_dials_out_of_range_are_refused(name: str, dials: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        network(name, (1, 8, 8), **dials)


def test_channels_that_do_not_fill_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="12 channels times expansion 2 don't divide into groups of 16"):
        network("residual-generator", (1, 8, 8), width=12)


@pytest.mark.parametrize("name", IMAGES)
def test_attention_at_a_grid_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="attention is at side 5"):
        network(name, (1, 16, 16), attention=5)


@pytest.mark.parametrize("name", ["mlp-generator", "mlp-discriminator", "maxout-discriminator"])
def test_a_layer_without_units_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        network(name, (1, 8, 8), widths=(16, 0))
