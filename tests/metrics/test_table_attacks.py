"""Attacks find copies out, and nothing where rows are new."""

import numpy as np
import pytest

from saddlepoint.metrics import TableColumn, attacks
from saddlepoint.metrics.table_attacks import risk_of
from saddlepoint.metrics.table_privacy import column_distances


def rows(n: int, seed: int) -> list[TableColumn]:
    rng = np.random.default_rng(seed)
    z, category = rng.normal(size=(n, 3)), rng.integers(0, 5, n)
    z[:20, 2] = np.nan
    return [
        TableColumn("a", z[:, 0]),
        TableColumn("b", z[:, 0] / 2 + z[:, 1]),
        TableColumn("c", category),
        TableColumn("d", (z[:, 0] > 0).astype(int)),
        TableColumn("e", np.exp(z[:, 2]) * 1000),
    ]


def test_copies_are_found_and_new_rows_are_not() -> None:
    train, held_out = rows(1000, 0), rows(500, 1)
    new, copied = (attacks(train, held_out, made, n=200) for made in (rows(1000, 2), train))
    assert new is not None
    assert copied is not None
    for name in ("singling_out", "linkability", "inference"):
        low, high = getattr(new, name).interval
        assert low <= 0.02 <= high + 0.02
        assert getattr(copied, name).interval[0] > 0.1
    assert set(copied.inference.parts) == set("abcde")


def test_risk_is_what_goes_beyond_the_control() -> None:
    assert risk_of(50, 50, 100).value == 0
    assert risk_of(10_000, 0, 10_000).value == pytest.approx(1, abs=1e-3)
    assert risk_of(7_500, 5_000, 10_000).value == pytest.approx(0.5, abs=1e-3)


def test_too_few_rows_or_columns_are_not_attacked() -> None:
    assert attacks(rows(500, 0)[:1], rows(500, 1)[:1], rows(500, 2)[:1]) is None
    few = [column.first(10) for column in rows(500, 1)]
    assert attacks(rows(500, 0), few, rows(500, 2)) is None


def test_distances_of_dates_of_one_day_are_told_apart() -> None:
    seconds = 1.7e9 + np.arange(4.0)
    a, b = TableColumn("t", seconds), TableColumn("t", np.append(seconds, np.nan))
    assert column_distances(a, b, 3.0)[0] == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])
