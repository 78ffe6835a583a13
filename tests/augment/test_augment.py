"""Augmentations: identity, equivariance, derivatives, shares, invertibility on average, known transformations."""

import math

import pytest
import torch
from torch import Tensor

from saddlepoint.augment import AUGMENTATIONS, Adaptive, Augmentation, DiffAugment, adjusted
from saddlepoint.augment.augmentation import normal
from saddlepoint.augment.pixels import interpolated, taken

ALL = {
    "diffaugment": DiffAugment(),
    "adaptive": Adaptive(cutout=True),
    "blit": Adaptive(geometry=False, colour=False),
    "geometry": Adaptive(blit=False, colour=False),
    "colour": Adaptive(blit=False, geometry=False),
}
SHAPES = [(1, 6, 6), (3, 6, 6), (3, 5, 8), (1, 8, 5)]


@pytest.fixture(params=ALL)
def augment(request: pytest.FixtureRequest) -> Augmentation:
    return ALL[request.param]


@pytest.fixture
def source() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def uniform(*shape: int, source: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=source, dtype=torch.float64)


def drawn(augment: Augmentation, n: int = 1, **numbers: tuple[float, ...]) -> Tensor:
    """Draws by which only the named parts are applied, with these numbers, at every strength below 1."""
    columns = {part: (1 - 1e-9, *[0.0] * (count - 1)) for part, count in augment.parts.items()}
    columns |= {part.replace("_", " "): (0.0, *given) for part, given in numbers.items()}
    return torch.tensor([x for part in augment.parts for x in columns[part]], dtype=torch.float64).repeat(n, 1)


def test_every_augmentation_listed_is_constructed_by_its_name_alone() -> None:
    assert [type(kind()) for kind in AUGMENTATIONS.values()] == [DiffAugment, Adaptive]
    assert all(kind().paper.startswith("@") for kind in AUGMENTATIONS.values())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("strength", [0, 0.0, torch.tensor(0.0)])
def test_strength_zero_is_the_identity_bit_for_bit(augment, shape, strength, source) -> None:
    images = torch.randn(40, *shape, generator=source)
    images[0, 0, 0, 0] = -0.0
    draws = uniform(40, augment.draws, source=source).float()
    draws[0] = 0  # the smallest number that there is
    result = augment(images, draws, strength)
    assert torch.equal(result.view(torch.int32), images.view(torch.int32))


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_a_pure_function_of_its_arguments(augment, shape, source) -> None:
    images, draws = torch.randn(7, *shape, generator=source), uniform(7, augment.draws, source=source)
    before, numbers = images.clone(), draws.clone()
    first = augment(images, draws, 0.7)
    torch.manual_seed(5)
    assert torch.equal(augment(images, draws, 0.7), first)
    assert torch.equal(augment(images, draws, torch.tensor(0.7, dtype=torch.float64)), first)
    assert torch.equal(images, before)
    assert torch.equal(draws, numbers)
    assert first.shape == images.shape
    assert first.dtype == images.dtype
    assert not torch.equal(first, images)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_sample_is_transformed_by_its_own_draws_alone(augment, shape, source) -> None:
    """So the same draws transform real and generated images alike: augment(cat) = cat(augment)."""
    real, generated = torch.randn(2, 6, *shape, generator=source).unbind(0)
    draws = uniform(6, augment.draws, source=source)
    apart = torch.cat([augment(real, draws, 0.8), augment(generated, draws, 0.8)])
    together = augment(torch.cat([real, generated]), torch.cat([draws, draws]), 0.8)
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-6)
    order = torch.randperm(6, generator=source)
    torch.testing.assert_close(augment(real[order], draws[order], 0.8), augment(real, draws, 0.8)[order])


@pytest.mark.parametrize("shape", [(1, 3, 4), (3, 3, 3)])
def test_derivatives_in_the_images_agree_with_finite_differences(augment, shape, source) -> None:
    images = uniform(3, *shape, source=source).requires_grad_()
    draws = uniform(3, augment.draws, source=source)
    torch.autograd.gradcheck(lambda x: augment(x, draws, 0.9), (images,))
    torch.autograd.gradgradcheck(lambda x: augment(x, draws, 0.9).square(), (images,))


