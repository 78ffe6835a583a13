"""Rules between columns: read, refused, found, and kept by every made row."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from playing import play
from saddlepoint.configuration import assign
from saddlepoint.data import DataError
from saddlepoint.data.tables import NumberColumn, TableData, read_frame
from saddlepoint.data.tables.enforcing import Enforcement
from saddlepoint.data.tables.expressions import Expression
from saddlepoint.data.tables.rules import Unique, read_rules, with_rules
from saddlepoint.data.tables.suggesting import suggested_rules
from saddlepoint.tasks import model_at, recipe_named
from saddlepoint.tasks.tables import TASK
from saddlepoint.tasks.tables.copula import CopulaRows
from saddlepoint.tasks.tables.evaluation import evaluate_tables

N = 600
COUNTRY = {"Ulm": "DE", "Bonn": "DE", "Lyon": "FR", "Nice": "FR", "Rome": "IT"}
BOOKINGS = (
    "nights = check_out - check_in",
    "total = rate * nights",
    "check_in < check_out",
    "check_out <= paid",
    "deposit <= total",
    "one_hot(room_single, room_double, room_suite)",
    "city -> country",
    "missing(paid) where status = open",
)


def bookings(n: int = N, seed: int = 0) -> pandas.DataFrame:
    """Bookings as a hotel has them; every tenth has no rate, and so no total."""
    r = np.random.default_rng(seed)
    frame = pandas.DataFrame(
        {"check_in": pandas.Timestamp("2023-01-01") + pandas.to_timedelta(r.integers(0, 400, n), "D")}
    )
    frame["nights"] = r.integers(1, 9, n)
    frame["check_out"] = frame["check_in"] + pandas.to_timedelta(frame["nights"], "D")
    frame["rate"] = r.uniform(40, 200, n).round(2)
    frame.loc[r.random(n) < 0.1, "rate"] = np.nan
    frame["total"] = (frame["rate"] * frame["nights"]).round(2)
    frame["deposit"] = np.minimum((frame["total"].fillna(50) * r.uniform(0, 1, n)).round(0), frame["total"].fillna(1e9))
    frame["city"] = r.choice(list(COUNTRY), n)
    frame["country"] = frame["city"].map(COUNTRY)
    frame["status"] = r.choice(["open", "closed"], n, p=[0.3, 0.7])
    frame["paid"] = frame["check_out"] + pandas.to_timedelta(r.integers(0, 30, n), "D")
    frame.loc[frame["status"] == "open", "paid"] = pandas.NaT
    return pandas.concat([frame, pandas.get_dummies(r.choice(["single", "double", "suite"], n), prefix="room")], axis=1)


def broken(frame: pandas.DataFrame) -> dict[str, int]:
    """How many rows break each of the rules of bookings, found without any code of ours."""
    dates = {name: pandas.to_datetime(frame[name]) for name in ("check_in", "check_out", "paid")}
    rooms = sum(
        frame[name].astype(str).str.lower().eq("true").astype(int) for name in frame if name.startswith("room_")
    )
    total = (frame["rate"] * frame["nights"].astype(int)).round(2)
    return {
        "order": int((dates["check_in"] >= dates["check_out"]).sum()),
        "nights": int(((dates["check_out"] - dates["check_in"]).dt.days != frame["nights"].astype(int)).sum()),
        "total": int(((frame["total"] - total).abs() > 1e-9).sum() + (frame["total"].isna() != total.isna()).sum()),
        "paid": int((dates["paid"] < dates["check_out"]).sum()),
        "deposit": int((frame["deposit"] > frame["total"]).sum()),
        "room": int((rooms != 1).sum()),
        "country": int((frame["city"].map(COUNTRY) != frame["country"]).sum()),
        "missing": int((dates["paid"].isna() != (frame["status"] == "open")).sum()),
    }


TINY = (
    *("latent.size=4", "batch_size=50", "generator.network.width=12", "generator.network.depth=1", "device=cpu"),
    *("discriminator.network.widths=[12]", "discriminator.network.embedding=3", "every.checkpoint=100000"),
    *("every.record=100000", "every.snapshot=100000", "budget.samples=500"),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A game of bookings that has hardly learnt anything: what holds then holds by construction."""
    folder = tmp_path_factory.mktemp("rules")
    bookings().to_csv(folder / "bookings.csv", index=False)
    config = recipe_named("table").with_data(str(folder / "bookings.csv"))
    config = assign(config, [*TINY, f"data.rules={json.dumps(BOOKINGS)}"])
    play(config, folder / "run")
    return folder / "run"


