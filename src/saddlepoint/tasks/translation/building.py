"""What games of images made of images are built of, whatever their pairs are."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from saddlepoint.components.adversary import AdversarialLosses, Forward
from saddlepoint.components.content import ContentLoss
from saddlepoint.components.networks import Networks
from saddlepoint.components.pairs import OfPairs
from saddlepoint.components.registries import CONTENT_REGISTRY
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.decoding import Range
from saddlepoint.data.pair_stream import PairSource
from saddlepoint.data.pairs import PairData
from saddlepoint.data.scheduled import Scheduled
from saddlepoint.tasks.setup import Pretraining, Setup
from saddlepoint.tasks.translation.cycle import BACKWARD
from saddlepoint.tasks.translation.interpolation import REGRESSION
from saddlepoint.tasks.translation.model import ImageTranslator
from saddlepoint.tasks.translation.probe import PairProbe, watched
from saddlepoint.tasks.translation.settings import RANGES, ImageToImageConfig

#: (C, H, W).
Grid = tuple[int, int, int]


def shapes_of(stream: PairSource) -> tuple[Grid, Grid]:
    """Shapes of inputs and of targets, as a batch shows them."""
    shown = stream(0).value
    return _grid(shown.source), _grid(shown.target)


def build_pairs(
    config: ImageToImageConfig,
    data: Dataset,
    stream: PairSource,
    judge: PairData,
    make: Networks,
    kind: type[ImageTranslator],
    values: Range | None,
) -> Setup[ImageTranslator]:
    """The game of a translator and a discriminator on pairs.

    Args:
        config: all that is chosen.
        data: as it is played.
        stream: of the pairs.
        judge: pairs that never change, to judge by.
        make: makes networks.
        kind: of what is handed over.
        values: of inputs of more than 8 bits, black and white.

    Raises:
        ConfigurationError: things that do not fit.
    """
    source, shape = shapes_of(stream)
    players = {
        "generator": make("generator", config.generator.network, source=source, shape=shape, classes=0),
        "discriminator": discriminator_of(config, make, source, shape),
    }
    content = content_losses(config, shape, make)
    if not (content or config.adversary.weight or config.adversary.regularisers):
        raise ConfigurationError(
            "the generator has no loss: set content.reconstruction=on, or adversary.weight above 0"
        )
    forward = OfPairs(content, conditioned=config.conditioned)
    model = translator_of(config, players["generator"], source, shape, kind, values)
    return setup_of(config, data, stream, judge, make, players, forward, model)


def setup_of(
    config: ImageToImageConfig,
    data: Dataset,
    stream: PairSource,
    judge: PairData,
    make: Networks,
    players: Mapping[str, nn.Module],
    forward: Callable[..., Forward],
    model: ImageTranslator,
    backward: ImageTranslator | None = None,
) -> Setup[ImageTranslator]:
    """A game of these players, whose generator does what `forward` says; `backward` is handed over beside the model."""
    low, high = RANGES[config.value_range]
    adversary = config.adversary.build(low=low, high=high)
    adversary.attach(players)
    probe = PairProbe(
        watched(stream),
        forward,
        judge,
        config.score.load(make.device),
        config.score.samples,
        config.seed,
        (low, high),
        backward,
    )
    return Setup(
        data,
        players,
        AdversarialLosses(forward, adversary),
        Scheduled(stream, config.timeline, make.device),
        model,
        probe,
        {} if backward is None else {BACKWARD: backward},
        stage_of(config),
    )


def stage_of(config: ImageToImageConfig) -> Pretraining | None:
    """The first stage, where there is one."""
    samples = config.pretraining.samples
    return Pretraining(REGRESSION, samples) if samples else None


def discriminator_of(
    config: ImageToImageConfig, make: Networks, source: Grid, shape: Grid, role: str = "discriminator"
) -> nn.Module:
    """The discriminator, of what is made, after the input where it is conditioned on that."""
    channels = source[0] + shape[0] if config.conditioned else shape[0]
    return make(role, config.discriminator.network, shape=(channels, *shape[1:]), classes=0)


def content_losses(config: ImageToImageConfig, shape: Grid, make: Networks) -> list[ContentLoss]:
    """Built, and tried on an image of nothing, as extractors are of many makers. Raises ConfigurationError."""
    low, high = RANGES[config.value_range]
    found = []
    for name, spec in config.terms.items():
        term = CONTENT_REGISTRY.build({"name": name, **spec}, low=low, high=high, device=make.device)
        blank = _blank(shape, make)
        try:
            term(blank.clone().requires_grad_(), blank)
        except (ValueError, RuntimeError) as error:
            raise ConfigurationError(
                f"the content loss {name!r} does not take images of {shape}: {error}; or --set content.{name}=none"
            ) from error
        found.append(term)
    return found


def translator_of(
    config: ImageToImageConfig,
    network: nn.Module,
    source: Grid,
    shape: Grid,
    kind: type[ImageTranslator],
    values: Range | None = None,
) -> ImageTranslator:
    """What is handed over.

    Args:
        config: all that is chosen.
        network: that is trained.
        source, shape: of inputs and of what is made.
        kind: of what is handed over.
        values: of inputs of more than 8 bits, black and white.

    Raises:
        ConfigurationError: a network that is no translator.
    """
    try:
        return kind(network, config.generator.network, shape, source, RANGES[config.value_range], values)
    except ValueError as error:
        raise ConfigurationError(f"generator: {error}") from error


def _grid(images: Tensor) -> Grid:
    _, channels, height, width = images.shape
    return channels, height, width


def _blank(shape: Grid, make: Networks) -> Tensor:
    return torch.zeros(1, *shape, device=make.device)
