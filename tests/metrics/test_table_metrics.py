"""Metrics of tables: known values, identity, and what an expert would expect."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from saddlepoint.metrics import (
    TableColumn,
    column_pair_trends,
    column_shapes,
    column_similarity,
    detection_auc,
    pair_similarities,
    privacy,
    utility,
)
from saddlepoint.metrics.table_models import Encoding

RNG = np.random.default_rng(0)


def numbers(name: str, values: object) -> TableColumn:
    return TableColumn(name, np.asarray(values, dtype=np.float64))


def codes(name: str, values: object) -> TableColumn:
    return TableColumn(name, np.asarray(values, dtype=np.int32))


def test_numbers_are_compared_as_scipy_does() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        a, b = rng.normal(size=200).round(1), rng.normal(0.3, 2, size=300).round(1)
        expected = 1 - ks_2samp(a, b).statistic
        assert column_similarity(numbers("", a), numbers("", b)) == pytest.approx(expected, abs=1e-12)


def test_missing_numbers_count() -> None:
    whole = numbers("", [1.0, 2.0, 3.0, 4.0])
    half = numbers("", [1.0, 2.0, np.nan, np.nan])
    assert column_similarity(whole, half) == 0.5
    assert column_similarity(half, half) == 1
    none = numbers("", [np.nan, np.nan])
    assert column_similarity(none, none) == 1


def test_categories_by_total_variation() -> None:
    assert column_similarity(codes("", [0, 0, 0, 1]), codes("", [0, 1, 1, 1])) == 0.5
    assert column_similarity(codes("", [0, 0]), codes("", [-1, -1])) == 0


def test_pairs_of_numbers_by_their_correlation() -> None:
    x = RNG.normal(size=1000)
    real = [numbers("a", x), numbers("b", x)]
    assert pair_similarities(real, [numbers("a", x), numbers("b", -x)])["a", "b"] == pytest.approx(0)
    assert pair_similarities(real, real)["a", "b"] == pytest.approx(1)
    assert pair_similarities(real, [numbers("a", x), numbers("b", 0 * x)])["a", "b"] == pytest.approx(0.5)


def test_missing_values_are_left_out_of_column_shapes() -> None:
    real = [numbers("a", [1.0, 2.0, 3.0, np.nan]), codes("b", [0, 0, 1, -1])]
    made = [numbers("a", [2.0, 3.0, 4.0, np.nan]), codes("b", [0, 1, -1, -1])]
    # Distribution functions at 1, 2, 3, 4: 1/3, 2/3, 1, 1 and 0, 1/3, 2/3, 1. Shares 2/3, 1/3 and 1/2, 1/2.
    assert column_shapes(real, made) == pytest.approx({"a": 2 / 3, "b": 5 / 6})
    none = column_shapes([numbers("a", [np.nan])], [numbers("a", [1.0])])
    assert np.isnan(none["a"])


def test_numbers_beside_categories_stand_in_bins_of_equal_width() -> None:
    """0 and 100 alone at the ends: in bins of equal weight the small ones would lie apart; ranges are own."""
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 100.0])
    real = [numbers("x", x), codes("c", [0, 0, 0, 0, 0, 1])]
    made = [numbers("x", [4.0, 4.0, 4.0, 4.0, 4.0, 500.0]), codes("c", [0, 0, 0, 0, 0, 1])]
    assert column_pair_trends(real, made)["x", "c"] == 1.0
    assert pair_similarities(real, made)["x", "c"] < 0.5
    gone = [numbers("x", [np.nan, 1.0, 2.0, 3.0, 4.0, 100.0]), codes("c", [0, 0, 0, 0, 0, 1])]
    assert column_pair_trends(real, gone)["x", "c"] == pytest.approx(1 - 1 / 6)
    assert column_pair_trends([real[0], numbers("y", x)], [real[0], numbers("y", -x)])["x", "y"] == pytest.approx(0)


def small_tables() -> tuple[list[TableColumn], list[TableColumn]]:
    """Numbers with repeated greatest values, other ranges on both sides, missing numbers and categories."""
    i = np.arange(24)
    x, other, c = (i * i % 17).astype(float), (3 * i % 13 + 2).astype(float), (i // 2) % 3
    x[4], c[5] = np.nan, -1
    return (
        [numbers("x", x), numbers("y", x % 5 + i), codes("c", i % 3)],
        [numbers("x", other), numbers("y", other % 4 + i), codes("c", c)],
    )


def test_columns_and_pairs_are_those_of_sdmetrics_quality_report() -> None:
    """Scores of ColumnShapes and ColumnPairTrends of SDMetrics 0.32 on these tables."""
    real, made = small_tables()
    shapes = {"x": 0.7355072463768115, "y": 0.8804347826086957, "c": 0.9710144927536232}
    trends = {("x", "y"): 0.9954690177838937, ("x", "c"): 0.5, ("y", "c"): 0.45833333333333337}
    assert column_shapes(real, made) == pytest.approx(shapes, abs=1e-12)
    assert column_pair_trends(real, made) == pytest.approx(trends, abs=1e-12)


def test_they_are_those_of_the_package_where_it_is_installed() -> None:
    pandas, of = pytest.importorskip("pandas"), "sdmetrics.reports.single_table._properties"
    shapes = pytest.importorskip(f"{of}.column_shapes").ColumnShapes()
    trends = pytest.importorskip(f"{of}.column_pair_trends").ColumnPairTrends()

    def frame(columns: list[TableColumn]) -> Any:
        return pandas.DataFrame(
            {c.name: c.values if c.numeric else [None if v < 0 else "abc"[v] for v in c.values] for c in columns}
        )

    real, made = small_tables()
    kinds = {c.name: {"sdtype": "numerical" if c.numeric else "categorical"} for c in real}
    for part in (shapes, trends):
        part.get_score(frame(real), frame(made), {"columns": kinds})
    assert column_shapes(real, made) == pytest.approx(dict(shapes.details[["Column", "Score"]].to_numpy().tolist()))
    expected = {(a, b): s for a, b, s in trends.details[["Column 1", "Column 2", "Score"]].to_numpy().tolist()}
    assert column_pair_trends(real, made) == pytest.approx(expected, abs=1e-12)


def test_pairs_with_categories_by_the_cells_of_their_table() -> None:
    a, b = np.tile([0, 1], 50), np.repeat([0, 1], 50)  # independent
    real = [codes("a", a), codes("b", b)]
    assert pair_similarities(real, [codes("a", a), codes("b", a)])["a", "b"] == pytest.approx(0.5)
    # Marginals alone can't tell: each column by itself is as it was.
    assert column_similarity(real[1], codes("b", a)) == 1
    mixed = [codes("a", b), numbers("n", np.arange(100.0))]
    assert pair_similarities(mixed, mixed)["a", "n"] == 1
    assert pair_similarities(mixed, [codes("a", 1 - b), mixed[1]])["a", "n"] == pytest.approx(0)


def table(n: int, seed: int, noise: float = 0.0) -> list[TableColumn]:
    """A class that follows from a number and a category, but for noise."""
    rng = np.random.default_rng(seed)
    x, c = rng.normal(size=n), rng.integers(0, 3, n)
    answer = ((x + c > 1) ^ (rng.random(n) < noise)).astype(np.int32)
    return [numbers("x", x), codes("c", c), numbers("y", 3 * x + c), codes("answer", answer)]


def test_equal_tables_can_not_be_told_apart_and_others_can() -> None:
    real = table(600, 0)
    assert abs(detection_auc(real, table(600, 1)) - 0.5) < 0.08
    shifted = [numbers("x", table(600, 1)[0].values + 3), *table(600, 1)[1:]]
    assert detection_auc(real, shifted) > 0.95


def test_utility_is_high_where_rows_teach_and_low_where_they_do_not() -> None:
    test = table(400, 9)
    good = utility(table(800, 1), test, "answer")
    rng = np.random.default_rng(0)
    shuffled = [c if c.name != "answer" else codes("answer", rng.permutation(c.values)) for c in table(800, 1)]
    bad = utility(shuffled, test, "answer")
    assert good.f1 > 0.9 > 0.7 > bad.f1
    assert good.auc > 0.95
    assert abs(bad.auc - 0.5) < 0.2
    assert set(good.by_model) == {"logistic", "tree", "forest", "boosted"}
    number = utility(table(800, 1), test, "y")
    assert number.answer == "numbers"
    assert number.r2 > 0.95
    assert np.isnan(number.f1)


def test_a_table_of_one_class_teaches_nothing() -> None:
    one = [c if c.name != "answer" else codes("answer", 0 * c.values) for c in table(100, 1)]
    found = utility(one, table(400, 9), "answer")
    assert found.auc == 0.5


def test_copies_are_found_and_new_rows_are_none() -> None:
    train, held, new = table(500, 0), table(500, 1), table(500, 2)
    fresh = privacy(train, held, new)
    assert fresh.copies == fresh.real_copies == 0
    assert abs(fresh.nearer_to_training - 0.5) < 0.1
    copied = privacy(train, held, train)
    assert copied.copies == 1
    assert copied.distance == 0
    assert copied.nearer_to_training == 1


def test_the_distance_is_gowers() -> None:
    train = [numbers("x", [0.0, 10.0, np.nan]), codes("c", [0, 1, 2])]
    found = privacy(train, train, [numbers("x", [4.0]), codes("c", [1])])
    # To (10, 1): (.6 + 0)/2; to (0, 0): (.4 + 1)/2; to (missing, 2): (1 + 1)/2.
    assert found.distance == pytest.approx(0.3)
    missing = privacy(train, train, [numbers("x", [np.nan]), codes("c", [2])])
    assert missing.distance == 0


def test_distances_of_both_are_to_all_training_rows() -> None:
    # The rows of training that are copied lie beyond as many as are held out.
    train, held = table(500, 0), table(50, 1)
    copied = privacy(train, held, [TableColumn(c.name, c.values[400:]) for c in train])
    assert (copied.copies, copied.distance) == (1, 0)
    assert copied.real_distance > 0


def test_zeros_and_absences_are_equal_whatever_their_bits() -> None:
    train = [numbers("x", [0.0, np.nan, 2.0])]
    assert privacy(train, train, [numbers("x", [-0.0, -np.nan])]).copies == 1


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_constant_has_neither_correlation_nor_deviation(kind: type) -> None:
    # The mean of many 0.1s is not quite 0.1: what rounding leaves must not be taken for a spread.
    x = RNG.normal(size=300)
    still = TableColumn("a", np.full(300, 0.1, kind))
    one, other = [still, TableColumn("b", np.full(300, 0.1, kind))], [numbers("a", x), numbers("b", x)]
    assert pair_similarities(one, other)["a", "b"] == pytest.approx(0.5)
    assert pair_similarities([still, other[1]], [still, numbers("b", -x)])["a", "b"] == 1
    answer = codes("answer", x > 0)
    near = numbers("a", np.full(300, 0.1 + 1e-7))
    assert utility([still, other[1], answer], [near, other[1], answer], "answer").by_model["logistic"] > 0.95
    assert utility(other, [other[0], TableColumn("b", still.values)], "b").r2 == 0


def in_unit(unit: float, seed: int) -> list[TableColumn]:
    """Numbers of a unit, one of them constant, one with gaps, beside categories."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=60)
    gaps = np.where(rng.random(60) < 0.2, np.nan, a + rng.normal(size=60))
    columns = {"a": a, "gaps": gaps, "same": np.full(60, 1 / 3)}
    return [*(numbers(name, unit * values) for name, values in columns.items()), codes("c", rng.integers(0, 3, 60))]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", [2.0**100, 2.0**-600, 2.0**900])
