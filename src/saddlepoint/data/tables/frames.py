"""Tables as data frames of the values that their files have."""

from pathlib import Path
from typing import Any

from saddlepoint.data.tables.columns import ScaledColumn
from saddlepoint.data.tables.files import PARQUETS, open_files
from saddlepoint.data.tables.reading import read_frame

#: A column that is added while rows are sorted.
RANK = "rank_"


def frame_of(path: Path) -> tuple[Any, str, str]:
    """A file's rows as a frame, the name of another one like it, and its separator; every value of a CSV file as it is.

    Raises:
        DataError: it can't be read as a table.
    """
    import pandas

    source = open_files(path)
    if path.suffix.lower() in PARQUETS:
        return pandas.read_parquet(path), path.name, ","
    pieces = [pandas.DataFrame(piece) for piece in source.pieces(frozenset(source.names))]
    name = path.name.split(".")[0] + ".csv"
    return pandas.concat(pieces, ignore_index=True).astype(object), name, source.separator


def ordered_by_key(frame: Any, key: str, values: Any, column: Any = None) -> Any:
    """Rows by key, those of one key by the values, or by what they stand for where they are texts."""
    import pandas

    if not pandas.api.types.is_numeric_dtype(values) and not pandas.api.types.is_datetime64_any_dtype(values):
        if column is None:
            table = read_frame(values.reset_index(drop=True).to_frame())
            column = table.columns[0]
        if isinstance(column, ScaledColumn):
            absent = values.isna() | values.isin(column.absent)
            found = [
                float("nan") if gone else column.value(str(text)) for text, gone in zip(values, absent, strict=True)
            ]
            values = pandas.Series(found, index=values.index)
    ranked = frame.assign(**{RANK: values}).sort_values([key, RANK], kind="stable")
    return ranked.drop(columns=RANK).reset_index(drop=True)
