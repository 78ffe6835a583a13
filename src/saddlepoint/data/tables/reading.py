"""Readers of tables: two passes in pieces, so that no file is held as text.

The first pass looks at every column and finds its kind; the second keeps numbers and seconds as float64, and texts as
int32 codes. The rules, where nothing is said by `kinds`:

    number      every value is one, in one spelling (`numbers`), and none looks like a code: 007, +49…, 1E5; or four of
                five are, and the others are at most twenty words, which are kept as words
    integer     the numbers are whole, however they are written
    date, time, duration
                likewise, in the spellings of `dates` and `durations`; where day and month could be either, the month
                comes first with slashes, the day with dots; eight digits are a date where all values are plausible ones
    constant    one value in every row, or no value in any
    category    all other texts; whole numbers that are no more than ten, each ten times on average
    identifier  texts of which nine of ten are different, or more than `MOST`; whole numbers that are all different and
                lie so close together that chance would not have it, or whose column is called an id; whole numbers of
                ten digits and more, as telephones, cards and accounts have
"""

import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    DurationColumn,
    IdentifierColumn,
    NumberColumn,
    TimeColumn,
    declared,
)
from saddlepoint.data.tables.dates import PLAUSIBLE, DateEvidence, DateSpelling, formats_of, pieces
from saddlepoint.data.tables.durations import STYLES, DurationSpelling, styles_of
from saddlepoint.data.tables.files import Source, given_rows, open_files
from saddlepoint.data.tables.grain import Grain, grain_of_moments, grain_of_numbers
from saddlepoint.data.tables.identifiers import IdentifierEvidence, IdentifierPattern, cells_of, dense
from saddlepoint.data.tables.numbers import EXACT, NumberEvidence, NumberSpelling, spellings_of, units_of
from saddlepoint.data.tables.parts import Template, parted, template_of
from saddlepoint.data.tables.sensitive import SENSITIVE, FakeEvidence, FakePattern, has_faker, recognised
from saddlepoint.data.tables.table import TableData

#: What means that there is no value; spaces around it don't count.
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "<NA>")
#: Fewest rows that are a table, and that tell identifiers from categories.
FEWEST, TELLING = 10, 20
#: Words that may stand among numbers, and the share of numbers beside them; the share beside bounds, as <0.01.
WORDS, NUMBERS, MEASURED = 20, 0.8, 0.2
#: Words that may be more than that, and different numbers beside each of them.
FEW_WORDS, MANY = 5, 8
_BOUND = re.compile(r"[<>≤≥⩽⩾]=?\s?(?:[+\-−]?\d.*|[A-Za-z]{1,6})")
#: Share of dates that tell more than most do, by which these are made, too.
TELLS = 0.05
#: Different hours that digits show which are times of day.
HOURS = 6
#: Whole numbers up to so many different ones are a category, where each is there so often on average.
FEW, OFTEN = 10, 10
#: Categories of a column, at most, and the share of different values from which texts are identifiers.
MOST, UNLIKE = 200_000, 0.9
#: Texts of the first piece by which spellings are found, and spellings of dates that are followed.
SAMPLE, FOLLOWED = 400, 12
#: Different texts of the first piece by which parts of texts are found.
PARTED = 5_000
#: Digits from which whole numbers of one length are telephones, cards or accounts.
LONG = 10
#: Words of a column's name that say that it holds names of rows, or moments in seconds since 1970.
_NAMED = frozenset(
    "id ids key uuid guid pk nr no num number nummer code kennung phone telephone tel telefon mobile cell fax card "
    "karte account acct konto iban ssn ean isbn imei serial ticket invoice order customer".split()
)
_TIMED = frozenset("time timestamp ts epoch date at created updated unix modified seen login".split())
#: Of moments in seconds since 1970: from 2000 to 2033.
_EPOCH = (946_684_800, 2_000_000_000)
_TRUTHS = (("false", "true"), ("f", "t"), ("no", "yes"), ("n", "y"))
Texts = NDArray[np.object_]
Spelling = NumberSpelling | DateSpelling | DurationSpelling


@dataclass(frozen=True)
class Declared:
    """What a user says of a column.

    Attributes:
        kind: one of `KINDS`.
        format: of a date or time, as `strftime` has it; the style of a duration; what identifiers are, of `SENSITIVE`.
        decimal, thousands: of numbers.
    """

    kind: str
    format: str | None = None
    decimal: str | None = None
    thousands: str | None = None


@dataclass(frozen=True)
class Rules:
    """How texts are understood.

    Attributes:
        kinds: of columns, by name, in place of what would be inferred.
        missing: what means that there is no value.
        decimal, thousands: of all numbers; None finds them out.
        primary_key: a column whose values are all different and name the rows.
        released: columns that are learnt as they are, though they lead to people or nearly all values differ.
        parts: whether texts that hold several values are learnt by their parts.
    """

    kinds: Mapping[str, Declared]
    missing: frozenset[str]
    decimal: str | None = None
    thousands: str | None = None
    primary_key: str | None = None
    released: frozenset[str] = frozenset()
    parts: bool = True


def read_table(
    path: str | Path | Sequence[str | Path],
    *,
    kinds: Mapping[str, str | Declared] | None = None,
    missing: Sequence[str] = MISSING,
    decimal: str | None = None,
    thousands: str | None = None,
    primary_key: str | None = None,
    released: Sequence[str] = (),
    parts: bool = True,
    separator: str | None = None,
    encoding: str = "utf-8",
    sheet: str | int | None = None,
    query: str | None = None,
    progress: OnRead | None = None,
) -> TableData:
    """Read a table; the module says by which rules.

    Args:
        path: a CSV file in any compression (.gz, .bz2, .xz, .zst, .zip), a Parquet or Excel file, a folder of parts,
            several such, or the URL of a database.
        kinds: of columns, by name, in place of what would be inferred; one of `KINDS`, or with a format.
        missing: what means that there is no value.
        decimal, thousands: of all numbers; None finds them out.
        primary_key: a column whose values are all different and name the rows.
        released: columns that are learnt as they are, though they lead to people or nearly all values differ.
        parts: whether texts that hold several values, as 120/80, are learnt by their parts.
        separator: between a line's values; None finds it out by the first lines.
        encoding: of a CSV file.
        sheet: of an Excel file; None is the first.
        query: of a database.
        progress: told how many rows were read in both passes; how many there are is known in the second.

    Raises:
        DataError: it can't be read as a table, or a column not as it was declared; pandas is not installed.
    """
    source = open_files(path, separator=separator, encoding=encoding, sheet=sheet, query=query)
    return _read(source, _rules(kinds, missing, decimal, thousands, primary_key, released, parts), progress)


