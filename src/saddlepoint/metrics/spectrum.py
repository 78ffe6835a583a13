"""How the power of images spreads over frequencies."""

import numpy as np
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features
from saddlepoint.metrics.images import few, image_array, unit

#: Power a pixel below which nothing is told apart: that of rounding to 8 bits is 1.3e-6.
_FLOOR = 1e-8


def radial_spectrum(images: Features) -> NDArray[np.float64]:
    """Mean power a pixel of the frequencies 1, 2, … cycles a (shorter) side, whatever their direction: (side // 2,).

    Of an image without its mean, through a Hann window, so that opposite edges do not meet; channels count alike. The
    window's own weakening is taken back: white noise of variance σ² has σ² at every frequency.

    Args:
        images: (n, c, h, w), uint8 or floats from 0 to 1, sides of at least 4; arrays or tensors.

    Raises:
        ValueError: images that are not such.
    """
    array = image_array(images, "the")
    _, _, height, width = array.shape
    side = min(height, width)
    if side < 4:
        raise ValueError(f"images of {height}x{width} pixels have too few frequencies: give sides of at least 4")
    window = np.outer(*(np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in (height, width)))
    cycles = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)) * side
    rings = cycles.round().astype(int).ravel()
    counts = np.bincount(rings, minlength=side // 2 + 1)[1 : side // 2 + 1]
    total: NDArray[np.float64] = np.zeros(side // 2)
    for part in few(array):
        values = unit(array[part])
        values = (values - values.mean((2, 3), keepdims=True)) * window
        power = np.square(np.abs(np.fft.fft2(values))).sum((0, 1)) / np.square(window).sum()
        total += np.bincount(rings, power.ravel(), side // 2 + 1)[1 : side // 2 + 1]
    mean: NDArray[np.float64] = total / (counts * array.shape[0] * array.shape[1])
    return mean


def spectrum_distance(real: Features, made: Features) -> float:
    """Root of the mean square difference of two sets' power spectra in dB, over frequencies from 1 cycle a side up.

    0 where the sets have the same power at every frequency; images c times as strong are 20 |log₁₀ c| away. It sees
    blur and the grids that networks leave, pairs nothing, and knows nothing of phase: sets need have one size only.

    Args:
        real: images (n, c, h, w), uint8 or floats from 0 to 1; arrays or tensors.
        made: images (m, c', h, w) to be judged.

    Raises:
        ValueError: images that are not such, or of different sizes.

    Paper: Durall, Keuper, Keuper 2020, "Watch your up-convolution: CNN based generative deep neural networks are
    failing to reproduce spectral distributions", arXiv 2003.01826.

    >>> images = np.random.default_rng(0).random((4, 1, 16, 16))
    >>> round(spectrum_distance(images, images / 10), 6)
    20.0
    """
    x, y = image_array(real, "real"), image_array(made, "made")
    if x.shape[2:] != y.shape[2:]:
        raise ValueError(f"real images have shape {x.shape}, made ones {y.shape}: give images of one size")
    a, b = (10 * np.log10(np.maximum(radial_spectrum(images), _FLOOR)) for images in (x, y))
    return float(np.sqrt(np.square(a - b).mean()))
