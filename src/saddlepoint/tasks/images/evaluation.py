"""The evaluation of a generator of images: read each set once, compare, and say by what protocol."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator

from saddlepoint.components.device import pick_device
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import DataError, ImageData
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.evaluation.feature_metrics import METRICS, MOST, REAL, SUBSET, Compared, chosen, compare
from saddlepoint.evaluation.feature_sets import CHUNK, Seen, seen_in, seen_of
from saddlepoint.extractors import Extractor, load_extractor, suited_to
from saddlepoint.measures import Number, Protocol
from saddlepoint.tasks.images.model import ImageGenerator
from saddlepoint.tasks.images.neighbours import neighbourhood_picture, neighbourhoods
from saddlepoint.tasks.task import EvaluationOptions, Subject

#: Generated images, where nothing else is said.
SAMPLES = 50_000
#: Of images without a test split, this share stands in for one.
SHARE = 0.2
#: Generated images in a picture of neighbours, of each half, and training images beside each.
SHOWN, NEIGHBOURS = 12, 4


class ImageEvaluationOptions(EvaluationOptions):
    """What may be said of an evaluation of images."""

    samples: int | None = Field(default=None, ge=50)
    """Generated images; none are 50,000."""
    metrics: tuple[str, ...] | None = None
    """Some of them, as in `saddle list metrics`; none takes all that can be had."""
    features: str | None = None
    """An extractor: digits, pixels, inception, timm:NAME, a TorchScript file; none takes one that suits the data."""

    @field_validator("metrics", mode="before")
    @classmethod
    def _known(cls, metrics: str | Iterable[str] | None) -> tuple[str, ...] | None:
        return None if metrics is None else chosen(metrics)


@dataclass(frozen=True)
class RealSet:
    """Real images, and which part of the data they are, in words."""

    data: ImageData
    split: str


def evaluate_subject(
    subject: Subject[Any, ImageData, ImageGenerator], options: ImageEvaluationOptions, progress: OnProgress = quiet
) -> Evaluation:
    """What `Task.evaluate` gives of images."""
    shape = next(iter(subject.models.values())).shape

    def test_images() -> ImageData | None:
        held_out = subject.held_out()
        return None if held_out is None else _in_size(held_out, shape)

    train, test, notes = real_sets(_in_size(subject.data, shape), test_images)
    for real in (train, test):
        if real.data.shape != shape:
            raise ConfigurationError(
                f"{real.data.name} has images of {real.data.shape} (channels, height, width), the generator makes "
                f"{shape}: give data of its shape with --data"
            )
    extractor = load_extractor(options.features or suited_to(train.data.name), pick_device(options.device))
    return evaluate_images(
        subject.models,
        train,
        test,
        extractor,
        options.metrics,
        samples=options.samples or SAMPLES,
        seed=options.seed,
        report=progress,
    ).with_notes(notes)


def _in_size(data: ImageData, shape: tuple[int, ...]) -> ImageData:
    """Images in the size of a generator's, where these are square."""
    _, height, width = shape
    return data.resized(height) if height == width else data


def real_sets(train: ImageData, test: Callable[[], ImageData | None]) -> tuple[RealSet, RealSet, tuple[str, ...]]:
    """Training images, test images, and what to know about them.

    Args:
        train: that the generator was trained on.
        test: reads images that it never saw; None, or raises DataError, where there are none.

    Raises:
        DataError: there are none, and but one of the others.
    """
    try:
        if (held_out := test()) is not None:
            return RealSet(train, "train"), RealSet(held_out, "test"), ()
        reason = f"{train.name}: no images are held out"
    except DataError as error:
        reason = str(error)
    if len(train) < 2:
        raise DataError(f"{train.name} comes to one image to measure against: give at least two")
    rest, part = train.split(max(SHARE, 1 / len(train)))
    note = (
        f"{reason}. In place of a test split a fifth of the training images is held out here, which the generator "
        f"was trained on too; a run of its own with --set data.held_out={SHARE:g} never sees them"
    )
    return RealSet(rest, "4/5 of train"), RealSet(part, "1/5 of train"), (note,)


