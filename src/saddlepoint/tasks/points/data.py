"""Mixtures of Gaussians in the plane: data whose modes are known, so that coverage can be counted."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from saddlepoint.core import rng


@dataclass(frozen=True, eq=False)
class Mixture:
    """Equal round Gaussians.

    Attributes:
        name: what to call it.
        centres: (modes, 2), float32.
        deviation: σ of each.
    """

    name: str
    centres: Tensor
    deviation: float

    def points(self, n: int, seed: int) -> "PointData":
        """n points of the mixture, float32 (n, 2), a function of the seed; every mode has the same chance."""
        source = rng(seed, n, self.name)
        modes = torch.randint(len(self.centres), (n,), generator=source)
        noise = torch.randn(n, 2, generator=source)
        return PointData(self, self.centres[modes] + self.deviation * noise)


def ring(modes: int = 8, radius: float = 1.0, deviation: float = 0.01) -> Mixture:
    """Modes at equal angles on a circle, 2πi/modes (not `linspace(0, 2π, modes)`, which names one of them twice).

    >>> ring().centres.unique(dim=0).shape
    torch.Size([8, 2])
    """
    angles = [2 * math.pi * i / modes for i in range(modes)]
    return Mixture("ring", torch.tensor([[radius * math.cos(a), radius * math.sin(a)] for a in angles]), deviation)


def grid(side: int = 5, spacing: float = 2.0, deviation: float = 0.05) -> Mixture:
    """Modes on a square grid about 0; the usual one is {−4, −2, 0, 2, 4}².

    >>> grid().centres.abs().max()
    tensor(4.)
    """
    steps = [spacing * (i - (side - 1) / 2) for i in range(side)]
    return Mixture("grid", torch.tensor([[x, y] for x in steps for y in steps]), deviation)


@dataclass(frozen=True, eq=False)
class PointData:
    """Points, of a mixture or of a Python caller's.

    Attributes:
        mixture: where they come from; None of a caller's, whose modes are not known.
        samples: float32 (N, …); of a mixture (N, 2).
    """

    mixture: Mixture | None
    samples: Tensor

    classes: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[Mapping[str, int]] = {}
    described: ClassVar[tuple[tuple[str, ...], ...]] = ()
    notes: ClassVar[tuple[str, ...]] = ()
    kind = "points"

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def name(self) -> str:
        """Of the mixture."""
        return "points of an array" if self.mixture is None else self.mixture.name

    @property
    def source(self) -> str:
        """Where they came from, a sentence."""
        if self.mixture is None:
            return "Given in Python."
        return f"Drawn from {len(self.mixture.centres)} Gaussians of deviation {self.mixture.deviation:g}."

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return tuple(self.samples.shape[1:])

    @property
    def size(self) -> str:
        """Of a sample, for people."""
        return f"of {'x'.join(map(str, self.shape))} numbers"

    @property
    def reach(self) -> float:
        """Half the side of a square about 0 that shows all of them."""
        far = self.samples if self.mixture is None else self.mixture.centres
        return 1.25 * max(float(far.abs().max()), 1e-6)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of a SHA-256 over the numbers."""
        return hashlib.sha256(self.samples.numpy().tobytes()).hexdigest()[:16]


#: The mixtures that are known by name.
MIXTURES: Mapping[str, Callable[[], Mixture]] = {"ring": ring, "grid": grid}
