"""What of a table a generator may give away: extremes that several rows share, categories that several rows have.

A coding stores ranges and categories of its training rows, and made rows are held inside them. So they are coarsened
before anything is fitted: of a table that is `protected`, nothing that is stored or made is the value of fewer than
`rare` rows alone, as far as ranges, categories, frequent numbers and words among numbers are concerned.
"""

import math
import shlex
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.tables import CategoryColumn, Cells, Column, NumberColumn, ScaledColumn, TableData
from saddlepoint.data.tables.columns import IdentifierColumn
from saddlepoint.data.tables.identifiers import IdentifierEvidence, IdentifierPattern, cells_of
from saddlepoint.data.tables.reading import keys_of
from saddlepoint.tasks.tables.modes import Numbers

#: Numbers of so few different values are kept as they are, value by value.
DISTINCT = 20
#: Bounds are round to this share of the range, and to this share of themselves.
OF_RANGE, OF_VALUE = 1e-3, 1e-2
#: Seconds of a day, and of a range from which bounds of dates are whole days.
DAY, LONG = 86_400.0, 100 * 86_400.0
#: What rare categories are made as, unless the column has a word of its own for it.
OTHER = "other"
#: Words for it, in small letters.
OTHERS = ("other", "others", "misc", "miscellaneous", "rest", "sonstige", "sonstiges", "andere", "autre", "autres")
#: Share of the texts of a column of codes that have a digit.
CODED = 0.9
#: Columns that a note names.
NAMED = 8


def protected(table: TableData) -> TableData:
    """The table without what fewer than `table.rare` rows have; columns of `table.released` as they are.

    - Numbers and dates end at a round value that at least so many rows reach or exceed, or at the extreme itself where
      so many share it. Values beyond are brought to it.
    - Of at most 20 different numbers, those of too few rows are brought to a neighbour, or to their mean with it.
    - Categories of too few rows become "other", or the category that the column has for that; the nearest category
      where they are numbers; the most frequent one where all of them together are too few.
    - Words among numbers of too few rows become the most frequent one, or an empty cell; a number of too few rows has
      as many decimals as the others.

    A table that is protected stays as it is.
    """
    columns, cells = [], {}
    for column in table.columns:
        own, values = column, table.cells[column.name]
        if table.rare > 1 and column.name not in table.released:
            own, values = _protected(column, values, table.rare)
        columns.append(own)
        cells[column.name] = values
    return replace(table, columns=tuple(columns), cells=cells)


def told(table: TableData) -> tuple[str, ...]:
    """What `protected` does to the categories of a table, a sentence; () where it leaves them."""
    found = []
    for column in table.columns:
        if table.rare < 2 or column.name in table.released or not isinstance(column, CategoryColumn):
            continue
        counts = _counts(column, table.cells[column.name])
        rare = (counts > 0) & (counts < table.rare)
        if rare.any():
            found.append(f"{column.name} ({rare.sum():,} in {counts[rare].sum():,} rows)")
    if not found:
        return ()
    more = f" and {len(found) - NAMED} more columns" if len(found) > NAMED else ""
    return (
        f"Categories of fewer than {table.rare} rows are not made, another stands in their place: "
        f"{', '.join(found[:NAMED])}{more}. To make them: --set data.rare=0, or for a column: "
        f"--set 'data.release=[{found[0].split(' (')[0]}]'.",
    )


