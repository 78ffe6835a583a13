"""What tasks of rows in columns have in common: how a file of them is read, and files of made ones are written."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator

from saddlepoint.configuration import Settings
from saddlepoint.data.tables import MISSING, ColumnKind, Declared, TableData
from saddlepoint.data.tables.conditions import Wanted, wanted_of
from saddlepoint.tasks.config import PathSettings


class WhereOptions(Settings):
    """Conditions on what is drawn."""

    where: dict[str, Any] = Field(default_factory=dict)
    """Only such rows: COLUMN=VALUE, =A|B, =LOW..HIGH, =BEGIN*, !=VALUE, >=VALUE; may be repeated. Of windows, all rows
    are such. In Python values, lists or slices by column; None is a missing value."""

    @field_validator("where", mode="before")
    @classmethod
    def _by_column(cls, where: Any) -> dict[str, Any]:
        found: dict[str, list[Wanted]] = {}
        for wanted in wanted_of(where):
            found.setdefault(wanted.column, []).append(wanted)
        return dict(found)


class DeclaredColumn(Settings):
    """What is said of a column in place of what is inferred."""

    kind: ColumnKind
    """What it holds."""
    format: str | None = None
    """Of dates and times, as strftime has it, "%d.%m.%Y"; of durations clock, days, python, iso or units."""
    decimal: str | None = None
    """Of numbers, between whole part and decimals."""
    thousands: str | None = None
    """Of numbers, between groups of digits."""


class TabularFile(PathSettings):
    """Rows, and how they are read."""

    columns: dict[str, ColumnKind | DeclaredColumn] = Field(default_factory=dict)
    """Kinds of columns, by name, in place of what is inferred; with a format: {kind: date, format: "%d.%m.%Y"}."""
    missing: tuple[str, ...] = MISSING
    """What means that there is no value."""
    decimal: str | None = None
    """Between whole part and decimals of all numbers; none finds it out."""
    thousands: str | None = None
    """Between groups of digits of all numbers; none finds it out."""
    separator: str | None = None
    """Between values; none finds it out by the first lines."""
    encoding: str = "utf-8"
    """Of a CSV file."""
    sheet: str | int | None = None
    """Of an Excel file, by name or number; none is the first."""
    query: str | None = None
    """Of a database, in SQL, where data.path is its URL as SQLAlchemy has it."""

    def with_source(self, data: str) -> Self:
        """Another file, folder or database."""
        if "://" not in data:
            return super().with_source(data)
        return self.read({**self.model_dump(), "path": data, "given": None})

    @property
    def reading(self) -> dict[str, Any]:
        """How rows are understood, as arguments of the readers."""
        kinds = {
            name: kind if isinstance(kind, str) else Declared(**kind.model_dump())
            for name, kind in self.columns.items()
        }
        return {"kinds": kinds, "missing": self.missing, "decimal": self.decimal, "thousands": self.thousands}

    @property
    def layout(self) -> dict[str, Any]:
        """How a file is laid out, as arguments of the readers."""
        return {
            **{"separator": self.separator, "encoding": self.encoding},
            **{"sheet": self.sheet, "query": self.query},
        }


#: Writers of tables by a file's ending.
FORMATS: Mapping[str, Callable[[TableData, Path], None]] = {
    ".csv": lambda table, path: table.write(path),
    ".tsv": lambda table, path: table.write(path, separator="\t"),
    ".parquet": lambda table, path: table.write(path, parquet=True),
    ".pq": lambda table, path: table.write(path, parquet=True),
}
