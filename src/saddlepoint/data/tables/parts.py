"""Cells that hold several values: blood pressures 120/80, places 48.1, 2.3, sizes 20 x 30 cm, 9:00-17:30.

As a whole such a text is one of hundreds, of which a model learns nothing. While a table is learnt, each of its parts
that varies is a column of its own, a number, a word or a moment; where rows are written, they stand together again.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.tables.columns import CategoryColumn, Cells, Column, NumberColumn, ScaledColumn
from saddlepoint.data.tables.dates import formats_of
from saddlepoint.data.tables.files import Source
from saddlepoint.data.tables.identifiers import Texts
from saddlepoint.data.tables.numbers import units_of

#: Texts by which parts are found, words that a part may be, and rows that each whole text has on average, from which
#: on whole texts are learnt as well.
SAMPLE, WORDS, OFTEN = 400, 20, 10
#: Different numbers that a part has more than.
FEWEST = 5
#: What stands between numbers that measure something, and not between those of a code.
_BETWEEN = re.compile(r"\s*(?:[/x×*:'\"~–—;]|,\s|\s-\s|\bby\b|\bto\b)+\s*", re.IGNORECASE)
_SURE = re.compile(r"[°′″±]")
#: Letters between numbers of a duration of calendar units, which has no length in seconds: P2Y3M10D.
_CALENDAR = re.compile(r"P(?:Y|M|W|D|YM|MD|YMD|YD)")
#: A number, grouped or not, whose sign is none where it stands between two; and a word or a currency.
_NUMBER = (
    r"(?:(?<!\w)[+\-−])?"
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![.,]?\d)|\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![.,]?\d)|\d+(?:[.,]\d+)?)"
)
_WORD = r"[^\W\d_]+|[$€£¥₹₽₩₺฿₫₴₪]"
_TOKENS = re.compile(f"(?P<number>{_NUMBER})|(?P<word>{_WORD})")
#: What a part is, "any" where it is a number or a word; and how each looks.
Part = Literal["number", "word", "moment", "any"]
_LOOKS: dict[Part, str] = {"number": _NUMBER, "word": _WORD, "moment": r"\S(?:.*?\S)?", "any": f"{_NUMBER}|{_WORD}"}
#: What stands between two moments, the longest first.
_UNTIL = (" until ", " till ", " bis ", " to ", " -> ", " → ", " – ", " — ", " - ", " / ", "..", "->", "→", "–", "—")
_UNTIL_CLOSE = ("~", "; ", ";", ", ", "/", "-")


@dataclass(frozen=True)
class Template:
    """How the texts of a column are made of parts; where the first is no word, some words may stand alone.

    Attributes:
        name: of the column.
        pieces: what stands before, between and after the parts: one more than there are parts.
        kinds: what the parts are.
        digits: characters of each number that is filled with zeros before; 0 of any other.
        usual: the parts of the text that is there most often.
    """

    name: str
    pieces: tuple[str, ...]
    kinds: tuple[Part, ...]
    digits: tuple[int, ...]
    usual: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the parts."""
        return tuple(f"{self.name}_{number}" for number in range(1, len(self.kinds) + 1))

    @property
    def form(self) -> str:
        """To show: the names of the parts with what stands around them."""
        names = [f"{{{name}}}" for name in self.columns]
        return "".join(map("".join, zip(self.pieces, (*names, ""), strict=True)))

    def parts(self, text: str) -> tuple[str, ...] | None:
        """The parts of a text; None where it is made otherwise."""
        return parts_of(text, self.pieces, self.kinds)

    def split(self, values: Any, missing: frozenset[str]) -> dict[str, Any]:
        """A series of each part. Where there is no value the first has what stands there, the others what is usual."""
        import pandas

        codes, raw = pandas.factorize(values)
        rows = []
        for text in [*map(str, raw), ""]:
            found = None if text.strip() in missing else self.parts(text.strip())
            if found is None:
                rows.append((text, *self.usual[1:]))
            else:
                blanks = text[: len(text) - len(text.lstrip(" "))]
                plain = [_unfilled(part) if width else part for part, width in zip(found, self.digits, strict=True)]
                rows.append((blanks + plain[0], *plain[1:]))
        return {
            name: pandas.Series(np.array([row[place] for row in rows], dtype=object)[codes])
            for place, name in enumerate(self.columns)
        }

    def marked(self, column: Column) -> Column:
        """A part's column with what it is a part of."""
        place = self.columns.index(column.name)
        after = self.pieces[-1] if place == len(self.columns) - 1 else ""
        return replace(column, of=self.name, before=self.pieces[place], after=after, digits=self.digits[place])


def parts_of(text: str, pieces: Sequence[str], kinds: Sequence[Part]) -> tuple[str, ...] | None:
    """The parts of a text between given pieces; None where it is made otherwise.

    Args:
        text: without blanks around it.
        pieces: before, between and after the parts.
        kinds: what the parts are.

    >>> parts_of("120/80 mmHg", ("", "/", " mmHg"), ("number", "number"))
    ('120', '80')
    """
    match = _pattern(tuple(pieces), tuple(kinds)).fullmatch(text)
    return None if match is None else match.groups()


