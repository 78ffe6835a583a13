"""The sliced Wasserstein distance of image patches, one scale at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from saddlepoint.metrics.features import Features, array_of, check_numbers, double
from saddlepoint.metrics.sliced import sliced_wasserstein

#: A patch is 7x7 pixels.
_PATCH = 7
_BINOMIAL = np.array([1, 4, 6, 4, 1]) / 16


@dataclass(frozen=True)
class PyramidDistance:
    """Distances of the levels of a Laplacian pyramid, finest first.

    Attributes:
        sides: of a level's images, the smaller of height and width, in pixels.
        values: of each level; papers print them times 1,000.
        mean: over levels.
    """

    sides: tuple[int, ...]
    values: tuple[float, ...]
    mean: float


def pyramid_distance(
    real: Features,
    generated: Features,
    smallest: int = 16,
    patches: int = 128,
    projections: int = 512,
    seed: int = 0,
) -> PyramidDistance:
    """Sliced Wasserstein distance between random 7x7 patches of each level of images' Laplacian pyramids.

    A fine level is what the next coarser one, blown up, leaves; the last is the coarse image. Each set's
    patches are shifted and scaled to mean 0 and deviation 1 in each channel. Memory: 392 bytes for each channel of each
    patch, n patches a set.

    Args:
        real: images (n, c, h, w), of any range and dtype; arrays or tensors.
        generated: images (m, c, h, w) of the same range.
        smallest: levels are halved while their smaller side stays at least this.
        patches: from each image at each level.
        projections: how many directions.
        seed: of patches and directions.

    Raises:
        ValueError: images that are not (n, c, h, w) of one shape with sides of at least 7, values that are not finite,
            or a setting below its least.

    Paper: Karras et al. 2018, "Progressive growing of GANs for improved quality, stability, and variation",
    arXiv 1710.10196.

    >>> images = np.random.default_rng(0).normal(size=(20, 1, 32, 32))
    >>> found = pyramid_distance(images, images, patches=8, projections=16)
    >>> found.sides, found.mean
    ((32, 16), 0.0)
    """
    x, y = array_of(real), array_of(generated)
    if (
        x.ndim != 4
        or y.ndim != 4
        or x.shape[1:] != y.shape[1:]
        or 0 in (*x.shape, *y.shape)
        or min(x.shape[2:]) < _PATCH
    ):
        raise ValueError(
            f"images have shapes {x.shape} and {y.shape}: give (n, c, h, w) and (m, c, h, w), sides at least {_PATCH}"
        )
    if smallest < _PATCH or patches < 1:
        raise ValueError(f"smallest is {smallest}, patches {patches}: give at least {_PATCH} and 1")
    for array, name in (x, "real"), (y, "generated"):
        check_numbers(array.reshape(len(array), -1), f"{name} images", "what made them")
    sides, values = [], []
    for a, b in zip(_levels(double(x), smallest), _levels(double(y), smallest), strict=True):
        # One seed for both: sets of one size are looked at in the same places, so that equal sets are at 0.
        descriptors = [_patches(level, patches, np.random.default_rng(seed)) for level in (a, b)]
        sides.append(min(a.shape[2:]))
        values.append(sliced_wasserstein(descriptors[0], descriptors[1], projections, seed))
    return PyramidDistance(tuple(sides), tuple(values), float(np.mean(values)))


def _levels(images: NDArray[np.float64], smallest: int) -> Iterator[NDArray[np.float64]]:
    while min(images.shape[2:]) // 2 >= smallest:
        coarse = _blurred(images)[:, :, ::2, ::2]
        spread = np.zeros_like(images)
        spread[:, :, ::2, ::2] = coarse
        yield images - 4 * _blurred(spread)  # one pixel of four is not zero
        images = coarse
    yield images


def _blurred(images: NDArray[np.float64]) -> NDArray[np.float64]:
    for axis in 2, 3:
        images = scipy.ndimage.convolve1d(images, _BINOMIAL, axis, mode="mirror")
    return images


def _patches(images: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Random patches, normalised, flat: (n count, c 49)."""
    n, channels, height, width = images.shape
    image = np.repeat(np.arange(n), count)
    top, left = rng.integers(height - _PATCH + 1, size=n * count), rng.integers(width - _PATCH + 1, size=n * count)
    windows = np.lib.stride_tricks.sliding_window_view(images, (_PATCH, _PATCH), (2, 3))
    chosen = windows[image, :, top, left]
    mean, deviation = (of((0, 2, 3), keepdims=True) for of in (chosen.mean, chosen.std))
    varies = deviation > 1e-12 * np.abs(mean)  # and not by the mean's rounding alone
    scaled: NDArray[np.float64] = (chosen - mean) / np.where(varies, deviation, 1)
    return scaled.reshape(n * count, channels * _PATCH**2)
