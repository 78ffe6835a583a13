"""Where tables come from: CSV files in any compression, Parquet, Excel, folders of parts, data frames, SQL queries.

Each gives its rows again and again, in pieces, so that no file is held as text.
"""

import csv
import io
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import IO, Any
from zipfile import is_zipfile

import numpy as np

from saddlepoint.data.damage import DAMAGE, Swelling, check_archive, check_swelling, reason
from saddlepoint.data.images import DataError
from saddlepoint.disk import found_at, is_disk_file, walk

#: Rows of a piece.
CHUNK = 50_000
#: Characters of one of the first lines.
LONGEST = 10_000_000
#: Lines by which a separator is found, and the share of them that has to agree.
LINES, AGREE = 200, 0.9
SEPARATORS = (",", ";", "\t", "|", " ")
#: Endings of files that a folder's parts have, before that of a compression.
TEXTS, PARQUETS, SHEETS = (".csv", ".tsv", ".txt"), (".parquet", ".pq"), (".xlsx", ".xlsm", ".xls", ".ods")
#: What the row names of R are called, which have no cell in the line of names.
ROW_NAMES = "row_names"
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
}
#: A column whose name this is holds nothing: every line ends with a separator.
_TRAILING = "\0"
Pieces = Callable[[frozenset[str]], Iterator[dict[str, Any]]]


@dataclass(frozen=True)
class Source:
    """Rows that can be read again and again.

    Attributes:
        called: what to call it: of a file its name.
        source: where it came from, a sentence.
        names: of the columns.
        pieces: reads it from the beginning, in pieces {column: values}: texts, a pandas Series, None where there is
            none; of moments and durations float64 seconds, NaN where there is none, but for the columns that it is
            given, which are texts in any case.
        separator: between the values of a line.
        stored: Arrow's types by column, where it has types.
        dtypes: pandas' types by column, of a data frame.
        levels: of categorical columns of a data frame all there may be, in their order.
        headers: how the file writes a name, where that is another one.
        notes: what was found out, a sentence each.
    """

    called: str
    source: str
    names: list[str]
    pieces: Pieces
    separator: str = ","
    stored: Mapping[str, str] = field(default_factory=dict)
    dtypes: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def open_files(
    paths: str | Path | Sequence[str | Path],
    *,
    separator: str | None = None,
    encoding: str = "utf-8",
    sheet: str | int | None = None,
    query: str | None = None,
) -> Source:
    """A file, a folder of parts, several files that have the same columns, or a database.

    Args:
        paths: of CSV, Parquet or Excel files; of a folder of such, in the order of their names; or the URL of a
            database as SQLAlchemy has it.
        separator: between a line's values; None finds it out.
        encoding: of CSV files.
        sheet: of an Excel file, by name or number; None is the first.
        query: of a database, in SQL.

    Raises:
        DataError: they can't be read as a table; or what reads them is not installed.
    """
    try:
        import pandas  # noqa: F401
    except ImportError as error:
        raise DataError("tables are read by pandas: pip install 'saddlepoint[table]'") from error
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if len(given) == 1 and "://" in str(given[0]):
        return _database(str(given[0]), query)
    if query is not None:
        raise DataError(
            f"data.query asks a database, and {given[0]} is a file: give the URL of a database, or no query"
        )
    files = [file for path in given for file in _files(Path(path).expanduser())]
    parts = [_opened(file, separator, encoding, sheet) for file in files]
    if len(parts) == 1 and len(given) == 1 and files[0] == Path(given[0]).expanduser():
        return parts[0]
    folder = Path(given[0]).expanduser()
    hive = folder.is_dir() and all(file.suffix.lower() in PARQUETS for file in files)
    if hive and any("=" in part for part in files[0].relative_to(folder).parts[:-1]):
        return _partitioned(folder, files)
    return _joined(parts, folder.name if folder.is_dir() else f"{files[0].name} and others", files)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        if any(mark in path.name for mark in "*?[") and path.parent.is_dir():
            matching = [file for file in sorted(path.parent.glob(path.name)) if is_disk_file(file)]
            if matching:
                return matching
        if found := found_at(path):
            raise DataError(f"{path} {found}: give the path of a CSV, Parquet or Excel file, or of a folder of such")
        return [path]
    endings = (*TEXTS, *PARQUETS)
    files = (place / name for place, names in walk(path) for name in names)
    tables = sorted(
        file
        for file in files
        if not any(part.startswith("_") for part in file.relative_to(path).parts)
        and (set(file.suffixes[-2:]) & set(endings) or file.suffix.lower() in SHEETS)
        and is_disk_file(file)
    )
    if not tables:
        raise DataError(f"{path} holds no table: put files there that end with {', '.join(endings)}")
    return tables


