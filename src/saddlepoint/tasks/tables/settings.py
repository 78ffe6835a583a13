"""The configurations of a game of rows and of an autoencoder of them."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from saddlepoint.autoencoders import TableAutoencoder
from saddlepoint.components.settings import Latent
from saddlepoint.configuration import Settings
from saddlepoint.tasks.autoencoder import AutoencoderConfig
from saddlepoint.tasks.config import SHORT, AdversarialConfig
from saddlepoint.tasks.fitted import FittedConfig
from saddlepoint.tasks.tables.copula import Copula
from saddlepoint.tasks.tables.stream import Sampling
from saddlepoint.tasks.tabular import TabularFile


class TableFile(TabularFile):
    """Where the rows come from, and how they are read."""

    path: str | None = None
    """A CSV, Parquet or Excel file, a folder of parts, or the URL of a database; --data."""
    primary_key: str | None = None
    """A column that names the rows: made rows get new values, all different."""
    held_out: float = Field(default=0.2, ge=0, lt=1)
    """Share of the rows that is not trained on, so that it can judge the generator."""
    target: str | None = None
    """The column that an evaluation has models predict."""
    rare: int = Field(default=5, ge=0)
    """Categories of fewer training rows are not made, nor extremes that fewer share; 0 makes all."""
    release: tuple[str, ...] = ()
    """Columns whose values may all be given away: rare categories, extremes, real names are made as they are."""
    rules: tuple[str | dict[str, Any], ...] = ()
    """What every row keeps, as `["a <= b", "total = rate * nights", "city -> country"]`; `found` takes those that were
    found."""

    @field_validator("rules", mode="before")
    @classmethod
    def _listed(cls, rules: Any) -> Any:
        return [rules] if isinstance(rules, str | Mapping) else rules

    @property
    def reading(self) -> dict[str, Any]:
        """How rows are understood, as arguments of the readers."""
        return {**super().reading, "primary_key": self.primary_key}


class Conditions(Settings):
    """Every sample begins with a state of a column, which the generator is given and its row has."""

    sampling: Sampling = "logarithmic"
    """`logarithmic`: states in proportion to log(1 + their counts), so that rare ones are seen often; `natural`."""


class DifferentialPrivacy(Settings):
    """Differential privacy of the training rows: what a generator tells of one of them is bounded, by ε and δ."""

    epsilon: float = Field(default=3.0, gt=0)
    """ε when the budget of samples is spent; the noise is chosen by it."""
    delta: float = Field(default=1e-5, gt=0, lt=1)
    """δ, below one over the number of rows."""
    clip: float = Field(default=1.0, gt=0)
    """Norm to which the gradient of each row is clipped."""
    marginals: float = Field(default=10.0, gt=0)
    """Noise multiplier of the columns' marginals, of which ranges and categories are made."""


class TableConfig(AdversarialConfig):
    """A generator and a discriminator of rows."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        **SHORT,
        "sampling": ("conditions.sampling",),
        "conditional": ("conditions",),
    }

    #: Recipes by the word of `--model`.
    models: ClassVar[Mapping[str, str]] = {
        "game": "table",
        "vae": "table-vae",
        "copula": "table-copula",
        "independent": "table-independent",
        "auto": "table-auto",
    }

    task: Literal["tables"] = "tables"
    data: TableFile = TableFile()
    """The table that is learnt, and how its columns are read."""
    latent: Latent = Latent()
    """The generator's input."""
    conditions: Conditions | None = Conditions()
    """States of columns that samples begin with; none makes rows without conditions."""
    privacy: DifferentialPrivacy | None = None
    """Train with differential privacy; the recipe table-dp fits it."""

    @property
    def by_model(self) -> Mapping[str, str]:
        """All; none under differential privacy, which the others do not have."""
        return self.models if self.privacy is None else {}

    @property
    def only_reading(self) -> str | None:
        """Differential privacy accounts for the training alone."""
        return None if self.privacy is None else "what it tells of a row is beyond what its ε and δ account for"


class TableAutoencoderConfig(AutoencoderConfig):
    """An autoencoder of rows."""

    task: Literal["tables"] = "tables"
    data: TableFile = TableFile()
    """The table that is learnt, and how its columns are read."""
    beta: float = Field(default=0.5, ge=0)
    """Weight of the KL term."""

    @property
    def objective(self) -> str:
        """What is fitted, as the start of a run calls it."""
        return "table-vae"

    @property
    def bibtex(self) -> list[str]:
        """The paper of what is fitted."""
        return [TableAutoencoder.paper]


class FittedTableConfig(FittedConfig):
    """A model of rows that is fitted at once: columns joined by a Gaussian copula, or each on its own."""

    task: Literal["tables"] = "tables"
    data: TableFile = TableFile()
    """The table that is learnt, and how its columns are read."""
    correlated: bool = True
    """Columns are joined by a Gaussian copula; false draws each column on its own."""

    @property
    def objective(self) -> str:
        """What is fitted, as the start of a run calls it."""
        return "Gaussian copula" if self.correlated else "independent columns"

    @property
    def bibtex(self) -> list[str]:
        """The paper of what is fitted."""
        return [Copula.paper] if self.correlated else []


AnyTableConfig = TableConfig | TableAutoencoderConfig | FittedTableConfig