def read_frame(
    given: Any,
    *,
    kinds: Mapping[str, str | Declared] | None = None,
    missing: Sequence[str] = MISSING,
    decimal: str | None = None,
    thousands: str | None = None,
    primary_key: str | None = None,
    released: Sequence[str] = (),
    parts: bool = True,
) -> TableData:
    """The table of a pandas DataFrame or a pyarrow Table, by the same rules; an index is left out.

    Args:
        given: the frame; its names are read as texts.
        kinds, missing, decimal, thousands, primary_key, released, parts: see `read_table`.

    Raises:
        DataError: it is neither, or can't be read as a table; pandas or pyarrow is not installed.
    """
    rules = _rules(kinds, missing, decimal, thousands, primary_key, released, parts)
    table = _read(given_rows(given), rules, None)
    named = [str(name) for name in getattr(getattr(given, "index", None), "names", ()) if name is not None]
    if not named:
        return table
    note = f"The index, {' and '.join(named)}, is not learnt: frame.reset_index() makes it columns."
    return replace(table, notes=(*table.notes, note))


def _rules(
    kinds: Mapping[str, str | Declared] | None,
    missing: Sequence[str],
    decimal: str | None,
    thousands: str | None,
    primary_key: str | None,
    released: Sequence[str],
    parts: bool,
) -> Rules:
    own = {name: Declared(kind) if isinstance(kind, str) else kind for name, kind in (kinds or {}).items()}
    if primary_key is not None:
        own[primary_key] = Declared("identifier")
    if decimal is not None and decimal == thousands:
        raise DataError(f"data.decimal and data.thousands are both {decimal!r}: give two different marks")
    return Rules(own, frozenset(missing), decimal, thousands, primary_key, frozenset(released), parts)


def _read(source: Source, rules: Rules, progress: OnRead | None) -> TableData:
    _check_declared(source, rules)
    templates = _templates(source, rules) if rules.parts else {}
    source = parted(source, templates, rules.missing)
    marked = {part: template for template in templates.values() for part in template.columns}
    textual = frozenset(
        name for name, own in rules.kinds.items() if own.kind in ("category", "identifier", "number", "integer")
    )
    said, rows = progress or (lambda *_: None), 0
    looks: dict[str, _Look] = {}
    for piece in source.pieces(textual):
        for name in source.names:
            if name not in looks:
                looks[name] = _Look(name, rules, typed=isinstance(piece[name], np.ndarray))
            looks[name].see(piece[name])
        rows += len(piece[source.names[0]])
        said(rows, 0)
    if rows < FEWEST:
        raise DataError(
            f"{source.called} has {rows} row{'s' * (rows != 1)}: a table to learn from has at least {FEWEST}; give more"
        )
    comma = _decimal_of(looks.values(), source.separator)
    plans = {name: _plan(source, name, look, rules, comma) for name, look in looks.items()}
    done = 0
    for piece in source.pieces(textual):
        for name, plan in plans.items():
            plan.keep(piece[name])
        done += len(piece[source.names[0]])
        said(done, rows)
    columns, cells, notes = [], {}, list(source.notes)
    for name, plan in plans.items():
        column, own = plan.finish()
        column = replace(column, stored=source.stored.get(name, ""), dtype=source.dtypes.get(name, ""))
        if isinstance(column, CategoryColumn):
            column = replace(column, levels=source.levels.get(name, ()))
        if name in marked:
            column = marked[name].marked(column)
        column = replace(column, header=source.headers.get(column.of or name))
        columns.append(column)
        cells[name] = own
        notes += [*plan.notes, *_notes(column, own)]
    notes += _of_fakes(columns)
    notes += [
        f"{template.name} is learnt by its parts, as {template.form!r}, and written whole again. To have it "
        f"whole: {declared(template.name, 'category')}."
        for template in templates.values()
    ]
    if not any(column.numeric or column.kind == "category" for column in columns):
        raise DataError(
            f"{source.called}: every column is constant, empty or an identifier: there is nothing to learn; give others"
        )
    kinds_said = "; ".join(f"{column.name}: {column.described}" for column in columns)
    return TableData(
        source.called.partition(".")[0],
        tuple(columns),
        cells,
        source.source,
        source.separator,
        (f"Columns: {kinds_said}.", another_kind(columns, "category"), *notes),
    )


def _of_fakes(columns: Sequence[Column]) -> list[str]:
    """What to say where fakes are not wanted, or could be better."""
    faked = [c for c in columns if isinstance(c, IdentifierColumn) and isinstance(c.pattern, FakePattern)]
    if not faked:
        return []
    name = faked[0].name
    notes = [
        f"Where that is wrong: {declared(name, 'category')}; to have real values made: --set 'data.release=[{name}]'."
    ]
    if not has_faker() and any(isinstance(c.pattern, FakePattern) and c.pattern.pool for c in faked):
        notes.append("Stand-ins for names and addresses look like real ones with pip install 'saddlepoint[fakes]'.")
    return notes


def _check_declared(source: Source, rules: Rules) -> None:
    for name, own in rules.kinds.items():
        if name not in source.names:
            raise DataError(f"{source.called} has no column {name!r}: its columns are {', '.join(source.names)}")
        if own.kind not in KINDS:
            raise DataError(f"there is no kind {own.kind!r} of column {name!r}: give one of {', '.join(KINDS)}")
        if own.format is not None and own.kind in ("date", "time"):
            try:
                pieces(own.format)
            except ValueError as error:
                raise DataError(f"column {name!r}: {error}") from error
        if own.format is not None and own.kind == "identifier" and own.format not in SENSITIVE:
            raise DataError(
                f"column {name!r}: identifiers are one of {', '.join(SENSITIVE)}, or have no format; not {own.format!r}"
            )
        if own.format is not None and own.kind == "duration" and own.format not in STYLES:
            raise DataError(f"column {name!r}: durations are written as one of {', '.join(STYLES)}, not {own.format!r}")


