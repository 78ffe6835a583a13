"""Two tables linked by a key: counts, order and rules across them."""

from pathlib import Path

import numpy as np
import pandas
import pytest

from saddlepoint.configuration import ConfigurationError
from saddlepoint.runs.linked import load_linked, train_linked

TINY = {
    "latent.size": 4,
    "generator.network.width": 12,
    "generator.network.depth": 1,
    "encoder.network.widths": [12],
    "device": "cpu",
    "data.rules": ["found"],
    "data.held_out": 0,
}


def customers(n: int = 120) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    r = np.random.default_rng(0)
    parents = pandas.DataFrame({"customer": [f"C{i:03d}" for i in range(n)], "size": r.choice(["small", "large"], n)})
    parents["since"] = pandas.Timestamp("2020-01-01") + pandas.to_timedelta(r.integers(0, 500, n), "D")
    owner = np.repeat(np.arange(n), r.integers(0, 5, n))
    orders = pandas.DataFrame(
        {"customer": parents["customer"].to_numpy()[owner], "quantity": r.integers(1, 30, len(owner))}
    )
    gaps = pandas.Series(r.integers(0, 90, len(owner))).groupby(owner).cumsum().to_numpy()
    orders["date"] = parents["since"].to_numpy()[owner] + pandas.to_timedelta(gaps, "D")
    orders["price"] = r.uniform(1, 50, len(owner)).round(2)
    orders["total"] = (orders["quantity"] * orders["price"]).round(2)
    return parents, orders


@pytest.mark.slow
def test_children_belong_to_parents_and_rules_hold_across_tables(tmp_path: Path) -> None:
    parents, orders = customers()
    runs = train_linked(
        parents, orders, "customer", order="date", out=tmp_path, recipe="table-vae", samples=200, settings=TINY
    )
    made, children = runs.sample(90, seed=1)
    assert list(made) == list(parents)
    assert list(children) == list(orders)
    assert made["customer"].tolist() == list(range(1, 91))
    assert set(children["customer"]) <= set(made["customer"])
    assert children["customer"].value_counts().max() <= 4
    both = children.merge(made, on="customer")
    assert (both["date"] >= both["since"]).all()
    assert all(own["date"].is_monotonic_increasing for _, own in children.groupby("customer"))
    assert np.allclose(children["total"], (children["quantity"] * children["price"]).round(2), atol=1e-9)
    again = load_linked(tmp_path).sample(90, seed=1)
    assert again[0].equals(made)
    assert again[1].equals(children)


@pytest.mark.slow
def test_files_come_back_in_their_own_spelling(tmp_path: Path) -> None:
    parents, orders = customers(80)
    parents["since"], orders["date"] = (t.dt.strftime("%d.%m.%Y") for t in (parents["since"], orders["date"]))
    orders["price"] = [f"{price:.2f}".replace(".", ",") for price in orders["price"]]
    parents.to_csv(tmp_path / "customers.csv", index=False, sep=";")
    orders.drop(columns="total").to_csv(tmp_path / "orders.csv", index=False, sep=";")
    settings = {**TINY, "data.columns.date": "date", "data.columns.size": "category"}
    settings.pop("data.rules")
    train_linked(
        *(tmp_path / name for name in ("customers.csv", "orders.csv")),
        "customer",
        order="date",
        out=tmp_path / "out",
        recipe="table-vae",
        samples=200,
        settings=settings,
    )
    paths = load_linked(tmp_path / "out").write(tmp_path / "made", 60, seed=3)
    assert [path.name for path in paths] == ["customers.csv", "orders.csv"]
    made, children = (pandas.read_csv(path, sep=";", dtype=str) for path in paths)
    assert (len(made), list(made), list(children)) == (60, list(parents), ["customer", "quantity", "date", "price"])
    assert children["price"].str.fullmatch(r"\d+,\d\d").all()
    dates = pandas.to_datetime(children["date"], format="%d.%m.%Y", exact=True)
    assert all(own.is_monotonic_increasing for _, own in dates.groupby(children["customer"].astype(int)))
    assert made["size"].isin(["small", "large"]).all()


def test_a_folder_without_linked_runs_and_a_damaged_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no linked runs"):
        load_linked(tmp_path)
    for text in ("[]", "{", '{"key": "a", "order": "", "files": ["../a.csv", ""], "separators": [",", ","]}', "null"):
        (tmp_path / "linked.json").write_text(text)
        with pytest.raises(ConfigurationError, match="is damaged"):
            load_linked(tmp_path)


def test_what_is_no_pair_is_refused(tmp_path: Path) -> None:
    parents, orders = customers(30)
    for first, second, said in (
        (parents.drop(columns="customer"), orders, "the parents have no column 'customer'"),
        (pandas.concat([parents, parents]), orders, "'customer' does not name parents: 30 come twice"),
        (parents[:10], orders, "children name a 'customer' that no parent has"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            train_linked(first, second, "customer", out=tmp_path)
