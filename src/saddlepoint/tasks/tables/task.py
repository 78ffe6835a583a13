"""Rows of a table, as a task."""

from dataclasses import replace
from typing import Any, ClassVar

import torch

from saddlepoint.autoencoders import TableAutoencoder
from saddlepoint.components.adversary import AdversarialLosses, of_latents
from saddlepoint.components.networks import Networks
from saddlepoint.components.registries import LOSS_REGISTRY, NETWORK_REGISTRY
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batch, rng, seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.scheduled import Scheduled
from saddlepoint.data.tables import TableData
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.tasks.autoencoder import PriorProbe, autoencoder_losses
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.fitted import fitted
from saddlepoint.tasks.model import OWN, LatentInput
from saddlepoint.tasks.setup import Setup
from saddlepoint.tasks.tables.choosing import AutoTableConfig, table_auto
from saddlepoint.tasks.tables.coding import numbered
from saddlepoint.tasks.tables.copula import CopulaRows
from saddlepoint.tasks.tables.data import given_rows, read_rows
from saddlepoint.tasks.tables.evaluation import TableEvaluationOptions, affordable, evaluate_tables
from saddlepoint.tasks.tables.model import RowGenerator, RowSampler
from saddlepoint.tasks.tables.private import (
    Ledger,
    PoissonStream,
    PrivateLosses,
    checked,
    guarantee_of,
    mark_of_key,
    noise_for,
    releases_of,
    secret_of,
)
from saddlepoint.tasks.tables.private_marginals import PrivateMarginals
from saddlepoint.tasks.tables.probe import FittedProbe, TableProbe
from saddlepoint.tasks.tables.recipes import RECIPES, fitted_beside, table_copula, table_independent, vae_beside
from saddlepoint.tasks.tables.ruled import RuledCoding
from saddlepoint.tasks.tables.settings import (
    AnyTableConfig,
    DifferentialPrivacy,
    FittedTableConfig,
    TableAutoencoderConfig,
    TableConfig,
)
from saddlepoint.tasks.tables.stream import TableStream
from saddlepoint.tasks.task import Subject, Task
from saddlepoint.tasks.watched import looked_at

#: Rows that monitors look at, that the score compares, and that are written before the first step.
MONITORED, JUDGED, WRITTEN = 256, 4096, 10


class Tables(Task[AnyTableConfig, TableData, RowGenerator]):
    """A generator of rows against a discriminator; an autoencoder, a copula and independent columns beside it."""

    name = "tables"
    configs: ClassVar = {
        "adversarial": TableConfig,
        "autoencoder": TableAutoencoderConfig,
        "fitted": FittedTableConfig,
        "auto": AutoTableConfig,
    }
    models = (RowGenerator, CopulaRows)
    recipes: ClassVar = {**RECIPES, "table-auto": table_auto}
    Options = TableEvaluationOptions

    def read(self, config: AnyTableConfig, progress: OnProgress = quiet) -> TableData:
        """Read the rows."""
        return read_rows(config.data, progress)

    def held_out(
        self,
        config: AnyTableConfig,  # noqa: ARG002
        data: TableData,
        progress: OnProgress = quiet,  # noqa: ARG002
    ) -> TableData | None:
        """Rows that the run is not trained on; None where `data.held_out` is 0."""
        return data.held_out

    def adopt(self, config: AnyTableConfig, given: object) -> TableData:
        """A pandas DataFrame or a pyarrow Table."""
        return given_rows(given, config.data)

    def build(self, config: AnyTableConfig, data: TableData, make: Networks) -> Setup[RowGenerator]:
        """The game of a generator and a discriminator of rows, or of an autoencoder; or what was fitted at once."""
        if isinstance(config, TableConfig) and config.privacy is not None:
            return _private(config, config.privacy, data, make)
        if isinstance(config, TableConfig):
            return _adversarial(config, data, make)
        if isinstance(config, FittedTableConfig):
            return _fitted(config, data, make)  # type: ignore[return-value]
        return _autoencoder(config, data, make)

    def evaluate(
        self,
        subject: Subject[AnyTableConfig, TableData, RowSampler],  # type: ignore[override]
        options: TableEvaluationOptions,
        progress: OnProgress = quiet,
    ) -> Evaluation:
        """Likeness, detection, utility and privacy, beside those of rows that were held out."""
        assert subject.config is not None
        found = evaluate_tables(
            {name: model.rows for name, model in subject.models.items()},
            subject.data,
            subject.held_out(),
            options.target or subject.config.data.target,
            samples=options.samples or affordable(subject),
            seed=options.seed,
            report=progress,
        )
        return replace(found, pictures={f"marginals-{name}": model.shown for name, model in subject.models.items()})

    def baselines(self, config: AnyTableConfig) -> dict[str, Config]:
        """A variational autoencoder with the game's networks and budget; a Gaussian copula; independent columns."""
        if not isinstance(config, TableConfig):
            return {}
        fitted_ones = (table_copula(), table_independent())
        return {
            "table-vae": vae_beside(config),
            **{recipe.recipe: fitted_beside(config, recipe) for recipe in fitted_ones},
        }


