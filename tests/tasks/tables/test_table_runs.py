"""Games of rows: exact resume, conditions that are kept, a generator that loads alone."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import torch

from playing import built, play
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.core import Outcome
from saddlepoint.data import DataError
from saddlepoint.networks import TableDiscriminator, TableGenerator
from saddlepoint.runs import Run, configured
from saddlepoint.tasks import model_at, read_config, recipe_named
from saddlepoint.tasks.tables import TASK
from saddlepoint.tasks.tables.copula import Copula, CopulaRows
from saddlepoint.tasks.tables.evaluation import evaluate_tables
from saddlepoint.tasks.tables.model import RowGenerator, RowOptions
from saddlepoint.tasks.tables.settings import Conditions, TableConfig
from tiers import quick

TINY = (
    "latent.size=4",
    "batch_size=24",
    "generator.network.width=12",
    "generator.network.depth=1",
    "every.record=48",
    "every.checkpoint=72",
    "every.snapshot=100000",
    "device=cpu",
)
DISCRIMINATOR = ("discriminator.network.widths=[12]", "discriminator.network.embedding=3")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hundred rows of a city that decides a number, and of a rare answer."""
    rng = np.random.default_rng(0)
    city = rng.choice(["Ulm", "Bonn", "Jena"], 300, p=[0.6, 0.35, 0.05])
    rent = np.where(city == "Ulm", rng.normal(900, 50, 300), rng.normal(400, 30, 300)).round(2)
    path = tmp_path_factory.mktemp("tables") / "rents.csv"
    frame = pandas.DataFrame({"id": range(300), "city": city, "rent": rent, "rooms": rng.integers(1, 30, 300)})
    frame["let"] = rng.choice(["no", "yes"], 300, p=[0.9, 0.1])
    frame.loc[::10, "rent"] = None
    frame.to_csv(path, index=False)
    return path


def tiny(file: Path, recipe: str = "table", *assignments: str) -> Any:
    sets = TINY if recipe == "table-vae" else (*TINY, *DISCRIMINATOR)
    return assign(recipe_named(recipe).with_data(str(file)), [*sets, *assignments])


def played(config: Any, folder: Path, samples: int) -> Any:
    return play(assign(config, [f"budget.samples={samples}"]), folder)


CASES = {
    "default": ("table", []),
    "extragradient, packs, gradient penalty": (
        "table",
        [
            *("method=extragradient", "discriminator.network.packing=4", "loss=wasserstein"),
            *("penalties=none", "penalties.gradient-penalty=on"),
        ],
    ),
    "lookahead, straight-through, noise": (
        "table",
        ["method=lookahead", "generator.network.straight=true", "generator.network.noise=true", "sampling=natural"],
    ),
    "no conditions": ("table", ["conditional=false", "accumulate=2"]),
    "vae": ("table-vae", []),
}


@pytest.mark.parametrize("case", quick(list(CASES), "default", "vae"))
def test_a_run_of_rows_resumes_exactly(case: str, file: Path, tmp_path: Path, alike: Callable[..., Any]) -> None:
    recipe, sets = CASES[case]
    config = tiny(file, recipe, *sets)
    straight, at_once = played(config, tmp_path / "straight", 192)
    played(config, tmp_path / "halves", 96)
    halves, in_halves = played(config, tmp_path / "halves", 192)
    assert torch.equal(straight.game.point.flat(), halves.game.point.flat())
    assert at_once.metrics == in_halves.metrics
    alike(tmp_path / "straight", tmp_path / "halves", "generator.safetensors", "coding.json", "config.yaml")
    assert read_config(config.plain()) == config


