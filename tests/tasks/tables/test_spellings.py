"""Spellings of numbers, dates, times and durations: found, written back as they were, and made in the same spelling."""

import csv
import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas
import pytest

from saddlepoint.data import DataError
from saddlepoint.data.tables import Declared, ScaledColumn, TableData, read_frame, read_table
from saddlepoint.data.tables.columns import column_from
from saddlepoint.data.tables.numbers import NumberEvidence, spellings_of
from saddlepoint.tasks.tables.coding import TableCoding
from saddlepoint.tasks.tables.copula import CopulaRows

ROWS = 80
RNG = np.random.default_rng(1)
MOMENTS = [dt.datetime(2021, 1, 1) + dt.timedelta(seconds=int(s)) for s in RNG.integers(0, 3 * 365 * 86400, ROWS)]
SIZES = np.exp(RNG.normal(6, 1.2, ROWS)).round(2)
SIGNED = RNG.normal(0, 9, ROWS).round(1) + 0.0
SECONDS = [int(s) for s in RNG.integers(3600, 10**6, ROWS)]
THOUSANDTHS = [int(k) for k in RNG.integers(1, 1000, ROWS)]


def zoned(moment: dt.datetime, zone: str) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone))


def grouped(number: str, mark: str, decimal: str = ".") -> str:
    whole, dot, part = number.partition(".")
    return f"{int(whole):,}".replace(",", mark) + (decimal + part if dot else "")


