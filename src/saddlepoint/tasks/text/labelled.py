"""Texts with classes: lines `label TAB text`, and columns of .csv, .tsv and .jsonl files."""

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from saddlepoint.data.images import DataError

#: Columns that are texts, or classes, by these names where none is declared.
TEXTS, LABELS = ("text", "sentence", "content"), ("label", "class", "category")
#: Classes at most; and how many lines there are for each, at least, where classes are found without a word.
MOST, EACH = 1000, 5
#: Letters of a class where it is found without a word.
LETTERS = 40


@dataclass(frozen=True)
class Labelled:
    """Texts as they stand in a file, and their classes.

    Attributes:
        texts: with their line breaks, without blanks around lines; none is empty.
        labels: names of their classes; None where they have none.
        notes: what is to be known, a sentence each.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...] | None
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names by the alphabet, numbers by their value."""
        return tuple(sorted(set(self.labels or ()), key=_by_value))


def _by_value(name: str) -> tuple[bool, int, str]:
    return (False, int(name), name) if name.isascii() and name.isdigit() and len(name) < 20 else (True, 0, name)


def labelled(path: str, text: str, columns: tuple[str | None, str | None]) -> Labelled | None:
    """The texts and classes of a file that was read; None where it is text alone.

    Args:
        path: of the file; its ending says how it is read.
        text: all of it.
        columns: of the texts and of the classes, where they are declared.

    Raises:
        DataError: columns are declared that are not there, lines that can't be read, or too many classes.
    """
    ending = Path(path).suffix.lower()
    if ending in (".csv", ".tsv"):
        rows = _separated(path, text, "\t" if ending == ".tsv" else None)
    elif ending in (".jsonl", ".ndjson"):
        rows = _objects(path, text)
    elif columns != (None, None):
        raise DataError(f"data.text and data.label name columns of .csv, .tsv and .jsonl files, and {path} is none")
    else:
        return _tabbed(text)
    names = list(dict.fromkeys(name for row in rows[:100] for name in row))
    chosen = _columns(path, names, columns, required=ending in (".jsonl", ".ndjson"))
    return None if chosen is None else _of_rows(path, rows, *chosen)


def pairs_of(texts: object, labels: object) -> Labelled:
    """Texts and their classes as a Python caller gave them. Raises DataError for anything else."""
    if not isinstance(texts, Sequence) or not isinstance(labels, Sequence) or len(texts) != len(labels):
        raise DataError("texts with classes are two lists of one length: (texts, classes)")
    kept = [(own, str(label)) for text, label in zip(texts, labels, strict=True) if (own := _lines(str(text)))]
    return Labelled(tuple(text for text, _ in kept), tuple(label for _, label in kept))


def _separated(path: str, text: str, separator: str | None) -> list[dict[str, str]]:
    head = text.partition("\n")[0]
    separator = separator or max(",;\t", key=head.count)
    try:
        found = list(csv.DictReader(io.StringIO(text), delimiter=separator))
    except csv.Error as error:
        raise DataError(f"{path} can't be read as a table: {error}") from error
    return [{str(name): value or "" for name, value in row.items() if name is not None} for row in found]


def _objects(path: str, text: str) -> list[dict[str, str]]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}, line {number} is no JSON: {error}") from error
        if not isinstance(row, dict):
            raise DataError(f'{path}, line {number} is no JSON object: give one a line, as {{"text": "…"}}')
        rows.append({name: "" if value is None else str(value) for name, value in row.items()})
    return rows


def _columns(
    path: str, names: Sequence[str], asked: tuple[str | None, str | None], *, required: bool
) -> tuple[str, str | None] | None:
    """The columns of texts and of classes; None where nothing says them."""
    text, label = asked
    for name, key in ((text, "data.text"), (label, "data.label")):
        if name is not None and name not in names:
            raise DataError(f"{key}={name}: {path} has the columns {', '.join(names)}")
    rest = [name for name in names if name != label]
    likely = [name for name in rest if name.lower() in TEXTS]
    if text is None and (len(likely) == 1 or (label is not None and len(rest) == 1)):
        text = (likely or rest)[0]
    if text is None:
        if required or asked != (None, None):
            raise DataError(
                f"{path} has the columns {', '.join(names)}: say which is the text with --set data.text=NAME"
            )
        return None
    if label is None:
        others = [name for name in names if name != text and name.lower() in LABELS]
        label = others[0] if len(others) == 1 else None
    return text, label


def _of_rows(path: str, rows: Sequence[Mapping[str, str]], text: str, label: str | None) -> Labelled:
    found = [(_lines(row.get(text, "")), row.get(label, "").strip() if label is not None else "") for row in rows]
    kept = [(one, name) for one, name in found if one and (name or label is None)]
    notes = [f"Texts are column {text!r}" + ("." if label is None else f", their classes column {label!r}.")]
    if len(kept) < len(rows):
        notes.append(
            f"{len(rows) - len(kept):,} rows without a text{' or a class' * (label is not None)} were left out."
        )
    labels = None if label is None else tuple(name for _, name in kept)
    if labels is not None and not 1 < len(set(labels)) <= MOST:
        raise DataError(
            f"column {label!r} of {path} has {len(set(labels)):,} different values, and classes are 2 to {MOST:,}: "
            f"say which column they are with --set data.label=NAME"
        )
    return Labelled(tuple(one for one, _ in kept), labels, tuple(notes))


def _tabbed(text: str) -> Labelled | None:
    """Lines `label TAB text`, where every line is one and there are several of each label; None otherwise."""
    lines = [line for line in text.splitlines() if line.strip()]
    parts = [line.split("\t") for line in lines]
    if any(len(part) != 2 or not part[0].strip() or not part[1].strip() for part in parts):
        return None
    labels = tuple(part[0].strip() for part in parts)
    counts = Counter(labels)
    few = 1 < len(counts) <= min(MOST, len(lines) // EACH)
    if not few or max(map(len, counts)) > LETTERS:
        return None
    note = f"Each line is a class, a tab and a text: {len(counts)} classes; --no-conditional leaves them out."
    return Labelled(tuple(_lines(part[1]) for part in parts), labels, (note,))


def _lines(text: str) -> str:
    """A text without blanks around its lines, and without empty ones."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
