"""Translators take images of any size."""

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from saddlepoint.components.registries import NETWORK_REGISTRY
from saddlepoint.configuration import ConfigurationError
from saddlepoint.networks import NETWORKS, Base, Translator


class Seen(Translator):
    """Repeats every pixel scale x scale, and remembers what it was given."""

    def translate(self, images: Tensor) -> Tensor:
        self.given = images
        return images.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3)


class Coarse(Translator):
    """Halves the grid three times and doubles it back: only multiples of 8 fit."""

    def __init__(self) -> None:
        super().__init__(stride=8, scale=2)
        down = [nn.Conv2d(3, 3, 4, stride=2, padding=1) for _ in range(3)]
        up = [nn.ConvTranspose2d(3, 3, 4, stride=2, padding=1) for _ in range(4)]
        self.body = nn.Sequential(*down, *up)

    def translate(self, images: Tensor) -> Tensor:
        assert images.shape[2] % 8 == images.shape[3] % 8 == 0
        return self.body(images)


def test_sizes_that_the_stride_does_not_divide_are_padded_and_cropped_back() -> None:
    assert Coarse()(torch.randn(2, 3, 13, 21)).shape == (2, 3, 26, 42)


@pytest.mark.parametrize("scale", [1, 3])
def test_padding_is_a_reflection_below_and_on_the_right(scale: int) -> None:
    images, network = torch.randn(2, 1, 5, 8), Seen(4, scale)
    made = network(images)
    assert torch.equal(made, images.repeat_interleave(scale, 2).repeat_interleave(scale, 3))
    assert torch.equal(network.given, torch.cat([images, images[:, :, [3, 2, 1]]], 2))
    assert torch.equal(network(images.mT), made.mT)
    assert torch.equal(network.given, torch.cat([images, images[:, :, [3, 2, 1]]], 2).mT)


def test_an_image_too_small_to_be_reflected_is_continued_by_its_edge() -> None:
    images, network = torch.randn(1, 2, 3, 1), Seen(8)
    assert torch.equal(network(images), images)
    assert torch.equal(network.given, images[:, :, [0, 1, 2, 2, 2, 2, 2, 2]].expand(-1, -1, -1, 8))


def test_sizes_that_fit_are_given_as_they_are() -> None:
    images, network = torch.randn(1, 1, 16, 8), Seen(8)
    network(images)
    assert network.given is images


