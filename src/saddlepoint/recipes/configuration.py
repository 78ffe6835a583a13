"""The whole, typed configuration of a run that generates images."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from saddlepoint.configuration import Settings, Several
from saddlepoint.data.stream import Distribution
from saddlepoint.recipes.analytic import BOTH_OPTIMIZERS
from saddlepoint.recipes.registries import (
    LOSS_REGISTRY,
    METHOD_REGISTRY,
    NETWORK_REGISTRY,
    OPTIMIZER_REGISTRY,
    PENALTY_REGISTRY,
)
from saddlepoint.train import Budget, Every

Choice = dict[str, Any]


class Data(Settings):
    """Where the images come from: a known source, a path where it needs one, a size in pixels (None: as it is)."""

    source: str
    path: str | None = None
    size: int | None = Field(default=None, ge=4, le=1024)


class LatentSettings(Settings):
    """The generator's input."""

    size: int = Field(default=64, ge=1)
    distribution: Distribution = "normal"


class Player(Settings):
    """A network and the optimizer that moves it."""

    network: Annotated[Choice, NETWORK_REGISTRY]
    optimizer: Annotated[Choice, OPTIMIZER_REGISTRY]


class Average(Settings):
    """The exponential average of the parameters that the run hands over; half-life in samples."""

    half_life: float = Field(gt=0)


class ImageRun(Settings):
    """One run, complete: `config.yaml` is this."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = BOTH_OPTIMIZERS

    recipe: str
    seed: int = Field(default=0, ge=0)
    device: str = "auto"
    #: Threads on the CPU; None is torch's own choice. Small networks are fastest on one, and results are the same
    #: to the last bit only for the same number.
    threads: int | None = Field(default=None, ge=1)
    data: Data
    values: Literal["symmetric", "unit"] = "symmetric"
    latent: LatentSettings = LatentSettings()
    generator: Player
    discriminator: Player
    loss: Annotated[Choice, LOSS_REGISTRY]
    penalties: Annotated[dict[str, Choice], Several(PENALTY_REGISTRY)] = Field(default_factory=dict)
    method: Annotated[Choice, METHOD_REGISTRY]
    average: Average | None = None
    batch_size: int = Field(default=64, ge=1)
    budget: Budget
    every: Every = Every()
    epoch_lines: bool = False

    def same_run(self, other: "ImageRun") -> bool:
        """Whether the other is this run: all that decides its numbers is equal; budget and device may differ."""
        return not self.differences(other)

    def differences(self, other: "ImageRun") -> list[str]:
        """`key: here / there` for what decides the numbers and differs."""
        mine, theirs = _flat(self.plain()), _flat(other.plain())
        keys = [k for k in {**mine, **theirs} if not k.startswith(("budget.", "device"))]
        return [f"{k}: {mine.get(k)} here, {theirs.get(k)} there" for k in keys if mine.get(k) != theirs.get(k)]


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
