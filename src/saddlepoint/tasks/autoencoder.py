"""What the baselines that are autoencoders have in common: one player under the same loop, budget and measures."""

from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import torch
from pydantic import model_validator
from torch import Tensor, nn

from saddlepoint.autoencoders import Autoencoder, ThroughDensity
from saddlepoint.components.networks import Networks
from saddlepoint.components.registries import METHOD_REGISTRY, MODEL_REGISTRY, NETWORK_REGISTRY
from saddlepoint.components.settings import Choice, Latent, Player
from saddlepoint.configuration import ConfigurationError, Settings
from saddlepoint.core import Game, rng, seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data.stream import SampleStream
from saddlepoint.measures import Number, measure
from saddlepoint.networks import Generator
from saddlepoint.tasks.config import AdversarialConfig, Config
from saddlepoint.tasks.model import LatentInput, LatentSampler
from saddlepoint.tasks.probe import Probe, gradient_norms

S = TypeVar("S", bound=LatentSampler)
#: Samples whose codes the density is fitted to, that errors are taken of, and that are encoded together.
FITTED, JUDGED, TOGETHER = 10_000, 2048, 256


class EncoderSettings(Settings):
    """The network whose features become codes."""

    network: Annotated[Choice, NETWORK_REGISTRY]
    """A discriminator; the generator's optimizer moves it too."""


class AutoencoderConfig(Config, ABC):
    """An autoencoder: one player, called generator, of a decoder that is a generator, and an encoder."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        "optimizer": ("generator.optimizer",),
        "lr": ("generator.optimizer.lr",),
    }

    game: Literal["autoencoder"] = "autoencoder"
    latent: Latent = Latent()
    """The decoder's input; standard normal."""
    generator: Player
    """The decoder, a generator; its optimizer moves the encoder too."""
    encoder: EncoderSettings
    """The network that makes codes of samples."""

    @model_validator(mode="after")
    def _one_player(self) -> "AutoencoderConfig":
        if self.latent.distribution != "normal":
            raise ValueError(f"a {self.objective} has normal latents: --set latent.distribution=normal")
        if self.generator.clip is not None:
            raise ValueError(f"a {self.objective} has no discriminator to clip: --set generator.clip=none")
        if self.precision != "float32":
            raise ValueError(f"a {self.objective} computes its loss with its layers: --set precision=float32")
        _check_roles(self.method)
        return self


class NamedAutoencoderConfig(AutoencoderConfig, ABC):
    """An autoencoder that is chosen by name."""

    model: Annotated[Choice, MODEL_REGISTRY]
    """`vae` or `autoencoder`, with its arguments."""

    @property
    def objective(self) -> str:
        """The model's name in its registry."""
        return str(self.model["name"])

    @property
    def bibtex(self) -> list[str]:
        """The paper of the model."""
        return [MODEL_REGISTRY.entries[self.model["name"]].paper]  # type: ignore[attr-defined]

    def player(
        self, make: Networks, shape: tuple[int, ...], *, low: float, high: float, classes: int = 0, **supplied: Any
    ) -> Autoencoder:
        """The model, for samples of a shape whose black and white are low and high; the decoder is told classes.

        Args:
            make: makes its networks.
            shape: of one sample.
            low, high: black and white.
            classes: that the decoder is told.
            supplied: what the task knows of the decoder besides.

        Raises:
            ConfigurationError: networks that do not fit, or settings that a model of this kind has no use for.
        """
        if self.model.get("likelihood") == "bernoulli" and self.generator.network.get("output") == "none":
            output = "tanh" if low < 0 else "sigmoid"
            raise ConfigurationError(
                f"the Bernoulli likelihood needs outputs between black and white: "
                f"--set generator.network.output={output}"
            )
        decoder = make("generator", self.generator.network, shape=shape, classes=classes, **supplied)
        if not isinstance(decoder, Generator):
            name = self.generator.network["name"]
            raise ConfigurationError(f"generator: {name} makes no samples: give a generator, which is the decoder")
        encoder = make("encoder", self.encoder.network, shape=shape, classes=0)
        given = {"encoder": encoder, "decoder": decoder, "latent": self.latent.size, "low": low, "high": high}
        with seeded(seed_for(self.seed, "model", "initialisation")):
            return MODEL_REGISTRY.build(self.model, **given).to(make.device)

    def drawn(self, model: Autoencoder, classes: int = 0) -> tuple[nn.Module, LatentInput]:
        """What is handed over of a model, the decoder behind a density of its codes where there is one; its input."""
        latent = LatentInput(self.latent.size, self.latent.distribution, model.components)
        if not latent.components:
            return model.decoder, latent
        device = next(model.parameters()).device
        return ThroughDensity(model.decoder, latent.size, latent.components, classes).to(device), latent