def test_similarities_do_not_depend_on_the_unit_to_the_last_bit(unit: float) -> None:
    for metric in (pair_similarities, column_pair_trends):
        assert metric(in_unit(unit, 1), in_unit(unit, 2)) == metric(in_unit(1, 1), in_unit(1, 2))
    assert np.array_equal(Encoding(in_unit(unit, 1))(in_unit(unit, 2)), Encoding(in_unit(1, 1))(in_unit(1, 2)))


def test_a_column_in_a_tiny_unit_is_learnt_as_in_any_other() -> None:
    """Trees of scikit-learn take a variance below 2e-16 for none."""
    found = [utility(in_unit(unit, 1), in_unit(unit, 2), "gaps").by_model for unit in (1, 2.0**-40)]
    assert found[1] == pytest.approx(found[0], abs=1e-9)


def test_numbers_that_float64_hardly_parts_stand_in_bins_nevertheless() -> None:
    """A constant of 1e17 and steps of 16 beside it: NumPy has no ten bins there."""
    for values in (np.full(9, 1e17), 1e17 + 16 * np.repeat(range(3), 3)):
        table = [numbers("n", values), codes("c", np.repeat(range(3), 3))]
        assert column_pair_trends(table, table) == {("n", "c"): 1}
        assert column_pair_trends(table, [table[0], codes("c", [0] * 9)])["n", "c"] == pytest.approx(1 / 3)


