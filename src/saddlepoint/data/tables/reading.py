"""Readers of tables, CSV, Parquet and data frames: two passes in pieces, so that no file is held as text.

The first pass looks at every column and finds its kind; the second keeps numbers as float64 and texts as int32 codes.
The rules, where nothing is said by `kinds`:

    number      every value is one, no value begins with a superfluous 0 (a zip code does); or four of five are, and the
                others are at most twenty words, which are kept as words (mixed)
    integer     the numbers are whole
    date        every value has one of `FORMATS`; where day and month could be either, the month comes first
    constant    one value in every row, or no value in any
    category    everything else; and whole numbers that are no more than ten, each ten times on average
    identifier  texts of which nine of ten are different, or more than `MOST`; whole numbers that rise with every row
"""

import csv
import gzip
import shlex
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.collection import OnRead
from saddlepoint.data.images import DataError
from saddlepoint.data.tables.columns import (
    KINDS,
    CategoryColumn,
    Cells,
    Column,
    ConstantColumn,
    DateColumn,
    IdentifierColumn,
    NumberColumn,
    shape_of,
)
from saddlepoint.data.tables.table import TableData

#: What means that there is no value; spaces around it don't count.
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")
#: Ways to write a date, the likelier first.
FORMATS = (
    *("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"),
    *("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S"),
    *("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d-%m-%Y"),
)
#: Rows of a piece.
CHUNK = 50_000
#: Fewest rows that are a table, and that tell identifiers from categories.
FEWEST, TELLING = 10, 20
#: Words that may stand among numbers, and the share of numbers beside them.
WORDS, NUMBERS = 20, 0.8
#: Whole numbers up to so many different ones are a category, where each is there so often on average.
FEW, OFTEN = 10, 10
#: Categories of a column, at most, and the share of different values from which texts are identifiers.
MOST, UNLIKE = 200_000, 0.9
#: Whole numbers beyond are not told apart by float64.
EXACT = 2**53
_SEPARATORS = ",;\t|"
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_SUPERFLUOUS = r"[+-]?0\d.*"
Texts = NDArray[np.object_]


def read_table(
    path: str | Path,
    *,
    kinds: Mapping[str, str] | None = None,
    missing: Sequence[str] = MISSING,
    separator: str | None = None,
    encoding: str = "utf-8",
    progress: OnRead | None = None,
) -> TableData:
    """Read a CSV file (.csv, .tsv, .txt, also with .gz) or a Parquet file; the module says by which rules.

    Args:
        path: the file.
        kinds: of columns, by name, in place of what would be inferred; one of `KINDS`.
        missing: what means that there is no value.
        separator: between a line's values; None takes the most frequent of , ; tab | in the first line.
        encoding: of a CSV file.
        progress: told how many rows were read in both passes; how many there are is known in the second.

    Raises:
        DataError: the file can't be read as a table, or a column not as it was declared; pandas is not installed.
    """
    path = Path(path).expanduser()
    return _read(_opened(path, separator, encoding), kinds or {}, missing, progress)


def read_frame(given: Any, *, kinds: Mapping[str, str] | None = None, missing: Sequence[str] = MISSING) -> TableData:
    """The table of a pandas DataFrame or a pyarrow Table, by the same rules; an index is left out.

    Args:
        given: the frame; its names are read as texts.
        kinds: of columns, by name, in place of what would be inferred; one of `KINDS`.
        missing: texts that mean that there is no value, beside None and NaN.

    Raises:
        DataError: it is neither, or can't be read as a table; pandas or pyarrow is not installed.
    """
    return _read(_given(given), kinds or {}, missing, None)


