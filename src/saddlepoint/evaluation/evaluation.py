"""What came of an evaluation, whatever was evaluated."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.measures import Number


@dataclass(frozen=True)
class Evaluation:
    """Numbers with their protocols.

    Attributes:
        numbers: in the order in which they are to be shown.
        notes: what was left out, and why, a sentence each.
        pictures: by file name without its ending; each is drawn, uint8 (height, width, 3), when it is called.
    """

    numbers: Sequence[Number]
    notes: Sequence[str] = ()
    pictures: Mapping[str, Callable[[], NDArray[np.uint8]]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        """The names of what was measured, each once."""
        return iter(dict.fromkeys(number.name for number in self.numbers))

    def __getitem__(self, name: str) -> dict[str, Number]:
        """What was measured under a name, by what was measured: `average`, `live`, a floor; against the first split.

        Raises:
            KeyError: nothing of that name was measured; says what was.
        """
        found: dict[str, Number] = {}
        for number in self.numbers:
            if number.name == name:
                found.setdefault("" if number.protocol is None else number.protocol.weights, number)
        if not found:
            raise KeyError(f"{name!r} was not measured; there are {', '.join(self)}")
        return found

    def with_notes(self, notes: Sequence[str]) -> "Evaluation":
        """The same with further notes before its own."""
        return replace(self, notes=(*notes, *self.notes))

    def plain(self) -> dict[str, Any]:
        """As `evaluation.json` has it."""
        return {"notes": list(self.notes), "values": [number.plain() for number in self.numbers]}

    def by_weights(self, split: str | None = None) -> dict[str, dict[str, Number]]:
        """Numbers by what they were measured of (`average`, `live`, a floor) and by name.

        Args:
            split: only those against this part of the real data; of None, the first number of a name is taken.
        """
        found: dict[str, dict[str, Number]] = {}
        for number in self.numbers:
            if number.protocol is not None and split in (None, number.protocol.split):
                found.setdefault(number.protocol.weights, {}).setdefault(number.name, number)
        return found