def evaluate_images(
    generators: Mapping[str, ImageGenerator],
    train: RealSet,
    test: RealSet,
    extractor: Extractor,
    metrics: Iterable[str] | None = None,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    most: int = MOST,
    report: OnProgress = quiet,
) -> Evaluation:
    """Every metric of every generator against training and test images, and of test against training images.

    The last is the floor: what a perfect generator would score, at the number of images stated. Features are all that
    is kept of images: 4 · d bytes each.

    Args:
        generators: by weights.
        train: that they were trained on.
        test: others of the same kind.
        extractor: gives the features.
        metrics: names of `METRICS`; None takes all that can be had.
        samples: generated images.
        seed: see `Protocol`.
        most: see `Protocol`.
        report: told how far it is.

    Raises:
        ConfigurationError: a metric was asked for by name that can't be had of these sets.
    """
    names, demanded = (list(METRICS), False) if metrics is None else (list(metrics), True)
    basis = Protocol(
        extractor.name, extractor.digest, extractor.resizing, "", "", "", 0, samples, most, seed, weights=""
    )
    seen_train = seen_of(train.data, extractor, REAL, most, seed, report, f"reading {train.split}")
    seen_test = seen_of(test.data, extractor, REAL, most, seed, report, f"reading {test.split}")
    on_train, on_test = _on(basis, train, seen_train), _on(basis, test, seen_test)
    subset = min(SUBSET, samples, len(seen_train), len(seen_test))
    measured: list[Number] = []
    notes: dict[str, None] = {}
    if extractor.blind:
        notes[f"distances in the features {extractor.name} can't see {extractor.blind}"] = None
    pictures: dict[str, Callable[[], NDArray[np.uint8]]] = {}
    for weights, trained in generators.items():
        made = seen_from(trained, extractor, samples, most, seed, report, f"{weights}: generating")
        for protocol, real, held_out in ((on_train, seen_train, seen_test), (on_test, seen_test, None)):
            compared = Compared(real, made, held_out, most, subset, seed, extractor.name)
            asked = [name for name in names if protocol is on_train or not METRICS[name].once]
            own, left = compare(compared, asked, replace(protocol, weights=weights), report, demanded)
            measured += own
            notes |= dict.fromkeys(left)
        pictures[f"neighbours-{weights}"] = partial(_neighbours, trained, made, train, seen_train, most, seed)
    floor = seen_test.first(samples)
    protocol = replace(on_train, weights=f"floor: {test.split}", n_generated=len(floor))
    compared = Compared(seen_train, floor, None, most, subset, seed, extractor.name)
    measured += compare(compared, names, protocol, report, demanded=False)[0]
    return Evaluation(measured, tuple(notes), pictures)


def seen_from(
    trained: ImageGenerator, extractor: Extractor, n: int, most: int, seed: int, report: OnProgress, what: str
) -> Seen:
    """What an extractor sees in n generated images, those of `trained.made(n, seed)`."""
    chunks = trained.in_chunks(n, seed, CHUNK)
    return seen_in(chunks, torch.arange(n), trained.shape, extractor, most, report, what)


def _neighbours(
    trained: ImageGenerator, made: Seen, train: RealSet, seen: Seen, most: int, seed: int
) -> NDArray[np.uint8]:
    return neighbourhood_picture(
        *neighbourhoods(trained, made, train.data, seen, n=SHOWN, k=NEIGHBOURS, most=most, seed=seed)
    )


def _on(basis: Protocol, real: RealSet, seen: Seen) -> Protocol:
    data = real.data
    return replace(basis, dataset=data.name, fingerprint=data.fingerprint, split=real.split, n_real=len(seen))
