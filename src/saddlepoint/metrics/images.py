"""Sets of images as metrics of pixels take them: checked once, turned to float64 a few at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features, array_of

#: Numbers that are looked at together: 32 MiB in float64.
_TOGETHER = 2**22


def image_array(images: Features, name: str) -> NDArray[Any]:
    """Images (n, c, h, w) of their own dtype, uint8 or numbers in [0, 1].

    Raises:
        ValueError: other axes, no images or pixels, another dtype, NaN, or values outside [0, 1].
    """
    array = array_of(images)
    if array.ndim != 4 or 0 in array.shape:
        raise ValueError(f"{name} images have shape {array.shape}: give (n, c, h, w), none of them 0")
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise ValueError(f"{name} images have dtype {array.dtype}: give uint8, or floats from 0 to 1")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"{name} images have values from {low:g} to {high:g}: give uint8, or floats from 0 to 1")
    return array


def image_pair(real: Features, made: Features) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two sets of images that pair.

    Raises:
        ValueError: one of them is refused, or shapes differ.
    """
    x, y = image_array(real, "real"), image_array(made, "made")
    if x.shape != y.shape:
        raise ValueError(f"real images have shape {x.shape}, made ones {y.shape}: give pairs of one size, in one order")
    return x, y


def unit(array: NDArray[Any]) -> NDArray[np.float64]:
    """Images in float64, from 0 to 1."""
    values = array.astype(np.float64)
    return values / 255 if array.dtype == np.uint8 else values


def few(array: NDArray[Any]) -> Iterator[slice]:
    """Slices of images that cover a set, a few million numbers each."""
    size = max(1, _TOGETHER // int(np.prod(array.shape[1:])))
    for start in range(0, len(array), size):
        yield slice(start, min(start + size, len(array)))
