"""Parquet files with the bytes of images in a column, as the Hugging Face library writes them."""

import json
from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np

from saddlepoint.data.archives.members import KEYS, LARGEST, LONGEST, Archive
from saddlepoint.data.archives.stored import Stored
from saddlepoint.data.damage import check_swelling
from saddlepoint.data.decoding import Source
from saddlepoint.data.images import DataError

#: Bytes of one group of rows, which is read as a whole.
GROUP = 1 << 30


class Numbered(Sequence[str]):
    """Names of rows: their numbers, in as many digits as the last one has."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(self.rows))]
        return f"row {range(self.rows)[i]:0{len(str(self.rows - 1))}}"


class Parquet(Archive):
    """Rows of a Parquet file.

    The column of images is the only one of structs {bytes, path} or of binary values, or that called `image`.

    Raises:
        DataError: pyarrow is not installed, it is damaged, has no such column, or rows in groups that are too large.
    """

    def __init__(self, file: Stored) -> None:
        try:
            import pyarrow.parquet as pq
        except ImportError as error:
            raise DataError(f"{file.path} needs the library pyarrow: pip install 'saddlepoint[table]'") from error
        self.file = file
        self._lock = Lock()
        self._latest: tuple[int, Any] = (-1, None)
        _ = file.size
        try:
            with file.opened() as stream, pq.ParquetFile(stream) as opened:
                self._meta, schema = opened.metadata, opened.schema_arrow
            meta = self._meta
            check_swelling(meta.num_rows, file.size, f"the list of rows of {file.path}")
            groups = [meta.row_group(g) for g in range(meta.num_row_groups)]
            self._ends = np.cumsum([group.num_rows for group in groups])
            self._column = _column_of_images(schema, file)
            largest = max((group.total_byte_size for group in groups), default=0)
            if largest > GROUP:
                raise DataError(
                    f"{file.path} has {largest / 1e9:.1f} GB in one group of rows, which is read as a whole: write it "
                    f"with smaller ones (row_group_size=1000)"
                )
            self.names = Numbered(meta.num_rows)
            self.labels, self.classes = self._named(schema)
        except DataError:
            raise
        except Exception as error:  # pyarrow's own errors, and whatever a damaged file makes it raise
            raise DataError(
                f"{file.path} cannot be read ({_line(error)}): it is no Parquet file, or is damaged"
            ) from error

    def take(self, start: int, stop: int) -> list[Source]:
        """The images from start to before stop; a group of rows is kept until another is asked for."""
        found: list[Source] = []
        with self._lock:
            while start < stop:
                group = int(np.searchsorted(self._ends, start, "right"))
                first = int(self._ends[group - 1]) if group else 0
                end = min(stop, int(self._ends[group]))
                found += [_bytes(cell) for cell in self._group(group).slice(start - first, end - start).to_pylist()]
                start = end
        return found

    def _group(self, group: int) -> Any:
        if self._latest[0] != group:
            self._latest = (-1, None)  # the last one goes before the next comes
            try:
                column = self._read(group, self._column)
            except DataError:
                raise
            except Exception as error:
                raise DataError(f"{self.file.path} cannot be read ({_line(error)}): its rows are damaged") from error
            self._latest = group, column
        return self._latest[1]

    def _read(self, group: int, column: str) -> Any:
        import pyarrow.parquet as pq

        # Not kept open: there may be more shards than a process may have files.
        with self.file.opened() as stream, pq.ParquetFile(stream, metadata=self._meta) as opened:
            return opened.read_row_group(group, columns=[column]).column(0)

    def _named(self, schema: Any) -> tuple[list[str] | None, list[str] | None]:
        """The class of each row, and names of classes where the file has them (of Hugging Face)."""
        import pyarrow as pa

        names = {field.name.lower(): field.name for field in schema}
        column = next((names[key] for key in (*KEYS, "labels") if key in names), None)
        if column is None:
            return None, None
        kind = schema.field(column).type
        if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            return None, None
        values = [value for g in range(len(self._ends)) for value in self._read(g, column).to_pylist()]
        known = _known_classes(schema, column)
        if any(value is None or value == -1 or len(str(value)) > LONGEST for value in values):
            return None, None
        if known is not None and all(isinstance(value, int) and 0 <= value < len(known) for value in values):
            return [known[value] for value in values], known
        texts = {value: str(value) for value in values}
        return [texts[value] for value in values], None


def _column_of_images(schema: Any, file: Stored) -> str:
    import pyarrow as pa

    def holds(kind: Any) -> bool:
        if pa.types.is_struct(kind):
            return any(field.name == "bytes" and holds(field.type) for field in kind)
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))

    columns = [field.name for field in schema if holds(field.type)]
    if "image" in columns:
        return "image"
    if len(columns) == 1:
        return str(columns[0])
    held = ", ".join(schema.names[:20])
    raise DataError(
        f"{file.path} has {len(columns) or 'no'} columns with bytes of images among {held}: expected one, or "
        f"one called image"
    )


def _known_classes(schema: Any, column: str) -> list[str] | None:
    """Names of classes in what the Hugging Face library writes beside the schema."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        names = features[column]["names"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return None
    whole = isinstance(names, list) and all(isinstance(name, str) and len(name) <= LONGEST for name in names)
    return names if whole and len(set(names)) == len(names) else None


def _bytes(cell: Any) -> Source:
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    if not isinstance(content, bytes):
        return "no bytes in its row"
    return content if len(content) <= LARGEST else f"more than {LARGEST >> 20} MiB"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
