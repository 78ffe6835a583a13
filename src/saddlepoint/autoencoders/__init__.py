"""Baselines: autoencoders as games of one player. `MODELS` is the list that the recipes read."""

from saddlepoint.autoencoders.autoencoder import PlainAutoencoder
from saddlepoint.autoencoders.density import Density, ThroughDensity
from saddlepoint.autoencoders.encoder import Encoder
from saddlepoint.autoencoders.player import Autoencoder
from saddlepoint.autoencoders.table import TableAutoencoder
from saddlepoint.autoencoders.vae import VariationalAutoencoder

MODELS: dict[str, type[Autoencoder]] = {
    "autoencoder": PlainAutoencoder,
    "vae": VariationalAutoencoder,
}

__all__ = [
    "MODELS",
    "Autoencoder",
    "Density",
    "Encoder",
    "PlainAutoencoder",
    "TableAutoencoder",
    "ThroughDensity",
    "VariationalAutoencoder",
]
