"""Tables: the trained generator of rows, and the task that judges a game of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.core import Game, rng, seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data import DataError
from saddlepoint.data.stream import SampleBatch
from saddlepoint.data.tables import CategoryColumn, TableCoding, TableData, TableStream
from saddlepoint.data.tables.columns import DateColumn
from saddlepoint.data.tables.layout import Labels
from saddlepoint.measures import Number, numbers
from saddlepoint.metrics import TableColumn, column_similarities, pair_similarities
from saddlepoint.tasks.judging import discriminator_auc, gradient_norms, write_picture
from saddlepoint.tasks.marginals import PANELS, Panel, marginals
from saddlepoint.tasks.trained import Sampler

#: Rows that monitors look at, and that the metric compares.
MONITORED, JUDGED = 256, 4096
#: Rows drawn together where conditions are met by rejection, and how many are drawn for one that is wanted.
ROUND, TRIES = 4096, 500


@dataclass
class RowGenerator(Sampler):
    """Makes rows of a table. `sample` gives them as the network does, numbers and states; `table` as a user takes them.

    Attributes:
        coding: of the columns, as plain data.

    Load and use it in three lines:

        from saddlepoint.tasks.trained import Sampler
        generator = Sampler.load(Path("runs/table/generator"))
        frame = generator.table(1000, seed=7, where={"income": ">50K"}).frame()     # a pandas DataFrame
    """

    coding: Mapping[str, Any]

    kind = "table"
    files: ClassVar[tuple[str, ...]] = ("coding",)

    def details(self) -> dict[str, Any]:
        """The coding."""
        return {"coding": dict(self.coding)}

    @cached_property
    def table_coding(self) -> TableCoding:
        """The coding of the columns."""
        return TableCoding.from_plain(self.coding)

    def finished(self, outputs: Tensor) -> Tensor:
        """Numbers and states, float (n, heads)."""
        return self.table_coding.layout.short(outputs.float())

    def mixed(self, n: int, seed: int) -> Tensor:
        """States as often as the training rows have them, of a column each, all columns alike."""
        coding = self.table_coding
        return Labels(coding.layout, torch.tensor(coding.shares)).draw(n, rng(seed, "states"))

    def table(self, n: int, seed: int = 0, where: Mapping[str, str] | None = None) -> TableData:
        """n rows, all of which fulfil the conditions. The first of a seed do not depend on n where there are none.

        A condition on a state is one that the network is given; further ones, and those on numbers that have no
        state of their own, are met by leaving out rows that don't.

        Args:
            n: how many.
            seed: another one, other rows.
            where: texts by column.

        Raises:
            DataError: no such column or value, or rows that fulfil all conditions are too rare.
        """
        coding = self.table_coding
        wanted = {name: coding.condition(name, text) for name, text in (where or {}).items()}
        given = {name: label for name, (label, _) in wanted.items() if label is not None and self.classes}
        # The rarest state: the fewest rows are left out.
        first = min(given, key=lambda name: coding.shares[given[name]], default=None)
        if not wanted:
            return coding.decode(self.sample(n, seed), seed)
        kept, drawn, found = [], 0, 0
        while found < n:
            if drawn >= TRIES * max(n, ROUND // 8):
                raise DataError(self._too_rare(where or {}, found, drawn, n))
            own = seed_for(seed, drawn, "conditions")
            latents, labels = self.latents(ROUND, own), self.labels(ROUND, None, own)
            if first is not None:
                labels = torch.full((ROUND,), given[first])
            part = coding.decode(self.render(latents, labels), own)
            part = _forced(part, {name: value for name, (_, value) in wanted.items() if name == first})
            rows = np.flatnonzero(_fulfilled(part, {name: value for name, (_, value) in wanted.items()}))
            kept.append(part.take(rows[: n - found]))
            drawn, found = drawn + ROUND, found + min(len(rows), n - found)
        return _joined(kept)

    def _too_rare(self, where: Mapping[str, str], found: int, drawn: int, n: int) -> str:
        conditions = " and ".join(f"{name}={text}" for name, text in where.items())
        return (
            f"of {drawn:,} rows that were drawn {found:,} have {conditions}, and {n:,} are wanted: ask for fewer rows, "
            f"or leave out a condition"
        )

    def picture(self, samples: Tensor, columns: int | None = None, scale: int | None = None) -> NDArray[np.uint8]:  # noqa: ARG002
        """Marginals of the first twelve columns that are learnt, beside those of the training rows."""
        coding = self.table_coding
        made = coding.decode(samples)
        panels = []
        for column, summary in zip(coding.columns, coding.summaries, strict=True):
            if column.kind in ("constant", "identifier"):
                continue
            if isinstance(column, CategoryColumn):
                ends = (column.categories[0], "others" if summary.shares[-1] else column.categories[-1])
            elif isinstance(column, DateColumn):
                first, last = (str(np.datetime64(int(summary.edges[place]), "s"))[:10] for place in (0, -1))
                ends = first, last
            else:
                ends = (f"{summary.edges[0]:.6g}", f"{summary.edges[-1]:.6g}")
            panels.append(Panel(column.name, summary.shares, summary.like(made.cells[column.name]), ends))
        return marginals(panels[:PANELS], scale or 1)


def _forced(table: TableData, values: Mapping[str, Any]) -> TableData:
    """The table where categories that share a state are the one that was asked for: nothing else tells them apart."""
    for name, value in values.items():
        if isinstance(table.column(name), CategoryColumn):
            table.cells[name].values[:] = value
    return table


def _fulfilled(table: TableData, values: Mapping[str, Any]) -> NDArray[np.bool_]:
    good = np.ones(len(table), dtype=bool)
    for name, value in values.items():
        if value is None:
            continue
        column, cells = table.column(name), table.cells[name]
        if isinstance(value, float) and np.isnan(value):
            good &= cells.absent
        elif isinstance(column, CategoryColumn):
            good &= cells.values == value
        else:  # as it is written: a column of whole numbers is held in between
            places = getattr(column, "places", ())
            good &= (np.round(cells.values, places[1]) if places else cells.values) == value
    return good


def _joined(parts: list[TableData]) -> TableData:
    cells = {}
    for name in parts[0].cells:
        values, marks = zip(*((p.cells[name].values, p.cells[name].marks) for p in parts), strict=True)
        first = parts[0].cells[name]
        cells[name] = type(first)(np.concatenate(values), None if first.marks is None else np.concatenate(marks))
    return TableData(parts[0].name, parts[0].columns, cells, parts[0].source, parts[0].separator)


def metric_columns(table: TableData) -> list[TableColumn]:
    """The columns that metrics compare: all but constants and identifiers."""
    return [
        TableColumn(column.name, table.cells[column.name].values)
        for column in table.columns
        if column.kind not in ("constant", "identifier")
    ]


class TableTask:
    """Measures a game of rows: of a generator and a discriminator, or of an autoencoder.

    Args:
        game: the players.
        trained: the generator with its description; shares its network with the game.
        stream: gives the batches; its seed decides which rows are looked at.
        card: the model card's facts.
    """

    def __init__(self, game: Game, trained: RowGenerator, stream: TableStream, card: Mapping[str, Any]) -> None:
        self.game, self.trained, self.card = game, trained, dict(card)
        self._layout = stream.layout
        self._watched = stream.part(batch_size=MONITORED, seed=seed_for(stream.seed, "watched"))(0)
        chosen = torch.randperm(len(stream.samples), generator=rng(stream.seed, "judged"))[:JUDGED]
        self._rows = stream.samples[chosen]
        value: SampleBatch = self._watched.value
        self._real_spread = float(torch.pdist(value.real.cpu()).mean())

    def monitors(self) -> dict[str, float]:
        """`discriminator_auc`, `diversity` and the norms of the field, on a batch that never changes.

        See `ImageTask`; distances are between rows as networks see them.
        """
        value: SampleBatch = self._watched.value
        found = {}
        if "discriminator" in self.game.names:
            with seeded(self._watched.seed):
                found["discriminator_auc"] = discriminator_auc(self.game, value)
        made = self._layout.wide(self.trained.render(value.latent, value.labels))
        diversity = float(torch.pdist(made).mean()) / max(self._real_spread, 1e-9)
        return {**found, "diversity": diversity, **gradient_norms(self.game, self._watched)}

    def metrics(self) -> list[Number]:
        """`table_distance`, 1 − the mean of the other two; how alike columns are, and pairs of columns."""
        made = metric_columns(self.trained.table(len(self._rows), seed=1))
        columns = float(np.mean(list(column_similarities(self._real, made).values())))
        pairs = float(np.mean(list(pair_similarities(self._real, made).values()) or [columns]))
        return numbers({"table_distance": 1 - (columns + pairs) / 2, "columns": columns, "pairs": pairs})

    @cached_property
    def _real(self) -> list[TableColumn]:
        return metric_columns(self.trained.table_coding.decode(self._rows))

    def snapshot(self, path: Path) -> None:
        """Marginals of generated rows beside those of the data."""
        write_picture(path, self.trained.picture(self.trained.sample(JUDGED, seed=0)))

    def deliver(self, folder: Path) -> None:
        """The generator with its coding, configuration and model card."""
        facts = "\n".join(f"- {key}: {value}" for key, value in self.card.items())
        self.trained.save(folder, _CARD.format(facts=facts))


_CARD = """# A generator of rows, trained with Saddlepoint

{facts}

Weights are in `generator.safetensors`, the network and its input in `config.yaml`, the columns in `coding.json`. They
hold the categories, frequent values and ranges of the training rows, and no row. Draw from it:

    saddle sample THIS_FOLDER -n 10000 --seed 7 --out rows.csv

or in Python:

    from pathlib import Path
    from saddlepoint.tasks.trained import Sampler
    frame = Sampler.load(Path("THIS_FOLDER")).table(10000, seed=7).frame()   # a pandas DataFrame
"""
