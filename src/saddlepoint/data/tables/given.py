"""Rows that are given to a model that knows their columns: texts, and values as its columns have them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.data.images import DataError
from saddlepoint.data.tables.columns import CategoryColumn, Cells, Column
from saddlepoint.data.tables.conditions import text_of, value_of
from saddlepoint.data.tables.files import open_files, told_apart
from saddlepoint.disk import found_at


def called(given: Any) -> str:
    """What to call it in messages."""
    return str(given) if isinstance(given, str | Path) else f"the {type(given).__name__}"


def given_texts(given: Any, flag: str) -> dict[str, list[str]]:
    """The columns as texts, "" where there is no value.

    Args:
        given: a path, a pandas DataFrame or a pyarrow Table.
        flag: that it was given with, for messages.

    Raises:
        DataError: there is no such file, or it has no rows.
    """
    import pandas

    if isinstance(given, str | Path):
        if found := found_at(Path(given)):
            raise DataError(f"{given} {found}: give a CSV or Parquet file of the columns that are known, for {flag}")
        source = open_files(given)
        parts = list(source.pieces(frozenset(source.names)))
        frame = pandas.concat([pandas.DataFrame(part) for part in parts]) if parts else pandas.DataFrame()
    else:
        frame = given.to_pandas() if hasattr(given, "to_pandas") else given
    if not isinstance(frame, pandas.DataFrame) or frame.empty:
        raise DataError(f"{called(given)} has no rows: give a file or a data frame of the columns that are known")
    names = told_apart([str(name).strip() for name in frame.columns]).names
    return {name: [text_of(value).strip() for value in frame.iloc[:, place]] for place, name in enumerate(names)}


def given_cells(column: Column, texts: Sequence[str], name: str) -> Cells:
    """Values of a column, of rows of a table that is called `name`.

    Raises:
        DataError: a value that the column does not have; names the row.
    """
    known: dict[str, float] = {}
    for row, text in enumerate(texts):
        if text not in known:
            try:
                known[text] = value_of(column, text)
            except DataError as error:
                raise DataError(f"{name}, row {row + 1}: {error}") from error
    own = np.array([known[text] for text in texts])
    if isinstance(column, CategoryColumn):
        return Cells(own.astype(np.int32))
    if len(column.absent) <= 1:
        return Cells(own)
    marks = [column.absent.index(text) if text in column.absent else 0 for text in texts]
    return Cells(own, np.array(marks, dtype=np.int8))
