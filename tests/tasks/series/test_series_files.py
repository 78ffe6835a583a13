"""Windows of tables over time: what is read, what is refused, and the coding that networks see."""

from pathlib import Path

import numpy as np
import pandas
import pytest
import torch

from saddlepoint.data import DataError
from saddlepoint.tasks.series.coding import SeriesCoding
from saddlepoint.tasks.series.data import read_series, written
from saddlepoint.tasks.series.order import Order

#: Whether value, there and light have two values, and whether a frequent one.
STATES = ([False, True, False], [False, False, True])
SENSORS = (("a", 1), ("b", 2), ("c", 3))


def saved(folder: Path, frame: pandas.DataFrame) -> Path:
    frame.to_csv(folder / "series.csv", index=False)
    return folder / "series.csv"


def prices(rows: int = 60, seed: int = 0) -> pandas.DataFrame:
    """A price that grows fifty-fold, another that follows it closely, one that equals it, and a count."""
    rng = np.random.default_rng(seed)
    price = np.exp(np.linspace(0, np.log(50), rows) + 0.01 * rng.normal(size=rows)).round(3)
    return pandas.DataFrame(
        {
            "day": pandas.date_range("2024-01-01", periods=rows).strftime("%Y-%m-%d"),
            "row": range(rows),
            "price": price,
            "high": (price * rng.uniform(1.001, 1.01, rows)).round(3),
            "same": price,
            "unit": "EUR",
            "stars": rng.integers(1, 4, rows),
        }
    )


def test_numbers_are_learnt_time_is_left_out_and_constants_are_kept(tmp_path: Path) -> None:
    series = read_series(saved(tmp_path, prices()), window=10)
    assert [column.name for column in series.columns] == ["price", "high", "same", "unit", "stars"]
    assert [column.name for column in series.learnt] == ["price", "high", "same", "stars"]
    assert series.shape == (10, 4)
    assert len(series) == 51
    assert np.array_equal(series.windows[7], series.values[7:17])
    assert "51 windows of 10 rows, of 60." in series.notes
    assert "day tells the time: rows are in its order." in series.notes
    assert any(note.startswith("row tells the time and is not learnt") for note in series.notes)
    assert len(read_series(tmp_path / "series.csv", window=10, stride=5)) == 11
    left = read_series(tmp_path / "series.csv", window=10, leave_out=["stars", "unit"])
    assert [column.name for column in left.columns] == ["price", "high", "same"]
    assert read_series(tmp_path / "series.csv", window=10, kinds={"row": "number"}).learnt[0].name == "row"


@pytest.mark.parametrize("representation", ["steps", "levels"])
def test_what_is_coded_comes_back(representation: str, tmp_path: Path) -> None:
    series = read_series(saved(tmp_path, prices(400)), window=12)
    coding = SeriesCoding.fit(series, representation)  # type: ignore[arg-type]
    coded = coding.code(series.windows)
    assert coding.logarithmic.tolist() == [True, True, True, False]
    assert coded.shape == (len(series), 12, 3)  # a column that equals another is no number of its own
    back = coding.decode(coded)
    assert back == pytest.approx(series.windows, rel=1e-4)
    assert back[..., 0] == pytest.approx(back[..., 2], rel=1e-12)
    again = SeriesCoding.from_plain(coding.plain())
    assert np.array_equal(again.decode(coded), back)
    moved = coded[:, 1:] if representation == "steps" else coded.reshape(-1, 3)
    assert moved.flatten(0, -2).std(0) == pytest.approx(np.ones(3), abs=0.05)


