"""Tables: what is read, and that coding and decoding give it back."""

import json
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch

from saddlepoint.data import DataError
from saddlepoint.data.tables import CategoryColumn, NumberColumn, NumberSpelling, TableData, read_table
from saddlepoint.data.tables.columns import Cells, DateColumn
from saddlepoint.data.tables.dates import DateSpelling
from saddlepoint.data.tables.grain import Grain
from saddlepoint.tasks.tables.coding import TableCoding
from saddlepoint.tasks.tables.layout import Labels, RowLayout
from saddlepoint.tasks.tables.modes import DEVIATION, MEANS, WITHIN, modes_drawn, scores_at
from saddlepoint.tasks.tables.quantiles import Quantiles
from saddlepoint.tasks.tables.stream import TableStream


def mixed(folder: Path, rows: int = 400) -> Path:
    """A table with every kind of column, and values missing in most ways."""
    rng = np.random.default_rng(0)
    income = np.exp(rng.normal(10, 1.5, rows)).round(2)
    frame = pandas.DataFrame(
        {
            "id": np.arange(1000, 1000 + rows),
            "age": rng.integers(17, 90, rows).astype(str),
            "income": [f"{v:.2f}" for v in income],
            "share": [f"{v:.3f}".rstrip("0").rstrip(".") for v in rng.random(rows)],
            "zip": [f"0{v}" for v in rng.integers(1000, 1009, rows)],
            "city": rng.choice([" Ulm", " Bonn", " Köln, Mitte", " ?"], rows, p=[0.6, 0.3, 0.08, 0.02]),
            "score": np.where(rng.random(rows) < 0.1, "unknown", rng.integers(0, 500, rows).astype(str)),
            "born": pandas.date_range("1950-01-31", periods=rows, freq="17D").strftime("%d.%m.%Y"),
            "flag": rng.integers(0, 2, rows),
            "country": "DE",
            "empty": "",
            "name": [f"Ab{v:05d}-x" for v in rng.permutation(rows)],
        }
    )
    frame.loc[3, "income"] = ""
    frame.loc[5, "income"] = "NA"
    path = folder / "mixed.csv"
    frame.to_csv(path, index=False)
    return path


def kinds(table: TableData) -> dict[str, str]:
    return {column.name: column.described for column in table.columns}


def test_kinds_are_found(tmp_path: Path) -> None:
    table = read_table(mixed(tmp_path))
    found = kinds(table)
    assert found["id"] == found["name"] == "identifier (made anew)"
    assert found["age"] == "integer"
    assert found["income"] == "number"
    assert table.column("income").absent == ("", "NA")  # two words for none are both kept
    assert found["share"] == "number"
    assert found["zip"] == "category of 9"
    assert found["city"] == "category of 4"
    assert found["score"] == "integer or 'unknown'"
    assert found["born"] == "date %d.%m.%Y"
    assert found["flag"] == "category of 2"
    assert found["country"] == "constant 'DE'"
    assert found["empty"] == "constant ''"
    assert found["age"] in table.notes[0]  # they are shown
    assert any("empty has no value in any row" in note for note in table.notes)
    assert any("income: 2 of 400 values are missing" in note for note in table.notes)


def test_what_is_read_is_written_as_it_was(tmp_path: Path) -> None:
    path = mixed(tmp_path)
    table = read_table(path)
    table.write(tmp_path / "again.csv")
    before, after = (pandas.read_csv(p, dtype=str, keep_default_na=False) for p in (path, tmp_path / "again.csv"))
    kept = [name for name in before if name not in ("id", "name")]  # whose values nobody is to see again
    pandas.testing.assert_frame_equal(before[kept], after[kept])
    assert list(after) == list(before)
    assert after["id"].tolist() == [str(1400 + row) for row in range(400)]
    assert after["name"].str.fullmatch(r"[A-Z][a-z]\d{5}-[a-z]").all()
    assert not set(after["name"]) & set(before["name"]) or len(set(after["name"])) > 390