@pytest.mark.parametrize("augment", [DiffAugment(), Adaptive()])
def test_it_is_affine_in_the_images(augment: Augmentation, source) -> None:
    """A(a) + A(b) = A(a + b) + A(0): a penalty's second derivatives see the discriminator's and none of its own."""
    a, b = uniform(2, 9, 3, 7, 7, source=source).unbind(0)
    draws = uniform(9, augment.draws, source=source)
    parts = augment(a, draws, 0.8) + augment(b, draws, 0.8)
    torch.testing.assert_close(parts, augment(a + b, draws, 0.8) + augment(torch.zeros_like(a), draws, 0.8))


# --- known transformations --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_a_flip_is_the_flip_and_its_own_inverse(shape, source) -> None:
    augment, images = Adaptive(), torch.randn(4, *shape, generator=source)
    draws = drawn(augment, 4, flip=(0.7,))
    flipped = augment(images, draws, 0.5)
    assert torch.equal(flipped, images.flip(3))
    assert torch.equal(augment(flipped, draws, 0.5), images)
    assert torch.equal(augment(images, drawn(augment, 4, flip=(0.3,)), 0.5), images)


@pytest.mark.parametrize("size", [4, 5])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turn_is_the_turn_and_its_complement_the_inverse(size, quarters, source) -> None:
    augment, images = Adaptive(), torch.randn(2, 3, size, size, generator=source)
    turned = augment(images, drawn(augment, 2, turn=(quarters / 4 + 0.1,)), 0.5)
    assert any(torch.equal(turned, torch.rot90(images, sign * quarters, (2, 3))) for sign in (1, -1))
    back = augment(turned, drawn(augment, 2, turn=((4 - quarters) % 4 / 4 + 0.1,)), 0.5)
    assert torch.equal(back, images)


@pytest.mark.parametrize("shape", [(1, 5, 8), (3, 4, 6)])
def test_an_image_that_is_not_square_turns_by_half_a_circle(shape, source) -> None:
    augment, images = Adaptive(), torch.randn(2, *shape, generator=source)
    assert torch.equal(augment(images, drawn(augment, 2, turn=(0.6,)), 0.5), images.flip(2, 3))
    assert torch.equal(augment(images, drawn(augment, 2, turn=(0.4,)), 0.5), images)


@pytest.mark.parametrize("shape", [(1, 8, 16), (3, 9, 9)])
def test_a_move_is_by_whole_pixels_and_brings_the_mirror_image_in(shape, source) -> None:
    augment, images = Adaptive(), torch.randn(1, *shape, generator=source)
    moved = augment(images, drawn(augment, 1, move=(0.99, 0.01)), 0.5)  # as far down, and to the left, as it goes
    rows, columns = round(shape[1] / 8), round(shape[2] / 8)
    assert torch.equal(moved[:, :, rows:, :-columns], images[:, :, :-rows, columns:])
    assert torch.equal(moved[:, :, :rows, :-columns], images[:, :, :rows, columns:].flip(2))


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 8, 16)])
def test_diffaugment_moves_grey_in(shape, source) -> None:
    augment = DiffAugment(low=0.0, high=1.0, colour=False, cutout=False)
    images = torch.rand(1, *shape, generator=source)
    moved = augment(images, drawn(augment, 1, translation=(0.99, 0.5)), 0.5)
    assert torch.equal(moved[:, :, :-1], images[:, :, 1:])
    assert bool((moved[:, :, -1] == 0.5).all())


