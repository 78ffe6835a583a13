"""What of a table is stored and made: nothing that fewer than `data.rare` rows have."""

import json
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch

from playing import built
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.data.tables import CategoryColumn
from saddlepoint.data.tables.identifiers import IdentifierPattern
from saddlepoint.data.tables.sensitive import _luhn
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.tables import TASK
from saddlepoint.tasks.tables.coding import TableCoding
from saddlepoint.tasks.tables.copula import Copula, CopulaRows
from saddlepoint.tasks.tables.evaluation import evaluate_tables
from saddlepoint.tasks.tables.privacy import _coarse_pattern, coarse_ends, protected

ROWS = 1000


def salaries() -> pandas.DataFrame:
    """People with one salary far above all others, three rare diagnoses, a word that one row has among numbers."""
    rng = np.random.default_rng(0)
    made = pandas.DataFrame({"salary": rng.normal(50_000, 9_000, ROWS).round().astype(int)})
    made.loc[7, "salary"] = 7_654_321
    made["joined"] = pandas.Timestamp("2015-03-01") + pandas.to_timedelta(rng.integers(0, 2000, ROWS), "D")
    made.loc[3, "joined"] = pandas.Timestamp("1949-11-17")
    made["diagnosis"] = rng.choice(["flu", "cold", "asthma"], ROWS)
    made.loc[:2, "diagnosis"] = ["kuru", "kuru", "progeria"]
    made.loc[9:12, "diagnosis"] = ["scurvy"] * 4
    made["weight"] = (60 + 9 * rng.normal(size=ROWS)).round(1).astype(str)
    made.loc[5, "weight"] = "refused by J. Doe"
    made["children"] = rng.integers(0, 4, ROWS)
    made.loc[11, "children"] = 17
    return made


@pytest.fixture(scope="module")
def table():
    config = assign(recipe_named("table"), ["data.held_out=0", "device=cpu"])
    return TASK.adopt(config, salaries())


SECRETS = ("7654321", "-635212800", "kuru", "progeria", "scurvy", "refused")


def test_what_few_rows_have_is_neither_stored_nor_made(table) -> None:
    coding, rows = TableCoding.fit(table)
    for plain in (coding.plain(), CopulaRows.of(table, 0, independent=False).coding):
        kept = json.dumps([plain["columns"], [c for c in plain["codings"] if c], plain["summaries"]])
        for secret in SECRETS:
            assert secret not in kept
    children = protected(table).column("children")
    assert isinstance(children, CategoryColumn)
    assert sorted(children.categories) == ["0", "1", "2", "3"]
    made = coding.decode(torch.cat([rows, torch.rand(5000, rows.shape[1]) * 2 - 1]).clamp_min(0)).frame()
    assert made["salary"].max() < 100_000
    assert not set(made["diagnosis"]) - {"flu", "cold", "asthma", "other"}
    assert made["joined"].min() > pandas.Timestamp("2015-01-01")


def test_rare_categories_are_told_and_can_be_released(table) -> None:
    told = " ".join(table.notes)
    assert "diagnosis (3 in 7 rows)" in told
    assert "--set data.rare=0" in told
    config = assign(recipe_named("table"), ["data.held_out=0", "data.release=[diagnosis]"])
    kept = protected(TASK.adopt(config, salaries()))
    column = kept.column("diagnosis")
    assert isinstance(column, CategoryColumn)
    assert {"kuru", "progeria", "scurvy"} < set(column.categories)
    assert kept.column("salary").high < 100_000
    config = assign(recipe_named("table"), ["data.held_out=0", "data.rare=0"])
    whole = TASK.adopt(config, salaries())
    assert protected(whole).column("salary").high == 7_654_321
    assert "exact range" in TableCoding.fit(whole)[0].disclosure


def test_codes_that_are_nearly_all_rare_are_made_anew_in_their_form() -> None:
    rng = np.random.default_rng(2)
    frame = pandas.DataFrame({"x": rng.normal(size=300), "frame": [f"0x{n:03X}" for n in rng.integers(0, 400, 300)]})
    frame["city"] = [f"Town {chr(97 + n % 26)}{'aeiou'[n % 5]}" for n in rng.integers(0, 130, 300)]
    config = assign(recipe_named("table"), ["device=cpu"])
    table = TASK.adopt(config, frame)
    assert any("frame holds codes" in note and "data.release=[frame]" in note for note in table.notes)
    made = CopulaRows.of(table, 0, independent=True).rows(2000).texts()
    assert all(text.startswith("0x") and len(text) == 5 for text in made["frame"])
    assert len(set(made["frame"])) < 2000
    assert "other" in set(made["city"]), "words of a place are not invented"
    kept = TASK.adopt(assign(config, ["data.release=[frame]"]), frame)
    assert kept.column("frame").kind == "category"


def test_what_is_protected_stays_as_it_is(table) -> None:
    once = protected(table)
    twice = protected(once)
    assert twice.columns == once.columns
    for name, cells in once.cells.items():
        assert np.array_equal(cells.values, twice.cells[name].values, equal_nan=True)


@pytest.mark.parametrize("k", [1, 2, 5, 50])
def test_k_values_reach_each_end(k: int) -> None:
    rng = np.random.default_rng(k)
    for values in (rng.normal(size=400), rng.lognormal(3, 3, 400), rng.integers(0, 60, 400) * 1.0, -rng.random(400)):
        low, high = coarse_ends(values, k)
        assert (values <= low).sum() >= k
        assert (values >= high).sum() >= k
        for end, extreme in ((low, values.min()), (high, values.max())):
            assert end != extreme or (values == extreme).sum() >= k
        # Little is lost of what lies inside.
        inner = np.sort(values)[k - 1 : len(values) - k + 1]
        assert low - inner[0] <= 1e-3 * (inner[-1] - inner[0])
        assert inner[-1] - high <= 1e-3 * (inner[-1] - inner[0])