def _adversarial(config: TableConfig, data: TableData, make: Networks) -> Setup[RowGenerator]:
    coding, rows = RuledCoding.fit(data, config.seed)
    layout, conditions = coding.layout, config.conditions if coding.layout.choices else None
    _check_heads(config)
    given: dict[str, Any] = {"shape": (layout.width,), "classes": 0 if conditions is None else layout.labels}
    players = {
        "generator": make("generator", config.generator.network, **given, heads=layout.heads),
        "discriminator": make("discriminator", config.discriminator.network, **given),
    }
    adversary = config.adversary.build()
    adversary.attach(players)
    stream = TableStream(
        rows,
        layout,
        config.batch_size,
        config.seed,
        config.latent.size,
        config.latent.distribution,
        make.device,
        conditional=conditions is not None,
        sampling="natural" if conditions is None else conditions.sampling,
        packing=config.packing,
    )
    batches = Scheduled(stream, config.timeline, make.device)
    labels = () if conditions is None else tuple(map(str, range(layout.labels)))
    latent = LatentInput(config.latent.size, config.latent.distribution)
    model = RowGenerator(
        players["generator"], config.generator.network, (layout.width,), latent, coding.plain(), class_names=labels
    )
    _check_writers(model, make)
    probe = _probe(coding, stream, batches.put(_watched(stream), 0))
    return Setup(data, players, AdversarialLosses(of_latents, adversary), batches, model, probe)


def _private(config: TableConfig, private: DifferentialPrivacy, data: TableData, make: Networks) -> Setup[RowGenerator]:
    """A game whose rows are under differential privacy; what the coding knows of them are noisy marginals."""
    checked(config)
    _check_heads(config)
    # Another noise for each other run, but not for a longer one, or where the file has been moved.
    secret = secret_of(config.model_dump(include=_DECIDING), data.fingerprint)
    released = PrivateMarginals.of(data, private.marginals, private.delta / 2, seed_for(secret, "marginals"))
    coding, _ = RuledCoding.fit(released.table, config.seed)
    rows, layout = coding.coding.encode(released.conformed(data), secret), coding.layout
    given: dict[str, Any] = {"shape": (layout.width,), "classes": 0}
    players = {
        "generator": make("generator", config.generator.network, **given, heads=layout.heads),
        "discriminator": make("discriminator", config.discriminator.network, **given),
    }
    latent = LatentInput(config.latent.size, config.latent.distribution)
    stream = PoissonStream(
        rows, layout, config.batch_size, config.seed, secret, latent.size, latent.distribution, make.device
    )
    noise = noise_for(private.epsilon, stream.rate, releases_of(config), private.marginals, private.delta / 2)
    ledger = Ledger(noise, mark_of_key()).to(make.device)
    players["discriminator"].add_module("ledger", ledger)
    model = RowGenerator(
        players["generator"],
        config.generator.network,
        (layout.width,),
        latent,
        coding.plain(),
        guarantee=guarantee_of(ledger, stream.rate, private),
    )
    _check_writers(model, make)
    losses = PrivateLosses(LOSS_REGISTRY.build(config.adversary.loss), private.clip, ledger)
    batches = Scheduled(stream, config.timeline, make.device)
    probe = _probe(coding, stream, stream.part(batch_size=MONITORED, seed=seed_for(stream.seed, "watched"))(0))
    return Setup(data, players, losses, batches, model, probe)


