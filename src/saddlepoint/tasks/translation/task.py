"""Translation of images, as a task."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import nn

from saddlepoint.components.content import Reconstruction
from saddlepoint.components.device import pick_device
from saddlepoint.components.networks import Networks
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.image_collection import Photographs
from saddlepoint.data.images import ImageData
from saddlepoint.data.pair_stream import PairStream
from saddlepoint.data.pairs import PairData
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.evaluation.fidelity import features_of
from saddlepoint.networks import Base, EncodingTranslator
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.setup import Setup
from saddlepoint.tasks.task import Subject, Task
from saddlepoint.tasks.translation.building import (
    Grid,
    build_pairs,
    discriminator_of,
    setup_of,
    shapes_of,
    start_of,
    translator_of,
)
from saddlepoint.tasks.translation.contrast import Contrasted, OfContrast
from saddlepoint.tasks.translation.cycle import BACKWARD, ONWARD, SOURCE, TARGET, NetworkGroup, OfCycle, ReplayBuffer
from saddlepoint.tasks.translation.data import cropped, given_pairs, judging, pairs_of
from saddlepoint.tasks.translation.evaluation import PairEvaluationOptions, evaluate_translators
from saddlepoint.tasks.translation.familiarity import LOOKED_AT, Learned, windows_of
from saddlepoint.tasks.translation.interpolation import REGRESSION
from saddlepoint.tasks.translation.model import ImageTranslator
from saddlepoint.tasks.translation.recipes import RECIPES
from saddlepoint.tasks.translation.settings import JUDGED, RANGES, ImageToImageConfig, TranslationConfig


class Translation(Task[TranslationConfig, PairData, ImageTranslator]):
    """Images made of images, from pairs or from two sets of images."""

    name = "translation"
    configs: ClassVar = {"adversarial": TranslationConfig}
    models = (ImageTranslator,)
    recipes = RECIPES
    Options = PairEvaluationOptions

    def read(self, config: TranslationConfig, progress: OnProgress = quiet) -> PairData:
        """Read the pairs that hold a crop; where they are to be none, those that judge may still be."""
        data = config.data
        if config.unpaired is None:
            return cropped(data, pairs_of(data, data.size, progress))[0]
        return cropped(data, pairs_of(data, data.size, progress, paired=None if data.match else False).unpaired())[0]

    def held_out(
        self,
        config: TranslationConfig,  # noqa: ARG002
        data: PairData,
        progress: OnProgress = quiet,  # noqa: ARG002
    ) -> PairData | None:
        """Pairs, or inputs and targets, that were not trained on."""
        return data.held_out

    def adopt(self, config: TranslationConfig, given: object) -> PairData:
        """(inputs, targets), arrays or tensors of images of one size, or lists of images of any."""
        return cropped(config.data, given_pairs(given, config.data, paired=config.unpaired is None))[0]

    def build(self, config: TranslationConfig, data: PairData, make: Networks) -> Setup[ImageTranslator]:
        """The game of a translator and a discriminator of images, or of two of each."""
        if data.held_out is None:
            raise ConfigurationError(f"no pairs of {data.name} are held out for evaluation: set data.held_out=0.1")
        judge = judging(config.data, data.held_out, config.score.samples)
        stream = stream_of(config, data, make, config.data.jitter)
        if config.unpaired is None:
            start = start_of(config, stream, make, correction=False)
            learned = None if make.device.type == "meta" else learned_of(data.inputs)
            return build_pairs(config, data, stream, judge, make, ImageTranslator, data.values, start, learned)
        build = _cycle if config.unpaired == "cycle" else _contrastive
        return build(config, data, judge, stream, make)

    def evaluate(
        self,
        subject: Subject[TranslationConfig, PairData, ImageTranslator],
        options: PairEvaluationOptions,
        progress: OnProgress = quiet,
    ) -> Evaluation:
        """Each translator, the first stage, and the input unchanged, against targets that were not trained on."""
        config, held_out = subject.config, subject.held_out()
        assert config is not None
        if held_out is None:
            raise ConfigurationError("no pairs are held out for evaluation: set data.held_out=0.1")
        return evaluate_translators(
            {**subject.stages, **subject.models},
            judging(config.data, held_out, options.samples or JUDGED),
            features_of(options.features, pick_device(options.device)).judge,
            samples=options.samples or JUDGED,
            seed=options.seed,
            report=progress,
        )

    def baselines(self, config: TranslationConfig) -> Mapping[str, Config]:
        """The same translator by its content losses alone; none without pairs."""
        return {} if config.unpaired is not None else regression_of(config)


def regression_of(config: ImageToImageConfig) -> Mapping[str, Config]:
    """The same network by its content losses alone, for as many samples."""
    if not config.terms:
        return {}
    alone = config.pretraining.model_copy(update={"samples": None})
    return {REGRESSION: config.model_copy(update={"pretraining": alone})}


def stream_of(config: ImageToImageConfig, data: PairData, make: Networks, jitter: float = 0.0) -> PairStream:
    """Batches of pairs, by crops where these are smaller than the images, moved by a share of a side where whole."""
    data, crop = cropped(config.data, data)
    low, high = RANGES[config.value_range]
    flips, device = config.data.flips, make.device
    return PairStream(data, config.batch_size, config.seed, low, high, device, flips=flips, crop=crop, jitter=jitter)


def learned_of(images: ImageData | Photographs) -> Learned:
    """What images look like, some of them, evenly over all; whole ones by windows anywhere in them."""
    if isinstance(images, Photographs):
        return Learned.of(
            [x[:, top : top + size[0], left : left + size[1]] for x, top, left, size in windows_of(images)]
        )
    rows = torch.arange(min(len(images), LOOKED_AT)) * len(images) // min(len(images), LOOKED_AT)
    return Learned.of(list(images.images[rows]))


def unpaired_base(config: TranslationConfig, source: Grid, shape: Grid) -> Base | None:
    """The input, where nothing is paired; none where that is asked for, or the channels don't allow it."""
    low, high = RANGES[config.value_range]
    try:
        return None if config.base is None else Base(source, shape, low=low, high=high)
    except ValueError:
        return None