def test_every_made_row_keeps_the_rules_in_every_format(trained: Path, tmp_path: Path) -> None:
    generator = model_at(trained)
    frame = generator.sample(3000, seed=1)
    assert not any(broken(bookings()).values())
    assert not any(broken(frame).values()), broken(frame)
    assert list(frame) == list(bookings())
    drawn = generator.draw(1000, 2, None, generator.Options())
    for ending, reader in ((".csv", pandas.read_csv), (".parquet", pandas.read_parquet)):
        generator.write(drawn, tmp_path / f"rows{ending}")
        assert not any(broken(reader(tmp_path / f"rows{ending}")).values())
    # What a network that knows nothing makes has values of all kinds, and those that are missing.
    assert frame["nights"].nunique() > 4
    assert 0 < frame["rate"].isna().sum() < 3000


@pytest.mark.parametrize(
    "where",
    [
        {"country": "FR"},
        {"nights": 3, "status": "open"},
        {"total": slice(100, 400), "city": ["Ulm", "Rome"]},
        {"check_in": slice("2023-06-01", None), "room_suite": True},
        {"rate": None},
    ],
)
def test_rules_and_conditions_hold_together(where: dict[str, Any], trained: Path) -> None:
    frame = model_at(trained).sample(200, seed=1, where=where)
    assert len(frame) == 200
    assert not any(broken(frame).values())
    if "country" in where:
        assert set(frame["city"]) == {"Lyon", "Nice"}
    if "nights" in where:
        assert (frame["nights"] == 3).all()
        assert frame["paid"].isna().all()
    if "total" in where:
        assert frame["total"].between(100, 400).all()
        assert set(frame["city"]) == {"Ulm", "Rome"}
    if "check_in" in where:
        assert (frame["check_in"] >= "2023-06-01").all()
        assert frame["room_suite"].all()
    if "rate" in where:
        assert frame["total"].isna().all()


def test_rows_are_completed_around_what_is_given(trained: Path, tmp_path: Path) -> None:
    generator = model_at(trained)
    given = bookings(80, seed=5)[["check_out", "deposit", "country", "room_suite"]]
    frame = generator.sample(1, seed=1, like=given)
    assert not any(broken(frame).values())
    pandas.testing.assert_frame_equal(frame[list(given)], given, check_dtype=False)
    given.to_csv(tmp_path / "given.csv", index=False)
    again = generator.sample(1, seed=1, like=str(tmp_path / "given.csv"))
    assert again.equals(frame)
    with pytest.raises(DataError, match=r"total follows from rate, nights .*give those too"):
        generator.sample(1, like=bookings(20)[["total"]])
    with pytest.raises(DataError, match="row 2: column 'city' has no value 'Oslo'"):
        generator.sample(1, like=pandas.DataFrame({"city": ["Ulm", "Oslo"]}))


def test_balanced_rows_keep_the_rules(trained: Path) -> None:
    frame = model_at(trained).sample(500, seed=1, balance="city")
    assert frame["city"].value_counts().to_dict() == dict.fromkeys(COUNTRY, 100)
    assert not any(broken(frame).values())
    assert set(frame["city"][:5]) == set(COUNTRY)
    with pytest.raises(DataError, match="balanced by a column of categories"):
        model_at(trained).sample(5, balance="rate")


