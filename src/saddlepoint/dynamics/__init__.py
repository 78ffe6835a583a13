"""Looking at a game's dynamics: its spectrum and what a method makes of it, duality gap, rotation, field on a path."""

from saddlepoint.dynamics.amplification import Factor, Region, amplification, region
from saddlepoint.dynamics.gap import DualityGap, duality_gap
from saddlepoint.dynamics.path import Path, along
from saddlepoint.dynamics.reduced import Reduced, reduced
from saddlepoint.dynamics.rotation import Rotation, rotation
from saddlepoint.dynamics.spectrum import Spectrum, spectrum

__all__ = [
    "DualityGap",
    "Factor",
    "Path",
    "Reduced",
    "Region",
    "Rotation",
    "Spectrum",
    "along",
    "amplification",
    "duality_gap",
    "reduced",
    "region",
    "rotation",
    "spectrum",
]
