"""Texts that hold several values: learnt by their parts, written whole, and codes left alone."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
import pytest

import saddlepoint as sp
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import DataError
from saddlepoint.data.tables import TableData, read_frame, read_table

ROWS = 300
RNG = np.random.default_rng(0)
ANY = RNG.integers(90, 180, ROWS)
SHARES = RNG.uniform(0, 1, (ROWS, 3))


def stay(i: int, form: str, between: str) -> str:
    begin = dt.datetime(2021, 1, 1) + dt.timedelta(minutes=int(500_000 * SHARES[i, 0]))
    return f"{begin:{form}}{between}{begin + dt.timedelta(minutes=int(1 + 20_000 * SHARES[i, 1])):{form}}"


def angle(degrees: float, north: str, south: str) -> str:
    whole, rest = divmod(abs(degrees), 1)
    return f"{whole:.0f}°{int(60 * rest):02d}'{int(3600 * rest % 60):02d}\"{north if degrees >= 0 else south}"


MEASURES: dict[str, Callable[[int], str]] = {
    "a blood pressure": lambda i: f"{ANY[i]}/{int(0.6 * ANY[i] + 9 * SHARES[i, 0])}",
    "with its unit": lambda i: f"{ANY[i]}/{int(0.6 * ANY[i] + 9 * SHARES[i, 0])} mmHg",
    "a place": lambda i: f"{48 + SHARES[i, 0]:.5f}, {-3 + 6 * SHARES[i, 1]:.5f}",
    "a place without a blank": lambda i: f"{48 + SHARES[i, 0]:.3f},{-3.001 - 6 * SHARES[i, 1]:.3f}",
    "a place in brackets": lambda i: f"({48 + SHARES[i, 0]:.4f};{-3 + 6 * SHARES[i, 1]:.4f})",
    "a place with decimal commas": lambda i: f"{48 + SHARES[i, 0]:.4f}; {6 * SHARES[i, 1]:.4f}".replace(".", ","),
    "a point of WKT": lambda i: f"POINT({-3 + 6 * SHARES[i, 1]:.4f} {48 + SHARES[i, 0]:.4f})",
    "degrees, minutes and seconds": lambda i: (
        angle(48 + SHARES[i, 0], "N", "S") + " " + angle(-3 + 6 * SHARES[i, 1], "E", "W")
    ),
    "hemispheres": lambda i: f"{40 * SHARES[i, 0]:.3f}{'NS'[i % 2]} {90 * SHARES[i, 1]:.3f}{'EW'[i % 3 // 2]}",
    "sizes": lambda i: f"{ANY[i]} x {10 + int(90 * SHARES[i, 0])} x {1 + int(20 * SHARES[i, 1])} cm",
    "pixels": lambda i: f"{8 * ANY[i]}×{8 * int(50 + 90 * SHARES[i, 0])}",
    "an error": lambda i: f"{SHARES[i, 0]:.2f} ± {SHARES[i, 1] / 9:.2f}",
    "a share beside a count": lambda i: f"{ANY[i]} ({100 * SHARES[i, 0]:.1f}%)",
    "a range": lambda i: f"{ANY[i]}-{ANY[i] + 1 + int(40 * SHARES[i, 0])}",
    "a range in words": lambda i: f"from {ANY[i]} to {ANY[i] + 1 + int(40 * SHARES[i, 0])}",
    "several currencies": lambda i: f"{'$€'[i % 2]}{1000 * SHARES[i, 0]:,.2f}",
    "several currencies by their codes": lambda i: f"{1000 * SHARES[i, 0]:.2f} {('USD', 'EUR', 'CHF')[i % 3]}",
    "a few words among them": lambda i: f"{ANY[i]}/{60 + i % 30}" if i % 9 else "unknown",
    "missing ones": lambda i: f"{ANY[i]}/{60 + i % 30}" if i % 4 else "",
    "an interval of ISO 8601": lambda i: stay(i, "%Y-%m-%dT%H:%M:%SZ", "/"),
    "from day to day": lambda i: stay(i, "%d.%m.%Y", " - "),
    "from day to day, with slashes": lambda i: stay(i, "%d/%m/%Y", "-"),
    "days in words": lambda i: stay(i, "%d %b %Y", " to "),
    "opening hours": lambda i: (
        f"{7 + i % 5}:{i % 4 * 15:02d}-{14 + int(6 * SHARES[i, 0])}:{15 * int(4 * SHARES[i, 1]):02d}"
    ),
    "from day to day in brackets": lambda i: f"[{stay(i, '%d.%m.%y', '; ')}]",
    "hours of few days": lambda i: stay(i, "%H:%M", " – ") if i % 9 else "closed",
}
CODES: dict[str, Callable[[int], str]] = {
    "invoices": lambda i: f"2021-{i:04d}",
    "parts of a catalogue": lambda i: f"{('TV', 'PH')[i % 2]}-{1000 + 7 * i}",
    "postcodes": lambda i: f"SW{1 + i % 20} {i % 9}AA",
    "flights": lambda i: f"{('BA', 'LH')[i % 2]} {ANY[i]}",
    "versions": lambda i: f"{i % 3}.{i % 20}.{i % 9}",
    "bands, each often": lambda i: f"{10 * (i % 7)}-{10 * (i % 7) + 9}",
    "telephones": lambda i: f"({200 + i}) 555-{1000 + 7 * i}",
}


def table_of(make: Callable[[int], str], **more: object) -> TableData:
    frame = pandas.DataFrame({"x": np.arange(ROWS) % 13 + 0.5, "what": [make(i) for i in range(ROWS)]})
    return read_frame(frame, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", MEASURES)
def test_texts_of_several_values_are_learnt_by_their_parts_and_written_as_they_were(case: str) -> None:
    make = MEASURES[case]
    table = table_of(make)
    parts = [column for column in table.columns if column.of == "what"]
    assert len(parts) >= 2
    assert not any(column.kind == "identifier" for column in parts)
    assert sum(column.numeric for column in parts) >= 1
    assert table.texts()["what"].tolist() == [make(i) for i in range(ROWS)]
    assert any("learnt by its parts" in note for note in table.notes)


@pytest.mark.parametrize("case", CODES)
def test_codes_are_left_whole(case: str) -> None:
    table = table_of(CODES[case])
    assert [column.name for column in table.columns] == ["x", "what"]


def test_what_is_declared_or_released_is_left_whole() -> None:
    make = MEASURES["a blood pressure"]
    assert len(table_of(make, kinds={"what": "category"}).columns) == 2
    assert len(table_of(make, released=["what"]).columns) == 2
    named = read_frame(pandas.DataFrame({"what": [make(i) for i in range(ROWS)], "what_1": np.arange(ROWS) % 5 + 0.5}))
    assert [column.name for column in named.columns] == ["what", "what_1"]


@pytest.mark.slow
def test_a_file_whose_later_rows_are_made_otherwise_is_left_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    rows = [f"{i % 7}.5;{40 + i % 7919 / 1000}, {i % 977 / 100}" for i in range(120_000)]
    path.write_text("x;what\n" + "\n".join(rows) + "\n")
    assert len(read_table(path).columns) == 3
    words = [f"{i % 7}.5;note {i}" for i in range(100)]
    path.write_text("x;what\n" + "\n".join(rows + words) + "\n")
    assert len(read_table(path).columns) == 2


@pytest.mark.slow
def test_made_rows_hold_whole_texts_in_every_form(tmp_path: Path) -> None:
    kinds = ("a blood pressure", "degrees, minutes and seconds", "a few words among them", "missing ones")
    frame = pandas.DataFrame({name: [MEASURES[name](i) for i in range(ROWS)] for name in kinds})
    frame["age"] = (ANY / 3).round()
    run = sp.train("table-copula", frame, out=tmp_path / "run", progress=False, seed=3)
    made = run.sample(200, seed=1)
    assert list(made) == list(frame)
    pressures = made[kinds[0]].str.fullmatch(r"(\d+)/(\d+)")
    assert pressures.all()
    assert (
        made[kinds[1]].map(lambda text: re.fullmatch(r"48°[0-5]\d'[0-5]\d\"N [0-3]°[0-5]\d'[0-5]\d\"[EW]", text)).all()
    )
    assert 5 < (made[kinds[2]] == "unknown").sum() < 60
    assert made[kinds[3]].isna().mean() == pytest.approx(0.25, abs=0.12)
    known = made[kinds[0]].str.split("/", expand=True).astype(float)
    assert np.corrcoef(known[0], known[1])[0, 1] > 0.8
    assert set(made.dtypes.astype(str)) == set(frame.dtypes.astype(str))


def test_what_the_parts_of_every_cell_keep_made_ones_keep(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"stay": [MEASURES["from day to day"](i) for i in range(ROWS)], "age": (ANY / 3).round()})
    run = sp.train("table-copula", frame, out=tmp_path / "run", progress=False)
    made = run.sample(300, seed=2)["stay"].str.split(" - ", expand=True)
    begin, end = (pandas.to_datetime(made[side], format="%d.%m.%Y") for side in (0, 1))
    assert (begin <= end).all()
    assert (end - begin).dt.days.between(0, 15).mean() > 0.95
    given = pandas.DataFrame({"stay": ["03.05.2021 - 07.05.2021"]})
    assert run.sample(1, seed=1, like=given)["stay"].tolist() == given["stay"].tolist()


def test_whole_texts_are_given_and_parts_are_named_in_conditions(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"bp": [MEASURES["missing ones"](i) for i in range(ROWS)], "age": (ANY / 3).round()})
    run = sp.train("table-copula", frame, out=tmp_path / "run", progress=False)
    given = pandas.DataFrame({"bp": ["120/75", "", "130/61"]})
    assert run.sample(3, seed=1, like=given)["bp"].fillna("").tolist() == ["120/75", "", "130/61"]
    assert (run.sample(9, seed=1, where="bp_1>150")["bp"].str[:3].astype(int) > 150).all()
    with pytest.raises((DataError, ConfigurationError), match="name bp_1 or bp_2"):
        run.sample(3, where="bp=120/75")


def test_few_numbers_of_a_part_that_a_rule_compares_are_written_whole(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"term": [f"P{i % 3}Y{i % 12}M{i % 28}D" for i in range(ROWS)], "age": (ANY / 3).round()})
    run = sp.train("table-copula", frame, out=tmp_path / "run", progress=False)
    made = run.sample(100, seed=2)["term"]
    assert made.str.fullmatch(r"P[0-2]Y\d{1,2}M\d{1,2}D").all()