def another_kind(columns: Sequence[Column], kind: str) -> str:
    """How to say that a column is of another kind, a sentence; `kind` for example."""
    name = next((column.name for column in columns if "." not in column.name), "NAME")
    return f"Another kind of a column ({', '.join(KINDS)}), as in: {declared(name, kind)}"


def _notes(column: Column, cells: Cells) -> list[str]:
    if isinstance(column, ConstantColumn | IdentifierColumn):
        gone = worded = 0
    else:
        marks = np.zeros(len(cells), dtype=np.int8) if cells.marks is None else cells.marks
        said = np.array([word in column.words for word in column.absent or ("",)])[marks]
        gone, worded = int((cells.absent & ~said).sum()), int((cells.absent & said).sum())
    notes = [f"{column.name}: {gone:,} of {len(cells):,} values are missing."] if gone else []
    if worded:
        words = ", ".join(map(repr, column.words))
        notes.append(f"{column.name}: {worded:,} of {len(cells):,} values are no {column.kind}s but words: {words}.")
    if isinstance(column, ConstantColumn):
        if column.nothing:
            notes.append(
                f"{column.name} has no value in any row: it is written {'empty' if not column.text else 'so'}."
            )
        else:
            notes.append(f"{column.name} has one value: every made row has {column.text!r}.")
    return notes


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


class _Candidates:
    """Spellings of one kind that a column may have, with how many values are of each."""

    def __init__(self) -> None:
        self.counts: Counter[Spelling] = Counter()
        self.order: list[Spelling] = []
        self.matched = self.different = 0
        self.words: Counter[str] | None = Counter()

    def see_rest(self, texts: Texts, counts: NDArray[Any], matched: NDArray[np.bool_]) -> None:
        """Which texts no spelling explains."""
        self.matched += int(counts[matched].sum())
        self.different = max(self.different, int(matched.sum()))
        if self.words is None:
            return
        others = ~matched
        if others.sum() > WORDS:
            self.words = None
            return
        for text, count in zip(texts[others], counts[others], strict=True):
            self.words[text] += int(count)
        if len(self.words) > WORDS:
            self.words = None

    def serve(self, present: int) -> bool:
        """Whether they explain a column of so many values, but for words.

        What lies beyond what could be measured is known to be a number. Very few words are more than a fifth of the
        values where the others are many different ones.
        """
        if self.matched == present > 0:
            return True
        few = self.words is not None and len(self.words) <= FEW_WORDS and self.different >= MANY * len(self.words)
        bounds = sum(count for word, count in (self.words or {}).items() if _BOUND.fullmatch(word))
        enough = self.matched >= MEASURED * present and (few or self.matched + bounds >= NUMBERS * present > 0)
        return self.words is not None and enough


