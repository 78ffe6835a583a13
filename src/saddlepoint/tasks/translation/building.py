"""What games of images made of images are built of, whatever their pairs are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from saddlepoint.components.adversary import AdversarialLosses, Forward
from saddlepoint.components.content import ContentLoss
from saddlepoint.components.networks import Networks
from saddlepoint.components.pairs import OfPairs
from saddlepoint.components.registries import CONTENT_REGISTRY
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import seed_for
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.decoding import Range
from saddlepoint.data.pair_stream import PairSource
from saddlepoint.data.pairs import PairData
from saddlepoint.data.scheduled import Scheduled
from saddlepoint.evaluation.fidelity import Features
from saddlepoint.networks import Base
from saddlepoint.tasks.setup import Pretraining, Setup
from saddlepoint.tasks.translation.cycle import BACKWARD
from saddlepoint.tasks.translation.familiarity import Learned
from saddlepoint.tasks.translation.interpolation import REGRESSION
from saddlepoint.tasks.translation.model import ImageTranslator
from saddlepoint.tasks.translation.probe import PairProbe, watched
from saddlepoint.tasks.translation.settings import RANGES, ImageToImageConfig

#: (C, H, W).
Grid = tuple[int, int, int]
#: Side of the patches whose distance a base is chosen by, in pixels.
PATCH = 8
#: Pairs a batch, and batches, by which a base is chosen; one is left for another that has this share of its error.
LOOKED_AT, BATCHES, NEAR = 32, 4, 0.9


def shapes_of(stream: PairSource) -> tuple[Grid, Grid]:
    """Shapes of inputs and of targets, as a batch shows them."""
    shown = stream(0).value
    return _grid(shown.source), _grid(shown.target)


@dataclass(frozen=True)
class Start:
    """What a generator starts from.

    Attributes:
        base: the simple method; None where the generator makes all itself.
        note: a sentence on it.
    """

    base: Base | None
    note: str


def start_of(
    config: ImageToImageConfig,
    stream: PairSource,
    make: Networks,
    *,
    masked: bool = False,
    keeps: bool = False,
    correction: bool = True,
) -> Start:
    """The simple method that a generator is added to: as the configuration says, else the nearest to targets.

    Args:
        config: all that is chosen.
        stream: of the pairs, some of which are looked at.
        make: makes networks; on `meta` nothing is looked at.
        masked: whether the last channel of inputs is a mask.
        keeps: whether what it shows stays as it is.
        correction: whether inputs are what targets were, so that they are the base unless a map of colours is nearer.

    Raises:
        ConfigurationError: a base that the channels don't allow.
    """
    source, shape = shapes_of(stream)
    low, high = RANGES[config.value_range]
    if config.base is None and not keeps:
        return Start(None, "The generator makes the whole image itself (base=none).")

    def base(*, mapped: bool) -> Base:
        return Base(source, shape, masked=masked, keeps=keeps, mapped=mapped, low=low, high=high)

    try:
        plain = base(mapped=False)
    except ValueError as error:
        if config.base == "auto" and not keeps:
            return Start(None, f"The generator makes the whole image itself, as {error}.")
        raise ConfigurationError(f"base={config.base}: {error}, or --set base=none") from error
    what = "the input" if plain.scale == 1 else f"the input, enlarged bicubically by {plain.scale}"
    if keeps:
        return Start(
            plain, "The generator fills what is hidden, starting from a smooth filling; the rest stays as it is."
        )
    start = Start(plain, f"The generator learns the difference to {what}.")
    if config.base == "input" or make.device.type == "meta":
        return start
    mapped, some = base(mapped=True), stream.part(batch_size=LOOKED_AT, seed=seed_for(stream.seed, "base"))
    batches = [some.drawn(k * LOOKED_AT) for k in range(BATCHES)]
    pairs = [(batch.source.float().cpu(), batch.target.float().cpu()) for batch in batches]
    mapped.fit(pairs)
    unchanged, fitted = (_error(each, pairs) for each in (plain, mapped))
    spread = float(torch.cat([y.transpose(0, 1).flatten(1) for _, y in pairs], 1).var(1).mean())
    found = (
        f"(mean squared errors: {fitted:.3g} with mapped colours, {unchanged:.3g} unchanged, {spread:.3g} one colour)"
    )
    if config.base == "auto" and not correction and min(unchanged, fitted) > NEAR * spread:
        return Start(
            None, f"The generator makes the whole image itself, as inputs say little of targets' pixels {found}."
        )
    if config.base == "colours":
        return Start(mapped, f"The generator learns the difference to {what} with mapped colours {found}.")
    if fitted >= NEAR * unchanged:
        return start
    before, after = (_patches_distance(each, pairs, low, high) for each in (plain, mapped))
    if after > before:
        return Start(
            plain,
            f"The generator learns the difference to {what}: mapped colours come nearer to targets and look less like "
            f"them {found[:-1]}; Fréchet distances of patches: {after:.3g} and {before:.3g}).",
        )
    return Start(mapped, f"The generator learns the difference to {what} with mapped colours {found}.")


def build_pairs(
    config: ImageToImageConfig,
    data: Dataset,
    stream: PairSource,
    judge: PairData,
    make: Networks,
    kind: type[ImageTranslator],
    values: tuple[Range | None, Range | None],
    start: Start,
    learned: Learned | None,
) -> Setup[ImageTranslator]:
    """The game of a translator and a discriminator on pairs.

    Args:
        config: all that is chosen.
        data: as it is played.
        stream: of the pairs.
        judge: pairs that never change, to judge by.
        make: makes networks.
        kind: of what is handed over.
        values: of inputs and of targets of more than 8 bits, black and white.
        start: what the generator starts from.
        learned: what inputs look like.

    Raises:
        ConfigurationError: things that do not fit.
    """
    source, shape = shapes_of(stream)
    players = {
        "generator": make(
            "generator", config.generator.network, source=source, shape=shape, classes=0, base=start.base
        ),
        "discriminator": discriminator_of(config, make, source, shape),
    }
    content = content_losses(config, shape, make)
    if not (content or config.adversary.weight or config.adversary.regularisers):
        raise ConfigurationError(
            "the generator has no loss: set content.reconstruction=on, or adversary.weight above 0"
        )
    forward = OfPairs(content, conditioned=config.conditioned)
    model = translator_of(config, players["generator"], source, shape, kind, values, learned)
    data = replace(data, notes=(*data.notes, start.note))  # type: ignore[type-var]  # every data set of ours is a dataclass
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
    values: tuple[Range | None, Range | None] = (None, None),
    learned: Learned | None = None,
) -> ImageTranslator:
    """What is handed over.

    Args:
        config: all that is chosen.
        network: that is trained.
        source, shape: of inputs and of what is made.
        kind: of what is handed over.
        values: of inputs and of targets of more than 8 bits, black and white.
        learned: what inputs look like.

    Raises:
        ConfigurationError: a network that is no translator.
    """
    try:
        ends = RANGES[config.value_range]
        return kind(network, config.generator.network, shape, source, ends, values[0], learned, values[1])
    except ValueError as error:
        raise ConfigurationError(f"generator: {error}") from error


def _error(base: Base, pairs: Sequence[tuple[Tensor, Tensor]]) -> float:
    """Mean squared error of a base alone."""
    return sum(float((base(x) - y).square().mean()) for x, y in pairs) / len(pairs)


def _patches_distance(base: Base, pairs: Sequence[tuple[Tensor, Tensor]], low: float, high: float) -> float:
    """Fréchet distance of a base alone in patches of 8x8 pixels; 0 of images smaller than that."""
    if min(pairs[0][1].shape[2:]) < PATCH:
        return 0.0
    made, real = (
        ((torch.cat(images) - low) / (high - low) * 255).round().clamp(0, 255).byte()
        for images in ([base(x) for x, _ in pairs], [y for _, y in pairs])
    )
    features = Features(None)
    return features.distance(features.moments(real), made)


def _grid(images: Tensor) -> Grid:
    _, channels, height, width = images.shape
    return channels, height, width


def _blank(shape: Grid, make: Networks) -> Tensor:
    return torch.zeros(1, *shape, device=make.device)
