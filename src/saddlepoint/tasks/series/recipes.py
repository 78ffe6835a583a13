"""Generation of windows of time series: its configuration, its recipe, and the baseline of one player beside it."""

import torch
from pydantic import Field

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.collection import OnRead
from saddlepoint.data.series import Representation, SeriesCoding, SeriesData, read_series
from saddlepoint.data.stream import SampleStream
from saddlepoint.data.tables import MISSING
from saddlepoint.recipes.baseline import Encoder, ModelConfig
from saddlepoint.recipes.building import Assembled, adversarial_game, iteration, model_card, pick_device
from saddlepoint.recipes.configuration import (
    AdversarialConfig,
    Average,
    Choice,
    Config,
    LatentSettings,
    PathSettings,
    Player,
)
from saddlepoint.recipes.table import ColumnKind
from saddlepoint.tasks.series import SeriesTask, WindowsGenerator
from saddlepoint.tasks.trained import Latent
from saddlepoint.training import Budget, Intervals, Schedule, Schedules, schedules


class SeriesFile(PathSettings):
    """Where the rows come from, in the order of time, and how they are cut into windows.

    Attributes:
        path: a CSV or Parquet file.
        window: steps of a window.
        stride: rows from the beginning of one window to that of the next.
        leave_out: columns that are not read.
        columns: kinds of columns, by name, in place of what is inferred.
        missing: what means that there is no value.
        separator: between values; None takes the most frequent one of the first line.
        encoding: of a CSV file.
        held_out: share of the time that is not trained on, in blocks of five windows' length, so that it can judge.
    """

    window: int = Field(default=24, ge=2)
    stride: int = Field(default=1, ge=1)
    leave_out: tuple[str, ...] = ()
    columns: dict[str, ColumnKind] = Field(default_factory=dict)
    missing: tuple[str, ...] = MISSING
    separator: str | None = None
    encoding: str = "utf-8"
    held_out: float = Field(default=0.0, ge=0, lt=1)

    def load(self, reading: OnRead | None = None) -> SeriesData:
        """The windows to train with."""
        series = self._read(reading)
        return series.split(self.held_out)[0] if self.held_out else series

    def load_test(self) -> SeriesData | None:
        """The windows held out; None where there are none."""
        return self._read().split(self.held_out)[1] if self.held_out else None

    def _read(self, reading: OnRead | None = None) -> SeriesData:
        if self.path is None:
            raise ConfigurationError("this recipe needs a table of yours: give it with --data FILE.csv")
        return read_series(
            self.path,
            self.window,
            self.stride,
            leave_out=self.leave_out,
            kinds=self.columns,
            missing=self.missing,
            separator=self.separator,
            encoding=self.encoding,
            progress=reading,
        )


class SeriesDataConfig(Config):
    """What a game of windows and an autoencoder of them have in common; see `SeriesCoding` for what networks see."""

    usage = "saddle sample {} -n 100 --seed 7 --out windows.csv"

    data: SeriesFile = SeriesFile()
    representation: Representation = "steps"

    def load(self, reading: OnRead | None = None) -> SeriesData:
        """Read the windows."""
        return self.data.load(reading)

    def load_test(self) -> SeriesData | None:
        """Windows that the run is not trained on."""
        return self.data.load_test()


class SeriesConfig(SeriesDataConfig, AdversarialConfig):
    """A run that generates windows of a time series."""

    def build(self, data: SeriesData) -> Assembled:
        """The game of a generator and a discriminator of windows."""
        coding, device = SeriesCoding.fit(data, self.representation), pick_device(self.device)
        stream = SampleStream(
            coding.code(data.windows),
            self.batch_size,
            self.seed,
            self.latent.size,
            self.latent.distribution,
            device=device,
            penalty=schedules.of(self.schedules.penalty),
            packing=self.packing,
        )
        discriminator = self.discriminator.network
        if self.representation == "steps" and "scales" in discriminator:
            discriminator = {**discriminator, "scales": tuple(coding.scale.tolist())}
        seen = self.model_copy(
            update={"discriminator": self.discriminator.model_copy(update={"network": discriminator})}
        )
        game = adversarial_game(seen, tuple(stream.samples.shape[1:]), device)
        trained = _trained(self, game.players["generator"], self.generator.network, stream, coding, data)
        task = SeriesTask(game, trained, stream, model_card(self, data))
        return Assembled(self, data, game, iteration(self), stream, task)


class SeriesBaseline(SeriesDataConfig, ModelConfig):
    """A run of an autoencoder of windows: one player, called generator, of a decoder and an encoder."""

    representation: Representation = "levels"

    def build(self, data: SeriesData) -> Assembled:
        """The game of an autoencoder of windows."""
        if self.model["name"] != "vae" or self.model["components"] or self.model["likelihood"] != "gaussian":
            raise ConfigurationError(
                "windows are learnt by a VAE with its prior and the Gaussian likelihood: --set model=vae"
            )
        coding, device = SeriesCoding.fit(data, self.representation), pick_device(self.device)
        stream = SampleStream(
            coding.code(data.windows), self.batch_size, self.seed, self.latent.size, "normal", device=device
        )
        model = self.player(tuple(stream.samples.shape[1:]), -1.0, 1.0).to(device)
        game = self.game(model)
        trained = _trained(self, model.decoder, self.generator.network, stream, coding, data)
        task = SeriesTask(game, trained, stream, model_card(self, data))
        return Assembled(self, data, game, iteration(self), stream, task)


def _trained(
    config: Config, network: torch.nn.Module, spec: Choice, stream: SampleStream, coding: SeriesCoding, data: SeriesData
) -> WindowsGenerator:
    latent = Latent(config.latent.size, config.latent.distribution)
    shape = tuple(stream.samples.shape[1:])
    return WindowsGenerator(network, spec, shape, latent, coding.plain(), data.separator)


def series() -> SeriesConfig:
    """Windows of any table of numbers over time, CSV or Parquet: --data FILE.csv; three minutes on one core.

    Measured on short runs (LOG.md): steps in place of levels are worth most, then a discriminator that sees where a
    series stands; penalties of weight 1 do better than of 0.1.
    """
    adam = {"name": "Adam", "lr": 1e-3, "betas": (0.0, 0.99)}
    samples = 1_000_000
    return SeriesConfig(
        recipe="series",
        latent=LatentSettings(size=64),
        generator=Player(network={"name": "window-generator"}, optimizer=adam),
        discriminator=Player(network={"name": "window-discriminator"}, optimizer=adam),
        loss={"name": "relativistic"},
        penalties={"r1": {"weight": 1.0}, "r2": {"weight": 1.0}},
        method={"name": "alternating"},
        average=Average(half_life=50_000, warm_up=0.1),
        schedules=Schedules(rate=Schedule(start=1.0, end=0.05, samples=samples)),
        batch_size=256,
        budget=Budget(samples=samples),
        every=Intervals(record=20_000, snapshot=200_000, checkpoint=200_000),
    )


def series_vae() -> SeriesBaseline:
    """Baseline: a variational autoencoder of windows of a series; --data FILE.csv, a minute on one core."""
    config = series()
    return SeriesBaseline(
        recipe="series-vae",
        latent=LatentSettings(size=16),
        generator=Player(
            network=config.generator.network, optimizer={"name": "Adam", "lr": 1e-3, "betas": (0.9, 0.999)}
        ),
        encoder=Encoder(network={"name": "mlp-discriminator", "widths": (256, 256)}),
        model={"name": "vae"},
        method={"name": "simultaneous"},
        average=config.average,
        batch_size=config.batch_size,
        budget=Budget(samples=500_000),
        every=config.every,
    )
