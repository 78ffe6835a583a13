"""An evaluation gives the numbers of `saddlepoint.metrics`, each with what it was measured by."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import rng
from saddlepoint.data import DataError, ImageData
from saddlepoint.evaluation import Evaluation
from saddlepoint.evaluation.feature_metrics import METRICS, chosen
from saddlepoint.evaluation.feature_sets import CHUNK, seen_of
from saddlepoint.evaluation.fidelity import SetDistance, features_of
from saddlepoint.extractors import Extractor
from saddlepoint.measures import MEASURES
from saddlepoint.metrics import (
    birthday_duplicates,
    density_coverage,
    frechet_at_infinity,
    frechet_distance,
    frechet_from_moments,
    inception_score,
    memorisation,
    mode_coverage,
    patch_moments,
    precision_recall,
    sliced_wasserstein,
    squared_mmd,
)
from saddlepoint.tasks.images.evaluation import RealSet, evaluate_images, seen_from
from saddlepoint.tasks.images.evaluation import real_sets as sets_of
from saddlepoint.tasks.images.model import ImageGenerator
from saddlepoint.tasks.images.neighbours import Neighbourhood, neighbourhood_picture, neighbourhoods
from saddlepoint.tasks.model import LatentInput

SHAPE, SAMPLES = (1, 4, 4), 120


class Spread(nn.Module):
    """Latents (N, 16) as images, all values reached."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))

    def forward(self, latent: Tensor) -> Tensor:
        return torch.tanh(self.scale * latent).view(-1, *SHAPE)


def made(scale: float = 0.5) -> ImageGenerator:
    return ImageGenerator(Spread(scale), {}, SHAPE, LatentInput(16, "normal"), (-1.0, 1.0))


def images(n: int, seed: int) -> ImageData:
    draws = 128 + 60 * torch.randn(n, *SHAPE, generator=torch.Generator().manual_seed(seed))
    return ImageData("noise", draws.round().clamp(0, 255).byte(), None, (), "Made here.")


@pytest.fixture(scope="module")
def train() -> ImageData:
    return images(90, 1)


@pytest.fixture(scope="module")
def held() -> ImageData:
    return images(60, 2)


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    torch.manual_seed(0)
    return Extractor(nn.Flatten(), None, channels=None, head=nn.Linear(16, 5), name="flat")


@pytest.fixture(scope="module")
def found(train: ImageData, held: ImageData, extractor: Extractor) -> Evaluation:
    return evaluate_images(
        {"average": made(), "live": made(0.2)},
        RealSet(train, "train"),
        RealSet(held, "test"),
        extractor,
        samples=SAMPLES,
        seed=3,
    )


def value(found: Evaluation, metric: str, weights: str = "average", split: str = "train") -> float:
    (only,) = (
        m.value for m in found.numbers if (m.name, m.protocol.weights, m.protocol.split) == (metric, weights, split)
    )
    return only


def test_the_numbers_are_those_of_the_functions(
    found: Evaluation, train: ImageData, held: ImageData, extractor: Extractor
) -> None:
    """All sets are below the caps, and no metric asked for here depends on the order of rows but the splits."""
    ours = made().sample(SAMPLES, seed=3)
    x, t, y = extractor(train.images), extractor(held.images), extractor(ours)
    labels = extractor.logits(ours).argmax(1)
    counts = extractor.logits(train.images).argmax(1).bincount(minlength=5)
    modes = mode_coverage(labels, 5, counts)
    copied = memorisation(y, x, t)
    expected = {
        "frechet": frechet_distance(x, y),
        "frechet_infinity": frechet_at_infinity(x, y, seed=3).at_infinity,
        "precision": precision_recall(x, y).precision,
        "recall": precision_recall(x, y).recall,
        "density": density_coverage(x, y).density,
        "coverage": density_coverage(x, y).coverage,
        "inception_score": inception_score(extractor.logits(ours)).mean,
        "modes": modes.modes,
        "class_kl": modes.kl_to_reference,
        "uniform_kl": modes.kl_to_uniform,
        "nearer_to_training": copied.closer,
        "copying_z": copied.z,
        "support": birthday_duplicates(x, y).support,
        "support_of_real": birthday_duplicates(x, y).real_support,
        "frechet_patches": frechet_from_moments(patch_moments(train.images), patch_moments(ours)),
        "sliced_wasserstein": sliced_wasserstein(train.images.flatten(1) / 255, ours.flatten(1) / 255, seed=3),
    }
    for metric, number in expected.items():
        assert value(found, metric) == pytest.approx(number, rel=1e-6), metric
    assert {m.name for m in found.numbers} == set(expected) | {"kernel"}
    assert value(found, "frechet", split="test") == pytest.approx(frechet_distance(t, y), rel=1e-9)
    assert value(found, "frechet", weights="floor: test") == pytest.approx(frechet_distance(x, t), rel=1e-9)
    assert value(found, "frechet", weights="live") > 1.1 * value(found, "frechet")


