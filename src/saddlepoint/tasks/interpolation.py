"""Between two networks of one kind: their parameters mixed, as a dial between being right and looking right."""

import copy
from pathlib import Path

import torch

from saddlepoint.tasks.translator import ImageTranslator

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


def load_between(run: Path, strength: float) -> ImageTranslator:
    """The network between the stages of a run, loaded from its folder.

    Raises:
        ValueError: there is none, or the run had one stage only; says what to do.
    """
    folder = run / "generator" if (run / "generator").is_dir() else run
    adversarial = ImageTranslator.load(folder)
    if not (folder / REGRESSION).is_dir():
        raise ValueError(
            f"{run} has no {REGRESSION}/ to interpolate from: its first stage was not finished, or there was none; "
            f"leave --strength out, or train with --set regression=SAMPLES below the budget"
        )
    return interpolated(ImageTranslator.load(folder / REGRESSION), adversarial, strength)
