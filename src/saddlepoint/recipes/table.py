"""Generation of tables: its configuration, its recipe, and the baseline of one player that stands beside it."""

from typing import Literal

import torch
from pydantic import Field

from saddlepoint.autoencoders import TableAutoencoder
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data.collection import OnRead
from saddlepoint.data.tables import MISSING, TableCoding, TableData, TableStream, read_table
from saddlepoint.recipes.baseline import AutoencoderConfig, Encoder
from saddlepoint.recipes.building import Assembled, adversarial_game, iteration, model_card, networks, pick_device
from saddlepoint.recipes.configuration import (
    AdversarialConfig,
    Average,
    Choice,
    Config,
    LatentSettings,
    PathSettings,
    Player,
)
from saddlepoint.tasks.table import RowGenerator, TableTask
from saddlepoint.tasks.trained import Latent
from saddlepoint.training import Budget, Intervals, Schedule, Schedules, schedules

ColumnKind = Literal["number", "integer", "category", "date", "identifier"]


class TableFile(PathSettings):
    """Where the rows come from, and how they are to be read.

    Attributes:
        path: a CSV or Parquet file.
        columns: kinds of columns, by name, in place of what is inferred.
        missing: what means that there is no value.
        separator: between values; None takes the most frequent one of the first line.
        encoding: of a CSV file.
        held_out: share of the rows that is not trained on, so that it can judge the generator.
        target: the column that `saddle evaluate` has models predict.
    """

    columns: dict[str, ColumnKind] = Field(default_factory=dict)
    missing: tuple[str, ...] = MISSING
    separator: str | None = None
    encoding: str = "utf-8"
    held_out: float = Field(default=0.2, ge=0, lt=1)
    target: str | None = None

    def load(self, reading: OnRead | None = None) -> TableData:
        """The rows to train with."""
        table = self._read(reading)
        return table.split(self.held_out)[0] if self.held_out else table

    def load_test(self) -> TableData | None:
        """The rows held out; None where there are none."""
        return self._read().split(self.held_out)[1] if self.held_out else None

    def _read(self, reading: OnRead | None = None) -> TableData:
        if self.path is None:
            raise ConfigurationError("this recipe needs a table of yours: give it with --data FILE.csv")
        table = read_table(
            self.path,
            kinds=self.columns,
            missing=self.missing,
            separator=self.separator,
            encoding=self.encoding,
            progress=reading,
        )
        if self.target is not None:
            table.column(self.target)
        return table


class TableDataConfig(Config):
    """What a game of rows and an autoencoder of them have in common."""

    usage = "saddle sample {} -n 1000 --seed 7 --out rows.csv"

    data: TableFile = TableFile()

    def load(self, reading: OnRead | None = None) -> TableData:
        """Read the rows."""
        return self.data.load(reading)

    def load_test(self) -> TableData | None:
        """Rows that the run is not trained on."""
        return self.data.load_test()


class TableConfig(TableDataConfig, AdversarialConfig):
    """A run that generates rows of a table.

    With conditions, every sample begins with a state of a column, drawn as `sampling` says; see `TableStream`.
    """

    conditional: bool = True
    sampling: Literal["logarithmic", "natural"] = "logarithmic"

    def build(self, data: TableData) -> Assembled:
        """The game of a generator and a discriminator of rows."""
        coding, rows = TableCoding.fit(data, self.seed)
        layout, device = coding.layout, pick_device(self.device)
        conditional = self.conditional and bool(layout.choices)
        spec = _with_heads(self.generator.network, coding)
        laid = self.model_copy(update={"generator": self.generator.model_copy(update={"network": spec})})
        shape = (layout.width,)
        game = adversarial_game(laid, shape, device, classes=layout.labels if conditional else 0)
        stream = TableStream(
            rows,
            layout,
            self.batch_size,
            self.seed,
            self.latent.size,
            self.latent.distribution,
            device,
            conditional=conditional,
            sampling=self.sampling,
            penalty=schedules.of(self.schedules.penalty),
            packing=self.packing,
        )
        trained = _trained(self, game.players["generator"], spec, coding, labelled=conditional)
        task = TableTask(game, trained, stream, model_card(self, data))
        return Assembled(self, data, game, iteration(self), stream, task)


