"""Rows of a run: read from a file, or given in Python."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import DataError
from saddlepoint.data.dataset import OnProgress
from saddlepoint.data.tables import TableData, read_frame, read_table
from saddlepoint.data.tables.rules import keeps, with_rules
from saddlepoint.data.tables.suggesting import suggested_rules
from saddlepoint.tasks.tables.privacy import recast, told
from saddlepoint.tasks.tables.settings import TableFile

#: The word that takes all rules that were found, and how many of them a note names.
FOUND, TOLD = "found", 20


def read_rows(file: TableFile, progress: OnProgress) -> TableData:
    """The rows that are trained on, with those held out beside them.

    Raises:
        DataError: they can't be read.
        ConfigurationError: no file is named.
    """
    if file.path is None:
        raise ConfigurationError("this recipe needs a table of yours: give it with --data FILE.csv")
    reading = partial(progress, "reading the data")
    return _parted(read_table(file.path, **file.reading, **file.layout, released=file.release, progress=reading), file)


def given_rows(given: object, file: TableFile) -> TableData:
    """Rows of a Python caller's: a pandas DataFrame, a pyarrow Table, paths of several files, or a `TableData`.

    Raises:
        ConfigurationError: it is none of them, or can't be read as a table; says why.
    """
    try:
        if isinstance(given, list | tuple) and given and all(isinstance(path, str | Path) for path in given):
            return _parted(read_table(given, **file.reading, **file.layout, released=file.release), file)
        table = given if isinstance(given, TableData) else read_frame(given, **file.reading, released=file.release)
        return _parted(table, file)
    except DataError as error:
        raise ConfigurationError(str(error)) from error


def _parted(table: TableData, file: TableFile) -> TableData:
    if file.target is not None:
        table.column(file.target)
    table = _with_rules(table, file.rules)
    spoken_of = {*file.columns, *file.release, file.target, *(name for rule in table.rules for name in rule.columns)}
    return _guarded(recast(table, file.rare, spoken_of).without(file.held_out), file)


def _with_rules(table: TableData, declared: Sequence[str | Mapping[str, Any]]) -> TableData:
    """The table with the rules that are declared, and a note of those that were found beside them."""
    suggested = suggested_rules(table)
    found = [rule.text for rule in suggested]
    wholes = {column.name: column.of for column in table.columns}
    inside = [rule.text for rule in suggested if _of_one_cell([wholes[name] for name in rule.columns])]
    taken = found if FOUND in declared else inside
    whole = [rule for rule in taken if rule not in declared and keeps(table, rule)]
    table = with_rules(table, [*whole, *(rule for rule in declared if rule != FOUND)])
    notes = []
    if table.rules:
        notes.append(f"Every made row keeps: {'; '.join(rule.text for rule in table.rules)}.")
    known = {rule.text for rule in table.rules}
    others = [text for text in found if text not in known]
    if others:
        more = f" and {len(others) - TOLD} more" if len(others) > TOLD else ""
        example = json.dumps(others[:1], ensure_ascii=False)
        notes.append(
            f"Every row keeps these rules, which are not declared, so made rows may break them: "
            f"{'; '.join(others[:TOLD])}{more}. To have made rows keep all: --set data.rules=found, or only some: "
            f"--set {shlex.quote(f'data.rules={example}')}"
        )
    return replace(table, notes=(*table.notes, *notes))


def _of_one_cell(wholes: Sequence[str]) -> bool:
    """Whether all columns are parts of the same cell, of which nobody would call one half wrong: 9:00-17:30."""
    return len(set(wholes)) == 1 and bool(wholes[0])


def _guarded(table: TableData, file: TableFile) -> TableData:
    """The table with what is not to be given away of it, and a note of what stands in its place."""
    for name in file.release:
        table.column(name)
    table = replace(table, rare=file.rare, released=file.release)
    return replace(table, notes=(*table.notes, *told(table)))