@pytest.mark.parametrize("augment", [DiffAugment(), Adaptive(cutout=True)])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (6, 12), (7, 5)])
def test_a_cutout_in_the_centre_covers_half_of_each_side(augment, height, width) -> None:
    images = torch.ones(1, 3, height, width)
    hole = augment(images, drawn(augment, 1, cutout=(0.5, 0.5)), 0.5) == 0
    assert int(hole.sum()) == 3 * ((height + 1) // 2) * ((width + 1) // 2)


def test_a_rotation_after_its_opposite_gives_the_centre_back(source) -> None:
    """Smooth images, as bilinear interpolation blurs others; away from the corners, which leave the image."""
    augment = Adaptive(colour=False)
    y, x = torch.meshgrid(*[torch.linspace(-1, 1, 32, dtype=torch.float64)] * 2, indexing="ij")
    image = torch.stack([torch.sin(2 * x + y), torch.cos(x - 2 * y)])[None]
    u = 0.637
    there = augment(image, drawn(augment, rotation_before=(u,)), 0.5)
    back = augment(there, drawn(augment, rotation_after=(1 - u,)), 0.5)
    centre = (slice(None), slice(None), slice(8, 24), slice(8, 24))
    assert float((there - image)[centre].abs().max()) > 0.5
    torch.testing.assert_close(back[centre], image[centre], rtol=0, atol=1e-2)


@pytest.mark.parametrize("shape", [(6, 6), (7, 7)])
def test_a_rotation_by_a_quarter_is_the_turn(shape, source) -> None:
    augment, images = Adaptive(), uniform(2, 3, *shape, source=source)
    rotated = augment(images, drawn(augment, 2, rotation_after=(0.75,)), 0.5)  # π/2
    torch.testing.assert_close(rotated, augment(images, drawn(augment, 2, turn=(0.3,)), 0.5))


def test_a_ramp_is_scaled_stretched_and_shifted_as_stated() -> None:
    """Interpolation is exact on an affine image, so the source of the middle pixels can be read off."""
    augment, size = Adaptive(colour=False), 33
    y, x = torch.meshgrid(*[torch.arange(size, dtype=torch.float64) - size // 2] * 2, indexing="ij")
    image = torch.stack([y, x])[None]
    near = (0, slice(None), slice(12, 21), slice(12, 21))
    u, v = 0.6, 0.05
    z, other = (float(n) for n in normal(torch.tensor(u, dtype=torch.float64), torch.tensor(v, dtype=torch.float64)))
    factor = 2 ** (0.2 * z)
    scaled = augment(image, drawn(augment, scale=(u, v)), 0.5)
    torch.testing.assert_close(scaled[near], image[near] / factor)
    stretched = augment(image, drawn(augment, stretch=(u, v)), 0.5)
    torch.testing.assert_close(stretched[near].prod(0), image[near].prod(0))
    torch.testing.assert_close(stretched[near][1], image[near][1] / factor)
    shifted = augment(image, drawn(augment, shift=(u, v)), 0.5)
    away = torch.tensor([z, other], dtype=torch.float64)[:, None, None] * size / 8
    torch.testing.assert_close(shifted[near], image[near] - away)


def test_bilinear_interpolation_between_four_pixels() -> None:
    image = torch.tensor([[[[0.0, 1.0], [2.0, 4.0]]]])
    at = interpolated(image, torch.tensor([[[0.25]]]), torch.tensor([[[0.5]]]))
    assert float(at) == 0.75 * 0.5 + 0.25 * 3.0


def test_pixels_outside_are_those_of_two_mirrors() -> None:
    image = torch.arange(3.0).reshape(1, 1, 1, 3)
    row = taken(image, torch.zeros(1, 1, 1, dtype=torch.long), torch.arange(-4, 8)[None, None])
    assert row.flatten().tolist() == [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]


def colours(source: torch.Generator, channels: int) -> Tensor:
    return uniform(2, channels, 4, 5, source=source) * 2 - 1


def z_of(u: float, v: float) -> float:
    return math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 255.0)])
def test_brightness_contrast_and_luma_flip_of_grey_and_colour(channels, low, high, source) -> None:
    augment, plain = Adaptive(low=low, high=high), colours(source, channels)
    half, middle = (high - low) / 2, (high + low) / 2
    images = plain * half + middle
    luma = plain.mean(1, keepdim=True)
    z = z_of(0.4, 0.1)
    for part, numbers, expected in (
        ("brightness", (0.4, 0.1), plain + 0.2 * z),
        ("contrast", (0.4, 0.1), plain * 2 ** (0.5 * z)),
        ("luma_flip", (0.6,), plain - 2 * luma),
        ("luma_flip", (0.4,), plain),
    ):
        result = augment(images, drawn(augment, 2, **{part: numbers}), 0.5)
        torch.testing.assert_close((result - middle) / half, expected)


def test_hue_turns_the_channels_and_saturation_scales_what_is_not_luma(source) -> None:
    augment, images = Adaptive(), colours(source, 3)
    luma = images.mean(1, keepdim=True)
    third = augment(images, drawn(augment, 2, hue=(0.5 + 1 / 3,)), 0.5)  # θ = 2π/3
    assert any(torch.allclose(third, images.roll(shift, 1)) for shift in (1, -1))
    back = augment(third, drawn(augment, 2, hue=(0.5 - 1 / 3,)), 0.5)
    torch.testing.assert_close(back, images)
    turned = augment(images, drawn(augment, 2, hue=(0.7,)), 0.5)
    torch.testing.assert_close(turned.mean(1, keepdim=True), luma)
    torch.testing.assert_close((turned - luma).square().sum(1), (images - luma).square().sum(1))
    vivid = augment(images, drawn(augment, 2, saturation=(0.4, 0.1)), 0.5)
    torch.testing.assert_close(vivid - luma, (images - luma) * 2 ** z_of(0.4, 0.1))