@pytest.mark.parametrize("representation", ["steps", "levels"])
def test_states_are_flags_of_their_own(representation: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    there = (rng.random(120) < 0.4).astype(int)
    light = np.where(there, rng.normal(400, 50, 120).round(1), 0)
    series = read_series(saved(tmp_path, hourly(there=there, light=light)), window=10)
    coding = SeriesCoding.fit(series, representation)  # type: ignore[arg-type]
    assert (coding.binary.tolist(), coding.frequent.tolist()) == STATES
    coded = coding.code(series.windows)
    assert coded.shape == (len(series), 10, 4)  # two numbers, two flags
    assert coded[..., 2].sign().eq(coded[..., 2]).all()
    back = coding.decode(coded)
    assert back == pytest.approx(series.windows, rel=1e-3, abs=1e-2)
    assert np.array_equal(back[..., 1], series.windows[..., 1])
    assert np.array_equal(back[..., 2] == 0, series.windows[..., 2] == 0)
    blurred = coding.decode(coded + 0.4 * torch.randn(coded.shape, generator=torch.Generator().manual_seed(0)).sign())
    assert np.array_equal(blurred[..., 1], series.windows[..., 1])  # a state does not tremble
    only = read_series(saved(tmp_path, hourly(there=there)[["time", "there"]]), window=10)
    coding = SeriesCoding.fit(only, representation)  # type: ignore[arg-type]
    assert np.array_equal(coding.decode(coding.code(only.windows)), only.windows)
    assert SeriesCoding.from_plain(coding.plain()).size == 1 + coding.context.size


@pytest.mark.parametrize("representation", ["steps", "levels"])
def test_values_that_hold_do_so_in_what_is_made(representation: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    point = np.array([17.0, 19.5, 21.0])[rng.integers(0, 3, 15)].repeat(8)  # holds, three values
    price = (40 + (rng.normal(size=120) * (rng.random(120) < 0.3)).cumsum()).round(2)  # holds, any value
    stars = rng.integers(0, 12, 120)  # repeats itself by chance alone
    series = read_series(saved(tmp_path, hourly(point=point, price=price, stars=stars)), window=10)
    fitted = SeriesCoding.fit(series, representation)  # type: ignore[arg-type]
    coding = SeriesCoding.from_plain(fitted.plain())
    names = [column.name for column in coding.learnt]
    assert [name for name, holds in zip(names, coding.holds, strict=True) if holds] == ["point", "price"]
    coded = coding.code(series.windows)
    assert coding.decode(coded) == pytest.approx(series.windows, abs=1e-2)
    blurred = coding.decode(coded + 0.2 * torch.randn(coded.shape, generator=torch.Generator().manual_seed(0)))
    stays = [np.diff(windows[..., names.index("price")], axis=1) == 0 for windows in (series.windows, blurred)]
    assert stays[1][stays[0]].all()
    assert stays[1].mean() < stays[0].mean() + 0.1  # and others at the ends of the range alone
    assert set(np.unique(blurred[..., names.index("point")])) <= {17.0, 19.5, 21.0}
    assert coding.states == (1, 1)


def test_columns_are_made_independent(tmp_path: Path) -> None:
    series = read_series(saved(tmp_path, prices(400)), window=2, stride=1)
    rows = SeriesCoding.fit(series, "levels").code(series.values[None])[0]
    assert torch.cov(rows.T) == pytest.approx(np.eye(3), abs=1e-3)


def test_nothing_leaves_its_range(tmp_path: Path) -> None:
    series = read_series(saved(tmp_path, prices()), window=10)
    coding = SeriesCoding.fit(series, "steps")
    made = coding.decode(50 * torch.randn(20, 10, 3, generator=torch.Generator().manual_seed(0)))
    for column, values in zip(series.learnt, np.moveaxis(made, 2, 0), strict=True):
        assert column.low <= values.min() <= values.max() <= column.high


def test_made_windows_are_written_as_the_file_has_them(tmp_path: Path) -> None:
    series = read_series(saved(tmp_path, prices()), window=10)
    table = written(series.columns, series.windows[:3])
    table.write(tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    original = (tmp_path / "series.csv").read_text().splitlines()
    assert lines[0] == "window,step,price,high,same,unit,stars"
    assert len(lines) == 31
    for at, line in enumerate(lines[1:]):
        window, step, *values = line.split(",")
        assert (int(window), int(step)) == divmod(at, 10)
        theirs = original[1 + int(window) + int(step)].split(",")[2:]
        assert [text.rstrip("0") for text in values] == [text.rstrip("0") for text in theirs]
    clash = written(
        read_series(saved(tmp_path, prices().rename(columns={"high": "window"}))).columns, np.ones((1, 2, 4))
    )
    assert next(iter(clash.cells)) == "window_"


def test_windows_with_gaps_are_left_out_and_counted(tmp_path: Path) -> None:
    frame = prices()
    frame.loc[30, "high"] = None
    series = read_series(saved(tmp_path, frame), window=10)
    assert len(series) == 41
    assert not np.isnan(series.windows).any()
    assert "10 of 51 windows lack a value and are left out." in series.notes


def test_held_out_time_shares_no_row_with_the_rest(tmp_path: Path) -> None:
    series = read_series(saved(tmp_path, prices(600)), window=10)
    train, test = series.split(0.25)
    rows = [set((part.starts[:, None] + np.arange(10)).ravel().tolist()) for part in (train, test)]
    assert not rows[0] & rows[1]
    assert 100 < len(rows[1]) <= 150
    assert len(train) > 350
    assert train.fingerprint != test.fingerprint
    with pytest.raises(DataError, match="leaves a part without windows"):
        read_series(saved(tmp_path, prices(60)), window=30).split(0.1)


def hourly(rows: int = 120, **columns: object) -> pandas.DataFrame:
    times = pandas.date_range("2024-01-01", periods=rows, freq="h").strftime("%Y-%m-%d %H:%M")
    return pandas.DataFrame({"time": times, "value": np.arange(rows) * 1.5, **columns})


@pytest.mark.parametrize("clock", ["dates", "epoch", "date and time of day"])
@pytest.mark.parametrize("how", ["backwards", "shuffled"])
def test_rows_are_sorted_by_their_own_times(how: str, clock: str, tmp_path: Path) -> None:
    frame = hourly()
    if clock == "epoch":
        frame["time"] = 1_700_000_000 + 3600 * np.arange(120)
    if clock == "date and time of day":
        frame.insert(1, "clock", frame["time"].str[11:])
        frame["time"] = frame["time"].str[:10]
    turned = frame.iloc[::-1] if how == "backwards" else frame.sample(frac=1, random_state=0)
    series = read_series(saved(tmp_path, turned), window=10)
    assert series.values[:, 0].tolist() == frame["value"].tolist()
    newest = ": the file has the newest first" if how == "backwards" else ""
    named = "time and clock" if clock == "date and time of day" else "time"
    assert f"Rows are sorted by {named}{newest}." in series.notes
    as_they_stand = read_series(tmp_path / "series.csv", window=10, order=Order(time=None))
    assert as_they_stand.values[:, 0].tolist() == turned["value"].tolist()


def test_windows_lie_within_a_series(tmp_path: Path) -> None:
    parts = [hourly(sensor=name, height=height, value=np.arange(120) * 1.5 + 1000 * height) for name, height in SENSORS]
    stacked = pandas.concat(parts).sample(frac=1, random_state=0)
    series = read_series(saved(tmp_path, stacked), window=10)
    assert [column.name for column in series.columns] == ["value"]
    assert (np.diff(series.windows[..., 0], axis=1) == 1.5).all()
    assert len(series) == 3 * 111
    assert "Rows of one time are of several series, which sensor tells apart." in series.notes
    said = "height never changes within a series and is not learnt: its 3 values would tell which of 3 series"
    assert any(note.startswith(said) for note in series.notes)
    named = read_series(tmp_path / "series.csv", window=10, order=Order(entity="height"))
    assert np.array_equal(named.windows, series.windows)
    with pytest.raises(DataError, match=r"240 of 360 rows of series.csv have the time of another row: name the column"):
        read_series(saved(tmp_path, stacked[["time", "value"]]), window=10)


def test_no_window_spans_a_gap(tmp_path: Path) -> None:
    frame = hourly().drop(index=[*range(40, 60), 80])
    series = read_series(saved(tmp_path, frame), window=10)
    assert len(series) == 31 + 50
    assert np.diff(series.windows[..., 0], axis=1).max() == 3.0
    assert any("1 gap of more than 5 usual steps (1 hour each)" in note for note in series.notes)
    assert any(note.startswith("1 of 98 steps are not of the usual length, 1 hour;") for note in series.notes)
    assert len(read_series(tmp_path / "series.csv", window=10, order=Order(gap=None))) == 90
    assert len(read_series(tmp_path / "series.csv", window=10, order=Order(gap=1.5))) == 31 + 11 + 30
    with pytest.raises(DataError, match="59 rows in its longest of 2 stretches without a gap, and a window 70"):
        read_series(tmp_path / "series.csv", window=70)


def test_a_column_that_tells_no_time_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, hourly(sensor=["a", "b"] * 60))
    with pytest.raises(DataError, match=r"data\.time=sensor is a category: name a column of dates or numbers"):
        read_series(path, window=10, order=Order(time="sensor"))


def broken(how: str) -> pandas.DataFrame:
    frame = prices()
    if how == "text":
        frame["place"] = np.random.default_rng(0).choice([f"Ort {letter}" for letter in "abcdefghijklmnopqrstuvw"], 60)
    if how == "names":
        frame["name"] = [f"day {'abcdefghij'[i // 10]}{'abcdefghij'[i % 10]}" for i in range(60)]
    if how == "nothing":
        frame["void"] = np.nan
    if how == "gaps":
        frame.loc[::5, "high"] = None
    if how == "still":
        frame = pandas.DataFrame({"day": frame["day"], "a": 1.5})
    return frame.head(1) if how == "one row" else frame.head(20) if how == "short" else frame


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("one row", "has 1 row: a table to learn from has at least 10"),
        ("short", "has 20 rows, and a window 24: give a longer table, or a shorter window"),
        (
            "text",
            r"column 'place' of series.csv is text of \d+ values, .*leave it out with --set 'data.leave_out=\[place\]'",
        ),
        ("names", "column 'name' of series.csv is text"),
        ("nothing", r"column 'void' of series.csv has no value in any row: leave it out with .*\[void\]"),
        ("gaps", "every window of 24 rows lacks a value of high"),
        ("still", "no column that changes"),
    ],
)
def test_bad_series_are_refused(how: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        read_series(saved(tmp_path, broken(how)))


def test_what_is_asked_for_has_to_be_there(tmp_path: Path) -> None:
    path = saved(tmp_path, prices())
    with pytest.raises(DataError, match="there is no column 'low'"):
        read_series(path, leave_out=["low"])
    with pytest.raises(DataError, match="at least 2"):
        read_series(path, window=1)


def test_truths_are_numbers_over_time_and_written_as_they_were(tmp_path: Path) -> None:
    frame = prices(200)
    frame["open"] = np.arange(200) % 3 == 0
    series = read_series(saved(tmp_path, frame), window=10)
    column = next(column for column in series.learnt if column.name == "open")
    assert column.written(np.array([0.2, 0.9])).tolist() == ["False", "True"]
    assert set(series.values[:, [c.name for c in series.learnt].index("open")]) == {0.0, 1.0}
    assert written(series.columns, series.windows[:2]).frame()["open"].dtype == bool