def _read(file: "_File", kinds: Mapping[str, str], missing: Sequence[str], progress: OnRead | None) -> TableData:
    for name, kind in kinds.items():
        if name not in file.names:
            raise DataError(f"{file.called} has no column {name!r}: its columns are {', '.join(file.names)}")
        if kind not in KINDS:
            raise DataError(f"there is no kind {kind!r} of column {name!r}: give one of {', '.join(KINDS)}")
    said, rows = progress or (lambda *_: None), 0
    looks = {name: _Look(frozenset(missing)) for name in file.names}
    for piece in file.pieces():
        for name, look in looks.items():
            look.see(_Piece(piece[name]))
        rows += len(piece[file.names[0]])
        said(rows, 0)
    if rows < FEWEST:
        raise DataError(f"{file.called} has {rows} row{'s' * (rows != 1)}: a table to learn from has at least {FEWEST}")
    plans = {name: _plan(file.called, name, look, kinds.get(name)) for name, look in looks.items()}
    done = 0
    for piece in file.pieces():
        for name, plan in plans.items():
            plan.keep(_Piece(piece[name]))
        done += len(piece[file.names[0]])
        said(done, rows)
    columns, cells, notes = [], {}, []
    for name, plan in plans.items():
        column, own = plan.finish(file.stored.get(name, ""), name in kinds)
        columns.append(column)
        cells[name] = own
        notes += _notes(column, own, looks[name])
    if not any(column.kind in ("number", "date", "category") for column in columns):
        raise DataError(f"{file.called}: every column is constant, empty or an identifier: there is nothing to learn")
    kinds_said = "; ".join(f"{column.name}: {column.described}" for column in columns)
    return TableData(
        file.called.partition(".")[0],
        tuple(columns),
        cells,
        file.source,
        file.separator,
        (f"Columns: {kinds_said}.", another_kind(columns, "category"), *notes),
    )


def another_kind(columns: Sequence[Column], kind: str) -> str:
    """How to say that a column is of another kind, a sentence; `kind` for example."""
    name = next((column.name for column in columns if "." not in column.name), "NAME")
    example = shlex.quote(f"data.columns.{name}={kind}")
    return f"Another kind of a column ({', '.join(KINDS)}), as in: --set {example}"


def _notes(column: Column, cells: Cells, look: "_Look") -> list[str]:
    absent = int(cells.absent.sum()) if column.kind not in ("constant", "identifier") else 0
    notes = [f"{column.name}: {absent:,} of {len(cells):,} values are missing."] if absent else []
    if isinstance(column, ConstantColumn) and not look.present:
        notes.append(f"{column.name} has no value in any row: it is written empty.")
    if column.kind == "identifier":
        notes.append(f"{column.name} tells rows apart and is not learnt: made rows get new ones.")
    return notes