@pytest.mark.parametrize("dials", [{"stride": 0}, {"stride": 1, "scale": 0}])
def test_strides_and_scales_below_one_are_refused(dials: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Seen(**dials)


# --- those of the registry ----------------------------------------------------------------------------

NAMES = [name for name, kind in NETWORKS.items() if issubclass(kind, Translator)]
RESOLVERS = ["super-resolver", "dense-super-resolver"]
INPUT = Base((3, 8, 8), (3, 8, 8))
KEEPERS = [name for name in NAMES if name not in RESOLVERS]
TINY = {
    "unet-translator": {"width": 4, "depth": 3},
    "residual-translator": {"width": 2, "blocks": 1},
    "super-resolver": {"width": 4, "blocks": 1},
    "dense-super-resolver": {"width": 4, "blocks": 1},
}


def network(name: str, channels: int = 3, made: int = 3, scale: int = 1, **dials: object) -> Translator:
    torch.manual_seed(0)
    return NETWORKS[name](
        source=(channels, 16, 16), shape=(made, 16 * scale, 16 * scale), **TINY[name], **dials
    ).double()


def stirred(module: Translator) -> Translator:
    """Away from the start, where last layers are 0 and hide what is wrong before them."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module


def pictures(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (13, 21), (16, 16), (40, 3)])
@pytest.mark.parametrize("name", NAMES)
def test_images_of_any_size_are_translated_each_by_itself(name: str, size: tuple[int, int]) -> None:
    translator, images = stirred(network(name)), pictures(2, 3, *size)
    made = translator(images)
    assert made.shape == images.shape
    torch.testing.assert_close(translator(images[1:]), made[1:])


@pytest.mark.parametrize("scale", range(1, 9))
@pytest.mark.parametrize("name", RESOLVERS)
def test_a_resolver_begins_as_the_bicubic_enlargement(name: str, scale: int) -> None:
    """Which keeps a constant and, away from the edges, a slope: pixel i lies at (i + ½)/scale − ½ of the input."""
    base = Base((1, 16, 16), (3, 16 * scale, 16 * scale))
    translator = network(name, 1, 3, scale, base=base).requires_grad_(False)
    slope = torch.arange(8, dtype=torch.float64).expand(1, 1, 8, 8)
    made = translator(slope)
    assert made.shape == (1, 3, 8 * scale, 8 * scale)
    expected = (torch.arange(8 * scale) + 0.5) / scale - 0.5
    inside = slice(2 * scale, 6 * scale)
    torch.testing.assert_close(made[0, 2, :, inside], expected[inside].double().expand(8 * scale, -1))
    assert stirred(translator)(slope).shape == made.shape
    assert float((translator(slope) - made).abs().max()) > 1e-3


@pytest.mark.parametrize("name", KEEPERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_added_to_the_input_a_translator_begins_as_identity(name: str, channels: int) -> None:
    base = Base((channels, 16, 16), (3, 16, 16))
    translator, images = network(name, channels, 3, base=base), pictures(1, channels, 13, 10)
    assert torch.equal(translator(images), images.expand(1, 3, 13, 10))
    assert not torch.allclose(stirred(translator)(images), images.expand(1, 3, 13, 10), atol=1e-3)


@pytest.mark.parametrize("normalisation", ["instance", "none"])
@pytest.mark.parametrize("name", KEEPERS)
def test_what_is_finest_in_the_input_can_be_taken_away(name: str, normalisation: str) -> None:
    """Noise can: the answer to a checkerboard has one in it; a network without a grid of full size says 0."""
    board = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1

    def told(**dials: object) -> float:
        translator = stirred(network(name, normalisation=normalisation, upsampling="resize", **dials))
        translator.requires_grad_(requires_grad=False)
        noisy = translator(0.1 * board.double().expand(1, 3, 32, 32)) - translator(torch.zeros(1, 3, 32, 32).double())
        inside = slice(12, 20)
        return float((noisy * board)[0, :, inside, inside].mean((1, 2)).abs().max())

    assert told() > 1e-3
    assert told(full_size=False) < 0.1 * told()


@pytest.mark.parametrize(("output", "low", "high"), [("sigmoid", 0.0, 1.0), ("tanh", -1.0, 1.0)])
@pytest.mark.parametrize("name", KEEPERS)
def test_an_output_keeps_its_range(name: str, output: str, low: float, high: float) -> None:
    translator = network(name, output=output)
    with torch.no_grad():
        [layer for layer in translator.modules() if isinstance(layer, nn.Conv2d)][-1].weight.mul_(1e5)
        made = translator(pictures(2, 3, 16, 16))
    assert (float(made.min()), float(made.max())) == (low, high)


def test_instance_norm_forgets_an_images_brightness_and_contrast() -> None:
    """A reflected edge adds nothing of its own: conv(a x + b) = a conv(x) + a constant, which the norm takes out."""
    translator, images = network("residual-translator"), pictures(2, 3, 16, 16)
    torch.testing.assert_close(translator(0.5 * images + 3), translator(images), rtol=1e-3, atol=1e-3)
    plain = network("residual-translator", normalisation="none")
    assert not torch.allclose(plain(0.5 * images + 3), plain(images), atol=0.1)


@pytest.mark.parametrize("upsampling", ["resize", "transposed"])
def test_only_resized_grids_keep_an_even_area_even(upsampling: str) -> None:
    """Whatever the weights, a constant image has a constant output, away from the edges."""
    translator = stirred(network("unet-translator", normalisation="none", upsampling=upsampling))
    inside = translator(torch.ones(1, 3, 96, 96, dtype=torch.float64))[0, :, 40:56, 40:56].detach()
    assert (float(inside.std((1, 2)).max()) < 1e-12) == (upsampling == "resize")


@pytest.mark.parametrize("scale", [2, 3, 6])
def test_sub_pixels_start_equal(scale: int) -> None:
    translator = network("super-resolver", scale=scale)
    features = pictures(1, 4, 5, 5)
    made = translator.body.enlarging[:2](features).detach()
    factor = made.shape[2] // 5
    blocks = made.unfold(2, factor, factor).unfold(3, factor, factor)
    assert float(blocks.flatten(4).std(4).max()) == 0
    assert float(made.std()) > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_a_second_derivative_is_right(name: str) -> None:
    """H v, by differentiating the gradient, equals the central difference of gradients along v."""
    translator, images = stirred(network(name)), pictures(2, 3, 9, 8)
    point = {key: p.detach() for key, p in translator.named_parameters()}
    direction = {key: torch.randn_like(p) for key, p in point.items()}

    def gradient(step: float, create_graph: bool = False) -> tuple[list[Tensor], tuple[Tensor, ...]]:
        leaves = {key: (p + step * direction[key]).requires_grad_() for key, p in point.items()}
        value = functional_call(translator, leaves, (images,)).pow(3).mean()
        return list(leaves.values()), torch.autograd.grad(value, list(leaves.values()), create_graph=create_graph)

    leaves, exact = gradient(0.0, create_graph=True)
    along = sum((g * v).sum() for g, v in zip(exact, direction.values(), strict=True))
    product = torch.autograd.grad(along, leaves, allow_unused=True, materialize_grads=True)
    step = 1e-7
    differences = [(a - b) / (2 * step) for a, b in zip(gradient(step)[1], gradient(-step)[1], strict=True)]
    scale = max(float(d.abs().max()) for d in differences)
    assert scale > 0
    for p, d in zip(product, differences, strict=True):
        torch.testing.assert_close(p, d, rtol=1e-3, atol=1e-5 * scale)


@pytest.mark.parametrize(
    ("name", "source", "shape", "dials", "message"),
    [
        *((name, (3, 8, 8), (3, 8, 8), {"width": 0}, "at least 1") for name in NAMES),
        ("unet-translator", (3, 8, 8), (3, 8, 8), {"depth": 0}, "at least 1"),
        ("residual-translator", (3, 8, 8), (3, 8, 8), {"blocks": -1}, "at least 0"),
        *((name, (3, 8, 8), (3, 16, 16), {}, "take a super-resolver") for name in KEEPERS),
        *((name, (3, 8, 8), (3, 8, 8), {"base": INPUT, "output": "tanh"}, "output=none") for name in KEEPERS),
        *((name, (3, 8, 8), (3, 16, 16), {"base": INPUT}, "a base of the same scale") for name in RESOLVERS),
        *((name, (3, 8, 8), (3, 12, 12), {}, "same 1 to 8 times as long") for name in RESOLVERS),
        *((name, (3, 8, 8), (3, 16, 32), {}, "same 1 to 8 times as long") for name in RESOLVERS),
        *((name, (3, 8, 8), (3, 72, 72), {}, "same 1 to 8 times as long") for name in RESOLVERS),
    ],
)
def test_what_does_not_fit_is_refused(
    name: str, source: tuple[int, ...], shape: tuple[int, ...], dials: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        NETWORKS[name](source=source, shape=shape, **dials)


def test_a_translator_in_the_place_of_a_generator_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="network 'unet-translator' needs 'source'"):
        NETWORK_REGISTRY.build("unet-translator", shape=(3, 16, 16), latent=5, classes=0)