def _opened(path: Path, separator: str | None, encoding: str, sheet: str | int | None) -> Source:
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty: expected a line of column names, and rows")
    with path.open("rb") as file:
        magic = file.read(8)
    if magic[:4] == b"PAR1" or path.suffix.lower() in PARQUETS:
        return _parquet(path)
    if path.suffix.lower() in SHEETS:
        return _excel(path, sheet)
    return _csv(path, separator, encoding, magic)


def _joined(parts: Sequence[Source], called: str, files: Sequence[Path]) -> Source:
    first = parts[0]
    for part in parts[1:]:
        if sorted(part.names) != sorted(first.names):
            odd = sorted(set(part.names) ^ set(first.names))
            raise DataError(
                f"{part.called} and {first.called} have different columns ({', '.join(odd)}): give files that have the "
                f"same ones"
            )
        other = next((name for name in first.names if part.stored.get(name) != first.stored.get(name)), None)
        if other is not None:
            raise DataError(
                f"column {other!r} is {part.stored.get(other) or 'text'} in {part.called} and "
                f"{first.stored.get(other) or 'text'} in {first.called}: give files that have the same types"
            )

    def pieces(textual: frozenset[str]) -> Iterator[dict[str, Any]]:
        return chain.from_iterable(part.pieces(textual) for part in parts)

    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    source = f"The {len(files)} files {files[0]} to {files[-1].name}."
    return replace(first, called=called, source=source, pieces=pieces, notes=notes)


# --- text ---------------------------------------------------------------------------------------------


@contextmanager
def _bytes(path: Path, magic: bytes) -> Iterator[IO[bytes]]:
    """What a file holds, decompressed by what it begins with."""
    kind = next((kind for mark, kind in _COMPRESSED.items() if magic.startswith(mark)), None)
    if kind == "zip":
        from zipfile import ZipFile

        check_archive(path)
        with ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
            if len(names) != 1:
                raise DataError(f"{path} holds {len(names)} files: give an archive of one table, or a folder of them")
            with archive.open(names[0]) as file:
                yield file
    elif kind == "zstd":
        import pyarrow

        with pyarrow.input_stream(str(path), compression="zstd") as file:
            yield _unpacked(file, path)
    else:
        import bz2
        import gzip
        import lzma

        opener: Any = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open, None: open}[kind]
        with opener(path, "rb") as file:
            yield file if kind is None else _unpacked(file, path)


def _unpacked(file: Any, path: Path) -> IO[bytes]:
    return io.BufferedReader(Swelling(file, path.stat().st_size, str(path)), 1 << 20)


