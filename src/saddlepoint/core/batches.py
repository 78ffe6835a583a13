"""Where a method gets its batches from, and the one measure of progress: samples seen."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from saddlepoint.core.randomness import seed_for
from saddlepoint.core.ranks import Share


@dataclass(frozen=True)
class Batch:
    """Data *and* noise of one evaluation, so that a loss is a pure function of (x, batch).

    Attributes:
        value: what the losses are given; any object.
        size: samples that it counts as.
        seed: seeds the global generator at every evaluation on this batch (dropout, noise that a loss draws), so that
            the same batch gives the same field; None leaves the generator alone.
        resting: players that sit this batch out: their block of the field is 0 and costs nothing, and a move leaves
            them, and what their optimizers remember, where they are. Those that rest on a step's first batch rest
            through the whole step, and what the method remembers of them does not change.
        share: where ranks share the batch, the rows that `value` holds; `size` counts those of all ranks.
        parts: of a shared batch that comes in parts, each with its share of the whole and its own rows.
    """

    value: Any
    size: int = 1
    seed: int | None = None
    resting: frozenset[str] = frozenset()
    share: Share | None = None
    parts: tuple[tuple[float, Any, Share], ...] | None = None


class Batches:
    """An endless source of batches that counts the samples it gave.

    Args:
        draw: gives the batch at a position (in samples). A pure function makes a run resumable.
        position: where to start.
    """

    def __init__(self, draw: Callable[[int], Batch], position: int = 0) -> None:
        self.draw = draw
        self.position = position
        #: Whether batches come in their order only, whatever the position; so do those of an iterable.
        self.sequential = False
        #: Seconds by the clock that drawing took in this process.
        self.seconds = 0.0
        self._ahead: tuple[int, Batch] | None = None

    def peek(self) -> Batch:
        """The batch that `next` will give; the position stays, and nothing is drawn twice."""
        if self._ahead is None or self._ahead[0] != self.position:
            began = time.perf_counter()
            self._ahead = self.position, self.draw(self.position)
            self.seconds += time.perf_counter() - began
        return self._ahead[1]

    def next(self) -> Batch:
        """The next batch."""
        batch = self.peek()
        self._ahead = None
        self.position += batch.size
        return batch

    @classmethod
    def of(cls, values: Iterable[Any], size: int = 1, seed: int = 0) -> "Batches":
        """Batches from any iterable of your own, each counted as `size` samples. Make it endless.

        Args:
            values: what the losses are given, one after another.
            size: samples that each counts as.
            seed: with the position it seeds dropout and whatever else a loss draws on a batch.

        Raises:
            ValueError: by `next`, where the iterable has ended.

        >>> batches = Batches.of([10.0, 20.0], size=64)
        >>> batches.next().value, batches.position
        (10.0, 64)
        """
        iterator = iter(values)

        def draw(position: int) -> Batch:
            for value in iterator:
                return Batch(value, size, seed_for(seed, position, "network"))
            raise ValueError(f"the batches ended after {position:,} samples: give an iterable without end")

        batches = cls(draw)
        batches.sequential = True
        return batches

    @classmethod
    def none(cls, seed: int = 0) -> "Batches":
        """For a game without data: every batch is None and counts as one sample; seeded as those of `of` are."""
        return cls(lambda position: Batch(None, seed=seed_for(seed, position, "network")))
