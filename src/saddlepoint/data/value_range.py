"""One range of values for all images of a data set, where they have more than 8 bits: found, or given."""

import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from saddlepoint.data.collection import THREADS, Collection
from saddlepoint.data.decoding import Range, available_formats, deep_values
from saddlepoint.data.images import DataError

T = TypeVar("T")
#: Endings of files that may hold more than 8 bits; of those of the first kind every one is looked at.
TIFF, OTHERS = (".tif", ".tiff"), (".png", ".pgm", ".ppm", ".pnm", ".jp2")
#: Files that are looked into at most, evenly over all.
LOOKED_AT = 1000
#: Of files of other endings so few are looked at first: most are photographs of 8 bits.
TRIED = 64
#: What numbers of floats mean where they lie within.
NATURAL: tuple[Range, ...] = ((0.0, 1.0), (-1.0, 1.0))


@dataclass(frozen=True)
class ValueRange:
    """Values that become black and white.

    Attributes:
        ends: black and white.
        given: whether a user said so.
        files: in which more than 8 bits were found, of those that were looked at.
    """

    ends: Range
    given: bool
    files: int

    def note(self, kind: str = "files") -> str:
        """A sentence on it."""
        low, high = self.ends
        how = "as given by data.range" if self.given else f"found over {self.files:,} {kind}"
        other = "" if self.given else "; another range is given as --set data.range=LOW,HIGH"
        return f"Values of more than 8 bits: {low:g} is black and {high:g} white for all, {how}{other}."


def range_of_files(files: Sequence[Path], given: Range | None = None) -> ValueRange | None:
    """The range of all images of more than 8 bits among files; None where there are none.

    Args:
        files: images.
        given: what a user wants it to be; None finds the least and the greatest value there is, 0 and 1 or −1 and 1
            where all values lie within these.

    Raises:
        DataError: a range that is none.
    """
    tiffs = [file for file in files if file.suffix.lower() in TIFF]
    others = [file for file in files if file.suffix.lower() in OTHERS]
    if not any(_looked_into(_evenly(others, TRIED))):
        others = []
    return range_of([*tiffs, *others], given)


def range_of(images: Sequence[Path | bytes], given: Range | None = None) -> ValueRange | None:
    """The same of encoded images, as far as `LOOKED_AT` goes. Raises DataError for a range that is none."""
    check(given)
    found = [ends for ends in _looked_into(_evenly(images, LOOKED_AT)) if ends is not None]
    if not found:
        return None
    least, greatest = min(low for low, _ in found), max(high for _, high in found)
    if given is None and least == greatest:  # nothing to tell a range by
        return None
    return ValueRange(given or natural(least, greatest), given is not None, len(found))


def range_of_collection(collection: Collection, given: Range | None = None) -> ValueRange | None:
    """The range of a few, and where these have more than 8 bits, of a thousand. Raises DataError as `check`."""
    for most in (TRIED, LOOKED_AT):
        step = max(1, len(collection) // most)
        images = [one for i in range(0, len(collection), step) for one in collection.take(i, i + 1)]
        found = range_of([one for one in images if isinstance(one, bytes)], given)
        if found is None:
            return None
    return found


def notes_of(values: ValueRange | None, given: Range | None) -> list[str]:
    """What a user is told of the range."""
    if values is not None:
        return [values.note()]
    return [f"data.range={given[0]:g},{given[1]:g} changes nothing: no image has more than 8 bits."] if given else []


def natural(low: float, high: float) -> Range:
    """A range for values from low to high: 0 to 1 or −1 to 1 where they lie within and reach half of it, else theirs.

    >>> natural(0.01, 0.93), natural(-0.8, 0.9), natural(12.0, 4071.0), natural(3.0, 3.0)
    ((0.0, 1.0), (-1.0, 1.0), (12.0, 4071.0), (3.0, 4.0))
    """
    for ends in NATURAL:
        if ends[0] <= low and ends[1] / 2 <= high <= ends[1]:
            return ends
    return (low, high) if high > low else (low, low + 1)


def check(given: Range | None) -> None:
    """Raise DataError where a range is given that is none."""
    if given is not None and not given[0] < given[1]:
        raise DataError(
            f"data.range={given[0]:g},{given[1]:g} is no range: give black first, and white above it, as in 0,4095"
        )


def _looked_into(files: Sequence[Path | bytes]) -> list[Range | None]:
    formats = available_formats()
    with warnings.catch_warnings(), ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")
        return list(pool.map(lambda file: deep_values(file, formats), files))


def _evenly(files: Sequence[T], most: int) -> list[T]:
    if len(files) <= most:
        return list(files)
    return [files[k * len(files) // most] for k in range(most)]