# --- files --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    """Rows that can be read again and again, in pieces {column: texts}, None where there is no value.

    Attributes:
        called: what to call it: of a file its name.
        source: where it came from, a sentence.
        names: of the columns.
        pieces: reads it from the beginning.
        separator: between the values of a line.
        stored: Arrow's types by column, where it has types.
    """

    called: str
    source: str
    names: list[str]
    pieces: Callable[[], Iterator[dict[str, Any]]]
    separator: str = ","
    stored: Mapping[str, str] = field(default_factory=dict)


def _opened(path: Path, separator: str | None, encoding: str) -> _File:
    if not path.is_file():
        raise DataError(f"{path} is no file: give the path of a CSV or Parquet file")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty: expected a line of column names, and rows")
    try:
        import pandas  # noqa: F401
    except ImportError as error:
        raise DataError("tables are read by pandas: pip install 'saddlepoint[table]'") from error
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1" or path.suffix.lower() in (".parquet", ".pq"):
        return _parquet(path)
    return _csv(path, separator, encoding, magic)


def _csv(path: Path, separator: str | None, encoding: str, magic: bytes) -> _File:
    import pandas

    if magic[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding.lower().replace("-", "") == "utf8":
        encoding = "utf-16"
    encoding = "utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding
    wrong = (
        f"{path} is not text in the encoding {encoding.removesuffix('-sig')} ({{}}): give its own, as in "
        f"--set data.encoding=latin-1, or save it as UTF-8"
    )
    try:
        with (gzip.open if magic[:2] == b"\x1f\x8b" else open)(path, "rt", encoding=encoding, newline="") as text:
            head = text.readline()
            own = separator or max(_SEPARATORS, key=head.count)
            text.seek(0)
            names = [name.strip() for name in next(csv.reader(text, delimiter=own))]
    except (UnicodeError, LookupError) as error:
        raise DataError(wrong.format(error)) from error
    except (StopIteration, OSError, EOFError, csv.Error) as error:
        raise DataError(f"{path} has no line of column names ({error or 'it is empty'}): give a CSV file") from error
    _check_names(path, names)

    def pieces() -> Iterator[dict[str, Any]]:
        try:
            with (
                warnings.catch_warnings(),
                pandas.read_csv(
                    path,
                    sep=own,
                    encoding=encoding,
                    header=0,
                    names=names,
                    dtype=str,
                    keep_default_na=False,
                    index_col=False,
                    chunksize=CHUNK,
                    compression="gzip" if magic[:2] == b"\x1f\x8b" else None,
                ) as reader,
            ):
                warnings.simplefilter("error", pandas.errors.ParserWarning)
                for frame in reader:
                    yield {name: frame[name] for name in names}
        except UnicodeError as error:
            raise DataError(wrong.format(error)) from error
        except (pandas.errors.ParserError, pandas.errors.ParserWarning, EOFError, OSError) as error:
            reason = " ".join(str(error).split())
            raise DataError(
                f"{path} can't be read as a table of {len(names)} columns separated by {own!r} ({reason}): "
                f"mend that line, or give the separator by --set data.separator"
            ) from error

    return _File(path.name, f"The file {path}.", names, pieces, own)


def _check_unique(what: object, names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{what} has {Counter(names)[twice[0]]} columns called {twice[0]!r}: give each its own name")


def _check_names(path: Path, names: list[str]) -> None:
    _check_unique(path, names)
    if "\0" in "".join(names):
        raise DataError(f"{path} is no text: give a CSV or Parquet file")
    if len(names) > 1 and all(_is_number(name) for name in names):
        raise DataError(f"{path} begins with numbers, {', '.join(names[:3])}: its first line is to name the columns")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parquet(path: Path) -> _File:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise DataError("Parquet files are read by pyarrow: pip install 'saddlepoint[table]'") from error
    try:
        file = parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} can't be read as Parquet ({error}): it is damaged or something else") from error
    schema = file.schema_arrow
    _check_names(path, list(schema.names))
    _check_types(path, schema)

    def pieces() -> Iterator[dict[str, Any]]:
        try:
            for batch in parquet.ParquetFile(path).iter_batches(CHUNK):
                yield {
                    name: _as_texts(array).to_pandas() for name, array in zip(schema.names, batch.columns, strict=True)
                }
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(f"{path} can't be read as Parquet ({error}): it is damaged") from error

    return _File(path.name, f"The file {path}.", list(schema.names), pieces, stored=_stored(schema))


def _given(given: Any) -> _File:
    """A pandas DataFrame or a pyarrow Table."""
    try:
        import pandas
        import pyarrow
    except ImportError as error:
        raise DataError("data frames are read by pandas and pyarrow: pip install 'saddlepoint[table]'") from error
    called = f"the {type(given).__name__}"
    if isinstance(given, pandas.DataFrame):
        names = [str(name) for name in given.columns]
        _check_unique(called, names)
        given = pyarrow.table([_arrow_array(given.iloc[:, place]) for place in range(len(names))], names=names)
    elif not isinstance(given, pyarrow.Table):
        raise DataError(f"rows are a pandas DataFrame, a pyarrow Table or the path of a file, not {called[4:]}")
    names = list(given.column_names)
    _check_unique(called, names)
    if not names:
        raise DataError(f"{called} has no columns")
    _check_types(called, given.schema)
    table = pyarrow.table([_coarsest(column) for column in given.columns], names=names)

    def pieces() -> Iterator[dict[str, Any]]:
        for batch in table.to_batches(CHUNK):
            yield {name: _as_texts(array).to_pandas() for name, array in zip(names, batch.columns, strict=True)}

    return _File(called, "Given in Python.", names, pieces, stored=_stored(given.schema))


def _arrow_array(values: Any) -> Any:
    """A column of a data frame: times of a zone in UTC, durations in seconds, and of mixed types as texts."""
    import pyarrow

    if values.dtype.kind == "m":
        values = values.dt.total_seconds()
    elif getattr(values.dtype, "tz", None) is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    try:
        return pyarrow.Array.from_pandas(values)
    except (pyarrow.ArrowException, TypeError):
        return pyarrow.array([None if gone else str(value) for value, gone in zip(values, values.isna(), strict=True)])


def _coarsest(column: Any) -> Any:
    """Times as days or seconds where they are whole ones; other columns as they are."""
    import pyarrow

    if pyarrow.types.is_timestamp(column.type):
        for kind in (pyarrow.date32(), pyarrow.timestamp("s")):
            coarse = column.cast(kind, safe=False)
            if coarse.cast(column.type).equals(column):
                return coarse
    return column


def _stored(schema: Any) -> dict[str, str]:
    return {column.name: str(column.type) for column in schema}


def _check_types(what: object, schema: Any) -> None:
    import pyarrow

    for column in schema:
        if pyarrow.types.is_nested(column.type):
            raise DataError(f"{what}: column {column.name!r} holds {column.type}: give columns of single values")


def _as_texts(array: Any) -> Any:
    import pyarrow

    if pyarrow.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pyarrow.types.is_binary(array.type):
        raise DataError("a column holds bytes: save it as text, or leave it out")
    return array.cast(pyarrow.string())


# --- the first pass -----------------------------------------------------------------------------------


class _Piece:
    """One column of a piece: its different texts, how often each is there, and where."""

    def __init__(self, series: Any) -> None:
        import pandas

        codes, raw = pandas.factorize(series)
        texts = np.asarray(raw, dtype=object)
        if (codes < 0).any():  # Parquet's nulls, and what short lines lack
            codes, texts = np.where(codes < 0, len(texts), codes), np.append(texts, "")
        self.codes = codes.astype(np.int64)
        self.raw = texts
        self.texts: Texts = np.array([text.strip() for text in texts], dtype=object)
        self.counts = np.bincount(self.codes, minlength=len(texts))

    def absent(self, missing: frozenset[str]) -> NDArray[np.bool_]:
        """Which of the different texts mean that there is no value."""
        return np.fromiter((text in missing for text in self.texts), bool, len(self.texts))

    def numbers(self) -> NDArray[np.float64]:
        """The different texts as numbers, NaN where one is none."""
        import pandas

        texts = pandas.Series(self.texts, dtype="str")
        parsed = pandas.to_numeric(texts.where(texts.str.fullmatch(_NUMBER)), errors="coerce")
        values = parsed.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)


class _Look:
    """What the first pass finds out about a column."""

    def __init__(self, missing: frozenset[str]) -> None:
        self.missing = missing
        self.absent: Counter[str] = Counter()
        self.words: Counter[str] | None = Counter()
        self.few: set[str] | None = set()
        self.formats: list[str] | None = list(FORMATS)
        self.present = self.numeric = self.padded = 0
        self.pad: str | None = None
        self.whole = self.rising = True
        self.superfluous = self.exponent = False
        self.least, self.most = 99, 0
        self.low, self.high, self.last = np.inf, -np.inf, -np.inf

    def see(self, piece: _Piece) -> None:
        """A piece more."""
        absent = piece.absent(self.missing)
        for text, count in zip(piece.texts[absent], piece.counts[absent], strict=True):
            self.absent[text] += int(count)
        present = ~absent & (piece.counts > 0)
        self._pads(piece.raw[present])
        self.present += int(piece.counts[present].sum())
        if self.few is not None:
            self.few.update(piece.texts[present][: FEW + 1])
            if len(self.few) > FEW:
                self.few = None
        values = piece.numbers()
        numeric = present & ~np.isnan(values)
        self.numeric += int(piece.counts[numeric].sum())
        self._numbers(piece.texts[numeric], values[numeric])
        if self.rising:
            ordered = np.concatenate([[self.last], values[piece.codes]])
            self.rising = bool((np.diff(ordered) > 0).all())
            self.last = ordered[-1]
        others = present & ~numeric
        if self.words is not None:
            for text, count in zip(piece.texts[others][: WORDS + 1], piece.counts[others], strict=False):
                self.words[text] += int(count)
            if others.sum() > WORDS or len(self.words) > WORDS:
                self.words = None
        if self.formats:
            self._dates(piece.texts[present])

    def _pads(self, raw: Texts) -> None:
        for text in raw:
            pad = text[: len(text) - len(text.lstrip(" "))]
            if self.pad is None:
                self.pad = pad
            elif pad != self.pad:
                self.pad = ""
                return

    def _numbers(self, texts: Texts, values: NDArray[np.float64]) -> None:
        if not len(values):
            return
        import pandas

        series = pandas.Series(texts, dtype="str")
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        self.superfluous = self.superfluous or bool(series.str.fullmatch(_SUPERFLUOUS).any())
        self.exponent = self.exponent or bool(series.str.contains("[eE]").any())
        self.whole = self.whole and bool((values == np.rint(values)).all())
        dots = series.str.find(".").to_numpy()
        places = np.where(dots < 0, 0, series.str.len().to_numpy() - dots - 1)
        self.least, self.most = min(self.least, int(places.min())), max(self.most, int(places.max()))

    def _dates(self, texts: Texts) -> None:
        assert self.formats is not None
        # One first: most formats fail on it.
        self.formats = [form for form in self.formats if _dated(texts[:1], form) and _dated(texts, form)]


def _dated(texts: Texts, form: str) -> bool:
    import pandas

    return bool(pandas.to_datetime(pandas.Series(texts), format=form, errors="coerce").notna().all())


# --- the second pass ----------------------------------------------------------------------------------


def _plan(file: str, name: str, look: _Look, kind: str | None) -> "_Numbers | _Dates | _Texts | _Nothing":
    numeric, dated = look.numeric == look.present, bool(look.formats)
    if kind in ("number", "integer"):
        if (look.words is None and look.numeric < NUMBERS * look.present) or not look.numeric:
            raise DataError(
                f"{file}: column {name!r} was declared {kind}, but {look.present - look.numeric:,} of "
                f"{look.present:,} values are no numbers: leave it a category, or name what is missing by data.missing"
            )
        return _Numbers(name, look, kind == "integer")
    if kind == "date":
        if not dated or not look.present:
            raise DataError(f"{file}: column {name!r} was declared date, and has none of {', '.join(FORMATS[:4])} …")
        return _Dates(name, look)
    if kind == "category":
        return _Texts(name, look, forced=True)
    if kind == "identifier":
        return _Nothing(name, look)
    if not look.present:
        return _Texts(name, look)
    if look.superfluous or (look.whole and max(-look.low, look.high) > EXACT):
        return _Texts(name, look)
    few = look.few is not None and numeric and look.whole and look.present >= OFTEN * len(look.few)
    if few or (look.few is not None and len(look.few) == 1):
        return _Texts(name, look)
    if numeric and look.whole and look.rising and not look.absent and look.present >= TELLING:
        return _Nothing(name, look)
    if numeric or (look.words is not None and look.numeric >= NUMBERS * look.present):
        return _Numbers(name, look, look.whole and not look.exponent and look.most == 0)
    return _Dates(name, look) if dated else _Texts(name, look)


class _Numbers:
    """Keeps float64, and which word stands where there is none."""

    def __init__(self, name: str, look: _Look, integer: bool) -> None:
        self.name, self.look, self.integer = name, look, integer
        words = look.absent + (look.words or Counter())
        self.absent = tuple(word for word, _ in sorted(words.items(), key=lambda item: (-item[1], item[0])))
        self._places = {word: place for place, word in enumerate(self.absent)}
        self._values: list[NDArray[np.float64]] = []
        self._marks: list[NDArray[np.int8]] = []

    def keep(self, piece: _Piece) -> None:
        """A piece more."""
        values = np.where(piece.absent(self.look.missing), np.nan, piece.numbers())
        self._values.append(values[piece.codes])
        if len(self.absent) > 1:
            marks = np.array([self._places.get(text, 0) for text in piece.texts], dtype=np.int8)
            self._marks.append(np.where(np.isnan(values), marks, 0).astype(np.int8)[piece.codes])

    def finish(self, stored: str, forced: bool) -> tuple[Column, Cells]:  # noqa: ARG002
        """The column."""
        look = self.look
        places = (0, 0) if self.integer else () if look.exponent or look.most > 12 else (look.least, look.most)
        column = NumberColumn(self.name, look.pad or "", self.absent, stored, look.low, look.high, places)
        return column, Cells(np.concatenate(self._values), np.concatenate(self._marks) if self._marks else None)


class _Dates:
    """Keeps seconds."""

    def __init__(self, name: str, look: _Look) -> None:
        assert look.formats
        self.name, self.look, self.format = name, look, look.formats[0]
        self._values: list[NDArray[np.float64]] = []

    def keep(self, piece: _Piece) -> None:
        """A piece more."""
        import pandas

        texts = piece.texts.copy()
        texts[piece.absent(self.look.missing)] = None
        moments = pandas.to_datetime(pandas.Series(texts, dtype="str"), format=self.format).astype("datetime64[us]")
        seconds = moments.to_numpy().astype(np.int64) / 1e6
        self._values.append(np.where(moments.isna(), np.nan, seconds)[piece.codes])

    def finish(self, stored: str, forced: bool) -> tuple[Column, Cells]:  # noqa: ARG002
        """The column."""
        values = np.concatenate(self._values)
        absent = tuple(word for word, _ in self.look.absent.most_common(1))
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        return DateColumn(self.name, self.look.pad or "", absent, stored, low, high, self.format), Cells(values)


class _Texts:
    """Keeps int32 codes of categories, in the order in which they were met until the end."""

    def __init__(self, name: str, look: _Look, forced: bool = False) -> None:
        self.name, self.look, self.forced = name, look, forced
        self._codes: list[NDArray[np.int32]] = []
        self._places: dict[str, int] | None = {}
        self._rows = 0
        self._shapes: tuple[str, ...] = ()

    def keep(self, piece: _Piece) -> None:
        """A piece more."""
        self._rows += len(piece.codes)
        if self._places is None:
            return
        absent, places = piece.absent(self.look.missing), self._places
        if not self._shapes:
            self._shapes = _shapes(piece.texts[~absent])
        own = [
            -1 if gone else places.setdefault(text, len(places)) for text, gone in zip(piece.texts, absent, strict=True)
        ]
        self._codes.append(np.array(own, dtype=np.int32)[piece.codes])
        if len(places) > MOST:
            if self.forced:
                raise DataError(
                    f"column {self.name!r} was declared category and has more than {MOST:,} different values: "
                    f"declare it identifier"
                )
            self._places, self._codes = None, []

    def finish(self, stored: str, forced: bool) -> tuple[Column, Cells]:
        """The column; here it is decided whether it is a constant, categories or identifiers."""
        look, pad = self.look, self.look.pad or ""
        absent = tuple(word for word, _ in look.absent.most_common(1))
        if self._places is None or (
            not forced and look.present >= TELLING and len(self._places) > UNLIKE * look.present
        ):
            column = IdentifierColumn(self.name, pad, absent, stored, None, self._shapes)
            return column, Cells(np.zeros(self._rows, dtype=np.int64))
        codes, names = np.concatenate(self._codes), list(self._places)
        if len(names) <= 1 and (not names or not absent):
            text = names[0] if names else absent[0]
            return ConstantColumn(self.name, pad, (), stored, text), Cells(np.zeros(len(codes), dtype=np.int32))
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        order = sorted(range(len(names)), key=lambda code: (-int(counts[code]), names[code]))
        place = np.empty(len(names) + 1, dtype=np.int32)
        place[order], place[-1] = np.arange(len(names)), -1
        return CategoryColumn(self.name, pad, absent, stored, tuple(names[code] for code in order)), Cells(place[codes])


class _Nothing:
    """Counts identifiers."""

    def __init__(self, name: str, look: _Look) -> None:
        self.name, self.look, self._rows = name, look, 0
        self._shapes: tuple[str, ...] = ()

    def keep(self, piece: _Piece) -> None:
        """A piece more."""
        self._rows += len(piece.codes)
        self._shapes = self._shapes or _shapes(piece.texts[~piece.absent(self.look.missing)])

    def finish(self, stored: str, forced: bool) -> tuple[Column, Cells]:  # noqa: ARG002
        """The column."""
        look = self.look
        numbered = look.present > 0 and look.numeric == look.present and look.whole and not look.superfluous
        after = int(look.high) if numbered else None
        column = IdentifierColumn(self.name, look.pad or "", (), stored, after, () if numbered else self._shapes)
        return column, Cells(np.zeros(self._rows, dtype=np.int64))


def _shapes(texts: Texts, most: int = 100) -> tuple[str, ...]:
    """Of the first texts, as often as they are there."""
    return tuple(shape_of(text) for text in texts[:most])
