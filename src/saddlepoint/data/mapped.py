"""Files of the cache as tensors."""

import warnings
from pathlib import Path

import numpy as np
import torch


def mapped(path: Path, shape: tuple[int, ...]) -> torch.Tensor:
    """A file of bytes as a uint8 tensor whose pages come from the disk when they are read. Nothing may write to it.

    Raises:
        OSError, ValueError: the file is missing or shorter than the shape.
    """
    # Copy-on-write would need no filter, but Linux refuses such a map where it is larger than the memory.
    pixels = np.memmap(path, np.uint8, "r", shape=shape)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(pixels)
