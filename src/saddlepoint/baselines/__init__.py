"""Baselines: autoencoders as games of one player. `MODELS` is the list that the recipes read."""

from saddlepoint.baselines.autoencoder import PlainAutoencoder
from saddlepoint.baselines.copula import Copula
from saddlepoint.baselines.density import Density, ThroughDensity
from saddlepoint.baselines.encoder import Encoder
from saddlepoint.baselines.player import Autoencoder
from saddlepoint.baselines.table import TableAutoencoder
from saddlepoint.baselines.vae import VariationalAutoencoder

MODELS: dict[str, type[Autoencoder]] = {
    "autoencoder": PlainAutoencoder,
    "vae": VariationalAutoencoder,
}

__all__ = [
    "MODELS",
    "Autoencoder",
    "Copula",
    "Density",
    "Encoder",
    "PlainAutoencoder",
    "TableAutoencoder",
    "ThroughDensity",
    "VariationalAutoencoder",
]
