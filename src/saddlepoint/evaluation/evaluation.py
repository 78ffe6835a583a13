"""What came of an evaluation, whatever was evaluated."""

from collections.abc import Callable, Mapping, Sequence
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

    def __getitem__(self, name: str) -> list[Number]:
        """All numbers of a measure, one a model, in the order in which they are shown.

        Raises:
            KeyError: nothing of that name was measured.
        """
        found = [number for number in self.numbers if number.name == name]
        if not found:
            raise KeyError(f"{name!r} was not measured; there are {', '.join(dict.fromkeys(n.name for n in self.numbers))}")
        return found

    def with_notes(self, notes: Sequence[str]) -> "Evaluation":
        """The same with further notes before its own."""
        return replace(self, notes=(*notes, *self.notes))

    def plain(self) -> dict[str, Any]:
        """As `evaluation.json` has it."""
        return {"notes": list(self.notes), "values": [number.plain() for number in self.numbers]}