def test_coding_then_decoding_is_the_identity_up_to_pieces_of_few_rows(tmp_path: Path) -> None:
    table = read_table(mixed(tmp_path))
    coding, rows = TableCoding.fit(table)
    assert rows.dtype == torch.float32
    # All that was fitted goes through JSON.
    coding = TableCoding.from_plain(json.loads(json.dumps(coding.plain())))
    assert torch.equal(coding.encode(table), rows)
    back = coding.decode(rows)
    before, after = table.texts(), back.texts()
    for name in ("age", "zip", "city", "flag", "country", "empty"):
        assert (before[name] == after[name]).mean() > 0.99, name
    for name in ("income", "share", "born", "score"):
        a, b = table.cells[name], back.cells[name]
        assert (a.absent == b.absent).all()
        # A number comes back within its piece, of few rows.
        order = np.sort(a.values[~a.absent])
        places = [np.searchsorted(order, own.values[~a.absent]) for own in (a, b)]
        assert np.mean(np.abs(places[0] - places[1]) <= 3) > 0.98, name
    wide = coding.layout.wide(rows)
    assert torch.equal(coding.layout.short(wide), rows)
    assert float(wide.abs().max()) <= 1


def test_skewed_numbers_have_normal_scores_and_frequent_ones_come_back_exactly() -> None:
    rng = np.random.default_rng(0)
    values = np.where(rng.random(3000) < 0.9, 0.0, np.exp(rng.normal(8, 2, 3000)))
    column = NumberColumn("gain", low=0.0, high=float(values.max()), spelling=NumberSpelling(places=(0, 4)))
    table = TableData("one", (column,), {"gain": Cells(values)}, "Made here.")
    coding, rows = TableCoding.fit(table)
    own = coding.codings[0]
    assert own.atoms == (0.0,)  # type: ignore[attr-defined]
    scores = own.quantiles.forward(values[values > 0], rng.random((values > 0).sum()))  # type: ignore[attr-defined]
    assert abs(float(scores.mean())) < 0.05
    assert abs(float(scores.std()) - 1) < 0.1
    back = coding.decode(rows).cells["gain"].values
    assert ((back == 0) == (values == 0)).all()
    assert np.median(np.abs(back - values)[values > 0] / values[values > 0]) < 0.02


def test_lumps_of_a_column_come_back_as_often_as_they_were_whatever_the_scores() -> None:
    rng = np.random.default_rng(0)
    hours = rng.choice([40.0, 45.0, 50.0, 37.5, 20.0], 5000, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    hours[:800] = rng.integers(1, 100, 800)
    quantiles = Quantiles.fit(hours, rare=5)
    made = quantiles.back(rng.normal(size=5000))
    for value in (40.0, 45.0, 37.5):
        assert abs((made == value).mean() - (hours == value).mean()) < 0.02
    back = quantiles.back(quantiles.forward(hours, rng.random(5000)))
    assert (back == hours).mean() > 0.9
    alone = quantiles.forward(np.full(5000, 40.0), rng.random(5000))
    assert alone.max() - alone.min() > 1, "a jump's scores are drawn within it"


def test_no_piece_of_a_column_tells_of_fewer_rows_than_are_rare() -> None:
    values = np.sort(np.random.default_rng(0).lognormal(10, 1, 400))
    quantiles = Quantiles.fit(values, rare=5)
    assert np.diff([0.0, *quantiles.ends]).min() * 400 > 4.99
    assert not set(values) & {*quantiles.lows, *quantiles.highs}


def test_a_score_lies_in_its_mode_and_comes_back() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=4000).clip(-3.4, 3.4)
    states, alpha = modes_drawn(scores, rng.random(len(scores)))
    assert np.abs(scores_at(states, alpha) - scores).max() < 1e-9
    assert np.abs(scores - MEANS[states]).max() < WITHIN * DEVIATION * 1.4


