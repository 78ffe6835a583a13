"""Numbers as files spell them: signs, groups of digits, decimal commas, currencies, units, exponents; and back."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, DecimalException
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Texts = Sequence[str] | NDArray[np.object_]
Numbers = NDArray[np.float64]
#: Whole numbers beyond are not told apart by float64.
EXACT = 2**53
#: Decimals from which numbers are of any precision.
ANY_PRECISION = 12
#: Numbers that may be written with fewer decimals than all others.
ODD = 3
PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_SUPERFLUOUS = r"[+-]?0\d.*"
#: Codes that look like numbers: +49 30 1234567 is a telephone, 1E5 a product.
_CODE = r"\+\d{7,}|\d+E\d+"
#: Words that stand for a currency, beside what Unicode knows for a sign of one.
CURRENCIES = frozenset(
    (
        "USD EUR GBP JPY CNY INR CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF RON BGN TRY RUB UAH BRL MXN ARS CLP COP PEN "
        "ZAR EGP NGN KES ILS AED SAR SGD HKD TWD KRW THB IDR MYR PHP VND PKR BDT LKR ISK BTC ETH "
        "US$ A$ C$ CA$ AU$ NZ$ HK$ S$ R$ kr kr. Kč zł Ft lei лв руб. руб р. Rs Rs. Rp RM Fr. SFr. KSh R"
    ).split()
)
#: Marks before numbers that are about so large.
_ABOUT = frozenset("~ ≈ ca. ca c. approx. about circa etwa".split())
#: Of the earth, before degrees.
_SIDES = frozenset("NSEW")
#: Units that may follow a number without a space.
UNITS = frozenset(
    "% ‰ ° °C °F ℃ K kg g mg µg t km m cm mm µm mi ft in lb lbs oz l ml L mL h s ms min kB KB MB GB TB kWh MWh kW MW "
    "N S E W °N °S °E °W Hz kHz MHz GHz kJ kcal cal mph km/h m/s m² m2 m³ m3 km² ha px pt x bpm hPa Pa kPa bar "
    "dB ppm pp bps p".split()
)
#: Units of one thing that stand for multiples of each other: what a number before them is multiplied by.
SCALES: tuple[dict[str, str], ...] = (
    {
        **dict.fromkeys(("",), "1"),
        **dict.fromkeys(("k", "K", "Tsd", "Tsd.", "tys.", "thousand"), "1e3"),
        **dict.fromkeys(("lakh", "lac"), "1e5"),
        **dict.fromkeys(("m", "M", "mn", "mln", "Mio", "Mio.", "million"), "1e6"),
        **dict.fromkeys(("Cr", "cr", "crore"), "1e7"),
        **dict.fromkeys(("b", "B", "bn", "Bn", "Mrd", "Mrd.", "billion"), "1e9"),
        **dict.fromkeys(("T", "tn", "trillion"), "1e12"),
    },
    {
        **{"B": "1", "bytes": "1", "KB": "1e3", "kB": "1e3", "MB": "1e6", "GB": "1e9", "TB": "1e12", "PB": "1e15"},
        **{f"{letter}iB": str(1024**power) for power, letter in enumerate("KMGTP", 1)},
    },
    {"nm": "1e-9", "µm": "1e-6", "mm": "1e-3", "cm": "1e-2", "m": "1", "km": "1e3"},
    {"µg": "1e-6", "mg": "1e-3", "g": "1", "kg": "1e3", "t": "1e6"},
    {"µl": "1e-6", "ml": "1e-3", "mL": "1e-3", "cl": "1e-2", "dl": "0.1", "l": "1", "L": "1", "hl": "100"},
    {"mW": "1e-3", "W": "1", "kW": "1e3", "MW": "1e6", "GW": "1e9"},
    {"Wh": "1", "kWh": "1e3", "MWh": "1e6", "GWh": "1e9"},
    {"Hz": "1", "kHz": "1e3", "MHz": "1e6", "GHz": "1e9"},
    {"Pa": "1", "hPa": "100", "kPa": "1e3", "MPa": "1e6", "bar": "1e5"},
)
_MULTIPLES = frozenset(name for family in SCALES for name in family if name)
_SPACES = " \u00a0\u202f\u2009"
#: Marks between groups of digits, those that stand for each other together.
GROUPERS = (",", ".", *_SPACES, "'", "’", "_", "٬")
_LOOSE = re.compile(
    r"(?P<open>\()?(?P<s1>[+\-−])?(?P<before>[^\d\s.,()+\-−'’_][^\d,()+\-−'’_]{0,4}?\s?)?(?P<s2>[+\-−])?(?P<open2>\()?"
    r"(?P<core>\d(?:[\d.,'’_٫٬\u00a0\u202f\u2009 ]*\d)?\.?|[.,٫]\d+)(?P<exponent>[eE][+\-]?\d+)?"
    r"(?P<close>\))?(?P<after>[.,][-–—]{1,2}(?:\s?[^\d\s.,()+\-−'’_]{1,4})?"
    r"|\s?[×x*·⋅]\s?10(?:\^?[+\-−]?\d{1,2}|[⁺⁻⁰¹²³⁴-⁹]{1,3})|\s?[^\d\s.,()+\-−'’_][^\d,()+\-−_]{0,7})?"
    r"(?P<close2>\))?(?P<s3>[-−])?"
)
#: A multiple of a power of ten, after a number; its exponent as programs write it.
_POWER = re.compile(r"\s?[×x*·⋅]\s?10\^?(?P<exponent>.+)")
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "+-0123456789-")
#: What makes a number an ordinal in English; in French the first, and all others.
ORDINALS, _FIRSTS, _FOLLOWING = ("st", "nd", "rd", "th"), ("er", "re", "ère"), ("e", "ème", "eme", "ième")
Negative = Literal["-", "−", "()", "inner", "-$", "after"]


@dataclass(frozen=True)
class NumberSpelling:
    """How a column writes numbers.

    Attributes:
        decimal: between whole part and decimals.
        thousands: between groups of digits; "" for none.
        indian: whether groups but the last are of two digits.
        grouped: digits from which a whole part has groups.
        before, after: what stands around every number, a currency or a unit.
        negative: how one below zero is written: −1, (1), $-1 is "-$", $ (1) and (1) USD are "inner", and 1- is "after".
        plus: whether positive ones have a sign, too.
        places: decimals that every number has at least, and at most; () are of any precision.
        whole: whether all are whole, however they are written.
        bare: whether no 0 stands before the decimals of a number below one.
        exponent: "always"; "shorter", where that takes less room (R); "extreme", of very small and large ones.
        mark: e, E.
        significant: digits of numbers of any precision.
        truths: words for 0 and 1, where it is these that are written.
        zero: the digit 0 of another script, as ٠ or ०, where all numbers are written in that.
        scales: in the place of `after`, what stands after numbers and by what it multiplies them, the smallest first:
            900k, 1.2M. Decimals are those that are written.
        places_of: of each of `scales`, what `places` is of all.
        ordinal: what makes numbers ordinals in the place of `after`: that of English, or that of the first number and
            that of all others.
        odd: numbers that are written with fewer decimals than all others, as a −999 that means that there is none.
    """

    decimal: str = "."
    thousands: str = ""
    indian: bool = False
    grouped: int = 4
    before: str = ""
    after: str = ""
    negative: Negative = "-"
    plus: bool = False
    places: tuple[int, ...] = ()
    whole: bool = False
    bare: bool = False
    exponent: Literal["", "always", "shorter", "extreme"] = ""
    mark: str = "e"
    significant: int = 10
    truths: tuple[str, ...] = ()
    zero: str = ""
    scales: tuple[tuple[str, str], ...] = ()
    places_of: tuple[tuple[int, int], ...] = ()
    ordinal: tuple[str, ...] = ()
    odd: tuple[tuple[float, str], ...] = ()

    @property
    def plain(self) -> bool:
        """Whether it is how programs write numbers."""
        dressed = self.decimal != "." or self.thousands or self.before or self.after or self.truths or self.zero
        return not (dressed or self.scales or self.ordinal) and self.negative == "-"

    def parse(self, texts: Texts) -> Numbers:
        """Texts → numbers, NaN where one is none."""
        return self.read(texts)[1]

    def read(self, texts: Texts) -> tuple[NDArray[np.object_], Numbers]:
        """Texts as programs write numbers, without their units, None where one is none; and the numbers, NaN there."""
        if self.truths:
            known = {word: str(place) for place, word in enumerate(self.truths)}
            made = np.array([known.get(text) for text in texts], dtype=object)
            return made, _floats(made)
        if self.plain:
            made = _plain(texts)
            return made, _floats(made)
        factors = dict(self.scales)
        afters = self.ordinal or tuple(factors) or (self.after,)
        pattern = _pattern(self.decimal, self.thousands, self.before, afters).fullmatch
        made = np.full(len(texts), None, dtype=object)
        scaled = made.copy()
        for row, text in enumerate(texts):
            match = pattern(text)
            if match and (found := _canonical(match, self.thousands)) is not None:
                try:
                    # By decimals: 1.1 M is 1,100,000 and not a last digit beside it.
                    scaled[row] = Decimal(found) * Decimal(factors[match["after"]]) if factors else found
                except DecimalException:  # an exponent of more digits than any number has
                    continue
                made[row] = found
        return made, _floats(scaled)

    def value(self, text: str) -> float:
        """The number that a text stands for, in this spelling or as programs write it.

        Raises:
            ValueError: it is none.
        """
        found = self.parse([text])[0]
        return float(text) if np.isnan(found) else float(found)

    def write(self, values: Numbers) -> NDArray[np.object_]:
        """Numbers as the column has them."""
        if self.truths:
            return np.array(self.truths, dtype=object)[(values >= 0.5).astype(np.int64)]
        if self.scales:
            return self._scaled(values)
        written = self._digits(values)
        for value, text in self.odd:
            written[values == value] = text
        if self.plain and not self.plus and not self.bare:
            return written
        return np.array([self._dressed(text) for text in written], dtype=object)

    def _ordinal(self, digits: str) -> str:
        if self.ordinal != ORDINALS:
            return self.ordinal[0 if digits == "1" else 1]
        number = int(digits)
        return "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")

    def _scaled(self, values: Numbers) -> NDArray[np.object_]:
        """Each with the largest unit of which it is one or more."""
        places = self.places_of or (self.places,) * len(self.scales)
        units = {
            float(factor): replace(self, scales=(), places_of=(), whole=False, after=after, places=own)
            for (after, factor), own in zip(reversed(self.scales), reversed(places), strict=True)
        }
        made = np.full(len(values), None, dtype=object)
        left = np.ones(len(values), dtype=bool)
        for factor, alone in units.items():
            shares = values / factor
            reached = np.abs(np.round(shares, 9)) >= 1
            rows = left & (reached if factor != min(units) else True)
            made[rows] = alone.write(shares[rows])
            left &= ~rows
        return made

    def _digits(self, values: Numbers) -> NDArray[np.object_]:
        if self.whole and not self.exponent and self.places in ((), (0, 0)):
            # Whole numbers that float64 does not tell apart are still written as digits.
            return np.array([str(int(value)) for value in np.rint(values).tolist()], dtype=object)
        if self.exponent == "always":
            return np.array([self._scientific(value) for value in values.tolist()], dtype=object)
        if self.exponent == "shorter":
            return np.array([self._shorter(value) for value in values.tolist()], dtype=object)
        if not self.places or self.exponent == "extreme":
            return np.array([self._usual(value) for value in values.tolist()], dtype=object)
        least, most = self.places
        # 0.0: no negative zero is written.
        texts = [f"{value + 0.0:.{most}f}" for value in np.round(values, most).tolist()]
        return np.array([_shortened(t, least, most) for t in texts] if least < most else texts, dtype=object)

    def _usual(self, value: float) -> str:
        if self.places and (value == 0 or 1e-4 <= abs(value) < 1e16):
            least, most = self.places
            return _shortened(f"{round(value, most) + 0.0:.{most}f}", least, most)
        text = repr(float(f"{value:.{self.significant}g}") + 0.0).replace("e", self.mark)
        return text[:-2] if text.endswith(".0") and (not self.places or not self.places[0]) else text

    def _scientific(self, value: float) -> str:
        least, most = self.places or (0, self.significant - 1)
        mantissa, _, exponent = f"{value + 0.0:.{most}e}".partition("e")
        return f"{_shortened(mantissa, least, most)}{self.mark}{exponent}"

    def _shorter(self, value: float) -> str:
        fixed, scientific = _both(float(f"{value:.{self.significant}g}"))
        return (scientific if len(scientific) < len(fixed) else fixed).replace("e", self.mark)

    def _dressed(self, text: str) -> str:
        below = text.startswith("-")
        text = text.lstrip("-")
        head, dot, tail = text.partition(".")
        exponent = ""
        if "e" in (tail or head).lower():
            place = (tail or head).lower().index("e")
            exponent, short = (tail or head)[place:], (tail or head)[:place]
            head, tail = (head, short) if dot else (short, "")
        if self.bare and dot and head == "0":
            head = ""
        if self.thousands and len(head) >= self.grouped:
            head = _in_groups(head, self.thousands, self.indian)
        number = head + (self.decimal + tail if dot else "") + exponent
        after = self._ordinal(text) if self.ordinal else self.after
        if self.zero:
            number = number.translate({48 + digit: ord(self.zero) + digit for digit in range(10)})
        sign = "-" if below else "+" if self.plus and text.strip("0.") else ""
        if below and self.negative == "()":
            return f"({self.before}{number}{after})"
        if below and self.negative == "inner":
            return f"{self.before}({number}){after}"
        if below and self.negative == "after":
            return f"{self.before}{number}{after}-"
        if self.negative == "-$" and sign:
            return f"{self.before}{sign}{number}{after}"
        sign = "−" if below and self.negative == "−" else sign
        return f"{sign}{self.before}{number}{after}"


class NumberEvidence:
    """What the values of a column show of numbers in one spelling.

    Args:
        spelling: by which texts are read.
    """

    def __init__(self, spelling: NumberSpelling) -> None:
        self.spelling = spelling
        #: Values that are numbers, and such as have groups of digits.
        self.count = self.grouped = 0
        self.low, self.high = np.inf, -np.inf
        self.whole, self.superfluous, self.code = True, False, False
        self._least, self._most, self._significant = 99, 0, 0
        self._powers = self._fixed = self._bare = self._zero = 0
        self._shorter = True
        self._mantissa = [99, 0]
        self._marks: Counter[str] = Counter()
        self._signs: Counter[str] = Counter()
        self._ungrouped, self._fewest, self._indian = 0, 99, False
        self._zeros: set[str] = set()
        self._places_of: dict[str, tuple[int, int]] = {}
        self._of_places: dict[int, set[float] | None] = {}
        self._filled: set[int] = set()
        self._dotted = True

    @property
    def decimals(self) -> bool:
        """Whether any number has decimals."""
        return self._most > 0 or self._mantissa[1] > 0

    def see(self, texts: Texts, counts: NDArray[Any]) -> Numbers:
        """More texts, each there so often; gives them as numbers."""
        canonical, values = self.spelling.read(texts)
        known = ~np.isnan(values)
        if known.any():
            self.count += int(counts[known].sum())
            raw = [text for text, is_known in zip(texts, known, strict=True) if is_known]
            self._see(raw, canonical[known], values[known])
        return values

    def _see(self, raw: Sequence[str], canonical: NDArray[np.object_], values: Numbers) -> None:
        import pandas

        series = pandas.Series(canonical, dtype="str")
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        self.whole = self.whole and bool((values == np.rint(values)).all())
        self.superfluous = self.superfluous or bool(series.str.fullmatch(_SUPERFLUOUS).any())
        originals = series if self.spelling.plain else pandas.Series(raw, dtype="str")
        self.code = self.code or bool(originals.str.fullmatch(_CODE).any())
        lengths, dots = series.str.len().to_numpy(), series.str.find(".").to_numpy()
        powers = series.str.contains("[eE]").to_numpy(dtype=bool)
        places = np.where(dots < 0, 0, lengths - dots - 1)
        if (~powers).any():
            self._fixed += int((~powers).sum())
            self._least, self._most = (
                min(self._least, int(places[~powers].min())),
                max(self._most, int(places[~powers].max())),
            )
            self._see_places(values[~powers], places[~powers], series[~powers].str.endswith("0").to_numpy(dtype=bool))
            small = (np.abs(values) < 1) & ~powers & (dots >= 0)
            bare = int(series[small].str.match(r"[+-]?\.").sum()) if small.any() else 0
            self._bare, self._zero = self._bare + bare, self._zero + int(small.sum()) - bare
        if powers.any():
            self._exponents([str(text) for text in canonical[powers]])
        self._shorter = self._shorter and (self._powers > 0 or not powers.any()) and _is_shorter(values, powers)
        if self._most > ANY_PRECISION:
            digits = series.str.replace(r"[eE].*|[^\d]", "", regex=True).str.lstrip("0").str.len()
            self._significant = max(self._significant, int(digits.max()))
        self._dotted = self._dotted and bool(originals.str.endswith(".").all())
        self._see_signs(raw, values)
        self._see_units(raw, places)
        self._zeros |= {_zero_of(text) for text in raw}
        if self.spelling.thousands:
            self._see_groups(raw)

    def _see_places(self, values: Numbers, places: NDArray[Any], filled: NDArray[np.bool_]) -> None:
        """Which numbers have how many decimals, where they are few, and whether a last one is a 0."""
        for count in np.unique(places).tolist():
            own, rows = self._of_places.setdefault(count, set()), places == count
            self._filled = self._filled | {count} if filled[rows].any() else self._filled
            if own is not None:
                own.update(np.unique(values[rows])[: ODD + 1].tolist())
                self._of_places[count] = own if len(own) <= ODD else None

    def _odd(self) -> tuple[tuple[float, str], ...]:
        """Few numbers with fewer decimals than all others, that are filled with zeros."""
        others = [(count, own) for count, own in self._of_places.items() if count < self._most]
        if self._powers or self._most not in self._filled or not others or any(own is None for _, own in others):
            return ()
        found = [(value, f"{value:.{count}f}") for count, own in others for value in own or ()]
        return tuple(sorted(found)) if len(found) <= ODD and self._of_places[self._most] is None else ()

    def _exponents(self, texts: Sequence[str]) -> None:
        self._powers += len(texts)
        for text in texts:
            mantissa, mark, _ = re.split(r"([eE])", text)
            places = len(mantissa.partition(".")[2])
            self._mantissa = [min(self._mantissa[0], places), max(self._mantissa[1], places)]
            self._significant = max(self._significant, places + 1)
            self._marks[mark] += 1

    def _see_signs(self, raw: Sequence[str], values: Numbers) -> None:
        for text in (text for text, value in zip(raw, values, strict=True) if value < 0):
            first, before = text[0], self.spelling.before
            inside = bool(before) and text.startswith(before)
            if "(" in text:
                self._signs["()" if text[0] == "(" and text[-1] == ")" else "inner"] += 1
            else:
                self._signs["after" if text[-1] in "-−" else "-$" if inside else first] += 1
        self._signs["+"] += sum("+" in text[:4] for text in raw)
        self._signs["positive"] += int((values > 0).sum())

    def _see_units(self, raw: Sequence[str], places: NDArray[Any]) -> None:
        afters = sorted((after for after, _ in self.spelling.scales), key=len, reverse=True)
        for text, own in zip(raw, places.tolist(), strict=True) if afters else ():
            after = next(after for after in afters if text.rstrip(")-−").endswith(after))
            least, most = self._places_of.get(after, (own, own))
            self._places_of[after] = min(least, own), max(most, own)

    def _see_groups(self, raw: Sequence[str]) -> None:
        mark, decimal = self.spelling.thousands, self.spelling.decimal
        for text in raw:
            head = text.partition(decimal)[0]
            digits = sum(c.isdigit() for c in head)
            if mark in head:
                self.grouped += 1
                self._fewest = min(self._fewest, digits)
                groups = re.findall(r"\d+", head)
                self._indian = self._indian or any(len(group) == 2 for group in groups[1:-1])
            else:
                self._ungrouped = max(self._ungrouped, digits)

    def finish(self, *, whole: bool | None = None) -> NumberSpelling:
        """The spelling with all that was seen; `whole` where it was declared."""
        made: dict[str, Any] = {"whole": self.whole if whole is None else whole}
        if self._powers:
            made["mark"] = self._marks.most_common(1)[0][0]
            made["significant"] = min(17, max(self._significant, self._most))
            if not self._fixed:
                made |= {"exponent": "always", "places": tuple(self._mantissa)}
            elif self._shorter:
                made |= {"exponent": "shorter", "significant": max(15, made["significant"])}
            elif not self.whole:
                made["exponent"] = "extreme"
                made["places"] = (self._least, self._most) if self._most <= ANY_PRECISION else ()
            else:
                made["places"] = (self._least, self._most)
        elif self._most > ANY_PRECISION:
            made["significant"] = min(17, self._significant)
        else:
            made["places"] = (self._least, self._most) if self._fixed else (0, 0)
        if odd := self._odd():
            made |= {"odd": odd, "places": (self._most, self._most)}
        if whole and not self.whole:
            made |= {"places": (0, 0), "odd": ()}
        if self.spelling.plain and self._dotted and self.count:
            made["after"] = "."
        signs = {key: count for key, count in self._signs.items() if key not in ("+", "positive") and count}
        if signs:
            made["negative"] = max(signs, key=lambda key: signs[key])
        made["plus"] = 0 < self._signs["positive"] <= self._signs["+"]
        made["bare"] = self._bare > self._zero
        if self.spelling.scales and made.get("places"):
            made["places_of"] = tuple(self._places_of.get(after, made["places"]) for after, _ in self.spelling.scales)
        made["zero"] = next(iter(self._zeros)) if len(self._zeros) == 1 else ""
        if self.spelling.thousands:
            made["indian"] = self._indian
            made["grouped"] = self._fewest if self._fewest > self._ungrouped >= 4 else 4
        return replace(self.spelling, **made)


def spellings_of(texts: Texts, decimal: str | None = None, thousands: str | None = None) -> list[NumberSpelling]:
    """Spellings in which texts may be numbers: those in which most are, or nearly as many.

    Args:
        texts: different ones.
        decimal, thousands: what they are known to be.

    >>> [(s.decimal, s.thousands, s.after) for s in spellings_of(["1.234,50 €", "99,00 €"])]
    [(',', '.', ' €')]
    """
    matches = [match for match in map(_LOOSE.fullmatch, texts) if match]
    sides = Counter((match["before"] or "", match["after"] or "") for match in matches)
    if not sides:
        return []
    before, after = sides.most_common(1)[0][0]
    afters = [own for (first, own), _ in sides.most_common() if first == before]
    ordinal, scales = _ordinals(afters), _scales(afters)
    # Of three digits behind a mark it may stand between thousands, but no degrees have these.
    part = r"[.,]\d+$" if before.strip() in _SIDES else r"\d[.,]\d{1,2}$|[.,]\d{4,}$"
    decimals = sum(bool(re.search(part, match["core"])) for match in matches)
    if not _leads(before, decimals >= 0.5 * len(matches)) or not (_is_unit(after) or scales or ordinal):
        return []
    if ordinal:
        return [NumberSpelling(before=before, ordinal=ordinal)]
    cores = "".join(match["core"] for match in matches)
    marks = [mark for mark in GROUPERS if mark in cores]
    combinations = [
        (point, mark)
        for point in ((decimal,) if decimal else (".", ",", *(("٫",) if "٫" in cores else ())))
        for mark in ((thousands,) if thousands is not None else ("", *marks))
        if mark != point
    ]
    below: Negative = "-"
    if any(match["open"] or match["open2"] for match in matches):
        below = "()"
    elif any(match["s3"] for match in matches):
        below = "after"
    elif any("−" in (match["s1"] or match["s2"] or "") for match in matches):
        below = "−"
    counted = []
    for place, (point, mark) in enumerate(combinations):
        spelling = NumberSpelling(
            point, mark, before=before, after="" if scales else after, negative=below, scales=scales
        )
        found = int((~np.isnan(spelling.parse(texts))).sum())
        counted.append((found, -place, spelling))
    most = max(found for found, _, _ in counted)
    return [spelling for found, _, spelling in counted if found and found >= 0.8 * most]


def _scales(afters: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What stands after numbers, the commonest first, as multiples of one unit; () where it is no such.

    >>> _scales(["M", "k"]), _scales([" Mio. €", " €"])
    ((('k', '1e3'), ('M', '1e6')), ((' €', '1'), (' Mio. €', '1e6')))
    """
    if len(afters) < 2:
        return ()
    powers = [_POWER.fullmatch(after) for after in afters]
    if all(powers):
        raised = [
            (after, match["exponent"].translate(_RAISED)) for after, match in zip(afters, powers, strict=True) if match
        ]
        return tuple(sorted(((after, f"1e{int(own)}") for after, own in raised), key=lambda scale: float(scale[1])))
    tails = {"", *(after for after in afters if after.strip() and _is_currency(after))}
    for tail in sorted(tails, key=len, reverse=True):
        for family in SCALES:
            words = [after.removesuffix(tail).strip() for after in afters]
            if all(after.endswith(tail) for after in afters) and all(word in family for word in words):
                found = [(after, family[word]) for after, word in zip(afters, words, strict=True)]
                if len({factor for _, factor in found}) > 1:
                    return tuple(sorted(found, key=lambda scale: float(scale[1])))
    return ()


