"""How a generator of points is measured: its modes are known, so they are counted."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.measures import Number, Protocol, measure, numbers
from saddlepoint.metrics import squared_mmd
from saddlepoint.tasks.points.data import Mixture, PointData
from saddlepoint.tasks.points.model import PointGenerator
from saddlepoint.tasks.task import EvaluationOptions, Subject

#: Points that the modes are counted in (PacGAN's 2,500).
JUDGED = 2500
#: A point is of high quality within so many deviations of the nearest centre.
NEAR = 3.0


def evaluate_points(subject: Subject[Any, PointData, PointGenerator], options: EvaluationOptions) -> Evaluation:
    """Modes, high quality and reverse KL of each generator, and of the mixture itself, as PacGAN counts them."""
    data = subject.data
    samples = options.samples or JUDGED
    sets = {weights: model.made(samples, options.seed) for weights, model in subject.models.items()}
    sets |= _reference(data, samples, options.seed)
    found: list[Number] = []
    for weights, points in sets.items():
        protocol = _protocol(data, weights, len(points), options.seed)
        found += [
            Number(number.measure, number.value, settings={"deviations": NEAR}, protocol=protocol)
            for number in covered(points, data)
        ]
    return Evaluation(tuple(found))


def _reference(data: PointData, samples: int, seed: int) -> dict[str, Tensor]:
    """What a perfect generator would give: other points of the mixture, or points of the data."""
    if data.mixture is not None:
        return {"the mixture itself": data.mixture.points(samples, seed).samples}
    return {"half of the data": data.samples[1::2][:samples]}


def _protocol(data: PointData, weights: str, samples: int, seed: int) -> Protocol:
    return Protocol(
        extractor="nearest centre",
        digest="",
        resizing="",
        dataset=data.name,
        fingerprint=data.fingerprint,
        split="known centres",
        n_real=len(data),
        n_generated=samples,
        most=samples,
        seed=seed,
        weights=weights,
    )


def covered(points: Tensor, data: PointData) -> Sequence[Number]:
    """How points cover the mixture; where none is known, their kernel distance to half of the data."""
    if data.mixture is None:
        real = data.samples[::2][: len(points)].flatten(1).double()
        return [Number(measure("kernel"), squared_mmd(real, points.flatten(1).double()))]
    return numbers(coverage(points, data.mixture))


def coverage(points: Tensor, mixture: Mixture) -> dict[str, float]:
    """How a sample covers a mixture, as PacGAN counts it (Lin et al. 2018, arXiv 1712.04086).

    Args:
        points: (n, 2).
        mixture: its centres and deviation.

    Returns:
        `reverse_kl`: Σ p log(p · modes) over the shares p of points that are nearest to each centre, nats. A perfect
        sampler has an expected (modes − 1)/2n. `modes`: centres with at least one point of high quality, within three
        deviations. `high_quality`: the share of such points.

    >>> from saddlepoint.tasks.points.data import ring
    >>> coverage(ring().centres[:4], ring())["modes"]
    4.0
    """
    distance, nearest = torch.cdist(points.double(), mixture.centres.double()).min(1)
    good = distance <= NEAR * mixture.deviation
    modes = len(mixture.centres)
    shares = torch.bincount(nearest, minlength=modes).double() / len(points)
    return {
        "reverse_kl": float(torch.special.xlogy(shares, shares * modes).sum()),
        "modes": float(len(nearest[good].unique())),
        "high_quality": float(good.double().mean()),
    }
