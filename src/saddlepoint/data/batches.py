"""Where a run's batches come from."""

from typing import Protocol, Self

from torch import Tensor

from saddlepoint.core import Batch


class BatchSource(Protocol):
    """Batches as a pure function of (seed, position), so that no state travels and a resumed run sees the same."""

    def __call__(self, position: int) -> Batch:
        """The batch that begins at a position, in samples."""

    def part(self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None) -> Self:
        """A source like this one over some of its samples, by batches of another size or of another seed."""
