"""A number with what it measures, and what it was measured by."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from saddlepoint.measures.measure import Measure
from saddlepoint.measures.registry import measure


@dataclass(frozen=True)
class Protocol:
    """What two numbers have to share before one may be called better.

    Attributes:
        extractor: what turned images into features.
        digest: of its weights and of what it does to images.
        resizing: what happens to images before it, a sentence.
        dataset: the real data's name.
        fingerprint: of the real data.
        split: which part of them.
        n_real: how many of them.
        n_generated: how many generated samples, or real ones in their place.
        most: rows of each set, at most, that metrics on pairs of rows are given; the first ones.
        seed: of the latents, of the order of the real data, of subsets.
        weights: `average` those that a run hands over, `live` the trained parameters, `delivered` those of a
            generator alone; else what stood in the generator's place.
    """

    extractor: str
    digest: str
    resizing: str
    dataset: str
    fingerprint: str
    split: str
    n_real: int
    n_generated: int
    most: int
    seed: int
    weights: str


@dataclass(frozen=True)
class Number:
    """A value of a measure; `float(number)` is the value.

    Attributes:
        measure: what it measures, and which way that is good.
        value: may be infinite or NaN.
        error: standard error, where there is one.
        interval: of 95 %, where there is one.
        detail: what the number was read from, for pictures.
        settings: of the metric; numbers of other settings are not compared with it.
        protocol: what it was measured by; None for the numbers of a training, which share one.
    """

    measure: Measure
    value: float
    error: float | None = None
    interval: tuple[float, float] | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    protocol: Protocol | None = None

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        """What people read; everything is in `plain()`.

        >>> numbers({"psnr": 31.5})[0]
        31.5 dB (psnr, higher is better)
        """
        error = "" if self.error is None else f" ± {self.error:.2g}"
        told = ", ".join(filter(None, (self.name, self.measure.words)))
        return f"{self.value:.4g}{error}{f' {self.measure.unit}' if self.measure.unit else ''} ({told})"

    @property
    def name(self) -> str:
        """Of its measure."""
        return self.measure.name

    @property
    def badness(self) -> float:
        """Lower is better for every measure; NaN where the measure has no direction."""
        return self.measure.badness(self.value)

    def plain(self) -> dict[str, Any]:
        """As `evaluation.json` has it; a value of null is not finite."""
        return {
            "metric": self.name,
            "value": _finite(self.value),
            "error": self.error,
            "interval": None if self.interval is None else [_finite(end) for end in self.interval],
            **self.measure.plain(),
            "settings": dict(self.settings),
            "detail": dict(self.detail),
            "protocol": None if self.protocol is None else asdict(self.protocol),
        }


def numbers(
    found: Mapping[str, float],
    *,
    detail: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    protocol: Protocol | None = None,
) -> list[Number]:
    """Values by the names of registered measures as numbers, in their order.

    Raises:
        ValueError: no measure is registered under a name.

    >>> [(n.name, float(n), n.measure.words) for n in numbers({"psnr": 31.5})]
    [('psnr', 31.5, 'higher is better')]
    """
    return [
        Number(measure(name), value, detail=detail or {}, settings=settings or {}, protocol=protocol)
        for name, value in found.items()
    ]


def values(found: Iterable[Number]) -> dict[str, float]:
    """Floats by name, as a record has them."""
    return {number.name: float(number) for number in found}


def declared(found: Iterable[Number]) -> dict[str, dict[str, Any]]:
    """Direction, target, summary and unit by name: `measures` of a run's `run.json`."""
    return {number.name: number.measure.plain() for number in found}


def read_numbers(identity: Mapping[str, Any]) -> dict[str, Number]:
    """The numbers of a `run.json` by name, in their order; of a measure without a declaration no direction is known."""
    metrics, measures = identity.get("metrics", {}), identity.get("measures", {})
    return {
        name: Number(Measure.read(name, measures.get(name)), float(value))
        for name, value in metrics.items()
        if isinstance(value, int | float)
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