class _Look:
    """What the first pass finds out about a column."""

    def __init__(self, name: str, rules: Rules, *, typed: bool) -> None:
        self.name, self.rules, self.typed = name, rules, typed
        self.own = rules.kinds.get(name)
        self.absent: Counter[str] = Counter()
        self.few: set[str] | None = set()
        self.first: Texts = np.empty(0, dtype=object)
        self.present = 0
        self.pad: str | None = None
        self.numbers: dict[NumberSpelling, NumberEvidence] | None = None
        self.number_words: dict[NumberSpelling, _Candidates] = {}
        self.dates, self.durations = _Candidates(), _Candidates()

    def see(self, values: Any) -> None:
        """A piece more."""
        if self.typed:
            self.present += int((~np.isnan(values)).sum())
            return
        piece = _Piece(values)
        absent = piece.absent(self.rules.missing)
        for text, count in zip(piece.texts[absent], piece.counts[absent], strict=True):
            self.absent[text] += int(count)
        present = ~absent & (piece.counts > 0)
        self._pads(piece.raw[present])
        texts, counts = piece.texts[present], piece.counts[present]
        if not len(texts):
            return
        first = self.present == 0
        self.present += int(counts.sum())
        if self.few is not None:
            self.few.update(texts[: FEW + 1])
            if len(self.few) > FEW:
                self.few = None
        if first:
            self.first = texts
            self._begin(texts)
        assert self.numbers is not None
        for spelling, evidence in self.numbers.items():
            values = evidence.see(texts, counts)
            self.number_words[spelling].see_rest(texts, counts, ~np.isnan(values))
        if first:
            most = max((evidence.count for evidence in self.numbers.values()), default=0)
            self.numbers = {s: e for s, e in self.numbers.items() if e.count and e.count >= NUMBERS * most}
        self._see_moments(texts, counts)

    def _begin(self, texts: Texts) -> None:
        """Choose the spellings that are followed, by the first piece."""
        own = self.own or Declared("")
        decimal, thousands = own.decimal or self.rules.decimal, own.thousands
        thousands = self.rules.thousands if thousands is None else thousands
        sample = texts[:: max(1, len(texts) // SAMPLE)][:SAMPLE]
        numbers: list[NumberSpelling] = []
        if own.kind in ("", "number", "integer"):
            plain = decimal in (None, ".") and thousands in (None, "")
            numbers = [NumberSpelling()] if plain else []
            numbers += [s for s in spellings_of(sample, decimal, thousands) if s not in numbers]
        if own.kind in ("number", "integer") and (truths := _truths(texts)):
            numbers = [NumberSpelling(truths=truths)]
        self.numbers = {spelling: NumberEvidence(spelling) for spelling in numbers}
        self.number_words = {spelling: _Candidates() for spelling in numbers}
        if own.kind in ("", "date", "time"):
            if own.format is not None:
                self.dates.order = [DateSpelling(own.format, strict=False)]
            else:
                found = Counter(spelling for text in sample[:100] for spelling in formats_of(text))
                # The order of those that are as frequent stays: the likelier first.
                ranked = sorted(found, key=lambda s: -found[s])[:FOLLOWED]
                if ranked and not ranked[0].time_of_day:
                    # A moment without a date is none among dates, and four digits are a year there.
                    ranked = [s for s in ranked if not s.time_of_day]
                    ranked += [] if _mere_digits(ranked[0]) else [DateSpelling("%Y")]
                self.dates.order = [*ranked]
        if own.kind in ("", "duration"):
            style = own.format if own.kind == "duration" else None
            self.durations.order = [DurationSpelling(style)] if style else [*styles_of(sample)]  # type: ignore[arg-type]

    def _see_moments(self, texts: Texts, counts: NDArray[Any]) -> None:
        for candidates in (self.dates, self.durations):
            if not candidates.order or (candidates.words is None and candidates.matched < NUMBERS * self.present):
                candidates.order = []
                continue
            matched = np.zeros(len(texts), dtype=bool)
            for spelling in candidates.order:
                parsed = spelling.parse(texts)
                values = parsed[0] if isinstance(parsed, tuple) else parsed
                if isinstance(spelling, DateSpelling) and _mere_digits(spelling) and self.own is None:
                    values = np.where(_plausible(values), values, np.nan)
                known = ~np.isnan(values)
                candidates.counts[spelling] += int(counts[known].sum())
                matched |= known
            candidates.see_rest(texts, counts, matched)

    def _pads(self, raw: Texts) -> None:
        for text in raw:
            pad = text[: len(text) - len(text.lstrip(" "))]
            if self.pad is None:
                self.pad = pad
            elif pad != self.pad:
                self.pad = ""
                return

    def best_number(self, comma: bool) -> NumberSpelling | None:
        """The spelling of numbers of which most values are; where two are as good, by the file's decimal mark."""
        if not self.numbers:
            return None
        most = max(evidence.count for evidence in self.numbers.values())
        best = [spelling for spelling, evidence in self.numbers.items() if evidence.count == most]
        marked = [s for s in best if self.numbers[s].grouped or self.numbers[s].decimals]
        if not marked:
            return best[0]
        return next((s for s in marked if (s.decimal == ",") == comma), marked[0])

    @property
    def vote(self) -> str:
        """The decimal mark that the column's numbers need; "" where either would do."""
        counts = dict.fromkeys(".,", 0)
        for spelling, evidence in (self.numbers or {}).items():
            if spelling.decimal in counts and (evidence.grouped or evidence.decimals):
                counts[spelling.decimal] = max(counts[spelling.decimal], evidence.count)
        if max(counts.values()) < NUMBERS * self.present or counts["."] == counts[","]:
            return ""
        return max(counts, key=lambda mark: counts[mark])

    @property
    def ambiguous_comma(self) -> bool:
        """Whether commas may be either, as in 1,234."""
        return any(s.decimal == "," and not s.thousands and e.decimals for s, e in (self.numbers or {}).items())


def _decimal_of(looks: Any, separator: str) -> str:
    votes = Counter(look.vote for look in looks)
    if votes[","] != votes["."]:
        return "," if votes[","] > votes["."] else "."
    return ";" if separator == ";" else "."


def _truths(texts: Texts) -> tuple[str, ...]:
    own = {text.lower(): text for text in texts}
    return next((tuple(own[word] for word in pair) for pair in _TRUTHS if set(own) == set(pair)), ())


def _mere_digits(spelling: DateSpelling) -> bool:
    return all(directive for directive, _ in pieces(spelling.format))


def _plausible(seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
    first, last = ((year - 1970) * 31_556_952 for year in PLAUSIBLE)
    return (seconds >= first) & (seconds < last)


# --- texts of several values ---------------------------------------------------------------------------


def _templates(source: Source, rules: Rules) -> dict[str, Template]:
    """The columns whose texts are made of parts, and would otherwise be learnt whole or not at all."""
    found: dict[str, Template] = {}
    for number, piece in enumerate(source.pieces(frozenset())):
        if number and not found:
            break
        for name in source.names if number == 0 else list(found):
            if not name or name in rules.kinds or name in rules.released or isinstance(piece[name], np.ndarray):
                continue
            own = _Piece(piece[name])
            if number == 0:
                template = template_of(name, own.texts[:PARTED], int(own.counts[:PARTED].sum()), rules.missing)
                if template is None or not set(template.columns).isdisjoint(source.names):
                    continue
                look = _Look(name, rules, typed=False)
                look.see(piece[name])
                if isinstance(_plan(source, name, look, rules, ""), _Texts):
                    found[name] = template
            if name in found and not _serves(found[name], own, rules):
                del found[name]
    return found


def _serves(template: Template, piece: _Piece, rules: Rules) -> bool:
    """Whether the texts of a piece are made so, but for words where the first part is none."""
    present = ~piece.absent(rules.missing)
    others = np.array([template.parts(text) is None for text in piece.texts]) & present
    words, rows = int(others.sum()), piece.counts
    few = words <= WORDS and rows[others].sum() <= (1 - NUMBERS) * rows[present].sum()
    return words == 0 or (template.kinds[0] != "word" and bool(few))


# --- the second pass ----------------------------------------------------------------------------------


def _plan(source: Source, name: str, look: _Look, rules: Rules, comma: str) -> "_Plan":
    own = rules.kinds.get(name)
    kind = own.kind if own else None
    if look.typed:
        return _Moments(name, look, source.stored[name])
    # Where nothing tells, commas are decimals between semicolons, and dots are decimals anyway.
    number = look.best_number(comma == "," or (comma == ";" and look.ambiguous_comma))
    if kind in ("number", "integer"):
        words = look.number_words[number] if number else _Candidates()
        if number is None or not words.serve(look.present):
            raise DataError(
                f"{source.called}: column {name!r} was declared {kind}, but {look.present - words.matched:,} of "
                f"{look.present:,} values are no numbers: leave it a category, or name what is missing by data.missing"
            )
        return _Numbers(name, look, number, whole=True if kind == "integer" else None, declared=True)
    if kind in ("date", "time", "duration"):
        candidates = look.durations if kind == "duration" else look.dates
        if not candidates.serve(look.present):
            form = f" of the format {own.format}" if own and own.format else ""
            raise DataError(
                f"{source.called}: column {name!r} was declared {kind}, and {look.present - candidates.matched:,} of "
                f"{look.present:,} values are no {kind}s{form}: give its own, as in --set "
                f"'data.columns.{name}={{kind: {kind}, format: \"{'clock' if kind == 'duration' else '%d.%m.%Y'}\"}}'"
            )
        return _Times(name, look, candidates)
    if kind == "category":
        return _Texts(name, look, forced=True)
    if kind == "identifier" and own and own.format is not None:
        return _Fakes(name, look, own.format)
    if kind == "identifier":
        return _Names(name, look, key=name == rules.primary_key, called=source.called)
    if not look.present:
        return _Texts(name, look)
    if name not in rules.released and (what := recognised(name, look.first)) is not None:
        return _Fakes(name, look, what)
    numeric = number is not None and look.number_words[number].serve(look.present)
    evidence = look.numbers[number] if look.numbers and number else None
    if look.dates.serve(look.present) and not (numeric and not _digits_are_dates(look)):
        few = look.few is not None and len(look.few) == 1
        if not few and look.dates.matched >= look.durations.matched:
            return _Times(name, look, look.dates)
    if numeric and number and evidence and not (evidence.superfluous or evidence.code):
        whole = evidence.whole and evidence.count == look.present
        if whole and max(-evidence.low, evidence.high) > EXACT:
            return _Texts(name, look)
        few_whole = look.few is not None and whole and look.present >= OFTEN * len(look.few)
        if few_whole or (look.few is not None and len(look.few) == 1):
            return _Texts(name, look)
        return _Numbers(name, look, number)
    if look.durations.serve(look.present) and not numeric and not (look.few is not None and len(look.few) == 1):
        return _Times(name, look, look.durations)
    return _Texts(name, look)


def _digits_are_dates(look: _Look) -> bool:
    """Whether digits are dates, as 20210903 is: nearly all, and of more than a handful of days.

    They are times of day, as 0930 is, where all have as many digits and they are of many an hour.
    """
    likeliest = max(look.dates.order, key=lambda spelling: look.dates.counts[spelling])
    assert isinstance(likeliest, DateSpelling)
    if likeliest.time_of_day and len({text[:2] for text in look.first}) < HOURS:
        return False
    if likeliest.time_of_day and not any(text.startswith("0") for text in look.first):
        return False
    return look.few is None and _mere_digits(likeliest) and look.dates.counts[likeliest] >= 0.95 * look.present


class _Plan:
    """What the second pass keeps of a column."""

    def __init__(self, name: str, look: _Look, words: Counter[str] | None = None) -> None:
        self.name, self.look, self.notes = name, look, list[str]()
        counted = look.absent + (words or Counter())
        self.absent = tuple(word for word, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0])))
        self.words = tuple(word for word in self.absent if word not in look.absent)
        self._places = {word: place for place, word in enumerate(self.absent)}
        self._marks: list[NDArray[np.int8]] = []
        self._keys: list[NDArray[np.uint64]] = []

    def keep(self, values: Any) -> None:
        """A piece more."""
        raise NotImplementedError

    def finish(self) -> tuple[Column, Cells]:
        """The column."""
        raise NotImplementedError

    @property
    def _common(self) -> dict[str, Any]:
        return {"name": self.name, "pad": self.look.pad or "", "absent": self.absent, "words": self.words}

    def _mark(self, piece: _Piece, absent: NDArray[np.bool_]) -> None:
        if len(self.absent) > 1:
            marks = np.array([self._places.get(text, 0) for text in piece.texts], dtype=np.int8)
            self._marks.append(np.where(absent, marks, 0).astype(np.int8)[piece.codes])

    def _hash(self, piece: _Piece, absent: NDArray[np.bool_]) -> None:
        self._keys.append(np.where(absent, np.uint64(0), keys_of(piece.texts))[piece.codes])

    def _named(self, rows: int, present: int, **own: Any) -> tuple[IdentifierColumn, Cells]:
        """Identifiers, with a hash of each value that is there."""
        column = IdentifierColumn(**{**self._common, "words": ()}, missing=1 - present / max(1, rows), **own)
        keys = np.concatenate(self._keys) if self._keys else None
        return column, Cells(cells_of(0, rows), None, keys)

    def _cells(self, values: NDArray[Any]) -> Cells:
        return Cells(values, np.concatenate(self._marks) if self._marks else None)


