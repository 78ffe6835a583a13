"""Columns that lead to people are recognised, and what is made in their place leads to nobody."""

import ipaddress

import numpy as np
import pytest

from saddlepoint.data.tables import sensitive
from saddlepoint.data.tables.sensitive import FakeEvidence, FakePattern, recognised

N = 200


def luhn(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)) % 10 == 0


def numbers(form: str, seed: int = 0) -> list[str]:
    drawn = np.random.default_rng(seed)
    return ["".join(str(drawn.integers(10)) if mark == "#" else mark for mark in form) for _ in range(N)]


def cards() -> list[str]:
    return [f"{bare}{sensitive._luhn(bare)}" for bare in numbers("4##############")]


GIVEN = {
    "email": ("kontakt", [f"{word}.x@firma.de" for word in numbers("####")]),
    "card": ("zahlung", [f"{card[:4]} {card[4:8]} {card[8:12]} {card[12:]}" for card in cards()]),
    "phone": ("a", numbers("+49 151 #######")),
    "iban": ("b", [f"DE{98 - sensitive._iban_rest(f'DE00{bare}'):02d}{bare}" for bare in numbers("#" * 18)]),
    "ip": ("c", [f"10.2.{number % 256}.{number // 256}" for number in range(N)]),
    "url": ("d", [f"https://shop.de/{text}" for text in numbers("####")]),
    "ssn": ("e", numbers("1##-##-####")),
    "name": ("patient_name", [f"{a} {b}" for a in ("Ada", "Bo", "Cy") for b in ("Gonz", "Lee", "Moor", "Nyx")]),
    "address": ("anschrift", [f"Lange Gasse {number}" for number in range(N)]),
    "code": ("passport_no", numbers("C##X#####")),
}


@pytest.mark.parametrize("what", GIVEN)
def test_it_is_recognised_and_replaced(what: str) -> None:
    name, texts = GIVEN[what]
    assert recognised(name, texts) == what
    evidence = FakeEvidence(what, texts)
    evidence.see(texts)
    made = evidence.finish().texts(np.arange(3000))
    assert not set(made) & set(texts)
    assert len(set(made)) > (1500 if what not in ("name", "address") else 500)
    if what == "card":
        assert all(luhn(text.replace(" ", "")) and len(text) == 19 and text[4] == " " for text in made[:200])
    if what == "iban":
        assert all(sensitive._iban_rest(text) == 1 and text.startswith("DE") for text in made[:200])
    if what == "phone":
        assert all(text.startswith("+49 ") and len(text) == 15 for text in made)
    if what == "ip":
        assert all(ipaddress.ip_address(text).is_reserved for text in made[:200])
    if what == "email":
        assert all(text.partition("@")[2].startswith("example.") for text in made)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("city", [f"Town{text}" for text in numbers("###")]),
        ("product_name", [f"Chair {text}" for text in numbers("###")]),
        ("account_type", ["gold", "silver"] * 9),
        ("serial", [str(10**15 + number) for number in range(N)]),
        ("price", numbers("##.##")),
        ("day", [f"2021-03-{day:02d}" for day in range(1, 30)]),
        ("filename", [f"a{text}.png" for text in numbers("###")]),
        ("customer_no", [f"K-{text}" for text in numbers("######")]),
        ("patient", [f"P{text}" for text in numbers("####")]),
        ("client id", ["".join(chr(65 + int(mark)) for mark in text) for text in numbers("######")]),
        ("version", [f"{a}.{b}.{a}" for a in range(5) for b in range(9)]),
    ],
)
def test_other_columns_are_left_alone(name: str, texts: list[str]) -> None:
    assert recognised(name, texts) is None


def test_fakes_are_a_function_of_the_cell() -> None:
    pattern = FakePattern("phone", (), ("+4# ###", "0## ####"))
    cells = np.arange(100)
    assert list(pattern.texts(cells)[40:60]) == list(pattern.texts(cells[40:60]))


def test_names_that_the_file_holds_are_not_made() -> None:
    fakes = sensitive._listed("name")
    evidence = FakeEvidence("name", fakes[:500])
    evidence.see(fakes[:500])
    assert not set(evidence.finish().pool) & set(fakes[:500])


def test_without_faker_there_are_plain_stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensitive, "has_faker", lambda: False)
    sensitive._listed.cache_clear()
    try:
        evidence = FakeEvidence("name", ["Ada Lovelace"])
        evidence.see(["Ada Lovelace"])
        assert evidence.finish().form.startswith("Person ")
    finally:
        sensitive._listed.cache_clear()
