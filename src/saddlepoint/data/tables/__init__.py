"""Tables: read from files, coded for networks, and back."""

from saddlepoint.data.tables.coding import TableCoding
from saddlepoint.data.tables.columns import KINDS, CategoryColumn, Cells, Column, NumberColumn
from saddlepoint.data.tables.layout import RowLayout
from saddlepoint.data.tables.reading import MISSING, read_table
from saddlepoint.data.tables.stream import TableStream
from saddlepoint.data.tables.table import TableData

__all__ = [
    "KINDS",
    "MISSING",
    "CategoryColumn",
    "Cells",
    "Column",
    "NumberColumn",
    "RowLayout",
    "TableCoding",
    "TableData",
    "TableStream",
    "read_table",
]