@pytest.mark.parametrize("part", ["hue", "saturation"])
def test_grey_images_have_no_hue_and_no_saturation(part: str, source) -> None:
    augment, images = Adaptive(), colours(source, 1)
    draws = uniform(2, augment.draws, source=source)
    other = draws.clone()
    start = list(augment.parts).index(part)
    first = sum([*augment.parts.values()][:start])
    other[:, first : first + augment.parts[part]] = 0.3
    torch.testing.assert_close(augment(images, draws, 0.5), augment(images, other, 0.5), atol=1e-12, rtol=0)


def test_diffaugment_colour_as_stated(source) -> None:
    augment, images = DiffAugment(), colours(source, 3)
    result = augment(images, drawn(augment, 2, colour=(0.8, 0.9, 0.1)), 0.5)
    expected = images + 0.3
    pixel = expected.mean(1, keepdim=True)
    expected = pixel + 1.8 * (expected - pixel)
    mean = expected.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(result, mean + 0.6 * (expected - mean))


# --- distribution -------------------------------------------------------------------------------------

#: Of the samples that a part is applied to, the share that it changes; 8x8 images move by at most one pixel.
CHANGED = {"flip": 1 / 2, "turn": 3 / 4, "move": 8 / 9, "luma flip": 1 / 2, "translation": 8 / 9}


@pytest.mark.parametrize(
    ("augment", "part"), [(a, part) for a in (DiffAugment(), Adaptive(cutout=True)) for part in a.parts]
)
def test_the_share_of_transformed_images_is_p(augment: Augmentation, part: str, source) -> None:
    n = 600
    images = torch.randn(1, 3, 8, 8, generator=source).expand(n, -1, -1, -1)
    columns = []
    for name, count in augment.parts.items():
        numbers = uniform(n, count, source=source)
        if name != part:
            numbers[:, 0] = 2.0  # never
        columns.append(numbers)
    for p in (0.3, 1.0):
        changed = (augment(images, torch.cat(columns, 1), p) != images).flatten(1).any(1).double().mean()
        expected = CHANGED.get(part, 1.0) * (1 - math.sqrt(1 - p) if part.startswith("rotation") else p)
        assert float(changed) == pytest.approx(expected, abs=5 * math.sqrt(0.25 / n))


def test_one_rotation_or_the_other_has_probability_p(source) -> None:
    n, p, augment = 600, 0.6, Adaptive(blit=False, colour=False)
    columns = [uniform(n, count, source=source) for count in augment.parts.values()]
    for name, numbers in zip(augment.parts, columns, strict=True):
        if not name.startswith("rotation"):
            numbers[:, 0] = 2.0
    images = torch.randn(1, 1, 4, 4, generator=source).expand(n, -1, -1, -1)
    changed = (augment(images, torch.cat(columns, 1), p) != images).flatten(1).any(1).double().mean()
    assert float(changed) == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / n))


def test_normal_numbers_are_normal_and_finite(source) -> None:
    a, b = normal(*uniform(2, 100_000, source=source).unbind(0))
    for z in (a, b, a * b):
        assert float(z.mean()) == pytest.approx(0.0, abs=0.02)
        assert float(z.var()) == pytest.approx(1.0, abs=0.04)
    ends = torch.tensor([0.0, 1 - 2**-24])
    assert all(bool(z.isfinite().all()) for z in normal(ends, ends))


def mean_operator(augment: Augmentation, part: str, p: float, size: int = 3) -> Tensor:
    """The mean transformation as a matrix, by quadrature over the part's numbers: exact for parts with whole cells."""
    cells = (torch.arange(12, dtype=torch.float64) + 0.5) / 12
    gate, choice = (x.flatten() for x in torch.meshgrid(cells, cells, indexing="ij"))
    draws = torch.full((len(gate), augment.draws), 2.0, dtype=torch.float64)
    first = sum([*augment.parts.values()][: list(augment.parts).index(part)])
    draws[:, first], draws[:, first + 1] = gate, choice
    basis = torch.eye(size * size, dtype=torch.float64).reshape(-1, 1, size, size)
    images = [augment(e.expand(len(draws), -1, -1, -1), draws, p).mean(0).flatten() for e in basis]
    return torch.stack(images, 1)


