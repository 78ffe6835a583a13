"""A trained translator: whole or by tiles the same pixels, and the same from a file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from saddlepoint.components.registries import NETWORK_REGISTRY
from saddlepoint.configuration import ConfigurationError
from saddlepoint.networks import Translator
from saddlepoint.networks.mlp import MLPGenerator
from saddlepoint.tasks import model_at
from saddlepoint.tasks.translation.model import ImageTranslator, _stretches


class Blurring(Translator):
    """One layer of side 2r + 1, after a halving and before a doubling where the stride is 2: sees 2r + 1 pixels."""

    def __init__(
        self, source: tuple[int, ...], shape: tuple[int, ...], radius: int = 2, stride: int = 1, scale: int = 1
    ) -> None:
        super().__init__(stride, scale)
        side = 2 * radius + 1
        self.mix = nn.Conv2d(source[0], shape[0] * scale**2, side, padding=radius, padding_mode="zeros")
        self.up = nn.PixelShuffle(scale)

    def translate(self, images: Tensor) -> Tensor:
        if self.stride == 1:
            return self.up(self.mix(images)).sigmoid()
        # One pixel of four, in fixed places: what a tile sees of it depends on where the tile begins.
        thinned = torch.zeros_like(images)
        thinned[:, :, :: self.stride, :: self.stride] = images[:, :, :: self.stride, :: self.stride]
        return self.up(self.mix(thinned)).sigmoid()


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NETWORK_REGISTRY.entries, "blurring", Blurring)


def translator(channels: int = 1, made: int = 1, **dials: int) -> ImageTranslator:
    torch.manual_seed(0)
    scale = dials.get("scale", 1)
    source, shape = (channels, 16, 16), (made, 16 * scale, 16 * scale)
    network = Blurring(source, shape, **dials)
    with torch.no_grad():
        network.mix.weight.mul_(4)
    return ImageTranslator(network, {"name": "blurring", **dials}, shape, source, (0.0, 1.0))


def image(*shape: int) -> Tensor:
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(1)).byte()


@pytest.mark.parametrize("scale", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize(("height", "width"), [(70, 33), (32, 32), (33, 100), (5, 47), (49, 64)])
def test_tiles_give_the_pixels_of_the_whole_to_a_network_that_sees_less_than_they_share(
    scale: int, stride: int, height: int, width: int
) -> None:
    trained, whole = translator(3, 2, stride=stride, scale=scale), image(3, height, width)
    expected = trained.apply(whole[None])[0]
    assert expected.shape == (2, scale * height, scale * width)
    tiled = trained.apply(whole, tile=32, overlap=8)
    assert torch.equal(trained.apply(whole[None], tile=32, overlap=8)[0], tiled)
    # A mean of two equal numbers may round to the other side of a half.
    difference = (tiled.int() - expected.int()).abs()
    assert int(difference.max()) <= 1
    assert float((difference > 0).float().mean()) < 1e-3
    assert float(expected.float().std()) > 8  # there is something to tell apart


def test_a_network_that_sees_farther_has_no_seams() -> None:
    """The passage is smooth: from one pixel to the next, tiles add no jump that is larger than the whole has."""

    class Level(Translator):
        """The mean of all it is given, as a network with the statistics of an image has a part of it."""

        def __init__(self) -> None:
            super().__init__(1)
            self.nothing = nn.Parameter(torch.zeros(1))

        def translate(self, images: Tensor) -> Tensor:
            return images.mean((2, 3), keepdim=True).expand_as(images)

    ramp = torch.linspace(0, 255, 256).round().byte().expand(1, 256, 256)
    made = ImageTranslator(Level(), {}, (1, 8, 8), (1, 8, 8), (0.0, 1.0)).apply(ramp, tile=64, overlap=32)
    steps = made[0].float().diff(dim=1)
    # Levels of neighbours differ by at most 32, passed in 16 pixels by a cosine whose steepest step is π/2 of the mean.
    assert float(steps.abs().max()) <= 32 / 16 * torch.pi / 2 + 1
    assert float(steps.min()) >= 0
    assert float(made[0].float().diff(dim=0).abs().max()) <= 1


@pytest.mark.parametrize("stride", [1, 3, 8])
@pytest.mark.parametrize("scale", [1, 4])
def test_shares_sum_to_one_and_leave_the_edges_of_tiles_out(stride: int, scale: int) -> None:
    side, overlap = 48, 24
    for length in (1, 24, 47, 48, 49, 72, 73, 100, 143, 144, 145, 1000):
        total = torch.zeros(scale * length)
        stretches = _stretches(length, side, overlap, stride, scale)
        for k, stretch in enumerate(stretches):
            assert stretch.start % stride == 0
            assert stretch.stop - stretch.start <= side
            assert float(stretch.weights.min()) >= 0
            total[stretch.lower : stretch.upper] += stretch.weights
            assert k == 0 or stretch.lower >= scale * (stretch.start + overlap // 4)
            assert stretch is stretches[-1] or stretch.upper <= scale * (stretch.stop - overlap // 4)
        torch.testing.assert_close(total, torch.ones(scale * length))
        assert length > side or len(stretches) == 1


def test_values_go_in_and_come_out_in_the_range_that_was_trained_on() -> None:
    class Negative(Translator):
        def __init__(self) -> None:
            super().__init__(1)
            self.nothing = nn.Parameter(torch.zeros(1))

        def translate(self, images: Tensor) -> Tensor:
            assert float(images.min()) == -1.0
            assert float(images.max()) == 1.0
            return -images

    levels = torch.arange(256).byte().view(1, 1, 16, 16)
    made = ImageTranslator(Negative(), {}, (1, 8, 8), (1, 8, 8), (-1.0, 1.0)).apply(levels)
    assert torch.equal(made, 255 - levels)


def test_many_images_are_translated_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    trained, images = translator(), image(7, 1, 9, 11)
    alone = torch.cat([trained.apply(one[None]) for one in images])
    monkeypatch.setattr("saddlepoint.tasks.translation.model.TOGETHER", 3 * 99)
    assert torch.equal(trained.apply(images), alone)
    assert trained.apply(images[:0]).shape == (0, 1, 9, 11)


def test_applying_leaves_the_network_in_its_mode_and_without_gradients() -> None:
    trained = translator()
    trained.network.train()
    trained.apply(image(1, 40, 40), tile=16, overlap=8)
    assert trained.network.training
    assert trained.network.mix.weight.grad is None


def test_arrays_are_taken_too() -> None:
    trained, images = translator(), image(2, 1, 9, 11)
    assert torch.equal(trained.apply(images.numpy()), trained.apply(images))
    assert torch.equal(trained.apply(np.asarray(images[0])), trained.apply(images)[0])
    locked = images.numpy()[..., ::-1]  # mirrored, and not to be written to
    locked.flags.writeable = False
    assert torch.equal(trained.apply(locked), trained.apply(images.flip(3)))


def test_progress_counts_tiles() -> None:
    seen: list[tuple[int, int]] = []
    translator().tiled(image(1, 40, 24), 16, 8, lambda _what, done, of: seen.append((done, of)))
    assert seen == [(k, 8) for k in range(1, 9)]
    seen.clear()
    translator().tiled(image(1, 40, 24), progress=lambda _what, done, of: seen.append((done, of)))
    assert seen == [(1, 1)]


def test_saved_and_loaded_it_makes_the_same_and_says_how_to_use_it(tmp_path: Path) -> None:
    trained, images = translator(3, 1, scale=2), image(2, 3, 9, 9)
    trained.network.add_module("memory", nn.Linear(2, 2))  # of a training
    trained.save(tmp_path / "generator", {"data": "made up"})
    for folder in (tmp_path, tmp_path / "generator"):
        loaded = model_at(folder)
        assert type(loaded) is ImageTranslator
        assert torch.equal(loaded.apply(images), trained.apply(images))
        assert not loaded.network.training
    assert (loaded.source, loaded.shape, loaded.range, loaded.scale) == ((3, 16, 16), (1, 32, 32), (0.0, 1.0), 2)
    card = (tmp_path / "generator" / "README.md").read_text()
    assert "- data: made up" in card
    assert "saddle translate THIS_FOLDER IN… --out DIR" in card


def test_a_generator_is_no_translator() -> None:
    with pytest.raises(ValueError, match="MLPGenerator makes no images of images"):
        ImageTranslator(MLPGenerator((1, 8, 8), 5), {}, (1, 8, 8), (1, 8, 8), (0.0, 1.0))


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (image(3, 8, 8), {}, r"takes torch.uint8 \(1, H, W\)"),
        (image(1, 8, 8).float(), {}, "torch.float32"),
        (image(8, 8), {}, r"\(8, 8\)"),
        (image(1, 0, 8), {}, "without pixels"),
        (image(1, 8, 8), {"tile": 8, "overlap": 5}, "at most half a tile"),
        (image(1, 8, 8), {"tile": 8, "overlap": -1}, "overlap"),
        (image(1, 8, 8), {"tile": 0, "overlap": 0}, "tile"),
        (image(1, 8, 8), {"strength": 1.5}, "strength"),
    ],
)
def test_what_does_not_fit_is_refused(given: Tensor, options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        translator().apply(given, **options)


def test_images_of_different_sizes_are_taken_one_by_one() -> None:
    with pytest.raises(ValueError, match=r"not list: give images of different sizes one by one"):
        translator().apply([image(1, 8, 8), image(1, 9, 8)])


def test_a_strength_wants_two_stages() -> None:
    with pytest.raises(ConfigurationError, match=r"leave --strength out, or train with --set regression"):
        translator().apply(image(1, 8, 8), strength=0.5)
