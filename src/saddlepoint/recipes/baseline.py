"""Baselines: autoencoders of images under the same loop, budget and metrics as the games that they stand beside."""

from collections.abc import Collection, Mapping
from operator import methodcaller
from typing import Annotated, Any, ClassVar

import torch

from saddlepoint.autoencoders import Autoencoder, ThroughDensity
from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.core import Game, seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data import ImageData
from saddlepoint.data.stream import SampleStream
from saddlepoint.networks import Generator
from saddlepoint.recipes.building import Assembled, iteration, model_card, networks, pick_device
from saddlepoint.recipes.configuration import Choice, Config, Player
from saddlepoint.recipes.image import RANGES, ImageConfig, ImageDataConfig, classes_of, digits
from saddlepoint.components.registries import MODEL_REGISTRY, NETWORK_REGISTRY, OPTIMIZER_REGISTRY
from saddlepoint.tasks.baseline import BaselineTask
from saddlepoint.tasks.image import ImageTask
from saddlepoint.tasks.trained import ImageGenerator, Latent

#: Arguments by which methods name the players that they move.
_ROLES = ("order", "player", "leader", "follower")


class Encoder(Settings):
    """The network whose features become codes, a discriminator; the generator's optimizer moves it too."""

    network: Annotated[Choice, NETWORK_REGISTRY]


