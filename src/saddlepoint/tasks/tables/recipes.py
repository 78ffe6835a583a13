"""The recipes of tables: the game, and the baselines that stand beside it."""

from collections.abc import Callable, Mapping

from saddlepoint.components.settings import AdversarySettings, Latent, Player
from saddlepoint.tasks.autoencoder import EncoderSettings, shared
from saddlepoint.tasks.config import Average, Config
from saddlepoint.tasks.tables.settings import (
    DifferentialPrivacy,
    FittedTableConfig,
    TableAutoencoderConfig,
    TableConfig,
)
from saddlepoint.training import Budget, Intervals, Schedule, Schedules

_ADAM = {"name": "Adam", "lr": 1e-3, "betas": (0.0, 0.99)}


def table() -> TableConfig:
    """Any table, CSV or Parquet: --data FILE.csv; a quarter of an hour on two cores.

    Measured on short runs (LOG.md): falling rates are worth most, penalties of weight 1 are no worse than of 0.1, and
    noise on the numbers makes their marginals better and what models learn from the rows worse.
    """
    adam, samples = _ADAM, 6_000_000
    return TableConfig(
        recipe="table",
        latent=Latent(size=64),
        generator=Player(network={"name": "table-generator"}, optimizer=adam),
        discriminator=Player(network={"name": "table-discriminator"}, optimizer=adam),
        adversary=AdversarySettings(
            loss={"name": "relativistic"}, penalties={"r1": {"weight": 1.0}, "r2": {"weight": 1.0}}
        ),
        method={"name": "alternating"},
        average=Average(half_life=100_000, warm_up=0.1),
        schedules=Schedules(rate=Schedule(start=1.0, end=0.05, samples=samples)),
        batch_size=500,
        budget=Budget(samples=samples),
        every=Intervals(record=50_000, snapshot=500_000, checkpoint=500_000),
    )


def table_dp() -> TableConfig:
    """A table under differential privacy: --data FILE.csv --privacy.epsilon 3; needs 'saddlepoint[dp]'."""
    config = table()
    samples = 2_000_000
    return config.model_copy(
        update={
            "recipe": "table-dp",
            "conditions": None,
            "privacy": DifferentialPrivacy(),
            "adversary": AdversarySettings(loss={"name": "non-saturating"}),
            "discriminator": Player(
                network={"name": "table-discriminator", "widths": (128, 128)}, optimizer={**_ADAM, "lr": 1e-3}
            ),
            "method": {"name": "alternating", "counts": (5, 1)},
            "schedules": Schedules(),
            "average": Average(half_life=20_000, warm_up=0.1),
            "budget": Budget(samples=samples),
        }
    )


def table_vae() -> TableAutoencoderConfig:
    """Baseline: a variational autoencoder of a table's rows (TVAE); --data FILE.csv, five minutes on two cores."""
    config = table()
    return TableAutoencoderConfig(
        recipe="table-vae",
        latent=config.latent,
        generator=_decoder(config),
        encoder=EncoderSettings(network={"name": "mlp-discriminator", "widths": (256, 256)}),
        method={"name": "simultaneous"},
        average=config.average,
        batch_size=config.batch_size,
        budget=Budget(samples=4_000_000),
        every=config.every,
    )


def table_copula() -> FittedTableConfig:
    """Baseline, fitted at once: columns of a table joined by a Gaussian copula; --data FILE.csv, seconds."""
    return FittedTableConfig(recipe="table-copula")


def table_independent() -> FittedTableConfig:
    """Baseline, fitted at once: columns of a table, each on its own; --data FILE.csv, seconds."""
    return FittedTableConfig(recipe="table-independent", correlated=False)


def fitted_beside(config: TableConfig, recipe: FittedTableConfig) -> FittedTableConfig:
    """A fitted baseline on the data of a game, with its seed."""
    own = {"data": config.data, "seed": config.seed, "device": config.device, "threads": config.threads}
    return recipe.model_copy(update=own)


def vae_beside(config: TableConfig) -> TableAutoencoderConfig:
    """The autoencoder that stands beside a game of rows, with its generator for a decoder and its budget."""
    own = {"latent": {"size": config.latent.size}, "generator": _decoder(config).model_dump()}
    return TableAutoencoderConfig.read({**table_vae().model_dump(), **shared(config), **own})


def _decoder(config: TableConfig) -> Player:
    """A game's generator, whose numbers have noise, with the usual memory of Adam."""
    return Player(
        network={**config.generator.network, "noise": True},
        optimizer={"name": "Adam", "lr": 1e-3, "betas": (0.9, 0.999)},
    )


RECIPES: Mapping[str, Callable[[], Config]] = {
    "table": table,
    "table-dp": table_dp,
    "table-vae": table_vae,
    "table-copula": table_copula,
    "table-independent": table_independent,
}