def test_rare_categories_that_are_numbers_go_to_the_nearest() -> None:
    size = ["1"] * 500 + ["2"] * 400 + ["3"] * 97 + ["9"] * 3
    frame = pandas.DataFrame({"size": [int(text) for text in size], "x": np.arange(1000) % 37})
    config = assign(recipe_named("table"), ["data.held_out=0", "data.columns.size=category"])
    made = protected(TASK.adopt(config, frame))
    column, cells = made.column("size"), made.cells["size"]
    assert isinstance(column, CategoryColumn)
    assert column.categories == ("1", "2", "3")
    assert (cells.values == 2).sum() == 100


def test_a_copula_keeps_means_of_several_rows() -> None:
    values = torch.from_numpy(np.random.default_rng(0).lognormal(0, 2, 997))[:, None]
    copula = Copula.fit(values, rare=5)
    kept = torch.cat([copula.low, copula.high])
    assert not set(kept.tolist()) & set(values[:, 0].tolist())
    drawn = copula.draw(4000, seed=1)[:, 0]
    assert drawn.max() < values.max()
    assert drawn.median() == pytest.approx(float(values.median()), rel=0.1)


def test_a_saved_generator_says_what_it_holds(tmp_path: Path) -> None:
    config = assign(recipe_named("table"), ["data.held_out=0.2", "device=cpu", "generator.network.width=8"])
    model = built(config, TASK.adopt(config, salaries())).setup.model
    model.save(tmp_path, {})
    assert "at least 5 training rows" in (tmp_path / "README.md").read_text()
    for secret in SECRETS:
        assert secret not in (tmp_path / "coding.json").read_text()


def customers() -> pandas.DataFrame:
    rng = np.random.default_rng(1)
    cards = [f"4{rng.integers(10**13, 10**14)}" for _ in range(ROWS)]
    made = pandas.DataFrame({"card": [int(f"{card}{_luhn(card)}") for card in cards]})
    made["email"] = [f"{name}{row}@firma.de" for row, name in enumerate(rng.choice(["ada", "bob", "cy"], ROWS))]
    made.loc[rng.random(ROWS) < 0.3, "email"] = None
    made["phone"] = rng.integers(15_100_000_000, 17_900_000_000, ROWS)
    made["spend"] = rng.normal(100, 20, ROWS).round(2)
    return made


@pytest.mark.slow
def test_identifying_columns_are_made_anew_in_their_types() -> None:
    given = customers()
    config = assign(recipe_named("table"), ["data.held_out=0.2", "device=cpu", "generator.network.width=8"])
    data = TASK.adopt(config, given)
    assert "card holds card numbers" in " ".join(data.notes)
    for model in (built(config, data).setup.model, CopulaRows.of(data, config.seed, independent=False)):
        made = model.sample(3000, seed=3)
        assert [str(kind) for kind in made.dtypes[["card", "phone", "spend"]]] == ["int64", "int64", "float64"]
        for name in ("card", "email", "phone"):
            assert not made[name].dropna().isin(set(given[name].dropna())).any()
            assert made[name].dropna().is_unique
        assert made["email"].isna().mean() == pytest.approx(0.3, abs=0.05)
        found = evaluate_tables({"model": model.rows}, data, data.held_out, samples=200)["copied_values"]
        assert found["model"].value == 0
        assert set(found["model"].detail["columns"]) == {"card", "email", "phone"}


def test_real_values_are_kept_on_request_and_fakes_declared() -> None:
    given = customers()
    config = assign(recipe_named("table"), ["data.held_out=0.2", "data.release=[email]"])
    column = protected(TASK.adopt(config, given)).column("email")
    assert isinstance(column, CategoryColumn)
    assert set(column.categories) <= set(given["email"].dropna())
    config = assign(recipe_named("table"), ["data.columns.phone={kind: identifier, format: code}"])
    assert TASK.adopt(config, given).column("phone").described == "code (made anew)"
    config = assign(recipe_named("table"), ["data.columns.phone={kind: identifier, format: horse}"])
    with pytest.raises(ConfigurationError, match="identifiers are one of name"):
        TASK.adopt(config, given)


def test_a_copy_of_an_identifying_value_is_counted() -> None:
    config = assign(recipe_named("table"), ["data.held_out=0.2"])
    data = TASK.adopt(config, customers())
    found = evaluate_tables({"copies": lambda n, _: data.take(np.arange(n))}, data, data.held_out, samples=100)
    shares = found["copied_values"]["copies"].detail["columns"]
    assert shares["card"] == shares["phone"] == 1
    assert found["copied_values"]["floor: held out"].value < 0.05


@pytest.mark.parametrize(("first", "last", "kept"), [(1001, 1000, "1100"), (15_100_000_123, 17_699_999_882, "15")])
def test_ends_of_identifiers_are_round(first: int, last: int, kept: str) -> None:
    pattern = _coarse_pattern(IdentifierPattern(first=first, last=last), "int64")
    assert str(pattern.first) == (kept if last < first else "15000000000")
    assert last < first or pattern.last == 17_999_999_999
    assert _coarse_pattern(IdentifierPattern(first=2_000_000_001, last=2_147_000_000), "int32").last == 2**31 - 1