class TableBaseline(TableDataConfig, AutoencoderConfig):
    """A run of an autoencoder of rows: one player, called generator, of a decoder and an encoder."""

    #: Weight of the KL term.
    beta: float = Field(default=0.5, ge=0)

    @property
    def objective(self) -> str:
        """The model."""
        return "table-vae"

    @property
    def bibtex(self) -> list[str]:
        """Of the model."""
        return [TableAutoencoder.paper]

    def build(self, data: TableData) -> Assembled:
        """The game of an autoencoder of rows."""
        self.check()
        coding, rows = TableCoding.fit(data, self.seed)
        device = pick_device(self.device)
        spec = _with_heads(self.generator.network, coding)
        laid = self.model_copy(update={"generator": self.generator.model_copy(update={"network": spec})})
        made = networks(laid, (coding.layout.width,), 0)
        with seeded(seed_for(self.seed, "model", "initialisation")):
            try:
                model = TableAutoencoder(made["encoder"], made["generator"], self.latent.size, self.beta).to(device)
            except ValueError as error:
                raise ConfigurationError(f"table-vae: {error}") from error
        stream = TableStream(
            rows, coding.layout, self.batch_size, self.seed, self.latent.size, "normal", device, conditional=False
        )
        trained = _trained(self, model.decoder, spec, coding, labelled=False)
        game = self.game(model)
        return Assembled(
            self, data, game, iteration(self), stream, TableTask(game, trained, stream, model_card(self, data))
        )


def _with_heads(spec: Choice, coding: TableCoding) -> Choice:
    if "heads" not in spec:
        raise ConfigurationError(
            f"generator: {spec['name']} does not know columns: --set generator.network=table-generator"
        )
    return {**spec, "heads": coding.layout.heads}


def _trained(
    config: Config, network: torch.nn.Module, spec: Choice, coding: TableCoding, labelled: bool
) -> RowGenerator:
    layout = coding.layout
    classes = tuple(str(label) for label in range(layout.labels)) if labelled else ()
    latent = Latent(config.latent.size, config.latent.distribution)
    return RowGenerator(network, spec, (layout.width,), latent, coding.plain(), classes=classes)


def table() -> TableConfig:
    """Any table, CSV or Parquet: --data FILE.csv; a quarter of an hour on two cores.

    Measured on short runs (LOG.md): falling rates are worth most, penalties of weight 1 are no worse than of 0.1, and
    noise on the numbers makes their marginals better and what models learn from the rows worse.
    """
    adam = {"name": "Adam", "lr": 1e-3, "betas": (0.0, 0.99)}
    samples = 6_000_000
    return TableConfig(
        recipe="table",
        latent=LatentSettings(size=64),
        generator=Player(network={"name": "table-generator"}, optimizer=adam),
        discriminator=Player(network={"name": "table-discriminator"}, optimizer=adam),
        loss={"name": "relativistic"},
        penalties={"r1": {"weight": 1.0}, "r2": {"weight": 1.0}},
        method={"name": "alternating"},
        average=Average(half_life=100_000, warm_up=0.1),
        schedules=Schedules(rate=Schedule(start=1.0, end=0.05, samples=samples)),
        batch_size=500,
        budget=Budget(samples=samples),
        every=Intervals(record=50_000, snapshot=500_000, checkpoint=500_000),
    )


def table_vae() -> TableBaseline:
    """Baseline: a variational autoencoder of a table's rows (TVAE); --data FILE.csv, five minutes on two cores."""
    config = table()
    return TableBaseline(
        recipe="table-vae",
        latent=config.latent,
        generator=Player(
            network={**config.generator.network, "noise": True},
            optimizer={"name": "Adam", "lr": 1e-3, "betas": (0.9, 0.999)},
        ),
        encoder=Encoder(network={"name": "mlp-discriminator", "widths": (256, 256)}),
        method={"name": "simultaneous"},
        average=config.average,
        batch_size=config.batch_size,
        budget=Budget(samples=4_000_000),
        every=config.every,
    )
