"""Peak signal-to-noise ratio."""

import numpy as np

from saddlepoint.metrics.features import Features
from saddlepoint.metrics.images import few, image_pair, unit


def psnr(real: Features, made: Features) -> float:
    """10 log₁₀(1/MSE) in dB for images in [0, 1], MSE over an image's pixels and channels; the mean over images.

    Higher is closer; infinite where an image is met exactly. It favours the mean of what is possible: the sharpest
    images that it allows are blurred ones.

    Args:
        real: images (n, c, h, w), uint8 or floats from 0 to 1; arrays or tensors.
        made: those to be judged, in the same order.

    Raises:
        ValueError: images that are not such, or that do not pair.

    >>> psnr(np.zeros((2, 1, 4, 4)), np.full((2, 1, 4, 4), 0.1))
    20.0
    """
    x, y = image_pair(real, made)
    errors = np.concatenate([np.square(unit(x[part]) - unit(y[part])).mean((1, 2, 3)) for part in few(x)])
    with np.errstate(divide="ignore"):
        return float(np.mean(-10 * np.log10(errors)))