_DECIDING = {
    "seed",
    "batch_size",
    "privacy",
    "adversary",
    "generator",
    "discriminator",
    "latent",
    "method",
    "schedules",
}


def _autoencoder(config: TableAutoencoderConfig, data: TableData, make: Networks) -> Setup[RowGenerator]:
    coding, rows = RuledCoding.fit(data, config.seed)
    layout = coding.layout
    _check_heads(config)
    shape = (layout.width,)
    decoder = make("generator", config.generator.network, shape=shape, classes=0, heads=layout.heads)
    encoder = make("encoder", config.encoder.network, shape=shape, classes=0)
    with seeded(seed_for(config.seed, "model", "initialisation")):
        try:
            player = TableAutoencoder(encoder, decoder, config.latent.size, config.beta).to(make.device)
        except ValueError as error:
            raise ConfigurationError(f"table-vae: {error}") from error
    stream = TableStream(
        rows, layout, config.batch_size, config.seed, config.latent.size, "normal", make.device, conditional=False
    )
    latent = LatentInput(config.latent.size, "normal")
    model = RowGenerator(decoder, config.generator.network, shape, latent, coding.plain())
    _check_writers(model, make)
    probe = PriorProbe(_probe(coding, stream, _watched(stream)), player, model)
    batches = Scheduled(stream, {}, make.device)
    return Setup(data, {"generator": player}, autoencoder_losses, batches, model, probe)


def _fitted(config: FittedTableConfig, data: TableData, make: Networks) -> Setup[CopulaRows]:
    ruled, learnt = RuledCoding.uncoded(data, config.seed)
    model = CopulaRows.fit(ruled, learnt, config.seed, independent=not config.correlated)
    _check_writers(model, make)
    order = torch.randperm(len(data), generator=rng(config.seed, "judged")).numpy()
    # As a model may make them: with new identifiers, without what is rare.
    rows, others = (
        ruled.enforcement.decode(numbered(learnt.take(part), config.seed))
        for part in (order[:JUDGED], order[JUDGED : 2 * JUDGED])
    )
    return fitted(data, model, FittedProbe(Batch(None), rows, others))


def _check_writers(model: RowSampler, make: Networks) -> None:
    """Send rows of the untrained generator through every writer.

    Raises:
        DataError: a column can't be written in its own type.
    """
    if torch.device(make.device).type != "meta":
        model.rows(WRITTEN).check_writers()


def _check_heads(config: TableConfig | TableAutoencoderConfig) -> None:
    """Raise ConfigurationError for a generator that does not know columns."""
    name = config.generator.network["name"]
    if name != OWN and not NETWORK_REGISTRY.takes(name, "heads"):
        raise ConfigurationError(f"generator: {name} does not know columns: --set generator.network=table-generator")


def _watched(stream: TableStream) -> Batch:
    return stream.part(batch_size=MONITORED, seed=seed_for(stream.seed, "watched"))(0)


def _probe(coding: RuledCoding, stream: TableStream | PoissonStream, watched: Batch) -> TableProbe:
    order = looked_at(stream)
    return TableProbe(watched, coding, *(stream.samples[part] for part in (order[:JUDGED], order[JUDGED : 2 * JUDGED])))


TASK = Tables()
