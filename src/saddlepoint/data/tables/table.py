"""A table in memory: what a reader gives, and what a trained generator makes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from saddlepoint.core import rng
from saddlepoint.data.images import DataError
from saddlepoint.data.tables.arrow import arrow_array, pandas_series
from saddlepoint.data.tables.columns import Cells, Column, named
from saddlepoint.data.tables.parts import together

if TYPE_CHECKING:
    import pandas

    from saddlepoint.data.tables.rules import Rule

#: Rows turned into text together.
TOGETHER = 100_000
#: Of what is told of columns.
HEADS = ("column", "kind", "values", "missing")


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
        held_out: further rows, which judge a generator of these; None where there are none.
        rules: that every row keeps.
        rare: what fewer rows have is not given away by what is trained on them; 0 and 1 give all away.
        released: columns of which everything may be given away.
    """

    name: str
    columns: tuple[Column, ...]
    cells: Mapping[str, Cells]
    source: str
    separator: str = ","
    notes: tuple[str, ...] = ()
    held_out: "TableData | None" = None
    rules: "tuple[Rule, ...]" = ()
    rare: int = 0
    released: tuple[str, ...] = ()

    kind = "rows"
    classes: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[Mapping[str, int]] = {}

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
    def size(self) -> str:
        """Of a row, for people."""
        return f"of {len(self.columns)} columns"

    @property
    def described(self) -> list[tuple[str, ...]]:
        """Of every column its name, kind, values, and how many are missing, below a row of heads."""
        found: list[tuple[str, ...]] = [HEADS]
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

    def without(self, share: float) -> "TableData":
        """The rows to train with, a share of them held out beside them; all where it is 0. Raises as `split`."""
        if not share:
            return self
        train, test = self.split(share)
        return replace(train, held_out=test)

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
        columns, cells = together(self.columns, self.cells)
        return {column.name: column.in_file(cells[column.name]) for column in columns}

    def frame(self) -> "pandas.DataFrame":
        """A pandas frame with the columns' types: numbers as exact as they are written, dates, texts; NA for none.

        Raises:
            DataError: pandas is not installed, or a column can't be had in its type.
        """
        try:
            import pandas
        except ImportError as error:
            raise DataError("rows are given as a pandas DataFrame: pip install 'saddlepoint[table]'") from error

        columns, cells = together(self.columns, self.cells)
        return pandas.DataFrame({column.name: pandas_series(column, cells[column.name]) for column in columns})

    def write(self, path: Path, *, parquet: bool = False, separator: str | None = None) -> None:
        """A CSV file as the one that was read, or with another separator; or a Parquet file with its types.

        Raises:
            DataError: a column can't be written in its type.
        """
        if parquet:
            self._write_parquet(path)
            return
        with path.open("w", encoding="utf-8", newline="") as file:
            self._write_csv(file, separator or self.separator)

    def check_writers(self) -> None:
        """Go through every writer, and keep nothing. Raises DataError for what can't be written in its own type."""
        self._write_csv(StringIO(), self.separator)
        self._write_parquet(BytesIO())
        self.frame()

    def _write_csv(self, file: Any, separator: str) -> None:
        import pandas

        columns, _ = together(self.columns, self.cells)
        header = [column.name if column.header is None else column.header for column in columns]
        for start in range(0, max(1, len(self)), TOGETHER):
            part = self.take(np.arange(start, min(start + TOGETHER, len(self))))
            pandas.DataFrame(part.texts()).to_csv(
                file, index=False, header=header if start == 0 else False, sep=separator, lineterminator="\n"
            )

    def _write_parquet(self, file: Any) -> None:
        import pyarrow
        import pyarrow.parquet

        columns, cells = together(self.columns, self.cells)
        arrays = [arrow_array(column, cells[column.name]) for column in columns]
        table = pyarrow.table(arrays, names=[column.name for column in columns])
        try:
            pyarrow.parquet.write_table(table, file)
        except pyarrow.ArrowException as error:
            raise DataError(f"the table can't be written as Parquet: {error}") from error
