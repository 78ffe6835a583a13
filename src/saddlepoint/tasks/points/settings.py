"""The configuration of a game of points."""

from typing import Literal, Self

from pydantic import Field

from saddlepoint.components.settings import Latent
from saddlepoint.configuration import ConfigurationError
from saddlepoint.tasks.config import AdversarialConfig, DataSettings
from saddlepoint.tasks.points.data import MIXTURES


class PointSource(DataSettings):
    """Which mixture, and how many points of it are the data."""

    mixture: Literal["ring", "grid"]
    """`ring`: eight Gaussians on a circle; `grid`: twenty-five on a square grid."""
    points: int = Field(default=100_000, ge=1)
    """How many points are drawn."""

    def with_source(self, data: str) -> Self:
        """The other mixture."""
        if data not in MIXTURES:
            raise ConfigurationError(f"points are drawn from a mixture: --data {data} must be ring or grid")
        return self.read({**self.model_dump(), "mixture": data, "given": None})


class PointConfig(AdversarialConfig):
    """A generator and a discriminator of points."""

    task: Literal["points"] = "points"
    data: PointSource
    """Which points."""
    latent: Latent = Latent(size=2)
    """The generator's input."""