@pytest.mark.parametrize("part", ["flip", "turn"])
@pytest.mark.parametrize("p", [0.25, 0.5, 0.75])
def test_flips_and_turns_leak_nothing_below_strength_one(part: str, p: float) -> None:
    """The mean (1 − p) I + p P, P the projection on what is symmetric, has 1 − p as its smallest singular value."""
    augment = Adaptive(geometry=False, colour=False)
    assert float(torch.linalg.svdvals(mean_operator(augment, part, p)).min()) == pytest.approx(1 - p, abs=1e-12)


@pytest.mark.parametrize("part", ["flip", "turn"])
def test_at_strength_one_they_leak(part: str) -> None:
    augment = Adaptive(geometry=False, colour=False)
    assert float(torch.linalg.svdvals(mean_operator(augment, part, 1.0)).min()) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("part", ["rotation after", "rotation before"])
def test_rotations_leak_nothing_below_strength_one(part: str) -> None:
    operator = mean_operator(Adaptive(blit=False, colour=False), part, 0.75)  # each rotation at 1 − √¼ = ½
    assert float(torch.linalg.svdvals(operator).min()) > 0.1


# --- refusals -----------------------------------------------------------------------------------------


def test_wrong_arguments_are_named() -> None:
    augment, images = Adaptive(), torch.zeros(2, 3, 4, 4)
    draws = torch.zeros(2, augment.draws)
    with pytest.raises(ValueError, match=r"expected \(N, C, H, W\)"):
        augment(images[0], draws, 0.5)
    with pytest.raises(ValueError, match="give 36 uniform numbers for each of 2 images"):
        augment(images, draws[:, 1:], 0.5)
    with pytest.raises(ValueError, match="it is a probability"):
        augment(images, draws, 1.5)
    with pytest.raises(ValueError, match="2 channels"):
        augment(images[:, :2], draws, 0.5)
    with pytest.raises(ValueError, match="low below high"):
        DiffAugment(low=1.0, high=0.0)
    assert torch.equal(Adaptive(colour=False)(images[:, :2], draws, 0.0), images[:, :2])


# --- strength -----------------------------------------------------------------------------------------


def test_the_controller_takes_a_span_from_nothing_to_everything_and_back() -> None:
    strength, batch = torch.tensor(0.0, dtype=torch.float64), 2_000
    for step in range(1, 251):
        strength = adjusted(strength, 0.9, batch)
        assert float(strength) == pytest.approx(step * batch / 500_000)
    assert float(adjusted(strength, 0.9, batch)) == 1.0
    for _ in range(125):
        strength = adjusted(strength, 0.3, batch)
    assert float(strength) == pytest.approx(0.5)
    for _ in range(126):
        strength = adjusted(strength, torch.tensor(0.3), batch)
    assert float(strength) == 0.0


def test_the_controller_counts_samples_not_steps() -> None:
    many = torch.tensor(0.3, dtype=torch.float64)
    for _ in range(10):
        many = adjusted(many, 1.0, 64, span=10_000)
    assert float(many) == pytest.approx(float(adjusted(0.3, 1.0, 640, span=10_000)), abs=1e-7)


def test_the_controller_rests_at_its_target_and_settles_there() -> None:
    assert float(adjusted(0.25, 0.5, 64, target=0.5)) == 0.25
    strength = torch.tensor(0.0, dtype=torch.float64)
    for _ in range(2_000):  # a discriminator that overfits less, the stronger the augmentation
        strength = adjusted(strength, 1 - strength, 1_000)
    assert float(strength) == pytest.approx(0.4, abs=2 * 1_000 / 500_000)


@pytest.mark.parametrize("refused", [lambda: adjusted(0.0, 0.0, 1, span=0)])
def test_a_span_of_nothing_is_refused(refused) -> None:
    with pytest.raises(ValueError, match="above 0"):
        refused()


def test_a_target_that_no_mean_of_signs_passes_is_refused() -> None:
    with pytest.raises(ValueError, match="between"):
        adjusted(0.0, 0.0, 1, target=1.0)