def _ordinals(afters: Sequence[str]) -> tuple[str, ...]:
    """What makes numbers ordinals, by what stands after them, the commonest first; () where they are none.

    >>> _ordinals(["th", "st", "rd"]), _ordinals(["e", "er"]), _ordinals(["m"])
    (('st', 'nd', 'rd', 'th'), ('er', 'e'), ())
    """
    if set(afters) <= set(ORDINALS):
        return ORDINALS
    first = next((after for after in afters if after in _FIRSTS), "")
    others = [after for after in afters if after != first]
    return (first or others[0], others[0]) if len(others) == 1 and others[0] in _FOLLOWING else ()


def units_of(texts: Texts) -> list[str]:
    """Units or currencies of texts that are nearly all numbers, the commonest first; [] where they are none.

    >>> units_of(["12 €", "$3.50", "7 €"])
    ['€', '$']
    """
    matches = [match for match in map(_LOOSE.fullmatch, texts) if match]
    sides = Counter(
        (match["before"] or match["after"] or "").strip()
        for match in matches
        if _is_currency(match["before"] or "") and _is_unit(match["after"] or "")
    )
    return [unit for unit, _ in sides.most_common() if unit] if sides.total() >= 0.95 * len(texts) > 0 else []


@cache
def _pattern(decimal: str, thousands: str, before: str, afters: tuple[str, ...]) -> re.Pattern[str]:
    point, mark, first = (re.escape(text) for text in (decimal, thousands, before))
    last = "|".join(map(re.escape, sorted(afters, key=len, reverse=True)))
    whole = rf"\d{{1,3}}(?:{mark}\d{{3}})+|\d{{1,2}}(?:{mark}\d{{2}})*{mark}\d{{3}}|\d+" if thousands else r"\d+"
    return re.compile(
        rf"(?P<open>\()?(?P<s1>[+\-−])?{first}(?P<s2>[+\-−])?(?P<open2>\()?"
        rf"(?:(?P<whole>{whole})(?:{point}(?P<part>\d*))?|{point}(?P<only>\d+))(?P<exponent>[eE][+\-]?\d+)?"
        rf"(?P<close>\))?(?P<after>{last})(?P<close2>\))?(?P<s3>[-−])?"
    )


