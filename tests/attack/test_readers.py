"""Files of every format, made by a grammar and then damaged: each is read, or refused in a sentence."""

import bz2
import gzip
import io
import lzma
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import openpyxl
import pandas
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from saddlepoint.data import DataError
from saddlepoint.data.archives import image_archives
from saddlepoint.data.arrays import array_file
from saddlepoint.data.audio import read_sound
from saddlepoint.data.decoding import opened_image
from saddlepoint.data.tables import read_table

ROWS = "a,b\n" + "".join(f"{number % 7},{'xyz'[number % 3]}\n" for number in range(60))


def zipped(content: bytes, name: str = "a.csv", how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        archive.writestr(name, content)
    return made.getvalue()


def arrays() -> bytes:
    made = io.BytesIO()
    np.savez_compressed(made, images=np.random.default_rng(0).integers(0, 255, (6, 8, 8), np.uint8))
    return made.getvalue()


def parquet() -> bytes:
    made = io.BytesIO()
    pandas.read_csv(io.StringIO(ROWS)).to_parquet(made)
    return made.getvalue()


def workbook(*rows: list[object]) -> bytes:
    book, made = openpyxl.Workbook(), io.BytesIO()
    for row in rows or [line.split(",") for line in ROWS.split()]:
        book.active.append(row)
    book.save(made)
    return made.getvalue()


def hdf5() -> bytes:
    made = io.BytesIO()
    with h5py.File(made, "w") as file:
        file["images"] = np.random.default_rng(0).integers(0, 255, (6, 8, 8), np.uint8)
        file["again"] = h5py.SoftLink("/again")
    return made.getvalue()


FORMATS: dict[str, tuple[Callable[[], bytes], Callable[[Path], object]]] = {
    "a.csv.gz": (lambda: gzip.compress(ROWS.encode()), read_table),
    "a.csv.bz2": (lambda: bz2.compress(ROWS.encode()), read_table),
    "a.csv.xz": (lambda: lzma.compress(ROWS.encode()), read_table),
    "a.csv.zip": (lambda: zipped(ROWS.encode()), read_table),
    "a.parquet": (parquet, read_table),
    "a.xlsx": (workbook, read_table),
    "a.npz": (arrays, array_file),
    "a.h5": (hdf5, array_file),
}


def told(read: Callable[[Path], object], place: Path) -> str | None:
    """Why a file is refused; None where it is read."""
    try:
        read(place)
    except DataError as error:
        return str(error)
    return None


def damaged(content: bytes, times: int) -> Iterator[bytes]:
    dice = random.Random(0)
    for _ in range(times):
        made = bytearray(content)
        if dice.random() < 0.3:
            del made[dice.randrange(len(made)) :]
        for _ in range(dice.choice((1, 1, 3, 20)) if made else 0):
            made[dice.randrange(len(made))] ^= 1 << dice.randrange(8)
        yield bytes(made)


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_read_or_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    make, read = FORMATS[name]
    refused = 0
    for content in damaged(make(), 12 if name == "a.xlsx" else 30):
        (tmp_path / name).write_bytes(content)
        said = told(read, tmp_path / name)
        refused += said is not None
        assert said is None or 10 < len(said) < 1000
    assert refused > 5


BOMBS = {
    "a.npz": lambda: zipped(bytes(1 << 25), "images.npy", zipfile.ZIP_LZMA),
    "a.csv": lambda: zipped(b"a,b\n" + b"1," + b"2" * (1 << 24), "a.csv", zipfile.ZIP_BZIP2),
    "a.xlsx": lambda: zipped(bytes(1 << 25), "xl/worksheets/sheet1.xml", zipfile.ZIP_LZMA),
    "a.csv.bz2": lambda: bz2.compress(b"a,b\n" + (b"1," + b"2" * (1 << 22) + b"\n") * 3),
    "a.csv.xz": lambda: lzma.compress(b"a,b\n" + (b"1," + b"2" * (1 << 22) + b"\n") * 6),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_swells_is_refused_before_it_is_unpacked(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.write_bytes(BOMBS[name]())
    assert place.stat().st_size < 20_000
    with pytest.raises(DataError, match="made to swell; save it anew"):
        FORMATS.get(name, ((), read_table))[1](place)


def test_what_would_take_hours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal rows without an end, a picture of one colour, queries that end never."""
    monkeypatch.setattr("saddlepoint.data.damage.LONG", 1 << 20)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * (1 << 19), 9))
    with pytest.raises(DataError, match="unpack it first if it is meant"):
        read_table(tmp_path / "a.csv.gz")

    Image.new("1", (7000, 7000)).save(tmp_path / "a.png", optimize=True)
    with pytest.raises(OSError, match="made to swell"), opened_image(tmp_path / "a.png"):
        pass
    Image.new("1", (5000, 5000)).save(tmp_path / "b.png", optimize=True)
    with opened_image(tmp_path / "b.png") as image:
        assert image.size == (5000, 5000)

    monkeypatch.setattr("saddlepoint.data.tables.files.CHUNK", 500)
    monkeypatch.setattr("saddlepoint.data.tables.files.QUERY_ROWS", 2000)
    monkeypatch.setattr("saddlepoint.data.tables.files.QUERY_SECONDS", 0.2)
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, x % 7 AS y FROM n"
    for query, said in ((endless, "more than 2,000 rows"), (f"{endless} WHERE x < 0", "interrupted after 0.2 seconds")):
        with pytest.raises(DataError, match=said):
            read_table(f"sqlite:///{tmp_path}/a.db", query=query)


@pytest.mark.parametrize("first", [b"", b"a,b\n" + b"1,2\n" * 300])
def test_a_line_without_an_end_is_not_held(tmp_path: Path, first: bytes) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(first + bytes(11 << 20), 1))
    with pytest.raises(DataError, match=r"a line of more than 10,000,000 characters"):
        read_table(tmp_path / "a.csv.gz")


@pytest.mark.parametrize("name", ["a.parquet", "images.zip"])
def test_what_its_list_makes_more_of_than_it_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    place, content = tmp_path / name, io.BytesIO()
    if name == "a.parquet":  # a run of one value may stand for any number of rows
        monkeypatch.setattr("saddlepoint.data.damage.SPARE", -(1 << 30))
        place.write_bytes(parquet())
    else:  # many members that lie at one place
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("0.png", bytes(3000))
            archive.filelist *= 3
        place.write_bytes(content.getvalue())
    with pytest.raises(DataError, match="made to swell"):
        (read_table if name == "a.parquet" else image_archives)(str(place))


def test_integers_beyond_64_bits_in_a_workbook_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(workbook(["a", "b"], *([n % 7, 10**20 + n % 3] for n in range(60))))
    assert len(read_table(tmp_path / "a.xlsx")) == 60


@pytest.mark.parametrize("rate", [1, 5, 2**31 - 1])
def test_a_rate_that_no_sound_has_is_refused(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", np.sin(np.arange(4000)) / 2, rate)
    with pytest.raises(DataError, match="samples a second, and from 10 to 2,000,000 are expected"):
        read_sound(tmp_path / "a.wav")


ODD = """|nan|-inf|1e400|1e99999999999999999999 kB|1,000.5|5 kg|2 MB|007|2020-13-45|0001-01-01|9999-12-31T23:59:60Z
25:61|"|=1+1|1_0|٣|  |true|€ 7|(5)|10%|P1DT2H|1 day 02:00:00|NULL|-"""
odd = st.sampled_from([*ODD.replace("\n", "|").split("|"), "9" * 400, "\x00", '"a\nb"', "\ufeff", "x" * 3000, "\u202e"])
usual = st.sampled_from(["number", "kind", "day", "code"])


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """Columns of usual values in which a few are odd, and lines that a few marks are odd in."""
    mark, rows = draw(st.sampled_from([",", ";", "\t", "|"])), draw(st.sampled_from([0, 2, 12, 40]))
    columns = []
    for place in range(draw(st.integers(1, 4))):
        kind, share, strange = draw(usual), draw(st.sampled_from([0, 3, 9, 1])), draw(odd)
        name = draw(st.one_of(st.just(f"c{place}"), odd, st.text(max_size=4)))
        cells = {
            "number": lambda n: f"{n * 37 % 101 / 4}",
            "kind": lambda n: "xyz"[n % 3],
            "day": lambda n: f"2020-{n % 12 + 1:02}-{n % 28 + 1:02}",
            "code": lambda n: f"P{n:03}",
        }[kind]
        columns.append([name, *(strange if share and n % share == 0 else cells(n) for n in range(rows))])
    lines = [mark.join(cells) for cells in zip(*columns, strict=True)]
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return end.join(lines).encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])), "replace")


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(tables())
def test_any_text_is_a_table_or_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "a.csv"
    place.write_bytes(content)
    said = told(read_table, place)
    assert said is None or 10 < len(said) < 9000  # with names of columns, as they are
