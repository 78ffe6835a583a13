"""`saddle link`: two tables of files, and both drawn into a folder."""

from pathlib import Path

import pandas
import pytest

from commands import Run

TINY = ("--latent.size", "4", "--generator.network.width", "8", "--encoder.network.widths", "[8]", "--device", "cpu")


@pytest.mark.slow
def test_two_files_are_learnt_and_drawn_again(run: Run, tmp_path: Path) -> None:
    parents = pandas.DataFrame({"id": range(40), "kind": ["a", "b", "b", "a"] * 10})
    children = pandas.DataFrame({"id": [n for n in range(40) for _ in range(n % 4)]}).assign(size=lambda t: t.index % 7)
    for name, table in (("owners", parents), ("dogs", children)):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    folder = tmp_path / "linked"
    words = (tmp_path / "owners.csv", tmp_path / "dogs.csv", "--key", "id", "--recipe", "table-vae", "--out", folder)
    said = run("link", *words, "--samples", "100", *TINY, "--set", "data.held_out=0")
    assert said.code == 0, said.err
    assert f"saddle sample {folder} -n 1000 --dir" in said.flat
    said = run("sample", folder, "-n", "5")
    assert said.code == 2
    assert "two linked tables: give a folder for both" in said.flat
    assert run("sample", folder, "-n", "30", "--dir", tmp_path / "made").code == 0
    owners, dogs = (pandas.read_csv(tmp_path / "made" / f"{name}.csv") for name in ("owners", "dogs"))
    assert owners["id"].tolist() == [*range(1, 31)]
    assert dogs["id"].isin(owners["id"]).all()
    assert dogs["size"].between(0, 6).all()
    said = run("link", *words[:2], "--key", "owner")
    assert said.code == 2
    assert "the parents have no column 'owner': they have id, kind" in said.flat
