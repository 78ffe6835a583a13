"""A number and what it was measured by, which is a part of it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

#: Which way a number is good; "half" is a probability that is right at ½, "none" says no such thing.
Better = Literal["higher", "lower", "half", "none"]


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
        weights: `ema` the average that a run hands over, `live` the trained parameters, `delivered` those of a
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
    """What a metric found.

    Attributes:
        value: may be infinite.
        error: standard error, where there is one.
        interval: of 95 %, where there is one.
        detail: what the number was read from, for pictures.
    """

    value: float
    error: float | None = None
    interval: tuple[float, float] | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """A number with its name, which way it is good, the metric's own settings, and the protocol."""

    metric: str
    number: Number
    better: Better
    settings: Mapping[str, Any]
    protocol: Protocol

    def plain(self) -> dict[str, Any]:
        """As JSON has it; a value of null is infinite."""
        number = self.number
        return {
            "metric": self.metric,
            "value": _finite(number.value),
            "error": number.error,
            "interval": None if number.interval is None else [_finite(end) for end in number.interval],
            "better": self.better,
            "settings": dict(self.settings),
            "detail": dict(number.detail),
            "protocol": asdict(self.protocol),
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
