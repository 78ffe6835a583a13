"""Points in the plane, as a task."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from saddlepoint.components.adversary import AdversarialLosses, of_latents
from saddlepoint.components.networks import Networks
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.scheduled import Scheduled
from saddlepoint.data.stream import SampleStream
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.tasks.model import LatentInput
from saddlepoint.tasks.points.data import MIXTURES, PointData
from saddlepoint.tasks.points.evaluation import evaluate_points
from saddlepoint.tasks.points.model import PointGenerator
from saddlepoint.tasks.points.probe import PointProbe
from saddlepoint.tasks.points.recipes import RECIPES
from saddlepoint.tasks.points.settings import PointConfig
from saddlepoint.tasks.setup import Setup
from saddlepoint.tasks.task import EvaluationOptions, Subject, Task
from saddlepoint.tasks.watched import watched

#: Points that monitors look at.
MONITORED = 256


class Points(Task[PointConfig, PointData, PointGenerator]):
    """A generator and a discriminator of points, of a mixture whose modes are known."""

    name = "points"
    configs: ClassVar = {"adversarial": PointConfig}
    models = (PointGenerator,)
    recipes = RECIPES

    def read(self, config: PointConfig, progress: OnProgress = quiet) -> PointData:  # noqa: ARG002
        """Draw the data."""
        return MIXTURES[config.data.mixture]().points(config.data.points, config.seed)

    def adopt(self, config: PointConfig, given: object) -> PointData:  # noqa: ARG002
        """Numbers (N, …), as a tensor or an array; no modes of them are known."""
        if not isinstance(given, Tensor | np.ndarray):
            raise ConfigurationError(f"points are a tensor or an array (N, …), not {type(given).__name__}")
        samples = torch.as_tensor(given).to(torch.float32)
        if samples.dim() < 2 or not bool(samples.isfinite().all()):
            raise ConfigurationError(f"points of shape {tuple(samples.shape)}: give finite numbers (N, …)")
        return PointData(None, samples)

    def stand_in(self, config: PointConfig) -> PointData:
        """The data themselves: they are drawn."""
        return self.read(config)

    def build(self, config: PointConfig, data: PointData, make: Networks) -> Setup[PointGenerator]:
        """The game of a generator and a discriminator of points."""
        players = {
            role: make(role, config.players[role].network, shape=data.shape, classes=0)
            for role in ("generator", "discriminator")
        }
        adversary = config.adversary.build()
        adversary.attach(players)
        stream = SampleStream(
            data.samples,
            config.batch_size,
            config.seed,
            config.latent.size,
            config.latent.distribution,
            device=make.device,
            packing=config.packing,
        )
        batches = Scheduled(stream, config.timeline, make.device)
        latent = LatentInput(config.latent.size, config.latent.distribution)
        model = PointGenerator(players["generator"], config.generator.network, data.shape, latent, data.reach)
        batch = batches.put(watched(stream, model, MONITORED), 0)
        probe = PointProbe(batch, data, config.seed, players["discriminator"], config.packing)
        return Setup(data, players, AdversarialLosses(of_latents, adversary), batches, model, probe)

    def evaluate(
        self,
        subject: Subject[PointConfig, PointData, PointGenerator],
        options: EvaluationOptions,
        progress: OnProgress = quiet,  # noqa: ARG002
    ) -> Evaluation:
        """Modes, high quality and reverse KL, beside those of the mixture itself."""
        return evaluate_points(subject, options)


TASK = Points()