def _zero_of(text: str) -> str:
    """The digit 0 of the script that a number is written in; "" where that is ours.

    >>> _zero_of("१२३"), _zero_of("12")
    ('०', '')
    """
    first = next((mark for mark in text if mark.isdecimal()), "0")
    return "" if first.isascii() else chr(ord(first) - unicodedata.decimal(first))


def _canonical(match: re.Match[str], thousands: str) -> str | None:
    opened = (match["open"] or match["open2"]) is not None
    if opened != ((match["close"] or match["close2"]) is not None):
        return None
    signs = [sign for sign in (match["s1"], match["s2"], match["s3"]) if sign]
    if len(signs) + opened > 1:
        return None
    whole = match["whole"] or ""
    if thousands and thousands in whole and match["exponent"]:  # 1,984E+04 is 19840
        return None
    part = match["part"] if match["whole"] is not None else match["only"]
    number = (whole.replace(thousands, "") if thousands else whole) + (f".{part}" if part is not None else "")
    return ("-" if opened or signs in (["-"], ["−"]) else "") + number + (match["exponent"] or "")


def _plain(texts: Texts) -> NDArray[np.object_]:
    import pandas

    made = np.array(texts, dtype=object)  # a copy: pandas 2 writes and reads the texts that it is given
    made[~pandas.Series(made, dtype="str").str.fullmatch(PLAIN).to_numpy(dtype=bool)] = None
    return made


