"""The real images that a generator is held against: those it was trained on, and others."""

from collections.abc import Callable
from dataclasses import dataclass

from saddlepoint.data import DataError, ImageData

#: Of images without a test split, this share stands in for one.
SHARE = 0.2


@dataclass(frozen=True)
class RealSet:
    """Real images, and which part of the data they are, in words."""

    data: ImageData
    split: str


def real_sets(train: ImageData, test: Callable[[], ImageData]) -> tuple[RealSet, RealSet, tuple[str, ...]]:
    """Training images, test images, and what to know about them.

    Args:
        train: that the generator was trained on.
        test: reads images that it never saw; raises DataError where there are none.

    Raises:
        DataError: there are none, and but one of the others.
    """
    try:
        return RealSet(train, "train"), RealSet(test(), "test"), ()
    except DataError as error:
        if len(train) < 2:
            raise DataError(f"{train.name} comes to one image to measure against: give at least two") from error
        rest, part = train.split(max(SHARE, 1 / len(train)))
        note = (
            f"{error}. In place of a test split a fifth of the training images is held out here, which the generator "
            f"was trained on too; a run of its own with --set data.held_out={SHARE:g} never sees them"
        )
        return RealSet(rest, "4/5 of train"), RealSet(part, "1/5 of train"), (note,)