def recast(table: TableData, rare: int, kept: Collection[str | None]) -> TableData:
    """The table with columns of codes, most rows of which have a rare one, as new values of the same form.

    Otherwise nearly all that is made of them would be "other".

    Args:
        table: as it was read.
        rare: rows that a category has at least that is made.
        kept: columns that stay as they are.
    """
    columns, cells, notes = list(table.columns), dict(table.cells), list(table.notes)
    for place, column in enumerate(columns):
        own = table.cells[column.name]
        if not isinstance(column, CategoryColumn) or rare < 2 or column.name in kept or column.stored == "bool":
            continue
        counts = _counts(column, own)
        few = counts[counts < rare].sum()
        coded = sum(any(mark.isdigit() for mark in text) for text in column.categories)
        if 2 * few <= counts.sum() or coded < CODED * len(column.categories) or _as_numbers(column) is not None:
            continue
        evidence = IdentifierEvidence()
        texts = np.array(column.categories, dtype=object)
        evidence.see(texts)
        pattern = evidence.finish(repeats=True)
        keys = np.append(keys_of(texts), np.uint64(0))[own.values]
        common = {
            key: getattr(column, key) for key in ("name", "pad", "absent", "stored", "dtype", "of", "before", "after")
        }
        columns[place] = IdentifierColumn(**common, pattern=pattern, missing=float(own.absent.mean()))
        cells[column.name] = Cells(cells_of(0, len(own)), None, keys)
        notes.append(
            f"{column.name} holds codes, and {few:,} of {counts.sum():,} rows have one of fewer than {rare} rows: it "
            f"is not learnt, made values are new ones of the form {pattern.form}. To have real ones made: --set "
            f"{shlex.quote(f'data.release=[{column.name}]')}."
        )
    if not any(column.numeric or column.kind == "category" for column in columns):
        return table
    return replace(table, columns=tuple(columns), cells=cells, notes=tuple(notes))


def disclosure(table: TableData) -> str:
    """What a coding of a table tells of its rows, a sentence or two."""
    if table.rare < 2:
        return "They hold every category, frequent values and the exact range of each column, but no row of the data."
    said = (
        f"They hold categories and frequent values that at least {table.rare} training rows have, with their counts, "
        f"and ranges whose ends at least {table.rare} rows reach; no row of the data."
    )
    if table.released:
        said += f" Of {', '.join(table.released)} they hold every category, and the exact range."
    return said


def _protected(column: Column, cells: Cells, k: int) -> tuple[Column, Cells]:
    if isinstance(column, CategoryColumn):
        return _merged(column, cells, k)
    if isinstance(column, IdentifierColumn) and isinstance(column.pattern, IdentifierPattern):
        return replace(column, pattern=_coarse_pattern(column.pattern, column.stored)), cells
    if isinstance(column, ScaledColumn):
        values = cells.values[~cells.absent]
        column, cells = _few_words(column, cells, k)
        if isinstance(column, NumberColumn) and column.spelling.odd:
            odd = tuple(own for own in column.spelling.odd if (values == own[0]).sum() >= k)
            column = replace(column, spelling=replace(column.spelling, odd=odd))
        if not len(values):
            return column, cells
        unit = resolution(column)
        different, counts = np.unique(values, return_counts=True)
        if len(different) <= DISTINCT:
            return _of_few(column, cells, different, counts, k, unit)
        low, high = coarse_ends(values, k, unit, dates=not isinstance(column, NumberColumn))
        return replace(column, low=low, high=high), replace(cells, values=cells.values.clip(low, high))
    return column, cells


