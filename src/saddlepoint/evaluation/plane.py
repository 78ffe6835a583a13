"""The evaluation of a generator of points: its modes are known, so they are counted."""

from collections.abc import Mapping

from saddlepoint.data.points import PointData
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.measures import Number, Protocol, numbers
from saddlepoint.tasks.points import JUDGED, NEAR, coverage
from saddlepoint.tasks.trained import PointGenerator


def evaluate_points(
    generators: Mapping[str, PointGenerator], data: PointData, *, samples: int = JUDGED, seed: int = 0
) -> Evaluation:
    """Modes, high quality and reverse KL of each generator, and of the mixture itself, as PacGAN counts them.

    Args:
        generators: by weights.
        data: points of the mixture that they were trained on.
        samples: points of each; PacGAN's authors take 2,500.
        seed: of the latents, and of the mixture's points.
    """
    mixture = data.mixture
    sets = {weights: trained.sample(samples, seed) for weights, trained in generators.items()}
    sets["the mixture itself"] = mixture.points(samples, seed).samples
    found: list[Number] = []
    for weights, points in sets.items():
        protocol = _protocol(data, weights, samples, seed)
        found += numbers(coverage(points, mixture), settings={"deviations": NEAR}, protocol=protocol)
    return Evaluation(found)


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
