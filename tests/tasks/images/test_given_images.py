"""Images given in Python, networks of the caller's own, and a generator that came alone."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from playing import built
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.data import ImageData, load_images
from saddlepoint.runs import load, train
from saddlepoint.runs.assembly import assemble
from saddlepoint.tasks import Config, read_config, recipe_named, recipes
from saddlepoint.tasks.images import TASK
from saddlepoint.tasks.images.data import read_images

IMAGES = torch.randint(0, 256, (12, 3, 8, 6), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
GREY = IMAGES[:, :1]
LABELS = torch.arange(12) % 3


def images(*sets: str) -> Config:
    return assign(recipe_named("images"), [*sets])


def adopted(given: object, *sets: str) -> ImageData:
    return TASK.adopt(images(*sets), given)


def pictures() -> list[Image.Image]:
    return [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in IMAGES]


class Named(torch.utils.data.Dataset):
    """Images with classes as torchvision's sets have them."""

    classes = ("cat", "dog", "emu")

    def __len__(self) -> int:
        return 12

    def __getitem__(self, number: int) -> tuple[Any, int]:
        return pictures()[number], number % 3


class Plain(Named):
    """Tensors in [0, 1], as torchvision's ToTensor gives them."""

    classes = None

    def __getitem__(self, number: int) -> tuple[Any, int]:
        return IMAGES[number] / 255, number % 3


SAME = {
    "tensor": IMAGES,
    "channels last": IMAGES.permute(0, 2, 3, 1).numpy(),
    "in [0, 1]": IMAGES.float() / 255,
    "pairs": (IMAGES, LABELS),
    "names": (IMAGES.numpy(), [("a", "b", "c")[label] for label in LABELS]),
    "pictures": pictures(),
    "dataset of pictures": Named(),
    "dataset of tensors": Plain(),
}


@pytest.mark.parametrize("kind", SAME)
def test_the_same_images_are_taken_in_every_kind(kind: str) -> None:
    data = adopted(SAME[kind])
    assert torch.equal(data.images, IMAGES)
    if kind in ("tensor", "channels last", "in [0, 1]", "pictures"):
        assert (data.labels, data.classes) == (None, ())
    else:
        assert torch.equal(data.labels, LABELS)
    expected = {"names": ("a", "b", "c"), "dataset of pictures": Named.classes}
    assert data.classes == expected.get(kind, data.classes)
    assert read_config(images().plain()) == images()


def test_grey_images_need_no_channel_and_pictures_that_are_grey_have_one() -> None:
    for given in (GREY, GREY[:, 0].numpy(), [Image.fromarray(image[0].numpy()) for image in GREY]):
        assert torch.equal(adopted(given).images, GREY)
    in_colour = [Image.fromarray(image[0].numpy()).convert("RGB") for image in GREY]
    assert torch.equal(adopted(in_colour).images, GREY)