def test_rare_categories_are_kept_and_many_share_states_at_their_frequencies() -> None:
    rng = np.random.default_rng(0)
    codes = np.minimum((rng.pareto(0.6, 50_000) * 3).astype(np.int64), 4999)
    names = np.array([f"c{code}" for code in codes])
    values, places, counts = np.unique(names, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order))
    column = CategoryColumn("many", categories=tuple(values[order]))
    table = TableData("many", (column,), {"many": Cells(rank[places].astype(np.int32))}, "Made here.")
    coding, rows = TableCoding.fit(table)
    assert coding.layout.heads == (96 + 32,)
    back = coding.decode(rows, seed=1).cells["many"].values
    own = table.cells["many"].values
    assert (back[own < 96] == own[own < 96]).all()
    rare = own >= 96
    assert (back[rare] >= 96).all()
    drawn, real = (np.bincount(v[rare], minlength=len(values)) for v in (back, own))
    assert np.abs(drawn - real)[96:200].sum() < 4 * np.sqrt(real[96:200]).sum()
    assert (drawn[real == 1] > 0).mean() > 0.5  # also what is there once comes back, 1 − 1/e of the time


def test_overrides_and_question_marks(tmp_path: Path) -> None:
    path = mixed(tmp_path)
    table = read_table(path, kinds={"age": "category", "id": "integer"}, missing=["", "?"])
    assert kinds(table)["age"].startswith("category")
    assert kinds(table)["id"] == "integer"
    assert kinds(table)["income"] == "number or 'NA'"  # a word like any other, as it is not named among the missing
    assert table.column("city").absent == ("?",)
    assert 0 < int(table.cells["city"].absent.sum()) < 30


