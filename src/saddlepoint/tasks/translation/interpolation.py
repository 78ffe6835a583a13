"""Between two networks of one kind: their parameters mixed, as a dial between being right and looking right."""

import copy

import torch

from saddlepoint.configuration import ConfigurationError
from saddlepoint.tasks.model import load_model
from saddlepoint.tasks.translation.model import ImageTranslator

#: What the first stage ended with, below the folder of what the run hands over.
REGRESSION = "regression"


def interpolated(first: ImageTranslator, second: ImageTranslator, strength: float) -> ImageTranslator:
    """A network with parameters (1 − s) θ_first + s θ_second; s = 0 is the first, s = 1 the second, bit for bit.

    Networks of which one was trained on from the other are close enough for what lies between to work.

    Raises:
        ValueError: a strength outside of [0, 1], or networks that differ in more than their parameters.

    Wang et al. 2018 (ESRGAN), arXiv 1809.00219.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"the strength is {strength:g}: give a number from 0 (regression) to 1 (adversarial)")
    ours, theirs = first.network.state_dict(), second.network.state_dict()
    if {k: v.shape for k, v in ours.items()} != {k: v.shape for k, v in theirs.items()}:
        raise ValueError("the two networks have different parameters: interpolate between stages of one run")
    between = copy.deepcopy(second)
    if strength == 1:
        return between
    mixed = {
        key: torch.lerp(ours[key], theirs[key], strength) if value.is_floating_point() and strength else value
        for key, value in ours.items()
    }
    between.network.load_state_dict(mixed)
    return between


def between_stages(model: ImageTranslator, strength: float) -> ImageTranslator:
    """The network between the stages of the run that a network was loaded from.

    Raises:
        ConfigurationError: the run had one stage only; says what to do.
    """
    folder = model.folder
    if folder is None or not (folder / REGRESSION).is_dir():
        raise ConfigurationError(
            f"{folder or 'the network'} has no {REGRESSION}/ to interpolate from: its first stage was not finished, or "
            f"there was none; leave --strength out, or train with --set regression=SAMPLES below the budget"
        )
    first = load_model(folder / REGRESSION, lambda _: type(model))
    assert isinstance(first, ImageTranslator)
    return interpolated(first, model, strength)
