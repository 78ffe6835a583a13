"""A table in memory: what a reader gives, and what a trained generator makes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from saddlepoint.core import rng
from saddlepoint.data.images import DataError
from saddlepoint.data.tables.columns import (
    CategoryColumn,
    Cells,
    Column,
    DateColumn,
    IdentifierColumn,
    NumberColumn,
    named,
)

if TYPE_CHECKING:
    import pandas

#: Rows turned into text together.
TOGETHER = 100_000


@dataclass(frozen=True, eq=False)
class TableData:
    """Rows of named columns, eight bytes a number and four a category.

    Attributes:
        name: what to call it.
        columns: in the file's order.
        cells: of every column, by its name.
        source: where it came from, a sentence.
        separator: between the values of a line.
        notes: what was found out or left out, a sentence each.
    """

    name: str
    columns: tuple[Column, ...]
    cells: Mapping[str, Cells]
    source: str
    separator: str = ","
    notes: tuple[str, ...] = ()

    kind = "rows"
    classes = ()

    def __len__(self) -> int:
        return len(next(iter(self.cells.values())))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row."""
        return (len(self.columns),)

    def column(self, name: str) -> Column:
        """The column of a name. Raises DataError where there is none."""
        return named(self.columns, name)

    @property
    def described(self) -> list[tuple[str, str, str, str]]:
        """Of every column its name, kind, values, and how many are missing."""
        found = []
        for column in self.columns:
            known = column.kind not in ("constant", "identifier")
            absent = int(self.cells[column.name].absent.sum()) if known else 0
            found.append((column.name, column.described, column.contents, f"{absent:,}"))
        return found

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of a SHA-256 over columns and values."""
        digest = hashlib.sha256()
        for column in self.columns:
            digest.update(repr(column).encode())
            cells = self.cells[column.name]
            digest.update(np.ascontiguousarray(cells.values).data)
            if cells.marks is not None:
                digest.update(np.ascontiguousarray(cells.marks).data)
        return digest.hexdigest()[:16]

    def take(self, rows: NDArray[Any]) -> "TableData":
        """Some rows, in the order given."""
        return replace(self, cells={name: cells.take(rows) for name, cells in self.cells.items()})

    def split(self, share: float, seed: int = 0) -> tuple["TableData", "TableData"]:
        """Part the rows at random: those to train with, and a share held out; both in their order.

        Raises:
            DataError: a share that leaves one of them empty.
        """
        held = round(share * len(self)) if 0 < share < 1 else 0
        if not 0 < held < len(self):
            raise DataError(
                f"{self.name}: a share of {share} of {len(self):,} rows leaves a part empty: give a share above 0 and "
                f"below 1 that leaves rows on both sides"
            )
        order = torch.randperm(len(self), generator=rng(seed, "held out")).numpy()
        train, test = self.take(np.sort(order[held:])), self.take(np.sort(order[:held]))
        return replace(train, notes=(*self.notes, f"Without {held:,} rows held out.")), test

    def texts(self) -> dict[str, NDArray[np.object_]]:
        """Every column as the file has it."""
        return {column.name: _padded(column, self.cells[column.name]) for column in self.columns}

    def frame(self) -> "pandas.DataFrame":
        """A pandas frame: numbers (nullable where whole ones are missing), dates, and texts; missing ones are NA."""
        import pandas

        made: dict[str, Any] = {}
        texts: Any
        for column in self.columns:
            cells = self.cells[column.name]
            if isinstance(column, DateColumn):
                made[column.name] = pandas.to_datetime(cells.values, unit="s").round("us")
            elif isinstance(column, NumberColumn) and cells.marks is None:
                numbers = np.rint(cells.values) if column.integer else cells.values
                whole = column.integer and not cells.absent.any()
                made[column.name] = numbers.astype(np.int64) if whole else numbers
                if column.integer and not whole:
                    made[column.name] = pandas.array(numbers, dtype="Float64").astype("Int64")
            else:
                texts = column.texts(cells)
                if isinstance(column, IdentifierColumn) and column.after is not None:
                    texts = texts.astype(np.int64)
                if isinstance(column, CategoryColumn):
                    texts[cells.absent] = None
                made[column.name] = texts
        return pandas.DataFrame(made)

    def write(self, path: Path, parquet: bool = False) -> None:
        """A CSV file as the one that was read, or a Parquet file with its types."""
        import pandas

        if parquet:
            self._write_parquet(path)
            return
        with path.open("w", encoding="utf-8", newline="") as file:
            for start in range(0, max(1, len(self)), TOGETHER):
                part = self.take(np.arange(start, min(start + TOGETHER, len(self))))
                pandas.DataFrame(part.texts()).to_csv(
                    file, index=False, header=start == 0, sep=self.separator, lineterminator="\n"
                )

    def _write_parquet(self, path: Path) -> None:
        import pyarrow
        import pyarrow.parquet

        frame, arrays = self.frame(), []
        for column in self.columns:
            if column.stored:
                texts = column.texts(self.cells[column.name])
                texts[texts == ""] = None
                arrays.append(pyarrow.array(texts, pyarrow.string()).cast(_arrow_type(column.stored)))
            else:
                arrays.append(pyarrow.Array.from_pandas(frame[column.name]))
        pyarrow.parquet.write_table(pyarrow.table(arrays, names=[column.name for column in self.columns]), path)


def _padded(column: Column, cells: Cells) -> NDArray[np.object_]:
    texts = column.texts(cells)
    return np.array([column.pad + text for text in texts], dtype=object) if column.pad else texts


def _arrow_type(stored: str) -> Any:
    """The type that Arrow wrote so; what it can't read back is written as text."""
    import pyarrow

    if stored.startswith("timestamp[") and stored.endswith("]"):
        return pyarrow.timestamp(stored[len("timestamp[") : -1].partition(",")[0])
    try:
        return pyarrow.type_for_alias(stored)
    except ValueError:
        return pyarrow.string()
