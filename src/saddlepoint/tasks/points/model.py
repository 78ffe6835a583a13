"""The trained generator of points."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field
from torch import Tensor

from saddlepoint.configuration import Settings
from saddlepoint.tasks.model import LatentSampler
from saddlepoint.tasks.pictures import scatter


class PointOptions(Settings):
    """What may be chosen of a picture of points."""

    scale: int = Field(default=2, ge=1)
    """Side of the picture, in steps of 256 pixels."""


@dataclass(frozen=True)
class DrawnPoints:
    """Points with the latents that they were made of.

    Attributes:
        points: float (n, …).
        latents: (n, latent size).
    """

    points: Tensor
    latents: Tensor
    options: PointOptions


@dataclass
class PointGenerator(LatentSampler):
    """Makes points, float (n, …).

    Attributes:
        reach: half the side of the square about 0 that pictures show.
    """

    reach: float

    kind = "points"
    title = "a generator of points"
    Options = PointOptions
    default_out = "points.png"

    def details(self) -> dict[str, Any]:
        """The reach."""
        return {"reach": float(self.reach)}

    def usage(self) -> tuple[str, str]:
        """The command and the Python that use it."""
        return "saddle sample {} -n 2500 --seed 7 --out points.png", "points = run.sample(2500, seed=7)   # (2500, 2)"

    exports: ClassVar[tuple[str, str]] = ("points", "(N, …)")

    def finished(self, outputs: Tensor) -> Tensor:
        """As they are."""
        return outputs.float()

    def draw(self, n: int, seed: int, label: str | None, options: PointOptions) -> DrawnPoints:  # noqa: ARG002
        """Points with their latents."""
        outputs, latents = self.drawn(n, seed, None)
        return DrawnPoints(self.finished(outputs), latents, options)

    def presented(self, drawn: DrawnPoints) -> Tensor:
        """The points, float (n, …)."""
        return drawn.points

    def picture(self, points: Tensor, scale: int = 2) -> NDArray[np.uint8]:
        """A dot a point in the plane of the first two numbers, darker where they lie thick."""
        return scatter(points.flatten(1)[:, :2], self.reach, 256 * scale)

    def shown(self) -> NDArray[np.uint8]:
        """2,500 points."""
        return self.picture(self.made(2500, seed=0))

    def _write_png(self, drawn: DrawnPoints, path: Path) -> None:
        Image.fromarray(self.picture(drawn.points, drawn.options.scale)).save(path, format="PNG")

    def _write_npz(self, drawn: DrawnPoints, path: Path) -> None:
        with path.open("wb") as file:
            arrays = {"points": drawn.points.numpy(), "latents": drawn.latents.numpy()}
            np.savez_compressed(file, allow_pickle=False, **arrays)

    formats: ClassVar[Mapping[str, Callable[[Any, Any, Path], None]]] = {".png": _write_png, ".npz": _write_npz}
