"""Metrics of two sets of features by name: what each is given, with what settings, and when it can't be had."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from saddlepoint.configuration import ConfigurationError, nearest
from saddlepoint.data.dataset import OnProgress
from saddlepoint.evaluation.feature_sets import Seen
from saddlepoint.measures import Number, Protocol, measure, numbers
from saddlepoint.metrics import (
    birthday_duplicates,
    density_coverage,
    frechet_at_infinity,
    frechet_distance,
    frechet_from_moments,
    inception_score,
    kernel_distance,
    memorisation,
    mode_coverage,
    patch_moments,
    precision_recall,
    sliced_wasserstein,
)

Settings = dict[str, Any]
#: Real samples at most that are read; rows for metrics on pairs, whose cost is quadratic.
REAL, MOST = 100_000, 10_000
#: Rows of a subset of the kernel distance, where there are so many.
SUBSET = 1000


@dataclass(frozen=True)
class Compared:
    """Generated images and the real ones that they are held against, as an extractor saw them.

    Attributes:
        real: the real ones.
        generated: the generated ones, or real ones in their place.
        held_out: real ones that the generator never saw, where `real` are those of its training.
        most: rows of each that metrics on pairs are given.
        subset: rows of a subset, where a metric takes many; the same in all comparisons of an evaluation.
        seed: of subsets.
        name: of the extractor.
        splits: of the Inception Score.
    """

    real: Seen
    generated: Seen
    held_out: Seen | None
    most: int
    subset: int
    seed: int
    name: str
    splits: int = 10

    @property
    def fewest(self) -> int:
        """Rows of the smaller set."""
        return min(len(self.real), len(self.generated))

    def pairs(self) -> tuple[Any, Any]:
        """The first features of both, real first."""
        return self.real.features[: self.most], self.generated.features[: self.most]


@dataclass(frozen=True)
class Metric:
    """One entry: may give several numbers.

    Attributes:
        summary: one line.
        gives: names of its numbers' measures.
        compute: the numbers, without settings and protocol.
        settings: what the metric is called with beside the sets; a part of the number.
        unfit: why it can't be had of these sets, or None.
        once: asked of the training images alone.
    """

    summary: str
    gives: tuple[str, ...]
    compute: Callable[..., Sequence[Number]]
    settings: Callable[[Compared], Settings] = field(default=lambda _: {})
    unfit: Callable[[Compared], str | None] = field(default=lambda c: _too_few(c, 2))
    once: bool = False


def chosen(names: str | Iterable[str]) -> tuple[str, ...]:
    """Names of metrics, as a user gives them, once each.

    Raises:
        ConfigurationError: an unknown one; names the nearest.

    >>> chosen("kernel, frechet,kernel")
    ('kernel', 'frechet')
    >>> chosen("frechte")
    Traceback (most recent call last):
    ...
    saddlepoint.configuration.errors.ConfigurationError: there is no metric 'frechte': did you mean 'frechet'?
    """
    words = names.split(",") if isinstance(names, str) else names
    found = tuple(dict.fromkeys(word.strip() for word in words if word.strip()))
    if not found:
        raise ConfigurationError(f"no metric is named: give some of {', '.join(METRICS)}")
    for name in found:
        if name not in METRICS:
            raise ConfigurationError(f"there is no metric {name!r}: {nearest(name, METRICS)}")
    return found


def compare(
    compared: Compared, names: Iterable[str], protocol: Protocol, report: OnProgress, demanded: bool
) -> tuple[list[Number], list[str]]:
    """The numbers of the named metrics, and what was left out, a sentence each.

    Raises:
        ConfigurationError: a metric that is `demanded` can't be had of these sets.
    """
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


# --- the entries ----------------------------------------------------------------------------------------


def _frechet(c: Compared) -> list[Number]:
    return [Number(measure("frechet"), frechet_distance(c.real.features, c.generated.features))]


def _infinity(c: Compared, points: int) -> list[Number]:
    found = frechet_at_infinity(c.real.features, c.generated.features, points, seed=c.seed)
    detail = {"sizes": list(found.sizes), "values": list(found.values), "slope": found.slope}
    return [Number(measure("frechet_infinity"), found.at_infinity, detail=detail)]


def _kernel(c: Compared, subsets: int, subset_size: int) -> list[Number]:
    found = kernel_distance(c.real.features, c.generated.features, subsets, subset_size)
    return [Number(measure("kernel"), found.mean, found.standard_error)]


def _precision_recall(c: Compared, k: int) -> list[Number]:
    found = precision_recall(*c.pairs(), k)
    return numbers({"precision": found.precision, "recall": found.recall})


def _density_coverage(c: Compared, k: int) -> list[Number]:
    found = density_coverage(*c.pairs(), k)
    return numbers({"density": found.density, "coverage": found.coverage})


def _inception_score(c: Compared, splits: int) -> list[Number]:
    assert c.generated.logits is not None
    found = inception_score(c.generated.logits, splits)
    return [Number(measure("inception_score"), found.mean, found.deviation / splits**0.5)]


def _modes(c: Compared) -> list[Number]:
    labels, reference = c.generated.labels, c.real.labels
    assert labels is not None
    assert reference is not None
    assert c.real.logits is not None
    classes = c.real.logits.shape[1]
    counts = np.bincount(reference, minlength=classes)
    found = mode_coverage(labels, classes, counts)
    assert found.kl_to_reference is not None
    shares = np.bincount(labels, minlength=classes) / len(labels)
    detail = {"shares": shares.tolist(), "real": (counts / len(reference)).tolist()}
    divergences = {"class_kl": found.kl_to_reference, "uniform_kl": found.kl_to_uniform}
    return [Number(measure("modes"), found.modes, detail=detail), *numbers(divergences, detail={"floor": found.floor})]


def _memorisation(c: Compared) -> list[Number]:
    assert c.held_out is not None
    found = memorisation(c.generated.features[: c.most], c.real.features, c.held_out.features[: c.most])
    detail = {"median": found.generated, "median_held_out": found.held_out}
    return [Number(measure("nearer_to_training"), found.closer, detail=detail), Number(measure("copying_z"), found.z)]


def _duplicates(c: Compared, quantile: float) -> list[Number]:
    found = birthday_duplicates(*c.pairs(), quantile)
    detail = {"pairs": found.pairs, "threshold": found.threshold}
    return [
        Number(measure("support"), found.support, interval=(found.lowest, found.highest), detail=detail),
        Number(measure("support_of_real"), found.real_support),
    ]


def _patches(c: Compared) -> list[Number]:
    assert c.real.pixels is not None
    assert c.generated.pixels is not None
    value = frechet_from_moments(patch_moments(c.real.pixels), patch_moments(c.generated.pixels))
    return [Number(measure("frechet_patches"), value)]


def _sliced(c: Compared, projections: int) -> list[Number]:
    assert c.real.pixels is not None
    assert c.generated.pixels is not None
    real, made = (each.reshape(len(each), -1) for each in (c.real.pixels, c.generated.pixels))
    levels = sliced_wasserstein(real, made, projections, c.seed)
    return [Number(measure("sliced_wasserstein"), levels / 255)]


# --- when not -------------------------------------------------------------------------------------------


def _too_few(c: Compared, needed: int) -> str | None:
    return None if c.fewest >= needed else f"needs {needed} images of each kind, and there are {c.fewest}"


def _classless(c: Compared) -> str | None:
    if c.real.logits is None:
        return f"the extractor {c.name} has no classes: take one that has, as digits or inception (--features)"
    return _too_few(c, 1)


def _larger_than(c: Compared, side: int) -> str | None:
    kept = (c.real.pixels, c.generated.pixels)
    fit = all(each is not None and each[0].size <= 3 * side**2 for each in kept)
    return None if fit else f"is for images up to {side}x{side}"


def _splits(c: Compared) -> Settings:
    return {"splits": min(c.splits, len(c.generated))}


def _neighbours(k: int) -> Callable[[Compared], str | None]:
    return lambda c: _too_few(c, k + 1)


def _points(c: Compared) -> Settings:
    # A distance in 2,048 features takes seconds, one in 128 milliseconds.
    return {"points": 15 if c.real.features.shape[1] <= 512 else 6}


METRICS: dict[str, Metric] = {
    "frechet": Metric("Fréchet distance of features (FID is that of Inception's)", ("frechet",), _frechet),
    "frechet_infinity": Metric(
        "the same, extrapolated to infinitely many generated images",
        ("frechet_infinity",),
        _infinity,
        _points,
        lambda c: _too_few(c, 40),
    ),
    "kernel": Metric(
        "kernel distance (KID) with its error; no bias at any number of images",
        ("kernel",),
        _kernel,
        lambda c: {"subsets": 100, "subset_size": c.subset},
        lambda c: None if c.subset >= 2 else f"needs subsets of 2 images, and the smallest set has {c.subset}",
    ),
    "precision_recall": Metric(
        "share of generated images inside the real support, and of real ones inside the generated",
        ("precision", "recall"),
        _precision_recall,
        lambda _: {"k": 3},
        _neighbours(3),
    ),
    "density_coverage": Metric(
        "the same, but spoiled by no outlier",
        ("density", "coverage"),
        _density_coverage,
        lambda _: {"k": 5},
        _neighbours(5),
    ),
    "inception_score": Metric(
        "certainty on each image against variety over all, in the extractor's classes",
        ("inception_score",),
        _inception_score,
        _splits,
        _classless,
        once=True,
    ),
    "modes": Metric(
        "classes hit, and the divergence from the real classes and from equal ones",
        ("modes", "class_kl", "uniform_kl"),
        _modes,
        unfit=_classless,
    ),
    "memorisation": Metric(
        "how often a generated image is nearer to the training images than a held-out one (½: as new ones are)",
        ("nearer_to_training", "copying_z"),
        _memorisation,
        unfit=lambda c: "there are no held-out images" if c.held_out is None else _too_few(c, 2),
        once=True,
    ),
    "duplicates": Metric(
        "size of the generator's support, from near-duplicates",
        ("support", "support_of_real"),
        _duplicates,
        lambda _: {"quantile": 0.01},
        once=True,
    ),
    "patches": Metric(
        "Fréchet distance of 8x8 patches, for images up to 64x64; can't see how things lie farther apart",
        ("frechet_patches",),
        _patches,
        unfit=lambda c: _larger_than(c, 64) or _too_few(c, 2),
    ),
    "sliced_wasserstein": Metric(
        "transport between pixels along random directions, in [0, 1] units; for images up to 32x32",
        ("sliced_wasserstein",),
        _sliced,
        lambda _: {"projections": 512},
        lambda c: _larger_than(c, 32),
    ),
}
