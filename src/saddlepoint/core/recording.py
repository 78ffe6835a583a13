"""While a step is recorded nothing may look at a number: what a step would look at is kept for whoever records it."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

_looked_at: list[Tensor] | None = None


@contextmanager
def recording() -> Iterator[list[Tensor]]:
    """Inside the block every number is taken to be finite. Yields the tensors that would have been looked at."""
    global _looked_at
    before, _looked_at = _looked_at, []
    try:
        yield _looked_at
    finally:
        _looked_at = before


def recorded(tensors: list[Tensor]) -> bool:
    """Whether these are looked at later, as a step is recorded now."""
    if _looked_at is None:
        return False
    _looked_at.extend(tensors)
    return True


def is_recording() -> bool:
    """Whether a step is recorded now."""
    return _looked_at is not None