def test_a_copula_keeps_the_rules_too(trained: Path) -> None:
    config = assign(recipe_named("table"), [f"data.rules={json.dumps(BOOKINGS)}"])
    data = TASK.adopt(config, bookings())
    made = CopulaRows.of(data, config.seed, independent=False).sample(2000, seed=1)
    assert not any(broken(made).values())
    total = data.column("total")
    assert isinstance(total, NumberColumn)
    assert made["total"].max() <= total.high  # of a high rate for many nights, which nobody stayed


@pytest.mark.slow
def test_an_evaluation_shows_the_share_of_rows_that_keep_each_rule() -> None:
    frame = bookings()
    plain, ruled = read_frame(frame), with_rules(read_frame(frame), BOOKINGS)
    order = np.random.default_rng(0).permutation(N)
    share = float((frame["city"].map(COUNTRY).to_numpy() == frame["country"].to_numpy()[order]).mean())
    for train in (plain, ruled):  # those that are found stand in for those that are declared
        cells = {**train.cells, "country": train.cells["country"].take(order)}
        made = {"as it is": train, "loose": TableData("loose", train.columns, cells, "")}
        found = evaluate_tables({name: lambda *_, own=own: own for name, own in made.items()}, train, None)
        assert found["rules"]["as it is"].value == 1
        assert found["rule: city -> country"]["loose"].value == pytest.approx(share)
        assert found["rules"]["loose"].value == pytest.approx(share)
        assert ("data.rules=found" in " ".join(found.notes)) == (train is plain)


def test_found_rules_are_those_that_were_put_in() -> None:
    found = {rule.text for rule in suggested_rules(read_frame(bookings()))}
    assert found >= {*BOOKINGS[2:5], *BOOKINGS[6:], "check_out = check_in + nights", "total = nights * rate"}
    r = np.random.default_rng(0)
    noise = pandas.DataFrame({"a": r.normal(size=N), "b": r.integers(0, 50, N), "c": r.choice(list("xyz"), N)})
    assert suggested_rules(read_frame(noise)) == ()


def test_formulas_are_found_as_people_write_them() -> None:
    r = np.random.default_rng(1)
    frame = pandas.DataFrame({"quantity": r.integers(1, 30, N), "price": r.uniform(1, 100, N).round(2)})
    frame["discount"] = r.choice([0.0, 0.05, 0.1, 0.2], N)
    frame["net"] = (frame["quantity"] * frame["price"] * (1 - frame["discount"])).round(2)
    frame["tax"] = (frame["net"] * 0.19).round(2)
    frame["gross"] = (frame["net"] + frame["tax"]).round(2)
    frame["points"] = np.floor(frame["price"] / 10)
    frame["issued"] = pandas.Timestamp("2022-03-01") + pandas.to_timedelta(r.integers(0, 700, N), "D")
    frame["due"] = frame["issued"] + pandas.Timedelta(days=14)
    frame["born"] = r.integers(1950, 2004, N)
    frame["age"] = 2024 - frame["born"]
    frame["celsius"] = r.normal(20, 5, N).round(1)
    frame["fahrenheit"] = (frame["celsius"] * 1.8 + 32).round(2)
    found = [rule.text for rule in suggested_rules(read_frame(frame))]
    assert found[:7] == [
        "net = quantity * price * (1 - discount)",
        "tax = 0.19 * net",
        "gross = net + tax",
        "points = floor(0.1 * price)",
        "due = issued + 14",
        "age = 2024 - born",
        "fahrenheit = 1.8 * celsius + 32",
    ]
    table = with_rules(read_frame(frame), found)
    enforcement = Enforcement.of(table)
    back = enforcement.decode(enforcement.encode(table)).frame()
    pandas.testing.assert_frame_equal(back, table.frame())