def test_what_is_far_beyond_the_real_rows_is_shown_to_models_as_a_finite_number() -> None:
    shown = Encoding([numbers("a", [0, 1e-30])])([numbers("a", [1e300, -1e300, 0, np.nan])])
    assert shown[:, 0].tolist() == [1e9, -1e9, -1, 0]


def test_columns_are_arrays_or_tensors_of_any_float_or_integer() -> None:
    x = np.round(RNG.normal(size=60), 1).astype(np.float16)
    for given in (torch.from_numpy(x), x.tolist(), x.astype(np.float32), x[::-1][::-1]):
        assert column_similarity(TableColumn("", given), numbers("", x)) == 1
    assert column_similarity(TableColumn("", torch.tensor([True, False])), codes("", [0, 1])) == 1


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([[1.0]], "shape"),
        (["a", "b"], "or integer codes of categories"),
        ([1.0, np.inf], "give NaN where there is no number"),
        ([1.0, -1e301], "give them in a larger unit"),
    ],
)
def test_what_is_no_column(values: object, why: str) -> None:
    with pytest.raises(ValueError, match=f"column 'x' has .*{why}"):
        TableColumn("x", np.asarray(values))


@pytest.mark.parametrize("metric", [pair_similarities, detection_auc, lambda a, b: privacy(a, b, b)])
def test_what_is_no_table(metric: Any) -> None:
    a, b = numbers("a", [1.0, 2.0, 3.0]), numbers("b", [1.0, 2.0])
    for table, why in (([], "no columns"), ([a, b], "'b' has 2 rows, 'a' 3"), ([a, a], "share a name")):
        with pytest.raises(ValueError, match=why):
            metric(table, table)