class _Numbers(_Plan):
    """Keeps float64, and which word stands where there is none."""

    def __init__(
        self, name: str, look: _Look, spelling: NumberSpelling, *, whole: bool | None = None, declared: bool = False
    ) -> None:
        assert look.numbers is not None
        super().__init__(name, look, look.number_words[spelling].words)
        self.spelling, self.evidence, self.whole, self.declared = spelling, look.numbers[spelling], whole, declared
        self._values: list[NDArray[np.float64]] = []

    def keep(self, values: Any) -> None:
        """A piece more."""
        piece = _Piece(values)
        numbers = np.where(piece.absent(self.look.rules.missing), np.nan, self.spelling.parse(piece.texts))
        self._values.append(numbers[piece.codes])
        self._mark(piece, np.isnan(numbers))

    def finish(self) -> tuple[Column, Cells]:
        """The column; here it is decided whether whole numbers are identifiers."""
        values = np.concatenate(self._values)
        evidence, spelling = self.evidence, self.evidence.finish(whole=self.whole)
        present = values[~np.isnan(values)]
        if evidence.whole and not self.declared and not self.words and spelling.plain:
            reason = self._names_rows(present)
            if reason:
                return self._identifier(values, present, reason)
            if _named_id(self.name, {"id", "key"}) and len(np.unique(present)) <= 0.5 * len(present):
                return self._category(values, present)
            if (unit := _epoch(present)) and _TIMED & set(_words_of(self.name)):
                return self._since_1970(values, unit)
        decimals = spelling.places[1] if spelling.places else 0
        fixed = not spelling.exponent and (spelling.places or spelling.whole)
        step = grain_of_numbers(present, 0 if spelling.whole else decimals) if fixed else 0.0
        own = {**self._common, "low": evidence.low, "high": evidence.high}
        return NumberColumn(**own, spelling=spelling, step=step), self._cells(values)

    def _since_1970(self, values: NDArray[np.float64], unit: int) -> tuple[Column, Cells]:
        seconds, digits = values / unit, len(str(unit)) - 1
        spelling = DateSpelling("%s%f", digits=(digits,)) if digits else DateSpelling("%s")
        present = seconds[~np.isnan(seconds)]
        own = {**self._common, "low": float(present.min()), "high": float(present.max())}
        grain = _coarser(grain_of_moments(present), spelling.resolution)
        return DateColumn(**own, spelling=spelling, grain=grain), self._cells(seconds)

    def _names_rows(self, present: NDArray[np.float64]) -> str:
        """Why whole numbers are names of rows; "" where they are numbers."""
        n, different = len(present), len(np.unique(present))
        if n < TELLING or _epoch(present):
            return ""
        low, high = present.min(), present.max()
        if different == n and dense(n, low, high):
            return f"all {n:,} values differ, though they lie between {low:.0f} and {high:.0f}"
        if different == n and _named_id(self.name, _NAMED):
            return f"all {n:,} values differ, and it is called so"
        if low >= 10 ** (LONG - 1) and len(str(int(low))) == len(str(int(high))) and different >= 0.5 * n:
            return f"its values have {len(str(int(low)))} digits, as telephones, cards and accounts do"
        if different == n:
            self.notes.append(
                f"{self.name}: all {n:,} whole numbers differ. They are learnt as numbers; if they name the rows: "
                f"--set data.primary_key={shlex.quote(self.name)}."
            )
        return ""

    def _identifier(self, values: NDArray[Any], present: NDArray[Any], reason: str) -> tuple[Column, Cells]:
        low, high = int(present.min()), int(present.max())
        near = dense(len(present), low, high)
        suffix = f".{'0' * self.evidence.finish().places[0]}" if self.evidence.decimals else ""
        ends = (high + 1, high) if near else (low, high)
        pattern = IdentifierPattern("", suffix, 0, *ends)
        texts = np.array([str(int(value)) for value in present] or [""], dtype=object)[: len(present)]
        keys = np.zeros(len(values), dtype=np.uint64)
        keys[~np.isnan(values)] = keys_of(texts)
        self._keys = [keys]
        column, cells = self._named(len(values), len(present), pattern=pattern, numbers=True)
        self.notes.append(_replaced(column, reason, "number"))
        return column, cells

    def _category(self, values: NDArray[np.float64], present: NDArray[np.float64]) -> tuple[Column, Cells]:
        different, counts = np.unique(present, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order))
        codes = np.full(len(values), -1, dtype=np.int32)
        known = ~np.isnan(values)
        codes[known] = place[np.searchsorted(different, values[known])]
        texts = self.evidence.finish().write(different[order])
        return CategoryColumn(**self._common, categories=tuple(texts)), self._cells(codes)


