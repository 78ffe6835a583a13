"""The evaluation of an enhancer on what was held out, between its stages, and beside what needs no network."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.pairs import PairData
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.evaluation.fidelity import TOGETHER, Features, in_channels, relative_sharpness, resemblance
from saddlepoint.extractors import Extractor
from saddlepoint.measures import Number, Protocol, numbers
from saddlepoint.metrics import ms_ssim, spectrum_distance
from saddlepoint.tasks.enhancement.degradations import Chain
from saddlepoint.tasks.translation.evaluation import ABOUT_REGRESSION, PairEvaluationOptions
from saddlepoint.tasks.translation.interpolation import interpolated
from saddlepoint.tasks.translation.model import ImageTranslator
from saddlepoint.tasks.translation.pictures import beside_each_other, visible

#: Between the stages, where the trade is looked at.
STRENGTHS = (0.25, 0.5, 0.75)
#: The shorter side from which five scales of structure fit.
LARGE = 176


#: Pairs in a picture.
SHOWN = 24


class EnhancementOptions(PairEvaluationOptions):
    """What may be chosen of an evaluation of enhancers."""

    strengths: tuple[float, ...] = STRENGTHS
    """Between the first stage, 0, and the last, 1, where networks are looked at."""


@dataclass(frozen=True)
class Candidate:
    """What makes clean images of degraded ones.

    Attributes:
        name: to be said.
        network: None is the input, enlarged where targets are larger; what a mask hides is grey.
        strength: 0 for the first stage, 1 for the last, between for what lies between; None for what is on no such way.
        simple: whether what the network learned the difference to is taken, without the network.
    """

    name: str
    network: ImageTranslator | None
    strength: float | None = None
    simple: bool = False

    def made(self, inputs: Tensor, targets: Tensor, *, masked: bool) -> Tensor:
        """Of inputs (uint8), images of the targets' size and channels."""
        if self.network is None:
            return untouched(visible(inputs, masked=masked), targets)
        return self.network.started(inputs) if self.simple else self.network.made(inputs)


def compared_models(
    enhancers: Mapping[str, ImageTranslator], regression: ImageTranslator | None, strengths: Iterable[float] = STRENGTHS
) -> list[Candidate]:
    """What is measured: no network, the simple method, the first stage, what lies between it and the last, others."""
    main, *others = enhancers
    found = [Candidate("bicubic" if enhancers[main].scale > 1 else "input unchanged", None)]
    if start := enhancers[main].start:
        found.append(Candidate(start, enhancers[main], simple=True))
    if regression is not None:
        found.append(Candidate("regression", regression, 0.0))
        for strength in strengths:
            between = interpolated(regression, enhancers[main], strength)
            found.append(Candidate(f"strength {strength:g}", between, strength))
    found.append(Candidate(main, enhancers[main], 1.0))
    return found + [Candidate(name, enhancers[name]) for name in others]


def evaluate_enhancers(
    measured: Iterable[Candidate],
    pairs: PairData,
    chain: Chain | None = None,
    judge: Extractor | None = None,
    *,
    seed: int = 0,
    report: OnProgress = quiet,
) -> Evaluation:
    """Each candidate held against what the degraded images were.

    `psnr` in dB, `ssim`, `ms_ssim` where the images are large enough, `l1` in [0, 1]: how right it is. `frechet`,
    between patches of 8x8 pixels or in an extractor's features, `sharpness` in that of the clean images (right at 1),
    and `spectrum`: how natural. `consistency`, where the degradation is not random: the root mean square, in [0, 1], by
    which what was made differs from the input once it is degraded again.

    Without a network stands the input, enlarged bicubically where it is smaller.

    Args:
        measured: see `compared_models`.
        pairs: degraded images and what they were.
        chain: what degraded them; None where that is not known.
        judge: gives the features of the Fréchet distance; None takes patches.
        seed: of the pairs, to be kept with the numbers.
        report: told how far it is.
    """
    features = Features(judge)
    inputs, targets = pairs.stacked
    real, shown = features.moments(targets), list(measured)
    found: list[Number] = []
    for place, candidate in enumerate(shown):
        report(f"{candidate.name}: enhancing", place, len(shown))
        made = candidate.made(inputs, targets, masked=pairs.masked)
        values = {
            **resemblance(made, targets),
            "frechet": features.distance(real, made),
            "sharpness": relative_sharpness(made, targets),
            "spectrum": spectrum_distance(targets, made),
        }
        if min(targets.shape[2:]) >= LARGE:
            values["ms_ssim"] = ms_ssim(targets, made)
        if chain is not None and not chain.random:
            values["consistency"] = inconsistency(made, inputs, chain)
        protocol = Protocol(
            extractor="patches 8x8" if judge is None else judge.name,
            digest="" if judge is None else judge.digest,
            resizing="" if judge is None else judge.resizing,
            dataset=pairs.name if chain is None else f"{pairs.name} after {chain}",
            fingerprint=pairs.fingerprint,
            split="held-out pairs",
            n_real=len(targets),
            n_generated=len(made),
            most=len(targets),
            seed=seed,
            weights=candidate.name,
        )
        detail = {} if candidate.strength is None else {"strength": candidate.strength}
        found += numbers(values, detail=detail, protocol=protocol)
    notes = [] if min(targets.shape[2:]) >= LARGE else [f"ms_ssim is left out: it needs sides of {LARGE} pixels"]
    if chain is not None and chain.random:
        notes.append(f"consistency is left out: {chain} draws at random, and would not degrade twice alike")
    if any(candidate.strength == 0 for candidate in shown):
        notes.append(ABOUT_REGRESSION.format("enhance"))
    pictures = {
        f"enhanced-{candidate.name.replace(' ', '-')}": partial(_shown, candidate.network, pairs)
        for candidate in shown
        if candidate.network is not None and not candidate.simple
    }
    return Evaluation(found, notes, pictures)


def _shown(network: ImageTranslator, pairs: PairData) -> NDArray[np.uint8]:
    """Input, output and clean image."""
    inputs, targets = (side[:SHOWN] for side in pairs.stacked)
    return beside_each_other([visible(inputs, masked=pairs.masked), network.made(inputs), targets])


def untouched(inputs: Tensor, targets: Tensor) -> Tensor:
    """Inputs (uint8) without a network: enlarged bicubically to the targets' size, in the targets' channels."""
    colour = in_channels(inputs, targets.shape[1])
    if inputs.shape[2:] == targets.shape[2:]:
        return colour
    enlarged = [
        interpolate(part.float(), targets.shape[2:], mode="bicubic", antialias=True).round().clamp(0, 255).byte()
        for part in colour.split(TOGETHER)
    ]
    return torch.cat(enlarged)


def inconsistency(made: Tensor, inputs: Tensor, chain: Chain) -> float:
    """√E (chain(made) − input)², in [0, 1] a pixel; for a chain that draws nothing."""
    squares = sum(
        float((chain(image, 0).double() - given.double()).div(255).square().mean())
        for image, given in zip(made, inputs, strict=True)
    )
    return float((squares / len(made)) ** 0.5)
