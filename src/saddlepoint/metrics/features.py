"""Feature arrays as they come: checked once, turned to float64 a block of rows at a time."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

#: Features (n, d): anything that NumPy reads, or a tensor on any device.
Features: TypeAlias = ArrayLike | torch.Tensor

#: What NumPy has of PyTorch's floats; bfloat16 is none of them.
_NUMPYS = (torch.float16, torch.float32, torch.float64)
#: Numbers in a block: 32 MiB in float64.
_BLOCK = 2**22
#: Beyond it cubes of squares, added up over pairs by the kernel distance, leave float64; float32 does not reach it.
_LARGEST = 1e48


def array_of(values: Features) -> NDArray[Any]:
    """Values as an array of their own dtype; a CPU tensor is not copied.

    Raises:
        ValueError: masked values, or rows of different lengths.
    """
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        if values.is_floating_point() and values.dtype not in _NUMPYS:
            values = values.float()
        return values.numpy()
    if np.ma.is_masked(values):
        raise ValueError("some values are masked: leave their rows out, or fill them in")
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError("rows have different lengths: give an array, or rows of one length") from error


def feature_array(features: Features, name: str) -> NDArray[Any]:
    """Features (n, d) of their own dtype: 50,000 x 2,048 of float32 must not become float64 at once.

    Raises:
        ValueError: not two axes, no rows, no columns, no real numbers, or NaN, infinity or values beyond 1e48.
    """
    array = array_of(features)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} features have shape {array.shape}: give (n, d), n and d at least 1")
    check_numbers(array, f"{name} features", "the extractor")
    return array


def check_numbers(array: NDArray[Any], what: str, maker: str) -> None:
    """Whether rows (n, d) can be reckoned with.

    Args:
        array: of any dtype.
        what: they are called in an error.
        maker: what is to be mended.

    Raises:
        ValueError: no real numbers, or NaN, infinity or values beyond 1e48.
    """
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{what} have dtype {array.dtype}: give real numbers")
    wide = array.dtype.kind == "f" and array.dtype.itemsize > 4
    for rows in blocks(array):
        finite = np.isfinite(array[rows]).all(1)
        if not finite.all():
            row = rows.start + int(finite.argmin())
            raise ValueError(f"{what} have NaN or infinity in row {row}: leave such rows out, or mend {maker}")
        if wide and (np.abs(array[rows]) > _LARGEST).any():
            raise ValueError(f"{what} have values beyond {_LARGEST:g}: scale them down, or mend {maker}")


def feature_pair(first: Features, second: Features, names: tuple[str, str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two feature arrays of one width.

    Raises:
        ValueError: one of them is refused, or widths differ.
    """
    x, y = feature_array(first, names[0]), feature_array(second, names[1])
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"{names[0]} features have width {x.shape[1]}, {names[1]} ones {y.shape[1]}: take both from one extractor"
        )
    return x, y


def blocks(array: NDArray[Any]) -> Iterator[slice]:
    """Slices of rows that cover an array (n, d), 64 to 2,048 rows each."""
    size = min(max(_BLOCK // array.shape[1], 64), 2048)
    for start in range(0, len(array), size):
        yield slice(start, min(start + size, len(array)))


def double(array: NDArray[Any]) -> NDArray[np.float64]:
    """An array's values in float64."""
    return array.astype(np.float64, copy=False)


def scaled(values: NDArray[np.float64], axis: tuple[int, ...] | None = None) -> NDArray[np.float64]:
    """Values by a power of two, exactly, so that the greatest magnitude, NaN aside, is in [½, 1).

    Squares of them then neither overflow nor vanish, and what does not depend on units keeps its bits.

    Args:
        values: finite, or NaN.
        axis: over which the greatest is taken, all without.

    >>> scaled(np.array([1e200, -4e200])).round(3).tolist()
    [0.163, -0.653]
    """
    _, exponent = np.frexp(np.nanmax(np.abs(values), axis=axis, initial=0.0))
    found: NDArray[np.float64] = np.ldexp(values, -exponent)
    return found
