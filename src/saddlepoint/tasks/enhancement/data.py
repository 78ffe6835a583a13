"""Photographs to be degraded, or pairs of a degraded and a clean image."""

from dataclasses import replace
from functools import partial

import numpy as np
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import load_images, load_photographs
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.image_collection import Photographs
from saddlepoint.data.images import DataError, Split
from saddlepoint.data.pairs import PairData
from saddlepoint.tasks.enhancement.settings import DegradedImages
from saddlepoint.tasks.translation.data import given_pairs, image_array, image_list, pairs_of

#: Photographs, or given pairs.
Given = Photographs | PairData


def read_given(files: DegradedImages, *, paired: bool, progress: OnProgress = quiet) -> Given:
    """Photographs, or pairs, with those that are held out.

    Raises:
        ConfigurationError: none are named.
        DataError: they can't be read.
    """
    if files.source == "folder" and files.path is None:
        raise ConfigurationError("this recipe needs images of yours: give their folder with --data FOLDER")
    if paired and files.path is None:
        raise ConfigurationError(
            f"{files.source} holds no pairs of a degraded and a clean image: say what to learn to undo with "
            f"--degrade downscale:4, or give a folder of pairs with --data FOLDER"
        )
    if paired:
        return pairs_of(files, files.size, progress, scale=files.scale)
    train = _photographs(files, "train", progress)
    try:
        held_out = _photographs(files, "test", quiet)
    except DataError:
        train, held_out = train.split(files.held_out)
    return replace(train, held_out=held_out)


def adopted(given: object, files: DegradedImages, *, paired: bool) -> Given:
    """Images of any sizes of a Python caller, or (inputs, targets) where pairs are wanted.

    Raises:
        ConfigurationError: something else.
    """
    if paired:
        return given_pairs(given, files, paired=True)
    if isinstance(given, Tensor | np.ndarray):
        photographs = Photographs.of(image_array(given, "images of an array"))
    elif isinstance(given, list | tuple) and given:
        photographs = image_list(given, "images of an array")
    else:
        raise ConfigurationError(
            f"images are an array (N, C, H, W) or a list of images of any sizes, uint8, not "
            f"{'an empty ' if isinstance(given, list | tuple) else ''}{type(given).__name__}"
        )
    train, held_out = photographs.split(files.held_out)
    return replace(train, held_out=held_out)


def _photographs(files: DegradedImages, split: Split, progress: OnProgress) -> Photographs:
    told = partial(progress, "reading the data")
    if files.size is None:
        return load_photographs(files.source, path=files.path, split=split, progress=told, values=files.range)
    return Photographs.of(
        load_images(files.source, files.size, path=files.path, split=split, progress=told, values=files.range)
    )
