"""Numbers that change with the samples seen, put into batches in one place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from saddlepoint.core import Batch
from saddlepoint.data.batches import BatchSource

#: Numbers as functions of the samples seen, by their names in a batch: `penalty`, `strength`, `temperature`,
#: `adversarial`.
Timeline = Mapping[str, Callable[[int], float]]
#: The factor on what the generator's loss has from the adversary, and who rests while it is 0.
ADVERSARIAL, ADVERSARY = "adversarial", "discriminator"


@dataclass(frozen=True)
class Scheduled:
    """A source whose batches hold what is scheduled, scalars on the device.

    While `adversarial` is 0, batches are `alone`, and the player `discriminator` rests on them.

    Attributes:
        source: of the batches, whose values are dataclasses with fields of the timeline's names.
        timeline: what is scheduled.
        device: of the scalars.
    """

    source: BatchSource
    timeline: Timeline
    device: torch.device

    def __call__(self, position: int) -> Batch:
        """The batch that begins at a position, in samples."""
        return self.put(self.source(position), position)

    def part(
        self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None
    ) -> "Scheduled":
        """The same over some of its samples, by batches of another size or of another seed."""
        return replace(self, source=self.source.part(indices, batch_size=batch_size, seed=seed))

    def put(self, batch: Batch, position: int) -> Batch:
        """A batch with what is scheduled after so many samples."""
        if not self.timeline:
            return batch
        numbers = {name: float(at(position)) for name, at in self.timeline.items()}
        values: dict[str, Any] = {name: torch.tensor(number, device=self.device) for name, number in numbers.items()}
        resting = batch.resting
        if ADVERSARIAL in numbers:
            values["alone"] = numbers[ADVERSARIAL] == 0
            resting = frozenset({ADVERSARY} if values["alone"] else ())
        return replace(batch, value=replace(batch.value, **values), resting=resting)


def after(samples: int | None) -> Callable[[int], float]:
    """0 before so many samples, then 1; None is never.

    >>> [after(100)(position) for position in (0, 99, 100)], after(None)(10**9)
    ([0.0, 0.0, 1.0], 0.0)
    """
    return lambda position: float(samples is not None and position >= samples)