@pytest.fixture(scope="module")
def trained(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    played(tiny(file), folder, 240)
    return folder


def test_a_generator_loads_alone_and_holds_no_pickle(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for path in (trained / "generator").iterdir():
        (tmp_path / "elsewhere" / path.name).write_bytes(path.read_bytes())
    assert {p.suffix for p in (tmp_path / "elsewhere").iterdir()} == {".safetensors", ".json", ".yaml", ".md"}
    assert "no row of the data" in (tmp_path / "elsewhere" / "README.md").read_text()
    generator = model_at(tmp_path / "elsewhere")
    assert isinstance(generator, RowGenerator)
    frame = generator.sample(50, seed=3)
    assert list(frame) == ["id", "city", "rent", "rooms", "let"]
    assert set(frame["city"]) <= {"Ulm", "Bonn", "Jena"}
    assert frame["rooms"].dtype == np.int64
    assert frame["rooms"].between(1, 29).all()
    assert (frame["rent"].dropna().round(2) == frame["rent"].dropna()).all()
    assert frame["id"].tolist() == list(range(300, 350))
    assert 0 < generator.rows(400, seed=1).cells["rent"].absent.sum() < 400


def test_the_same_seed_gives_the_same_rows(trained: Path) -> None:
    generator = model_at(trained)
    torch.manual_seed(1)
    a = generator.sample(300, seed=5)
    torch.manual_seed(2)
    assert generator.sample(300, seed=5).equals(a)
    assert not generator.sample(300, seed=6).equals(a)
    assert generator.sample(64, seed=5)[["city", "let"]].equals(a[["city", "let"]][:64])


def test_conditions_are_kept_exactly(trained: Path) -> None:
    generator = model_at(trained)
    rare = generator.sample(40, seed=1, where={"city": "Jena", "let": "yes"})
    assert len(rare) == 40
    assert set(rare["city"]) == {"Jena"}
    assert set(rare["let"]) == {"yes"}
    assert generator.sample(20, where={"rent": None})["rent"].isna().all()
    assert (generator.sample(5, where={"rooms": 7})["rooms"] == 7).all()


def test_conditions_that_can_not_be_met_say_so(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = model_at(trained)
    for where, said in (
        ({"town": "Ulm"}, "no column 'town': the table has id, city"),
        ({"city": "Rome"}, "no value 'Rome': its 3 are Ulm, Bonn, Jena"),
        ({"rooms": "31"}, "no value '31': it runs from 1 to 29"),
        ({"rooms": "many"}, "'many' can't be compared"),
        ({"city": ""}, "has no missing values"),
        ({"id": "5"}, "no row can be made with id=5"),
    ):
        with pytest.raises(DataError, match=said):
            generator.sample(5, where=where)
    monkeypatch.setattr("saddlepoint.tasks.tables.model.TRIES", 1)
    with pytest.raises(DataError, match=r"rows that were drawn 0 have rent=900\.001.*leave out a condition"):
        generator.sample(5, where={"rent": "900.001"})


def test_the_generator_makes_what_its_heads_say() -> None:
    torch.manual_seed(0)
    network = TableGenerator((7,), latent=3, heads=(1, 4, 2), width=8, classes=6)
    labels = torch.tensor([0, 3, 4, 5] * 20)
    rows = network(torch.randn(80, 3), labels)
    number, four, two = rows.split([1, 4, 2], 1)
    assert float(number.detach().abs().max()) <= 1
    assert torch.allclose(four.sum(1), torch.ones(80), atol=1e-5)
    assert torch.allclose(two.sum(1), torch.ones(80), atol=1e-5)
    states = torch.cat([four, two], 1).gather(1, labels[:, None])
    assert (states == 1).all()  # exactly what was asked for


def test_the_largest_state_is_a_draw_from_the_softmax() -> None:
    torch.manual_seed(0)
    network = TableGenerator((3,), latent=1, heads=(3,), width=4)
    raw = torch.tensor([0.5, 0.3, 0.2]).log().expand(20_000, 3)
    shares = network.activated(raw).argmax(1).bincount(minlength=3) / 20_000
    assert torch.allclose(shares, torch.tensor([0.5, 0.3, 0.2]), atol=0.015)
    assert torch.allclose(network.log_shares(raw[:1]).exp(), torch.tensor([[0.5, 0.3, 0.2]]))


def test_a_packed_discriminator_sees_each_rows_label() -> None:
    torch.manual_seed(0)
    discriminator = TableDiscriminator((3,), widths=(6,), packing=2, classes=2, embedding=2)
    rows = torch.randn(4, 3)
    first = discriminator(rows, torch.tensor([0, 0, 1, 1]))
    second = discriminator(rows, torch.tensor([0, 1, 1, 1]))
    assert first.shape == (2,)
    assert first[0] != second[0]
    assert first[1] == second[1]


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["generator.network=mlp-generator"], "does not know columns"),
        (["data.columns.town=category"], "has no column 'town'"),
        (["data.target=town"], "there is no column 'town'"),
        (["batch_size=25", "discriminator.network.packing=10"], "whole packs of 10"),
    ],
)
def test_what_does_not_fit_is_refused(sets: list[str], said: str, file: Path) -> None:
    with pytest.raises(ValueError, match=said):
        built(assign(recipe_named("table").with_data(str(file)), sets))
    with pytest.raises(ConfigurationError, match="needs a table of yours"):
        built(recipe_named("table"))