def _coarse_pattern(pattern: IdentifierPattern, stored: str) -> IdentifierPattern:
    """New numbers from a round one on, or between round ones, of as many digits and within the column's type."""
    if pattern.places:
        return pattern
    if pattern.last < pattern.first:
        return replace(pattern, first=_round_up(pattern.first), last=_round_up(pattern.first) - 1)
    digits = 10 ** max(0, len(str(abs(pattern.last))) - 2)
    first = pattern.first // digits * digits if pattern.first > digits else pattern.first
    last = (pattern.last // digits + 1) * digits - 1
    if stored in _LARGEST:
        last = min(last, _LARGEST[stored])
    return replace(pattern, first=first, last=max(first, last))


def _round_up(number: int) -> int:
    digits: int = 10 ** max(0, len(str(abs(number))) - 2)
    return -(-number // digits) * digits


_LARGEST = {f"{sign}int{bits}": 2 ** (bits - (not sign)) - 1 for sign in ("", "u") for bits in (8, 16, 32, 64)}


# --- numbers -------------------------------------------------------------------------------------------


def resolution(column: Column) -> float:
    """What two values of a column differ by at least, as they are written; 0 where that is not known."""
    if isinstance(column, NumberColumn):
        if column.step or column.integer:
            return column.step or 1.0
        return 10.0 ** -column.spelling.places[1] if column.spelling.places and not column.spelling.exponent else 0.0
    return 0.0


def coarse_ends(values: Numbers, k: int, unit: float = 0.0, *, dates: bool = False) -> tuple[float, float]:
    """A least and a greatest value, each of which at least k of the values reach or exceed.

    The extreme itself where k values share it; else the k-th one, rounded inwards.

    Args:
        values: (N,), finite.
        k: how many; of fewer than 4 k values a quarter of them, so that a range is left.
        unit: of what they are whole multiples; 0 where there is none.
        dates: whether they are seconds since 1970.

    >>> coarse_ends(np.array([31.5, 40, 41, 42, 43, 44, 45, 46, 47, 9_000_001]), 2)
    (40.0, 47.0)
    >>> coarse_ends(np.array([17.0, 17, 30, 40, 50, 60, 90, 90]), 2)
    (17.0, 90.0)
    """
    k = max(1, min(k, len(values) // 4))
    ordered = np.partition(values, [0, k - 1, len(values) - k, len(values) - 1])
    least, low, high, greatest = (float(ordered[place]) for place in (0, k - 1, len(values) - k, len(values) - 1))
    if low >= high:
        return (least, greatest) if least == greatest else (low, max(low, high))
    step = OF_RANGE * (high - low)
    if low > least:
        low = _rounded(low, step, unit, dates, upwards=True)
    if high < greatest:
        high = _rounded(high, step, unit, dates, upwards=False)
    return low, max(low, high)


def _rounded(value: float, step: float, unit: float, dates: bool, *, upwards: bool) -> float:
    """A round number near a value, above or below it: whole days or seconds of dates, else of two or three digits."""
    if dates:
        step = max(1.0, _nice(step / DAY) * DAY) if step > OF_RANGE * LONG else max(1.0, _nice(step))
    else:
        step = _nice(min(step, OF_VALUE * abs(value))) if value else 0.0
        step = max(step, unit)
    if step == 0:
        return value
    times = value / step
    # What is a multiple but for rounding stays.
    whole = (
        round(times)
        if abs(times - round(times)) < 1e-9 * max(1.0, abs(times))
        else math.ceil(times)
        if upwards
        else math.floor(times)
    )
    return float(f"{whole * step:.12g}")


def _nice(step: float) -> float:
    """The greatest of 1, 2 and 5 times a power of ten that is not above a step.

    >>> _nice(73.0), _nice(0.03), _nice(1.0)
    (50.0, 0.02, 1.0)
    """
    power = math.floor(math.log10(step)) if step > 0 else -300
    return next(float(f"{digit}e{power}") for digit in (5, 2, 1) if digit == 1 or float(f"{digit}e{power}") <= step)


def _of_few(
    column: ScaledColumn, cells: Cells, different: Numbers, counts: NDArray[Any], k: int, unit: float
) -> tuple[Column, Cells]:
    """Of few different numbers: neighbours together until every group has k rows, or is all there is."""
    groups: list[list[int]] = []
    for place in range(len(different)):
        if groups and counts[groups[-1]].sum() < k:
            groups[-1].append(place)
        else:
            groups.append([place])
    if len(groups) > 1 and counts[groups[-1]].sum() < k:
        groups[-2:] = [groups[-2] + groups[-1]]
    stands = np.empty(len(different))
    for group in groups:
        most = group[int(counts[group].argmax())]
        mean = float(np.average(different[group], weights=counts[group]))
        stands[group] = different[most] if counts[most] >= k else _whole(mean, unit or _nice(OF_VALUE * abs(mean)))
    values, present = cells.values.copy(), ~cells.absent
    values[present] = stands[np.searchsorted(different, values[present])]
    return replace(column, low=float(stands.min()), high=float(stands.max())), replace(cells, values=values)


def _whole(value: float, unit: float) -> float:
    return float(f"{round(value / unit) * unit:.12g}") if unit > 1e-290 else value


def _few_words(column: ScaledColumn, cells: Cells, k: int) -> tuple[ScaledColumn, Cells]:
    """Words that stand where there is no value."""
    absent = cells.absent
    if not column.absent or not absent.any():
        return replace(column, absent=(), words=()), replace(cells, marks=None)
    marks = np.zeros(len(cells), dtype=np.int8) if cells.marks is None else cells.marks
    counts = np.bincount(marks[absent], minlength=len(column.absent))
    kept = [place for place in range(len(column.absent)) if counts[place] >= k or not column.absent[place]]
    words = tuple(column.absent[place] for place in kept) or ("",)
    place_of = np.zeros(len(column.absent), dtype=np.int8)
    place_of[kept] = np.arange(len(kept))
    column = replace(column, absent=words, words=tuple(word for word in column.words if word in words))
    return column, replace(cells, marks=place_of[marks] if len(words) > 1 else None)


# --- categories ----------------------------------------------------------------------------------------


def _counts(column: CategoryColumn, cells: Cells) -> NDArray[np.int64]:
    return np.bincount(cells.values[cells.values >= 0], minlength=len(column.categories))


def _merged(column: CategoryColumn, cells: Cells, k: int) -> tuple[Column, Cells]:
    """Categories of fewer than k rows as another one; those that no row has are left out."""
    counts = _counts(column, cells)
    if (counts >= k).all():
        return column, cells
    kept = np.flatnonzero(counts >= k)
    rest = int(counts.sum() - counts[kept].sum())
    names = [column.categories[code] for code in kept]
    place_of = np.full(len(counts) + 1, -1, dtype=np.int32)  # the last is that of missing values
    place_of[kept] = np.arange(len(kept), dtype=np.int32)
    rare = np.flatnonzero(counts < k)
    numbers = _as_numbers(column)
    if numbers is not None and len(kept):
        place_of[rare] = np.abs(numbers[rare][:, None] - numbers[kept]).argmin(1)
    elif (
        numbers is None
        and (other := next((p for p, name in enumerate(names) if name.lower() in OTHERS), None)) is not None
    ):
        place_of[rare] = other
    elif len(kept) and (rest < k or numbers is not None or column.stored == "bool"):
        place_of[rare] = 0
    else:
        name = _middle(column, counts, numbers)
        # As often as it is, so that the most frequent still come first.
        at = int((counts[kept] > rest).sum())
        place_of[kept[at:]] += 1
        place_of[rare] = at
        names.insert(at, name)
    return replace(column, categories=tuple(names)), replace(cells, values=place_of[cells.values])


def _middle(column: CategoryColumn, counts: NDArray[np.int64], numbers: NDArray[np.float64] | None) -> str:
    """What stands for categories of which none has enough rows: `other`, or of a column of numbers one of them."""
    if numbers is None and column.stored != "bool":
        return OTHER
    ordered = np.argsort(numbers) if numbers is not None else np.arange(len(counts))
    return column.categories[int(ordered[len(ordered) // 2])]


def _as_numbers(column: CategoryColumn) -> NDArray[np.float64] | None:
    """Categories as numbers; None where one is none, or begins with a superfluous 0."""
    texts = column.categories
    if any(len(text) > 1 and text[0] == "0" and text[1].isdigit() for text in texts):
        return None
    try:
        found = np.array([float(text) for text in texts])
    except ValueError:
        return None
    return found if np.isfinite(found).all() else None


def recoded(column: CategoryColumn, cells: Cells, categories: Sequence[str]) -> Cells:
    """Cells of a column with codes among other categories; those that are not there get codes beyond them."""
    place = {name: code for code, name in enumerate(categories)}
    codes = [place.get(name, len(categories) + code) for code, name in enumerate(column.categories)]
    return Cells(np.array([*codes, -1], dtype=np.int32)[cells.values])