def autoencoder_losses(
    players: Mapping[str, nn.Module],
    batch: Any,
    names: Sequence[str],  # noqa: ARG001
) -> dict[str, Tensor]:
    """The mean loss of the one player, over a batch of samples and latents."""
    return {"generator": players["generator"](batch.real, batch.latent, *batch.conditions).mean()}


def shared(game: AdversarialConfig) -> dict[str, Any]:
    """The settings that an autoencoder beside a game has of it: data, seed, budget and all else of the loop."""
    return game.model_dump(include=set(Config.model_fields) - {"task", "game", "recipe", "method", "generator"})


def beside(game: AdversarialConfig, model: str) -> dict[str, Any]:
    """The settings of the autoencoder that stands beside a game: all that both have is the same.

    The encoder is the discriminator's network. Adam gets its usual memory (0.9, 0.999): what (0, 0.99) avoids is the
    rotation of a game of two players.

    Args:
        game: the adversarial configuration.
        model: `vae` or `autoencoder`.
    """
    optimizer = dict(game.generator.optimizer)
    if optimizer["name"] in ("Adam", "AdamW"):
        optimizer["betas"] = (0.9, 0.999)
    seen = {"packing": 1, "auxiliary": False}
    encoder = {key: seen.get(key, value) for key, value in game.discriminator.network.items()}
    # Measured on digits (LOG.md): coins for pixels give better samples than a learned variance.
    bounded = game.generator.network.get("output") in ("tanh", "sigmoid")
    likelihood = {"likelihood": "bernoulli"} if model == "vae" and bounded else {}
    return shared(game) | {
        "recipe": model,
        "generator": {"network": game.generator.network, "optimizer": optimizer},
        "encoder": {"network": encoder},
        "model": {"name": model, **likelihood},
        "method": "simultaneous",
    }