def test_kinds_of_columns_are_set_one_by_one(file: Path) -> None:
    config = assign(
        recipe_named("table").with_data(str(file)), ["data.columns.rooms=category", "data.columns.rent=number"]
    )
    assert isinstance(config, TableConfig)
    assert config.data.columns == {"rooms": "category", "rent": "number"}
    assert assign(config, ["data.columns.rent=none"]).data.columns == {"rooms": "category"}
    assert TASK.read(config).column("rooms").kind == "category"
    with pytest.raises(ConfigurationError, match="columns"):
        assign(config, ["data.columns.rooms=colour"])


def test_conditions_are_a_part_that_may_be_left_out(file: Path) -> None:
    config = tiny(file)
    assert config.conditions == Conditions(sampling="logarithmic")
    assert assign(config, ["sampling=natural"]).conditions.sampling == "natural"
    for key in ("conditions=none", "conditional=false", "conditions=off"):
        without = assign(config, [key])
        assert without.conditions is None
        assert assign(without, ["conditions=on"]) == config
        assert built(without).setup.model.class_names == ()
    assert len(built(config).setup.model.class_names) == built(config).setup.model.ruled.layout.labels


def test_an_evaluation_has_a_floor(trained: Path, file: Path) -> None:
    train = TASK.read(tiny(file))
    makers = {"average": model_at(trained).rows}  # type: ignore[attr-defined]
    found = evaluate_tables(makers, train, train.held_out, "let", samples=150)
    values = {(m.protocol.weights, m.name): m.value for m in found.numbers}
    assert values["floor: held out", "columns"] > values["average", "columns"]
    by_column = found["columns"]["average"].detail["columns"]
    assert np.mean(list(by_column.values())) == pytest.approx(values["average", "columns"])
    pairs = found["pairs"]["average"].detail["pairs"]
    assert len(pairs) == len(by_column) * (len(by_column) - 1) / 2
    assert np.mean([likeness for _, _, likeness in pairs]) == pytest.approx(values["average", "pairs"])
    assert {"pairs", "detection", "utility_f1", "utility_auc", "copies"} <= {metric for _, metric in values}
    json.dumps([m.plain() for m in found.numbers])
    assert "no rows are held out" in evaluate_tables({}, train, None).notes[0]


def test_files_are_written_in_every_format(trained: Path, tmp_path: Path) -> None:
    generator = model_at(trained)
    drawn = generator.draw(40, 1, None, RowOptions(where={"city": "Jena"}))
    for ending in (".csv", ".tsv", ".parquet", ".png"):
        generator.write(drawn, tmp_path / f"rows{ending}")
    for frame in (
        pandas.read_csv(tmp_path / "rows.csv"),
        pandas.read_csv(tmp_path / "rows.tsv", sep="\t"),
        pandas.read_parquet(tmp_path / "rows.parquet"),
    ):
        assert list(frame) == ["id", "city", "rent", "rooms", "let"]
        assert set(frame["city"]) == {"Jena"}
        assert frame["rooms"].dtype == np.int64
    with pytest.raises(ConfigurationError, match=r"rows.xlsx: give --out FILE with one of .csv, .tsv"):
        generator.write(drawn, tmp_path / "rows.xlsx")


def test_conditions_are_read_from_words_and_from_values() -> None:
    def read(where: object) -> list[tuple[str, str, tuple[str, ...]]]:
        found = RowOptions.read({"where": where}).where
        return [(one.column, one.sign, one.texts) for wanted in found.values() for one in wanted]

    assert read(["income=>50K", "town=a=b"]) == [("income", "=", (">50K",)), ("town", "=", ("a=b",))]
    assert read(["age>=30", "age<40", "age!=35"]) == [
        ("age", ">=", ("30",)),
        ("age", "<", ("40",)),
        ("age", "!=", ("35",)),
    ]
    assert read({"age": 39, "town": None, "rent": np.nan}) == [
        ("age", "=", ("39",)),
        ("town", "=", ("",)),
        ("rent", "=", ("",)),
    ]
    assert read({"age": slice(30, None), "town": ["Ulm", "Bonn"]}) == [
        ("age", ">=", ("30",)),
        ("town", "=", ("Ulm", "Bonn")),
    ]
    with pytest.raises(ConfigurationError, match="--where income is no condition: write COLUMN=VALUE"):
        RowOptions.read({"where": "income"})