def _csv(path: Path, separator: str | None, encoding: str, magic: bytes) -> Source:
    import pandas

    utf8 = encoding.lower().replace("-", "") == "utf8"
    if magic[:2] in (b"\xff\xfe", b"\xfe\xff") and utf8:
        encoding, utf8 = "utf-16", False
    encoding = "utf-8-sig" if utf8 else encoding
    wrong = (
        f"{path} is not text in the encoding {encoding.removesuffix('-sig')} ({{}}): give its own, as in "
        f"--set data.encoding=latin-1, or save it as UTF-8"
    )
    try:
        with _bytes(path, magic) as file, io.TextIOWrapper(file, encoding=encoding, newline="") as text:
            lines: list[str] = []
            while len(lines) < LINES and (line := text.readline(LONGEST + 1)):
                _check_line(len(line), path)
                lines.append(line)
            blank = next((place for place, line in enumerate(lines) if line.strip()), 0)
            own, written, found = _columns(lines[blank:], separator)
    except (UnicodeError, LookupError) as error:
        raise DataError(wrong.format(error)) from error
    except (StopIteration, csv.Error, ValueError, *DAMAGE) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{path} has no line of column names ({reason(error) or 'it is empty'}): give a CSV file"
        ) from error
    named = told_apart([name.strip() for name in written if name != _TRAILING])
    check_names(path, named.given)
    names = [*named.names, *written[len(named.names) :]]

    def pieces(textual: frozenset[str]) -> Iterator[dict[str, Any]]:  # noqa: ARG001
        try:
            with (
                warnings.catch_warnings(),
                _bytes(path, magic) as file,
                io.TextIOWrapper(file, encoding=encoding, newline="") as text,
                pandas.read_csv(
                    _Lines(text, path),
                    sep=own,
                    header=None,
                    skiprows=blank + 1,
                    names=names,
                    dtype=str,
                    keep_default_na=False,
                    index_col=False,
                    skip_blank_lines=False,
                    skipinitialspace=own == " ",
                    chunksize=CHUNK,
                ) as reader,
            ):
                warnings.simplefilter("error", pandas.errors.ParserWarning)
                for frame in reader:
                    yield {name: frame[name] for name in names if name != _TRAILING}
        except UnicodeError as error:
            raise DataError(wrong.format(error)) from error
        except (pandas.errors.ParserError, pandas.errors.ParserWarning, *DAMAGE) as error:
            raise DataError(
                f"{path} can't be read as a table of {len(names)} columns separated by {own!r} ({reason(error)}): "
                f"mend that line, or give the separator by --set data.separator"
            ) from error

    headers = {name: header for name, header in zip(named.names, written, strict=False) if name != header}
    notes = (*found, *named.notes)
    return Source(path.name, f"The file {path}.", named.names, pieces, own, headers=headers, notes=notes)


class _Lines:
    """A text file without the blank lines that it ends with; such as stand within it are rows without values."""

    def __init__(self, file: IO[str], path: Path) -> None:
        self._file, self._path, self._held, self._line = file, path, "", 0

    def read(self, size: int = -1) -> str:
        """At least one character more, "" at the end. Raises DataError for a line that is too long."""
        while True:
            new = self._file.read(size)
            if not new:
                return ""
            last = max(new.rfind("\n"), new.rfind("\r"))
            self._line = self._line + len(new) if last < 0 else len(new) - last - 1
            _check_line(self._line, self._path)
            text = self._held + new
            own = text.rstrip("\r\n")
            self._held = text[len(own) :]
            if own:
                return own

    def __iter__(self) -> Iterator[str]:
        yield from iter(self.read, "")


def _check_line(length: int, path: Path) -> None:
    if length > LONGEST:
        raise DataError(f"{path} has a line of more than {LONGEST:,} characters: give a CSV file of lines")


def _columns(lines: list[str], separator: str | None) -> tuple[str, list[str], tuple[str, ...]]:
    """The separator, the columns' names, and what there is to say of them, by the first lines."""
    found = {}
    for mark in (separator,) if separator else SEPARATORS:
        rows = [row for row in _rows(lines, mark) if row]
        if len(rows) < 2:
            continue
        widths = Counter(len(row) for row in rows[1:])
        width, count = widths.most_common(1)[0]
        if width > 1 and len(rows[0]) in (width, width - 1) and count >= AGREE * (len(rows) - 1):
            # A comma may be of decimals, and a space of anything.
            found[mark] = (count == len(rows) - 1 and len(rows[0]) == width, mark != " ", mark != ",", width)
    own = separator or (max(found, key=lambda mark: found[mark]) if found else None)
    if own is None:
        own = max(SEPARATORS[:-1], key=lines[0].count)
    rows = [row for row in _rows(lines, own) if row]
    names = rows[0]
    if own not in found or found[own][-1] == len(names):
        return own, names, ()
    if all(row[-1].strip() == "" for row in rows[1:] if len(row) == len(names) + 1):
        return own, [*names, _TRAILING], ()
    note = f"The line of names has one cell less than the rows, as R writes it: the first column is called {ROW_NAMES}."
    return own, [ROW_NAMES, *names], (note,)