class CodeDensity:
    """Fits the density that codes are drawn from, where a model is drawn from by one.

    Args:
        model: the player.
        drawn: what is handed over.
        stream: gives the samples whose codes are looked at; its seed decides which.
        stored: the network's outputs as the stream's samples are stored; None where they are stored `finished`.
    """

    def __init__(
        self,
        model: Autoencoder,
        drawn: LatentSampler,
        stream: SampleStream,
        stored: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.model, self.drawn, self.stream, self.stored = model, drawn, stream, stored or drawn.finished
        chosen = torch.randperm(len(stream.samples), generator=rng(stream.seed, "judged"))
        self._fitted, self._judged = stream.part(chosen[:FITTED]), stream.part(chosen[:JUDGED])

    def fit(self) -> None:
        """Fit it to the codes of the model as it is now; nothing where the prior is drawn from."""
        network = self.drawn.network
        if isinstance(network, ThroughDensity):
            codes = [self._evaluated(self.model.codes, part) for part in self._fitted.samples.split(TOGETHER)]
            network.fit(torch.cat(codes), self._fitted.labels, self.stream.seed)

    def fit_to(self, real: Tensor, labels: Tensor | None) -> None:
        """Fit it to the codes of a few prepared samples, for want of time."""
        network = self.drawn.network
        if isinstance(network, ThroughDensity):
            network.fit(self.model.codes(real), labels, self.stream.seed)

    def reconstruction(self) -> Number:
        """The root mean square error of decoded codes; of images in [0, 1] units."""
        squares, count = 0.0, 0
        judged = [self._judged.samples] if self._judged.labels is None else [self._judged.samples, self._judged.labels]
        for part in zip(*(values.split(TOGETHER) for values in judged), strict=True):
            decoded = self.stored(self._evaluated(self.model.reconstructed, *part))
            scale = 255 if part[0].dtype == torch.uint8 else 1
            squares += float((decoded.double() - part[0].double()).div(scale).square().sum())
            count += part[0].numel()
        return Number(measure("reconstruction"), float((squares / count) ** 0.5))

    @torch.no_grad()
    def _evaluated(self, what: Callable[..., Tensor], samples: Tensor, *labels: Tensor) -> Tensor:
        """What the model makes of samples, and labels if any, in evaluation mode, on the CPU."""
        training = self.model.training
        self.model.eval()
        try:
            made = what(self.stream.prepared(samples), *(own.to(self.stream.device) for own in labels)).cpu()
        finally:
            self.model.train(training)
        return made


class AutoencoderProbe(Probe[S]):
    """Looks at an autoencoder as the game beside it is looked at, and at what it reconstructs.

    Args:
        game: the probe of a game of the same model, which has the measures.
        density: of the codes.
    """

    def __init__(self, game: Probe[S], density: CodeDensity) -> None:
        super().__init__(game.watched)
        self.game_probe, self.density = game, density

    def monitors(self, game: Game) -> dict[str, float]:
        """`diversity` and the gradient's norm as for a game, and the model's own, on a batch that never changes."""
        value = self.watched.value
        with torch.no_grad(), game.untouched():
            self.density.fit_to(value.real, value.labels)
            own = self.density.model.monitors(value.real)
            with self.density.drawn.evaluating():
                made = self.density.drawn.network(value.latent, *value.conditions)
        diversity = self.game_probe.diversity(made, value.real)
        return {"diversity": diversity, **own, **gradient_norms(game, self.watched)}

    def score(self, model: S) -> Sequence[Number]:
        """The measures of a game, and `reconstruction`."""
        return [*self.game_probe.score(model), self.density.reconstruction()]

    def checks(self, model: S) -> dict[str, float]:
        """Those of a game."""
        return self.game_probe.checks(model)

    def references(self, model: S) -> dict[str, dict[str, float]]:
        """Those of a game."""
        return self.game_probe.references(model)

    def examined(self) -> dict[str, float]:
        """As of a game."""
        return self.game_probe.examined()

    def exhibit(self, model: S, folder: Path) -> None:
        """As of a game."""
        self.game_probe.exhibit(model, folder)

    def snapshot(self, model: S, path: Path) -> None:
        """A picture of samples of latents that never change."""
        self.game_probe.snapshot(model, path)


class PriorProbe(Probe[S]):
    """Looks at an autoencoder that is drawn from by its prior, as the game beside it is looked at.

    Args:
        game: the probe of a game of the same model, which has the measures.
        player: the autoencoder.
        drawn: what is handed over.
    """

    def __init__(self, game: Probe[S], player: Autoencoder, drawn: S) -> None:
        super().__init__(game.watched)
        self.game_probe, self.player, self.drawn = game, player, drawn

    def monitors(self, game: Game) -> dict[str, float]:
        """`diversity` and the gradient's norm as for a game, and the player's own, on a batch that never changes."""
        value = self.watched.value
        with game.untouched(), self.drawn.evaluating(), seeded(self.watched.seed):
            own = self.player.monitors(value.real)
            made = self.drawn.network(value.latent)
        diversity = self.game_probe.diversity(made, value.real)
        return {"diversity": diversity, **own, **gradient_norms(game, self.watched)}

    def score(self, model: S) -> Sequence[Number]:
        """The measures of a game."""
        return self.game_probe.score(model)

    def checks(self, model: S) -> dict[str, float]:
        """Those of a game."""
        return self.game_probe.checks(model)

    def references(self, model: S) -> dict[str, dict[str, float]]:
        """Those of a game."""
        return self.game_probe.references(model)

    def examined(self) -> dict[str, float]:
        """As of a game."""
        return self.game_probe.examined()

    def exhibit(self, model: S, folder: Path) -> None:
        """As of a game."""
        self.game_probe.exhibit(model, folder)

    def snapshot(self, model: S, path: Path) -> None:
        """The picture of a game."""
        self.game_probe.snapshot(model, path)


def _check_roles(method: Choice) -> None:
    """Raise ValueError where a method can't play a game of one player."""
    try:
        METHOD_REGISTRY.build(method).check(("generator",))
    except ValueError as error:
        raise ValueError(f"an autoencoder is one player, 'generator': {error}") from error