def test_baselines_stand_beside_a_game(file: Path, tmp_path: Path) -> None:
    config = tiny(file, "table", "budget.samples=48", "seed=3")
    train = TASK.read(config)
    beside = TASK.baselines(config)
    assert list(beside) == ["table-vae", "table-copula", "table-independent"]
    vae = beside["table-vae"]
    assert (vae.seed, vae.budget, vae.data, vae.latent.size) == (3, config.budget, config.data, 4)
    assert vae.generator.network == {**config.generator.network, "noise": True}
    assert TASK.baselines(vae) == {}
    pairs = {}
    for name in ("table-copula", "table-independent"):
        model = built(beside[name], train).setup.model
        frame = model.sample(2000, seed=1)
        assert list(frame) == ["id", "city", "rent", "rooms", "let"]
        pairs[name] = frame.groupby("city")["rent"].mean()
        model.save(tmp_path / name, {})
        assert "at least 5 training rows" in (tmp_path / name / "README.md").read_text()
        assert model_at(tmp_path / name).sample(2000, seed=1).equals(frame)
        assert set(model.sample(5, where={"city": "Ulm"})["city"]) == {"Ulm"}
        assert model.shown().ndim == 3
        assert isinstance(model, CopulaRows)
    assert pairs["table-copula"]["Ulm"] - pairs["table-copula"]["Bonn"] > 100
    assert abs(pairs["table-independent"]["Ulm"] - pairs["table-independent"]["Bonn"]) < 60


def test_what_is_fitted_at_once_is_a_run_like_any_other(file: Path, tmp_path: Path) -> None:
    config = assign(recipe_named("table-copula").with_data(str(file)), ["data.target=let", "seed=2"])
    run = Run.begin(config, tmp_path / "run").train()
    assert run.outcome == Outcome.CONVERGED
    assert (run.result.progress.steps, run.result.progress.samples) == (0, 0)
    assert [record["metrics"]["columns"] for record in run.history] == [pytest.approx(run.metrics["columns"].value)]
    again = Run.begin(config, tmp_path / "run").train()
    assert again.result is None, "nothing is left to do"
    frame = run.sample(50, seed=1, where={"city": "Ulm"})
    assert set(frame["city"]) == {"Ulm"}
    assert model_at(tmp_path / "run" / "generator").sample(50, seed=1, where={"city": "Ulm"}).equals(frame)
    found = run.evaluate(samples=100)
    assert {"utility_f1", "singling_out", "detection"} <= {number.name for number in found.numbers}
    assert run.verdicts()[0].answer == "None: the model was fitted at once."
    shown = json.loads((tmp_path / "run" / "exhibits" / "rows.json").read_text())
    real = set(pandas.read_csv(file)["id"].astype(str))
    assert not {row[0] for row in shown["real"]} & real, "identifiers of the file are not shown"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"samples": 100}, "table-copula is fitted at once: it takes no samples, leave it out"),
        ({"minutes": 2}, "it takes no minutes"),
        ({"method": "lookahead"}, "method can't be set"),
        ({"batch_size": 8}, "batch_size can't be set"),
    ],
)
def test_what_is_fitted_at_once_has_nothing_to_do_with_steps(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        configured("table-copula", settings=settings)


def test_a_fit_that_was_killed_is_made_again(file: Path, tmp_path: Path) -> None:
    config = recipe_named("table-independent").with_data(str(file))
    whole = Run.begin(config, tmp_path / "whole").train()
    killed = Run.begin(config, tmp_path / "killed").train()
    shutil.rmtree(killed.storage.generator)
    killed.storage.write_identity(state="running", outcome="running", ended=None)
    killed = Run.begin(config, tmp_path / "killed").train()
    assert killed.sample(20, seed=3).equals(whole.sample(20, seed=3))
    assert len(killed.history) == 1


def test_a_copula_keeps_marginals_and_correlation_and_independence_does_not() -> None:
    torch.manual_seed(0)
    x = torch.randn(4000, dtype=torch.float64)
    columns = torch.stack([x.exp(), x + 0.1 * torch.randn(4000), (x > 1).double()], 1)
    columns[::5, 0] = torch.nan
    joined, apart = (Copula.fit(columns, independent).draw(4000, seed=1) for independent in (False, True))
    for drawn in (joined, apart):
        assert set(drawn[:, 2].tolist()) == {0.0, 1.0}
        assert abs(float(drawn[:, 0].isnan().double().mean()) - 0.2) < 0.03
        assert abs(float(drawn[:, 2].mean() - columns[:, 2].mean())) < 0.02
    for drawn, least, most in ((joined, 0.4, 0.7), (apart, -0.06, 0.06)):
        known = drawn[~drawn[:, 0].isnan()]
        assert least < float(torch.corrcoef(torch.stack([known[:, 0].log(), known[:, 1]]))[0, 1]) < most
    # Scores of categories and missing values are drawn within their jumps, which weakens what they hang together with.
    assert 0.2 < float(torch.corrcoef(joined[:, 1:].T)[0, 1]) < 0.7
