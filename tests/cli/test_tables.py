"""Tables on the command line: train, sample, evaluate, and what is refused."""

from pathlib import Path

import numpy as np
import pandas
import pytest

from commands import Run

TINY = (
    *("--device", "cpu", "--batch-size", "20", "--samples", "100", "--set", "latent.size=4"),
    *("--set", "generator.network.width=8", "--set", "discriminator.network.widths=[8]"),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("tables") / "rents.csv"
    frame = pandas.DataFrame({"city": rng.choice([" Ulm", " Bonn"], 200), "rent": rng.normal(900, 99, 200).round(1)})
    frame["let"] = rng.choice([" <=5", " >5"], 200, p=[0.8, 0.2])
    frame.to_csv(path, index=False)
    return path


def test_a_table_is_trained_on_sampled_and_evaluated(run: Run, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    said = run("train", "table", "--data", file, *TINY, "--out", folder)
    assert said.code == 0, said.err
    assert "Columns: city: category of 2; rent: number; let: category of 2." in said.flat  # the kinds are shown
    assert f"saddle sample {folder} -n 1000 --seed 7 --out rows.csv" in said.flat
    assert list((folder / "samples").glob("*.png"))

    said = run("sample", folder, "-n", "30", "--where", "let=>5", "--out", tmp_path / "out.csv")
    assert said.code == 0, said.err
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "city,rent,let"
    assert len(lines) == 31
    assert all(line.endswith(", >5") for line in lines[1:])  # with the space that the file has
    assert run("sample", folder, "-n", "30", "--out", tmp_path / "out.parquet").code == 0
    assert list(pandas.read_parquet(tmp_path / "out.parquet")) == ["city", "rent", "let"]
    assert run("sample", folder, "-n", "300", "--out", tmp_path / "marginals.png").code == 0

    for name in ("out.csv", "out.parquet", "marginals.png"):
        said = run("verify", tmp_path / name, "--run", folder, "--json")
        assert (said.code, said.json["agreement"], said.json["mark"]["model"]) == (0, "bytes", "table")

    said = run("evaluate", folder, "--target", "let", "--samples", "100", "--json")
    assert said.code == 0, said.err
    found = {value["metric"] for value in said.json["values"]}
    assert {"columns", "pairs", "detection", "utility_f1", "utility_auc", "nearer_to_training", "copies"} <= found
    assert (folder / "evaluation.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--where", "let"], "write COLUMN=VALUE"),
        (["--where", "let=6"], "no value '6': its 2 are <=5, >5"),
        (
            ["--out", "rows.xlsx", "--where", "let=>5"],
            "can't be written as rows.xlsx: give --out FILE with one of .csv, .tsv, .parquet, .pq",
        ),
        (["--dir", "there"], "can't be written as single files to a folder: give --out FILE with one of .csv"),
    ],
)
def test_what_can_not_be_sampled_is_refused(
    arguments: list[str], said: str, run: Run, file: Path, tmp_path: Path
) -> None:
    assert run("train", "table", "--data", file, *TINY, "--out", tmp_path / "run").code == 0
    refused = run("sample", tmp_path / "run", *arguments)
    assert refused.code == 2
    assert said in refused.flat


def test_images_have_no_columns(run: Run, trained: Path) -> None:
    said = run("sample", trained, "--where", "let=>5")
    assert said.code == 2
    assert "holds a generator of images: --where is for" in said.flat
    said = run("evaluate", trained, "--target", "let")
    assert said.code == 2
    assert "holds images: --target is for evaluations of tables" in said.flat


def test_conditions_are_left_out_by_a_flag(run: Run, file: Path) -> None:
    assert "sampling: logarithmic" in run("train", "table", "--data", file, "--dry-run").out
    assert "sampling: natural" in run("train", "table", "--data", file, "--sampling", "natural", "--dry-run").out
    for flag in ("--no-conditions", "--no-conditional"):
        assert "conditions: null" in run("train", "table", "--data", file, flag, "--dry-run").out


def test_a_table_is_asked_for_and_bad_ones_are_refused(run: Run, tmp_path: Path) -> None:
    said = run("train", "table", *TINY, "--out", tmp_path / "run")
    assert said.code == 2
    assert "--data FILE.csv" in said.flat
    (tmp_path / "one.csv").write_text("a,b\n1,2\n")
    said = run("train", "table", "--data", tmp_path / "one.csv", *TINY, "--out", tmp_path / "run")
    assert said.code == 2
    assert "has 1 row: a table to learn from has at least 10" in said.flat
