"""Pairs of images, read from folders or taken from arrays."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import rng
from saddlepoint.data.dataset import OnProgress
from saddlepoint.data.images import ImageData
from saddlepoint.data.pairs import PairData, holds_out, read_pairs
from saddlepoint.tasks.pictures import tensor_of
from saddlepoint.tasks.translation.settings import PairFiles


def pairs_of(
    files: PairFiles, size: int, progress: OnProgress, *, paired: bool | None = True, scale: int = 1
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
    """Pairs of a Python caller: inputs and targets, uint8 (N, C, H, W), (N, H, W, C) or (N, H, W) each.

    Raises:
        ConfigurationError: something else.
    """
    if not (isinstance(given, tuple | list) and len(given) == 2):
        raise ConfigurationError(f"pairs are (inputs, targets), two arrays of images, not {type(given).__name__}")
    inputs, targets = (image_array(images, name) for images, name in zip(given, ("inputs", "targets"), strict=True))
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


def chosen_of(data: PairData, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """So many inputs and targets (uint8), at most, in an order of the seed; pairs stay together."""
    inputs, targets = data.inputs.images, data.targets.images
    order = torch.randperm(len(inputs), generator=rng(seed, "judged"))[:count]
    columns = order
    if not data.paired:
        columns = torch.randperm(len(targets), generator=rng(seed, "judged targets"))[:count]
    return inputs[order], targets[columns]
