"""Images that an installed library ships: nothing to download."""

import torch
from sklearn.datasets import load_digits

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
    found = load_digits()
    levels = torch.from_numpy(found.images).unsqueeze(1)
    data = ImageData(
        name="digits",
        images=(levels * (255 / 16)).round().byte(),
        labels=torch.from_numpy(found.target).long(),
        classes=tuple(str(digit) for digit in range(10)),
        source="Optical recognition of handwritten digits (UCI, test part), as shipped with scikit-learn.",
    )
    return data if size is None else data.resized(size)