def test_a_product_with_a_fee_and_the_year_of_two_years_are_found() -> None:
    r = np.random.default_rng(3)
    frame = pandas.DataFrame({"quantity": r.integers(1, 9, N), "price": r.uniform(1, 50, N).round(2)})
    frame["fee"] = r.choice([0.0, 4.9, 9.9], N)
    frame["total"] = (frame["price"] * frame["quantity"] + frame["fee"]).round(2)
    frame.loc[r.random(N) < 0.1, "total"] = np.nan
    frame["day"] = pandas.Timestamp("2022-01-01") + pandas.to_timedelta(r.integers(0, 700, N), "D")
    frame["year"] = frame["day"].dt.year
    found = {rule.text for rule in suggested_rules(read_frame(frame))}
    assert {"total = quantity * price + fee", "year = year(day)"} <= found


def test_a_table_comes_back_as_it_was_and_shuffled_columns_keep_the_rules() -> None:
    table = with_rules(read_frame(bookings()), BOOKINGS)
    plain = json.loads(json.dumps(Enforcement.of(table).plain()))
    enforcement = Enforcement.from_plain(plain)
    learnt = enforcement.encode(table)
    pandas.testing.assert_frame_equal(enforcement.decode(learnt).frame(), table.frame())
    r = np.random.default_rng(0)
    cells = {name: own.take(r.permutation(N)) for name, own in learnt.cells.items()}
    loose = enforcement.decode(TableData("loose", learnt.columns, cells, ""))
    assert enforcement.kept(loose).all()
    assert not any(broken(loose.frame()).values())


def test_a_column_between_two_others_lies_between_them() -> None:
    r = np.random.default_rng(0)
    low = r.uniform(0, 50, N).round(1)
    high = (low + r.exponential(20, N)).round(1)
    middle = (low + (high - low) * r.uniform(0, 1, N)).round(0).clip(low, high)
    frame = pandas.DataFrame({"low": low, "high": high, "middle": middle.round(1)})
    frame.loc[::9, "high"] = np.nan
    table = with_rules(read_frame(frame), ["low <= middle <= high", "low <= high"])
    enforcement = Enforcement.of(table)
    learnt = enforcement.encode(table)
    cells = {name: own.take(r.permutation(N)) for name, own in learnt.cells.items()}
    made = enforcement.decode(TableData("loose", learnt.columns, cells, "")).frame()
    known = made.dropna()
    assert ((known["low"] <= known["middle"]) & (known["middle"] <= known["high"])).all()
    assert (made["low"] <= made["middle"]).all()
    assert len(known) > N / 2


def test_many_combinations_are_kept_by_drawing_one_that_is_there() -> None:
    r = np.random.default_rng(0)
    zips = r.integers(0, 400, 4000)
    frame = pandas.DataFrame(
        {"zip": [f"Z{z:04d}" for z in zips], "state": [f"S{z % 7}" for z in zips], "x": r.normal(size=4000)}
    )
    table = with_rules(read_frame(frame, kinds={"zip": "category"}), ["zip -> state"])
    enforcement = Enforcement.of(table)
    learnt = enforcement.encode(table)
    assert [column.name for column in learnt.columns] == ["zip", "state", "x"]
    cells = {name: own.take(r.permutation(4000)) for name, own in learnt.cells.items()}
    made = enforcement.decode(TableData("loose", learnt.columns, cells, ""))
    assert table.rules[0].holds(made, table).all()
    # The coarse column is what the model said; the fine one is drawn beside it.
    assert (made.cells["state"].values == cells["state"].values).mean() > 0.99


