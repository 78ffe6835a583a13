"""Rows that are completed: some of their columns are given, the model makes the others."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.core import seed_for
from saddlepoint.data import DataError
from saddlepoint.data.tables import Cells, Column, TableData
from saddlepoint.data.tables.columns import named
from saddlepoint.data.tables.conditions import Condition, Wanted
from saddlepoint.data.tables.enforcing import Enforcement
from saddlepoint.data.tables.given import called, given_cells, given_texts
from saddlepoint.data.tables.parts import given_parts
from saddlepoint.data.tables.rules import Formula, settled
from saddlepoint.tasks.tables.coding import numbered
from saddlepoint.tasks.tables.states import States

if TYPE_CHECKING:
    from saddlepoint.tasks.tables.model import RowSampler

#: Rows drawn for each row that is given, at least drawn together, and at most.
EACH, POOL, LARGEST = 64, 4_096, 65_536
#: Of the nearest rows one is taken at random, and so many are tried where rules are broken.
NEAREST, TRIED = 5, 100
#: What a category that differs weighs against a whole range of numbers.
DIFFERENT = 10.0


def completed(model: "RowSampler", given: Any, seed: int) -> TableData:
    """One row for each that is given, equal to it in the columns that it has.

    For all rows that share their rarest state many rows are drawn in that state; of those nearest to the given columns,
    categories before numbers, one is taken, and the given columns put in. Rules then are made to hold again around
    what is given.

    Args:
        model: what makes rows.
        given: a path, or a data frame; any of the table's columns.
        seed: another one, other rows.

    Raises:
        DataError: no such column or value, or a row that can't be completed so that it keeps the rules.
    """
    texts = given_parts(model.ruled.columns, given_texts(given, "--like"))
    columns = [named(model.ruled.columns, name) for name in texts]
    learnt = [column for column in columns if column.kind not in ("constant", "identifier")]
    if not learnt:
        raise DataError(f"{called(given)} has no column that is learnt: give some of a row's columns")
    for rule in model.ruled.enforcement.rules:
        if isinstance(rule, Formula) and rule.target in texts and not texts.keys() >= set(rule.expression.columns):
            others = ", ".join(rule.expression.columns)
            raise DataError(
                f"{called(given)}: {rule.target} follows from {others} ({rule.text}): give those too, or leave "
                f"{rule.target} out"
            )
    fixed = {column.name: given_cells(column, texts[column.name], called(given)) for column in learnt}
    n = len(next(iter(fixed.values())))
    chosen: list[TableData | None] = [None] * n
    for number, (states, rows) in enumerate(_by_state(model, learnt, texts, n)):
        size = min(LARGEST, max(POOL, EACH * len(rows)))
        pool = model.batch(size, seed_for(seed, number, "like"), states)
        before = [row for row in chosen if row is not None]
        own = {name: cells.take(rows) for name, cells in fixed.items()}
        part = _completed(model, pool, own, seed, rows, given, before)
        for place, row in enumerate(rows):
            chosen[row] = part.take(np.array([place]))
    from saddlepoint.tasks.tables.model import joined_rows

    return numbered(joined_rows([row for row in chosen if row is not None]), seed)


def _completed(
    model: "RowSampler",
    pool: TableData,
    fixed: Mapping[str, Cells],
    seed: int,
    rows: NDArray[Any],
    given: Any,
    before: Sequence[TableData],
) -> TableData:
    """The rows of a pool that come nearest, with what is given put in; no key of earlier rows is there again."""
    n = len(next(iter(fixed.values())))
    near = _nearest(pool, fixed, min(TRIED, len(pool)))
    first = np.random.default_rng(seed_for(seed, "nearest")).integers(0, min(NEAREST, near.shape[1]), n)
    rules = model.ruled.enforcement.rules
    made: TableData | None = None
    left = np.arange(n)
    for attempt in range(near.shape[1]):
        place = np.where(attempt == 0, first[left], np.where(attempt <= first[left], attempt - 1, attempt))
        own = {name: cells.take(left) for name, cells in fixed.items()}
        part = _put_in(pool.take(near[left, place]), pool, own, rules, seed)
        made = part if made is None else _replaced(made, part, left)
        bad = np.zeros(n, dtype=bool)
        bad[left] = ~_good(part, pool, own, rules)
        left = np.flatnonzero(bad | _seen_before(made, before, rules))
        if not len(left):
            return made
        if not rules:
            break
    if not rules:
        assert made is not None
        return made
    row = int(rows[left[0]])
    told = ", ".join(rule.text for rule in rules)
    raise DataError(
        f"{called(given)}: row {row + 1} can't be completed so that it keeps {told}: give other columns or values"
    )


def _put_in(part: TableData, pool: TableData, fixed: Mapping[str, Cells], rules: Sequence[Any], seed: int) -> TableData:
    """Rows with the given columns in place, and the others such that rules hold around them."""
    if not rules:
        return replace(part, cells={**part.cells, **fixed})
    enforcement = Enforcement.of(replace(pool, rules=tuple(rules), rare=0), first=list(fixed))
    return enforcement.decode(enforcement.encode(part, seed), seed, fixed)


def _seen_before(made: TableData, before: Sequence[TableData], rules: Sequence[Any]) -> NDArray[np.bool_]:
    """Rows whose key an earlier one has, of rules that keys are unique."""
    from saddlepoint.tasks.tables.model import joined_rows

    keys = [rule for rule in rules if rule.kind == "unique"]
    found = np.zeros(len(made), dtype=bool)
    if keys:
        whole = joined_rows([*before, made])
        for rule in keys:
            found |= ~rule.holds(whole, whole)[len(whole) - len(made) :]
    return found


def _good(part: TableData, pool: TableData, fixed: Mapping[str, Cells], rules: Sequence[Any]) -> NDArray[np.bool_]:
    """Rows that keep all rules and have what is given."""
    found = np.ones(len(part), dtype=bool)
    for rule in rules:
        if rule.kind != "unique":
            found &= rule.holds(part, pool)
    for name, cells in fixed.items():
        own = part.cells[name]
        column = part.column(name)
        if column.numeric:
            a, b = (settled(column, values) for values in (own.values, cells.values))
            found &= (a == b) | (np.isnan(a) & np.isnan(b))
        else:
            found &= own.values == cells.values
    return found


def _replaced(table: TableData, part: TableData, rows: NDArray[Any]) -> TableData:
    cells = {}
    for name, own in table.cells.items():
        values, marks = own.values.copy(), None if own.marks is None else own.marks.copy()
        values[rows] = part.cells[name].values
        if marks is not None and (new := part.cells[name].marks) is not None:
            marks[rows] = new
        cells[name] = Cells(values, marks)
    return replace(table, cells=cells)


def _nearest(pool: TableData, fixed: Mapping[str, Cells], most: int) -> NDArray[np.int64]:
    """Rows of the pool for each given row, the nearest first, (n, most)."""
    n = len(next(iter(fixed.values())))
    found = np.empty((n, most), dtype=np.int64)
    for start in range(0, n, 256):
        rows = np.arange(start, min(start + 256, n))
        distance = np.zeros((len(rows), len(pool)), dtype=np.float32)
        for name, cells in fixed.items():
            column, own, other = pool.column(name), cells.values[rows], pool.cells[name].values
            if column.numeric:
                scale = max(float(np.nanstd(other)) if (~np.isnan(other)).any() else 0.0, 1e-12)
                apart = np.abs(own[:, None] - other[None, :]) / scale
                both = np.isnan(own)[:, None] & np.isnan(other)[None, :]
                distance += np.where(both, 0.0, np.where(np.isnan(apart), DIFFERENT, apart)).astype(np.float32)
            else:
                distance += DIFFERENT * (own[:, None] != other[None, :])
        place = np.argpartition(distance, min(most, distance.shape[1]) - 1, axis=1)[:, :most]
        order = np.take_along_axis(distance, place, 1).argsort(1, kind="stable")
        found[rows] = np.take_along_axis(place, order, 1)
    return found


def _by_state(
    model: "RowSampler", columns: Sequence[Column], texts: Mapping[str, Sequence[str]], n: int
) -> list[tuple[States | None, NDArray[np.int64]]]:
    """Rows by the rarest of the states that they are in."""
    states: dict[tuple[str, str], States | None] = {}
    groups: dict[tuple[str, str], list[int]] = {}
    for row in range(n):
        best: tuple[float, tuple[str, str]] = (2.0, ("", ""))
        for column in columns:
            key = column.name, texts[column.name][row]
            if key not in states:
                states[key] = None
                with suppress(DataError):  # a number further out than any of the training rows
                    wanted = Condition.of(Wanted(column.name, "=", (key[1],), True), model.ruled.columns)
                    states[key] = model.states(wanted)
            own = states[key]
            # A state that nobody else is in says most; one of a number that is not frequent is drawn near anyway.
            if own is not None and (own.codes is not None or len(own.labels) == 1):
                best = min(best, (own.share, key))
        groups.setdefault(best[1], []).append(row)
    return [(states.get(key), np.array(rows)) for key, rows in groups.items()]
