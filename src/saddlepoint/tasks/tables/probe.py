"""What is looked at while a game of rows is played."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from saddlepoint.components.adversary import of_latents
from saddlepoint.core import Batch
from saddlepoint.measures import Number, numbers
from saddlepoint.tasks.probe import Probe, write_picture
from saddlepoint.tasks.tables.evaluation import likenesses, metric_columns
from saddlepoint.tasks.tables.model import RowGenerator
from saddlepoint.tasks.tables.ruled import RuledCoding


class TableProbe(Probe[RowGenerator]):
    """Measures how alike made and real rows are.

    Args:
        watched: a batch that never changes.
        coding: of the columns.
        rows: training rows that made ones are compared with, float32 (n, heads).
    """

    def __init__(self, watched: Batch, coding: RuledCoding, rows: Tensor) -> None:
        super().__init__(watched, of_latents)
        self.layout, self.real = coding.layout, metric_columns(coding.decode(rows))
        self.size = len(rows)

    def comparable(self, samples: Tensor) -> Tensor:
        """Rows with their choices made, as real ones have them."""
        return self.layout.wide(self.layout.short(samples.cpu()))

    def score(self, model: RowGenerator) -> Sequence[Number]:
        """`table_distance`, 1 − the mean of the other two: how alike columns are, and pairs of columns."""
        found = likenesses(self.real, metric_columns(model.rows(self.size, seed=1)))
        return numbers({"table_distance": 1 - (found["columns"] + found["pairs"]) / 2, **found})

    def snapshot(self, model: RowGenerator, path: Path) -> None:
        """Marginals of made rows beside those of the data."""
        write_picture(path, model.shown())