def _cycle(
    config: TranslationConfig, data: PairData, held_out: PairData, stream: PairStream, make: Networks
) -> Setup[ImageTranslator]:
    source, shape = shapes_of(stream)
    own, size = config.cycle, config.cycle.history

    def translator(given: Grid, made: Grid, role: str = "generator") -> nn.Module:
        base = unpaired_base(config, given, made)
        return make(role, config.generator.network, source=given, shape=made, classes=0, base=base)

    generators = {
        ONWARD: translator(source, shape),
        BACKWARD: translator(shape, source, "generator, backward"),
    }
    judges = {
        TARGET: discriminator_of(config, make, source, shape),
        SOURCE: discriminator_of(config, make, shape, source, "discriminator of inputs"),
    }
    players: dict[str, nn.Module] = {"generator": NetworkGroup(generators), "discriminator": NetworkGroup(judges)}
    forward = OfCycle(
        Reconstruction(own.weight),
        Reconstruction(own.identity) if own.identity and source == shape else None,
        {TARGET: ReplayBuffer(size, shape), SOURCE: ReplayBuffer(size, source)} if size else None,
    )
    forward.attach(players["discriminator"])
    back = translator_of(config, generators[BACKWARD], shape, source, ImageTranslator, data.values[::-1])
    learned = None if make.device.type == "meta" else learned_of(data.inputs)
    model = translator_of(config, generators[ONWARD], source, shape, ImageTranslator, data.values, learned)
    return setup_of(config, data, stream, held_out, make, players, forward, model, back)


def _contrastive(
    config: TranslationConfig, data: PairData, held_out: PairData, stream: PairStream, make: Networks
) -> Setup[ImageTranslator]:
    source, shape = shapes_of(stream)
    base = unpaired_base(config, source, shape)
    generator = make("generator", config.generator.network, source=source, shape=shape, classes=0, base=base)
    if not isinstance(generator, EncodingTranslator) or source[0] != shape[0]:
        raise ConfigurationError(
            "contrastive translation compares patches in a translator's first layers, between images of equal "
            "channels: --set generator.network=unet-translator (or residual-translator), or --set unpaired=cycle"
        )
    with seeded(seed_for(config.seed, "patches", "initialisation")):
        contrasted = Contrasted(generator, config.contrast.width).to(make.device)
    players = {"generator": contrasted, "discriminator": discriminator_of(config, make, source, shape)}
    forward = OfContrast(layers=len(contrasted.heads), **config.contrast.model_dump(exclude={"width"}))
    learned = None if make.device.type == "meta" else learned_of(data.inputs)
    model = translator_of(config, generator, source, shape, ImageTranslator, data.values, learned)
    return setup_of(config, data, stream, held_out, make, players, forward, model)


TASK = Translation()
