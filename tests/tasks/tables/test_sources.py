"""Where tables come from: any separator, compression, folder of parts, workbook or database, and R's row names."""

import bz2
import datetime as dt
import gzip
import lzma
import sqlite3
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas
import pyarrow
import pyarrow.parquet as pq
import pytest

from saddlepoint.data import DataError
from saddlepoint.data.tables import read_frame, read_table
from saddlepoint.data.tables.columns import column_from
from saddlepoint.tasks.tables.copula import CopulaRows

ROWS = 60
RNG = np.random.default_rng(0)
FRAME = pandas.DataFrame(
    {"x": RNG.normal(size=ROWS).round(2) + 0.005, "g": RNG.choice(list("abc"), ROWS), "k": RNG.integers(0, 99, ROWS)}
)
LINES = FRAME.astype(str).to_numpy().tolist()
TEXT = "x,g,k\n" + "".join(",".join(line) + "\n" for line in LINES)


def same(path: object, **reading: object) -> None:
    """The file holds the frame."""
    table = read_table(path, **reading)  # type: ignore[arg-type]
    assert [column.name for column in table.columns] == list(FRAME)
    assert [column.kind for column in table.columns] == ["number", "category", "number"]
    own = table.frame()
    assert np.allclose(own["x"], FRAME["x"])
    assert own["g"].tolist() == FRAME["g"].tolist()
    assert own["k"].tolist() == FRAME["k"].tolist()


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inside.csv", TEXT)


def zstandard(path: Path) -> None:
    with pyarrow.output_stream(str(path), compression="zstd") as file:
        file.write(TEXT.encode())


