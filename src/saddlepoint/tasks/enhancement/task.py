"""Enhancement of images, as a task."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import torch

from saddlepoint.components.device import pick_device
from saddlepoint.components.networks import Networks
from saddlepoint.core import rng
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.image_collection import Photographs
from saddlepoint.data.pair_stream import PairSource
from saddlepoint.data.pairs import PairData
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.evaluation.fidelity import features_of
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.enhancement.data import Given, adopted, read_given
from saddlepoint.tasks.enhancement.degradations import Chain
from saddlepoint.tasks.enhancement.evaluation import EnhancementOptions, compared_models, evaluate_enhancers
from saddlepoint.tasks.enhancement.model import Enhancer
from saddlepoint.tasks.enhancement.recipes import RECIPES
from saddlepoint.tasks.enhancement.settings import EnhancementConfig
from saddlepoint.tasks.enhancement.stream import DegradedStream, degraded_pairs
from saddlepoint.tasks.setup import Setup
from saddlepoint.tasks.task import Subject, Task
from saddlepoint.tasks.translation.building import build_pairs, start_of
from saddlepoint.tasks.translation.data import cropped, judging
from saddlepoint.tasks.translation.familiarity import Learned, windows_of
from saddlepoint.tasks.translation.interpolation import REGRESSION
from saddlepoint.tasks.translation.model import ImageTranslator
from saddlepoint.tasks.translation.settings import RANGES
from saddlepoint.tasks.translation.task import learned_of, regression_of, stream_of


class Enhancement(Task[EnhancementConfig, Given, ImageTranslator]):
    """Degraded images made what they were."""

    name = "enhancement"
    configs: ClassVar = {"adversarial": EnhancementConfig}
    models = (Enhancer,)
    recipes = RECIPES
    Options = EnhancementOptions

    def read(self, config: EnhancementConfig, progress: OnProgress = quiet) -> Given:
        """Read photographs, or given pairs, that hold a crop."""
        return _held(config, read_given(config.data, paired=config.degrade is None, progress=progress))

    def held_out(
        self,
        config: EnhancementConfig,  # noqa: ARG002
        data: Given,
        progress: OnProgress = quiet,  # noqa: ARG002
    ) -> Given | None:
        """Photographs, or pairs, that were not trained on."""
        return data.held_out

    def adopt(self, config: EnhancementConfig, given: object) -> Given:
        """Images of any sizes, or (inputs, targets) where degrade is none."""
        return _held(config, adopted(given, config.data, paired=config.degrade is None))

    def build(self, config: EnhancementConfig, data: Given, make: Networks) -> Setup[ImageTranslator]:
        """The game of a network and a discriminator of images, on photographs that are large enough, or on pairs."""
        stream: PairSource
        played, chain, learned = data, config.chain, None
        if isinstance(data, PairData):
            stream = stream_of(config, data, make)
            if make.device.type != "meta":
                learned = learned_of(data.inputs)
        else:
            assert chain is not None
            played, crop = data.holding(config.data.crop, chain.scale)
            low, high = RANGES[config.value_range]
            stream = DegradedStream(
                played,
                chain,
                crop,
                config.batch_size,
                config.seed,
                low,
                high,
                make.device,
                flips=config.data.flips,
            )
            if make.device.type != "meta":
                learned = learned_of_photographs(played, chain)
        judge = judged(config, played, config.score.samples, config.seed)
        values = data.values if isinstance(data, PairData) else (data.values, data.values)
        masked, keeps = (False, False) if chain is None else (bool(chain.masks), chain.keeps)
        start = start_of(config, stream, make, masked=masked, keeps=keeps)
        return build_pairs(config, played, stream, judge, make, Enhancer, values, start, learned)

    def evaluate(
        self,
        subject: Subject[EnhancementConfig, Given, ImageTranslator],
        options: EnhancementOptions,
        progress: OnProgress = quiet,
    ) -> Evaluation:
        """Each stage and what lies between them, beside what needs no network, on what was held out."""
        config = subject.config
        assert config is not None
        pairs = judged(config, subject.data, options.samples, options.seed)
        shown = compared_models(subject.models, subject.stages.get(REGRESSION), options.strengths)
        judge = features_of(options.features, pick_device(options.device)).judge
        return evaluate_enhancers(shown, pairs, config.chain, judge, seed=options.seed, report=progress)

    def baselines(self, config: EnhancementConfig) -> Mapping[str, Config]:
        """The same network by its content losses alone."""
        return regression_of(config)


def _held(config: EnhancementConfig, data: Given) -> Given:
    """What is played: what does not hold a crop is left out as the data are read, so that they are the run's."""
    if isinstance(data, PairData):
        return cropped(config.data, data)[0]
    assert config.chain is not None
    return data.holding(config.data.crop, config.chain.scale)[0]


def learned_of_photographs(photographs: Photographs, chain: Chain) -> Learned:
    """What the network is given of photographs, by windows anywhere in them."""
    windows = []
    for number, (image, top, left, size) in enumerate(windows_of(photographs, chain.scale)):
        given, _ = chain.cut(image, top, left, size, 0, number, "learned")
        windows.append(given[:-1] if chain.masks else given)
    return Learned.of(windows)


def judged(config: EnhancementConfig, data: Given, most: int | None = None, seed: int = 0) -> PairData:
    """Pairs that never change, to judge by: of what is held out, else of all; middles of photographs, degraded.

    Args:
        config: says what is done to them.
        data: with what is held out.
        most: photographs, or pairs; None takes all, in their order.
        seed: of which ones are taken, and of what degradations draw.

    Raises:
        DataError: no photograph is large enough.
    """
    shown = data if data.held_out is None else data.held_out
    if isinstance(shown, PairData) and shown.whole:
        return judging(config.data, shown, len(shown) if most is None else most)
    if isinstance(shown, PairData):
        if most is None or most >= len(shown):
            return shown
        rows = torch.randperm(len(shown), generator=rng(seed, "judged"))[:most]
        return replace(shown, inputs=shown.inputs.chosen(rows), targets=shown.targets.chosen(rows))
    assert config.chain is not None
    kept, _ = shown.holding(config.data.crop, config.chain.scale)
    return degraded_pairs(kept, config.chain, seed, most)


TASK = Enhancement()
