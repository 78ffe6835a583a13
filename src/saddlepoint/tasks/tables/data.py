"""Rows of a run: read from a file, or given in Python."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import DataError
from saddlepoint.data.dataset import OnProgress
from saddlepoint.data.tables import TableData, read_frame, read_table
from saddlepoint.tasks.tables.privacy import told
from saddlepoint.tasks.tables.settings import TableFile


def read_rows(file: TableFile, progress: OnProgress) -> TableData:
    """The rows that are trained on, with those held out beside them.

    Raises:
        DataError: they can't be read.
        ConfigurationError: no file is named.
    """
    if file.path is None:
        raise ConfigurationError("this recipe needs a table of yours: give it with --data FILE.csv")
    told = partial(progress, "reading the data")
    return _parted(read_table(file.path, **file.rules, **file.layout, progress=told), file)


def given_rows(given: object, file: TableFile) -> TableData:
    """Rows of a Python caller's: a pandas DataFrame, a pyarrow Table, paths of several files, or a `TableData`.

    Raises:
        ConfigurationError: it is none of them, or can't be read as a table; says why.
    """
    try:
        if isinstance(given, list | tuple) and given and all(isinstance(path, str | Path) for path in given):
            return _parted(read_table(given, **file.rules, **file.layout), file)
        table = given if isinstance(given, TableData) else read_frame(given, **file.rules)
        return _parted(table, file)
    except DataError as error:
        raise ConfigurationError(str(error)) from error


def _parted(table: TableData, file: TableFile) -> TableData:
    if file.target is not None:
        table.column(file.target)
    return _guarded(table.without(file.held_out), file)


def _guarded(table: TableData, file: TableFile) -> TableData:
    """The table with what is not to be given away of it, and a note of what stands in its place."""
    for name in file.release:
        table.column(name)
    table = replace(table, rare=file.rare, released=file.release)
    return replace(table, notes=(*table.notes, *told(table)))