def test_the_settings_say_size_limits_and_what_is_held_out() -> None:
    data = adopted((IMAGES, LABELS), "size=4", "data.held_out=0.25", "data.per_class=2")
    assert data.shape == (3, 4, 4)
    assert data.counts == {"0": 2, "1": 2, "2": 2}
    assert data.held_out is not None
    assert (len(data.held_out), data.held_out.shape) == (3, (3, 4, 4))
    sizes = [Image.new("L", (5 + k, 9), k) for k in range(4)]
    assert adopted(sizes, "size=4").shape == (1, 4, 4)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (3.5, "a list of PIL images, or a map-style Dataset, not float"),
        (iter(pictures()), "not list_iterator"),
        ({"images": IMAGES}, "not dict"),
        ([], "there are no images in what was given"),
        (IMAGES[:1], "comes to one image to learn from"),
        ((IMAGES, LABELS[:3]), "there are 12 images and 3 labels: give one an image"),
        (torch.zeros(4, 5), r"has shape \(4, 5\): expected \(N, H, W\), \(N, H, W, C\) or \(N, C, H, W\)"),
        ((IMAGES, LABELS / 2), "the labels are float32: expected whole numbers from 0, or names"),
        ([Image.new("L", (5 + k, 9)) for k in range(4)], r"image 1 has shape \(9, 6, 3\).*size=32"),
    ],
)
def test_what_can_not_be_taken_is_refused_with_what_can(given: object, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        adopted(given)


def test_what_is_held_out_is_held_out_before_the_images_are_limited() -> None:
    files = assign(recipe_named("digits"), ["data.size=8", "data.held_out=0.25", "data.limit=100"]).data
    train_half, test_half = load_images("digits", 8).split(0.25)
    read = read_images(files, lambda *_: None)
    assert read.fingerprint == train_half.limited(100).fingerprint
    assert read.held_out is not None
    assert read.held_out.fingerprint == test_half.fingerprint
    other = files.model_copy(update={"seed": 1})
    expected = load_images("digits", 8).split(0.25, 1)[0].limited(100, 1)
    read = read_images(other, lambda *_: None)
    assert read.fingerprint == expected.fingerprint
    assert read.held_out is not None
    assert read.held_out.fingerprint != test_half.fingerprint


def test_a_game_shows_its_discriminator_what_is_held_out_and_does_not_train_on_it() -> None:
    small = ["data.size=8", "data.held_out=0.25", "data.limit=100", "threads=1"]
    config = assign(recipe_named("digits"), small)
    probe = assemble(config, TASK.read(config)).setup.probe
    assert probe.unseen is not None
    assert len(probe.unseen.value.real) == 256
    assert (probe.unseen.value.real[:, None] != probe.watched.value.real[None]).flatten(2).any(2).all()


# --- networks of one's own --------------------------------------------------------------------------------


class Maker(nn.Module):
    """Latents and labels to images, in a class of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.classes, self.last = nn.Embedding(3, 64), nn.Linear(64, 3 * 8 * 6)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        return torch.tanh(self.last(latents + self.classes(labels))).view(-1, 3, 8, 6)


class Teller(nn.Module):
    """Images and labels to logits."""

    def __init__(self) -> None:
        super().__init__()
        self.classes, self.last = nn.Embedding(3, 3 * 8 * 6), nn.Linear(3 * 8 * 6, 1)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        flat = images.flatten(1)
        return self.last(flat)[:, 0] + (flat * self.classes(labels)).sum(1)


def test_own_networks_train_and_load_by_being_given_again(tmp_path: Path) -> None:
    given = {"data": (IMAGES, LABELS), "conditional": True, "samples": 256, "progress": False, "out": tmp_path}
    run = train("images", generator=Maker(), discriminator=Teller(), **given)
    assert (run.data.shape, run.data.classes) == ((3, 8, 6), ("0", "1", "2"))
    made = run.sample(5, seed=3, label=1)
    assert (made.dtype, made.shape) == (torch.uint8, (5, 3, 8, 6))
    again = load(tmp_path, networks={"generator": Maker(), "discriminator": Teller()})
    assert torch.equal(again.sample(5, seed=3, label="1"), made)
    with pytest.raises(ConfigurationError, match=r"is a network of your own \(.*Maker\): load it with networks="):
        load(tmp_path)
    found = run.evaluate(samples=50, metrics="kernel")
    assert {number.protocol.weights for number in found.numbers} == {"average", "live", "floor: 1/5 of train"}
    assert "no images are held out" in found.notes[0]


def test_networks_that_do_not_fit_are_told_what_they_got(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"the generator is given \(64, 64\).*Expected are generator"):
        train("images", IMAGES, generator=Maker(), discriminator=Teller(), out=tmp_path, samples=64, progress=False)


# --- protocol ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_generator_alone_tells_what_it_is_to_be_held_against(tmp_path: Path) -> None:
    setup = built(assign(recipe_named("digits"), ["data.size=8", "device=cpu"])).setup
    config = TASK.config_for(setup.model, "mnist")
    assert (config.data.source, config.data.size, config.conditional) == ("mnist", 8, True)
    setup.model.save(tmp_path / "generator", {})
    found = load(tmp_path / "generator").evaluate("digits", samples=50, metrics=["frechet"])
    assert {number.protocol.weights for number in found.numbers} == {"delivered", "floor: 1/5 of train"}


def test_other_data_are_brought_to_the_generators_size(tmp_path: Path) -> None:
    sets = {"data.size": 8, "generator.network.widths": [8], "discriminator.network.widths": [8], "device": "cpu"}
    run = train("digits", samples=64, out=tmp_path, progress=False, settings=sets)
    other = load_images("digits", 16)
    found = run.evaluate((other.images, other.labels), samples=50, metrics=["frechet"], features="pixels")
    assert {number.protocol.n_real for number in found.numbers} == {1438, 359}
    with pytest.raises(ConfigurationError, match=r"images of \(3, 8, 8\) \(channels, height, width\)"):
        run.evaluate(IMAGES.repeat_interleave(2, 0), samples=50)


def test_blanks_stand_in_for_known_sets_only() -> None:
    blank = TASK.stand_in(recipe_named("mnist"))
    assert blank is not None
    assert (blank.shape, len(blank.classes)) == ((1, 28, 28), 10)
    assert TASK.stand_in(recipe_named("images")) is None


@pytest.mark.parametrize("recipe", [name for name, config in recipes().items() if config.task == "images"])
def test_every_recipe_reads_back_as_it_was_written(recipe: str) -> None:
    config = recipe_named(recipe)
    assert read_config(config.plain()) == config


def test_regularisers_that_need_pairs_are_refused_with_those_that_fit() -> None:
    with pytest.raises(
        ConfigurationError, match="needs pairs, and images have none: give one of feature-matching, path"
    ):
        images("regularisers.layer-matching=on")
    with pytest.raises(ConfigurationError, match=r"augmentation\.target and augmentation\.schedule both set"):
        images("augmentation={kind: adaptive, target: 0.6, schedule: {start: 0, end: 1, samples: 9}}")


class Beside(Teller):
    """It tells by how a sample differs from the mean of its batch, which no layer of it says."""

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        logits = super().forward(images, labels)
        return logits - logits.mean()


def test_accumulating_parts_is_refused_for_an_own_network_that_looks_at_its_batch_as_a_whole(tmp_path: Path) -> None:
    given = {"data": (IMAGES, LABELS), "conditional": True, "samples": 128, "progress": False, "accumulate": 2}
    with pytest.raises(ConfigurationError, match="what the discriminator makes of a sample depends on the others"):
        train("images", generator=Maker(), discriminator=Beside(), out=tmp_path / "a", **given)
    train("images", generator=Maker(), discriminator=Teller(), out=tmp_path / "b", **given)
