"""Durations as files spell them: found out, parsed to seconds, and written back.

clock   26:15:30, −0:05:00.5, with as many digits of hours as the file has
minutes 6:03.75, minutes and seconds with a fraction
days    6 days 08:51:58, −1 days +23:00:00 (pandas); 6.08:51:58 (.NET)
python  6 days, 8:51:58; 0:05:00
iso     P6DT8H51M58S
units   2h 30m, 1 hour 5 minutes
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Texts = Sequence[str] | NDArray[np.object_]
Style = Literal["clock", "minutes", "days", "python", "iso", "units"]
STYLES: tuple[str, ...] = get_args(Style)
#: Seconds of a unit, by the beginning of its name; "m" alone are minutes.
UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "mi": 60, "m": 60, "s": 1, "ms": 0.001}
_WORDS = {
    **dict.fromkeys("w wk wks week weeks woche wochen semaine semaines semana semanas".split(), "w"),
    **dict.fromkeys("d day days tag tage tg j jour jours día días dia dias giorno giorni".split(), "d"),
    **dict.fromkeys("h hr hrs hour hours std stunde stunden heure heures hora horas ora ore".split(), "h"),
    **dict.fromkeys("m min mins minute minutes minuten minuto minutos minuti '".split(), "m"),
    **dict.fromkeys('s sec secs second seconds sek sekunde sekunden seconde secondes segundo segundos "'.split(), "s"),
    **dict.fromkeys(("ms",), "ms"),
}
#: Marks that are minutes and seconds after hours, and feet and inches, or degrees, elsewhere.
_MARKS = frozenset("'\"′″")
#: Of words in the plural, whose singular is not without an s at the end.
_SINGULARS = {"Stunden": "Stunde", "Minuten": "Minute", "Sekunden": "Sekunde", "Wochen": "Woche", "Tage": "Tag"}
_SINGULARS |= {"giorni": "giorno", "ore": "ora", "minuti": "minuto"}
_CLOCK = re.compile(r"(?P<sign>[-−+]?)(?P<h>\d+):(?P<m>\d\d)(?::(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?)?")
_MINUTES = re.compile(r"(?P<sign>[-−]?)(?P<m>\d+):(?P<s>\d\d)[.,](?P<f>\d{1,9})")
_DAYS = re.compile(
    r"(?P<sign>[-−]?)(?P<d>\d+)(?P<gap> days? |\.)(?P<in>[+-]?)(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?:\.(?P<f>\d{1,9}))?"
    r"|(?P<sign2>[-−]?)(?P<d2>\d+) days?"
)
_PYTHON = re.compile(r"(?:(?P<d>-?\d+) days?, )?(?P<h>\d{1,2}):(?P<m>\d\d):(?P<s>\d\d)(?:\.(?P<f>\d{6}))?")
_ISO = re.compile(
    r"(?P<sign>[-−]?)P(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?"
    r"(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)(?:[.,](?P<f>\d{1,9}))?S)?)?"
)
_UNIT = re.compile(
    r"(?P<n>\d+(?:[.,]\d+)?)(?P<gap>\s?)(?P<word>[^\W\d_]+\.?|['\"′″])(?P<then>,?\s?(?:(?:and|und|et|y|e)\s)?)"
)


@dataclass(frozen=True)
class DurationSpelling:
    """How a column writes durations.

    Attributes:
        style: see the module.
        width: of a clock, digits that hours have at least; of `units`, digits of all but the first.
        seconds: whether a clock shows them.
        digits: how many digits fractions of a second have, each number of them that there is.
        full: of `iso` and `units`, whether units of which there are none stand there, too.
        words: of `iso`, the marks that there are; of `units`, the word of each unit as it is written, (w, d, h, m, s,
            ms), "" of one that is not there;
            of `days`, "day" where one is not written as "1 days".
        gap: of `units`, between number and word; of `days`, between the days and the clock.
        between: of `units`, between one unit and the next.
        sign: of negative ones.
    """

    style: Style = "clock"
    width: int = 1
    seconds: bool = True
    digits: tuple[int, ...] = (0,)
    full: bool = False
    words: tuple[str, ...] = ()
    gap: str = ""
    between: str = " "
    sign: str = "-"

    def parse(self, texts: Texts) -> NDArray[np.float64]:
        """Texts → seconds, NaN where one is none of this style."""
        return np.array([_parsed(self.style, text) for text in texts], dtype=np.float64)

    def value(self, text: str) -> float:
        """Seconds of a duration in any style. Raises ValueError where it is of none."""
        found = [seconds for style in (self.style, *STYLES) if not np.isnan(seconds := _parsed(style, text))]
        if not found:
            raise ValueError(f"{text!r} is no duration, as 26:15:30 or P1DT2H15M30S is")
        return found[0]

    def completed(self, texts: Texts) -> "DurationSpelling":
        """With what texts of this style show besides."""
        own = [text for text in texts if not np.isnan(_parsed(self.style, text))]
        if not own:
            return self
        digits = set(self.digits)
        found: dict[str, object] = {}
        if self.style == "units":
            words = list(self.words or ("",) * len(_NAMES))
            full, width = self.full, self.width
            for text in own:
                parts = list(_UNIT.finditer(text))
                if len(parts) > 1:
                    found["between"] = parts[0]["then"]
                for match in parts:
                    place = _NAMES.index(_unit_of(match["word"]))
                    # The plural says more than the singular.
                    words[place] = max(words[place], match["word"], key=len)
                    digits.add(len(match["n"].partition(".")[2]))
                    found["gap"] = match["gap"]
                    full = full or float(match["n"].replace(",", ".")) == 0
                for match in parts[1:]:
                    width = 2 if match["n"][0] == "0" and len(match["n"]) == 2 else width
            found |= {"words": tuple(words), "full": full, "width": width}
            return replace(self, digits=tuple(sorted(digits)), **found)  # type: ignore[arg-type]
        pattern = _PATTERNS[self.style]
        matches = [match for match in map(pattern.fullmatch, own) if match]
        lengths = {len(match["f"] or "") for match in matches}
        if self.style == "clock":
            hours = [match["h"] for match in matches]
            zero = any(len(text) > 1 and text[0] == "0" for text in hours)
            found["width"] = max(self.width, min(map(len, hours)) if zero or min(map(len, hours)) > 1 else 1)
            found["seconds"] = any(match["s"] is not None for match in matches)
        if self.style == "days":
            clocks = [match["gap"] for match in matches if match["gap"]]
            found["gap"] = clocks[0] if clocks else self.gap
            found["words"] = ("day",) if any(text.endswith("1 day") for text in own) else self.words
            lengths = {len(match["f"] or "") for match in matches if match["gap"]} or {0}
        if self.style == "iso":
            marks = {name for match in matches for name in "dhms" if match[name] is not None}
            found["words"] = tuple(sorted(marks | set(self.words), key="dhms".index))
            found["full"] = self.full or any(
                int(match[name] or 0) == 0 for match in matches for name in "dhm" if match[name] is not None
            )
        if self.style in ("clock", "minutes", "days", "iso"):
            found["sign"] = next(
                (match["sign"] for match in matches if match["sign"] not in ("", None, "+")), self.sign
            )
        first = self == DurationSpelling(self.style)
        return replace(self, digits=tuple(sorted(lengths if first else digits | lengths)), **found)  # type: ignore[arg-type]

    def write(self, seconds: NDArray[np.float64]) -> NDArray[np.object_]:
        """Seconds as the column has them."""
        return np.array([self._written(value) for value in seconds.tolist()], dtype=object)

    @property
    def resolution(self) -> float:
        """Seconds between two durations that are written differently."""
        if self.style == "days" and not self.gap:
            return 86_400.0
        if self.style == "clock" and not self.seconds:
            return 60.0
        if self.style == "units":
            least = next((UNITS[name] for name, word in zip(_NAMES[::-1], self.words[::-1], strict=False) if word), 1)
            return float(least * 10.0 ** -max(self.digits, default=0))
        return float(10.0 ** -max(self.digits, default=0))

    def _written(self, value: float) -> str:
        most = max(self.digits, default=0)
        if self.style == "units":
            return self._in_units(value)
        negative = value < 0
        if self.style in ("python", "days") and negative and not self.gap.startswith("."):
            # As Python has it: days below zero, and a clock that runs on from them.
            size, negative = value, False
        else:
            size = abs(value)
        ticks = round(size * 10**most)
        whole, part = divmod(ticks, 10**most)
        fraction = f"{part:0{most}d}" if most else ""
        length = next((n for n in self.digits if not fraction[n:].strip("0")), most)
        tail = f".{fraction[:length]}" if length else ""
        sign = self.sign if negative and ticks else ""
        if self.style == "minutes":
            return f"{sign}{whole // 60}:{whole % 60:02d}{tail}"
        if self.style == "clock":
            hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
            return f"{sign}{hours:0{self.width}d}:{minutes:02d}" + (f":{rest:02d}{tail}" if self.seconds else "")
        days, rest = divmod(whole, 86_400)
        clock = (rest // 3600, rest // 60 % 60, rest % 60)
        if self.style == "python":
            head = f"{days} day{'s' * (abs(days) != 1)}, " if days else ""
            return head + "{}:{:02d}:{:02d}".format(*clock) + tail
        if self.style == "days":
            if not self.gap:
                return f"{days} day" + "s" * (abs(days) != 1 or not self.words)
            plus = "+" if days < 0 and self.gap != "." else ""
            return f"{sign}{days}{self.gap}{plus}" + "{:02d}:{:02d}:{:02d}".format(*clock) + tail
        marks = self.words or tuple("dhms")
        hours = clock[0] + (0 if "d" in marks else 24 * days)
        date = f"{days}D" if "d" in marks and (days or self.full) else ""
        parts = {"h": hours, "m": clock[1], "s": f"{clock[2]}{tail}" if clock[2] or tail else 0}
        time = "".join(f"{n}{mark.upper()}" for mark, n in parts.items() if n or (self.full and mark in marks))
        return f"{sign}P{date}" + (f"T{time}" if time else "" if date else f"T0{marks[-1].upper()}")

    def _in_units(self, value: float) -> str:
        own = [(UNITS[name], word) for name, word in zip(_NAMES, self.words, strict=True) if word]
        parts: list[str] = []
        rest = abs(value)
        for place, (size, word) in enumerate(own):
            last = place == len(own) - 1
            count = round(rest / size, max(self.digits)) if last else int((rest + 1e-9) // size)
            rest -= count * size
            if count or (last and not parts) or (self.full and (parts or not last)):
                number = f"{count:.{max(self.digits)}f}" if last and max(self.digits) else f"{round(count)}"
                if min(self.digits) < max(self.digits) and "." in number:
                    number = number.rstrip("0").rstrip(".")
                if parts and not max(self.digits):
                    number = number.zfill(self.width)
                singular = _singular(word) if number == "1" else word
                parts.append(f"{number}{self.gap}{singular}")
        return (self.sign if value < 0 else "") + self.between.join(parts)


_PATTERNS = {"clock": _CLOCK, "minutes": _MINUTES, "days": _DAYS, "python": _PYTHON, "iso": _ISO}
_NAMES = ("w", "d", "h", "m", "s", "ms")


def _parsed(style: str, text: str) -> float:
    if style == "units":
        return _units(text)
    match = _PATTERNS[style].fullmatch(text)
    if not match or (style == "iso" and text.strip("-−") in ("P", "PT")) or text.endswith("T"):
        return float("nan")
    own = match.groupdict()
    if own.get("d2") is not None:
        return float(int(own["d2"]) * 86_400 * (-1 if own["sign2"] else 1))
    days, weeks = int(own.get("d") or 0), int(own.get("w") or 0)
    hours, minutes, seconds = (int(own.get(name) or 0) for name in "hms")
    if (style != "iso" and ((minutes > 59 and style != "minutes") or seconds > 59)) or (
        style in ("days", "python") and hours > 23
    ):
        return float("nan")
    fraction = int(own["f"]) / 10 ** len(own["f"]) if own.get("f") else 0.0
    clock = hours * 3600 + minutes * 60 + seconds + fraction
    sign = -1 if (own.get("sign") or "") in ("-", "−") else 1
    if style == "days" and own["in"]:  # -1 days +23:00:00
        return sign * days * 86_400 + (clock if own["in"] == "+" else -clock)
    if style == "python":
        return days * 86_400 + clock
    return sign * (weeks * 604_800 + days * 86_400 + clock)


def _unit_of(word: str) -> str:
    """One of `_NAMES`; "" of a word that names none."""
    return _WORDS.get(word.lower().rstrip(".").translate({ord("′"): "'", ord("″"): '"'}), "")


def _singular(word: str) -> str:
    """Of a unit's word.

    >>> _singular("hours"), _singular("Stunden"), _singular("Std.")
    ('hour', 'Stunde', 'Std.')
    """
    if word in _SINGULARS:
        return _SINGULARS[word]
    return word[:-1] if len(word) > 2 and word.endswith("s") else word


def _units(text: str) -> float:
    if _MARKS & set(text) and not re.search(r"\dh", text):
        return float("nan")
    sign, rest = (-1, text[1:]) if text[:1] in "-−" else (1, text)
    at, total, last = 0, 0.0, float("inf")
    while at < len(rest):
        match = _UNIT.match(rest, at)
        name = _unit_of(match["word"]) if match else ""
        if not match or not name or last <= UNITS[name]:
            return float("nan")
        total, last, at = total + float(match["n"].replace(",", ".")) * UNITS[name], UNITS[name], match.end()
    return sign * total if at and not rest.endswith((" ", ",")) else float("nan")


def styles_of(texts: Texts) -> list[DurationSpelling]:
    """Spellings of which some of the texts are, those that most are of first; on a tie as the module lists them."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(style for style in STYLES if not np.isnan(_parsed(style, text)))
    order = sorted(counts, key=lambda style: (-counts[style], STYLES.index(style)))
    return [DurationSpelling(style) for style in order]  # type: ignore[arg-type]
