"""Dates and times of day as files spell them: formats are found out, parsed to seconds, and written back.

A format is as `strftime` has it (%Y %y %m %d %H %I %M %S %f %p %b %B %a %A %j %z %Z %s %G %V %u), with these as GNU
date has them: %-d, %-m, %-H, %-I (no zero before), %_d (a space before), %:z (+02:00), %:::z (+02), %q (the quarter);
%::z (+2);
%o, the ending of an ordinal in English (3rd), and %O, that of the first day alone (1er mars); %EY and %Ey, the year of
a Japanese era by its name or its letter (令和2, R2).
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.tables.calendar_names import completed, languages_of, place_of
from saddlepoint.data.tables.zones import (
    ABBREVIATIONS,
    known_zone,
    offset_from,
    offset_text,
    offsets_of,
    short_name,
    to_utc,
    zone_of,
)

Texts = Sequence[str] | NDArray[np.object_]
Seconds = NDArray[np.float64]
DAY = 86_400
#: Two-digit years from this one are of the last century, as POSIX has it.
PIVOT = 69
#: Rows that share a moment from which on it is made as often as it was there.
TOLD = 5
#: Moments of a piece by which a zone is found, and draws among offsets where there is none.
SEEN, OFFSETS = 200, 64
#: Plausible years of dates that are written as mere digits.
PLAUSIBLE = (1850, 2100)
_MARK = re.compile(r"%(:{0,3}z|E[Yy]|[-_]?[A-Za-z%])|((?s:.))")
_PATTERNS = {
    **{"Y": r"\d{4}", "y": r"\d{2}", "f": r"\d{1,9}", "j": r"\d{3}", "q": r"[1-4]", "G": r"\d{4}", "V": r"\d{2}"},
    **{
        "u": r"[1-7]",
        "s": r"-?\d{1,11}",
        "p": r"[AaPp]\.?\s?[Mm]\.?|[上下]午|午[前後]|오[전후]",
        "b": r"[^\W\d_]+\.?",
        "a": r"[^\W\d_]+\.?",
    },
    **{"z": r"[+\-−]\d{4}", ":z": r"[+\-−]\d\d:\d\d|Z", ":::z": r"[+\-−]\d\d(?::\d\d)?", "Z": r"[A-Z]{2,5}"},
    **{"::z": r"[+\-−]\d{1,2}(?::\d\d)?", "o": r"st|nd|rd|th", "O": r"(?:er|º|°)?"},
    **{"EY": r"(?:令和|平成|昭和|大正|明治)(?:\d{1,2}|元)", "Ey": r"[RHSTM]\d{1,2}"},
}
#: Of two digits; without the zero where a minus says so.
_TWO = ("m", "d", "H", "I", "M", "S")
#: Of an own format, which need not be as strict as one that is found out.
_LENIENT = {"z": r"[+\-−]\d\d?(?::?\d\d)?|Z", "Z": r"[A-Z]{1,5}"}
#: First days of the eras of Japan, the last first: the name, the letter, the day.
ERAS = (
    *(("令和", "R", "2019-05-01"), ("平成", "H", "1989-01-08"), ("昭和", "S", "1926-12-25")),
    *(("大正", "T", "1912-07-30"), ("明治", "M", "1868-01-25")),
)
#: Marks of the halves of a day.
_HALVES = (("上午", "下午"), ("午前", "午後"), ("오전", "오후"))
_AFTERNOON = frozenset(second for _, second in _HALVES)


@cache
def pieces(form: str) -> tuple[tuple[str, str], ...]:
    """A format's directives and what stands between them, as (directive, "") or ("", text).

    Raises:
        ValueError: a directive that is not known; says which are.
    """
    found: list[tuple[str, str]] = []
    expanded = form.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d").replace("%D", "%m/%d/%y").replace("%e", "%-d")
    for mark in _MARK.finditer(expanded.replace("%R", "%H:%M")):
        directive, text = mark[1], mark[2]
        if directive in (None, "%"):
            found.append(("", text or "%"))
            continue
        if directive.lstrip("-_") not in {*_PATTERNS, *_TWO, "B", "A"}:
            raise ValueError(f"%{directive} in {form!r} is not known: write it as strftime has it, as %Y-%m-%d %H:%M")
        found.append((directive, ""))
    return tuple(found)


@cache
def _matcher(form: str, strict: bool) -> re.Pattern[str]:
    parts: list[str] = []
    used: set[str] = set()
    own = pieces(form)
    for place, (directive, text) in enumerate(own):
        if not directive:
            parts.append(r"\s+" if text == " " and not strict else re.escape(text))
            continue
        bare = directive.lstrip("-_:")
        bare = {"B": "b", "A": "a"}.get(bare, bare)
        if bare in (*_TWO, "V"):
            pattern = r"\d{2}" if strict else r"\d{1,2}"
            pattern = {"-": r"[1-9]\d|\d", "_": r"[1-9]\d| \d"}.get(directive[0], pattern)
        elif bare == "z":
            pattern = _PATTERNS[directive] if strict else _LENIENT["z"]
        else:
            pattern = _PATTERNS[bare] if strict else _LENIENT.get(bare, _PATTERNS[bare])
        if bare == "s" and place + 1 < len(own) and own[place + 1][0] == "f":
            pattern = r"\d{10}"
        group = f"(?P<{bare}>{pattern})" if bare not in used else f"(?:{pattern})"
        used.add(bare)
        if bare == "f" and parts and parts[-1] in (r"\.", ",", r"\s+"):
            group = f"(?:[.,]{group})?"
            parts.pop()
        parts.append(group)
    return re.compile("".join(parts))


@dataclass(frozen=True)
class DateSpelling:
    """How a column writes moments.

    Attributes:
        format: of what is written; see the module.
        others: formats that are read besides.
        zone: of the clocks: a name, an offset, or "" where the column has none.
        offsets: seconds, where every value has an offset of its own that no zone explains, each as often as it is there
            among about 64.
        digits: how many digits fractions of a second have, each number of them that there is.
        language: of names.
        months, weekdays, halves: names as they are written.
        zones: short names of zones as they are written.
        first: what stands after a first day, where %O does; 元 is the first year of an era.
        strict: whether the format was found out, so that what has one zero more or less is not of it.
        coarser: formats that tell less, as %Y beside %Y-%m-%d, in which moments are written that they tell whole; with
            the share of made moments that are cut to it. The finest is the first.
    """

    format: str = "%Y-%m-%d"
    others: tuple[str, ...] = ()
    zone: str = ""
    offsets: tuple[int, ...] = ()
    digits: tuple[int, ...] = ()
    language: str = "en"
    months: tuple[str, ...] = ()
    weekdays: tuple[str, ...] = ()
    halves: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    first: str = "er"
    strict: bool = True
    coarser: tuple[tuple[str, float], ...] = ()

    @property
    def directives(self) -> frozenset[str]:
        """Of the format, without what says how they are filled."""
        return frozenset(directive.lstrip("-_") for directive, _ in pieces(self.format) if directive)

    @property
    def time_of_day(self) -> bool:
        """Whether it has no date."""
        return not {d.lstrip("-_") for d, _ in pieces(self.format)} & set("YymdjGs")

    def parse(self, texts: Texts) -> tuple[Seconds, Seconds]:
        """Texts → seconds since 1970 in UTC, NaN where one is none of it, and their offsets, NaN where they have none.

        Where there is no zone it is what clocks show, as if they showed UTC.
        """
        seconds, offsets = _parsed(self.format, self.language, texts, self.strict)
        for form in self.others:
            rest = np.flatnonzero(np.isnan(seconds))
            if len(rest):
                own = [texts[row] for row in rest.tolist()]
                seconds[rest], offsets[rest] = _parsed(form, self.language, own, self.strict)
        fixed = np.isnan(offsets) & ~np.isnan(seconds)
        if self.zone and fixed.any():
            seconds[fixed] = to_utc(self.zone, seconds[fixed])
        return seconds, offsets

    def ahead(self, seconds: Seconds) -> Seconds:
        """What the clocks are ahead of UTC at moments, in seconds."""
        if not self.offsets:
            return offsets_of(self.zone, seconds)
        # Chosen by the moment's own digits, so that the same moment has the same offset.
        chosen = (np.rint(seconds).astype(np.int64) * 2_654_435_761 >> 7) % len(self.offsets)
        ahead: Seconds = np.asarray(self.offsets, dtype=np.float64)[chosen]
        return ahead

    def write(self, seconds: Seconds) -> NDArray[np.object_]:
        """Moments in seconds since 1970, in UTC, as the column has them."""
        ahead = self.ahead(seconds)
        walls = seconds + ahead
        unit = 10 ** (9 if max(self.digits, default=0) > 6 and np.abs(walls).max(initial=0) < 9e9 else 6)
        whole = np.floor(walls).astype(np.int64)
        part = np.rint((walls - whole) * unit).astype(np.int64)
        whole, part = whole + part // unit, part % unit
        made = np.full(len(seconds), "", dtype=object)
        fields = _fields(whole)
        own = list(pieces(self.format))
        for place, (directive, text) in enumerate(own):
            before_fraction = text in (".", ",") and place + 1 < len(own) and own[place + 1][0] == "f"
            if before_fraction:
                continue
            if not directive:
                made = made + text
            elif directive == "f":
                mark = own[place - 1][1] if place and own[place - 1][1] in (".", ",") else ""
                made = made + self._fraction(part, unit, mark)
            else:
                made = made + self._field(directive, fields, ahead)
        for form, _ in self.coarser:
            texts, told = self.cut(seconds, form)
            rows = np.abs(told - seconds) < 1e-6
            made[rows] = texts[rows]
        return made

    def cut(self, seconds: Seconds, form: str) -> tuple[NDArray[np.object_], Seconds]:
        """Moments as a format has them that tells less, and what it tells of them in seconds."""
        own = replace(self, format=form, others=(), coarser=())
        texts = own.write(seconds)
        return texts, own.parse(texts)[0]

    def made_coarser(self, seconds: Seconds, uniform: Seconds) -> Seconds:
        """Made moments of which as many are told in coarser formats as the file has, by numbers uniform on [0, 1)."""
        made, left = seconds.copy(), uniform.copy()
        for form, share in self.coarser:
            rows = np.flatnonzero((left >= 0) & (left < share))
            left -= share
            made[rows] = self.cut(seconds[rows], form)[1]
        return made

    def with_coarser(self, counts: Mapping[str, int], seconds: Seconds) -> "DateSpelling":
        """With those of the other formats that tell less, where most of what they tell whole is written in them.

        Args:
            counts: values by format.
            seconds: all values, without missing ones.
        """
        found: list[tuple[str, float]] = []
        known: dict[frozenset[str], str] = {}
        for form in sorted(self.others, key=lambda form: counts[form]):  # of those that tell the same the most frequent
            known[replace(self, format=form).directives] = form
        different, places, ties = np.unique(seconds, return_inverse=True, return_counts=True)
        often = (ties >= max(TOLD, len(seconds) / 1_000))[places]  # such come back by themselves
        taken = np.zeros(len(seconds), dtype=bool)
        for own in sorted((own for own in known if own < self.directives), key=len):
            form = known[own]
            whole = (np.abs(self.cut(different, form)[1] - different) < 1e-6)[places] & ~taken
            if counts[form] > whole.sum() / 2:
                back = float((whole & often).mean())
                found.insert(0, (form, max(0.0, counts[form] / len(seconds) - back) / max(1e-9, 1 - back)))
                taken |= whole
        return replace(self, coarser=tuple(found))

    def _fraction(self, part: NDArray[np.int64], unit: int, mark: str) -> NDArray[np.object_]:
        lengths = self.digits or (6,)
        full = len(str(unit)) - 1
        texts = []
        for value in part.tolist():
            digits = f"{value:0{full}d}"
            length = next((n for n in lengths if not digits[n:].strip("0")), lengths[-1])
            shown = digits.ljust(length, "0")[:length]
            texts.append(mark + shown if shown else "")
        return np.array(texts, dtype=object)

    def _field(self, directive: str, fields: dict[str, NDArray[np.int64]], ahead: Seconds) -> Any:
        bare = directive.lstrip("-_")
        if bare.endswith("z"):
            return _mapped(ahead, lambda seconds: offset_text(seconds, bare))
        if bare == "Z":
            known = {3600.0 * ABBREVIATIONS[name]: name for name in self.zones}
            return _mapped(ahead, lambda seconds: known.get(seconds) or short_name(self.zone, seconds))
        if bare in "bB":
            names = _names(self.months, self.language, "months", bare == "B")
            return np.array(names, dtype=object)[fields["m"] - 1]
        if bare in "aA":
            names = _names(self.weekdays, self.language, "days", bare == "A")
            return np.array(names, dtype=object)[fields["u"] - 1]
        if bare == "p":
            return np.array(self.halves or ("AM", "PM"), dtype=object)[fields["H"] // 12]
        if bare == "o":
            return _mapped(fields["d"], lambda day: _ordinal(int(day)))
        if bare == "O":
            return np.where(fields["d"] == 1, self.first, "").astype(object)
        if bare in ("EY", "Ey"):
            return _eras(fields["days"], fields["Y"], bare == "EY", self.first == "元")
        values = fields[bare]
        width = {"Y": 4, "G": 4, "j": 3, "q": 1, "u": 1, "s": 1}.get(bare, 2)
        if directive[0] == "_":
            return _mapped(values, lambda value: str(int(value)).rjust(width))
        return _mapped(values, lambda value: str(int(value)).zfill(1 if directive[0] == "-" else width))

    def seconds(self, text: str) -> float:
        """Seconds since 1970 of a moment in the column's spelling, or in ISO's.

        Raises:
            ValueError: it is neither.
        """
        found = replace(self, strict=False).parse([text])[0][0]
        if np.isnan(found):
            found = next((s for s in (own.parse([text])[0][0] for own in _ISO) if not np.isnan(s)), found)
            if not np.isnan(found) and self.zone:
                found = to_utc(self.zone, np.array([found]))[0]
        if np.isnan(found):
            raise ValueError(f"{text!r} is no moment of the form {self.format}")
        return float(found)

    @cached_property
    def resolution(self) -> float:
        """Seconds between two moments that are written differently."""
        own = {directive.lstrip("-_") for directive, _ in pieces(self.format)}
        if "f" in own:
            return float(10.0 ** -min(9, max(self.digits, default=6)))
        return 1.0 if own & {"S", "s"} else 60.0 if "M" in own else 3600.0 if own & {"H", "I"} else float(DAY)

    @property
    def only_months(self) -> int:
        """Months from one moment that can be written to the next, where days can't be; else 0."""
        own = {directive.lstrip("-_") for directive, _ in pieces(self.format)}
        if own & set("djVs"):
            return 0
        return 1 if own & {"m", "b", "B"} else 3 if "q" in own else 12 if own & {"Y", "y"} else 0