def _rows(lines: list[str], separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(lines, delimiter=separator, skipinitialspace=separator == " "))
    except csv.Error:
        return rows
    # The last may go on in a line that was not read.
    return rows[:-1] if len(lines) == LINES and len(rows) > 2 else rows


@dataclass(frozen=True)
class Names:
    """Names of columns, all different.

    Attributes:
        names: of the columns.
        given: what they were before.
        notes: what was changed, a sentence each.
    """

    names: list[str]
    given: list[str]
    notes: tuple[str, ...] = ()


def told_apart(given: Sequence[str]) -> Names:
    """Names as pandas gives them to columns that share one, and to such as have none.

    >>> told_apart(["id", "name", "name", ""]).names
    ['id', 'name', 'name.1', 'Unnamed: 3']
    """
    names: dict[str, int] = {}
    for place, name in enumerate(given):
        own = first = name or f"Unnamed: {place}"
        number = 0
        while own in names or (own != name and own in given):
            number += 1
            own = f"{first}.{number}"
        names[own] = place
    changed = [(own, given[place]) for own, place in names.items() if own != given[place]]
    notes = []
    if alike := [own for own, name in changed if name]:
        notes.append(f"Of columns with one name all but the first are called {', '.join(alike)}; CSV files keep it.")
    if unnamed := [own for own, name in changed if not name]:
        notes.append(f"Columns without a name are called {', '.join(unnamed)}; CSV files have none.")
    return Names(list(names), list(given), tuple(notes))


def check_names(what: object, names: Sequence[str]) -> None:
    """Raise DataError where names are none, but values."""
    if "\0" in "".join(names):
        raise DataError(f"{what} is no text: give a CSV or Parquet file")
    numbers = [name for name in names if _is_number(name)]
    # Years and counted columns are names; values stand in no order.
    values = [float(name) for name in numbers]
    ordered = values in (sorted(set(values)), sorted(set(values), reverse=True))
    counted = len(values) > 2 and values == [values[0] + step for step in range(len(values))]
    if len(names) > 1 and (not counted if len(numbers) == len(names) else len(numbers) > 1 and not ordered):
        raise DataError(f"{what} begins with numbers, {', '.join(numbers[:3])}: its first line is to name the columns")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# --- typed --------------------------------------------------------------------------------------------


def _parquet(path: Path) -> Source:
    pyarrow, parquet = _arrow()
    try:
        file = parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(
            f"{path} can't be read as Parquet ({reason(error)}): it is damaged or something else; save it anew"
        ) from error
    check_swelling(file.metadata.num_rows, path.stat().st_size, f"the list of rows of {path}")
    schema = file.schema_arrow
    check_names(path, list(schema.names))
    _check_types(path, schema)
    named = told_apart(schema.names)
    return Source(
        path.name,
        f"The file {path}.",
        named.names,
        _batches(path, lambda: parquet.ParquetFile(path).iter_batches(CHUNK), named.names),
        stored=_stored(schema, named.names),
        headers=_headers(named),
        notes=named.notes,
    )


