"""A table in memory: what a reader gives, and what a trained generator makes."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

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
        return {column.name: _padded(column, self.cells[column.name]) for column in self.columns}

    def frame(self) -> "pandas.DataFrame":
        """A pandas frame with the columns' types: numbers as exact as they are written, dates, texts; NA for none.

        Raises:
            DataError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise DataError("rows are given as a pandas DataFrame: pip install 'saddlepoint[table]'") from error

        return pandas.DataFrame({c.name: _series(c, self.cells[c.name]) for c in self.columns})

    def write(self, path: Path, *, parquet: bool = False, separator: str | None = None) -> None:
        """A CSV file as the one that was read, or with another separator; or a Parquet file with its types."""
        import pandas

        if parquet:
            self._write_parquet(path)
            return
        with path.open("w", encoding="utf-8", newline="") as file:
            for start in range(0, max(1, len(self)), TOGETHER):
                part = self.take(np.arange(start, min(start + TOGETHER, len(self))))
                pandas.DataFrame(part.texts()).to_csv(
                    file, index=False, header=start == 0, sep=separator or self.separator, lineterminator="\n"
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


def _series(column: Column, cells: Cells) -> "pandas.Series[Any]":
    """A column of a data frame, in the type that it was stored in, where there was one."""
    import pandas

    values: Any
    whole = False
    if isinstance(column, DateColumn):
        present = ~cells.absent
        values = np.full(len(cells), np.datetime64("NaT", "us"))
        values[present] = column.moments(cells.values[present]).to_numpy()
    elif isinstance(column, NumberColumn) and cells.marks is None:
        whole = column.integer
        values = np.round(cells.values, column.places[1]) if column.places else cells.values
    else:
        values = column.texts(cells)
        if isinstance(column, CategoryColumn):
            whole = all(_WHOLE.fullmatch(text) for text in column.categories)
            values[cells.absent] = None
        elif isinstance(column, IdentifierColumn):
            whole = column.after is not None
        elif column.stored:
            values[values == ""] = None
    series = pandas.Series(values)
    typed = _typed(series, column.stored or ("int64" if whole else ""), nullable=bool(series.isna().any()))
    return series if typed is None else typed


def _typed(series: Any, stored: str, *, nullable: bool) -> Any:
    """A column in one of Arrow's types; None where it is none that pandas has, or can't hold the values."""
    import pandas

    if stored.startswith("dictionary"):
        return series.astype("category")
    if stored.startswith("timestamp["):
        return series.astype(f"datetime64[{stored[len('timestamp[') :].partition(',')[0].rstrip(']')}]")
    try:
        if stored == "bool":
            return series.map({"true": True, "false": False}).astype("boolean" if nullable else "bool")
        if stored in _FLOATS:
            return pandas.to_numeric(series).astype(_FLOATS[stored])
        if stored.startswith(("int", "uint")):
            name = stored.replace("uint", "UInt").replace("int", "Int") if nullable else stored
            return pandas.to_numeric(series).round().astype(name)
    except (TypeError, ValueError):
        pass
    return None


_FLOATS = {"double": "float64", "float": "float32", "halffloat": "float16"}
_WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")


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