class DateEvidence:
    """What values of a spelling show besides: names and fractions as they are written, and the zone.

    Args:
        spelling: of the values.
    """

    def __init__(self, spelling: DateSpelling) -> None:
        self.spelling = spelling
        self.digits: set[int] = set()
        self.months, self.weekdays, self.halves = [""] * 12, [""] * 7, ["", ""]
        self.shorts: set[str] = set()
        self.first = spelling.first
        self.ahead: Counter[float] = Counter()
        self.moments: list[tuple[float, float]] = []
        self.without = False

    def see(self, texts: Texts, seconds: Seconds, offsets: Seconds) -> None:
        """More values, with what `parse` made of them."""
        own, matcher = self.spelling, _matcher(self.spelling.format, self.spelling.strict)
        groups = set(matcher.groupindex)
        if groups & {*"fabpZO", "EY"}:
            for match in filter(None, map(matcher.fullmatch, texts)):
                if "f" in groups:
                    self.digits.add(len(match["f"] or ""))
                if "b" in groups:
                    self.months[place_of(own.language, "months", match["b"])] = match["b"]
                if "a" in groups:
                    self.weekdays[place_of(own.language, "days", match["a"])] = match["a"]
                if "p" in groups:
                    self.halves[_is_afternoon(match["p"])] = match["p"]
                if "Z" in groups:
                    self.shorts.add(match["Z"])
                if "O" in groups:
                    self.first = match["O"] or self.first
                if "EY" in groups and match["EY"].endswith("元"):
                    self.first = "元"
        known = ~np.isnan(seconds)
        told = known & ~np.isnan(offsets)
        self.without = self.without or bool((known & ~told).any())
        if told.any():
            self.ahead.update(offsets[told].tolist())
            # The first of every offset, and then some of all.
            pairs = sorted(zip(offsets[told].tolist(), seconds[told].tolist(), strict=True))
            self.moments += pairs[:: max(1, len(pairs) // SEEN)][:SEEN]

    def finish(self) -> DateSpelling:
        """The spelling with all that was seen."""
        own, form = self.spelling, self.spelling.format
        found: dict[str, Any] = {"digits": tuple(sorted(self.digits)) or own.digits, "first": self.first}
        for mark, names in (("b", self.months), ("a", self.weekdays)):
            if max(map(len, names)) > 5:  # no abbreviation is as long
                form = form.replace(f"%{mark}", f"%{mark.upper()}")
        if any(self.months):
            found["months"] = completed(own.language, "months", self.months)
        if any(self.weekdays):
            found["weekdays"] = completed(own.language, "days", self.weekdays)
        if any(self.halves):
            found["halves"] = _halves(*self.halves)
        if not own.zone and self.ahead and not self.without:
            ahead, seconds = (np.array(part) for part in zip(*self.moments, strict=True))
            zone = zone_of(seconds, ahead)
            found |= {"zone": zone or "UTC", "zones": tuple(sorted(self.shorts))}
            if not zone:
                share = OFFSETS / self.ahead.total()
                found["offsets"] = tuple(
                    int(offset)
                    for offset, count in self.ahead.most_common(OFFSETS)
                    for _ in range(max(1, round(share * count)))
                )
            if len(self.shorts) == 1:
                form = form.replace("%Z", next(iter(self.shorts)))
        return replace(own, format=form, **found)


_ISO = tuple(
    DateSpelling(form, strict=False)
    for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")
)


def _names(own: tuple[str, ...], language: str, what: str, long: bool) -> tuple[str, ...]:
    from saddlepoint.data.tables.calendar_names import names

    return own or names(language, what, "wide" if long else "abbreviated") or names("en", what)


def _ordinal(day: int) -> str:
    return "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _halves(morning: str, afternoon: str) -> tuple[str, str]:
    """Both marks in the style of the one that is known."""
    if not morning and not afternoon:
        return "AM", "PM"
    for pair in _HALVES:
        if {morning, afternoon} & {*pair}:
            return pair
    swapped = str.maketrans("aApP", "pPaA")
    return morning or afternoon.translate(swapped), afternoon or morning.translate(swapped)


def _is_afternoon(text: str) -> bool:
    return text[0] in "pP" or text in _AFTERNOON


def _eras(days: NDArray[np.int64], years: NDArray[np.int64], named: bool, first: bool) -> NDArray[np.object_]:
    """The years of Japanese eras in which days since 1970 lie; of earlier days those of the first."""
    made = np.full(len(days), "", dtype=object)
    for name, letter, begin in reversed(ERAS):
        own = (days >= np.datetime64(begin).astype(np.int64)) | (begin == ERAS[-1][2])
        for row in np.flatnonzero(own).tolist():
            year = int(years[row]) - int(begin[:4]) + 1
            made[row] = (name if named else letter) + ("元" if named and first and year == 1 else str(year))
    return made


def _era_years(texts: Sequence[str]) -> NDArray[np.int64]:
    begins = {mark: int(begin[:4]) for name, letter, begin in ERAS for mark in (name, letter)}
    marks = [text.rstrip("0123456789元") for text in texts]
    numbers = [text[len(mark) :].replace("元", "1") for text, mark in zip(texts, marks, strict=True)]
    return np.array([begins[m] + int(n) - 1 for m, n in zip(marks, numbers, strict=True)], dtype=np.int64)


def _mapped(values: NDArray[Any], function: Any) -> NDArray[np.object_]:
    different, places = np.unique(values, return_inverse=True)
    return np.array([function(value) for value in different], dtype=object)[places]


# --- seconds ------------------------------------------------------------------------------------------


def _parsed(form: str, language: str, texts: Texts, strict: bool) -> tuple[Seconds, Seconds]:
    match, n = _matcher(form, strict).fullmatch, len(texts)
    seconds, offsets = np.full(n, np.nan), np.full(n, np.nan)
    found = [(row, hit) for row, hit in enumerate(map(match, texts)) if hit]
    if not found:
        return seconds, offsets
    rows = np.array([row for row, _ in found])
    names = tuple(_matcher(form, strict).groupindex)
    own: dict[str, Sequence[str]] = dict(zip(names, zip(*(hit.groups() for _, hit in found), strict=True), strict=True))
    values, zones = _seconds(own, len(rows), language), _zones(own, len(rows))
    seconds[rows] = values - np.where(np.isnan(zones), 0.0, zones)
    offsets[rows] = zones
    if {"z", "Z"} & set(own):  # a short name that nobody knows, an offset that no place on earth has
        seconds[rows[np.isnan(zones)]] = np.nan
    return seconds, offsets


def _whole(own: dict[str, Sequence[str]], name: str, n: int, default: int = 0) -> NDArray[np.int64]:
    return np.array(own[name], dtype=np.int64) if name in own else np.full(n, default)


def _seconds(own: dict[str, Sequence[str]], n: int, language: str) -> Seconds:
    """What clocks show, as seconds since 1970; NaN where there is no such moment."""
    fraction: Seconds = np.zeros(n)
    if "f" in own:
        fraction = np.array([int(text) / 10 ** len(text) if text else 0.0 for text in own["f"]])
    if "s" in own:
        return _whole(own, "s", n) + fraction
    years, bad = _whole(own, "Y", n, 1970), np.zeros(n, dtype=bool)
    if "y" in own:
        short = _whole(own, "y", n)
        years = short + np.where(short >= PIVOT, 1900, 2000)
    for era in {"EY", "Ey"} & set(own):
        years = _era_years(own[era])
    month = _whole(own, "m", n, 1)
    if "b" in own:
        month = np.array([place_of(language, "months", word) + 1 for word in own["b"]])
    if "a" in own:
        bad |= np.array([place_of(language, "days", word) < 0 for word in own["a"]])
    if "q" in own:
        month = 3 * _whole(own, "q", n) - 2
    day = _whole(own, "d", n, 1)
    bad |= (month < 1) | (month > 12) | (day < 1) | (years < 1)
    months = (years - 1970) * 12 + np.where(bad, 1, month) - 1
    days = months.astype("M8[M]").astype("M8[D]").astype(np.int64) + day - 1
    bad |= days.astype("M8[D]").astype("M8[M]").astype(np.int64) != months
    if "j" in own:
        of_year = _whole(own, "j", n)
        days = (years - 1970).astype("M8[Y]").astype("M8[D]").astype(np.int64) + of_year - 1
        bad |= (of_year < 1) | (days.astype("M8[D]").astype("M8[Y]").astype(np.int64) != years - 1970)
    if "G" in own:
        week, weekday = _whole(own, "V", n, 1), _whole(own, "u", n, 1)
        fourth = (_whole(own, "G", n) - 1970).astype("M8[Y]").astype("M8[D]").astype(np.int64) + 3
        days = fourth - (fourth + 3) % 7 + (week - 1) * 7 + weekday - 1
        bad |= (week < 1) | (week > 53)
    hours = _whole(own, "H", n)
    if "I" in own:
        clock = _whole(own, "I", n)
        bad |= (clock < 1) | (clock > 12)
        afternoon = np.array([_is_afternoon(text) for text in own["p"]]) if "p" in own else np.zeros(n, dtype=bool)
        hours = clock % 12 + 12 * afternoon
    minutes, whole = _whole(own, "M", n), _whole(own, "S", n)
    late = (hours == 24) & (minutes == 0) & (whole == 0)
    bad |= ((hours > 23) & ~late) | (minutes > 59) | (whole > 60)
    clocks = hours * 3600.0 + minutes * 60.0 + np.minimum(whole, 59) + fraction
    made: Seconds = np.where(bad, np.nan, days * float(DAY) + clocks)
    return made


def _zones(own: dict[str, Sequence[str]], n: int) -> Seconds:
    texts = own.get("z") or own.get("Z")
    if texts is None:
        return np.full(n, np.nan)
    known = {text: offset_from(text) for text in set(texts)}
    return np.array([known[text] for text in texts])


def _fields(whole: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """What directives of numbers show of seconds since 1970."""
    days, rest = np.divmod(whole, DAY)
    dates = days.astype("M8[D]")
    months = dates.astype("M8[M]")
    number = months.astype(np.int64)
    years = number // 12 + 1970
    weekday = (days + 3) % 7
    thursday = (days - weekday + 3).astype("M8[D]")
    iso = thursday.astype("M8[Y]")
    hours = rest // 3600
    return {
        **{
            "days": days,
            "Y": years,
            "y": years % 100,
            "m": number % 12 + 1,
            "d": (dates - months.astype("M8[D]")).astype(np.int64) + 1,
        },
        **{"j": (dates - dates.astype("M8[Y]").astype("M8[D]")).astype(np.int64) + 1, "q": number % 12 // 3 + 1},
        **{"G": iso.astype(np.int64) + 1970, "u": weekday + 1, "s": whole, "H": hours, "I": (hours + 11) % 12 + 1},
        **{"V": (thursday - iso.astype("M8[D]")).astype(np.int64) // 7 + 1, "M": rest // 60 % 60, "S": rest % 60},
    }


# --- what formats a text may have ---------------------------------------------------------------------

_CLOCK = re.compile(
    r"(?<!\d)(?P<H>\d{1,2})(?:(?P<c>:)(?P<M>\d\d)(?::(?P<S>\d\d)(?P<f>[.,]\d{1,9})?)?(?!\d|:)"
    r"|(?P<h>[hH])(?P<Mh>\d\d)(?!\d)|(?=\s?[AaPp]\.?\s?[Mm]\.?(?![A-Za-z])))"
)
#: A clock in Chinese, Japanese or Korean, with the half of the day before it.
_EASTERN = re.compile(
    r"(?P<half>(?:[上下]午|午[前後]|오[전후])\s?)?(?P<H>\d{1,2})(?P<h>[时時点點]|시\s?|:)(?P<M>\d{1,2})(?P<m>분\s?|分|:)?"
    r"(?:(?P<S>\d{1,2})(?P<s>[秒초])?)?$"
)
_DOTTED = re.compile(r"(?<=[\sT-])(?P<H>\d{1,2})\.(?P<M>\d\d)(?:\.(?P<S>\d\d)(?P<f>\.\d{1,9})?)?(?![\d.])")
_HALF = re.compile(r"(?P<gap>\s?)[AaPp]\.?\s?[Mm]\.?(?![A-Za-z])")
_OFFSET = re.compile(
    r"(?P<gap>\s?(?:GMT|UTC)?)(?P<z>[+\-−]\d\d(?P<more>:?\d\d)?)(?!\d)"
    r"|(?P<gap1>\s?(?:GMT|UTC)\s?)(?P<z1>[+\-−]\d{1,2}(?::\d\d)?)(?!\d)"
)
_SHORT = re.compile(r"(?P<gap>\s?)(?P<name>[A-Z]{2,5})(?![A-Za-z/])")
_LONG = re.compile(r"\s?\[?(?P<name>[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+\-]+)+)\]?")
_COMPACT = re.compile(r"(?P<date>\d{8})(?P<gap>[T _-]?)(?P<time>\d{6}|\d{4})(?P<f>[.,]\d{1,9})?")
_TOKEN = re.compile(r"\d+|[^\W\d_]+\.?|(?s:.)")
_WEEK = re.compile(r"\d{4}(?P<gap>-?)W\d\d(?P<day>-?[1-7])?")
_BARE_WEEK = re.compile(r"(?P<year>\d{4})-(?P<week>\d\d)")
_WEEK_OF = re.compile(
    r"(?P<word>(?:KW|W|Wk|wk|Week|week|CW|S|Sem\.?|v\.?|vko|uge)\s?)(?P<week>\d{1,2})(?P<gap>[/ .-])\d{4}"
)
_ERA = re.compile(
    r"(?P<year>(?:令和|平成|昭和|大正|明治)(?:\d{1,2}|元)|[RHSTM]\d{1,2}(?=[./-]))(?P<rest>.+)", re.DOTALL
)
_QUARTER = re.compile(r"(?:\d{4}(?P<a>[-\s]?)Q[1-4]|Q[1-4](?P<b>[-\s/])\d{4})")
_JOINERS = {
    *"年月日년월일",
    "t",
    "de",
    "del",
    "at",
    "à",
    "às",
    "alle",
    "ore",
    "om",
    "o",
    "в",
    "klo",
    "las",
    "a",
    "the",
    "on",
    "um",
    "uhr",
    "of",
    "le",
    "den",
    "kl",
    "o'clock",
    "h",
    "r",
    "г",
    "року",
    "року.",
}


@cache
def formats_of(text: str) -> tuple[DateSpelling, ...]:
    """All spellings that a text may be of, the likelier first; none where it is no moment.

    >>> [spelling.format for spelling in formats_of("3/5/2021 4:05 PM")]
    ['%-m/%-d/%Y %-I:%M %p', '%-d/%-m/%Y %-I:%M %p']
    >>> formats_of("Fri, 03 Sep 2021 14:30:15 GMT")[0].format
    '%a, %d %b %Y %H:%M:%S %Z'
    """
    if not any(mark.isdigit() for mark in text) or len(text) > 60:
        return ()
    made = [own for own in _guessed(text) if not np.isnan(own.parse([text])[0][0])]
    return tuple(dict.fromkeys(made))


def _guessed(text: str) -> Iterator[DateSpelling]:
    if era := _ERA.fullmatch(text):
        # As if it were a year of four digits.
        for own in _guessed("2001" + era["rest"]):
            if "%Y" in own.format:
                yield replace(
                    own,
                    format=own.format.replace(
                        "%Y", "%EY" if len(era["year"]) > 3 or era["year"][0] > "Z" else "%Ey", 1
                    ),
                )
        return
    if re.fullmatch(r"\d{4}Z", text):
        yield DateSpelling("%H%MZ", zone="UTC")
        return
    if (eastern := _EASTERN.search(text)) and (eastern["half"] or eastern["h"] != ":"):
        yield from _eastern(text, eastern)
        return
    if of_week := _WEEK_OF.fullmatch(text):
        flags = (
            ["", "-"]
            if len(of_week["week"]) == 2 and of_week["week"][0] != "0"
            else [""]
            if len(of_week["week"]) == 2
            else ["-"]
        )
        for flag in flags:
            yield DateSpelling(f"{of_week['word']}%{flag}V{of_week['gap']}%G")
        return
    if (bare := _BARE_WEEK.fullmatch(text)) and int(bare["week"]) != (int(bare["year"]) + 1) % 100:
        yield DateSpelling("%Y-%m")
        yield DateSpelling("%G-%V")
        return
    if week := _WEEK.fullmatch(text):
        day = week["day"] or ""
        yield DateSpelling(f"%G{week['gap']}W%V" + (f"{day[:-1]}%u" if day else ""))
        return
    if quarter := _QUARTER.fullmatch(text):
        yield DateSpelling(f"%Y{quarter['a']}Q%q" if quarter["a"] is not None else f"Q%q{quarter['b']}%Y")
        return
    if text.isdigit():
        yield from map(DateSpelling, _of_digits(len(text)))
        return
    if compact := _COMPACT.match(text):
        fraction = f"{compact['f'][0]}%f" if compact["f"] else ""
        time = f"%Y%m%d{compact['gap']}%H%M" + ("%S" if len(compact["time"]) == 6 else "") + fraction
        for zone, name in _zone_after(text, compact.end()):
            yield DateSpelling(time + zone, zone=name)
    clocks = [*_CLOCK.finditer(text)] or [*_DOTTED.finditer(text)]
    # An offset looks like a clock.
    clocks = [c for c in clocks if not (c.start() and text[c.start() - 1] in "+-−" and c is not clocks[0])]
    if not clocks:
        for date, language in _dates(text):
            yield DateSpelling(date, language=language)
        return
    clock = clocks[-1]
    for time, end in _times(text, clock):
        for zone, name in _zone_after(text, end):
            rest = text[end + _zone_length(text, end, zone, name) :]
            left = text[: clock.start()]
            for date, language in _dates(left + "\0" + rest) if (left + rest).strip() else (("\0", "en"),):
                yield DateSpelling(date.replace("\0", time + zone), language=language, zone=name)


def _eastern(text: str, clock: re.Match[str]) -> Iterator[DateSpelling]:
    """With a clock whose half of the day stands before it, or that has words for marks: 下午3:05, 14时05分."""
    half, left = clock["half"] or "", text[: clock.start()]
    for minus in ["", "-"] if len(clock["H"]) == 2 and clock["H"][0] != "0" else ["" if len(clock["H"]) == 2 else "-"]:
        for low in (
            ("", "-") if len(clock["M"]) == 2 and clock["M"][0] != "0" else ("" if len(clock["M"]) == 2 else "-",)
        ):
            time = f"%{minus}{'I' if half else 'H'}{clock['h']}%{low}M{clock['m'] or ''}"
            time += f"%S{clock['s'] or ''}" if clock["S"] else ""
            time = ("%p" + half[2:] if half else "") + time
            for date, language in _dates(left) if left.strip() else (("", "en"),):
                yield DateSpelling(date + time, language=language)


def _of_digits(length: int) -> tuple[str, ...]:
    return {
        4: ("%H%M",),
        6: ("%Y%m", "%y%m%d", "%d%m%y", "%m%d%y", "%H%M%S"),
        7: ("%Y%j",),
        8: ("%Y%m%d", "%d%m%Y", "%m%d%Y"),
        12: ("%Y%m%d%H%M",),
        14: ("%Y%m%d%H%M%S",),
        17: ("%Y%m%d%H%M%S%f",),
    }.get(length, ())


def _times(text: str, clock: re.Match[str]) -> Iterator[tuple[str, int]]:
    groups = clock.groupdict()
    hour, end = groups["H"], clock.end()
    half = _HALF.match(text, end)
    letter = "I" if half else "H"
    flags = [""] if hour[0] == "0" else ["-"] if len(hour) == 1 else ["", "-"]
    between = groups.get("c") or groups.get("h") or ("." if groups.get("M") else "")
    rest = f"{between}%M" if between else ""
    rest += f"{between}%S" if groups.get("S") else ""
    rest += f"{groups['f'][0]}%f" if groups.get("f") else ""
    if half:
        rest, end = f"{rest}{half['gap']}%p", half.end()
    for flag in flags:
        yield f"%{flag}{letter}{rest}", end


def _zone_after(text: str, at: int) -> list[tuple[str, str]]:
    """Directives, or the literal text, of a zone that stands there, and its name where the directive doesn't tell."""
    if text[at : at + 1] in ("Z", "z") and not text[at + 1 : at + 2].isalpha():
        long = _LONG.match(text, at + 1)
        return [(text[at : at + 1] + (long[0] if long else ""), long["name"] if long else "UTC")]
    if offset := _OFFSET.match(text, at):
        more = offset["more"] or ""
        style = "::z" if offset["z1"] else ":z" if ":" in more else "z" if more else ":::z"
        long = _LONG.match(text, offset.end())
        # An offset of hours alone is the same by both.
        return [(f"{offset['gap1'] or offset['gap'] or ''}%{style}" + (long[0] if long else ""), "")]
    if (short := _SHORT.match(text, at)) and short["name"] in ABBREVIATIONS:
        return [(f"{short['gap']}%Z", "")]
    if (long := _LONG.match(text, at)) and known_zone(long["name"]):
        return [(long[0], long["name"])]
    return [("", "")]


def _zone_length(text: str, at: int, zone: str, name: str) -> int:
    if not zone:
        return 0
    if name:
        return len(zone)
    offset = _OFFSET.match(text, at)
    if offset:
        long = _LONG.match(text, offset.end())
        return (long.end() if long else offset.end()) - at
    short = _SHORT.match(text, at)
    assert short
    return short.end() - at


def _dates(text: str) -> Iterator[tuple[str, str]]:
    """Formats of a text's date, with its language; a NUL stands where the clock was."""
    tokens = _TOKEN.findall(text)
    words = [(place, token) for place, token in enumerate(tokens) if token[0].isalpha()]
    numbers = [(place, token) for place, token in enumerate(tokens) if token.isdigit()]
    fixed: dict[int, str] = {}
    languages: set[str] | None = None
    month = False
    for place, word in words:
        plain = word.rstrip(".")
        after_number = place > 0 and tokens[place - 1].isdigit()
        if plain.lower() in ("st", "nd", "rd", "th") and after_number:
            fixed[place] = "%o"
            continue
        if plain.lower() in ("er", "º", "°") and after_number and tokens[place - 1] == "1":
            fixed[place] = "%O"
            continue
        of_month, of_day = set(languages_of(word, "months")), set(languages_of(word, "days"))
        if of_month and not month and numbers and not (of_day and _first(place, words) and len(words) > 1):
            fixed[place], month = "%b", True
            languages = of_month if languages is None else languages & of_month
        elif of_day:
            fixed[place] = "%a"
            languages = of_day if languages is None else languages & of_day
        elif plain.lower() not in _JOINERS:
            return
    language = next((own for own in _order(languages)), "") if languages is not None else "en"
    if not language:
        return
    if not numbers and not fixed and "\0" in tokens:  # a clock among words: um 9:05 Uhr
        yield text.replace("%", "%%"), "en"
        return
    separators = {token for token in tokens if not token.isalnum() and token[0] not in "\0" and not token[0].isalpha()}
    if not separators <= set(" -/.,:_'年月日") or len(numbers) > 3:
        return
    for roles in _roles([token for _, token in numbers], month, tokens):
        made = list(tokens)
        for (place, _), role in zip(numbers, roles, strict=True):
            if role == "%_d" and len(tokens[place]) == 1:
                made[place - 1] = ""
        for place, directive in fixed.items():
            made[place] = directive
        for (place, _), role in zip(numbers, roles, strict=True):
            made[place] = role
        yield (
            "".join(part if part.startswith("%") and len(part) > 1 else part.replace("%", "%%") for part in made),
            language,
        )


def _first(place: int, words: list[tuple[int, str]]) -> bool:
    return place == words[0][0]


def _order(languages: set[str]) -> list[str]:
    from saddlepoint.data.tables.calendar_names import LANGUAGES

    return [language for language in LANGUAGES if language in languages]


def _roles(numbers: list[str], month: bool, tokens: list[str]) -> Iterator[tuple[str, ...]]:
    """What numbers may be: directives of each, the likelier assignment first."""
    wanted = [name for name in ("d", "m", "Y") if not (month and name == "m")]
    if len(numbers) == 1 and len(numbers[0]) == 8 and not month:
        yield from (("%Y%m%d",), ("%d%m%Y",), ("%m%d%Y",))
        return
    if len(numbers) == 2 and not month and sum(len(number) == 4 for number in numbers) == 1:
        if {len(numbers[0]), len(numbers[1])} == {4, 3}:
            yield tuple("%Y" if len(number) == 4 else "%j" for number in numbers)
            return
        wanted = ["m", "Y"]
    elif len(numbers) == 1 and month:
        # Jul-21 has a year, 21 Jul a day of no year.
        short = len(numbers[0]) == 2 and tokens[-1] == numbers[0] and tokens[-2] in "-'"
        wanted = ["Y"] if len(numbers[0]) == 4 or short else []
    if len(numbers) != len(wanted):
        return
    slash = "/" in tokens
    orders = sorted(
        (order for order in set(permutations(wanted)) if order[:2] != ("Y", "d") or "m" not in order),
        key=lambda order: _likelihood(order, slash, numbers),
    )
    for order in orders:
        options = []
        for name, number in zip(order, numbers, strict=True):
            if name == "Y":
                options.append(["%Y"] if len(number) == 4 else ["%y"] if len(number) == 2 else [])
            elif len(number) > 2 or not 1 <= int(number) <= (12 if name == "m" else 31):
                options.append([])
            elif number[0] == "0":
                options.append([f"%{name}"])
            else:
                options.append(_padded(name, number, tokens))
        if len(order) == 3 and order[1] == "Y":
            continue
        # Both without a zero, or both with one, before one of each.
        yield from sorted(product(*options), key=lambda own: len({"-" in role for role in own if role[-1] in "dm"}))


def _padded(name: str, number: str, tokens: list[str]) -> list[str]:
    if len(number) > 1:
        return [f"%{name}", f"%-{name}", *(["%_d"] if name == "d" and " " in tokens else [])]
    place = tokens.index(number)
    return ["%_d"] if name == "d" and tokens[max(0, place - 2) : place] == [" ", " "] else [f"%-{name}"]


def _likelihood(order: tuple[str, ...], slash: bool, numbers: list[str]) -> int:
    """The year first where it has four digits; with slashes the month before the day, else the day before."""
    if order[0] == "Y":
        return 0 if len(numbers[0]) == 4 else 4
    first = "m" if slash else "d"
    return 1 if order[0] == first else 2
