"""Windows of a time series, as a task."""

from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from saddlepoint.components.adversary import AdversarialLosses, of_latents
from saddlepoint.components.networks import Networks
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batch
from saddlepoint.data import DataError
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.scheduled import Scheduled
from saddlepoint.data.stream import SampleStream
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.tasks.autoencoder import PriorProbe, autoencoder_losses
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.model import LatentInput
from saddlepoint.tasks.series.coding import SeriesCoding
from saddlepoint.tasks.series.data import SeriesData, given_series, read_series
from saddlepoint.tasks.series.evaluation import WINDOWS, SeriesEvaluationOptions, evaluate_series
from saddlepoint.tasks.series.model import WindowGenerator
from saddlepoint.tasks.series.probe import SeriesProbe
from saddlepoint.tasks.series.recipes import RECIPES, vae_beside
from saddlepoint.tasks.series.settings import AnySeriesConfig, SeriesAutoencoderConfig, SeriesConfig, SeriesFile
from saddlepoint.tasks.setup import Setup
from saddlepoint.tasks.task import Subject, Task
from saddlepoint.tasks.watched import looked_at, watched

#: Windows that monitors look at, and that the score compares.
MONITORED, JUDGED = 256, 1024


class Series(Task[AnySeriesConfig, SeriesData, WindowGenerator]):
    """A generator of windows against a discriminator, and an autoencoder beside it."""

    name = "series"
    configs: ClassVar = {"adversarial": SeriesConfig, "autoencoder": SeriesAutoencoderConfig}
    models = (WindowGenerator,)
    recipes = RECIPES
    Options = SeriesEvaluationOptions

    def read(self, config: AnySeriesConfig, progress: OnProgress = quiet) -> SeriesData:
        """Read the rows and cut them into windows."""
        file = config.data
        if file.path is None:
            raise ConfigurationError("this recipe needs a table of yours: give it with --data FILE.csv")
        told = partial(progress, "reading the data")
        return read_series(file.path, **_rules(file), **file.layout, progress=told).without(file.held_out)

    def held_out(
        self,
        config: AnySeriesConfig,  # noqa: ARG002
        data: SeriesData,
        progress: OnProgress = quiet,  # noqa: ARG002
    ) -> SeriesData | None:
        """Windows that the run is not trained on; None where `data.held_out` is 0."""
        return data.held_out

    def adopt(self, config: AnySeriesConfig, given: object) -> SeriesData:
        """A pandas DataFrame, a pyarrow Table or numbers (T, columns), or windows (N, T, columns)."""
        try:
            series = given if isinstance(given, SeriesData) else given_series(given, **_rules(config.data))
            return series.without(config.data.held_out)
        except DataError as error:
            raise ConfigurationError(str(error)) from error

    def build(self, config: AnySeriesConfig, data: SeriesData, make: Networks) -> Setup[WindowGenerator]:
        """The game of a generator and a discriminator of windows, or of an autoencoder of them."""
        if isinstance(config, SeriesConfig):
            return _adversarial(config, data, make)
        return _autoencoder(config, data, make)

    def evaluate(
        self,
        subject: Subject[AnySeriesConfig, SeriesData, WindowGenerator],
        options: SeriesEvaluationOptions,
        progress: OnProgress = quiet,
    ) -> Evaluation:
        """TimeGAN's two scores, and how alike values and movements are, beside those of real windows."""
        found = evaluate_series(
            {name: model.windows for name, model in subject.models.items()},
            subject.data,
            subject.held_out(),
            samples=options.samples or WINDOWS,
            trainings=options.trainings,
            seed=options.seed,
            report=progress,
        )
        return replace(found, pictures={f"curves-{name}": model.shown for name, model in subject.models.items()})

    def baselines(self, config: AnySeriesConfig) -> dict[str, Config]:
        """A variational autoencoder with the game's generator and budget."""
        return {"series-vae": vae_beside(config)} if isinstance(config, SeriesConfig) else {}


def _rules(file: SeriesFile) -> dict[str, Any]:
    return {
        **file.reading,
        "window": file.window,
        "stride": file.stride,
        "leave_out": file.leave_out,
        "order": file.order,
    }


def _adversarial(config: SeriesConfig, data: SeriesData, make: Networks) -> Setup[WindowGenerator]:
    coding, stream = _coded(config, data, make)
    shape = tuple(stream.samples.shape[1:])
    scales = {"scales": coding.moves} if config.representation == "steps" else {}
    players = {
        "generator": make(
            "generator",
            config.generator.network,
            shape=shape,
            classes=0,
            held=coding.context.size,
            states=coding.states,
        ),
        "discriminator": make("discriminator", config.discriminator.network, shape=shape, classes=0, **scales),
    }
    adversary = config.adversary.build()
    adversary.attach(players)
    latent = LatentInput(config.latent.size, config.latent.distribution)
    model = WindowGenerator(
        players["generator"], config.generator.network, shape, latent, coding.plain(), data.separator
    )
    batches = Scheduled(stream, config.timeline, make.device)
    probe = _probe(coding, stream, batches.put(watched(stream, model, MONITORED), 0))
    return Setup(data, players, AdversarialLosses(of_latents, adversary), batches, model, probe)


def _autoencoder(config: SeriesAutoencoderConfig, data: SeriesData, make: Networks) -> Setup[WindowGenerator]:
    coding, stream = _coded(config, data, make)
    shape = tuple(stream.samples.shape[1:])
    player = config.player(make, shape, low=-1.0, high=1.0, held=coding.context.size)
    network, latent = config.drawn(player)
    model = WindowGenerator(network, config.generator.network, shape, latent, coding.plain(), data.separator)
    probe = PriorProbe(_probe(coding, stream, watched(stream, model, MONITORED)), player, model)
    batches = Scheduled(stream, {}, make.device)
    return Setup(data, {"generator": player}, autoencoder_losses, batches, model, probe)


def _coded(config: AnySeriesConfig, data: SeriesData, make: Networks) -> tuple[SeriesCoding, SampleStream]:
    coding, latent = SeriesCoding.fit(data, config.representation), config.latent
    stream = SampleStream(
        coding.code(data.windows, data.told),
        config.batch_size,
        config.seed,
        latent.size,
        latent.distribution,
        device=make.device,
        packing=config.packing,
    )
    return coding, stream


def _probe(coding: SeriesCoding, stream: SampleStream, batch: Batch) -> SeriesProbe:
    return SeriesProbe(batch, coding, stream.samples[looked_at(stream)[: 2 * JUDGED]], JUDGED)


TASK = Series()