def test_tables_of_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="different columns"):
        pair_similarities([numbers("a", [1.0])], [codes("a", [1])])
    with pytest.raises(ValueError, match="no column 'z' to predict"):
        utility(table(20, 0), table(20, 1), "z")
    with pytest.raises(ValueError, match="'a' is the only one"):
        utility([codes("a", [0, 1])], [codes("a", [0, 1])], "a")
    with pytest.raises(ValueError, match="most is 0"):
        privacy(table(20, 0), table(20, 1), table(20, 2), most=0)


def test_pairs_of_wide_tables_are_those_of_each_two_columns_alone() -> None:
    rng = np.random.default_rng(5)

    def table(rows: int) -> list[TableColumn]:
        columns = []
        for place in range(70):  # more than are counted in one pass, and categories of which most cells are empty
            if place % 2:
                columns.append(codes(f"c{place}", rng.integers(-1, 2 + place * place // 3, rows)))
            else:
                values = rng.normal(size=rows) * 10.0**place
                values[rng.random(rows) < (0.2 if place % 6 == 0 else 0)] = np.nan
                columns.append(numbers(f"c{place}", values if place != 8 else np.full(rows, 0.1)))
        return columns

    real, made = table(90), table(110)
    for measure in (pair_similarities, column_pair_trends):
        found = measure(real, made)
        assert len(found) == 70 * 69 // 2
        for i, j in [(0, 2), (0, 8), (0, 6), (1, 3), (1, 69), (67, 69), (8, 9), (6, 61), (64, 65), (33, 68)]:
            alone = measure([real[i], real[j]], [made[i], made[j]])
            assert found[f"c{i}", f"c{j}"] == pytest.approx(*alone.values(), abs=1e-12)
    a, b, c, d = (column.values for column in (real[67], real[69], made[67], made[69]))
    cells = {*zip(a, b, strict=True), *zip(c, d, strict=True)}
    shares = [
        [sum((x == p) & (y == q) for p, q in zip(*pair, strict=True)) / len(pair[0]) for x, y in cells]
        for pair in ((a, b), (c, d))
    ]
    apart = np.abs(np.subtract(*shares)).sum() / 2
    assert pair_similarities(real, made)["c67", "c69"] == pytest.approx(1 - apart)