def _partitioned(folder: Path, files: Sequence[Path]) -> Source:
    """Parts in folders that are named after a value, as year=2021/part-0.parquet is."""
    pyarrow, _ = _arrow()
    from pyarrow import dataset

    try:
        parts = dataset.dataset(
            [str(file) for file in files],
            format="parquet",
            partitioning=dataset.partitioning(flavor="hive"),
            partition_base_dir=str(folder),
        )
        schema = parts.schema
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{folder} can't be read as Parquet ({error})") from error
    _check_types(folder, schema)

    def batches() -> Iterator[Any]:
        yield from parts.to_batches(batch_size=CHUNK, use_threads=False, batch_readahead=1, fragment_readahead=1)

    source = f"The {len(files)} files in {folder}."
    names = list(schema.names)
    return Source(folder.name, source, names, _batches(folder, batches, names), stored=_stored(schema, names))


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise DataError("Parquet files are read by pyarrow: pip install 'saddlepoint[table]'") from error
    return pyarrow, parquet


def _batches(what: object, batches: Callable[[], Iterator[Any]], names: Sequence[str]) -> Pieces:
    def pieces(textual: frozenset[str]) -> Iterator[dict[str, Any]]:
        import pyarrow

        try:
            for batch in batches():
                yield {
                    name: values_of(array, name in textual) for name, array in zip(names, batch.columns, strict=True)
                }
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(
                f"{what} can't be read as Parquet ({reason(error)}): it is damaged; save it anew"
            ) from error

    return pieces


def given_rows(given: Any, called: str = "", source: str = "Given in Python.") -> Source:
    """A pandas DataFrame or a pyarrow Table. Raises DataError where it is neither."""
    try:
        import pandas
        import pyarrow
    except ImportError as error:
        raise DataError("data frames are read by pandas and pyarrow: pip install 'saddlepoint[table]'") from error
    called = called or f"the {type(given).__name__}"
    dtypes: dict[str, str] = {}
    if isinstance(given, pandas.DataFrame):
        named = told_apart([str(name) for name in given.columns])
        names = named.names
        dtypes = {name: str(dtype) for name, dtype in zip(names, given.dtypes, strict=True)}
        arrays = [_arrow_array(given.iloc[:, place]) for place in range(len(names))]
        given = pyarrow.table(arrays, names=names)
    elif not isinstance(given, pyarrow.Table):
        raise DataError(f"rows are a pandas DataFrame, a pyarrow Table or the path of a file, not {called[4:]}")
    else:
        named = told_apart(given.column_names)
    names = named.names
    if not names:
        raise DataError(f"{called} has no columns: give a table with a line of names, and rows")
    _check_types(called, given.schema)
    levels = {
        name: tuple(str(text) for text in column.chunk(0).dictionary.cast(pyarrow.string()).to_pylist())
        for name, column in zip(names, given.columns, strict=True)
        if pyarrow.types.is_dictionary(column.type) and column.num_chunks
    }
    return Source(
        called,
        source,
        names,
        _batches(called, lambda: iter(given.to_batches(CHUNK)), names),
        stored=_stored(given.schema, names),
        dtypes=dtypes,
        levels=levels,
        headers=_headers(named),
        notes=named.notes,
    )


def _arrow_array(values: Any) -> Any:
    """A column of a data frame; what Arrow has no type for as texts."""
    import pyarrow

    try:
        array = pyarrow.Array.from_pandas(values)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        array = None
    if array is None or isinstance(array.type, pyarrow.ExtensionType | pyarrow.BaseExtensionType):
        return pyarrow.array([None if gone else str(value) for value, gone in zip(values, values.isna(), strict=True)])
    return array


def _excel(path: Path, sheet: str | int | None) -> Source:
    import pandas

    try:
        if is_zipfile(path):
            check_archive(path)
        # As objects, so that cells of text stay text: 00123 is a code.
        frame = pandas.read_excel(path, sheet_name=0 if sheet is None else sheet, dtype=object)
    except ImportError as error:
        raise DataError("Excel files are read by openpyxl: pip install 'saddlepoint[excel]'") from error
    except DataError:
        raise
    except ValueError as error:
        raise DataError(
            f"{path} can't be read as an Excel file ({error}): give data.sheet the name of a sheet"
        ) from error
    except Exception as error:  # openpyxl raises what its parts raise
        raise DataError(f"{path} can't be read as an Excel file ({reason(error)}): save it anew, or as CSV") from error
    if len(frame.columns):
        check_names(path, [str(name) for name in frame.columns])
    own = given_rows(frame, path.name, f"The file {path}.")
    return replace(own, dtypes={})


