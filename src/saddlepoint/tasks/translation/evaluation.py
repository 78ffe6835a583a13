"""The evaluation of a translator on what was held out, beside the input as it is."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.pairs import PairData
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.evaluation.fidelity import Features, in_channels, relative_sharpness, resemblance
from saddlepoint.extractors import Extractor
from saddlepoint.measures import Number, Protocol, numbers
from saddlepoint.tasks.task import EvaluationOptions
from saddlepoint.tasks.translation.data import chosen_of
from saddlepoint.tasks.translation.interpolation import REGRESSION
from saddlepoint.tasks.translation.model import ImageTranslator
from saddlepoint.tasks.translation.pictures import beside_each_other, visible

#: What stands in the translator's place.
UNCHANGED = "input unchanged"
#: Of an evaluation that shows a first stage; the command is still to be named.
ABOUT_REGRESSION = (
    "regression is where the adversary began, and learned for less long: what the adversary is worth at equal cost, "
    "`saddle compare {} --baselines --minutes M` tells"
)
#: Pairs in a picture.
SHOWN = 24


class PairEvaluationOptions(EvaluationOptions):
    """What may be chosen of an evaluation of images made of images."""

    features: str = "patches"
    """Where images are compared: `patches` of 8x8 pixels, or an extractor: digits, inception, timm:NAME …"""


def evaluate_translators(
    translators: Mapping[str, ImageTranslator],
    held_out: PairData,
    judge: Extractor | None = None,
    *,
    samples: int,
    seed: int = 0,
    report: OnProgress = quiet,
) -> Evaluation:
    """Each translator, the input unchanged and the simple method, held against targets that were not trained on.

    L1 in [0, 1], PSNR in dB and SSIM where inputs and targets are pairs; the Fréchet distance between what is made and
    the targets; and the sharpness of edges in that of the targets, which is right at 1.

    Args:
        translators: by weights.
        held_out: inputs and targets.
        judge: gives the features of the Fréchet distance; None takes patches of 8x8 pixels.
        samples: images of each kind, at most.
        seed: of their order.
        report: told how far it is.
    """
    features = Features(judge)
    inputs, targets = chosen_of(held_out, samples, seed)
    real = features.moments(targets)
    found: list[Number] = []
    makers: dict[str, Callable[[Tensor], Tensor]] = {name: model.made for name, model in translators.items()}
    makers[UNCHANGED] = partial(in_channels, channels=targets.shape[1])
    for model in translators.values():
        if model.start:
            makers[model.start] = model.started
    for place, (weights, make) in enumerate(makers.items()):
        report(f"{weights}: translating", place, len(makers))
        made = make(inputs)
        values = resemblance(made, targets) if held_out.paired else {}
        values |= {"frechet": features.distance(real, made), "sharpness": relative_sharpness(made, targets)}
        protocol = Protocol(
            extractor="patches 8x8" if judge is None else judge.name,
            digest="" if judge is None else judge.digest,
            resizing="" if judge is None else judge.resizing,
            dataset=held_out.name,
            fingerprint=held_out.fingerprint,
            split="held-out pairs" if held_out.paired else "held out, no pairs",
            n_real=len(targets),
            n_generated=len(made),
            most=samples,
            seed=seed,
            weights=weights,
        )
        found += numbers(values, protocol=protocol)
    notes = [] if held_out.paired else ["l1, psnr and ssim are left out: what is held out are no pairs"]
    if REGRESSION in translators:
        notes.append(ABOUT_REGRESSION.format("translate"))
    pictures = {
        f"translated-{weights}": partial(_shown, translator, held_out, seed)
        for weights, translator in translators.items()
    }
    return Evaluation(found, tuple(notes), pictures)


def _shown(translator: ImageTranslator, held_out: PairData, seed: int) -> NDArray[np.uint8]:
    """Input, output and, where they are pairs, target."""
    inputs, targets = chosen_of(held_out, SHOWN, seed)
    given = visible(inputs, masked=held_out.masked)
    return beside_each_other([given, translator.made(inputs), *([targets] if held_out.paired else [])])
