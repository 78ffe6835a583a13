"""How an analytic game is configured, to be solved or compared on."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from saddlepoint.components.registries import GAME_REGISTRY, OPTIMIZER_REGISTRY
from saddlepoint.configuration import Settings

#: A short key for both players' optimizers.
BOTH_OPTIMIZERS: dict[str, tuple[str, ...]] = {"optimizer": ("discriminator.optimizer", "generator.optimizer")}


class Mover(Settings):
    """How one player turns a direction into a displacement."""

    optimizer: Annotated[dict[str, Any], OPTIMIZER_REGISTRY] = Field(
        default_factory=lambda: OPTIMIZER_REGISTRY.resolve({"name": "SGD", "lr": 0.1})
    )


class AnalyticSettings(Settings):
    """A game whose solution is known, and how its players move."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = BOTH_OPTIMIZERS

    game: Annotated[dict[str, Any], GAME_REGISTRY]
    generator: Mover = Mover()
    discriminator: Mover = Mover()

    @property
    def players(self) -> Mapping[str, Mover]:
        """Both."""
        return {"generator": self.generator, "discriminator": self.discriminator}