def _floats(canonical: NDArray[np.object_]) -> Numbers:
    # Not by pandas, which is off by the last digit of some.
    values = np.array([np.nan if number is None else float(number) for number in canonical], dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _is_currency(before: str) -> bool:
    word = before.strip()
    return not word or word in CURRENCIES or all(unicodedata.category(mark) == "Sc" for mark in word)


def _leads(before: str, decimals: bool) -> bool:
    """Whether it may stand before numbers that measure: a currency, about; before decimals N, T=, pH, but no version.

    >>> _leads("~", False), _leads("N", True), _leads("N", False), _leads("pH ", True), _leads("ver ", True)
    (True, True, False, True, False)
    """
    word = before.strip()
    if _is_currency(before) or word.lower() in _ABOUT or word == "%":
        return True
    named = word in _SIDES or before[-1:] in (":", "=", *_SPACES)
    return decimals and named and not word.lower().startswith(("v", "rev"))


def _is_unit(after: str) -> bool:
    word = after.strip().lstrip(".,-–—") if after[:1] in (".", ",") else after.strip()
    spaced = after[:1] in _SPACES and len(word) <= 8 and all(c.isalpha() or c in "°µ²³%‰/.$€£¥" for c in word)
    return _is_currency(word) or word in UNITS or spaced or _is_multiple(word) or _POWER.fullmatch(after) is not None


def _is_multiple(word: str) -> bool:
    """Whether it is one of `SCALES`, with or without a currency: M, Mio. €, bn USD."""
    return any(word.startswith(name) and _is_currency(word.removeprefix(name)) for name in _MULTIPLES)


def _in_groups(digits: str, mark: str, indian: bool) -> str:
    head, last = digits[:-3], digits[-3:]
    size = 2 if indian else 3
    first = len(head) % size
    groups = ([head[:first]] if first else []) + [head[place : place + size] for place in range(first, len(head), size)]
    return mark.join([*groups, last])


def _both(value: float) -> tuple[str, str]:
    """A number without and with an exponent, as R writes them.

    >>> _both(100000.0), _both(0.00012)
    (('100000', '1e+05'), ('0.00012', '1.2e-04'))
    """
    digits, _, exponent = repr(value).partition("e")
    fixed = np.format_float_positional(value, trim="-") if np.isfinite(value) else digits
    mantissa, _, exponent = np.format_float_scientific(value, trim="-", exp_digits=2).partition("e")
    return fixed, f"{mantissa}e{exponent}"


def _is_shorter(values: Numbers, powers: NDArray[np.bool_]) -> bool:
    """Whether those and only those have an exponent that take less room with one."""
    rows = np.flatnonzero(powers)[:200].tolist() + np.flatnonzero(~powers)[:200].tolist()
    for row in rows:
        fixed, scientific = _both(float(values[row]))
        if (len(scientific) < len(fixed)) != bool(powers[row]):
            return False
    return True


def _shortened(text: str, least: int, most: int) -> str:
    """A number without the zeros at its end, but with `least` decimals.

    >>> _shortened("1.500", 1, 3), _shortened("2.000", 1, 3), _shortened("2.000", 0, 3)
    ('1.5', '2.0', '2')
    """
    kept = max(len(text.rstrip("0")), len(text) - most + least)
    return text[:kept].rstrip(".")
