"""What is looked at of models of rows, while a game is played or at once."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.components.adversary import Forward, of_latents
from saddlepoint.core import Batch, Game, rng
from saddlepoint.data.tables import TableData
from saddlepoint.evaluation.closeness import Closeness
from saddlepoint.measures import Number, numbers
from saddlepoint.metrics import TableColumn, column_similarities, pair_similarities
from saddlepoint.storage import write_atomically
from saddlepoint.tasks.probe import Probe, write_picture
from saddlepoint.tasks.tables.copula import CopulaRows
from saddlepoint.tasks.tables.evaluation import likenesses, metric_columns
from saddlepoint.tasks.tables.model import RowGenerator, RowSampler
from saddlepoint.tasks.tables.ruled import RuledCoding

R = TypeVar("R", bound=RowSampler)
#: Rows of each kind that a report shows.
SHOWN = 6


class RowsProbe(Probe[R]):
    """Measures how alike made and real rows are.

    Args:
        watched: a batch that never changes.
        rows: training rows that made ones are compared with.
        others: further training rows, as many or fewer.
        forward, closeness: of a game.
    """

    def __init__(
        self,
        watched: Batch,
        rows: TableData,
        others: TableData,
        forward: Callable[..., Forward] | None = None,
        closeness: Closeness | None = None,
    ) -> None:
        super().__init__(watched, forward, closeness)
        self.rows, self.others, self.real = rows, others, metric_columns(rows)

    def score(self, model: R) -> Sequence[Number]:
        """`table_distance`, 1 − the mean of the other two: how alike columns are, and pairs of columns."""
        return numbers(_distances(self.real, metric_columns(model.rows(len(self.rows), seed=1))))

    @property
    def labelled(self) -> bool:
        """Rows are made for a state of one column, which is no class of theirs."""
        return False

    def references(self, model: R) -> dict[str, dict[str, float]]:
        """`real`: other training rows, or halves; `baseline: independent columns`: each column shuffled on its own."""
        first, second = self.rows, self.others
        if len(second) < len(first) / 2:
            first, second = self.rows.take(_every_other(self.rows, 0)), self.rows.take(_every_other(self.rows, 1))
        known, real, shuffled = super().references(model), metric_columns(first), metric_columns(second)
        mixed = [
            replace(column, values=column.values[torch.randperm(len(column.values), generator=rng(0, n, "apart"))])
            for n, column in enumerate(shuffled)
        ]
        known.setdefault("real", {}).update(_distances(real, shuffled))
        known["baseline: independent columns"] = _distances(real, mixed)
        return known

    def exhibit(self, model: R, folder: Path) -> None:
        """Some real rows beside made ones, and how alike each pair of columns hangs together."""
        tables = {"real": self.rows.take(np.arange(min(SHOWN, len(self.rows)))), "made": model.rows(SHOWN, seed=0)}
        rows = {kind: table.frame().astype(str).to_numpy().tolist() for kind, table in tables.items()}
        names = [column.name for column in tables["made"].columns]
        write_atomically(folder / "rows.json", json.dumps({"columns": names, **rows}, ensure_ascii=False))
        made = metric_columns(model.rows(len(self.rows), seed=1))
        found = {**pair_similarities(self.real, made)}
        alone = column_similarities(self.real, made)
        order = list(alone)
        values = [[alone[a] if a == b else found.get((a, b), found.get((b, a))) for b in order] for a in order]
        write_atomically(folder / "pairs.json", json.dumps({"columns": order, "values": values}, ensure_ascii=False))

    def snapshot(self, model: R, path: Path) -> None:
        """Marginals of made rows beside those of the data."""
        write_picture(path, model.shown())


class TableProbe(RowsProbe[RowGenerator]):
    """Looks at a game of rows.

    Args:
        watched: a batch that never changes.
        coding: of the columns.
        rows: training rows that made ones are compared with, float32 (n, heads).
        others: further training rows, as many or fewer.
    """

    def __init__(self, watched: Batch, coding: RuledCoding, rows: Tensor, others: Tensor) -> None:
        self.layout = coding.layout
        closeness = Closeness(lambda: coding.layout.wide(torch.cat([rows, others])))
        super().__init__(watched, coding.decode(rows), coding.decode(others), of_latents, closeness)

    def comparable(self, samples: Tensor) -> Tensor:
        """Rows with their choices made, as real ones have them."""
        return self.layout.wide(self.layout.short(samples.cpu()))


class FittedProbe(RowsProbe[CopulaRows]):
    """Looks at rows of what was fitted at once."""

    def monitors(self, game: Game) -> dict[str, float]:  # noqa: ARG002
        """Nothing: what is fitted at once has no game to be watched."""
        return {}


def _every_other(rows: TableData, first: int) -> NDArray[np.int64]:
    return np.arange(first, len(rows), 2)


def _distances(real: list[TableColumn], made: list[TableColumn]) -> dict[str, float]:
    found = likenesses(real, made)
    return {"table_distance": 1 - (found["columns"] + found["pairs"]) / 2, **found}
