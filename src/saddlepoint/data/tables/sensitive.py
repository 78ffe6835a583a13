"""Columns that name people or lead to them: recognised by their values and names, and made anew as fakes.

    name, first name, last name     by the column's name, or by first names that Faker knows
    address, user                   by the column's name, an address by its form, too
    email, url, ip, mac, iban, ssn  by their form; an IBAN by its check digits
    card                            by 12 to 19 digits with the check digit of cards, or by the column's name
    phone                           by the column's name, by + before the digits, or by a form of the United States
    code                            passports, licences, licence plates, tax and insurance numbers: by the column's name

What stands for them is drawn by Faker (extra `fakes`) for names, addresses and users, and is otherwise made in the
shape of the values, with right check digits. E-mails and URLs lie in example.org, addresses of networks in blocks that
nobody has. No name or address that the file holds is made.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Texts = Sequence[str] | NDArray[np.object_]
#: What a column may be found or declared to hold.
SENSITIVE = (
    *("name", "first name", "last name", "address", "user", "email", "url", "ip", "mac"),
    *("iban", "card", "ssn", "phone", "code"),
)
#: What is drawn from a list that is made when the file is read.
_LISTED = ("name", "first name", "last name", "address", "user", "email")
#: Different values from which a column is recognised, and values that are looked at.
FEWEST, LOOKED = 8, 500
#: The share of values that have to have a form, and of those where the column's name says the same.
FORMED, CALLED = 0.8, 0.5
#: The share of values that begin with a known first name, where nothing else says that they are names of people; and
#: where the column is called so.
KNOWN, SOME = 0.6, 0.2
#: Fakes of a list, at most, and templates of shapes.
POOL, TEMPLATES = 2_000, 50

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_URL = re.compile(r"(?:https?://|ftp://|www\.)\S+", re.I)
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}")
_SSN = re.compile(r"\d{3}-\d{2}-\d{4}")
_CARD = re.compile(r"\d(?:[ -]?\d){11,18}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
_PHONE = re.compile(r"\+?(?:[ ().\-/]*\d){6,15}[ ().\-/]*(?:(?:x|ext\.?) ?\d{1,6})?", re.I)
_ABROAD = re.compile(r"(?:\+|00)\s?\d(?:[ ().\-/]*\d){6,14}")
_AMERICAN = re.compile(r"(?:\+?1[ .\-])?(?:\(\d{3}\) ?|\d{3}[ .\-])\d{3}[ .\-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?", re.I)
_STREET = re.compile(
    r"\d+[a-z]?,? +(?:\S+ +)*\S*?(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|way|court|ct|place|pl|"
    r"square|terrace|parkway|highway)\b.*|.*(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|damm|ufer|ring) \d+.*|"
    r"\d+,? +(?:rue|avenue|boulevard|place|chemin|impasse) .*|(?:calle|avenida|via|viale|piazza|rua|plaza) .*\d+.*",
    re.I | re.S,
)
#: Nobody's name has digits: `K-100007` is a number, whatever its column is called.
_PERSON = re.compile(r"[^\W\d_](?:[^\W\d]|[.'’\-])*(?:,? +[^\W\d_](?:[^\W\d]|[.'’\-])*){0,4}")
_USER = re.compile(r"@?[\w.\-]+")
_WORDS = re.compile(r"[A-ZÀ-Þ]?[a-zß-ÿ]+|[A-ZÀ-Þ]+(?![a-zß-ÿ])")

#: Words of columns' names, by what they say; each is looked for in the parts of a name.
_CALLED: Mapping[str, frozenset[str]] = {
    key: frozenset(words.split())
    for key, words in {
        "email": "email mail emails courriel correo",
        "url": "url website homepage webseite link",
        "ip": "ip ipaddress",
        "iban": "iban",
        "card": "card creditcard cc pan kreditkarte tarjeta carte",
        "ssn": "ssn",
        "phone": "phone telephone tel telefon telefono teléfono mobile mobil handy cell cellphone fax whatsapp",
        "code": "passport passnummer license licence licenseplate plate kennzeichen vin nif dni taxid steuernummer "
        "nino insurancenumber versicherungsnummer",
        "first name": "firstname forename givenname vorname prenom prénom",
        "last name": "lastname surname familyname nachname familienname apellido apellidos cognome",
        "user": "username user login nickname nick benutzername benutzer",
        "address": "address street addr adresse strasse straße anschrift direccion dirección rue indirizzo calle",
        "name": "name fullname nom nombre nome patient customer client kunde kundin employee mitarbeiter person holder "
        "contact doctor physician teacher student pupil guest passenger tenant owner author signatory",
        # With one of these, it is a number about it.
        "amounts": "price prices cost costs count counts minutes charge charges amount usage calls total sum score "
        "rate rating share ratio days months years age date time type kind status class size length",
        # With one of these, it is a number or a code that somebody has, and no name.
        "numbers": "no nr num number nummer numéro numero número id ids ref reference code key",
        # With one of these, "name" is not that of a person.
        "things": "product produkt company firma file city stadt country land state region brand model category "
        "class group team course plan event item host domain street station store shop project department "
        "column table field variable species common scientific sci drug medication disease diagnosis gene "
        "ship hotel restaurant recipe song album movie title game bank school type",
    }.items()
}


#: Words that say "name" of anything.
_ANYBODYS = frozenset({"name", "fullname", "nom", "nombre", "nome"})


def words_of(name: str) -> list[str]:
    """The words of a column's name, in small letters.

    >>> words_of("customerFirst_name"), words_of("E-Mail")
    (['customer', 'first', 'name'], ['e', 'mail'])
    """
    return [word.lower() for word in _WORDS.findall(name)]


def called(name: str) -> str | None:
    """What a column's name says that it holds; None where it says nothing of the kind."""
    words = words_of(name)
    if set(words) & _CALLED["amounts"]:
        return None
    together = {*words, *("".join(pair) for pair in pairwise(words))}
    for what in ("email", "url", "iban", "ssn", "phone", "card", "ip", "code", "user", "address"):
        if together & _CALLED[what] and not (
            what in ("url", "address", "user") and "name" in words[1:] and what != "user"
        ):
            return what
    for what in ("first name", "last name"):
        if together & _CALLED[what] or tuple(what.split()) == tuple(words[-2:]):
            return what
    if together & _CALLED["name"] and not together & (_CALLED["things"] | _CALLED["numbers"]):
        return "name"
    return None


