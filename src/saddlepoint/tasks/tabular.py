"""What tasks of rows in columns have in common: how a file of them is read, and files of made ones are written."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from saddlepoint.data.tables import MISSING, ColumnKind, TableData
from saddlepoint.tasks.config import PathSettings


class TabularFile(PathSettings):
    """A file of rows, and how it is read."""

    columns: dict[str, ColumnKind] = Field(default_factory=dict)
    """Kinds of columns, by name, in place of what is inferred."""
    missing: tuple[str, ...] = MISSING
    """What means that there is no value."""
    separator: str | None = None
    """Between values; none takes the most frequent one of the first line."""
    encoding: str = "utf-8"
    """Of a CSV file."""

    @property
    def reading(self) -> dict[str, Any]:
        """How rows are understood, as arguments of the readers."""
        return {"kinds": self.columns, "missing": self.missing}

    @property
    def layout(self) -> dict[str, Any]:
        """How a file is laid out, as arguments of the readers."""
        return {"separator": self.separator, "encoding": self.encoding}


#: Writers of tables by a file's ending.
FORMATS: Mapping[str, Callable[[TableData, Path], None]] = {
    ".csv": lambda table, path: table.write(path),
    ".tsv": lambda table, path: table.write(path, separator="\t"),
    ".parquet": lambda table, path: table.write(path, parquet=True),
    ".pq": lambda table, path: table.write(path, parquet=True),
}
