"""Sounds of a run: read from where its settings say, or given in Python."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import DataError
from saddlepoint.data.audio import SoundData, given_sounds, sound_folder
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.images import Split
from saddlepoint.tasks.audio.settings import AnyAudioConfig, pictured

#: What a Python caller may give.
TAKEN = "(waves, rate) or (waves, rate, labels), waves an array or tensor (N, samples) or a list of (samples,)"


def read_sounds(config: AnyAudioConfig, split: Split, progress: OnProgress = quiet) -> SoundData:
    """The sounds of a split.

    Raises:
        DataError: there are none, or they can't be read.
        ConfigurationError: no folder is named.
    """
    own = config.data
    if own.path is None:
        raise ConfigurationError("this recipe needs sounds of yours: give their folder with --data FOLDER")
    return sound_folder(
        own.path,
        own.rate,
        pictured(config).samples,
        cut=own.cut,
        level=own.level,
        label=own.label,
        test=own.test,
        held_out=own.held_out,
        split=split,
        progress=partial(progress, "reading the data"),
    )


def adopted(given: object, config: AnyAudioConfig) -> SoundData:
    """Sounds of a Python caller's, as the settings want them.

    Raises:
        ConfigurationError: they are of no kind that is taken, or break the rules of `data.audio`; says which are.
    """
    if isinstance(given, SoundData):
        samples = pictured(config).samples
        if (given.rate, given.shape) != (config.data.rate, (samples,)):
            given = (given.waves.numpy(), given.rate, *(() if given.labels is None else (_names(given),)))
        else:
            return given
    if not isinstance(given, tuple) or len(given) not in (2, 3) or not isinstance(given[1], int):
        raise ConfigurationError(f"sounds are {TAKEN}, not {type(given).__name__}")
    waves, rate, labels = (*given, None)[:3]
    if not isinstance(waves, Iterable):
        raise ConfigurationError(f"sounds are {TAKEN}, and the waves are {type(waves).__name__}")
    own = config.data
    try:
        return given_sounds(
            map(_array, waves),
            rate,
            own.rate,
            pictured(config).samples,
            cut=own.cut,
            level=own.level,
            labels=None if labels is None else _array(labels),
            held_out=own.held_out,
        )
    except DataError as error:
        raise ConfigurationError(str(error)) from error


def classes_of(data: SoundData, conditional: bool) -> tuple[str, ...]:
    """The classes that are made on demand; none where they need not be.

    Raises:
        ConfigurationError: they are wanted, and the sounds have none.
    """
    if conditional and data.labels is None:
        raise ConfigurationError(
            f"{data.name} has no classes to make on demand: put each class into a sub-folder of its own, say what "
            f"they are with --set data.label=prefix, or give --no-conditional"
        )
    return data.classes if conditional else ()


def _names(data: SoundData) -> list[str]:
    assert data.labels is not None
    return [data.classes[label] for label in data.labels]


def _array(values: Any) -> NDArray[Any]:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
