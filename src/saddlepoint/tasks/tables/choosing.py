"""Which model of a table: by its size, or by a race."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.tables import TableData
from saddlepoint.metrics import detection_auc
from saddlepoint.metrics.table_models import utility
from saddlepoint.tasks.auto import AutoConfig
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.model import Model
from saddlepoint.tasks.tables.evaluation import metric_columns
from saddlepoint.tasks.tables.model import RowSampler
from saddlepoint.tasks.tables.recipes import RECIPES
from saddlepoint.tasks.tables.settings import TableConfig, TableFile
from saddlepoint.training import Budget

#: Of fewer training rows, nine tenths of whose columns are numbers, a copula is as good as a network (LOG.md).
FEW, NUMBERS = 1_000, 0.9
#: Made rows by which a race is judged, at most.
JUDGED = 4_000


class AutoTableConfig(AutoConfig):
    """The model of a table's rows that its size asks for, or that wins a race."""

    task: Literal["tables"] = "tables"
    data: TableFile = TableFile()
    """The table that is learnt, and how its columns are read."""

    def candidates(self) -> Mapping[str, Config]:
        """All of `--model`; those that are trained share the minutes, the others are fitted at once."""
        recipes = {word: RECIPES[recipe]() for word, recipe in TableConfig.models.items() if word != "auto"}
        played = [word for word, recipe in recipes.items() if "budget" not in recipe.fixed]
        share = Budget(minutes=None if self.race is None else self.race / len(played))
        return {
            word: self._on_data(recipe.on_budget(share) if word in played else recipe)
            for word, recipe in recipes.items()
        }

    def by_size(self, data: TableData) -> tuple[Config, str]:
        """A copula for few rows of numbers, the autoencoder for all others."""
        learnt = [column for column in data.columns if column.kind not in ("constant", "identifier")]
        numbers = sum(column.numeric for column in learnt)
        simple = len(data) < FEW and numbers >= NUMBERS * len(learnt)
        chosen = RECIPES[TableConfig.models["copula" if simple else "vae"]]()
        if not simple and self.budget != Budget():
            chosen = chosen.on_budget(self.budget)
        size = f"{len(data):,} rows of {len(learnt)} columns that are learnt, {numbers} of them numbers"
        others = f"--race MINUTES tries all, --model {'|'.join(TableConfig.models)} names one"
        why = f"{chosen.recipe} is taken for {size}; {others}"
        return self._on_data(chosen), why

    def _on_data(self, config: Config) -> Config:
        own = {"data": self.data, "seed": self.seed, "device": self.device, "threads": self.threads}
        return config.model_copy(update=own)

    def merits(self, models: Mapping[str, Model], data: TableData) -> Mapping[str, Mapping[str, float]]:
        """`detection`: AUC of trees that tell made rows from held-out ones; `utility`: what models trained on made rows
        are worth on them, as a share of what training rows are worth; `merit`: the mean of that and of 2 (1 − AUC).

        Raises:
            ConfigurationError: no rows are held out.
        """
        if data.held_out is None:
            raise ConfigurationError("a race is judged by rows that are held out: leave data.held_out above 0")
        n, target = min(JUDGED, len(data)), self.data.target
        test = metric_columns(data.held_out)
        like = metric_columns(data.take(np.random.default_rng(self.seed).permutation(len(data))[:n]))
        worth = None if target is None else _worth(like, test, like, target, self.seed)
        found: dict[str, dict[str, float]] = {}
        for name, model in models.items():
            assert isinstance(model, RowSampler)
            made = metric_columns(model.rows(n, seed=1), data)
            detection = detection_auc(test, made, self.seed)
            parts = [min(1.0, 2 * (1 - detection))]
            found[name] = {"detection": detection}
            if worth is not None and target is not None:
                share = _worth(made, test, like, target, self.seed) / max(worth, 1e-9)
                found[name]["utility"] = share
                parts.append(float(np.clip(share, 0, 1)))
            found[name]["merit"] = float(np.mean(parts))
        return found


def table_auto() -> AutoTableConfig:
    """The model that a table's size asks for: --data FILE.csv; --race 10 tries all in ten minutes, keeps the best."""
    return AutoTableConfig(recipe="table-auto")


def _worth(rows: Any, test: Any, like: Any, target: str, seed: int) -> float:
    useful = utility(rows, test, target, like=like, seed=seed)
    return useful.r2 if np.isnan(useful.f1) else useful.f1
