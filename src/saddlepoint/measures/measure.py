"""One declaration of a number: its name, and which way it is good."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, get_args

#: Which way a number is good; "target": right at one value, "none": it can't be called better or worse.
Direction = Literal["lower", "higher", "target", "none"]


@dataclass(frozen=True)
class Measure:
    """What a number measures.

    Attributes:
        name: its key in records and files.
        summary: one line.
        direction: which way it is good.
        target: the right value, where the direction is "target"; None otherwise.
        unit: of the number, as "dB"; empty where it has none.

    Raises:
        ValueError: a direction that there is not, or a target that does not fit it.

    >>> sharpness = Measure("sharpness", "of edges, as a share of the real ones", "target", target=1.0)
    >>> sharpness.badness(0.75), sharpness.badness(1.25), sharpness.words
    (0.25, 0.25, 'right at 1')
    """

    name: str
    summary: str
    direction: Direction
    target: float | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        if self.direction not in get_args(Direction):
            raise ValueError(
                f"{self.name} has the direction {self.direction!r}: give one of {', '.join(get_args(Direction))}"
            )
        if (self.target is not None) != (self.direction == "target"):
            raise ValueError(
                f"{self.name} has the direction {self.direction!r} and the target {self.target}: "
                'a target belongs to the direction "target", and to no other'
            )

    def badness(self, value: float) -> float:
        """The value so that lower is better for every measure: v, −v, |v − target|; NaN where no direction is known."""
        if self.direction == "lower":
            return value
        if self.direction == "higher":
            return -value
        return math.nan if self.target is None else abs(value - self.target)

    @property
    def words(self) -> str:
        """The direction for people; empty where none is known."""
        if self.target is not None:
            return f"right at {self.target:g}"
        return {"lower": "lower is better", "higher": "higher is better"}.get(self.direction, "")

    def of(self, what: object) -> Self:
        """The same measure in other features or of another order, with that in its name.

        >>> Measure("frechet", "Fréchet distance", "lower").of("spoken-digits").name
        'frechet_spoken_digits'
        """
        word = "".join(letter if letter.isalnum() else "_" for letter in str(what))
        return replace(self, name=f"{self.name}_{word}", summary=f"{self.summary} ({what})")

    def plain(self) -> dict[str, Any]:
        """As JSON has it, without the name."""
        return {
            "direction": self.direction,
            "target": self.target,
            "summary": self.summary,
            "unit": self.unit,
        }

    @classmethod
    def read(cls, name: str, plain: object) -> Self:
        """The inverse of `plain`; of anything else, and of None, a measure without a direction.

        >>> Measure.read("loudness", None).direction
        'none'
        """
        found = plain if isinstance(plain, Mapping) else {}
        try:
            return cls(
                name,
                str(found.get("summary") or ""),
                found.get("direction") or "none",
                found.get("target"),
                str(found.get("unit") or ""),
            )
        except ValueError:
            return cls(name, "", "none")