class AutoencoderConfig(Config):
    """A run of an autoencoder: one player, called generator, of a decoder that is a generator, and an encoder."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {"optimizer": ("generator.optimizer",)}

    encoder: Encoder

    @property
    def players(self) -> Mapping[str, Player]:
        """The one."""
        return {"generator": self.generator}

    @property
    def networks(self) -> Mapping[str, Choice]:
        """Decoder and encoder."""
        return {"generator": self.generator.network, "encoder": self.encoder.network}

    @property
    def class_conditional(self) -> Collection[str]:
        """The decoder; codes need not say again what it is told."""
        return ("generator",)

    @property
    def packing(self) -> int:
        """Samples are encoded one by one."""
        return 1

    def check(self) -> None:
        """Raise ConfigurationError where there are settings that an autoencoder has no use for."""
        if self.latent.distribution != "normal":
            raise ConfigurationError(f"a {self.objective} has normal latents: --set latent.distribution=normal")
        if self.generator.clip is not None:
            raise ConfigurationError(f"a {self.objective} has no discriminator to clip: --set generator.clip=none")
        if self.precision != "float32":
            raise ConfigurationError(f"a {self.objective} computes its loss with its layers: --set precision=float32")
        if self.schedules.penalty is not None or self.schedules.augmentation is not None:
            raise ConfigurationError(f"a {self.objective} has no penalty or augmentation to schedule: leave them out")
        _check_roles(self.method)

    def game(self, model: Autoencoder) -> Game:
        """The game of the one player, which is on its device."""
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = OPTIMIZER_REGISTRY.build(self.generator.optimizer, params=parameters)
        if self.channels_last:
            model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return Game(
            {"generator": model},
            {"generator": _loss},
            {"generator": optimizer},
            compiled=self.compiled,
            parts=None if self.accumulate == 1 else methodcaller("parts", self.batch_size // self.accumulate),
        )


class ModelConfig(AutoencoderConfig):
    """A run of an autoencoder that is chosen by name."""

    model: Annotated[Choice, MODEL_REGISTRY]

    @property
    def objective(self) -> str:
        """The model."""
        return str(self.model["name"])

    @property
    def bibtex(self) -> list[str]:
        """Of the model."""
        return [MODEL_REGISTRY.entries[self.model["name"]].paper]  # type: ignore[attr-defined]

    def player(self, shape: tuple[int, ...], low: float, high: float, classes: int = 0) -> Autoencoder:
        """The model, for samples of a shape whose black and white are low and high; the decoder is told classes.

        Raises:
            ConfigurationError: networks that do not fit, or settings that a model of this kind has no use for.
        """
        self._check(low)
        made = networks(self, shape, classes)
        decoder = made["generator"]
        if not isinstance(decoder, Generator):
            name = self.generator.network["name"]
            raise ConfigurationError(f"generator: {name} makes no samples: give a generator, which is the decoder")
        given = {"encoder": made["encoder"], "decoder": decoder, "latent": self.latent.size, "low": low, "high": high}
        with seeded(seed_for(self.seed, "model", "initialisation")):
            return MODEL_REGISTRY.build(self.model, **given)

    def drawn(self, model: Autoencoder, classes: int = 0) -> tuple[torch.nn.Module, Latent]:
        """What is handed over of a model, the decoder behind a density of its codes where there is one; its input."""
        latent = Latent(self.latent.size, self.latent.distribution, model.components)
        if not latent.components:
            return model.decoder, latent
        device = next(model.parameters()).device
        return ThroughDensity(model.decoder, latent.size, latent.components, classes).to(device), latent

    def _check(self, low: float) -> None:
        """Raise ConfigurationError where what was chosen does not fit together."""
        self.check()
        if self.model.get("likelihood") == "bernoulli" and self.generator.network.get("output") == "none":
            output = "tanh" if low < 0 else "sigmoid"
            raise ConfigurationError(
                f"the Bernoulli likelihood needs outputs between black and white: "
                f"--set generator.network.output={output}"
            )


class ImageBaseline(ImageDataConfig, ModelConfig):
    """A run of an autoencoder of images."""

    def build(self, data: ImageData) -> Assembled:
        """The game of an autoencoder of images."""
        device = pick_device(self.device)
        low, high = RANGES[self.value_range]
        classes = classes_of(data, self.conditional)
        model = self.player(data.shape, low, high, len(classes)).to(device)
        game, (drawn, latent) = self.game(model), self.drawn(model, len(classes))
        stream = SampleStream(
            data.images,
            self.batch_size,
            self.seed,
            latent.size,
            latent.distribution,
            low,
            high,
            device,
            labels=data.labels if self.conditional else None,
        )
        trained = ImageGenerator(drawn, self.generator.network, data.shape, latent, (low, high), classes=classes)
        own, card = self.evaluation, model_card(self, data)
        images = ImageTask(game, trained, stream, card, own.extractor(device), own.samples, own.metric)
        task = BaselineTask(images, model, stream)
        return Assembled(self, data, game, iteration(self), stream, task)


def _loss(players: Mapping[str, torch.nn.Module], batch: Any) -> torch.Tensor:
    loss: torch.Tensor = players["generator"](batch.real, batch.latent, *batch.conditions).mean()
    return loss


def _check_roles(method: Choice) -> None:
    """Raise ConfigurationError where a method, or one that it wraps, moves a player that is not there."""
    for key, value in method.items():
        if isinstance(value, dict):
            _check_roles(value)
        elif key in _ROLES and not {"generator"} >= {*([value] if isinstance(value, str) else value)}:
            raise ConfigurationError(
                f"the method {method['name']!r} moves the players of its {key}, {value}, and an autoencoder is one "
                f"player, 'generator': --method simultaneous moves all there are"
                + ("" if key != "order" else ", and so do order=[generator] and counts=[1]")
            )


def baseline(config: ImageConfig, model: str) -> ImageBaseline:
    """The baseline that stands beside an adversarial run: all that both have is the same, the classes too.

    The encoder is the discriminator's network. Adam gets its usual memory (0.9, 0.999): what (0, 0.99) avoids is the
    rotation of a game of two players.

    Args:
        config: the adversarial one.
        model: autoencoder or vae.

    Raises:
        ConfigurationError: no such model.
    """
    optimizer = dict(config.generator.optimizer)
    if optimizer["name"] in ("Adam", "AdamW"):
        optimizer["betas"] = (0.9, 0.999)
    seen = {"packing": 1, "auxiliary": False}
    encoder = {key: seen.get(key, value) for key, value in config.discriminator.network.items()}
    # Measured on digits (LOG.md): coins for pixels give better samples than a learned variance.
    bounded = config.generator.network.get("output") in ("tanh", "sigmoid")
    likelihood = {"likelihood": "bernoulli"} if model == "vae" and bounded else {}
    shared = config.model_dump(include=set(Config.model_fields) | {"data", "evaluation", "value_range", "conditional"})
    return ImageBaseline.read(
        shared
        | {
            "recipe": model,
            "generator": {"network": config.generator.network, "optimizer": optimizer},
            "encoder": {"network": encoder},
            "model": {"name": model, **likelihood},
            "method": "simultaneous",
            "latent": {"size": config.latent.size},
            "schedules": {**shared["schedules"], "penalty": None, "augmentation": None},
        }
    )


def vae() -> ImageBaseline:
    """Baseline: a variational autoencoder with the digits recipe's networks and budget; --data for other images."""
    return baseline(_classless(), "vae")


def autoencoder() -> ImageBaseline:
    """Baseline: an autoencoder, drawn from by a density of its codes, with the digits recipe's networks and budget."""
    return baseline(_classless(), "autoencoder")


def _classless() -> ImageConfig:
    """Images of any data, which may have no classes."""
    return digits().model_copy(update={"conditional": False})
