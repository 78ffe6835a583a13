"""Tables: read from files or taken from data frames, and written as they were."""

from saddlepoint.data.tables.columns import (
    KINDS,
    CategoryColumn,
    Cells,
    Column,
    ColumnKind,
    DateColumn,
    NumberColumn,
    ScaledColumn,
)
from saddlepoint.data.tables.numbers import NumberSpelling
from saddlepoint.data.tables.reading import MISSING, Declared, read_frame, read_table
from saddlepoint.data.tables.table import TableData

__all__ = [
    "KINDS",
    "MISSING",
    "CategoryColumn",
    "Cells",
    "Column",
    "ColumnKind",
    "DateColumn",
    "Declared",
    "NumberColumn",
    "NumberSpelling",
    "ScaledColumn",
    "TableData",
    "read_frame",
    "read_table",
]