FILES: dict[str, Callable[[Path], object]] = {
    "a.csv.gz": lambda path: path.write_bytes(gzip.compress(TEXT.encode())),
    "a.csv.bz2": lambda path: path.write_bytes(bz2.compress(TEXT.encode())),
    "a.csv.xz": lambda path: path.write_bytes(lzma.compress(TEXT.encode())),
    "a.zip": zipped,
    "a.csv.zst": zstandard,
    "utf16.csv": lambda path: path.write_text(TEXT, encoding="utf-16"),
    "windows.csv": lambda path: path.write_bytes(TEXT.replace("\n", "\r\n").encode() + b"\r\n\r\n"),
    "mac.csv": lambda path: path.write_bytes(TEXT.replace("\n", "\r").encode()),
    "pipes.txt": lambda path: path.write_text(TEXT.replace(",", "|")),
    "tabs.tsv": lambda path: path.write_text(TEXT.replace(",", "\t")),
    "spaces.txt": lambda path: path.write_text(TEXT.replace(",", " ")),
    "blank lines around.csv": lambda path: path.write_text("\n\n" + TEXT + "\n\n"),
    "a separator at every end.csv": lambda path: path.write_text(TEXT.replace("\n", ",\n").replace(",\n", "\n", 1)),
    "names with blanks.csv": lambda path: path.write_text(TEXT.replace("x,g,k", "x, g , k")),
    "a.xlsx": lambda path: FRAME.to_excel(path, index=False),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_however_it_is_packed(name: str, tmp_path: Path) -> None:
    FILES[name](tmp_path / name)
    same(tmp_path / name)


def test_a_separator_is_tried_on_rows_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("size, cm; in all, of two;k\n" + "".join(f"{k},5;1{k},25;{k}\n" for _, _, k in LINES))
    table = read_table(path)
    assert [column.name for column in table.columns] == ["size, cm", "in all, of two", "k"]
    assert table.separator == ";"
    assert table.frame()["size, cm"].tolist() == [int(k) + 0.5 for _, _, k in LINES]


@pytest.mark.parametrize("mark", [",", " "])
def test_row_names_of_r_have_no_cell_in_the_line_of_names(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    rows = (f'"{row + 1}"{mark}{x}{mark}"{g}"{mark}{k}\n' for row, (x, g, k) in enumerate(LINES))
    path.write_text(mark.join(f'"{name}"' for name in FRAME) + "\n" + "".join(rows))
    table = read_table(path)
    assert [column.name for column in table.columns] == ["row_names", *FRAME]
    assert table.column("row_names").kind == "identifier"
    assert np.allclose(table.frame()["x"], FRAME["x"])
    assert any("the first column is called row_names" in note for note in table.notes)


def test_blank_lines_are_missing_values(tmp_path: Path) -> None:
    for name, lines in {"one": [x for x, _, _ in LINES], "two": [f"{x},{g}" for x, g, _ in LINES]}.items():
        path, own = tmp_path / f"{name}.csv", ["" if row % 5 == 1 else line for row, line in enumerate(lines)]
        path.write_text(("x\n" if name == "one" else "x,g\n") + "\n".join(own) + "\n\n\n")
        table = read_table(path)
        assert len(table) == ROWS
        assert int(table.cells["x"].absent.sum()) == ROWS // 5


def test_a_folder_and_several_files_are_one_table(tmp_path: Path) -> None:
    for name, half in {"part-0": FRAME[:30], "part-1": FRAME[30:]}.items():
        (tmp_path / "parts").mkdir(exist_ok=True)
        (tmp_path / "texts").mkdir(exist_ok=True)
        half.to_parquet(tmp_path / "parts" / f"{name}.parquet", index=False)
        half.to_csv(tmp_path / "texts" / f"{name}.csv.gz", index=False)
    (tmp_path / "parts" / "_SUCCESS").touch()
    same(tmp_path / "parts")
    same(tmp_path / "texts")
    same(tmp_path / "texts" / "part-*.gz")
    same([tmp_path / "texts" / "part-0.csv.gz", tmp_path / "texts" / "part-1.csv.gz"])
    FRAME.to_parquet(tmp_path / "hive", partition_cols=["g"])
    assert len(read_table(tmp_path / "hive")) == ROWS
    FRAME.rename(columns={"k": "n"}).to_csv(tmp_path / "texts" / "part-2.csv", index=False)
    with pytest.raises(DataError, match=r"part-2.csv and part-0.csv.gz have different columns \(k, n\)"):
        read_table(tmp_path / "texts")
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="holds no table"):
        read_table(tmp_path / "none")


def test_a_database_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    with sqlite3.connect(path) as connection:
        FRAME.to_sql("things", connection, index=False)
    connection.close()
    same(f"sqlite:///{path}", query="SELECT * FROM things")
    with pytest.raises(DataError, match=r"say what to read.* tables: things"):
        read_table(f"sqlite:///{path}")
    with pytest.raises(DataError, match=r"can't be asked .*no such table"):
        read_table(f"sqlite:///{path}", query="SELECT * FROM missing_one")
    with pytest.raises(DataError, match="is a file: give the URL of a database"):
        read_table(path, query="SELECT 1")


def test_every_type_of_a_frame_and_of_parquet_comes_back(tmp_path: Path) -> None:
    own = FRAME.copy()
    own["zone"] = pandas.date_range("2021-03-01", periods=ROWS, freq="7h", tz="Europe/Berlin")
    own["nanoseconds"] = pandas.date_range("2021", periods=ROWS, freq="1h").astype("datetime64[ns]")
    own["duration"] = pandas.to_timedelta(RNG.integers(0, 10**6, ROWS), "s")
    own["time"] = [
        dt.time(int(h), int(m)) for h, m in zip(RNG.integers(0, 24, ROWS), RNG.integers(0, 60, ROWS), strict=True)
    ]
    own["day"] = [dt.date(2020, 1, 1) + dt.timedelta(days=int(days)) for days in RNG.integers(0, 900, ROWS)]
    own["decimal"] = [Decimal(int(cents)) / 100 for cents in RNG.integers(100, 99_999, ROWS)]
    own["nullable"] = pandas.array(RNG.integers(0, 999, ROWS), dtype="Int64")
    own["small"] = RNG.integers(0, 200, ROWS).astype("uint8")
    own["truth"] = RNG.random(ROWS) < 0.4
    own["maybe"] = pandas.array(RNG.choice([True, False, None], ROWS), dtype="boolean")  # type: ignore[arg-type]
    own["ordered"] = pandas.Categorical(FRAME["g"], categories=["c", "b", "a", "none"], ordered=True)
    own["numbered"] = pandas.Categorical(RNG.choice([10, 20, 30], ROWS))
    own["single"] = RNG.random(ROWS).astype("float32")
    own["constant"] = 1
    made = CopulaRows.of(read_frame(own), 0, independent=True).rows(40).frame()
    assert made.dtypes.to_dict() == own.dtypes.to_dict()
    for name in ("time", "day", "decimal"):
        assert {type(value) for value in made[name]} == {type(own[name][0])}
    own.to_parquet(tmp_path / "a.parquet", index=False)
    CopulaRows.of(read_table(tmp_path / "a.parquet"), 0, independent=True).rows(40).write(
        tmp_path / "b.parquet", parquet=True
    )
    before, after = pq.read_schema(tmp_path / "a.parquet"), pq.read_schema(tmp_path / "b.parquet")
    assert [(field.name, str(field.type)) for field in after] == [(field.name, str(field.type)) for field in before]


def test_an_index_with_a_name_is_told_and_not_learnt() -> None:
    table = read_frame(FRAME.assign(at=range(len(FRAME))).set_index("at"))
    assert [column.name for column in table.columns] == list(FRAME)
    assert "The index, at, is not learnt: frame.reset_index() makes it columns." in table.notes


def test_columns_of_one_name_or_none_are_told_apart_and_written_as_they_were(tmp_path: Path) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "out.csv"
    path.write_text("name,,x,name,name.1, x\n" + "".join(f"{g},{k},{x},{g},{g},{x}\n" for x, g, k in LINES))
    table = read_table(path)
    assert [column.name for column in table.columns] == ["name", "Unnamed: 1", "x", "name.2", "name.1", "x.1"]
    assert any("called name.2, x.1" in note for note in table.notes)
    assert any("called Unnamed: 1" in note for note in table.notes)
    table.write(out)
    assert out.read_text() == path.read_text()
    assert table.column("x.1") == column_from(table.column("x.1").plain())
    wide = read_frame(pandas.DataFrame(RNG.normal(size=(ROWS, 3)), columns=["a", "a", ""]))
    assert list(wide.frame()) == ["a", "a.1", "Unnamed: 2"]
    assert read_table(path, kinds={"x.1": "category"}).column("x.1").kind == "category"


def test_counted_columns_and_years_are_names(tmp_path: Path) -> None:
    for header in ("0,1,2", "2019,2020,2021", "country,2021,2020"):
        path = tmp_path / "a.csv"
        path.write_text(header + "\n" + "".join(f"{g},{k},{x}\n" for x, g, k in LINES))
        assert [column.name for column in read_table(path).columns] == header.split(",")


def test_codes_in_cells_of_text_of_a_workbook_keep_their_zeros(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    codes = [f"{row % 6:05d}" for row in range(ROWS)]
    FRAME.assign(zip=codes, when=pandas.Timestamp("2021-03-01 09:30")).to_excel(path, index=False)
    table = read_table(path)
    assert table.frame()["zip"].tolist() == codes
    assert table.column("x").kind == "number"
    assert str(table.frame()["when"].dtype) == "datetime64[us]"