def indian(number: str) -> str:
    whole, dot, part = number.partition(".")
    head, last = whole[:-3], whole[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    return ",".join([*pairs, last]) + dot + part


def ordinal(day: int) -> str:
    return "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
FRENCH = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.".split()
SPANISH = (
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"  # of a sentence
).split()

DATES: Mapping[str, Callable[[dt.datetime, int], str]] = {
    "iso Z": lambda t, k: f"{t.isoformat()}Z",
    "milliseconds": lambda t, k: f"{t.isoformat()}.{k:03d}Z",
    "a fraction where there is one": lambda t, k: str(t.replace(microsecond=k * (k % 3))),
    "Berlin": lambda t, k: zoned(t, "Europe/Berlin").isoformat(),
    "Berlin by name": lambda t, k: zoned(t, "Europe/Berlin").isoformat() + "[Europe/Berlin]",
    "CET": lambda t, k: zoned(t, "Europe/Berlin").strftime("%Y-%m-%d %H:%M:%S %Z"),
    "EST": lambda t, k: zoned(t, "America/New_York").strftime("%m/%d/%Y %I:%M %p %Z"),
    "India": lambda t, k: t.strftime("%Y-%m-%dT%H:%M:%S+0530"),
    "hours of an offset": lambda t, k: t.strftime("%Y-%m-%d %H:%M:%S+00"),
    "mail": lambda t, k: t.strftime("%a, %d %b %Y %H:%M:%S +0000"),
    "HTTP": lambda t, k: t.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    "log": lambda t, k: t.strftime("%d/%b/%Y:%H:%M:%S -0700"),
    "comma": lambda t, k: t.strftime("%Y-%m-%d %H:%M:%S,") + f"{k:03d}",
    "ctime": lambda t, k: t.ctime(),
    "US": lambda t, k: f"{t.month}/{t.day}/{t.year}",
    "US with a time": lambda t, k: f"{t.month}/{t.day}/{t.year} {t.hour}:{t.minute:02d}",
    "US, two digits": lambda t, k: f"{t.month}/{t.day}/{t:%y} {t:%I:%M:%S %p}",
    "UK, two digits": lambda t, k: t.strftime("%d/%m/%y"),
    "German": lambda t, k: t.strftime("%d.%m.%Y"),
    "German with a time": lambda t, k: t.strftime("%d.%m.%Y %H:%M Uhr"),
    "Finnish": lambda t, k: f"{t.day}.{t.month}.{t.year} {t.hour}.{t.minute:02d}",
    "Excel": lambda t, k: t.strftime("%d-%b-%y"),
    "Oracle": lambda t, k: t.strftime("%d-%b-%Y").upper(),
    "SAS": lambda t, k: t.strftime("%d%b%Y:%H:%M:%S").upper(),
    "long": lambda t, k: f"{t:%B} {t.day}, {t.year}",
    "ordinals": lambda t, k: f"{t:%B} {t.day}{ordinal(t.day)}, {t.year}",
    "German words": lambda t, k: f"{t.day}. {GERMAN[t.month - 1]} {t.year}",
    "French words": lambda t, k: f"{t.day} {FRENCH[t.month - 1]} {t.year}",
    "Spanish words": lambda t, k: f"{t.day} de {SPANISH[t.month - 1]} de {t.year}",
    "Japanese": lambda t, k: f"{t.year}年{t.month}月{t.day}日",
    "digits": lambda t, k: t.strftime("%Y%m%d"),
    "digits, day first": lambda t, k: t.strftime("%d%m%Y"),
    "digits with a time": lambda t, k: t.strftime("%Y%m%d%H%M%S"),
    "basic iso": lambda t, k: t.strftime("%Y%m%dT%H%M%SZ"),
    "months": lambda t, k: t.strftime("%Y-%m"),
    "months of digits": lambda t, k: t.strftime("%Y%m"),
    "months by name": lambda t, k: t.strftime("%b %Y"),
    "quarters": lambda t, k: f"{t.year + k % 30}Q{(t.month + 2) // 3}",
    "weeks": lambda t, k: t.strftime("%G-W%V"),
    "days of a year": lambda t, k: t.strftime("%Y-%j"),
    "days of a year, digits": lambda t, k: t.strftime("%Y%j"),
    "before 1677": lambda t, k: f"{1400 + k % 270}-{t:%m-%d}",
    "after 2262": lambda t, k: f"{2290 + k % 270}-{t:%m-%d} {t:%H:%M}",
    "DB2": lambda t, k: t.strftime("%Y-%m-%d-%H.%M.%S.000000"),
    "EXIF": lambda t, k: t.strftime("%Y:%m:%d %H:%M:%S"),
    "French, the first": lambda t, k: f"{'1er' if t.day < 9 else t.day} {FRENCH[t.month - 1]} {t.year}",
    "French with a time": lambda t, k: t.strftime("%d/%m/%Y à %Hh%M"),
    "weeks without a mark": lambda t, k: "{}-{:02d}".format(*t.isocalendar()[:2]),
    "weeks before years": lambda t, k: "KW {1}/{0}".format(*t.isocalendar()[:2]),
    "eras": lambda t, k: f"令和{t.year - 2018}年{t.month}月{t.day}日",
    "letters of eras": lambda t, k: f"R{t.year - 2018}.{t:%m.%d}",
    "Chinese with a time": lambda t, k: f"{t.year}年{t:%m月%d}日 {t.hour}时{t:%M}分",
    "hours of an offset, one digit": lambda t, k: t.strftime("%Y-%m-%d %H:%M GMT+2"),
    "MEZ": lambda t, k: (
        zoned(t, "Europe/Berlin")
        .strftime("%d.%m.%Y %H:%M %Z")
        .replace("CE", "ME")
        .replace("ST", "SZ")
        .replace("ET", "EZ")
    ),
    "missing": lambda t, k: t.strftime("%d.%m.%Y") if k % 7 else "",
    "a word": lambda t, k: t.strftime("%Y-%m-%d") if k % 7 else "unknown",
    "created_at": lambda t, k: str(int(t.replace(tzinfo=dt.UTC).timestamp())),
}
TIMES: Mapping[str, Callable[[dt.datetime, int], str]] = {
    "minutes": lambda t, k: t.strftime("%H:%M"),
    "seconds": lambda t, k: t.strftime("%H:%M:%S"),
    "thousandths": lambda t, k: t.strftime("%H:%M:%S.") + f"{k:03d}",
    "afternoon": lambda t, k: t.strftime("%I:%M %p").lstrip("0"),
    "with dots": lambda t, k: t.strftime("%I:%M ") + ("a.m." if t.hour < 12 else "p.m."),
    "French": lambda t, k: t.strftime("%Hh%M"),
    "Chinese": lambda t, k: f"{'上午' if t.hour < 12 else '下午'}{(t.hour - 1) % 12 + 1}:{t:%M}",
    "Zulu": lambda t, k: t.strftime("%H%MZ"),
    "military": lambda t, k: t.strftime("%H%M"),
    "digits": lambda t, k: t.strftime("%H%M%S"),
    "German": lambda t, k: t.strftime("%H:%M Uhr"),
    "among words": lambda t, k: t.strftime("um %H:%M Uhr"),
}
DURATIONS: Mapping[str, Callable[[int, int], str]] = {
    "pandas": lambda s, k: str(pandas.Timedelta(seconds=s)),
    "pandas, below zero": lambda s, k: str(pandas.Timedelta(seconds=s - 400_000)),
    "Python": lambda s, k: str(dt.timedelta(seconds=s)),
    "clock": lambda s, k: f"{s // 3600}:{s // 60 % 60:02d}:{s % 60:02d}",
    "iso": lambda s, k: pandas.Timedelta(seconds=s).isoformat(),
    "iso, hours": lambda s, k: f"PT{s // 3600}H" + (f"{s // 60 % 60}M" if s // 60 % 60 else ""),
    "units": lambda s, k: f"{s // 3600}h {s // 60 % 60:02d}m",
    "words": lambda s, k: f"{s // 3600} hour{'s' * int(s // 3600 != 1)} {k % 60} minute{'s' * int(k % 60 != 1)}",
    "German words": lambda s, k: f"{s // 3600} Std. {s // 60 % 60} Min.",
    "races": lambda s, k: f"{s // 3600}h{s // 60 % 60:02d}'{s % 60:02d}\"",
    "laps": lambda s, k: f"{s // 60 % 500}:{s % 60:02d}.{k % 100:02d}",
}
NUMBERS: Mapping[str, Callable[[float, float], str]] = {
    "decimal comma": lambda v, x: f"{v}".replace(".", ","),
    "dots": lambda v, x: grouped(f"{v:.2f}", ".", ","),
    "euros": lambda v, x: grouped(f"{v:.2f}", ".", ",") + " €",
    "dollars": lambda v, x: "$" + grouped(f"{v:.2f}", ","),
    "dollars below zero": lambda v, x: f"{'-' if x < 0 else ''}${grouped(f'{v:.2f}', ',')}",
    "dollars in parentheses": lambda v, x: f"(${v:.2f})" if x < 0 else f"${v:.2f}",
    "parentheses": lambda v, x: f"({v:.2f})" if x < 0 else f"{v:.2f}",
    "apostrophes": lambda v, x: "CHF " + grouped(f"{v:.2f}", "'"),
    "thin spaces": lambda v, x: grouped(f"{v:.2f}", "\u202f", ","),
    "spaces": lambda v, x: grouped(f"{v * 100:.1f}", " ", ","),
    "lakhs": lambda v, x: "₹" + indian(f"{v * 1000 + 1000.25:.2f}"),
    "whole lakhs": lambda v, x: indian(f"{v * 1000 + 1000:.0f}"),
    "whole": lambda v, x: grouped(f"{v * 1000:.0f}", ","),
    "per cent": lambda v, x: f"{v / 30:.1f}%",
    "per cent with a space": lambda v, x: f"{v / 30:.1f} %".replace(".", ","),
    "signs": lambda v, x: f"{x + 0.05:+.2f}%",
    "codes of currencies": lambda v, x: f"USD {v:.2f}",
    "kronor": lambda v, x: f"{v:.2f} kr".replace(".", ","),
    "exponents": lambda v, x: f"{v:.3e}",
    "large exponents": lambda v, x: f"{v:.3E}",
    "small": lambda v, x: repr(float(v) * 1e-6),
    "minus signs": lambda v, x: f"{x or 1.0:.1f}".replace("-", "−"),
    "minus after": lambda v, x: f"{abs(x) or 1.0:.1f}{'-' if x < 0 else ''}",
    "no zero": lambda v, x: f"{v % 1:.3f}".lstrip("0"),
    "kilograms": lambda v, x: f"{v:.1f} kg",
    "degrees": lambda v, x: f"{x or 1.0:.1f}°C",
    "all digits": lambda v, x: repr(float(v) / 7),
    "whole with a decimal": lambda v, x: f"{v:.0f}.0",
    "fives": lambda v, x: str(5 * int(v)),
    "quarters": lambda v, x: f"{0.25 * int(v):.2f}",
    "about": lambda v, x: f"~{v:.0f}",
    "parentheses before a unit": lambda v, x: f"({v:.2f}) USD" if x < 0 else f"{v:.2f} USD",
    "parentheses behind a unit": lambda v, x: f"$ ({v:.2f})" if x < 0 else f"$ {v:.2f}",
    "nothing behind the comma": lambda v, x: grouped(f"{v * 100:.0f}", " ") + ",- Kč",
    "exponents with a comma": lambda v, x: f"{v:.3E}".replace(".", ","),
    "powers of ten": lambda v, x: f"{v / 1000:.2f}×10^3",
    "ordinals": lambda v, x: f"{int(v)}{ordinal(int(v) % 100)}",
    "French ordinals": lambda v, x: f"{int(v % 90 + 1)}e" if v % 90 >= 1 else "1er",
    "ordinals with a dot": lambda v, x: f"{int(v)}.",
    "per cent before": lambda v, x: f"%{v:.0f}",
    "one number without decimals": lambda v, x: "-999" if v < 200 else f"{v / 10:.1f}",
    "two words for a half": lambda v, x: f"{v:.2f}" if v > 400 else "#DIV/0!" if v > 250 else ".",
    "degrees north": lambda v, x: f"N{v / 30:.4f}",
    "pence": lambda v, x: f"{v:.0f}p",
    "named": lambda v, x: f"pH {v % 14:.2f}",
    "degrees west": lambda v, x: f"W{v / 30:.3f}°",
    "below what the method sees": lambda v, x: f"{v:.2f}" if v > 300 else "< LOD",
    "below what is measured": lambda v, x: f"{v:.2f}" if v > 300 else "<300",
}
TEXTS: Mapping[str, Callable[[int, int], str]] = {
    "telephones": lambda s, k: f"+4930{s:07d}",
    "telephones at home": lambda s, k: f"030{s:07d}",
    "cards": lambda s, k: str(4 * 10**15 + s * 10**9 + k),
    "shuffled": lambda s, k: str((37 * (SECONDS.index(s)) % ROWS) + 1),
    "hexadecimal": lambda s, k: uuid.uuid5(uuid.NAMESPACE_URL, f"{s}").hex,
    "invoices": lambda s, k: f"INV-2021-{SECONDS.index(s):05d}",
    "order_id": lambda s, k: str(7 * s),
}


def table_of(columns: Mapping[str, list[str]], folder: Path) -> TableData:
    path = folder / "columns.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["x", *columns])
        writer.writerows(zip([f"{value:.3f}" for value in RNG.normal(size=ROWS)], *columns.values(), strict=True))
    return read_table(path)


def check(columns: Mapping[str, list[str]], kind: str, folder: Path) -> TableData:
    """All are of the kind, written as they were, and what is made of them is of the same spelling."""
    table = table_of(columns, folder)
    assert {name: table.column(name).kind for name in columns} == dict.fromkeys(columns, kind)
    for name, texts in columns.items():
        assert table.texts()[name].tolist() == texts, name
    made = CopulaRows.of(table, 0, independent=True).rows(ROWS)
    made.check_writers()
    for name, texts in made.texts().items():
        column = made.column(name)
        if name in columns and isinstance(column, ScaledColumn):
            values = column.spelling.parse(texts[~made.cells[name].absent])  # type: ignore[attr-defined]
            assert not np.isnan(values[0] if isinstance(values, tuple) else values).any(), name
    return table


def test_dates_are_found_in_every_usual_spelling(tmp_path: Path) -> None:
    columns = {name: [form(t, k) for t, k in zip(MOMENTS, THOUSANDTHS, strict=True)] for name, form in DATES.items()}
    table = check(columns, "date", tmp_path)
    types = table.frame().dtypes.astype(str)
    assert types["Berlin"] == types["CET"] == "datetime64[us, Europe/Berlin]"
    assert types["EST"] == "datetime64[us, America/New_York]"
    assert types["iso Z"] == types["hours of an offset"] == "datetime64[us, UTC]"
    assert types["before 1677"] == types["a word"].replace("str", "datetime64[us]") == "datetime64[us]"
    assert table.frame()["before 1677"].dt.year.between(1400, 1670).all()
    assert table.column("a word").described == "date %Y-%m-%d or 'unknown'"
    # The same moment, however it is written.
    seconds = [table.cells[name].values for name in ("iso Z", "Berlin", "EST", "basic iso", "created_at")]
    for own in seconds:
        assert np.abs(own - seconds[0]).max() < 60


def test_times_of_day_are_found(tmp_path: Path) -> None:
    columns = {name: [form(t, k) for t, k in zip(MOMENTS, THOUSANDTHS, strict=True)] for name, form in TIMES.items()}
    table = check(columns, "time", tmp_path)
    assert table.frame()["seconds"].tolist() == [moment.time() for moment in MOMENTS]


def test_durations_are_found(tmp_path: Path) -> None:
    columns = {
        name: [form(s, k) for s, k in zip(SECONDS, THOUSANDTHS, strict=True)] for name, form in DURATIONS.items()
    }
    table = check(columns, "duration", tmp_path)
    for name in ("pandas", "Python", "clock", "iso"):
        assert table.frame()[name].dt.total_seconds().tolist() == SECONDS


def test_numbers_are_found_in_every_usual_spelling(tmp_path: Path) -> None:
    columns = {
        name: [form(v, x) for v, x in zip(SIZES.tolist(), SIGNED.tolist(), strict=True)]
        for name, form in NUMBERS.items()
    }
    table = check(columns, "number", tmp_path)
    for name in (
        "decimal comma",
        "dots",
        "euros",
        "dollars",
        "apostrophes",
        "thin spaces",
        "codes of currencies",
        "kronor",
    ):
        assert table.cells[name].values == pytest.approx(SIZES), name
    for name in ("parentheses", "dollars below zero", "dollars in parentheses"):
        assert table.cells[name].values == pytest.approx(np.where(SIGNED < 0, -SIZES, SIZES)), name
    types = table.frame().dtypes
    assert types["whole"] == types["whole lakhs"] == types["whole with a decimal"] == types["fives"] == np.int64
    assert types["exponents"] == types["per cent"] == np.float64
    made = CopulaRows.of(table, 0, independent=True).rows(ROWS)
    assert set(made.frame()["fives"] % 5) == {0}


def test_codes_are_texts_and_their_values_are_not_seen_again(tmp_path: Path) -> None:
    columns = {name: [form(s, k) for s, k in zip(SECONDS, THOUSANDTHS, strict=True)] for name, form in TEXTS.items()}
    columns["products"] = [f"{1 + k % 4}E{1 + s % 4}" for s, k in zip(SECONDS, THOUSANDTHS, strict=True)]
    columns["zip"] = [f"0{1000 + k % 9}" for k in THOUSANDTHS]
    table = table_of(columns, tmp_path)
    kinds = {name: table.column(name).kind for name in columns}
    assert kinds == {**dict.fromkeys(TEXTS, "identifier"), "products": "category", "zip": "category"}
    made = CopulaRows.of(table, 0, independent=True).rows(ROWS).texts()
    for name in TEXTS:
        assert len(set(made[name])) == ROWS, name
        assert {len(text) for text in made[name]} <= {len(text) for text in columns[name]} | {3}, name
    assert made["invoices"].tolist() == [f"INV-2021-{number:05d}" for number in range(ROWS, 2 * ROWS)]
    assert sorted(map(int, made["shuffled"])) == list(range(ROWS + 1, 2 * ROWS + 1))
    assert all(text.startswith("+") for text in made["telephones"])
    for name in TEXTS:
        assert any(name in note and "made" in note for note in table.notes[2:]), name


def test_a_date_may_be_declared_with_its_format(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    days = [f"{t:%d/%m/%Y}" for t in MOMENTS if t.day < 13]
    path.write_text("x,at\n" + "".join(f"{row}.5,{day}\n" for row, day in enumerate(days)))
    table = read_table(path)
    assert table.column("at").described == "date %m/%d/%Y"
    assert any("%d/%m/%Y would do as well" in note for note in table.notes)
    own = read_table(path, kinds={"at": Declared("date", "%d/%m/%Y")})
    assert own.frame()["at"].dt.month.tolist() == [t.month for t in MOMENTS if t.day < 13]
    with pytest.raises(DataError, match=r"are no dates of the format %Y: give its own, as in --set 'data.columns.at="):
        read_table(path, kinds={"at": Declared("date", "%Y")})
    with pytest.raises(DataError, match="%K in '%K' is not known"):
        read_table(path, kinds={"at": Declared("date", "%K")})


def test_decimal_and_thousands_may_be_declared(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("x;price\n" + "".join(f"{row};{row % 7 + 1}.{row % 9}00\n" for row in range(40)))
    assert read_table(path).frame()["price"].max() < 10
    table = read_table(path, decimal=",", thousands=".")
    assert table.frame()["price"].min() >= 1000
    assert table.texts()["price"][0] == "1.000"
    assert (
        read_table(path, kinds={"price": Declared("number", thousands=".", decimal=",")}).frame()["price"].min() >= 1000
    )
    with pytest.raises(DataError, match="give two different marks"):
        read_table(path, decimal=",", thousands=",")


def test_a_primary_key_has_a_value_of_its_own_in_every_row(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,age,size\n" + "".join(f"{row * row * 1009},{20 + row % 30},{row}.5\n" for row in range(60)))
    assert read_table(path).column("size").kind == "number"
    table = read_table(path, primary_key="number")
    assert table.column("number").kind == "identifier"
    with pytest.raises(DataError, match="'age' was declared the primary key, and its 60 rows have 30 different values"):
        read_table(path, primary_key="age")


def test_two_words_for_none_keep_their_shares(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    cells = ["NA", "", "a", "b"] * 25
    path.write_text(
        "x,y,g\n" + "".join(f"{row}.5,{row % 40 if row % 4 > 1 else cells[row]},{cells[row]}\n" for row in range(100))
    )
    table = read_table(path)
    for name in ("y", "g"):
        assert set(table.column(name).absent) == {"NA", ""}
        coding, rows = TableCoding.fit(table)
        assert (coding.decode(rows).texts()[name] == table.texts()[name]).mean() > 0.99
        made = CopulaRows.of(table, 0, independent=False).rows(400).texts()[name].tolist()
        assert 60 < made.count("NA") < 140
        assert 60 < made.count("") < 140
    assert str(table.frame()["y"].dtype) == "Int64"  # words for none are no texts


@pytest.mark.parametrize(
    ("digits", "texts"),
    [
        ("٠١٢٣٤٥٦٧٨٩", ["١٬٢٤٣٫٥٦", "٩٦٠٫٩٢", "-٢٬٠٨٠٫٦٢"]),
        ("०१२३४५६७८९", ["1243.5", "960.9", "-12.0"]),
        ("۰۱۲۳۴۵۶۷۸۹", ["12", "7", "1204"]),
    ],
)
def test_numbers_are_written_in_the_digits_of_their_script(digits: str, texts: list[str]) -> None:
    own = [text.translate(str.maketrans("0123456789", digits)) for text in texts]
    spelling = spellings_of(own)[0]
    evidence = NumberEvidence(spelling)
    values = evidence.see(own, np.ones(len(own), dtype=np.int64))
    assert not np.isnan(values).any()
    assert evidence.finish().write(values).tolist() == own


def human(value: float, units: Mapping[str, float], places: int = 1) -> str:
    """As people shorten a number: by the largest unit of which it is one or more."""
    after, factor = next((pair for pair in units.items() if value >= pair[1]), [*units.items()][-1])
    return f"{value / factor:.{places if factor > 1 else 0}f}{after}"


WIDE = 10 ** RNG.uniform(2, 8, 200)
SCALED: Mapping[str, Callable[[float], str]] = {
    "k and M": lambda v: human(v, {"B": 1e9, "M": 1e6, "k": 1e3, "": 1}),
    "after a currency": lambda v: f"€{human(v, {'M': 1e6, 'K': 1e3, '': 1})}",
    "before a currency": lambda v: f"{v / 1e6:.1f} Mio. €".replace(".", ",", 1) if v >= 1e6 else f"{v:.0f} €",
    "bytes": lambda v: human(v, {" MB": 1e6, " KB": 1e3, " B": 1}, 2),
    "powers of 1,024": lambda v: human(v, {"MiB": 2**20, "KiB": 2**10}, 3),
    "grams": lambda v: human(v, {"kg": 1e3, "g": 1}),
    "lakh and crore": lambda v: f"₹{human(v, {' Cr': 1e7, ' lakh': 1e5, '': 1}, 2)}",
    "below zero": lambda v: "-" * (int(v) % 2) + human(v, {"M": 1e6, "k": 1e3, "": 1}),
}


@pytest.mark.parametrize("spell", SCALED.values(), ids=SCALED)
def test_numbers_of_several_scales_are_numbers_and_come_back(spell: Callable[[float], str], tmp_path: Path) -> None:
    texts = [spell(v) for v in WIDE]
    path = tmp_path / "scaled.csv"
    pandas.DataFrame({"size": texts, "n": SIZES.tolist() * 2 + SIZES.tolist()[:40]}).to_csv(path, index=False)
    table = read_table(path)
    column = table.column("size")
    assert isinstance(column, ScaledColumn)
    assert column.kind == "number"
    assert table.texts()["size"].tolist() == texts
    values = np.abs(table.cells["size"].values)
    assert np.corrcoef(np.log(values), np.log(WIDE))[0, 1] > 0.999
    made = CopulaRows.of(table, 0, independent=True).rows(50).texts()["size"]
    assert not np.isnan(column.spelling.parse(made)).any()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "form",
    ["{:.1f}M", "${:.2f}bn", "{:.1f} Mio. €", "{:.0f}K", "{:.3f} PB", "{:.1f} lakh", "{:.0f}h", "{:.4f}N", "{:.3f}°E"],
)
@pytest.mark.parametrize("word", [None, "undisclosed"])
def test_numbers_of_one_scale_are_no_durations_whether_or_not_a_word_is_among_them(
    form: str, word: str | None, tmp_path: Path
) -> None:
    texts = [form.format(v) for v in RNG.uniform(2, 900, 200)]
    texts[17] = word or texts[17]
    path = tmp_path / "scaled.csv"
    pandas.DataFrame({"size": texts, "n": range(200)}).to_csv(path, index=False)
    table = read_table(path)
    assert table.column("size").kind == "number"
    assert table.texts()["size"].tolist() == texts


@pytest.mark.parametrize("kept", ["csv", "parquet", "frame"])
def test_blanks_around_texts_come_back(kept: str, tmp_path: Path) -> None:
    given = pandas.DataFrame(
        {
            "before": [" <=50K", " >50K", " <=50K", " n/a"] * 30,
            "either": ["left  ", " right", "both", "left  "] * 30,
            "behind": ["a ", "b  ", "a ", "b  "] * 30,
            "one": ["  same "] * 120,
            "number": [" 1.5", " 2.25", " 3.5", " 4.125"] * 30,
            "level": pandas.Categorical([" low", "high ", " low", " low"] * 30, ["high ", "mid", " low"]),
        }
    )
    path = tmp_path / f"blanks.{kept}"
    if kept == "frame":
        table = read_frame(given)
    else:
        given.to_csv(path, index=False) if kept == "csv" else given.to_parquet(path)
        table = read_table(path)
    for name in ("either", "behind"):
        assert table.frame()[name].tolist() == given[name].tolist()
    if kept == "csv":
        assert [*zip(*table.texts().values(), strict=True)] == [*map(tuple, given.astype(str).to_numpy())]
    else:
        assert table.frame()["number"].tolist() == given["number"].tolist()
        if kept == "frame":
            assert table.frame()["level"].cat.categories.tolist() == ["high ", "mid", " low"]
        assert table.frame()["level"].tolist() == given["level"].tolist()
    column = table.column("either")
    assert column == column_from(column.plain())


def test_numbers_of_several_currencies_are_categories_and_a_note_says_so(tmp_path: Path) -> None:
    texts = [f"{v:.2f} €" if row % 2 else f"${v:.2f}" for row, v in enumerate(WIDE)]
    path = tmp_path / "mixed.csv"
    pandas.DataFrame({"price": texts, "n": range(0, 400, 2)}).to_csv(path, index=False)
    table = read_table(path)
    assert table.column("price").kind == "category"
    assert any("price holds numbers of several units" in note for note in table.notes)


TOLD = {
    "days, months, years": ("%Y-%m-%d", "%Y-%m", "%Y"),
    "with and without a time": ("%d.%m.%Y %H:%M", "%d.%m.%Y", "%d.%m.%Y"),
    "mostly years": ("%b %Y", "%Y", "%Y"),
}


@pytest.mark.parametrize("forms", TOLD.values(), ids=TOLD)
def test_dates_that_tell_less_are_made_as_often(forms: tuple[str, ...], tmp_path: Path) -> None:
    source, rows = np.random.default_rng(0), 600
    moments = [
        dt.datetime(1990, 1, 2, 1, 1) + dt.timedelta(minutes=int(m)) for m in source.integers(0, 5_000_000, rows)
    ]
    texts = [moment.strftime(forms[row % 5 % 3 if row % 2 else 0]) for row, moment in enumerate(moments)]
    path = tmp_path / "born.csv"
    path.write_text("x,born\n" + "".join(f"{row % 7}.5,{text}\n" for row, text in enumerate(texts)))
    table = read_table(path)
    assert table.column("born").kind == "date"
    # A moment that a coarser format tells whole is written in that.
    assert np.mean(table.texts()["born"] == np.array(texts)) > 0.85
    assert any("born: some dates tell less" in note for note in table.notes)
    made = Counter(map(len, CopulaRows.of(replace(table, rare=5), 0, independent=True).rows(2_000).texts()["born"]))
    for length, count in Counter(map(len, texts)).items():
        assert made[length] / 2_000 == pytest.approx(count / rows, abs=0.07), length
