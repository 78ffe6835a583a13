"""The evaluation of a generator of images: read each set once, compare, and say by what protocol."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from saddlepoint.configuration import ConfigurationError
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.evaluation.feature_metrics import METRICS, Compared
from saddlepoint.evaluation.feature_sets import OnProgress, Seen, seen_from, seen_of
from saddlepoint.evaluation.nearest_neighbours import neighbourhood_picture, neighbourhoods
from saddlepoint.evaluation.real import RealSet
from saddlepoint.extractors import Extractor
from saddlepoint.measures import Number, Protocol
from saddlepoint.tasks.trained import ImageGenerator

#: Generated images, and real ones at most; rows for metrics on pairs, whose cost is quadratic.
SAMPLES, REAL, MOST = 50_000, 100_000, 10_000
#: Rows of a subset of the kernel distance, where there are so many.
SUBSET = 1000
#: Generated images in a picture of neighbours, of each half, and training images beside each.
SHOWN, NEIGHBOURS = 12, 4


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
    report: OnProgress = lambda *_: None,
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


def _neighbours(
    trained: ImageGenerator, made: Seen, train: RealSet, seen: Seen, most: int, seed: int
) -> NDArray[np.uint8]:
    return neighbourhood_picture(
        *neighbourhoods(trained, made, train.data, seen, n=SHOWN, k=NEIGHBOURS, most=most, seed=seed)
    )


def _on(basis: Protocol, real: RealSet, seen: Seen) -> Protocol:
    data = real.data
    return replace(basis, dataset=data.name, fingerprint=data.fingerprint, split=real.split, n_real=len(seen))


def compare(
    compared: Compared, names: Iterable[str], protocol: Protocol, report: OnProgress, demanded: bool
) -> tuple[list[Number], list[str]]:
    """The numbers, and what was left out; what was demanded is not left out."""
    names, measured, notes = list(names), list[Number](), list[str]()
    for place, name in enumerate(names):
        report(f"{protocol.weights} against {protocol.split}: {name}", place, len(names))
        metric = METRICS[name]
        if (reason := metric.unfit(compared)) is not None:
            if demanded:
                raise ConfigurationError(f"{name}: {reason}")
            notes.append(f"{name} is left out: {reason}")
            continue
        settings = metric.settings(compared)
        measured += [
            replace(number, settings=settings, protocol=protocol) for number in metric.compute(compared, **settings)
        ]
    return measured, notes
