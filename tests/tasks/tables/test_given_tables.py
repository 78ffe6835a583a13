"""Tables that a Python caller gives: types that come back, runs that resume, and what is refused."""

from pathlib import Path

import numpy as np
import pandas
import pyarrow
import pytest

import saddlepoint as sp
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.tables import read_frame

TINY = {
    **{"latent.size": 4, "batch_size": 24, "generator.network.width": 12, "generator.network.depth": 1},
    **{"discriminator.network.widths": [12], "every.record": 48, "every.checkpoint": 48, "device": "cpu"},
}


@pytest.fixture(scope="module")
def frame() -> pandas.DataFrame:
    rng = np.random.default_rng(0)
    city = rng.choice(["Ulm", "Bonn", "Jena"], 300, p=[0.6, 0.35, 0.05])
    made = pandas.DataFrame({"city": city, "rent": rng.normal(900, 50, 300).round(2)})
    made["rooms"] = rng.integers(1, 6, 300)
    made["floors"] = pandas.array(rng.integers(1, 300, 300), dtype="int32")
    made["let"] = rng.random(300) < 0.2
    made["built"] = pandas.date_range("1990-01-01", periods=300, freq="17D")
    made["seen"] = pandas.date_range("2024-01-01 08:30:00", periods=300, freq="17min")
    made["maybe"] = pandas.array(rng.integers(0, 1000, 300), dtype="Int64")
    made.loc[::7, "maybe"] = pandas.NA
    made["share"] = rng.random(300).astype(np.float32)
    made["kind"] = pandas.Categorical(rng.choice(["a", "b"], 300))
    return made


def test_a_data_frame_comes_back_with_its_types(frame: pandas.DataFrame) -> None:
    table = read_frame(frame)
    assert table.column("built").described == "date %Y-%m-%d"
    assert table.column("seen").described == "date %Y-%m-%d %H:%M:%S"
    again = table.frame()
    pandas.testing.assert_frame_equal(again.drop(columns="kind"), frame.drop(columns="kind"), check_dtype=False)
    for name in frame:
        if name != "city":  # text has two types in pandas 3, one before
            assert again[name].dtype.kind == frame[name].dtype.kind, name
    assert [str(again[name].dtype) for name in ("rooms", "floors", "let", "maybe", "share")] == [
        *("int64", "int32", "bool", "Int64", "float32")
    ]
    assert str(again["kind"].dtype) == "category"
    assert again["kind"].tolist() == frame["kind"].tolist()
    assert read_frame(frame).fingerprint == table.fingerprint
    assert read_frame(pyarrow.Table.from_pandas(frame)).fingerprint
    assert read_frame(frame.rename(columns={"city": 7})).columns[0].name == "7"


@pytest.mark.slow
def test_a_run_of_a_data_frame_resumes_samples_and_evaluates(frame: pandas.DataFrame, tmp_path: Path) -> None:
    settings = {**TINY, "data.target": "let"}

    def train(out: str, samples: int) -> sp.Run:
        return sp.train(
            "table",
            data=frame,
            out=tmp_path / out,
            samples=samples,
            settings={**settings, "plan.keep": True},
            progress=False,
        )

    straight = train("straight", 192)
    train("halves", 96)
    halves = train("halves", 192)
    assert straight.metrics.keys() == halves.metrics.keys()
    assert straight.metrics["table_distance"].value == halves.metrics["table_distance"].value
    assert straight.sample(300, seed=5).equals(halves.sample(300, seed=5))
    rows = straight.sample(20, seed=7, where={"let": True, "city": "Bonn", "rooms": 3})
    assert rows["let"].all()
    assert set(rows["rooms"]) == {3}
    assert [rows[name].dtype for name in ("rooms", "let", "built")] == [
        frame[name].dtype for name in ("rooms", "let", "built")
    ]
    found = sp.evaluate(straight, samples=100, weights=("live",), progress=False)
    assert list(found["detection"]) == ["live", "floor: held out"]
    assert "utility_f1" in found.by_weights()["live"]
    assert found.pictures["marginals-live"]().ndim == 3

    with pytest.raises(ConfigurationError, match="holds another run"):
        sp.train(
            "table",
            data=frame[::-1],
            out=tmp_path / "halves",
            samples=192,
            settings={**settings, "plan.keep": True},
            progress=False,
        )
    with pytest.raises(ConfigurationError, match="given in Python"):
        sp.evaluate(tmp_path / "straight", progress=False)
    assert sp.evaluate(tmp_path / "straight", frame, samples=100, progress=False)["columns"].keys() >= {
        "average",
        "live",
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1, 2, 3], "a pandas DataFrame, a pyarrow Table or the path of a file, not list"),
        (pandas.DataFrame({"a": [1, 2]}), "the DataFrame has 2 rows: a table to learn from has at least 10"),
        (pandas.DataFrame(), "no columns"),
        (pandas.DataFrame({"a": [[1, 2]] * 20}), "give columns of single values"),
        (pandas.DataFrame({"a": [b"x", b"y"] * 20}), "holds bytes"),
    ],
)
def test_what_is_no_table_is_refused(given: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=said):
        sp.train("table", data=given, out=tmp_path / "run", progress=False)


def test_odd_columns_are_taken_for_what_they_are() -> None:
    rng = np.random.default_rng(0)
    odd = pandas.DataFrame({"mixed": [1, "a", None] * 20, "took": pandas.to_timedelta(rng.integers(0, 9999, 60), "s")})
    odd["berlin"] = pandas.date_range("2024-01-01", periods=60, freq="h", tz="Europe/Berlin")
    odd["truth"] = [True, None, False] * 20
    odd["whole"] = rng.integers(0, 3, 60).astype(np.float64)
    table = read_frame(odd)
    again = table.frame()
    assert set(again["mixed"].dropna()) == {"1", "a"}
    pandas.testing.assert_series_equal(again["took"], odd["took"])
    pandas.testing.assert_series_equal(again["berlin"], odd["berlin"], check_freq=False)
    assert str(again["truth"].dtype) == "boolean"
    assert again["whole"].dtype == np.float64
