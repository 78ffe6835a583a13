"""Time series on the command line: what columns are taken for, train, sample, evaluate, and what is refused."""

from pathlib import Path

import numpy as np
import pandas
import pytest

from commands import Run

TINY = (
    *("--device", "cpu", "--batch-size", "20", "--samples", "100", "--set", "latent.size=4"),
    *("--set", "generator.network.width=8", "--set", "discriminator.network.widths=[8]", "--set", "data.window=6"),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("series") / "prices.csv"
    frame = pandas.DataFrame({"day": pandas.date_range("2024-01-01", periods=80).strftime("%Y-%m-%d")})
    frame["price"] = (100 + rng.normal(size=80).cumsum()).round(2)
    frame["stars"] = rng.integers(1, 4, 80)
    frame.to_csv(path, index=False)
    return path


def test_a_series_is_trained_on_sampled_and_evaluated(
    run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saddlepoint.metrics.series.discriminative_scores.__defaults__", (1, 0, 5))
    monkeypatch.setattr("saddlepoint.metrics.series.predictive_scores.__defaults__", (1, 0, 5))
    folder = tmp_path / "run"
    said = run("train", "series", "--data", file, *TINY, "--out", folder)
    assert said.code == 0, said.err
    assert "75 windows 6x2" in said.flat or "75 windows" in said.flat
    assert "Columns: price: number; stars: integer." in said.flat
    assert "day tells the time: rows are in its order" in said.flat
    assert f"saddle sample {folder} -n 100 --seed 7 --out windows.csv" in said.flat
    assert list((folder / "samples").glob("*.png"))
    assert (folder / "report.html").exists()

    said = run("sample", folder, "-n", "5", "--out", tmp_path / "out.csv")
    assert said.code == 0, said.err
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "window,step,day,price,stars"
    assert len(lines) == 31
    assert run("sample", folder, "-n", "5", "--out", tmp_path / "out.parquet").code == 0
    assert pandas.read_parquet(tmp_path / "out.parquet")["stars"].between(1, 3).all()
    assert run("sample", folder, "-n", "5", "--npz", tmp_path / "out.npz").code == 0
    windows = np.load(tmp_path / "out.npz")["series"]
    assert windows.shape == (5, 6, 2)
    shown = pandas.read_csv(tmp_path / "out.csv")
    assert np.abs(shown["price"].to_numpy() - windows[..., 0].ravel()).max() <= 0.0051
    assert run("sample", folder, "-n", "5", "--out", tmp_path / "curves.png").code == 0
    assert "give --out FILE with one of .csv" in run("sample", folder, "--dir", tmp_path / "there").flat

    said = run("evaluate", folder, "--json")
    assert said.code == 0, said.err
    found = {value["metric"] for value in said.json["values"]}
    assert {"discriminative", "predictive", "detection", "columns", "autocorrelation"} <= found
    assert "holds series: --target is for evaluations of tables" in run("evaluate", folder, "--target", "price").flat


def test_a_dry_run_shows_what_columns_are_taken_for(run: Run, file: Path, tmp_path: Path) -> None:
    said = run("train", "series", "--data", file, "--dry-run")
    assert said.code == 0
    assert "# price   number   " in said.out
    assert "# 57 windows of 24 rows, of 80." in said.out
    assert "as in: --set data.columns.price=number" in said.out

    frame = pandas.read_csv(file)
    frame["zip"] = [f"8907{number % 10}" for number in range(80)]
    frame["open"] = np.where(np.arange(80) % 4, "yes", "no")
    frame.loc[:3, "open"] = None
    frame.to_csv(tmp_path / "rows.csv", index=False)
    said = run("train", "table", "--data", tmp_path / "rows.csv", "--dry-run")
    assert said.code == 0
    shown = [" ".join(line.split()) for line in said.out.splitlines() if line.startswith("#")]
    assert shown[0] == "# column kind values missing"
    assert "# day date %Y-%m-%d 2024-01-01 to 2024-03-20 0" in shown
    assert "# open category of 2 yes, no 4" in shown
    assert "# zip integer 89070 to 89079 0" in shown
    assert any("as in: --set data.columns.day=category" in line for line in shown)
    said = run("train", "table", "--data", tmp_path / "rows.csv", "--set", "data.columns.zip=category", "--dry-run")
    assert "# zip category of 10 89070, 89071, 89072, … 0" in " ".join(said.out.split())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "has 1 row: a table to learn from has at least 10"),
        (
            "a,b\n" + "".join(f"{n % 7},room {n % 25}\n" for n in range(75)),
            "column 'b' of bad.csv is text of 25 values",
        ),
        ("a,b\n" + "1,\n2,\n" * 30, "column 'b' of bad.csv has no value in any row"),
        ("a\n" + "1\n2\n" * 7, "has 14 rows, and a window 24"),
        ("", "is empty"),
    ],
)
def test_bad_series_get_a_sentence(text: str, said: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(text)
    refused = run("train", "series", "--data", tmp_path / "bad.csv", "--out", tmp_path / "run")
    assert refused.code == 2
    assert said in refused.flat
