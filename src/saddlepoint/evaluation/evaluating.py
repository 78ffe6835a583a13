"""The evaluation of a generator of images: read each set once, compare, and say by what protocol."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from saddlepoint.configuration import ConfigurationError
from saddlepoint.evaluation.feature_sets import OnProgress, Seen, seen_from, seen_of
from saddlepoint.evaluation.measures import MEASURES, Compared
from saddlepoint.evaluation.nearest_neighbours import Neighbourhood, neighbourhoods
from saddlepoint.evaluation.protocol import Measured, Protocol
from saddlepoint.evaluation.real import RealSet
from saddlepoint.extractors import Extractor
from saddlepoint.tasks.trained import ImageGenerator

#: Generated images, and real ones at most; rows for metrics on pairs, whose cost is quadratic.
SAMPLES, REAL, MOST = 50_000, 100_000, 10_000
#: Rows of a subset of the kernel distance, where there are so many.
SUBSET = 1000
#: Training images shown beside a generated one.
SHOWN = 4


@dataclass(frozen=True)
class Evaluation:
    """What came of it.

    Attributes:
        measured: all numbers, in the order in which they are to be shown.
        notes: what was left out, and why, a sentence each.
        neighbourhoods: by weights, the closest and the first; where they were asked for.
    """

    measured: tuple[Measured, ...]
    notes: tuple[str, ...] = ()
    neighbourhoods: Mapping[str, tuple[Neighbourhood, Neighbourhood]] = field(default_factory=dict)


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
    shown: int = 0,
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
        metrics: names of `MEASURES`; None takes all that can be had.
        samples: generated images.
        seed: see `Protocol`.
        most: see `Protocol`.
        shown: generated images to lay beside their nearest training images, of each generator.
        report: told how far it is.

    Raises:
        ConfigurationError: a metric was asked for by name that can't be had of these sets.
    """
    names, demanded = (list(MEASURES), False) if metrics is None else (list(metrics), True)
    basis = Protocol(
        extractor.name, extractor.digest, extractor.resizing, "", "", "", 0, samples, most, seed, weights=""
    )
    seen_train = seen_of(train.data, extractor, REAL, most, seed, report, f"reading {train.split}")
    seen_test = seen_of(test.data, extractor, REAL, most, seed, report, f"reading {test.split}")
    on_train, on_test = _on(basis, train, seen_train), _on(basis, test, seen_test)
    subset = min(SUBSET, samples, len(seen_train), len(seen_test))
    measured: list[Measured] = []
    notes: dict[str, None] = {}
    shown_by: dict[str, tuple[Neighbourhood, Neighbourhood]] = {}
    for weights, trained in generators.items():
        made = seen_from(trained, extractor, samples, most, seed, report, f"{weights}: generating")
        for protocol, real, held_out in ((on_train, seen_train, seen_test), (on_test, seen_test, None)):
            compared = Compared(real, made, held_out, most, subset, seed, extractor.name)
            asked = [name for name in names if protocol is on_train or not MEASURES[name].once]
            own, left = compare(compared, asked, replace(protocol, weights=weights), report, demanded)
            measured += own
            notes |= dict.fromkeys(left)
        if shown:
            shown_by[weights] = neighbourhoods(
                trained, made, train.data, seen_train, n=shown, k=SHOWN, most=most, seed=seed
            )
    floor = seen_test.first(samples)
    protocol = replace(on_train, weights=f"floor: {test.split}", n_generated=len(floor))
    compared = Compared(seen_train, floor, None, most, subset, seed, extractor.name)
    measured += compare(compared, names, protocol, report, demanded=False)[0]
    return Evaluation(tuple(measured), tuple(notes), shown_by)


def _on(basis: Protocol, real: RealSet, seen: Seen) -> Protocol:
    data = real.data
    return replace(basis, dataset=data.name, fingerprint=data.fingerprint, split=real.split, n_real=len(seen))


def compare(
    compared: Compared, names: Iterable[str], protocol: Protocol, report: OnProgress, demanded: bool
) -> tuple[list[Measured], list[str]]:
    """The numbers, and what was left out; what was demanded is not left out."""
    names, measured, notes = list(names), [], []
    for place, name in enumerate(names):
        report(f"{protocol.weights} against {protocol.split}: {name}", place, len(names))
        measure = MEASURES[name]
        if (reason := measure.unfit(compared)) is not None:
            if demanded:
                raise ConfigurationError(f"{name}: {reason}")
            notes.append(f"{name} is left out: {reason}")
            continue
        settings = measure.settings(compared)
        for key, number in measure.compute(compared, **settings).items():
            measured.append(Measured(key, number, measure.better[key], settings, protocol))
    return measured, notes
