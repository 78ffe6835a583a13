"""Users' files that went wrong once: what is made of each is of the right kind, in the file's own spelling and type."""

import re
from pathlib import Path

import numpy as np
import pandas
import pyarrow.parquet as pq
import pytest

import saddlepoint as sp
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import DataError
from saddlepoint.data.tables import read_table

CASES = Path(__file__).parent / "cases"
TINY = {
    **{"latent.size": 4, "batch_size": 24, "generator.network.width": 12, "generator.network.depth": 1},
    **{"discriminator.network.widths": [12], "every.record": 48, "every.checkpoint": 48, "device": "cpu"},
}


def trained(path: Path, out: Path) -> sp.Run:
    return sp.train("table", data=path, out=out, samples=48, settings=TINY, progress=False)


def made(name: str, out: Path) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """300 rows of a short training: as a frame, and as the texts of a CSV file."""
    run = trained(CASES / name, out)
    frame = run.sample(300, seed=1)
    run.model.rows(300, seed=1).write(out / "rows.csv")  # type: ignore[union-attr]
    own = ";" if name == "euro.csv" else ","
    return frame, pandas.read_csv(out / "rows.csv", dtype=str, keep_default_na=False, sep=own)


@pytest.mark.slow
def test_dates_of_a_zone_keep_it_in_text(tmp_path: Path) -> None:
    frame, texts = made("c_tz.csv", tmp_path / "run")
    assert texts["at"].str.fullmatch(r"2021-\d\d-\d\d \d\d:\d\d:\d\d\+00:00").all()
    assert str(frame["at"].dtype) == "datetime64[us, UTC]"
    assert frame["at"].between("2021-03-01", "2021-12-27").all()


def test_eight_digits_are_dates(tmp_path: Path) -> None:
    frame, texts = made("c_ymd.csv", tmp_path / "run")
    assert (pandas.to_datetime(texts["day"], format="%Y%m%d") == frame["day"]).all()
    assert frame["day"].dt.year.eq(2021).all()


def test_whole_numbers_beside_missing_ones_stay_whole(tmp_path: Path) -> None:
    frame, texts = made("c_age.csv", tmp_path / "run")
    assert texts["age"].str.fullmatch(r"\d+\.0|").all()
    assert str(frame["age"].dtype) in ("Int64", "int64")


def test_an_exponent_does_not_make_a_number_fractional(tmp_path: Path) -> None:
    frame, texts = made("c_rexp.csv", tmp_path / "run")
    assert frame["pop"].dtype == np.int64
    assert texts["pop"].str.fullmatch(r"\d+|\de\+05").all()


def test_identifiers_are_new_unique_and_keep_what_never_varies(tmp_path: Path) -> None:
    _, texts = made("c_id.csv", tmp_path / "run")
    assert texts["id"].tolist() == [f"P{number}" for number in range(400, 700)]


def test_decimal_commas_are_numbers_and_written_so(tmp_path: Path) -> None:
    frame, texts = made("euro.csv", tmp_path / "run")
    assert texts["preis"].str.fullmatch(r"\d+,\d\d").all()
    assert texts["flaeche"].str.fullmatch(r"\d+,\d").all()
    assert frame["preis"].between(400, 2300).all()


def test_zeros_and_truths_of_text_have_their_types(tmp_path: Path) -> None:
    frame, texts = made("c_bin.csv", tmp_path / "run")
    assert [str(frame[name].dtype) for name in ("y", "flag", "rooms")] == ["int64", "bool", "int64"]
    assert set(texts["flag"]) <= {"True", "False"}
    run = sp.load(tmp_path / "run")
    run.model.rows(20).write(tmp_path / "rows.parquet", parquet=True)  # type: ignore[union-attr]
    schema = pq.read_schema(tmp_path / "rows.parquet")
    assert [str(schema.field(name).type) for name in ("y", "flag")] == ["int64", "bool"]


@pytest.mark.parametrize("name", ["snow.parquet", "p_dur.parquet", "tz.parquet"])
def test_parquet_gives_its_own_types_back(name: str, tmp_path: Path) -> None:
    run = trained(CASES / name, tmp_path / "run")
    rows = run.model.rows(50, seed=3)  # type: ignore[union-attr]
    rows.write(tmp_path / "rows.parquet", parquet=True)
    before, after = pq.read_table(CASES / name), pq.read_table(tmp_path / "rows.parquet")
    assert [str(field.type) for field in after.schema] == [str(field.type) for field in before.schema]
    own = after.schema.names[-1]
    low, high = min(before[own].to_pylist()), max(before[own].to_pylist())
    values = after[own].to_pylist()
    assert all(low <= value <= high for value in values)
    if own == "id":
        assert len(set(values)) == 50


def test_what_can_not_be_written_is_refused_before_training(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"x": np.random.default_rng(0).normal(size=60), "id": np.arange(68, 128, dtype=np.int8)})
    with pytest.raises((DataError, ConfigurationError), match=r"column 'id' .*can't be written as int8"):
        sp.train("table", data=frame, out=tmp_path / "run", samples=48, settings=TINY, progress=False)
    assert not list(tmp_path.glob("run/checkpoints/*"))


def test_the_start_says_what_stands_in_place_of_a_column(tmp_path: Path) -> None:
    table = read_table(CASES / "c_id.csv")
    note = next(note for note in table.notes if note.startswith("id "))
    assert re.search(r"made values are new identifiers of the form P400\.", note)
