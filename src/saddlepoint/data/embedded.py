"""The data set that comes with the installation."""

import torch
from sklearn.datasets import load_digits

from saddlepoint.data.images import ImageData


def digits() -> ImageData:
    """1,797 handwritten digits, 8x8, grey, as scikit-learn ships them (values 0 to 16 become 0 to 255).

    Alpaydin and Kaynak 1998, "Optical recognition of handwritten digits", UCI.

    >>> data = digits()
    >>> len(data), data.shape, int(data.images.max())
    (1797, (1, 8, 8), 255)
    """
    bunch = load_digits()
    images = torch.from_numpy(bunch.images).mul(255 / 16).round().byte().unsqueeze(1)
    return ImageData(
        name="digits",
        images=images,
        source="the handwritten digits that scikit-learn ships (UCI, Alpaydin and Kaynak 1998)",
        labels=torch.from_numpy(bunch.target).long(),
        classes=tuple(str(d) for d in range(10)),
    )
