"""A vocoder, as a task."""

from dataclasses import asdict, replace
from functools import partial
from typing import ClassVar

import torch

from saddlepoint.components.adversary import AdversarialLosses
from saddlepoint.components.networks import Networks
from saddlepoint.components.pairs import OfPairs
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batch, seed_for
from saddlepoint.data import DataError
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.scheduled import ADVERSARY, Scheduled
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.networks import NETWORKS, VocoderGenerator
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.setup import Pretraining, Setup
from saddlepoint.tasks.task import EvaluationOptions, Subject, Task
from saddlepoint.tasks.vocoder.batches import CropStream
from saddlepoint.tasks.vocoder.data import Recordings, adopted, recordings
from saddlepoint.tasks.vocoder.evaluation import evaluate_subject
from saddlepoint.tasks.vocoder.model import Refined, Vocoder
from saddlepoint.tasks.vocoder.probe import VocoderProbe
from saddlepoint.tasks.vocoder.recipes import RECIPES
from saddlepoint.tasks.vocoder.settings import VocoderConfig

#: Crops that monitors look at.
MONITORED = 16
#: The first stage, whose end is kept.
REGRESSION = "regression"


class Vocoders(Task[VocoderConfig, Recordings, Vocoder]):
    """A vocoder, by regression and against a discriminator of waves."""

    name = "vocoder"
    configs: ClassVar = {"adversarial": VocoderConfig}
    models = (Vocoder,)
    recipes = RECIPES

    def read(self, config: VocoderConfig, progress: OnProgress = quiet) -> Recordings:
        """Read the recordings, with those that are held out where there are such."""
        data = config.data
        if data.path is None:
            raise ConfigurationError("this recipe needs recordings of yours: give their folder with --data FOLDER")
        read = partial(recordings, data.path, data.rate, test=data.test, held_out=data.held_out)
        train = read(split="train", progress=partial(progress, "reading the data"))
        try:
            return replace(train, held_out=read(split="test"))
        except DataError:
            if data.test is not None:
                raise
            return train

    def held_out(
        self,
        config: VocoderConfig,  # noqa: ARG002
        data: Recordings,
        progress: OnProgress = quiet,  # noqa: ARG002
    ) -> Recordings | None:
        """Recordings that were not trained on."""
        return data.held_out

    def adopt(self, config: VocoderConfig, given: object) -> Recordings:
        """(waves, rate)."""
        return adopted(given, config.data.rate, config.data.held_out)

    def stand_in(self, config: VocoderConfig) -> Recordings:
        """The silence of a crop."""
        silence = torch.zeros(config.shapes[1], dtype=torch.int16)
        return Recordings("silence", silence, torch.tensor([len(silence)]), config.data.rate, ("silence",), "")

    def build(self, config: VocoderConfig, data: Recordings, make: Networks) -> Setup[Vocoder]:
        """The game of a vocoder and a discriminator of waves."""
        front, (source, shape) = config.front, config.shapes
        if not issubclass(NETWORKS.get(name := config.generator.network["name"], VocoderGenerator), VocoderGenerator):
            raise ConfigurationError(
                f"generator: {name} makes no waves of spectrograms: --set generator.network=vocoder"
            )
        network = make("generator", config.generator.network, source=source, shape=shape, classes=0)
        players = {
            "generator": Refined(network, front, config.refinement.training),
            "discriminator": make("discriminator", config.discriminator.network, shape=shape, classes=0),
        }
        steps, momentum = config.refinement.steps, config.refinement.momentum
        try:
            model = Vocoder(network, config.generator.network, shape, source, asdict(front), steps, momentum)
        except ValueError as error:
            raise ConfigurationError(f"generator: {error}") from error
        forward, adversary = OfPairs(config.content_losses, conditioned=False), config.adversary.build()
        adversary.attach(players)
        stream = CropStream(
            data,
            shape[0],
            front.hop,
            front.margin,
            front.mel,
            config.batch_size,
            config.seed,
            config.data.quieter,
            make.device,
        )
        batches = Scheduled(stream, config.timeline, make.device)
        probe = VocoderProbe(_watched(config, stream), forward, data.held_out or data)
        first = config.pretraining.samples
        return Setup(
            data,
            players,
            AdversarialLosses(forward, adversary),
            batches,
            model,
            probe,
            stage=Pretraining(REGRESSION, first) if first else None,
        )

    def evaluate(
        self,
        subject: Subject[VocoderConfig, Recordings, Vocoder],
        options: EvaluationOptions,
        progress: OnProgress = quiet,
    ) -> Evaluation:
        """Distances of waves to those that they are to be, beside ways that need no network."""
        return evaluate_subject(subject, options, progress)

    def baselines(self, config: VocoderConfig) -> dict[str, Config]:
        """The same vocoder by regression alone."""
        alone = config.pretraining.model_copy(update={"samples": None})
        return {REGRESSION: config.model_copy(update={"pretraining": alone})}


def _watched(config: VocoderConfig, stream: CropStream) -> Batch:
    """A batch that never changes, with the adversary at its full weight wherever it ever comes."""
    seed, alone = seed_for(config.seed, "watched"), config.pretraining.samples is None
    value = replace(stream.part(batch_size=MONITORED, seed=seed).drawn(0), alone=alone)
    return Batch(value, seed=seed, resting=frozenset({ADVERSARY} if alone else ()))


TASK = Vocoders()
