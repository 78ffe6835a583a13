"""How sharp the edges of images are."""

import numpy as np
import scipy

from saddlepoint.metrics.features import Features
from saddlepoint.metrics.images import few, image_array, unit

_SLOPE, _SMOOTH = np.array([-0.5, 0.0, 0.5]), np.array([0.25, 0.5, 0.25])


def edge_sharpness(images: Features) -> float:
    """√E|∇x|², the root of the mean square gradient (Sobel's) over all inner pixels and channels; levels a pixel.

    A slope of s a pixel is s. An edge of a height h that is passed in w pixels counts h²/w in the mean, so it grows
    with sharpness, where the mean of |∇x| itself would be h for any w. It knows no reference, and noise is sharp too:
    take the ratio to that of real images, of which 1 is best, and less is blurred.

    Args:
        images: (n, c, h, w), uint8 or floats from 0 to 1, sides of at least 3; arrays or tensors.

    Raises:
        ValueError: images that are not such.

    >>> slope = np.broadcast_to(np.arange(8) / 10, (1, 1, 8, 8))
    >>> round(edge_sharpness(slope), 12)
    0.1
    """
    array = image_array(images, "the")
    if min(array.shape[2:]) < 3:
        raise ValueError(f"images of {array.shape[2]}x{array.shape[3]} pixels have no inner ones: give sides of 3")
    total, count = 0.0, 0
    for part in few(array):
        values = unit(array[part])
        for along, across in ((2, 3), (3, 2)):
            sloped = scipy.ndimage.correlate1d(values, _SLOPE, along)
            slopes = scipy.ndimage.correlate1d(sloped, _SMOOTH, across)[:, :, 1:-1, 1:-1]
            total += float(np.square(slopes).sum())
        count += slopes.size
    return float(np.sqrt(total / count))
