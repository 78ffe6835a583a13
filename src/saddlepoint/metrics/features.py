"""Feature arrays as they come: checked once, turned to float64 a block of rows at a time."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

#: Features (n, d): anything that NumPy reads, or a tensor on any device.
Features: TypeAlias = ArrayLike | torch.Tensor

#: Numbers in a block: 32 MiB in float64.
_BLOCK = 2**22


def array_of(values: Features) -> NDArray[Any]:
    """Values as an array of their own dtype; a CPU tensor is not copied."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        if values.dtype == torch.bfloat16:  # NumPy has none
            values = values.float()
        return values.numpy()
    return np.asarray(values)


def feature_array(features: Features, name: str) -> NDArray[Any]:
    """Features (n, d) of their own dtype: 50,000 x 2,048 of float32 must not become float64 at once.

    Raises:
        ValueError: not two axes, no rows, no columns, no real numbers, or NaN or infinity among them.
    """
    array = array_of(features)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} features have shape {array.shape}: give (n, d), n and d at least 1")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} features have dtype {array.dtype}: give real numbers")
    for rows in blocks(array):
        finite = np.isfinite(array[rows]).all(1)
        if not finite.all():
            row = rows.start + int(finite.argmin())
            raise ValueError(
                f"{name} features have NaN or infinity in row {row}: leave such rows out, or mend the extractor"
            )
    return array


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


def column_means(array: NDArray[Any]) -> NDArray[np.float64]:
    """Means of columns (d,), added up in float64."""
    total = np.zeros(array.shape[1])
    for rows in blocks(array):
        total += double(array[rows]).sum(0)
    return total / len(array)
