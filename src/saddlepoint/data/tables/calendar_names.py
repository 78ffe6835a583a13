"""Names of months and weekdays in the languages that files are written in."""

from collections.abc import Sequence
from functools import cache
from typing import Literal

Width = Literal["wide", "abbreviated"]

#: Months and weekdays (Monday first) of English, which needs no library.
ENGLISH = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: Languages that are tried where English does not explain a name, by babel.
LANGUAGES = (
    *("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "sk", "hu", "ro", "tr", "ru"),
    *("uk", "el", "hr", "sl", "bg", "et", "lv", "lt", "id", "ca"),
)
#: Letters from which the beginning of a name stands for it.
SHORTEST = 3


@cache
def names(language: str, what: str, width: Width = "wide") -> tuple[str, ...]:
    """The twelve `months` or the seven `days` of a language, `wide` or `abbreviated`; () where babel is missing."""
    if language == "en":
        own = ENGLISH if what == "months" else ENGLISH_DAYS
        return own if width == "wide" else tuple(name[:3] for name in own)
    try:
        from babel.dates import get_day_names, get_month_names
    except ImportError:
        return ()
    found = (get_month_names if what == "months" else get_day_names)(width, locale=language)
    return tuple(str(found[place]) for place in sorted(found))


@cache
def vocabulary(language: str, what: str) -> dict[str, int]:
    """Places of the names of a language, from 0, in small letters and without dots."""
    known: dict[str, int] = {}
    widths: tuple[Width, ...] = ("wide", "abbreviated")
    for width in widths:
        for place, name in enumerate(names(language, what, width)):
            # One letter is a joiner rather than a day.
            if len(_plain(name)) > 1:
                known.setdefault(_plain(name), place)
    return known


@cache
def place_of(language: str, what: str, word: str) -> int:
    """The place of a month or weekday that a word names, from 0; −1 where it names none.

    >>> place_of("en", "months", "SEPT."), place_of("en", "days", "Sun"), place_of("en", "months", "Ju")
    (8, 6, -1)
    """
    plain, known = _plain(word), vocabulary(language, what)
    if plain in known:
        return known[plain]
    if len(plain) < SHORTEST:
        return -1
    places = {place for name, place in known.items() if name.startswith(plain)}
    return places.pop() if len(places) == 1 else -1


@cache
def languages_of(word: str, what: str) -> tuple[str, ...]:
    """The languages in which a word names a month or weekday, the likelier first."""
    return tuple(language for language in LANGUAGES if place_of(language, what, word) >= 0)


def completed(language: str, what: str, seen: Sequence[str]) -> tuple[str, ...]:
    """All names in the style of those that were seen, "" for those that were not.

    >>> completed("en", "months", ("JAN", "", *[""] * 10))[8]
    'SEP'
    """
    written = [name for name in seen if name]
    wide, short = names(language, what, "wide"), names(language, what, "abbreviated")
    places = [place for place, name in enumerate(seen) if name]
    if not wide or not written:
        return tuple(seen)
    long = all(_plain(seen[p]) == _plain(wide[p]) for p in places) and any(
        len(_plain(wide[p])) > len(_plain(short[p])) for p in places
    )
    dots, longest = any(name.endswith(".") for name in written), max(len(_plain(name)) for name in written)
    made = []
    for place, name in enumerate(seen):
        if name:
            made.append(name)
            continue
        new = wide[place] if long else short[place].rstrip(".")[: max(longest, SHORTEST)]
        new = new + "." if dots and not long and len(new) < len(wide[place]) else new
        if all(name.isupper() for name in written):
            new = new.upper()
        elif all(name.islower() for name in written):
            new = new.lower()
        elif all(name[0].isupper() for name in written):
            new = new[0].upper() + new[1:]
        made.append(new)
    return tuple(made)


def _plain(word: str) -> str:
    return word.replace(".", "").casefold()
