"""Two linked tables, customers and their orders, beside SDV's HMA where it is installed.

    python bench/linked.py --samples 60000
    python bench/linked.py --hma    # in an environment that has sdv, on the same tables; prints the same numbers

The pair is made here: 800 customers of three segments, in cities of four countries, with 0 to 12 orders each, whose
number and size depend on the segment; orders rise in time from the customer's first day; total = quantity * price.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas

COUNTRY = {"Ulm": "DE", "Bonn": "DE", "Lyon": "FR", "Nice": "FR", "Rome": "IT", "Graz": "AT"}


def pair(seed: int, n: int = 800) -> tuple[Any, Any]:
    """Customers and orders."""
    r = np.random.default_rng(seed)
    segment = r.choice(["small", "medium", "large"], n, p=[0.6, 0.3, 0.1])
    city = r.choice(list(COUNTRY), n)
    since = pandas.Timestamp("2020-01-01") + pandas.to_timedelta(r.integers(0, 700, n), "D")
    customers = pandas.DataFrame({"customer": np.arange(n), "segment": segment, "city": city, "since": since})
    customers["country"] = customers["city"].map(COUNTRY)
    counts = np.minimum(r.poisson(pandas.Series(segment).map({"small": 1, "medium": 3, "large": 7})), 12)
    owner = np.repeat(np.arange(n), counts)
    orders = pandas.DataFrame({"customer": owner})
    gaps = pandas.Series(r.integers(1, 60, len(owner))).groupby(owner).cumsum()
    orders["date"] = since[owner] + pandas.to_timedelta(gaps.to_numpy(), "D")
    orders["quantity"] = 1 + r.poisson(
        customers["segment"].map({"small": 1, "medium": 4, "large": 12}).to_numpy()[owner]
    )
    orders["price"] = r.lognormal(3, 0.5, len(owner)).round(2)
    orders["total"] = (orders["quantity"] * orders["price"]).round(2)
    return customers, orders


def judged(real: tuple[Any, Any], made: tuple[Any, Any]) -> dict[str, float]:
    """How alike two pairs are."""
    found: dict[str, float] = {}
    likeness = []
    for own, other in zip(real, made, strict=True):
        for name in own.columns.drop("customer"):
            likeness.append(_alike(own[name], other[name]))
    found["columns"] = float(np.mean(likeness))
    counts = [_counts(*tables) for tables in (real, made)]
    found["numbers of children"] = _alike(*(own["n"] for own in counts))
    for told, tables, counted in zip(("real", "made"), (real, made), counts, strict=True):
        both = tables[1].merge(tables[0], on="customer")
        found[f"orders of large / small, {told}"] = _ratio(counted.groupby("segment")["n"].mean())
        found[f"quantity of large / small, {told}"] = _ratio(both.groupby("segment")["quantity"].mean())
        found[f"no order before the customer, {told}"] = float((both["date"] >= both["since"]).mean())
        found[f"total = quantity * price, {told}"] = float(
            np.isclose(both["total"], (both["quantity"] * both["price"]).round(2), atol=1e-6).mean()
        )
        found[f"city in its country, {told}"] = float((tables[0]["city"].map(COUNTRY) == tables[0]["country"]).mean())
    return found


def _alike(a: Any, b: Any) -> float:
    if a.dtype.kind in "OUT" or str(a.dtype) in ("str", "string"):
        shares = [own.astype(str).value_counts(normalize=True) for own in (a, b)]
        return 1 - float(shares[0].subtract(shares[1], fill_value=0).abs().sum()) / 2
    x, y = (np.sort(pandas.to_numeric(own.dropna()).to_numpy().astype(float)) for own in (a, b))
    grid = np.concatenate([x, y])
    return 1 - float(
        np.abs(np.searchsorted(x, grid, "right") / len(x) - np.searchsorted(y, grid, "right") / len(y)).max()
    )


def _counts(customers: Any, orders: Any) -> Any:
    return customers.assign(n=customers["customer"].map(orders["customer"].value_counts()).fillna(0))


def _ratio(means: Any) -> float:
    return float(means.get("large", np.nan) / means.get("small", np.nan))


def ours(real: tuple[Any, Any], given: argparse.Namespace) -> tuple[Any, Any]:
    """Made by two table models."""
    from saddlepoint.runs.linked import train_linked

    runs = train_linked(
        *real,
        key="customer",
        order="date",
        out=given.out / str(given.seed),
        recipe="table-vae",
        samples=given.samples,
        settings={"data.rules": ["found"], "data.held_out": 0, "threads": 1, "batch_size": 250},
        seed=given.seed,
    )
    return runs.sample(len(real[0]), seed=given.seed)


def hma(real: tuple[Any, Any]) -> tuple[Any, Any]:
    """Made by SDV's hierarchical model."""
    from sdv.metadata import Metadata  # type: ignore[import-not-found]
    from sdv.multi_table import HMASynthesizer  # type: ignore[import-not-found]

    metadata = Metadata.detect_from_dataframes({"customers": real[0], "orders": real[1]})
    metadata.update_column(table_name="customers", column_name="customer", sdtype="id")
    metadata.update_column(table_name="orders", column_name="customer", sdtype="id")
    metadata.set_primary_key(table_name="customers", column_name="customer")
    if not metadata.relationships:
        metadata.add_relationship("customers", "orders", "customer", "customer")
    for column in ("city", "country", "segment"):
        metadata.update_column(table_name="customers", column_name=column, sdtype="categorical")
    model = HMASynthesizer(metadata, verbose=False)
    model.fit({"customers": real[0], "orders": real[1]})
    made = model.sample_scale(scale=1.0)
    return made["customers"], made["orders"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=60_000, help="of each training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hma", action="store_true", help="SDV's HMA in place of ours")
    parser.add_argument("--out", type=Path, default=Path("runs/linked"))
    given = parser.parse_args()
    real, began = pair(given.seed), time.process_time()
    made = hma(real) if given.hma else ours(real, given)
    print(f"{'HMA' if given.hma else 'ours'}, seed {given.seed}: {time.process_time() - began:.0f} CPU seconds")
    for name, value in judged(real, made).items():
        print(f"{name:42} {value:.3f}")


if __name__ == "__main__":
    main()
