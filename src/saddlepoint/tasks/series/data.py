"""A table of numbers over time, and the windows of it that are learnt."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.core import rng
from saddlepoint.data import DataError
from saddlepoint.data.tables import (
    MISSING,
    CategoryColumn,
    Cells,
    Column,
    Declared,
    NumberColumn,
    NumberSpelling,
    TableData,
    read_frame,
    read_table,
)
from saddlepoint.data.tables.columns import ConstantColumn
from saddlepoint.data.tables.reading import another_kind
from saddlepoint.data.tables.table import HEADS
from saddlepoint.tasks.series.calendar import Calendar
from saddlepoint.tasks.series.clock import part_of
from saddlepoint.tasks.series.context import NOTHING, SHARED, Context, Facts
from saddlepoint.tasks.series.order import AUTO, Found, Order, counted

if TYPE_CHECKING:
    import pandas

Numbers = NDArray[np.float64]
#: Of a block of rows that is held out: windows that it has room for.
BLOCK = 5
#: Categories of a column that changes along a series, at most: each is a number a step.
STATES = 20
#: How the numbers of windows and steps are written.
WHOLE = NumberSpelling(whole=True, places=(0, 0))


@dataclass(frozen=True, eq=False)
class SeriesData:
    """Rows in the order of time, and where windows begin.

    Attributes:
        name: what to call it.
        columns: as they are written, constants too, in the file's order.
        values: float64 (rows, learnt columns).
        starts: int64 (N,), the first row of every window.
        window: steps of each.
        source: where it came from, a sentence.
        separator: between the values of a line.
        notes: what was found out or left out, a sentence each.
        held_out: windows that judge a generator of these; None where there are none.
        context: what is told of a window beside its values.
        facts: of every row.
        layout: names of all columns that are written, in the file's order; () has those of `columns`.
    """

    name: str
    columns: tuple[Column, ...]
    values: Numbers
    starts: NDArray[np.int64]
    window: int
    source: str
    separator: str = ","
    notes: tuple[str, ...] = ()
    held_out: "SeriesData | None" = None
    context: Context = NOTHING
    facts: Facts | None = None
    layout: tuple[str, ...] = ()

    kind = "windows"
    classes: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[Mapping[str, int]] = {}

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def learnt(self) -> tuple[Column, ...]:
        """The columns of `values`: numbers, and codes of categories."""
        return tuple(column for column in self.columns if moves(column))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one window, steps and columns."""
        return self.window, self.values.shape[1]

    @property
    def size(self) -> str:
        """Of a window, for people."""
        return f"of {self.window} rows and {self.values.shape[1]} columns"

    @property
    def described(self) -> list[tuple[str, ...]]:
        """Of every column its name, kind, values, and how many are missing, below a row of heads; times first."""
        absent = iter(np.isnan(self.values).sum(0))
        found: list[tuple[str, ...]] = [
            (c.name, c.described, c.contents, f"{next(absent):,}" if moves(c) else "0") for c in self.columns
        ]
        told = [(c.name, f"{c.described}, once a window", c.contents, "0") for c in self.context.columns]
        return [HEADS, *told, *found]

    @cached_property
    def windows(self) -> Numbers:
        """All, float64 (N, steps, columns)."""
        cut: Numbers = self.values[self.starts[:, None] + np.arange(self.window)]
        return cut

    @property
    def told(self) -> Facts:
        """The facts of all windows."""
        return Facts(None, np.zeros((len(self), 0))) if self.facts is None else self.facts.take(self.starts)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of a SHA-256 over columns, values, windows, and what is told of them."""
        digest = hashlib.sha256(repr((self.columns, self.window)).encode())
        context = [] if not self.context.size else [self.context.code(self.told)]
        for numbers in (self.values, self.starts, *context):
            digest.update(np.ascontiguousarray(numbers).data)
        return digest.hexdigest()[:16]

    def without(self, share: float) -> "SeriesData":
        """The windows to train with, those of a share of the time held out beside them. Raises as `split`."""
        if not share:
            return self
        train, test = self.split(share)
        return replace(train, held_out=test)

    def split(self, share: float, seed: int = 0) -> tuple["SeriesData", "SeriesData"]:
        """Part the windows: those to train with, and those of a share of the time, none of whose rows the others have.

        Time is cut into blocks of five windows' length, and a share of them, drawn at random, is held out; windows that
        lie in both kinds of block are in neither part.

        Raises:
            DataError: a share that leaves one of the parts without windows.
        """
        block = np.arange(len(self.values)) // (BLOCK * self.window)
        blocks = int(block[-1]) + 1
        held = torch.randperm(blocks, generator=rng(seed, "held out"))[: round(share * blocks)].numpy()
        inside = np.isin(block, held).astype(np.int64)
        sums = np.concatenate([[0], np.cumsum(inside)])
        rows_held = sums[self.starts + self.window] - sums[self.starts]
        train, test = self.starts[rows_held == 0], self.starts[rows_held == self.window]
        if not len(train) or not len(test):
            raise DataError(
                f"{self.name}: a share of {share} of {len(self.values):,} rows leaves a part without windows of "
                f"{self.window} rows: give a shorter data.window, or --set data.held_out=0"
            )
        note = f"Without {len(self) - len(train):,} windows that touch the time held out."
        return replace(self, starts=train, notes=(*self.notes, note)), replace(self, starts=test)


def moves(column: Column) -> bool:
    """Whether a column of a series is learnt step by step."""
    return isinstance(column, NumberColumn | CategoryColumn)


def read_series(
    path: str | Path,
    window: int = 24,
    stride: int = 1,
    *,
    leave_out: Sequence[str] = (),
    kinds: Mapping[str, str | Declared] | None = None,
    missing: Sequence[str] = MISSING,
    order: Order | None = None,
    **reading: Any,
) -> SeriesData:
    """Read a table of one or more series by `read_table`, put its rows in the order of time, and cut it into windows.

    Numbers are learnt, and categories as states. Constants are written as they are. Dates and numbers of rows tell the
    time: rows are sorted by them, see `Order`, and steps count as of equal length. When a window begins, by dates, and
    what never changes within a series are learnt with it, see `Context`. Windows with a missing value, with rows of two
    series or with a gap are left out.

    Args:
        path: a CSV or Parquet file.
        window: steps of each.
        stride: rows from the beginning of one window to that of the next.
        leave_out: columns that are not read.
        kinds, missing, reading: see `read_table`.
        order: what tells the time and the series; by itself, what is found.

    Raises:
        DataError: no such table, a column of text that is no state, nothing that moves, no window without missing
            values, or rows of several series that nothing tells apart.
    """
    read = partial(read_table, path, missing=missing, parts=False, **reading)
    return _series(read, Path(path).name, window, stride, leave_out, kinds or {}, missing, order or Order())


def given_series(
    given: object,
    window: int = 24,
    stride: int = 1,
    *,
    leave_out: Sequence[str] = (),
    kinds: Mapping[str, str | Declared] | None = None,
    missing: Sequence[str] = MISSING,
    order: Order | None = None,
    **rules: Any,
) -> SeriesData:
    """A series of a Python caller's, by the same rules.

    Args:
        given: rows, a pandas DataFrame or Series, a pyarrow Table or numbers (T, columns); or windows
            (N, T, columns), which are taken as they are. An index of times, or with names, is read as columns.
        window, stride: of rows; windows say themselves how long they are.
        leave_out, kinds, missing, order: see `read_series`; windows are taken in their order.
        rules: see `read_frame`.

    Raises:
        DataError: see `read_series`.
    """
    numbers = np.asarray(given) if isinstance(given, Tensor | np.ndarray) else None
    order = order or Order()
    if numbers is not None:
        if numbers.ndim not in (1, 2, 3) or numbers.dtype.kind not in "fiu" or 0 in numbers.shape:
            raise DataError(
                f"an array of shape {numbers.shape} and type {numbers.dtype}: give numbers (rows, columns) or windows "
                f"(windows, steps, columns)"
            )
        if numbers.ndim == 3:
            window = stride = numbers.shape[1]
        order = Order(time=None)
        given = _framed(numbers.reshape(-1, numbers.shape[-1] if numbers.ndim > 1 else 1))
    read = partial(read_frame, _with_index(given), missing=missing, parts=False, **rules)
    return _series(read, f"the {type(given).__name__}", window, stride, leave_out, kinds or {}, missing, order)


def _with_index(given: object) -> object:
    """A frame of pandas with its index as columns, where that is of times or has names; anything else as it is."""
    if type(given).__module__.partition(".")[0] != "pandas":
        return given
    import pandas

    frame = given.to_frame(given.name or "value") if isinstance(given, pandas.Series) else given
    if not isinstance(frame, pandas.DataFrame):
        return given
    index = frame.index
    if isinstance(index, pandas.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pandas.DatetimeIndex) and index.name is None:
        index = index.rename("time")
    if any(name is None for name in index.names):
        return frame
    return frame.set_axis(index, axis=0).reset_index()


def _framed(numbers: NDArray[Any]) -> "pandas.DataFrame":
    try:
        import pandas
    except ImportError as error:
        raise DataError("series are read by pandas and pyarrow: pip install 'saddlepoint[table]'") from error
    return pandas.DataFrame(numbers, columns=[f"x{place}" for place in range(1, numbers.shape[1] + 1)])


def _series(
    read: Callable[..., TableData],
    called: str,
    window: int,
    stride: int,
    leave_out: Sequence[str],
    kinds: Mapping[str, str | Declared],
    missing: Sequence[str],
    order: Order,
) -> SeriesData:
    table, declared = read(kinds=kinds), frozenset(kinds)
    for name in leave_out:
        table.column(name)
    order, kinds = _timed(order, table, kinds, read)
    if order.time not in (None, AUTO) and table.column(order.time).kind == "identifier":
        kinds = {order.time: "number", **kinds}
    if order.entity is not None and not isinstance(table.column(order.entity), CategoryColumn):
        kinds = {**kinds, order.entity: "category"}
    found = order.found(read(kinds=kinds), called)
    # A table takes a handful of whole numbers for categories; over time they are numbers.
    few = {
        column.name: "number"
        for column in table.columns
        if isinstance(column, CategoryColumn)
        and column.name not in (*kinds, found.entity)
        and _numbers(column)
        and not (found.entity and found.is_attribute(table.cells[column.name].values[found.rows]))
    }
    table = read(kinds={**kinds, **few}).take(found.rows)
    columns, attributes, notes = _learnt(table, called, leave_out, missing, found, named=declared)
    return _cut(columns, attributes, table, window, stride, found, notes)


def _timed(
    order: Order, table: TableData, kinds: Mapping[str, str | Declared], read: Callable[..., TableData]
) -> tuple[Order, Mapping[str, str | Declared]]:
    """The order, and kinds of columns, so that a year and what follows it are read as numbers where they tell the time.

    Where nothing tells it, the first column that numbers the rows does.
    """
    parts = {
        column.name: "number"
        for column in table.columns
        if column.name not in kinds and part_of(column.name) and _whole(column)
    }
    if parts and order.time is not None and order.told(read(kinds={**kinds, **parts})):
        return order, {**kinds, **parts}
    numbered = next((column.name for column in table.columns if counted(column)), None)
    if order.time == AUTO and numbered is not None and not any(column.kind == "date" for column in table.columns):
        order = replace(order, time=numbered)
    return order, kinds


def _whole(column: Column) -> bool:
    """Whether a column may be of whole numbers, whatever it was taken for."""
    return (
        counted(column) or isinstance(column, NumberColumn) or (isinstance(column, CategoryColumn) and _numbers(column))
    )


def _learnt(
    table: TableData,
    called: str,
    leave_out: Sequence[str],
    missing: Sequence[str],
    found: Found,
    named: AbstractSet[str],
) -> tuple[tuple[Column, ...], tuple[Column, ...], list[str]]:
    """Columns that are kept, attributes of series among them, and notes on the others. Raises as `read_series`.

    The column that names the series is an attribute where it was `named` a category.
    """
    kept: list[Column] = []
    attributes: list[Column] = []
    notes = list(found.notes)
    for column in table.columns:
        if column.name in leave_out:
            continue
        if column.name == found.entity:
            if isinstance(column, CategoryColumn) and column.name in named:
                attributes.append(column)
            else:
                notes.append(
                    f"{column.name} says whose a window is and is not made; where anyone may know, --set "
                    f"data.columns.{column.name}=category makes it, too."
                )
            continue
        out = f"leave it out with --set 'data.leave_out=[{column.name}]'"
        if column.name in found.time and not isinstance(column, ConstantColumn):
            continue
        if found.entity and found.is_attribute(table.cells[column.name].values):
            if not isinstance(column, ConstantColumn):
                why_not = _no_attribute(column, table, found)
                if why_not:
                    notes.append(f"{column.name} never changes within a series and is not learnt: {why_not}.")
                else:
                    attributes.append(column)
                continue
        elif column.kind == "identifier" and not counted(column):
            raise DataError(f"column {column.name!r} of {called} is text, all different, and no state: {out}")
        elif isinstance(column, CategoryColumn) and len(column.categories) > STATES:
            raise DataError(
                f"column {column.name!r} of {called} is text of {len(column.categories):,} values, and at most "
                f"{STATES} are learnt as states: {out}"
            )
        if isinstance(column, ConstantColumn) and column.text in missing:
            raise DataError(f"column {column.name!r} of {called} has no value in any row: {out}")
        if column.kind in ("date", "time", "duration", "identifier"):
            notes.append(
                f"{column.name} tells the time and is not learnt: steps are of equal length; "
                f"--set data.columns.{column.name}=number learns it."
            )
        else:
            kept.append(column)
    if not any(moves(column) for column in kept):
        raise DataError(f"{called} has no column that changes: there is nothing to learn; give other columns")
    if attributes:
        names = ", ".join(column.name for column in attributes)
        notes.append(f"Attributes of series, made once a window: {names}.")
    return tuple(kept), tuple(attributes), notes


def _no_attribute(column: Column, table: TableData, found: Found) -> str:
    """Why a column that never changes within a series is no attribute of it; "" where it is."""
    if isinstance(column, CategoryColumn):
        series = len(np.unique(found.series))
        if SHARED * len(column.categories) > series:
            return f"its {len(column.categories):,} values would tell which of {series:,} series a window is like"
    elif not isinstance(column, NumberColumn):
        return f"a {column.kind} is no attribute"
    return "values are missing" if table.cells[column.name].absent.any() else ""


def _starts(found: Found, window: int, stride: int) -> NDArray[np.int64]:
    """Where windows begin among rows. Raises DataError where there are none."""
    if window < 2 or stride < 1:
        raise DataError(f"data.window is {window} and data.stride {stride}: give a window of at least 2, a stride of 1")
    stretches = found.stretches
    starts = [np.arange(begin, end - window + 1, stride) for begin, end in stretches if end - begin >= window]
    rows = max(end - begin for begin, end in stretches)
    if not starts or (len(stretches) == 1 and rows <= window):
        longest = "" if len(stretches) == 1 else f" in its longest of {len(stretches):,} stretches without a gap"
        wider = "" if len(stretches) == 1 else ", a larger data.gap"
        raise DataError(
            f"the series has {rows} rows{longest}, and a window {window}: give a longer table{wider}, or a shorter "
            f"window, as in --set data.window={max(2, rows // 10)}"
        )
    return np.concatenate(starts)


def _cut(
    columns: tuple[Column, ...],
    attributes: tuple[Column, ...],
    table: TableData,
    window: int,
    stride: int,
    found: Found,
    notes: list[str],
) -> SeriesData:
    starts = _starts(found, window, stride)
    learnt = [column.name for column in columns if moves(column)]
    cells = [table.cells[name] for name in learnt]
    values = np.stack([np.where(own.absent, np.nan, own.values).astype(np.float64) for own in cells], 1)
    absent = np.concatenate([[0], np.cumsum(np.isnan(values).any(1))])
    whole = starts[absent[starts + window] == absent[starts]]
    if not len(whole):
        names = [name for name, own in zip(learnt, values.T, strict=True) if np.isnan(own).any()]
        raise DataError(
            f"{table.name}: every window of {window} rows lacks a value of {', '.join(names)}: give a shorter "
            f"data.window, fill the gaps, or leave such a column out with --set 'data.leave_out=[{names[0]}]'"
        )
    if len(whole) < len(starts):
        notes = [*notes, f"{len(starts) - len(whole):,} of {len(starts):,} windows lack a value and are left out."]
    said = "; ".join(f"{column.name}: {column.described}" for column in columns)
    notes = [
        f"Columns: {said}. One is left out by --set 'data.leave_out=[NAME]'.",
        f"{len(whole):,} windows of {window} rows, of {len(values):,}.",
        another_kind(columns, "number"),
        *notes,
    ]
    times = found.times if found.step > 0 else None
    calendar = None if times is None or found.clock is None else Calendar.fit(found.clock, times, whole, found.step)
    known = [table.cells[column.name].values.astype(np.float64) for column in attributes]
    facts = Facts(None if calendar is None else times, np.stack(known, 1) if known else np.zeros((len(values), 0)))
    context = Context.fit(calendar, attributes, facts.take(whole))
    there = {column.name for column in (*columns, *context.columns)}
    return SeriesData(
        table.name,
        columns,
        values,
        whole,
        window,
        table.source,
        table.separator,
        tuple(notes),
        context=context,
        facts=facts,
        layout=tuple(column.name for column in table.columns if column.name in there),
    )


def written(
    columns: Sequence[Column],
    windows: Numbers,
    told: Mapping[str, Cells] | None = None,
    separator: str = ",",
    name: str = "windows",
    source: str = "Drawn.",
) -> TableData:
    """Windows as a table: their number, the step, and the columns as the file has them.

    Args:
        columns: all that are written, in their order.
        windows: (n, steps, learnt columns).
        told: values of the columns that are not among the learnt ones, a row a step.
        separator: between the values of a line.
        name, source: of the table.
    """
    told = told or {}
    n, steps = windows.shape[:2]
    names, rows = {column.name for column in columns}, np.arange(n * steps)
    # A column of this name keeps it.
    window, step = (next(t for t in (own, f"{own}_", f"{own}__") if t not in names) for own in ("window", "step"))
    learnt = iter(windows.reshape(n * steps, -1).T)
    cells = {window: Cells((rows // steps).astype(np.float64)), step: Cells((rows % steps).astype(np.float64))}
    for column in columns:
        if column.name in told:
            cells[column.name] = told[column.name]
        else:
            own = next(learnt) if moves(column) else np.zeros(n * steps)
            kind = np.float64 if isinstance(column, NumberColumn) else np.int32
            cells[column.name] = Cells(np.ascontiguousarray(own, dtype=kind))
    counted = (
        NumberColumn(window, low=0, high=max(0, n - 1), spelling=WHOLE),
        NumberColumn(step, low=0, high=steps - 1, spelling=WHOLE),
    )
    return TableData(name, (*counted, *columns), cells, source, separator)


def _numbers(column: CategoryColumn) -> bool:
    """Whether categories are numbers, or false and true."""
    texts = {text.lower() for text in column.categories}
    try:
        return texts == {"false", "true"} or bool(np.isfinite([float(text) for text in texts]).all())
    except ValueError:
        return False