def test_parquet_comes_back_with_its_types(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(
        {
            "whole": pandas.array(rng.integers(0, 10_000, 300), dtype="int32"),
            "real": rng.normal(size=300),
            "maybe": pandas.array(rng.integers(0, 1000, 300), dtype="Int64"),
            "kind": pandas.Categorical(rng.choice(["a", "b"], 300)),
            "yes": rng.random(300) < 0.2,
            "when": pandas.date_range("2020-01-01", periods=300, freq="7h").astype("datetime64[us]"),
        }
    )
    frame.loc[::7, "maybe"] = pandas.NA
    frame.to_parquet(tmp_path / "a.parquet", index=False)
    table = read_table(tmp_path / "a.parquet")
    table.write(tmp_path / "b.parquet", parquet=True)
    again = pandas.read_parquet(tmp_path / "b.parquet")
    for name in ("whole", "maybe", "yes", "when"):
        assert again[name].isna().equals(frame[name].isna()), name
        assert (again[name].dropna().to_numpy() == frame[name].dropna().to_numpy()).all(), name
    assert again["kind"].astype(str).equals(frame["kind"].astype(str))
    assert str(again["whole"].dtype) == "int32"
    assert str(again["yes"].dtype) == "bool"
    assert again["real"].to_numpy() == pytest.approx(frame["real"].to_numpy(), abs=1e-9)


BAD = {
    "empty file": (b"", "is empty"),
    "names alone": (b"a,b\n", "has 0 rows"),
    "one row": (b"a,b\n1,2\n", "has 1 row:"),
    "wrong encoding": (b"stadt\n" + "Köln\n".encode("latin-1") * 20, "encoding utf-8"),
    "values for names": (b"39,Private,77516,0,0\n" + b"50,Private,83311,0,13\n" * 20, "first line is to name"),
    "no names": (b"1.5,2\n" + b"1,2\n" * 20, "first line is to name the columns"),
    "a line too long": (b"a,b\n" + b"1,2\n" * 20 + b"1,2,3\n", "can't be read as a table of 2 columns"),
    "nothing to learn": (b"a,b\n" + b"1,\n" * 20, "there is nothing to learn"),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "."),
    "not Parquet": (b"PAR1 or so", "can't be read as Parquet"),
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_in_a_sentence(content: tuple[bytes, str], tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content[0])
    with pytest.raises(DataError, match=content[1].replace(".", r"\.")):
        read_table(path)


def test_declarations_that_do_not_hold_are_refused(tmp_path: Path) -> None:
    path = mixed(tmp_path)
    with pytest.raises(DataError, match="has no column 'ages': its columns are id, age"):
        read_table(path, kinds={"ages": "number"})
    with pytest.raises(DataError, match="'city' was declared number, but 400 of 400"):
        read_table(path, kinds={"city": "number"})
    with pytest.raises(DataError, match="'city' was declared date"):
        read_table(path, kinds={"city": "date"})


def test_the_encoding_may_be_given(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(b"stadt;n\n" + b"".join(f"Köln{i % 3};{i}\n".encode("latin-1") for i in range(30)))
    table = read_table(path, encoding="latin-1")
    assert table.separator == ";"
    assert table.columns[0].categories[0].startswith("Köln")  # type: ignore[attr-defined]


def test_dates_with_a_time_keep_it() -> None:
    column = DateColumn("at", spelling=DateSpelling("%Y-%m-%d %H:%M"), grain=Grain(60.0))
    texts = column.texts(Cells(np.array([0.0, 3_600 * 24 * 365 + 61.0, np.nan])))
    assert texts.tolist() == ["1970-01-01 00:00", "1971-01-01 00:01", ""]


def test_adult_reads_as_its_description_says(shared_data: Path) -> None:
    path = shared_data / "adult" / "adult.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    table = read_table(path)
    wanted = {c["name"]: c["type"] for c in json.loads((path.parent / "adult.json").read_text())["columns"]}
    assert len(table) == 32_561
    for column in table.columns:
        assert column.numeric == (wanted[column.name] == "continuous"), column.name
    raw = pandas.read_csv(path, dtype=str, keep_default_na=False)
    for name, texts in table.texts().items():
        assert (raw[name].to_numpy() == texts).all(), name


# --- the stream ---------------------------------------------------------------------------------------


def stream(sampling: str, rows: int = 2000) -> TableStream:
    rng = np.random.default_rng(0)
    short = np.stack([rng.random(rows) * 2 - 1, rng.choice(3, rows, p=[0.9, 0.09, 0.01]), rng.integers(0, 2, rows)], 1)
    return TableStream(
        torch.from_numpy(short.astype(np.float32)),
        RowLayout((1, 3, 2)),
        4000,
        0,
        2,
        "normal",
        sampling=sampling,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("sampling", ["logarithmic", "natural"])
def test_states_are_drawn_by_their_weights_and_rows_are_in_them(sampling: str) -> None:
    own = stream(sampling)
    value = own(0).value
    layout = own.layout
    counts = layout.counts(own.samples).double()
    weights = counts.log1p() if sampling == "logarithmic" else counts
    shares = torch.cat([part / part.sum() for part in weights.split([3, 2])]) / 2  # both choices alike
    found = torch.bincount(value.labels, minlength=5) / 4000
    assert torch.allclose(found.double(), shares, atol=4 * float((shares * (1 - shares) / 4000).sqrt().max()))
    starts = torch.tensor([1, 2, 3, 4, 5])  # a label's place in a wide row
    assert (value.real.gather(1, starts[value.labels][:, None]) == 1).all()


def test_a_batch_is_a_function_of_seed_and_position() -> None:
    a, b = stream("logarithmic"), stream("logarithmic")
    b(0)
    for first, second in ((a(4000), b(4000)), (a.part(batch_size=8)(0), b.part(batch_size=8)(0))):
        assert torch.equal(first.value.real, second.value.real)
        assert torch.equal(first.value.labels, second.value.labels)
        assert first.seed == second.seed
    assert not torch.equal(a(0).value.real, a(4000).value.real)


def test_a_state_without_weight_is_never_drawn() -> None:
    labels = Labels(RowLayout((3, 1, 2)), torch.tensor([1.0, 2.0, 0.0, 0.0, 5.0]))
    drawn = torch.bincount(labels.draw(3000, torch.Generator().manual_seed(0)), minlength=5)
    assert drawn[2] == drawn[3] == 0


@pytest.mark.parametrize("exponent", ["99999999999999999999", "-99999999999999999999999"])
def test_an_exponent_beyond_all_numbers_is_zero_or_a_word_and_no_traceback(tmp_path, exponent):
    lines = [f"{number % 7},{number}.5k" for number in range(60)]
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(["a,b", *lines, f"1,1e{exponent}k"]) + "\n")
    table = read_table(file)
    told = "number" if exponent[0] == "-" else f"number or '1e{exponent}k'"
    assert (len(table), table.column("b").described) == (61, told)