def test_the_kernel_distance_has_its_error_and_is_that_of_whole_sets_within_it(
    found: Evaluation, train: ImageData, extractor: Extractor
) -> None:
    (kernel,) = (m for m in found.numbers if (m.name, m.protocol.weights, m.protocol.split) == KERNEL)
    assert kernel.settings == {"subsets": 100, "subset_size": 60}, "the smallest set decides, for all columns"
    whole = squared_mmd(extractor(train.images), extractor(made().sample(SAMPLES, seed=3)))
    assert kernel.error is not None
    assert abs(kernel.value - whole) < 5 * kernel.error


KERNEL = ("kernel", "average", "train")


def test_the_protocol_says_what_was_compared(
    found: Evaluation, train: ImageData, held: ImageData, extractor: Extractor
) -> None:
    protocols = {(m.protocol.weights, m.protocol.split): m.protocol for m in found.numbers}
    assert set(protocols) == {
        ("average", "train"),
        ("average", "test"),
        ("live", "train"),
        ("live", "test"),
        ("floor: test", "train"),
    }
    assert len({m.protocol for m in found.numbers}) == 5, "one protocol a column"
    own = protocols["average", "test"]
    assert (own.n_real, own.n_generated, own.seed, own.fingerprint) == (60, SAMPLES, 3, held.fingerprint)
    assert (own.extractor, own.digest, own.resizing) == ("flat", extractor.digest, extractor.resizing)
    floor = protocols["floor: test", "train"]
    assert (floor.n_real, floor.n_generated, floor.fingerprint) == (90, 60, train.fingerprint)


def test_chunks_are_the_images_that_a_user_draws() -> None:
    n = CHUNK + 70
    parts = list(made().in_chunks(n, seed=5, chunk=CHUNK))
    assert [len(part) for part in parts] == [CHUNK, 70]
    assert torch.equal(torch.cat(parts), made().sample(n, seed=5))


def test_metrics_on_pairs_see_no_more_rows_than_the_protocol_says(
    train: ImageData, held: ImageData, extractor: Extractor
) -> None:
    few = evaluate_images(
        {"average": made()},
        RealSet(train, "train"),
        RealSet(held, "test"),
        extractor,
        ["precision_recall", "frechet"],
        samples=SAMPLES,
        most=40,
    )
    assert {m.protocol.most for m in few.numbers} == {40}
    x, y = extractor(train.images), extractor(made().sample(SAMPLES, seed=0))
    order = rng(0, "evaluated")
    some = x[torch.randperm(len(x), generator=order)[:40]]
    assert value(few, "precision") == precision_recall(some, y[:40]).precision != precision_recall(x, y).precision
    assert value(few, "frechet") == pytest.approx(frechet_distance(x, y), rel=1e-9), "of all rows"


def nearest(
    trained: ImageGenerator, train: ImageData, extractor: Extractor, n: int
) -> tuple[Neighbourhood, Neighbourhood]:
    generated = seen_from(trained, extractor, SAMPLES, 1000, 3, lambda *_: None, "")
    seen = seen_of(train, extractor, 1000, 1000, 3, lambda *_: None, "")
    return neighbourhoods(trained, generated, train, seen, n=n, k=4, most=1000, seed=3)


def test_a_copying_generator_is_found_out_and_shown(train: ImageData, held: ImageData, extractor: Extractor) -> None:
    class Copies(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))
            self.register_buffer("images", train.images.float() / 127.5 - 1)

        def forward(self, latent: Tensor) -> Tensor:
            place = (latent[:, 0].abs() * 1e4).long() % len(self.images)
            return self.images[place]

    copying = ImageGenerator(Copies(), {}, SHAPE, LatentInput(16, "normal"), (-1.0, 1.0))
    sets = RealSet(train, "train"), RealSet(held, "test")
    found = evaluate_images({"average": copying}, *sets, extractor, ["memorisation"], samples=100)
    assert value(found, "nearer_to_training") == 1.0
    assert value(found, "copying_z") < -8
    closest, first = nearest(copying, train, extractor, 5)
    for shown in (closest, first):
        assert np.all(shown.distances[:, 0] == 0)
        assert torch.equal(shown.nearest[:, 0], shown.generated)
    picture = neighbourhood_picture(closest, first)
    assert picture.shape == (5 * 50 + 2, 2 * (52 + 10 + 4 * 50 + 2) + 28, 3)
    assert found.pictures["neighbours-average"]().shape == (12 * 50 + 2, *picture.shape[1:])


