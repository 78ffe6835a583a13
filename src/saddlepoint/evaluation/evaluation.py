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
