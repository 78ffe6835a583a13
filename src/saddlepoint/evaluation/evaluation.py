"""What came of an evaluation, whatever was evaluated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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

    def by_weights(self, split: str | None = None) -> dict[str, dict[str, Number]]:
        """Numbers by what they were measured of (`ema`, `live`, a floor) and by name.

        Args:
            split: only those against this part of the real data; of None, the first number of a name is taken.
        """
        found: dict[str, dict[str, Number]] = {}
        for number in self.numbers:
            if number.protocol is not None and split in (None, number.protocol.split):
                found.setdefault(number.protocol.weights, {}).setdefault(number.name, number)
        return found
