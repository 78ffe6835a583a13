"""The configurations of a game of windows and of an autoencoder of them."""

from typing import Literal, Self

from pydantic import Field, model_validator

from saddlepoint.components.settings import Latent
from saddlepoint.tasks.autoencoder import NamedAutoencoderConfig
from saddlepoint.tasks.config import AdversarialConfig
from saddlepoint.tasks.series.coding import Representation
from saddlepoint.tasks.series.order import AUTO, Order
from saddlepoint.tasks.tabular import TabularFile


class SeriesFile(TabularFile):
    """Where the rows come from, what tells their order in time, and how they are cut into windows."""

    path: str | None = None
    """A CSV or Parquet file; --data."""
    window: int = Field(default=24, ge=2)
    """Steps of a window."""
    stride: int = Field(default=1, ge=1)
    """Rows from the beginning of one window to that of the next."""
    leave_out: tuple[str, ...] = ()
    """Columns that are not read."""
    time: str | None = AUTO
    """Column that rows are sorted by; `auto` takes the first of dates, none takes rows as they stand."""
    entity: str | None = None
    """Column that names the series that a row is of; none finds it where times repeat."""
    gap: float | None = Field(default=5.0, gt=1)
    """A step of more than so many usual ones is a gap, which no window spans; none knows no gaps."""
    held_out: float = Field(default=0.0, ge=0, lt=1)
    """Share of the time that is not trained on, in blocks of five windows' length, so that it can judge."""

    @property
    def order(self) -> Order:
        """What tells the time, the series and gaps."""
        return Order(self.time, self.entity, self.gap)


class SeriesConfig(AdversarialConfig):
    """A generator and a discriminator of windows."""

    task: Literal["series"] = "series"
    data: SeriesFile = SeriesFile()
    """Which windows."""
    latent: Latent = Latent()
    """The generator's input."""
    representation: Representation = "steps"
    """What networks see of a window: `steps`, where it starts and its steps, or `levels`, its values."""


class SeriesAutoencoderConfig(NamedAutoencoderConfig):
    """An autoencoder of windows."""

    task: Literal["series"] = "series"
    data: SeriesFile = SeriesFile()
    """Which windows."""
    representation: Representation = "levels"
    """What networks see of a window: `steps`, where it starts and its steps, or `levels`, its values."""

    @model_validator(mode="after")
    def _plain_vae(self) -> Self:
        if self.model["name"] != "vae" or self.model["components"] or self.model["likelihood"] != "gaussian":
            raise ValueError("windows are learnt by a VAE with its prior and the Gaussian likelihood: --set model=vae")
        return self


AnySeriesConfig = SeriesConfig | SeriesAutoencoderConfig
