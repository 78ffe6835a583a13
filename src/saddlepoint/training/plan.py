"""A run's plan: the lengths that a recipe states for its own budget, in proportion for any other one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from pydantic import Field

from saddlepoint.configuration import Settings
from saddlepoint.configuration.settings import settings_in

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Length:
    """Marks a setting that is a length in samples, stated for the plan: another budget scales it."""


class Plan(Settings):
    """What the lengths of stages, schedules, the average and intervals are stated for.

    Another budget scales them all in proportion, but for those that were given.
    """

    samples: int | None = Field(default=None, gt=0)
    """Samples that all lengths are stated for; none are those of the budget."""
    keep: bool = False
    """Leave all lengths as the recipe has them, whatever the budget."""
    given: tuple[str, ...] = ()
    """Settings that were given, whose lengths no budget scales."""
    minutes: float | None = Field(default=None, gt=0)
    """Minutes that were asked for; the samples that fill them were found as the run began, by a probe."""
    epochs: float | None = Field(default=None, gt=0)
    """Epochs that were asked for."""
    auto_rates: bool = False
    """Whether the players' rates were found by the game itself as the run began, by a short run (`--lr auto`)."""


def lengths(kind: type[Settings], prefix: str = "") -> Iterator[str]:
    """The keys of all lengths that settings of a kind have."""
    for name, field in kind.model_fields.items():
        inner = settings_in(field.annotation)
        if inner is not None:
            yield from lengths(inner, f"{prefix}{name}.")
        elif any(isinstance(mark, Length) for mark in field.metadata):
            yield prefix + name


def scaled(settings: S, factor: Fraction, given: Sequence[str] = (), prefix: str = "") -> S:
    """The settings with every length scaled, whole numbers to at least 1 where they are above 0.

    Args:
        settings: with lengths, also in inner settings.
        factor: on each; 1 changes nothing.
        given: keys that are left as they are, with all below them.
        prefix: of the keys.
    """
    changed: dict[str, Any] = {}
    for name, field in type(settings).model_fields.items():
        key, value = prefix + name, getattr(settings, name)
        if any(f"{key}.".startswith(f"{one}.") for one in given):
            continue
        if isinstance(value, Settings):
            changed[name] = scaled(value, factor, given, f"{key}.")
        elif value and any(isinstance(mark, Length) for mark in field.metadata):
            exact = Fraction(value) * factor
            changed[name] = max(1, round(exact)) if isinstance(value, int) else float(exact)
    return settings.model_copy(update=changed)
