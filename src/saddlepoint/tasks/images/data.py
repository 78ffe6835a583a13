"""Images of a run: read from where its settings say, or given in Python."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import DataError, ImageData, load_images
from saddlepoint.data.arrays import labels_of, pixels_of
from saddlepoint.data.dataset import OnProgress
from saddlepoint.data.decoding import pixels_of_image
from saddlepoint.data.folder import WHITE
from saddlepoint.tasks.images.settings import ImageFiles

#: What a Python caller may give.
TAKEN = (
    "an array or tensor (N, C, H, W), (N, H, W, C) or (N, H, W) of bytes, (images, labels), a list of PIL images, "
    "or a map-style Dataset"
)


def read_images(files: ImageFiles, progress: OnProgress) -> ImageData:
    """The images that are trained on.

    Raises:
        DataError: they can't be read.
        ConfigurationError: none are named, or what is left is one image, which has no distribution.
    """
    if files.source == "folder" and files.path is None:
        raise ConfigurationError("this recipe needs images of yours: give their folder with --data FOLDER")
    told = partial(progress, "reading the data")
    data = load_images(files.source, path=files.path, size=files.size, progress=told, values=files.range)
    return _limited(_parted(data, files), files)


def read_test(files: ImageFiles) -> ImageData:
    """Images that the data set holds out.

    Raises:
        DataError: there are none, or they can't be read.
    """
    return load_images(files.source, path=files.path, size=files.size, split="test", values=files.range)


def given_images(given: object, files: ImageFiles) -> ImageData:
    """Images of a Python caller's, as the settings want them: their size, what is held out, limits.

    Raises:
        ConfigurationError: they are of no kind that is taken, or break the rules of `data.arrays`; says which are.
    """
    try:
        data = given if isinstance(given, ImageData) else _adopted(given, files)
        if files.size is not None:
            data = data.resized(files.size)
        return _limited(_parted(data, files), files)
    except DataError as error:
        raise ConfigurationError(str(error)) from error


def classes_of(data: ImageData, conditional: bool) -> tuple[str, ...]:
    """The classes that are made on demand; none where they need not be.

    Raises:
        ConfigurationError: they are wanted, and the images have none.
    """
    if conditional and data.labels is None:
        raise ConfigurationError(
            f"{data.name} has no classes to make on demand: put each class into a sub-folder of its own, with no "
            f"image beside these, or give (images, labels) in Python; --no-conditional makes do without"
        )
    return data.classes if conditional else ()


def _parted(data: ImageData, files: ImageFiles) -> ImageData:
    """Without the share that is held out, which is kept beside."""
    if not files.held_out:
        return data
    train, test = data.split(files.held_out, files.seed)
    return replace(train, held_out=test)


def _limited(data: ImageData, files: ImageFiles) -> ImageData:
    if files.limit is not None:
        data = data.limited(files.limit, files.seed)
    if files.per_class is not None:
        data = data.of_each_class(files.per_class, files.seed)
    if len(data) < 2:
        raise ConfigurationError(f"{data.name} comes to one image to learn from: give at least two, better thousands")
    return data


def _adopted(given: object, files: ImageFiles) -> ImageData:
    images, labels = given, None
    if isinstance(given, tuple) and len(given) == 2 and not isinstance(given[1], Image.Image):
        images, labels = given
    names = getattr(given, "classes", None)
    if not isinstance(images, Tensor | np.ndarray):
        if not (hasattr(images, "__len__") and hasattr(images, "__getitem__")) or isinstance(images, str | dict):
            raise ConfigurationError(f"images are {TAKEN}, not {type(given).__name__}")
        images, found = _one_by_one(images, files.size)
        labels = found if labels is None else labels
    pixels, notes = pixels_of(_array(images), "the array of images", files.range)
    numbers, classes = None, tuple[str, ...]()
    if labels is not None:
        numbers, classes = labels_of(_array(labels), "the labels")
        if len(numbers) != len(pixels):
            raise ConfigurationError(f"there are {len(pixels):,} images and {len(numbers):,} labels: give one an image")
        if isinstance(names, Sequence) and not isinstance(names, str) and len(names) >= len(classes):
            classes = tuple(map(str, names))
    name = f"images of a {type(given).__name__}"
    return ImageData(name, pixels, numbers, classes, "Given in Python.", notes)


def _one_by_one(items: Any, size: int | None) -> tuple[NDArray[Any], Any]:
    """Images (N, …) of a sequence or a map-style dataset, and labels where its items are pairs."""
    images: list[NDArray[Any]] = []
    labels: list[Any] = []
    for number in range(len(items)):
        item = items[number]
        if isinstance(item, tuple | list) and len(item) == 2:
            item, label = item
            labels.append(label.item() if isinstance(label, Tensor | np.generic) else label)
        image = pixels_of_image(item, size, WHITE) if isinstance(item, Image.Image) else _array(item)
        if images and image.shape != images[0].shape:
            raise ConfigurationError(
                f"image {number} has shape {image.shape}, and the first {images[0].shape}: images of PIL are brought "
                f"to one size by size=32; arrays must have one shape"
            )
        images.append(image)
    if not images:
        raise ConfigurationError("there are no images in what was given: give at least two, better thousands")
    if labels and len(labels) != len(images):
        raise ConfigurationError(
            f"{len(labels):,} of {len(images):,} items have a label: give all of them one, or none"
        )
    stacked = np.stack(images)
    if stacked.ndim == 4 and stacked.shape[3] == 3 and bool((stacked == stacked[..., :1]).all()):
        stacked = stacked[..., :1]  # grey, as a folder of such images is
    return stacked, labels or None


def _array(values: Any) -> NDArray[Any]:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
