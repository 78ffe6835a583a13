"""Penalties: pure functions given what a discriminator saw. `Consistency` is no entry, as it takes an augmentation."""

from saddlepoint.penalties.clipping import clip_parameters
from saddlepoint.penalties.consistency import Augment, Consistency
from saddlepoint.penalties.gradient import R1, R2, Dragan, GradientPenalty, ZeroCentred
from saddlepoint.penalties.lecam import Anchors, LeCam
from saddlepoint.penalties.penalty import DiscriminatorPass, Memory, Penalty

PENALTIES: dict[str, type[Penalty]] = {
    "r1": R1,
    "r2": R2,
    "gradient-penalty": GradientPenalty,
    "zero-centred": ZeroCentred,
    "dragan": Dragan,
    "lecam": LeCam,
}

__all__ = [
    "PENALTIES",
    "R1",
    "R2",
    "Anchors",
    "Augment",
    "Consistency",
    "DiscriminatorPass",
    "Dragan",
    "GradientPenalty",
    "LeCam",
    "Memory",
    "Penalty",
    "ZeroCentred",
    "clip_parameters",
]
