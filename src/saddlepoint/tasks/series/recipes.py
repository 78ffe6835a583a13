"""The recipe of series, and the baseline of one player that stands beside it."""

from collections.abc import Callable, Mapping

from saddlepoint.components.settings import AdversarySettings, Latent, Player
from saddlepoint.tasks.autoencoder import EncoderSettings, shared
from saddlepoint.tasks.config import Average, Config
from saddlepoint.tasks.series.settings import SeriesAutoencoderConfig, SeriesConfig
from saddlepoint.training import Budget, Intervals, Schedule, Schedules


def series() -> SeriesConfig:
    """Windows of any table of numbers over time, CSV or Parquet: --data FILE.csv; three minutes on one core.

    Measured on short runs (LOG.md): steps in place of levels are worth most, then a discriminator that sees where a
    series stands; penalties of weight 1 do better than of 0.1.
    """
    adam = {"name": "Adam", "lr": 1e-3, "betas": (0.0, 0.99)}
    samples = 1_000_000
    return SeriesConfig(
        recipe="series",
        latent=Latent(size=64),
        generator=Player(network={"name": "window-generator"}, optimizer=adam),
        discriminator=Player(network={"name": "window-discriminator"}, optimizer=adam),
        adversary=AdversarySettings(
            loss={"name": "relativistic"}, penalties={"r1": {"weight": 1.0}, "r2": {"weight": 1.0}}
        ),
        method={"name": "alternating"},
        average=Average(half_life=50_000, warm_up=0.1),
        schedules=Schedules(rate=Schedule(start=1.0, end=0.05, samples=samples)),
        batch_size=256,
        budget=Budget(samples=samples),
        every=Intervals(record=20_000, snapshot=200_000, checkpoint=200_000),
    )


def series_vae() -> SeriesAutoencoderConfig:
    """Baseline: a variational autoencoder of windows of a series; --data FILE.csv, a minute on one core."""
    config = series()
    return SeriesAutoencoderConfig(
        recipe="series-vae",
        latent=Latent(size=16),
        generator=_decoder(config),
        encoder=EncoderSettings(network={"name": "mlp-discriminator", "widths": (256, 256)}),
        model={"name": "vae"},
        method={"name": "simultaneous"},
        average=config.average,
        batch_size=config.batch_size,
        budget=Budget(samples=500_000),
        every=config.every,
    )


def vae_beside(config: SeriesConfig) -> SeriesAutoencoderConfig:
    """The autoencoder that stands beside a game of windows, with its generator for a decoder and its budget."""
    own = {"generator": _decoder(config).model_dump()}
    return SeriesAutoencoderConfig.read({**series_vae().model_dump(), **shared(config), **own})


def _decoder(config: SeriesConfig) -> Player:
    """A game's generator, with the usual memory of Adam."""
    return Player(network=config.generator.network, optimizer={"name": "Adam", "lr": 1e-3, "betas": (0.9, 0.999)})


RECIPES: Mapping[str, Callable[[], Config]] = {"series": series, "series-vae": series_vae}