def test_neighbours_are_the_nearest_training_images_closest_first(train: ImageData, extractor: Extractor) -> None:
    closest, first = nearest(made(), train, extractor, 4)
    assert torch.equal(first.generated, made().sample(4, seed=3))
    assert np.all(np.diff(closest.distances[:, 0]) >= 0)
    flat = first.generated.flatten(1).double() / 255
    distances = torch.cdist(flat, train.images.flatten(1).double() / 255)
    assert np.allclose(first.distances, distances.sort(1).values[:, :4].numpy(), atol=1e-5)
    assert torch.equal(first.nearest[:, 0], train.images[distances.argmin(1)])


def test_what_can_not_be_had_is_left_out_with_a_note_and_refused_where_demanded(
    train: ImageData, held: ImageData
) -> None:
    plain = Extractor(nn.Flatten(), None, channels=None, name="plain")
    sets = RealSet(train, "train"), RealSet(held, "test")
    found = evaluate_images({"average": made()}, *sets, plain, samples=60)
    assert not {"inception_score", "modes", "class_kl"} & {m.name for m in found.numbers}
    assert [note.split(" ")[0] for note in found.notes] == ["inception_score", "modes"]
    with pytest.raises(ConfigurationError, match="inception_score: the extractor plain has no classes: take one"):
        evaluate_images({"average": made()}, *sets, plain, ["inception_score"], samples=60)


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="no metric 'kernle': did you mean 'kernel'"):
        chosen("frechet,kernle")
    with pytest.raises(ConfigurationError, match="no metric is named"):
        chosen(" , ")


def test_every_number_says_which_way_is_good(found: Evaluation) -> None:
    assert {m.name for m in found.numbers} == {name for metric in METRICS.values() for name in metric.gives}
    assert all(m.measure == MEASURES[m.name] for m in found.numbers)


def test_numbers_are_found_by_weights_and_name(found: Evaluation) -> None:
    own = found.by_weights("test")
    assert set(own) == {"average", "live"}
    assert own["average"]["frechet"].value == value(found, "frechet", split="test")
    assert found.by_weights()["average"]["frechet"].value == value(found, "frechet"), "training images come first"


def test_without_a_test_split_a_part_stands_in_and_it_is_said(train: ImageData) -> None:
    def absent() -> ImageData:
        raise DataError("noise has no split")

    rest, part, notes = sets_of(train, absent)
    assert (len(rest.data), len(part.data)) == (72, 18)
    assert (rest.split, part.split) == ("4/5 of train", "1/5 of train")
    assert "which the generator was trained on too" in notes[0]
    assert sets_of(train, lambda: train)[2] == ()


@pytest.mark.parametrize(
    ("n", "numbers", "unfit"),
    [
        (2, {"sliced_wasserstein"}, "frechet is left out: needs 2 images of each kind, and there are 1"),
        (3, {"frechet", "support"}, "kernel is left out: needs subsets of 2 images, and the smallest set has 1"),
        (5, {"frechet", "precision"}, "density_coverage is left out: needs 6 images of each kind, and there are 4"),
        (8, {"frechet", "density", "kernel"}, "frechet_infinity is left out: needs 40 images"),
    ],
)
def test_of_few_images_what_can_be_measured_is(extractor: Extractor, n: int, numbers: set[str], unfit: str) -> None:
    def absent() -> ImageData:
        raise DataError("noise has no split")

    train, test, _ = sets_of(images(n, 1), absent)
    found = evaluate_images({"average": made()}, train, test, extractor, samples=50)
    assert numbers <= {m.name for m in found.numbers}
    assert any(note.startswith(unfit) for note in found.notes)
    assert {m.protocol.n_real for m in found.numbers if m.protocol.split == train.split} == {len(train.data)}


def test_one_image_is_too_few() -> None:
    def absent() -> ImageData:
        raise DataError("noise has no split")

    with pytest.raises(DataError, match="noise comes to one image to measure against: give at least two"):
        sets_of(images(1, 1), absent)


def test_a_score_in_patches_sees_blur_which_coarse_pixels_do_not_and_says_what_it_cannot_see() -> None:
    source = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (300, 1, 16, 16), generator=source, dtype=torch.uint8)
    soft = torch.nn.functional.avg_pool2d(images.float(), 2).repeat_interleave(2, 2).repeat_interleave(2, 3)
    first = torch.arange(150)
    patched = SetDistance(images, first, features_of("patches"))
    coarse = SetDistance(images, first)
    same, blurred = images[150:], soft[150:].round().byte()
    # 2x2 means are all that coarse pixels of 16x16 images are made of: to rounding they are the same.
    assert abs(float(coarse(blurred)) - float(coarse(same))) < 0.01
    assert float(patched(blurred)) > 10 * float(patched(same))
    assert patched(same).name == "frechet_patches"
    assert "can't see how things lie" in patched(same).measure.summary
    assert "can't see blur" in coarse(same).measure.summary


def test_patches_have_no_kernel_distance() -> None:
    with pytest.raises(ValueError, match="one row an image"):
        SetDistance(torch.zeros(4, 1, 8, 8, dtype=torch.uint8), torch.arange(4), features_of("patches"), "kernel")
