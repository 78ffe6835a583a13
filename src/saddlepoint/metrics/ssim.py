"""Structural similarity, on one scale and on several."""

import numpy as np
import scipy
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features
from saddlepoint.metrics.images import few, image_pair, unit

#: Side of the window and deviation of its Gaussian; the constants (.01)² and (.03)² for values in [0, 1].
WINDOW, DEVIATION = 11, 1.5
_LUMINANCE, _CONTRAST = 0.01**2, 0.03**2
#: Exponents of the scales, the finest first.
EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_RADIUS = WINDOW // 2
_LINE = np.exp(-0.5 * (np.arange(-_RADIUS, _RADIUS + 1) / DEVIATION) ** 2)
_LINE /= _LINE.sum()


def ssim(real: Features, made: Features) -> float:
    """Structural similarity, 1 where images agree: the mean over places, channels and images of

        (2 μ_x μ_y + .01²)/(μ_x² + μ_y² + .01²) · (2 σ_xy + .03²)/(σ_x² + σ_y² + .03²),

    means, variances and covariance in a Gaussian window of 11x11 pixels and deviation 1.5, wherever it lies within
    the image; values in [0, 1].

    Args:
        real: images (n, c, h, w), uint8 or floats from 0 to 1, sides of at least 11; arrays or tensors.
        made: those to be judged, in the same order.

    Raises:
        ValueError: images that are not such, or that do not pair.

    Paper: Wang, Bovik, Sheikh, Simoncelli 2004, "Image quality assessment: from error visibility to structural
    similarity", IEEE Transactions on Image Processing 13.

    Constant images differ in luminance alone, here (2 · 0 · .1 + .01²)/(.1² + .01²):

    >>> round(ssim(np.zeros((1, 1, 16, 16)), np.full((1, 1, 16, 16), 0.1)) * 101, 6)
    1.0
    """
    x, y = image_pair(real, made)
    _check_side(x.shape, 1)
    parts = [_compared(unit(x[part]), unit(y[part])) for part in few(x)]
    return float(np.concatenate([(luminance * contrast).mean((1, 2, 3)) for luminance, contrast in parts]).mean())


def ms_ssim(real: Features, made: Features, scales: int = 5) -> float:
    """Structural similarity on several scales: Π_j c_j^β_j · (l c)_M^β_M, the mean over images; 1 where they agree.

    l and c are the two factors of `ssim`, averaged over places and channels (c, where negative, is 0); from a scale to
    the next, 2x2 pixels are averaged. β are the paper's; of fewer scales, the finest ones', scaled to the sum 1.

    Where others differ: of an odd side the last row or column is left out of the next scale, as torchmetrics does; the
    paper's Matlab code mirrors the edge. At the coarsest scale torchmetrics counts windows over mirrored edges, too.
    Here and there channels are averaged before the product over scales; TensorFlow takes the product a channel, and
    then the mean.

    Args:
        real: images (n, c, h, w), uint8 or floats from 0 to 1, sides of at least 11 · 2^(scales − 1).
        made: those to be judged, in the same order.
        scales: M, 1 to 5; 5 asks for sides of 176, 3 for 44.

    Raises:
        ValueError: images that are not such, that do not pair, or are too small for the scales.

    Paper: Wang, Simoncelli, Bovik 2003, "Multiscale structural similarity for image quality assessment", Asilomar.

    >>> ms_ssim(np.zeros((1, 1, 64, 64)), np.zeros((1, 1, 64, 64)), scales=3)
    1.0
    """
    x, y = image_pair(real, made)
    if not 1 <= scales <= len(EXPONENTS):
        raise ValueError(f"scales is {scales}: give 1 to {len(EXPONENTS)}")
    _check_side(x.shape, scales)
    # The paper's five sum to 1.0001.
    exponents = np.array(EXPONENTS[:scales]) / (1 if scales == len(EXPONENTS) else sum(EXPONENTS[:scales]))
    values = []
    for part in few(x):
        a, b = unit(x[part]), unit(y[part])
        product = np.ones(len(a))
        for scale, exponent in enumerate(exponents, 1):
            luminance, contrast = _compared(a, b)
            factor = luminance * contrast if scale == scales else contrast
            product *= np.maximum(factor.mean((1, 2, 3)), 0) ** exponent
            a, b = _halved(a), _halved(b)
        values.append(product)
    return float(np.concatenate(values).mean())


def _check_side(shape: tuple[int, ...], scales: int) -> None:
    least = WINDOW * 2 ** (scales - 1)
    if min(shape[2:]) < least:
        raise ValueError(f"images of {shape[2]}x{shape[3]} pixels are too small: give sides of at least {least}")


def _compared(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Luminance and contrast with structure, (n, c, h − 10, w − 10)."""
    mean_x, mean_y = _windowed(x), _windowed(y)
    variances = _windowed(x * x) - mean_x**2 + _windowed(y * y) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _LUMINANCE) / (mean_x**2 + mean_y**2 + _LUMINANCE)
    return luminance, (2 * covariance + _CONTRAST) / (variances + _CONTRAST)


def _windowed(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means in the window wherever it lies within the image."""
    inside = slice(_RADIUS, -_RADIUS)
    means: NDArray[np.float64] = scipy.ndimage.correlate1d(scipy.ndimage.correlate1d(images, _LINE, 2), _LINE, 3)
    return means[:, :, inside, inside]


def _halved(images: NDArray[np.float64]) -> NDArray[np.float64]:
    n, channels, height, width = images.shape
    even = images[:, :, : height // 2 * 2, : width // 2 * 2]
    means: NDArray[np.float64] = even.reshape(n, channels, height // 2, 2, width // 2, 2).mean((3, 5))
    return means