def _replaced(column: IdentifierColumn, reason: str, instead: str) -> str:
    return (
        f"{column.name} looks like an identifier ({reason}): it is not learnt; made values are new identifiers of the "
        f"form {column.pattern.form}. If it is a {instead}: {declared(column.name, instead)}."
    )


def _words_of(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def _named_id(name: str, known: frozenset[str] | set[str]) -> bool:
    words = _words_of(name)
    return bool(words) and (words[-1] in known or words[0] in known & {"id", "phone", "tel", "card", "account", "iban"})


def _epoch(values: NDArray[np.float64]) -> int:
    """Parts of a second, where all are moments since 1970 in such; else 0."""
    units = (1, 10**3, 10**6)
    return next((u for u in units if values.min() >= _EPOCH[0] * u and values.max() < _EPOCH[1] * u), 0)


class _Times(_Plan):
    """Keeps seconds of texts."""

    def __init__(self, name: str, look: _Look, candidates: _Candidates) -> None:
        super().__init__(name, look, candidates.words)
        ranked = sorted(candidates.order, key=lambda spelling: -candidates.counts[spelling])
        first = _finest(ranked, candidates)
        self.candidates = candidates
        self.spelling: DateSpelling | DurationSpelling
        self.evidence: DateEvidence | None = None
        if isinstance(first, DateSpelling):
            whole = candidates.counts[first] == candidates.matched
            others = (
                ()
                if whole
                else tuple(
                    spelling.format
                    for spelling in ranked
                    if isinstance(spelling, DateSpelling)
                    and spelling != first
                    and candidates.counts[spelling]
                    and spelling.language == first.language
                )
            )
            self.spelling = replace(first, others=others)
            self.evidence = DateEvidence(self.spelling)
            self._tell(ranked, candidates, first)
        else:
            assert isinstance(first, DurationSpelling)
            self.spelling = first
        self._values: list[NDArray[np.float64]] = []

    def _tell(self, ranked: list[Spelling], candidates: _Candidates, first: DateSpelling) -> None:
        twin = next(
            (
                s
                for s in ranked[1:]
                if candidates.counts[s] == candidates.counts[first]
                and isinstance(s, DateSpelling)
                and _order_of(s) != _order_of(first)
            ),
            None,
        )
        if candidates.counts[first] == candidates.matched and twin is not None and self.look.own is None:
            self.notes.append(
                f"{self.name}: dates are read as {first.format}; {twin.format} would do as well: --set "
                f"{shlex.quote(f'data.columns.{self.name}={{kind: date, format: {chr(34)}{twin.format}{chr(34)}}}')}."
            )

    def _with_coarser(self, spelling: DateSpelling, present: NDArray[np.float64]) -> DateSpelling:
        """The spelling with formats that tell less; says which others are not written."""
        counts = {
            own.format: n
            for own, n in self.candidates.counts.items()
            if isinstance(own, DateSpelling) and own.language == spelling.language
        }
        spelling = spelling.with_coarser(counts, present) if spelling.others else spelling
        written = {self.spelling.format, *(form for form, _ in spelling.coarser)}  # type: ignore[union-attr]
        others = self.candidates.matched - sum(counts[form] for form in written)
        if others > 0:
            self.notes.append(
                f"{self.name}: {others:,} of {self.look.present:,} dates are not written as "
                f"{' or '.join(sorted(written, key=len, reverse=True))}; made ones are."
            )
        elif spelling.coarser:
            told = ", ".join(f"{form} ({counts[form]:,} values)" for form, _ in spelling.coarser)
            self.notes.append(f"{self.name}: some dates tell less, {told}; as many made ones do.")
        return spelling

    def keep(self, values: Any) -> None:
        """A piece more."""
        piece = _Piece(values)
        absent = piece.absent(self.look.rules.missing)
        if isinstance(self.spelling, DateSpelling):
            assert self.evidence is not None
            seconds, offsets = self.spelling.parse(piece.texts)
            if _mere_digits(self.spelling) and self.look.own is None:
                seconds = np.where(_plausible(seconds), seconds, np.nan)
            seconds = np.where(absent, np.nan, seconds)
            known = ~np.isnan(seconds)
            self.evidence.see(piece.texts[known], seconds[known], offsets[known])
        else:
            seconds = np.where(absent, np.nan, self.spelling.parse(piece.texts))
            self.spelling = self.spelling.completed(piece.texts[~absent])
        self._values.append(seconds[piece.codes])
        self._mark(piece, np.isnan(seconds))

    def finish(self) -> tuple[Column, Cells]:
        """The column: dates, times of day or durations."""
        values = np.concatenate(self._values)
        present = values[~np.isnan(values)]
        own = {**self._common, "low": float(present.min()), "high": float(present.max())}
        if isinstance(self.spelling, DurationSpelling):
            grain = _coarser(grain_of_moments(present, calendar=False), self.spelling.resolution)
            return DurationColumn(**own, spelling=self.spelling, grain=grain), self._cells(values)
        assert self.evidence is not None
        spelling = self._with_coarser(self.evidence.finish(), present)
        if spelling.time_of_day:
            grain = _coarser(grain_of_moments(present, calendar=False), spelling.resolution)
            return TimeColumn(**own, spelling=spelling, grain=grain), self._cells(values)
        if spelling.offsets:
            self.notes.append(
                f"{self.name}: no zone explains the offsets from UTC of its dates: made ones have one of "
                f"them, drawn at random."
            )
        clocks = present + spelling.ahead(present)
        months = spelling.only_months
        grain = Grain(months=months) if months else _coarser(grain_of_moments(clocks), spelling.resolution)
        return DateColumn(**own, spelling=spelling, grain=grain), self._cells(values)


def _finest(ranked: list[Spelling], candidates: _Candidates) -> Spelling:
    """The most frequent spelling; or one that tells all that it tells and more, as %Y-%m-%d beside %Y."""
    first, finer = ranked[0], TELLS * candidates.matched
    if isinstance(first, DateSpelling):
        for own in ranked[1:]:
            if isinstance(own, DateSpelling) and candidates.counts[own] >= finer and first.directives < own.directives:
                return own
    return first


def _order_of(spelling: DateSpelling) -> tuple[str, ...]:
    return tuple(d.lstrip("-_") for d, _ in pieces(spelling.format) if d.lstrip("-_") in ("d", "m", "Y", "y"))


def _coarser(grain: Grain, resolution: float) -> Grain:
    """The grain, or what the spelling can show where that is coarser."""
    return grain if grain.months or grain.step >= resolution else Grain(resolution)


class _Moments(_Plan):
    """Keeps seconds of typed values."""

    def __init__(self, name: str, look: _Look, stored: str) -> None:
        super().__init__(name, look)
        self.stored = stored
        self._values: list[NDArray[np.float64]] = []

    def keep(self, values: Any) -> None:
        """A piece more."""
        self._values.append(values)

    def finish(self) -> tuple[Column, Cells]:
        """The column."""
        values = np.concatenate(self._values)
        present = values[~np.isnan(values)]
        if not len(present):
            return ConstantColumn(self.name, nothing=True), Cells(np.zeros(len(values), dtype=np.int32))
        absent = ("",) if len(present) < len(values) else ()
        own: dict[str, Any] = {"name": self.name, "absent": absent, "low": present.min(), "high": present.max()}
        own |= {end: float(own[end]) for end in ("low", "high")}
        if "duration" in self.stored:
            grain = grain_of_moments(present, calendar=False)
            digits = _digits_of(grain)
            spelling = DurationSpelling("days", digits=(digits,), gap=" days ")
            return DurationColumn(**own, spelling=spelling, grain=grain), Cells(values)
        if "time32" in self.stored or "time64" in self.stored:
            grain = grain_of_moments(present, calendar=False)
            return TimeColumn(**own, spelling=_clock(grain, "%H:%M:%S"), grain=grain), Cells(values)
        zone = re.search(r"tz=([^\]]+)", self.stored)
        timed = DateSpelling(zone=zone[1] if zone else "")
        grain = grain_of_moments(present + timed.ahead(present))
        day = (grain.months or grain.step >= 86_400) and not zone
        spelled = DateSpelling() if day else _clock(grain, "%Y-%m-%d %H:%M:%S", timed.zone)
        return DateColumn(**own, spelling=spelled, grain=grain), Cells(values)


def _digits_of(grain: Grain) -> int:
    return 0 if grain.months or grain.step >= 1 else 6 if grain.step == 0 else round(-np.log10(grain.step))


def _clock(grain: Grain, form: str, zone: str = "") -> DateSpelling:
    digits = _digits_of(grain)
    return DateSpelling(
        form + (".%f" if digits else "") + ("%:z" if zone else ""), zone=zone, digits=(digits,) if digits else ()
    )


class _Texts(_Plan):
    """Keeps int32 codes of categories, in the order in which they were met until the end."""

    def __init__(self, name: str, look: _Look, forced: bool = False) -> None:
        super().__init__(name, look)
        self.forced = forced
        self._codes: list[NDArray[np.int32]] = []
        self._known: dict[str, int] | None = {}
        self._written: Counter[str] = Counter()
        self._rows = 0
        self._pattern = IdentifierEvidence()

    def keep(self, values: Any) -> None:
        """A piece more."""
        piece = _Piece(values)
        self._rows += len(piece.codes)
        absent = piece.absent(self.look.rules.missing)
        own = piece.texts[~absent]
        self._hash(piece, absent)
        if len(own) > FEW:
            self._pattern.see(own)
        if self._known is None:
            return
        known = self._known
        codes = [
            -1 if gone else known.setdefault(text, len(known)) for text, gone in zip(piece.texts, absent, strict=True)
        ]
        self._codes.append(np.array(codes, dtype=np.int32)[piece.codes])
        self._written.update(dict(zip(piece.raw[~absent], piece.counts[~absent].tolist(), strict=True)))
        self._mark(piece, absent)
        if len(known) > MOST:
            if self.forced:
                raise DataError(
                    f"column {self.name!r} was declared category and has more than {MOST:,} different values: "
                    f"declare it identifier"
                )
            self._known, self._codes, self._marks = None, [], []
            self._written.clear()

    def finish(self) -> tuple[Column, Cells]:
        """The column; here it is decided whether it is a constant, categories or identifiers."""
        look, known = self.look, self._known
        kept = self.forced or self.name in look.rules.released
        if not kept and known is not None and len(units := units_of(list(known)[:SAMPLE])) > 1:
            self.notes.append(
                f"{self.name} holds numbers of several units ({', '.join(units[:4])}): it is learnt as categories, and "
                f"what fewer than data.rare rows have is made as one. Give the numbers one unit, and the unit a column "
                f"of its own."
            )
            kept = True
        if known is None or (not kept and look.present >= TELLING and len(known) > UNLIKE * look.present):
            number = f"{len(known):,} of {look.present:,}" if known is not None else f"more than {MOST:,}"
            column, cells = self._named(self._rows, look.present, pattern=self._pattern.finish())
            self.notes.append(_replaced(column, f"{number} values differ", "category"))
            return column, cells
        codes, names = np.concatenate(self._codes), list(known)
        if len(names) <= 1 and (not names or not self.absent):
            pad = self._common["pad"]
            text = self._written.most_common(1)[0][0].removeprefix(pad) if names else self.absent[0]
            return (
                ConstantColumn(**{**self._common, "absent": ()}, text=text, nothing=not names),
                Cells(np.zeros(len(codes), dtype=np.int32)),
            )
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        order = sorted(range(len(names)), key=lambda code: (-int(counts[code]), names[code]))
        place = np.empty(len(names) + 1, dtype=np.int32)
        place[order], place[-1] = np.arange(len(names)), -1
        made = CategoryColumn(**self._common, categories=tuple(names[code] for code in order))
        return replace(made, blanks=self._blanks(made.pad)), self._cells(place[codes])

    def _blanks(self, pad: str) -> tuple[tuple[str, str], ...]:
        """Of every category how it is written most often, where that is not the pad and its name."""
        most = {raw.strip(): raw for raw, _ in reversed(self._written.most_common())}
        return tuple((name, raw) for name, raw in most.items() if raw != pad + name)


class _Names(_Plan):
    """Counts identifiers that were declared."""

    def __init__(self, name: str, look: _Look, *, key: bool, called: str) -> None:
        super().__init__(name, look)
        self.key, self.called, self._rows = key, called, 0
        self._pattern = IdentifierEvidence()
        self._seen: set[int] = set()
        self._whole = True

    def keep(self, values: Any) -> None:
        """A piece more."""
        piece = _Piece(values)
        self._rows += len(piece.codes)
        absent = piece.absent(self.look.rules.missing)
        own = piece.texts[~absent]
        self._hash(piece, absent)
        self._pattern.see(own)
        self._whole = self._whole and all(text.isascii() and text.isdigit() for text in own)
        if self.key:
            self._seen.update(map(hash, own))

    def finish(self) -> tuple[Column, Cells]:
        """The column."""
        if self.key and len(self._seen) < self._rows:
            raise DataError(
                f"{self.called}: column {self.name!r} was declared the primary key, and its {self._rows:,} rows have "
                f"{len(self._seen):,} different values: a primary key has one of its own in every row"
            )
        pattern = self._pattern.finish()
        numbers = self._whole and not pattern.places and pattern.width <= len(str(max(1, pattern.first)))
        self.notes.append(f"{self.name} is not learnt: made values are new identifiers of the form {pattern.form}.")
        return self._named(self._rows, self.look.present, pattern=pattern, numbers=numbers)


class _Fakes(_Plan):
    """Looks at what leads to people, and keeps none of it."""

    def __init__(self, name: str, look: _Look, what: str) -> None:
        super().__init__(name, look)
        self.what, self._rows, self._whole = what, 0, True
        self._evidence = FakeEvidence(what, look.first, name)

    def keep(self, values: Any) -> None:
        """A piece more."""
        piece = _Piece(values)
        self._rows += len(piece.codes)
        absent = piece.absent(self.look.rules.missing)
        own = piece.texts[~absent]
        self._hash(piece, absent)
        self._evidence.see(own)
        self._whole = self._whole and all(text.isascii() and text.isdigit() and text[0] != "0" for text in own)

    def finish(self) -> tuple[Column, Cells]:
        """The column."""
        pattern = self._evidence.finish()
        what = _WHAT.get(self.what, f"{self.what}s")
        self.notes.append(f"{self.name} holds {what}: it is not learnt, made values are fakes like {pattern.form}.")
        return self._named(self._rows, self.look.present, pattern=pattern, numbers=self._whole and not pattern.pool)


_WHAT = {
    "url": "URLs",
    "ip": "IP addresses",
    "mac": "MAC addresses",
    "iban": "IBANs",
    "card": "card numbers",
    "ssn": "social security numbers",
    "phone": "phone numbers",
    "code": "numbers of documents",
    "name": "names of people",
    "email": "e-mail addresses",
    "address": "addresses",
    "user": "user names",
}


def keys_of(texts: Texts) -> NDArray[np.uint64]:
    """A hash of each text, above 0; spaces around it and capitals do not count."""
    import pandas

    plain = np.array([str(text).strip().casefold() for text in texts], dtype=object)
    found: NDArray[np.uint64] = pandas.util.hash_array(plain, categorize=False)
    return np.maximum(found, np.uint64(1))