def recognised(name: str, texts: Texts) -> str | None:
    """What a column holds that leads to people, one of `SENSITIVE`; None where nothing says that it does.

    Args:
        name: of the column.
        texts: different values of it.

    >>> recognised("contact", [f"{name}@mail.org" for name in "abcdefghij"])
    'email'
    >>> recognised("serial", [str(number) for number in range(10**15, 10**15 + 40)]) is None
    True
    """
    if len(texts) < FEWEST:
        return None
    sample = [str(text) for text in texts[:: max(1, len(texts) // LOOKED)][:LOOKED]]
    said = called(name)

    def share(form: Callable[[str], object]) -> float:
        return sum(bool(form(text)) for text in sample) / len(sample)

    needed = {what: CALLED if said == what else FORMED for what in SENSITIVE}
    for what, form in _FORMS.items():
        if share(form) >= needed[what]:
            return what
    names = _first_names()
    # Cars and chairs have names, too.
    alone = said == "name" and names and not set(words_of(name)) & (_CALLED["name"] - _ANYBODYS)
    if alone and share(lambda text: bool(_first_of(text) & names)) < SOME:
        return None
    if said is not None and said in _ONLY_CALLED and share(_ONLY_CALLED[said]) >= FORMED:
        return said
    unsaid = said is None and names and not set(words_of(name)) & _CALLED["things"]
    if unsaid and share(lambda text: " " in text and _PERSON.fullmatch(text) and _first_of(text) & names) >= KNOWN:
        return "name"
    return None


def _first_of(text: str) -> set[str]:
    """What may be the first name: the first word, and the first behind a comma or a title."""
    parts = text.replace(",", " , ").split()
    found = {*parts[:1], *(behind for mark, behind in pairwise(parts) if mark == "," or mark.endswith("."))}
    return {word.capitalize() for word in found if word != ","}


def _is_address_of_network(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True


def _is_card(text: str) -> bool:
    digits = re.sub(r"[ -]", "", text)
    return bool(_CARD.fullmatch(text)) and digits[0] in "23456" and _luhn(digits[:-1]) == digits[-1]


def _is_iban(text: str) -> bool:
    return bool(_IBAN.fullmatch(text)) and _iban_rest(text.replace(" ", "")) == 1


_FORMS: Mapping[str, Callable[[str], object]] = {
    "email": _EMAIL.fullmatch,
    "url": _URL.fullmatch,
    "mac": _MAC.fullmatch,
    "ip": _is_address_of_network,
    "iban": _is_iban,
    "ssn": _SSN.fullmatch,
    "card": _is_card,
    "phone": lambda text: _ABROAD.fullmatch(text) or _AMERICAN.fullmatch(text),
    "address": _STREET.fullmatch,
}
#: Forms that say something only where the column's name does, too.
_ONLY_CALLED: Mapping[str, Callable[[str], object]] = {
    "card": _CARD.fullmatch,
    "phone": _PHONE.fullmatch,
    "iban": _IBAN.fullmatch,
    "code": lambda text: any(c.isdigit() for c in text) and len(text) >= 5,
    "name": _PERSON.fullmatch,
    "first name": _PERSON.fullmatch,
    "last name": _PERSON.fullmatch,
    "user": _USER.fullmatch,
    "address": lambda text: any(c.isdigit() for c in text) and any(c.isalpha() for c in text),
    "ssn": lambda text: sum(c.isdigit() for c in text) >= 6,
}


# --- fakes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FakePattern:
    """How values are made that look like those of a column and lead to nobody.

    Attributes:
        what: they are, one of `SENSITIVE`.
        pool: fakes that are drawn from, none of which the file holds; e-mails and users get a number behind theirs.
        templates: shapes of the values, # for a digit, ? and ~ for a capital and a small letter, @ and ^ for a
            hexadecimal digit, which has capital or small letters.
        salt: that columns of a row have different fakes by.
    """

    what: str
    #: Not shown, and no part of a table's fingerprint: another version of Faker has others.
    pool: tuple[str, ...] = field(default=(), repr=False)
    templates: tuple[str, ...] = ()
    salt: int = 0

    @property
    def form(self) -> str:
        """One of them, to show."""
        return str(self.texts(np.zeros(1, dtype=np.int64))[0])

    def texts(self, cells: NDArray[np.int64]) -> NDArray[np.object_]:
        """Fakes, a function of each cell alone."""
        made = np.empty(len(cells), dtype=object)
        first, second = _bits(cells, 4 * self.salt + 1), _bits(cells, 4 * self.salt + 2)
        if self.pool:
            chosen = (first % np.uint64(len(self.pool))).tolist()
            for row, (place, number) in enumerate(zip(chosen, second.tolist(), strict=True)):
                made[row] = self._listed(self.pool[place], number)
            return made
        templates = self.templates or ("########",)
        for row, (place, number) in enumerate(
            zip((first % np.uint64(len(templates))).tolist(), second.tolist(), strict=True)
        ):
            made[row] = _SHAPED.get(self.what, _filled)(templates[place], np.random.default_rng(number))
        return made

    def _listed(self, fake: str, number: int) -> str:
        if self.what == "email":
            return f"{fake}{number % 10**6}@example.{('org', 'com', 'net')[number % 3]}"
        return f"{fake}{number % 10**6}" if self.what == "user" else fake


def uniform_of(cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """A number uniform on [0, 1) that looks random, of each cell."""
    return (_bits(cells, 3) >> np.uint64(11)).astype(np.float64) / 2.0**53


def _bits(cells: NDArray[np.int64], salt: int) -> NDArray[np.uint64]:
    """64 bits that look random, of each cell (Steele, Lea, Flood 2014, "Fast splittable pseudorandom generators")."""
    with np.errstate(over="ignore"):
        z = cells.astype(np.uint64) + np.uint64(salt) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


_ALPHABETS = {
    **{"#": "0123456789", "%": "123456789", "^": "0123456789abcdef", "@": "0123456789ABCDEF"},
    **{"?": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "~": "abcdefghijklmnopqrstuvwxyz"},
}


def _filled(template: str, rng: np.random.Generator) -> str:
    drawn = rng.integers(0, 1 << 30, len(template)).tolist()
    return "".join(
        _ALPHABETS[mark][number % len(_ALPHABETS[mark])] if mark in _ALPHABETS else mark
        for mark, number in zip(template, drawn, strict=True)
    )


def _fill_card(template: str, rng: np.random.Generator) -> str:
    """The last digit is the check digit."""
    text = _filled(template, rng)
    digits = [place for place, mark in enumerate(text) if mark.isdigit()]
    text = _with(text, digits[0], "45"[int(rng.integers(2))])
    return _with(text, digits[-1], _luhn("".join(text[place] for place in digits[:-1])))


def _fill_iban(template: str, rng: np.random.Generator) -> str:
    """The two digits behind the country are check digits."""
    text = _filled(template, rng)
    bare = text.replace(" ", "")
    check = 98 - _iban_rest(f"{bare[:2]}00{bare[4:]}")
    return f"{text[:2]}{check:02d}{text[4:]}"


def _fill_ssn(template: str, rng: np.random.Generator) -> str:
    """Numbers that begin with 9 are not issued."""
    text = _filled(template, rng)
    first = next((place for place, mark in enumerate(text) if mark.isdigit()), None)
    return text if first is None else _with(text, first, "9")


def _fill_ip(template: str, rng: np.random.Generator) -> str:
    """Of version 4 in 240.0.0.0/4, which is reserved; of version 6 in 2001:db8::/32, which is for documentation."""
    drawn = rng.integers(0, 1 << 16, 6).tolist()
    mark, slash, bits = template.partition("/")
    if mark == ":":
        text = "2001:db8:" + ":".join(f"{number:x}" for number in drawn)
    else:
        text = ".".join(map(str, (240 + drawn[0] % 15, drawn[1] % 256, drawn[2] % 256, 1 + drawn[3] % 254)))
    return str(ipaddress.ip_network(f"{text}/{bits}", strict=False)) if slash else text


def _fill_mac(template: str, rng: np.random.Generator) -> str:
    """Locally administered: no maker has it."""
    text = _filled(template, rng)
    return f"02{text[2:]}"


def _fill_url(template: str, rng: np.random.Generator) -> str:  # noqa: ARG001
    return f"https://www.example.org/{_filled('????????', rng).lower()}"


_SHAPED: Mapping[str, Callable[[str, np.random.Generator], str]] = {
    "card": _fill_card,
    "iban": _fill_iban,
    "ssn": _fill_ssn,
    "ip": _fill_ip,
    "mac": _fill_mac,
    "url": _fill_url,
}


def _with(text: str, place: int, mark: str) -> str:
    return f"{text[:place]}{mark}{text[place + 1 :]}"


def _luhn(digits: str) -> str:
    """The check digit behind others (ISO/IEC 7812).

    >>> _luhn("411111111111111")
    '1'
    """
    doubled = [2 * int(digit) if place % 2 == 0 else int(digit) for place, digit in enumerate(reversed(digits))]
    return str(-sum(digit - 9 * (digit > 9) for digit in doubled) % 10)


def _iban_rest(iban: str) -> int:
    """An IBAN modulo 97, 1 where it is right (ISO 13616).

    >>> _iban_rest("DE89370400440532013000")
    1
    """
    return int("".join(str(int(mark, 36)) for mark in iban[4:] + iban[:4])) % 97


class FakeEvidence:
    """What is learnt of a sensitive column for its fakes; the values themselves are not kept.

    Args:
        what: it holds, one of `SENSITIVE`.
        first: some of its values.
        name: of the column.
    """

    def __init__(self, what: str, first: Texts, name: str = "") -> None:
        self.what, self._salt = what, crc32(name.encode())
        self._shapes: dict[str, int] = {}
        self._style = _style_of(first)
        self._pool = dict.fromkeys(_listed(what)) if what in _LISTED else {}
        self._folded = {self._styled(fake).casefold(): fake for fake in self._pool}

    def see(self, texts: Texts) -> None:
        """More values, of a piece each once: their shapes, and which fakes are among them."""
        for text in texts:
            if not self._pool:
                shape = _template(self.what, str(text))
                if shape in self._shapes or len(self._shapes) < 20 * TEMPLATES:
                    self._shapes[shape] = self._shapes.get(shape, 0) + 1
            elif (fake := self._folded.pop(str(text).casefold(), None)) is not None:
                del self._pool[fake]

    def finish(self) -> FakePattern:
        """How new ones are made. Of shapes the most frequent are kept, and those of one value are not."""
        pool = tuple(self._styled(fake) for fake in list(self._pool)[:POOL])
        kept = sorted(self._shapes, key=lambda shape: -self._shapes[shape])
        shared = [shape for shape in kept if self._shapes[shape] > 1] or kept[:1]
        return FakePattern(self.what, pool, tuple(shared[:TEMPLATES]), self._salt)

    def _styled(self, fake: str) -> str:
        if self.what == "name" and self._style[1]:
            first, _, last = fake.partition(" ")
            fake = f"{last}, {first}"
        return self._style[0](fake)


def _template(what: str, text: str) -> str:
    """The shape of a value; of a telephone number the country stays, of an IBAN, too."""
    if what == "mac":
        return re.sub(r"[0-9A-Fa-f]", "@" if text.upper() == text else "^", text)
    if what == "ip":
        return (":" if ":" in text else ".") + "".join(text.partition("/")[1:])
    if what == "url":
        return "url"
    text = re.sub(r"[#?%^@~]", "-", text)
    letters = text if what == "phone" else re.sub(r"[^\W\d_]", lambda own: "~" if own[0].islower() else "?", text)
    shape = re.sub(r"\d", "#", letters)
    if what == "iban":
        return text[:2] + shape[2:]
    if what == "phone":
        kept = re.match(r"\+\d{1,2}|00\d{1,2}|0|\(0", text)
        return text[: kept.end()] + shape[kept.end() :] if kept else shape
    return f"%{shape[1:]}" if shape[:1] == "#" and text[0] != "0" else shape


def _style_of(texts: Texts) -> tuple[Callable[[str], str], bool]:
    """How names are written: in small or capital letters; and whether the last name comes first."""
    sample = [str(text) for text in texts[:LOOKED]]
    lower, upper = (bool(sample) and all(case(text) for text in sample) for case in (str.islower, str.isupper))
    reverse = sum(", " in text for text in sample) > 0.5 * len(sample)
    return (str.lower if lower else str.upper if upper else str), reverse


def has_faker() -> bool:
    """Whether the extra is installed."""
    try:
        import faker  # noqa: F401
    except ImportError:
        return False
    return True


@cache
def _first_names() -> frozenset[str]:
    """First names of a few languages; none without the extra."""
    if not has_faker():
        return frozenset()
    found: set[str] = set()
    for locale in ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_BR", "pl_PL", "sv_SE", "en_IN"):
        person: Any = import_module(f"faker.providers.person.{locale}").Provider
        for names in (person.first_names, *(getattr(person, f"first_names_{of}", ()) for of in ("male", "female"))):
            found |= {str(name).split()[0] for name in names}
    return frozenset(found)


@cache
def _listed(what: str) -> tuple[str, ...]:
    """Twice as many fakes as are needed, as some may be somebody's."""
    if not has_faker():
        word, tail = _PLAIN[what]
        return tuple(f"{word}{number}{tail}" for number in range(1, 2 * POOL + 1))
    from faker import Faker

    source = Faker("en_US")
    source.seed_instance(0)
    makers: dict[str, Callable[[], str]] = {
        "name": lambda: f"{source.first_name()} {source.last_name()}",
        "first name": source.first_name,
        "last name": source.last_name,
        "address": lambda: source.address().replace("\n", ", "),
        "user": lambda: source.user_name().rstrip("0123456789"),
        "email": lambda: f"{source.first_name()}.{source.last_name()}.".lower(),
    }
    return tuple(dict.fromkeys(makers[what]() for _ in range(2 * POOL)))


#: What stands for fakes without the extra.
_PLAIN = {
    "name": ("Person ", ""),
    "first name": ("Person ", ""),
    "last name": ("Family ", ""),
    "address": ("", " Example Street"),
    "user": ("user", "x"),
    "email": ("person", "."),
}
