"""What holds for a whole window: when it begins, and the attributes of its series; times of made rows; conditions."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import torch

from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.data import DataError
from saddlepoint.runs.assembly import assemble
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.series.beginning import NOISE, searched
from saddlepoint.tasks.series.coding import SeriesCoding
from saddlepoint.tasks.series.data import SeriesData, given_series, read_series, written
from saddlepoint.tasks.series.model import WindowGenerator

HOURS = pandas.date_range("2024-02-01", periods=24 * 90, freq="h")
CLOCKS = {
    "hours of a zone": HOURS.tz_localize("Europe/Berlin", nonexistent="shift_forward", ambiguous="NaT").strftime(
        "%d.%m.%Y %H:%M"
    ),
    "business days": pandas.bdate_range("2019-01-01", "2023-12-31").strftime("%b %d, %Y"),
    "months": pandas.date_range("1990-01-01", "2023-12-01", freq="MS").strftime("%Y-%m-%d"),
    "ends of months": pandas.date_range("1990-01-31", "2023-12-31", freq="ME").strftime("%m/%d/%Y"),
    "ends of quarters": pandas.date_range("1960-03-31", "2023-12-31", freq="QE").strftime("%Y-%m-%d"),
    "weeks": pandas.date_range("2010-01-04", "2023-12-25", freq="W-MON").strftime("%m/%d/%Y"),
    "opening hours": HOURS[(HOURS.hour >= 9) & (HOURS.hour < 17) & (HOURS.day_of_week < 5)].strftime("%Y-%m-%dT%H:%M"),
    "minutes of some days": pandas.date_range("2024-03-01", periods=4000, freq="min").strftime("%Y-%m-%d %H:%M:%S"),
}


def series(tmp_path: Path, frame: pandas.DataFrame, window: int = 6) -> SeriesData:
    frame.to_csv(tmp_path / "series.csv", index=False)
    return read_series(tmp_path / "series.csv", window=window)


def walk(rows: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=rows).cumsum().round(2)


@pytest.mark.parametrize("clock", CLOCKS)
def test_coded_moments_are_written_as_the_file_has_them(clock: str, tmp_path: Path) -> None:
    at = CLOCKS[clock]
    data = series(tmp_path, pandas.DataFrame({"at": at, "value": walk(len(at))}))
    coding = SeriesCoding.from_plain(SeriesCoding.fit(data, "steps").plain())
    coded = coding.code(data.windows, data.told)
    assert coded.shape[2] == 1 + coding.context.size
    assert coded.std() < 3
    cells = coding.context.cells(coding.told(coded), data.window)
    table = written(coding.written, coding.decode(coded), cells)
    assert [column.name for column in table.columns] == ["window", "step", "at", "value"]
    made = table.column("at").in_file(table.cells["at"]).reshape(len(data), -1)
    real = np.array(at, dtype=object)[data.starts[:, None] + np.arange(data.window)]
    assert data.layout == ("at", "value")
    # An hour that a zone's clocks show twice or never may be another one.
    assert (made == real).mean() > 0.99


MONTHS = pandas.date_range("1990-01-01", "2023-12-01", freq="MS")
DAYS = pandas.date_range("2019-01-01", "2022-12-31", freq="D")
PARTS = {
    "years": {"YEAR": range(1700, 2009)},
    "years and quarters": {"year": np.repeat(range(1959, 2010), 4), "quarter": [1, 2, 3, 4] * 51},
    "years and months": {"Month": MONTHS.month, "Year": MONTHS.year},
    "names of months": {"year": MONTHS.year, "month": MONTHS.strftime("%b")},
    "days in parts": {"No": range(1, 1 + len(DAYS)), "jahr": DAYS.year, "monat": DAYS.month, "tag": DAYS.day},
    "hours in parts": {"year": HOURS.year, "month": HOURS.month, "day": HOURS.day, "hour": HOURS.hour},
    "days and hours": {"dteday": HOURS.strftime("%Y-%m-%d"), "mnth": HOURS.month, "hr": HOURS.hour},
    "weeks of years": {
        "year": pandas.date_range("2010-01-04", "2023-12-25", freq="W-MON").isocalendar().year.to_numpy(),
        "week": pandas.date_range("2010-01-04", "2023-12-25", freq="W-MON").isocalendar().week.to_numpy(),
    },
    "days of a year": {"year": DAYS.year, "doy": DAYS.day_of_year},
    "weekdays beside dates": {"date": DAYS.strftime("%d/%m/%Y"), "weekday": (DAYS.day_of_week + 1) % 7},
}


@pytest.mark.parametrize("clock", PARTS)
def test_parts_of_dates_in_columns_of_their_own_tell_the_time(clock: str, tmp_path: Path) -> None:
    frame = pandas.DataFrame(PARTS[clock])
    frame["value"] = walk(len(frame))
    data = series(tmp_path, frame.sample(frac=1, random_state=0) if clock != "days in parts" else frame)
    assert data.values[:, 0].tolist() == frame["value"].tolist()
    assert [column.name for column in data.learnt] == ["value"]
    coding = SeriesCoding.from_plain(SeriesCoding.fit(data, "steps").plain())
    cells = coding.context.cells(coding.told(coding.code(data.windows, data.told)), data.window)
    for name in {name for name in frame if frame[name].nunique() > 1} - {"No", "value"}:
        made = data.context.columns[[c.name for c in data.context.columns].index(name)].in_file(cells[name])
        real = frame[name].astype(str).to_numpy()[data.starts[:, None] + np.arange(data.window)]
        assert (made.reshape(len(data), -1) == real).mean() > 0.99, name


@pytest.mark.parametrize("index", ["times", "named", "periods", "rooms and times", "a column alone"])
def test_an_index_of_times_tells_the_time(index: str) -> None:
    frame = pandas.DataFrame({"heat": walk(len(HOURS[:90]))}, index=HOURS[:90])
    given: pandas.DataFrame | pandas.Series = frame
    if index == "named":
        given = frame.rename_axis("at")
    elif index == "periods":
        given = frame.set_axis(HOURS[:90].to_period("h"), axis=0)
    elif index == "rooms and times":
        given = pandas.concat({"red": frame, "blue": frame}, names=["room", "at"])
    elif index == "a column alone":
        given = frame["heat"]
    data = given_series(given.iloc[::-1], window=6)
    assert data.windows[0, :, 0].tolist() == frame["heat"].tolist()[:6]
    assert data.layout[-2:] == ("at" if "at" in given.index.names else "time", "heat")
    assert len(data) == 85 * (2 if index == "rooms and times" else 1)


def test_years_that_many_rows_share_tell_no_time_by_themselves(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"year": np.repeat(range(2000, 2010), 30), "value": walk(300)})
    data = series(tmp_path, frame)
    assert [column.name for column in data.learnt] == ["year", "value"]
    firms = pandas.DataFrame(
        {"firm": np.repeat(["GM", "US Steel", "IBM"], 20), "year": [*range(1935, 1955)] * 3, "value": walk(60)}
    )
    assert "3 series, by firm; a window lies within one." in series(tmp_path, firms).notes


def test_no_made_row_is_of_a_time_at_which_no_row_is(tmp_path: Path) -> None:
    at = CLOCKS["opening hours"]
    data = series(tmp_path, pandas.DataFrame({"at": at, "value": walk(len(at))}))
    coding = SeriesCoding.fit(data, "steps")
    trembling = torch.randn(300, 6, coding.size, generator=torch.Generator().manual_seed(0))
    context = coding.context
    assert context.calendar is not None
    facts = coding.told(trembling)
    times = context.calendar.times(facts.moments, 6) if facts.moments is not None else np.zeros((0, 6))
    hours, weekday = times % 86400 // 3600, (times // 86400 + 3) % 7
    assert ((hours >= 9) & (hours < 17) & (weekday < 5)).all()
    assert (np.diff(times, axis=1) > 0).all()
    assert times[:, 0].min() >= context.calendar.first - 86400 * 3
    assert times[:, 0].max() <= context.calendar.last + 86400 * 3


def test_days_and_times_of_day_in_two_columns_are_both_written(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"day": HOURS.strftime("%Y-%m-%d"), "clock": HOURS.strftime("%H:%M"), "x": walk(2160)})
    data = series(tmp_path, frame)
    coding = SeriesCoding.fit(data, "levels")
    coded = coding.code(data.windows[::50], data.told.take(np.arange(0, len(data), 50)))
    table = written(coding.written, coding.decode(coded), coding.context.cells(coding.told(coded), 6))
    made = table.frame()
    assert (made["step"] == 0).sum() == len(coded)
    first = made[made["step"] == 0]
    assert first["clock"].astype(str).str[:5].tolist() == frame["clock"].iloc[data.starts[::50]].tolist()
    assert (
        pandas.to_datetime(first["day"]).dt.strftime("%Y-%m-%d").tolist()
        == frame["day"].iloc[data.starts[::50]].tolist()
    )


def rooms() -> pandas.DataFrame:
    """Six rooms of two towns, a number of its own each, and of three sizes."""
    parts = []
    for number in range(6):
        own = {"room": f"r{number}", "town": ("Ulm", "Bonn")[number % 2], "seats": (10, 20, 30)[number % 3]}
        parts.append(
            pandas.DataFrame({"at": HOURS[:400], **own, "key": f"K-{number}", "heat": walk(400) + 50 * number})
        )
    return pandas.concat(parts).sample(frac=1, random_state=0)


@pytest.fixture
def model(tmp_path: Path) -> WindowGenerator:
    data = series(tmp_path, rooms(), window=6)
    assert "Attributes of series, made once a window: town, seats." in data.notes
    assert any(note.startswith("key never changes within a series and is not learnt") for note in data.notes)
    assert data.layout == ("at", "town", "seats", "heat")
    small = ["device=cpu", "latent.size=4", "generator.network.width=16", "discriminator.network.widths=[8]"]
    made = assemble(assign(recipe_named("series"), [*small, "batch_size=20"]), data).setup.model
    assert isinstance(made, WindowGenerator)
    return made


def test_attributes_are_one_value_a_window_and_can_be_asked_for(model: WindowGenerator) -> None:
    frame = model.sample(40, seed=3)
    assert list(frame) == ["window", "step", "at", "town", "seats", "heat"]
    assert (frame.groupby("window")[["town", "seats"]].nunique() == 1).all(axis=None)
    assert set(frame["town"]) == {"Ulm", "Bonn"}
    asked = model.sample(12, seed=3, where=["town=Ulm", "seats>=20"])
    assert len(asked) == 72
    assert set(asked["town"]) == {"Ulm"}
    assert (asked["seats"].astype(int) >= 20).all()
    few, more = (model.sample(n, seed=3, where={"town": "Ulm"}) for n in (5, 9))
    pandas.testing.assert_frame_equal(few, more[:30])
    late = model.sample(4, seed=0, where=["at>=2024-02-10"])
    assert (pandas.to_datetime(late["at"]) >= "2024-02-10").all()


def test_what_no_window_is_like_is_refused(model: WindowGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saddlepoint.tasks.series.model.TRIES", 16)
    with pytest.raises(DataError, match="column 'town' has no value 'Wien': its 2 are"):
        model.sample(1, where={"town": "Wien"})
    with pytest.raises(DataError, match=r"0 of 2,048 windows that were drawn have heat>=.* in all rows"):
        model.sample(1, where={"heat": f">={model.series_coding.learnt[0].high}"})


def test_windows_are_continued_from_given_rows(
    model: WindowGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saddlepoint.tasks.series.beginning.STEPS", 3)
    whole = rooms().sort_values(["room", "at"])
    begun = whole[whole["room"] == "r3"][20:25].drop(columns="key")
    begun.sample(frac=1, random_state=1).to_csv(tmp_path / "begun.csv", index=False)
    frame = model.sample(3, seed=5, begin=tmp_path / "begun.csv", steps=7)
    assert frame.groupby("window").size().tolist() == [10, 10, 10]  # half a window is given, 7 rows are made
    for _, own in frame.groupby("window"):
        assert own["heat"].tolist()[:3] == begun["heat"].tolist()[-3:]
        assert (own["town"] == "Bonn").all()
        assert (own["seats"] == 10).all()
        assert pandas.to_datetime(own["at"]).diff().dropna().eq(pandas.Timedelta("1h")).all()
        assert pandas.to_datetime(own["at"]).iloc[2] == pandas.to_datetime(begun["at"].iloc[-1])
    assert frame.groupby("step")["heat"].nunique()[3:].eq(3).all()
    more = model.sample(5, seed=5, begin=tmp_path / "begun.csv", steps=7)
    pandas.testing.assert_frame_equal(frame, more[:30], rtol=1e-3)
    alone = model.sample(2, begin=begun[["heat"]])  # no times, no attributes: those are made
    assert alone["heat"].tolist()[:3] == begun["heat"].tolist()[-3:]
    assert alone.groupby("window")["town"].nunique().eq(1).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.drop(columns="heat"), "has no column heat: give all columns that change"),
        (lambda rows: pandas.concat([rows, rows]), "two rows are of the same time; give the rows of one series"),
        (lambda rows: rows.assign(town=["Ulm", "Bonn"] * 2), "town has one value in each series"),
        (lambda rows: rows.assign(heat=["1.5", "", "2", "3"]), "column 'heat' has no missing values"),
        (lambda rows: rows[:0], "has no rows"),
    ],
)
def test_rows_that_begin_no_window_are_refused(change: Any, said: str, model: WindowGenerator) -> None:
    begun = rooms().sort_values(["room", "at"])[:4]
    with pytest.raises(DataError, match=said):
        model.sample(1, begin=change(begun))
    with pytest.raises(ConfigurationError, match="give the rows that they begin with"):
        model.sample(1, steps=3)


def test_a_search_meets_what_is_wanted_of_a_linear_generator(model: WindowGenerator) -> None:
    # G z = z on the known numbers: z is normal with mean c/(1 + σ²) and deviation σ/√(1 + σ²).
    class Linear(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.own = torch.nn.Parameter(torch.ones(1))

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return self.own * z[:, None, :3].expand(-1, 2, -1)

    model.network = Linear()
    wanted = torch.full((400, 1, 3), 1.5)
    known = torch.tensor([True, True, False]).expand(400, 1, 3)
    found = searched(model, wanted, known, seed=0)
    assert found[:, :2].mean(0).tolist() == pytest.approx([1.5 / (1 + NOISE**2)] * 2, abs=0.1)
    assert found[:, :2].std(0).tolist() == pytest.approx([NOISE / (1 + NOISE**2) ** 0.5] * 2, abs=0.08)
    assert found[:, 2:].std(0).tolist() == pytest.approx([1, 1], abs=0.15)


def test_the_name_of_a_series_is_made_where_it_is_said_to_be_a_category(tmp_path: Path) -> None:
    rooms().to_csv(tmp_path / "rooms.csv", index=False)
    data = read_series(tmp_path / "rooms.csv", window=6, kinds={"room": "category"}, leave_out=["key"])
    assert "Attributes of series, made once a window: room, town, seats." in data.notes
    assert any("room says whose a window is and is not made" in note for note in series(tmp_path, rooms()).notes)


@pytest.mark.parametrize("states", [2, 3, 20])
def test_categories_that_change_along_a_series_are_states(states: int, tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    held = np.repeat(source.integers(states, size=300), source.integers(1, 9, 300))
    weather = np.array([f"state {n}" for n in range(states)], dtype=object)[held]
    weather[50] = None
    frame = pandas.DataFrame({"heat": walk(len(held)), "weather": weather, "lit": np.where(held % 2, "on", "off")})
    data = series(tmp_path, frame)
    coding = SeriesCoding.from_plain(SeriesCoding.fit(data, "steps").plain())
    decoded = coding.decode(coding.code(data.windows, data.told))
    np.testing.assert_allclose(decoded, data.windows, atol=1e-3)
    np.testing.assert_array_equal(decoded[..., 1:], data.windows[..., 1:])
    made = written(coding.written, decoded).frame()
    real = frame.iloc[(data.starts[:, None] + np.arange(data.window)).reshape(-1)]
    assert made["weather"].tolist() == real["weather"].tolist()
    assert made["lit"].tolist() == real["lit"].tolist()
    trembling = coding.decode(3 * torch.randn(50, 6, coding.size, generator=torch.Generator().manual_seed(0)))
    assert set(written(coding.written, trembling).frame()["weather"]) <= set(frame["weather"])


def test_a_network_that_holds_nothing_is_read_by_its_mean(tmp_path: Path) -> None:
    data = series(tmp_path, rooms(), window=6)
    network = "generator.network={name: mlp-generator, widths: [12], output: none}"
    setup = assemble(assign(recipe_named("series"), ["device=cpu", network, "batch_size=20"]), data).setup
    frame = setup.model.sample(5)
    assert (frame.groupby("window")["town"].nunique() == 1).all()