def test_keys_are_unique_and_what_is_impossible_is_refused(trained: Path) -> None:
    days = pandas.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    frame = pandas.DataFrame([(day, shop) for day in days for shop in "ABCDEFGH"], columns=["day", "shop"])
    frame["sales"] = np.random.default_rng(0).normal(100, 20, len(frame)).round(1)
    assert Unique(("day", "shop")) in suggested_rules(read_frame(frame))
    config = assign(recipe_named("table"), ['data.rules=["unique(day, shop)"]'])
    model = CopulaRows.of(TASK.adopt(config, frame), config.seed, independent=False)
    made = model.sample(300, seed=1)
    assert not made.duplicated(["day", "shop"]).any()
    assert made.equals(model.sample(350, seed=1)[:300])
    assert not model.sample(200, seed=2, like=frame[["sales"]].head(200)).duplicated(["day", "shop"]).any()
    with pytest.raises(DataError, match=r"keep unique\(day, shop\), and 500 are wanted"):
        model.sample(500)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            "check_out <= check_in",
            r"'check_out <= check_in' does not hold: 600 of 600 rows break it \(100.00%\), as row 1",
        ),
        ("total = rate * night", "no column 'night': did you mean 'nights'"),
        ("total = rate * nights + 1", "does not hold"),
        ("city <= total", "column 'city' is category of 5: a rule that computes or compares needs numbers"),
        ("total rate", "can't be read: write one of a <= b"),
        ("total = f(rate)", "there is no column 'f'|calls what there is not"),
        ("total = __import__('os')", "no column|calls what there is not|no arithmetic"),
        ("total = rate.real", "no arithmetic"),
        ("3 < 4", "names no column"),
        ("rate + 1 = total + 1", "no column alone on one side"),
        ("total = total * 1", "on both sides"),
        ("country -> city", "does not hold"),
        ("unique(city)", "does not hold"),
        ("one_hot(city)", "two different columns"),
        ("one_hot(city, country)", "a one-hot group has columns of 0 and 1"),
        ("missing(paid) where city = Ulm", "does not hold"),
        ({"unique": ["city", "nowhere"]}, "no column 'nowhere'"),
        ({"total": "rate * nights", "x": "y"}, "can't be read"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_with_what_is_wrong(rule: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        with_rules(read_frame(bookings()), [rule])


def test_a_rule_has_many_spellings() -> None:
    names = ["a", "b", "c", "check in", "hours-per-week", "x,y"]

    def texts(*given: Any) -> list[str]:
        return [rule.text for rule in read_rules(given, names)]

    assert texts("a ≤ b < c") == ["a <= b", "b < c"]
    assert texts("b >= a; c > b") == ["a <= b", "b < c"]
    assert texts("c = a × b", "a * b = c", {"c": "a * b"}) == ["c = a * b"]
    assert texts("hours-per-week <= check in") == ["`hours-per-week` <= `check in`"]
    assert texts("a, b → c") == ["a, b -> c"]
    assert texts({"unique": ["a", "x,y"]}, "unique(a, `x,y`)") == ["unique(a, `x,y`)"]
    assert texts({"missing": "a", "where": {"b": ["x", "y"]}}, "missing(a) where b in (x, y)") == [
        "missing(a) where b = x, y"
    ]
    assert texts("missing(a) where missing(b)") == ["missing(a) where missing(b)"]
    assert texts({"inequality": ["a", "b", "c"]}) == ["a <= b", "b <= c"]
    for rule in read_rules(["a <= b", "c = round(a * b, 2)", "a -> b", "missing(a) where b != x", "a < 5"], names):
        assert read_rules([rule.text], names) == (rule,)


def test_dates_in_expressions_are_days() -> None:
    numbers = {"d": np.array([np.datetime64(day, "D").astype(int) for day in ("2024-02-29", "1960-12-31")], float)}
    for text, expected in (
        ("year(d)", [2024, 1960]),
        ("month(d)", [2, 12]),
        ("day(d)", [29, 31]),
        ("weekday(d)", [3, 5]),
        ("years(d, '2024-12-31')", [0, 64]),
        ("d - '2024-02-28'", [1, -23069]),
        ("floor(d / 7) * 0", [0, 0]),
        ("round(1.005 + 0 * d, 1)", [1.0, 1.0]),
    ):
        assert Expression.read(text, ["d"]).value(numbers).tolist() == expected, text
