"""The configurations of a game of rows and of an autoencoder of them."""

from typing import ClassVar, Literal

from pydantic import Field

from saddlepoint.autoencoders import TableAutoencoder
from saddlepoint.components.settings import Latent
from saddlepoint.configuration import Settings
from saddlepoint.tasks.autoencoder import AutoencoderConfig
from saddlepoint.tasks.config import SHORT, AdversarialConfig
from saddlepoint.tasks.tables.stream import Sampling
from saddlepoint.tasks.tabular import TabularFile


class TableFile(TabularFile):
    """Where the rows come from, and how they are read."""

    path: str | None = None
    """A CSV or Parquet file; --data."""
    held_out: float = Field(default=0.2, ge=0, lt=1)
    """Share of the rows that is not trained on, so that it can judge the generator."""
    target: str | None = None
    """The column that an evaluation has models predict."""
    rare: int = Field(default=5, ge=0)
    """Categories of fewer training rows are not made, nor extremes that fewer share; 0 makes all."""
    release: tuple[str, ...] = ()
    """Columns whose values may all be given away: their rare categories and extremes are made as they are."""


class Conditions(Settings):
    """Every sample begins with a state of a column, which the generator is given and its row has."""

    sampling: Sampling = "logarithmic"
    """`logarithmic`: states in proportion to log(1 + their counts), so that rare ones are seen often; `natural`."""


class TableConfig(AdversarialConfig):
    """A generator and a discriminator of rows."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        **SHORT,
        "sampling": ("conditions.sampling",),
        "conditional": ("conditions",),
    }

    task: Literal["tables"] = "tables"
    data: TableFile = TableFile()
    """Which rows."""
    latent: Latent = Latent()
    """The generator's input."""
    conditions: Conditions | None = Conditions()
    """States of columns that samples begin with; none makes rows without conditions."""


class TableAutoencoderConfig(AutoencoderConfig):
    """An autoencoder of rows."""

    task: Literal["tables"] = "tables"
    data: TableFile = TableFile()
    """Which rows."""
    beta: float = Field(default=0.5, ge=0)
    """Weight of the KL term."""

    @property
    def objective(self) -> str:
        """The model."""
        return "table-vae"

    @property
    def bibtex(self) -> list[str]:
        """Of the model."""
        return [TableAutoencoder.paper]


AnyTableConfig = TableConfig | TableAutoencoderConfig
