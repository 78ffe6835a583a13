"""Images that an installed library ships: nothing to download."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from saddlepoint.data.images import ImageData


def digits(size: int | None = None) -> ImageData:
    """The 1,797 handwritten digits of 8x8 pixels that scikit-learn ships; 17 grey levels.

    Args:
        size: pixels a side (smoothly upsampled); None keeps 8.

    Raises:
        DataError: a size below 1.

    >>> digits().shape, len(digits()), digits(16).shape
    ((1, 8, 8), 1797, (1, 16, 16))
    """
    # The file alone: importing scikit-learn takes longer than the first steps of training.
    library = find_spec("sklearn")
    assert library is not None
    assert library.origin is not None
    table = np.loadtxt(Path(library.origin).parent / "datasets/data/digits.csv.gz", delimiter=",")
    levels = torch.from_numpy(table[:, :-1].reshape(-1, 1, 8, 8))
    data = ImageData(
        name="digits",
        images=(levels * (255 / 16)).round().byte(),
        labels=torch.from_numpy(table[:, -1]).long(),
        classes=tuple(str(digit) for digit in range(10)),
        source="Optical recognition of handwritten digits (UCI, test part), as shipped with scikit-learn.",
    )
    return data if size is None else data.resized(size)
