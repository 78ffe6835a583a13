"""From a configuration and its data to a game, a method, batches and a task."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy
import torch
from torch import nn

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batches, Game, Method, Outcome, seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data import ImageData
from saddlepoint.data.stream import ImageStream
from saddlepoint.methods import Averaged
from saddlepoint.recipes.citing import citations
from saddlepoint.recipes.configuration import ImageRun, Player
from saddlepoint.recipes.registries import (
    LOSS_REGISTRY,
    METHOD_REGISTRY,
    NETWORK_REGISTRY,
    OPTIMIZER_REGISTRY,
    PENALTY_REGISTRY,
)
from saddlepoint.runs import RunFolder
from saddlepoint.tasks.adversarial import AdversarialLosses
from saddlepoint.tasks.image import ImageTask
from saddlepoint.tasks.trained import Latent, TrainedGenerator
from saddlepoint.train import Observer, Training

_RANGES = {"symmetric": (-1.0, 1.0), "unit": (0.0, 1.0)}


@dataclass(frozen=True)
class Assembled:
    """Everything that a training needs, at its start."""

    config: ImageRun
    images: ImageData
    game: Game
    method: Method
    batches: Batches
    task: ImageTask

    def training(self, folder: RunFolder, observer: Observer) -> Training:
        """The training of this game in a folder that was created."""
        config = self.config
        return Training(
            self.game,
            self.method,
            self.batches,
            self.task,
            folder,
            config.budget,
            config.every,
            len(self.images),
            observer,
        )

    def identity(self) -> dict[str, Any]:
        """What `run.json` says of a run that begins: recipe, versions, device, data, sizes, what to cite."""
        images = self.images
        return {
            "recipe": self.config.recipe,
            "versions": {
                "saddlepoint": version("saddlepoint"),
                "torch": torch.__version__,
                "numpy": numpy.__version__,
                "python": platform.python_version(),
            },
            "device": str(self.game.point.tensors[0].device),
            "threads": torch.get_num_threads(),
            "dataset": {
                "name": images.name,
                "source": images.source,
                "fingerprint": images.fingerprint,
                "images": len(images),
                "shape": list(images.shape),
                "classes": list(images.classes),
                "notes": list(images.notes),
            },
            "parameters": self.parameters,
            "citations": citations(self.config),
            "state": "running",
            "outcome": Outcome.RUNNING.value,
            "message": Outcome.RUNNING.sentence,
            "ended": None,
        }

    @property
    def parameters(self) -> dict[str, int]:
        """Numbers of trained parameters, by player."""
        return {name: sum(t.numel() for t in self.game.point[name]) for name in self.game.names}


def build(config: ImageRun, data: ImageData) -> Assembled:
    """Build the game of a configuration on its data.

    Raises:
        ConfigurationError: networks that do not fit the images, or a method that does not fit the game.
    """
    device = pick_device(config.device)
    low, high = _RANGES[config.values]
    players = {
        "generator": _network(config, "generator", config.generator, data, device),
        "discriminator": _network(config, "discriminator", config.discriminator, data, device),
    }
    losses = AdversarialLosses(
        LOSS_REGISTRY.build(config.loss),
        [PENALTY_REGISTRY.build({"name": name, **spec}, low=low, high=high) for name, spec in config.penalties.items()],
    )
    losses.keep_memories_in(players["discriminator"])
    optimizers = {
        name: OPTIMIZER_REGISTRY.build(player.optimizer, params=players[name].parameters())
        for name, player in (("generator", config.generator), ("discriminator", config.discriminator))
    }
    game = Game(players, losses, optimizers)
    stream = ImageStream(
        data.images,
        config.batch_size,
        config.seed,
        config.latent.size,
        config.latent.distribution,
        low,
        high,
        device,
    )
    method = METHOD_REGISTRY.build(config.method)
    if config.average is not None:
        method = Averaged(method, half_life=config.average.half_life)
    trained = TrainedGenerator(
        players["generator"],
        config.generator.network,
        data.shape,
        Latent(config.latent.size, config.latent.distribution),
        low,
        high,
    )
    card = {
        "recipe": config.recipe,
        "data": f"{data.name} ({len(data):,} images, fingerprint {data.fingerprint}); {data.source}",
        "method": config.method["name"],
        "loss": config.loss["name"],
        "seed": config.seed,
    }
    return Assembled(config, data, game, method, Batches(stream), ImageTask(game, trained, data.images, stream, card))


def _network(config: ImageRun, role: str, player: Player, data: ImageData, device: torch.device) -> nn.Module:
    with seeded(seed_for(config.seed, role, "initialisation")):
        try:
            network = NETWORK_REGISTRY.build(player.network, shape=data.shape, latent=config.latent.size)
        except ConfigurationError as error:
            raise ConfigurationError(f"{role}: {error}") from error
    return network.to(device)


def pick_device(name: str) -> torch.device:
    """`auto` is the first GPU where there is one. Raises ConfigurationError where the device can't be used."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigurationError(f"the device {name!r} can't be used here: take --device cpu") from error
    return device