def _database(url: str, query: str | None) -> Source:
    try:
        import sqlalchemy
    except ImportError as error:
        raise DataError("databases are asked through SQLAlchemy: pip install 'saddlepoint[sql]'") from error
    import pandas

    try:
        engine = sqlalchemy.create_engine(url)
        shown = engine.url.render_as_string(hide_password=True)
        if query is None:
            tables = ", ".join(sqlalchemy.inspect(engine).get_table_names()) or "none"
            raise DataError(
                f'{shown} is a database: say what to read, --set "data.query=SELECT * FROM T"; tables: {tables}'
            )

        def frames() -> Iterator[Any]:
            with engine.connect() as connection:
                asked = sqlalchemy.text(query)
                yield from pandas.read_sql(asked, connection, chunksize=CHUNK, dtype_backend="pyarrow")

        first = next(frames(), None)
    except DataError:
        raise
    except (sqlalchemy.exc.SQLAlchemyError, ImportError, ValueError, OSError) as error:
        raise DataError(
            f"the database can't be asked ({reason(error)}): check its URL, its driver and data.query"
        ) from error
    if first is None or not len(first):
        raise DataError(f"{shown}: the query gives no rows")
    head = given_rows(first, "the query")
    names = head.names

    def batches() -> Iterator[Any]:
        import pyarrow

        for frame in frames():
            arrays = [_arrow_array(frame.iloc[:, place]) for place in range(len(names))]
            yield from pyarrow.table(arrays, names=names).to_batches(CHUNK)

    return Source(
        "the query",
        f"The query {query!r} of {shown}.",
        names,
        _batches("the query", batches, names),
        stored=head.stored,
        headers=head.headers,
        notes=head.notes,
    )


def _stored(schema: Any, names: Sequence[str]) -> dict[str, str]:
    return {name: str(column.type) for name, column in zip(names, schema, strict=True)}


def _headers(named: Names) -> dict[str, str]:
    return {name: header for name, header in zip(named.names, named.given, strict=True) if name != header}


def _check_types(what: object, schema: Any) -> None:
    import pyarrow

    for column in schema:
        if pyarrow.types.is_nested(column.type):
            raise DataError(f"{what}: column {column.name!r} holds {column.type}: give columns of single values")


def values_of(array: Any, textual: bool = False) -> Any:
    """An Arrow array as float64 seconds where it is of moments or durations, else as a Series of texts."""
    import pyarrow

    types, kind = pyarrow.types, array.type
    if types.is_dictionary(kind):
        array, kind = array.dictionary_decode(), kind.value_type
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        raise DataError("a column holds bytes: save it as text, or leave it out")
    if not textual and types.is_temporal(kind) and not types.is_interval(kind):
        return seconds_of(array)
    return array.cast(pyarrow.string()).to_pandas()


def seconds_of(array: Any) -> Any:
    """Seconds of an Arrow array of dates, times of day, moments or durations, float64, NaN where there is none."""
    import pyarrow

    kind = array.type
    scale = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
    if pyarrow.types.is_date32(kind):
        whole, unit = array.cast(pyarrow.int32()).cast(pyarrow.int64()), 1 / 86_400
    elif pyarrow.types.is_time32(kind):
        whole, unit = array.cast(pyarrow.int32()).cast(pyarrow.int64()), scale[kind.unit]
    else:
        whole, unit = array.cast(pyarrow.int64()), scale["ms" if pyarrow.types.is_date64(kind) else kind.unit]
    gone = whole.is_null().to_numpy(zero_copy_only=False)
    values = whole.fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64) / unit
    return np.where(gone, np.nan, values)