@cache
def _pattern(pieces: tuple[str, ...], kinds: tuple[Part, ...]) -> re.Pattern[str]:
    parts = [f"({_LOOKS[kind]})" for kind in kinds]
    return re.compile("".join(map("".join, zip(map(re.escape, pieces), (*parts, ""), strict=True))))


def template_of(name: str, texts: Texts, rows: int, missing: frozenset[str]) -> Template | None:
    """What the texts of a column are made of; None where they are better learnt whole, or are codes.

    They are made of parts where they are two moments, or where all have the same marks between numbers and words, of
    which at least one number varies, and where something tells that they measure: decimals, and where more than one
    part varies also marks as in 120/80 or 20 x 30, or units.

    Args:
        name: of the column.
        texts: different ones, with as many as there are in `rows`.
        rows: that have these texts.
        missing: what means that there is no value.

    >>> template_of("pressure", [f"{100 + i}/{60 + i % 30}" for i in range(60)], 100, frozenset()).form
    '{pressure_1}/{pressure_2}'
    >>> template_of("invoice", [f"2021-{i:04d}" for i in range(60)], 60, frozenset()) is None
    True
    """
    present = [text for text in map(str.strip, texts) if text not in missing]
    if len(present) <= WORDS or rows >= OFTEN * len(present):
        return None
    sample = present[:: max(1, len(present) // SAMPLE)][:SAMPLE]
    if (moments := _two_moments(name, sample)) is not None:
        return moments
    tokens = [list(_TOKENS.finditer(text)) for text in sample]
    shapes = Counter(map(_shape, sample, tokens))
    shape, count = shapes.most_common(1)[0]
    if count < 0.8 * len(sample):
        return None
    rows_of = [
        [m.group() for m in found] for text, found in zip(sample, tokens, strict=True) if _shape(text, found) == shape
    ]
    between, kinds = shape
    by_place = [list(values) for values in zip(*rows_of, strict=True)]
    varies = [len(set(values)) > 1 for values in by_place]
    if not any(number and own for number, own in zip(kinds, varies, strict=True)) or any(
        not number and len(set(values)) > WORDS for number, values in zip(kinds, by_place, strict=True)
    ):
        return None
    pieces, numbers, kept = [between[0]], list[bool](), list[list[str]]()
    for place, values in enumerate(by_place):
        if varies[place]:
            pieces.append(between[place + 1])
            numbers.append(kinds[place])
            kept.append(values)
        else:
            pieces[-1] += values[0] + between[place + 1]
    if len(kept) == 1 and not any(sum(mark in v for v in kept[0]) > len(kept[0]) / 2 for mark in ".,"):
        return None
    most = max((len(set(v)) for v, number in zip(kept, numbers, strict=True) if number), default=0)
    if most <= FEWEST or not _measures(kept, pieces, numbers, sample):
        return None
    usual = Counter(zip(*kept, strict=True)).most_common(1)[0][0]
    digits = tuple(_width(values) if number else 0 for values, number in zip(kept, numbers, strict=True))
    parts: list[Part] = ["number" if number else "word" for number in numbers]
    return Template(name, tuple(pieces), tuple(parts), digits, tuple(map(str, usual)))


def _two_moments(name: str, sample: Sequence[str]) -> Template | None:
    """From one moment to another, as 2021-03-01/2021-03-09 or 9:00-17:30.

    >>> _two_moments("stay", [f"{day}.3.2021 - {day + 2}.4.2021" for day in range(1, 28)]).pieces
    ('', ' - ', '')
    """
    first, last = ({text[end] for text in sample} for end in (0, -1))
    opened, closed = (
        (*first, *last) if len(first) == len(last) == 1 and first <= {"[", "("} and last <= {"]", ")"} else ("", "")
    )
    inner = [text.removeprefix(opened).removesuffix(closed) for text in sample]
    for between in (*_UNTIL, *_UNTIL_CLOSE):
        pairs = [text.split(between) for text in inner]
        pairs = [pair for pair in pairs if len(pair) == 2]
        if len(pairs) < 0.8 * len(sample):
            continue
        ends = list(zip(*pairs, strict=True))
        if all(len(set(end)) > 1 and _are_moments(end) for end in ends):
            usual = Counter(map(tuple, pairs)).most_common(1)[0][0]
            return Template(name, (opened, between, closed), ("moment", "moment"), (0, 0), tuple(usual))
    return None


def _are_moments(texts: Sequence[str]) -> bool:
    """Whether nearly all are of one format of dates or times, that is more than digits."""
    known = Counter(spelling for text in texts for spelling in formats_of(text.strip()) if not text.strip().isdigit())
    return bool(known) and max(known.values()) >= 0.8 * len(texts)


def _shape(text: str, tokens: Sequence[re.Match[str]]) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    """What stands around the numbers and words of a text, and which are numbers."""
    ends = [0, *(token.end() for token in tokens)]
    starts = [*(token.start() for token in tokens), len(text)]
    return (
        tuple(text[end:start] for end, start in zip(ends, starts, strict=True)),
        tuple(token.lastgroup == "number" for token in tokens),
    )


def _measures(parts: list[list[str]], pieces: list[str], numbers: list[bool], sample: list[str]) -> bool:
    """Whether parts are quantities, and not those of a code."""
    own = [values for values, number in zip(parts, numbers, strict=True) if number]
    inner = pieces[1:-1]
    if any(map(_SURE.search, pieces)) or _CALENDAR.fullmatch("".join(pieces)):
        return True
    if "." in inner:  # versions: 1.2.3
        return False
    if any(sum("." in v or "," in v for v in one) > len(one) / 2 for one in own):
        return True
    if len(own) == 1:
        return len(units_of(sample)) > 1
    if any(_width(values) for values in own):
        return False
    marks = [piece for piece, *ends in zip(inner, numbers[:-1], numbers[1:], strict=True) if all(ends)]
    ranges = marks == ["-"] and all(float(low) <= float(high) for low, high in zip(*own, strict=True))
    return bool(marks) and (ranges or all(map(_BETWEEN.fullmatch, marks)))


def _width(values: Sequence[str]) -> int:
    """The length of numbers that are filled with zeros to one length; 0 where they are not."""
    if len({len(v) for v in values}) > 1 or not any(re.match(r"0\d", v) for v in values):
        return 0
    return len(values[0])


def _unfilled(text: str) -> str:
    return re.sub(r"^0+(?=\d)", "", text)


# --- a table's columns -----------------------------------------------------------------------------------------------


def parted(source: Source, templates: Mapping[str, Template], missing: frozenset[str]) -> Source:
    """The same rows with a column for each part."""

    def pieces(textual: frozenset[str]) -> Iterator[dict[str, Any]]:
        for piece in source.pieces(textual):
            own: dict[str, Any] = {}
            for name in source.names:
                own |= templates[name].split(piece[name], missing) if name in templates else {name: piece[name]}
            yield own

    names = [part for name in source.names for part in (templates[name].columns if name in templates else (name,))]
    types = {part: template for template in templates.values() for part in template.columns}
    return replace(
        source,
        names=names,
        pieces=pieces,
        stored={**source.stored, **{p: source.stored[t.name] for p, t in types.items() if t.name in source.stored}},
        dtypes={**source.dtypes, **{p: source.dtypes[t.name] for p, t in types.items() if t.name in source.dtypes}},
    )


def given_parts(columns: Sequence[Column], texts: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Texts by column, with those of which the columns are parts taken apart; a text that is no such is left whole.

    Args:
        columns: of the table.
        texts: by the names of the file's columns.
    """
    found: dict[str, list[str]] = {}
    for name, own in texts.items():
        parts = [column for column in columns if column.of == name] if name else []
        if not parts:
            found[name] = list(own)
            continue
        pieces = (*(part.before for part in parts), parts[-1].after)
        kinds = tuple(map(_kind, parts))
        any_others = [str(part.texts(_least(part))[0]) for part in parts[1:]]  # where there is none, nobody sees them
        rows = [parts_of(text, pieces, kinds) or (text, *any_others) for text in own]
        for part, values in zip(parts, zip(*rows, strict=True), strict=True):
            found[part.name] = [_unfilled(value) if part.digits else value for value in values]
    return found


def _kind(column: Column) -> Part:
    return "number" if isinstance(column, NumberColumn) else "moment" if isinstance(column, ScaledColumn) else "any"


def _least(column: Column) -> Cells:
    return Cells(np.array([column.low]) if isinstance(column, ScaledColumn) else np.zeros(1, dtype=np.int64))


def together(columns: Sequence[Column], cells: Mapping[str, Cells]) -> tuple[tuple[Column, ...], dict[str, Cells]]:
    """Columns and cells with the parts of each text put together."""
    whole: dict[str, list[Column]] = {}
    for column in columns:
        whole.setdefault(column.of or column.name, []).append(column)
    made: list[Column] = []
    own: dict[str, Cells] = {}
    for name, parts in whole.items():
        if not parts[0].of:
            made.append(parts[0])
            own[name] = cells[name]
        else:
            column, own[name] = _joined(name, parts, cells)
            made.append(column)
    return tuple(made), own


def _joined(name: str, parts: Sequence[Column], cells: Mapping[str, Cells]) -> tuple[Column, Cells]:
    import pandas

    first = parts[0]
    absent = cells[first.name].absent
    texts = np.full(len(absent), parts[-1].after, dtype=object)
    for part in reversed(parts):
        texts = part.before + _filled(part.texts(cells[part.name]), part.digits) + texts
    codes, names = pandas.factorize(texts)
    column = CategoryColumn(
        name=name,
        pad=first.pad,
        absent=first.absent,
        words=first.words,
        stored=first.stored,
        dtype=first.dtype,
        header=first.header,
        categories=tuple(map(str, names)),
    )
    return column, Cells(np.where(absent, -1, codes).astype(np.int32), cells[first.name].marks)


def _filled(texts: NDArray[np.object_], digits: int) -> NDArray[np.object_]:
    return np.array([text.zfill(digits) for text in texts], dtype=object) if digits else texts
