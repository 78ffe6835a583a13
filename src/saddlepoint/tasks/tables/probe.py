"""What is looked at while a game of rows is played."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from saddlepoint.components.adversary import of_latents
from saddlepoint.core import Batch, rng
from saddlepoint.evaluation.closeness import Closeness
from saddlepoint.measures import Number, numbers
from saddlepoint.metrics import TableColumn, column_similarities, pair_similarities
from saddlepoint.storage import write_atomically
from saddlepoint.tasks.probe import Probe, write_picture
from saddlepoint.tasks.tables.evaluation import likenesses, metric_columns
from saddlepoint.tasks.tables.model import RowGenerator
from saddlepoint.tasks.tables.ruled import RuledCoding

#: Rows of each kind that a report shows.
SHOWN = 6


class TableProbe(Probe[RowGenerator]):
    """Measures how alike made and real rows are.

    Args:
        watched: a batch that never changes.
        coding: of the columns.
        rows: training rows that made ones are compared with, float32 (n, heads).
        others: further training rows, as many or fewer.
    """

    def __init__(self, watched: Batch, coding: RuledCoding, rows: Tensor, others: Tensor) -> None:
        super().__init__(watched, of_latents, Closeness(lambda: coding.layout.wide(torch.cat([rows, others]))))
        self.coding, self.layout, self.real = coding, coding.layout, metric_columns(coding.decode(rows))
        self.rows, self.others = rows, others
        self.size = len(rows)

    def comparable(self, samples: Tensor) -> Tensor:
        """Rows with their choices made, as real ones have them."""
        return self.layout.wide(self.layout.short(samples.cpu()))

    def score(self, model: RowGenerator) -> Sequence[Number]:
        """`table_distance`, 1 − the mean of the other two: how alike columns are, and pairs of columns."""
        return numbers(_distances(self.real, metric_columns(model.rows(self.size, seed=1))))

    @property
    def labelled(self) -> bool:
        """Rows are made for a state of one column, which is no class of theirs."""
        return False

    def references(self, model: RowGenerator) -> dict[str, dict[str, float]]:
        """`real`: other training rows, or halves; `baseline: independent columns`: each column shuffled on its own."""
        first, second = self.rows, self.others
        if len(second) < len(first) / 2:
            first, second = self.rows[::2], self.rows[1::2]
        mixed = torch.stack(
            [column[torch.randperm(len(column), generator=rng(0, n, "apart"))] for n, column in enumerate(second.T)], 1
        )
        known, real = super().references(model), metric_columns(self.coding.decode(first))
        known["real"] |= _distances(real, metric_columns(self.coding.decode(second)))
        known["baseline: independent columns"] = _distances(real, metric_columns(self.coding.decode(mixed)))
        return known

    def exhibit(self, model: RowGenerator, folder: Path) -> None:
        """Some real rows beside made ones, and how alike each pair of columns hangs together."""
        tables = {"real": self.coding.decode(self.rows[:SHOWN]), "made": model.rows(SHOWN, seed=0)}
        rows = {kind: table.frame().astype(str).to_numpy().tolist() for kind, table in tables.items()}
        names = [column.name for column in tables["made"].columns]
        write_atomically(folder / "rows.json", json.dumps({"columns": names, **rows}, ensure_ascii=False))
        made = metric_columns(model.rows(self.size, seed=1))
        found = {**pair_similarities(self.real, made)}
        alone = column_similarities(self.real, made)
        order = list(alone)
        values = [[alone[a] if a == b else found.get((a, b), found.get((b, a))) for b in order] for a in order]
        write_atomically(folder / "pairs.json", json.dumps({"columns": order, "values": values}, ensure_ascii=False))

    def snapshot(self, model: RowGenerator, path: Path) -> None:
        """Marginals of made rows beside those of the data."""
        write_picture(path, model.shown())


def _distances(real: list[TableColumn], made: list[TableColumn]) -> dict[str, float]:
    found = likenesses(real, made)
    return {"table_distance": 1 - (found["columns"] + found["pairs"]) / 2, **found}
