"""Made values in the types of Arrow and of pandas: those that a column was stored in, or those that its kind has."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.images import DataError
from saddlepoint.data.tables.columns import (
    CategoryColumn,
    Cells,
    Column,
    ConstantColumn,
    DateColumn,
    DurationColumn,
    IdentifierColumn,
    NumberColumn,
    ScaledColumn,
    TimeColumn,
    declared,
)

if TYPE_CHECKING:
    import pandas

_WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")
_TRUTHS = {"true": True, "false": False}
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def arrow_type(stored: str) -> Any:
    """The type that Arrow writes so.

    Raises:
        DataError: it is none that can be written.
    """
    import pyarrow

    if parts := re.fullmatch(r"timestamp\[(\w+)(?:, tz=(.+))?\]", stored):
        return pyarrow.timestamp(parts[1], parts[2])
    if parts := re.fullmatch(r"decimal(\d*)\((\d+), (-?\d+)\)", stored):
        return getattr(pyarrow, f"decimal{parts[1] or 128}")(int(parts[2]), int(parts[3]))
    if parts := re.fullmatch(r"dictionary<values=(.+), indices=(\w+), ordered=(\d)>", stored):
        return pyarrow.dictionary(arrow_type(parts[2]), arrow_type(parts[1]), parts[3] == "1")
    if parts := re.fullmatch(r"(duration|time32|time64)\[(\w+)\]", stored):
        return getattr(pyarrow, parts[1])(parts[2])
    if stored in ("string_view", "large_string", "null", "date32[day]", "date64[ms]"):
        return getattr(pyarrow, stored.partition("[")[0])()
    try:
        return pyarrow.type_for_alias(stored)
    except ValueError as error:
        raise DataError(
            f"Arrow's type {stored} can't be written: leave the column out, or store it otherwise"
        ) from error


def arrow_array(column: Column, cells: Cells) -> Any:
    """Values of a column as an Arrow array, in the type that it was stored in, or in that of its kind.

    Raises:
        DataError: they can't be written in that type.
    """
    import pyarrow

    kind = arrow_type(column.stored) if column.stored else _type_of(column)
    try:
        if pyarrow.types.is_dictionary(kind):
            return _dictionary(column, cells, kind)
        return _array(column, cells, kind)
    except (pyarrow.ArrowException, ValueError, TypeError, OverflowError, ArithmeticError) as error:
        raise DataError(
            f"column {column.name!r} ({column.described}) can't be written as {kind} ({error}): declare another kind, "
            f"as in {declared(column.name, 'category')}, or store it as another type"
        ) from error


def pandas_series(column: Column, cells: Cells) -> "pandas.Series[Any]":
    """Values of a column as pandas has them. Raises DataError as `arrow_array`."""
    array = arrow_array(column, cells)
    series = array.to_pandas()
    plain = str(array.type)
    if array.null_count and not column.dtype.startswith("float") and plain.startswith(("int", "uint", "bool")):
        nullable = "boolean" if plain == "bool" else plain.replace("uint", "UInt").replace("int", "Int")
        import pandas

        series = pandas.Series(pandas.array(array.to_pylist(), dtype=nullable))
    if column.dtype and column.dtype not in ("object", "category", str(series.dtype)):
        # A type that can't hold missing values where there were none to learn.
        if series.isna().any() and column.dtype.startswith(("int", "uint", "bool")):
            return series
        try:
            return series.astype(column.dtype)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"column {column.name!r} ({column.described}) can't be given as {column.dtype} ({error}): declare "
                f"another kind, as in {declared(column.name, 'category')}"
            ) from error
    return series


def _type_of(column: Column) -> Any:
    """Of a column of text: the type that its kind has."""
    import pyarrow

    if isinstance(column, NumberColumn):
        if column.spelling.truths:
            return pyarrow.bool_()
        return pyarrow.int64() if column.integer and max(-column.low, column.high) < 2**63 else pyarrow.float64()
    if isinstance(column, DateColumn):
        return pyarrow.timestamp("us", column.spelling.zone or None)
    if isinstance(column, TimeColumn):
        return pyarrow.time64("us")
    if isinstance(column, DurationColumn):
        return pyarrow.duration("us")
    if isinstance(column, IdentifierColumn):
        return pyarrow.int64() if column.numbers else pyarrow.string()
    if column.words:
        return pyarrow.string()
    texts: tuple[str, ...] = ()
    if isinstance(column, CategoryColumn):
        texts = column.categories
    elif isinstance(column, ConstantColumn) and not column.nothing:
        texts = (column.text,)
    if texts and all(_WHOLE.fullmatch(text) for text in texts):
        return pyarrow.int64()
    if texts and all(text.lower() in _TRUTHS for text in texts):
        return pyarrow.bool_()
    return pyarrow.string()


def _array(column: Column, cells: Cells, kind: Any) -> Any:
    import pyarrow

    types = pyarrow.types
    if isinstance(column, ScaledColumn) and not _is_text(kind) and not types.is_boolean(kind):
        absent = cells.absent
        values = np.where(absent, 0.0, column.rounded(np.where(absent, 0.0, cells.values)))
        if types.is_temporal(kind) and not isinstance(column, NumberColumn):
            return _temporal(values, absent, kind)
        if types.is_integer(kind):
            whole = [None if gone else int(value) for gone, value in zip(absent, np.rint(values).tolist(), strict=True)]
            return pyarrow.array(whole, kind)
        if types.is_floating(kind):
            return pyarrow.array(values, pyarrow.float64(), mask=absent).cast(kind)
    texts = column.in_file(cells) if _is_text(kind) else column.texts(cells)
    missing = _missing(column, cells)
    return _from_texts(texts, missing, kind)


def _is_text(kind: Any) -> bool:
    import pyarrow

    types = pyarrow.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view")


def _missing(column: Column, cells: Cells) -> NDArray[np.bool_]:
    """Where there is no value, and no word that says something instead."""
    if isinstance(column, ConstantColumn):
        return np.full(len(cells), column.text == "" or column.nothing)
    if isinstance(column, IdentifierColumn):
        return column.gone(cells)
    absent = cells.absent
    if not column.words:
        return absent
    silent = np.array([word not in column.words for word in column.absent])
    gone: NDArray[np.bool_] = absent & (silent[0] if cells.marks is None else silent[cells.marks])
    return gone


def _temporal(values: NDArray[np.float64], absent: NDArray[np.bool_], kind: Any) -> Any:
    import pyarrow

    types = pyarrow.types
    if types.is_date32(kind):
        return pyarrow.array(np.floor(values / 86_400).astype(np.int32), pyarrow.int32(), mask=absent).cast(kind)
    scale = _UNITS["ms" if types.is_date64(kind) else kind.unit]
    # Float64 is exact to a microsecond; a whole second stays one in any unit.
    whole = np.rint(values * min(scale, 10**6)).astype(np.int64) * max(1, scale // 10**6)
    if types.is_time32(kind):
        return pyarrow.array(whole.astype(np.int32), pyarrow.int32(), mask=absent).cast(kind)
    return pyarrow.array(whole, pyarrow.int64(), mask=absent).cast(kind)


def _from_texts(texts: NDArray[np.object_], missing: NDArray[np.bool_], kind: Any) -> Any:
    import pyarrow

    types = pyarrow.types
    values = [None if gone else text for text, gone in zip(texts, missing, strict=True)]
    if types.is_decimal(kind):
        return pyarrow.array(
            [None if text is None else Decimal(text).quantize(Decimal(1).scaleb(-kind.scale)) for text in values], kind
        )
    if types.is_boolean(kind):
        return pyarrow.array([None if text is None else _TRUTHS[text.lower()] for text in values], kind)
    if types.is_integer(kind):
        return pyarrow.array([None if text is None else int(Decimal(text)) for text in values], kind)
    return pyarrow.array(values, pyarrow.string()).cast(kind)


def _dictionary(column: Column, cells: Cells, kind: Any) -> Any:
    """Of a categorical column: with all categories, also those that no row has."""
    import pyarrow

    if isinstance(column, CategoryColumn) and set(column.written) <= set(column.levels):
        place = {text: number for number, text in enumerate(column.levels)}
        own = np.array([place[text] for text in column.written] or [0], dtype=np.int64)
        indices = pyarrow.array(own[np.maximum(cells.values, 0)], pyarrow.int64(), mask=cells.absent)
        levels = np.array(column.levels, dtype=object)
        dictionary = _from_texts(levels, np.zeros(len(levels), dtype=bool), kind.value_type)
    else:
        coded = _array(column, cells, kind.value_type).dictionary_encode()
        indices, dictionary = coded.indices, coded.dictionary
    return pyarrow.DictionaryArray.from_arrays(indices.cast(kind.index_type), dictionary, ordered=kind.ordered)
