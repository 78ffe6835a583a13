"""Looking at a game's dynamics: the spectrum of its Jacobian, and the field along a path."""

from saddlepoint.dynamics.path import Path, along
from saddlepoint.dynamics.spectrum import Spectrum, spectrum

__all__ = ["Path", "Spectrum", "along", "spectrum"]
