"""Pairs of images, read from folders or taken from arrays."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import rng
from saddlepoint.data.dataset import OnProgress
from saddlepoint.data.image_collection import Photographs, photographs_of
from saddlepoint.data.images import ImageData
from saddlepoint.data.pairs import PairData, holds_out, read_pairs
from saddlepoint.tasks.pictures import tensor_of
from saddlepoint.tasks.translation.settings import JUDGED, PairFiles

#: Pixels a side of whole images' crops where none is given; of what judges, at most, and how many in all, about.
CROP, JUDGED_SIDE, JUDGED_PIXELS = 64, 256, 2048 * 64 * 64


def pairs_of(
    files: PairFiles, size: int | None, progress: OnProgress, *, paired: bool | None = True, scale: int = 1
) -> PairData:
    """Read the pairs of a folder, with those that are held out; `size`, `paired` and `scale` as `read_pairs` has them.

    Raises:
        ConfigurationError: no folder is named.
        DataError: it holds none.
    """
    if files.path is None:
        raise ConfigurationError("this recipe needs pairs of images of yours: give their folder with --data FOLDER")
    read = partial(
        read_pairs,
        files.path,
        size,
        a=files.a,
        b=files.b,
        layout=files.split,
        paired=paired,
        scale=scale,
        progress=partial(progress, "reading the data"),
    )
    train = read(split="train", values=(files.range, files.range))
    if holds_out(files.path):
        held_out = read(split="test", channels=(train.inputs.shape[0], train.targets.shape[0]), values=train.values)
    else:
        train, held_out = train.split(files.held_out)
    return replace(train, held_out=held_out)


def given_pairs(given: object, files: PairFiles, *, paired: bool) -> PairData:
    """Pairs of a Python caller: inputs and targets, uint8 (N, C, H, W), (N, H, W, C) or (N, H, W), or lists of images.

    Raises:
        ConfigurationError: something else.
    """
    if not (isinstance(given, tuple | list) and len(given) == 2):
        raise ConfigurationError(f"pairs are (inputs, targets), two arrays of images, not {type(given).__name__}")
    lists = all(isinstance(images, list | tuple) and len(images) for images in given)
    taken: Callable[[Any, str], ImageData | Photographs] = image_list if lists else image_array
    inputs, targets = (taken(images, name) for images, name in zip(given, ("inputs", "targets"), strict=True))
    data = PairData("pairs of an array", inputs, targets, paired, "Given in Python.")
    train, held_out = data.split(files.held_out)
    return replace(train, held_out=held_out)


def image_array(images: object, name: str) -> ImageData:
    """An array or tensor of images, uint8, channels first or last. Raises ConfigurationError for anything else."""
    if not isinstance(images, Tensor | np.ndarray):
        raise ConfigurationError(f"{name} are an array or tensor of images, not {type(images).__name__}")
    tensor = tensor_of(images)
    if tensor.dim() == 3:
        tensor = tensor[:, None]
    elif tensor.dim() == 4 and tensor.shape[1] not in (1, 3) and tensor.shape[3] in (1, 3):
        tensor = tensor.permute(0, 3, 1, 2)
    if tensor.dtype != torch.uint8 or tensor.dim() != 4 or tensor.shape[1] not in (1, 3):
        raise ConfigurationError(
            f"{name} are {tensor.dtype} {tuple(tensor.shape)}: expected uint8 (N, C, H, W), (N, H, W, C) or (N, H, W)"
        )
    return ImageData(name, tensor.contiguous(), None, (), "Given in Python.")


def image_list(images: Sequence[object], name: str) -> Photographs:
    """Images of any sizes, uint8 (C, H, W), (H, W, C) or (H, W). Raises ConfigurationError for anything else."""
    planes = [image_array(np.asarray(image)[None], name).images[0] for image in images]
    return photographs_of(name, planes, "Given in Python.")


def cropped(files: PairFiles, data: PairData) -> tuple[PairData, tuple[int, int] | None]:
    """Pairs as they are played, and the height and width of the inputs' crops; None where images are shown as they are.

    Raises:
        DataError: whole images of which none holds a crop.
    """
    if data.whole:
        data, size = data.holding(files.crop or CROP)
        return data, (size[0] // data.scale, size[1] // data.scale)
    crop = None if files.crop is None else max(1, files.crop // data.scale)
    return data, None if crop is None or crop >= min(data.inputs.shape[1:]) else (crop, crop)


def judging(files: PairFiles, held_out: PairData, most: int = JUDGED) -> PairData:
    """What is held out as images of one size: of whole images the middles, of those that hold a crop."""
    if not held_out.whole:
        return held_out
    held_out, _ = held_out.holding(files.crop or CROP)
    height, width = (min(JUDGED_SIDE, side) for side in held_out.shape[1:])
    return held_out.middles(JUDGED_SIDE, max(2, min(most, JUDGED_PIXELS // (height * width))))


def chosen_of(data: PairData, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """So many inputs and targets (uint8), at most, in an order of the seed; pairs stay together."""
    inputs, targets = data.stacked
    order = torch.randperm(len(inputs), generator=rng(seed, "judged"))[:count]
    columns = order
    if not data.paired:
        columns = torch.randperm(len(targets), generator=rng(seed, "judged targets"))[:count]
    return inputs[order], targets[columns]
