"""`saddle compare` from the user's side."""

import json
from pathlib import Path

import pytest

from commands import TINY, Run


def test_a_race_on_an_analytic_game(run: Run, tmp_path: Path) -> None:
    command = ("compare", "bilinear", "--methods", "simultaneous,lookahead[base=extragradient,k=2]", "--seeds", "2")
    command = (*command, "--evaluations", "60", "--lr", "0.3", "--set", "sigma=2", "--out", tmp_path, "--json")
    said = run(*command)
    assert said.code == 0, said.err
    assert [row["method"] for row in said.json["standings"]] == ["lookahead[base=extragradient,k=2]", "simultaneous"]
    assert said.json["standings"][1]["failures"] == 2
    for word in ("lookahead[base=extragradient,k=2]", "2 of 2", "worst seed", "lower is better"):
        assert word in said.flat
    whole = json.loads((tmp_path / "comparison.json").read_text())
    assert whole["settings"]["analytic"]["game"] == {"name": "bilinear", "sigma": 2.0, "matrix": None}
    assert whole["standings"] == said.json["standings"]
    assert {"saddlepoint", "torch"} <= set(whole["versions"])
    assert (tmp_path / "comparison.png").stat().st_size > 10_000
    page = (tmp_path / "comparison.html").read_text()
    assert "chavdarova2021taming" in page  # of the method
    assert "gidel2019variational" in page  # and of the one that it wraps
    again = run(*command)
    assert again.json == said.json  # nothing was played again: even the seconds are the same


@pytest.mark.slow
def test_a_race_on_a_recipe_takes_its_settings(run: Run, tmp_path: Path) -> None:
    settings = (*TINY[TINY.index("--set") :], "--set", "data.size=8", "--set", "batch_size=32", "--set", "device=cpu")
    methods = "alternating,alternating[lr=1e30]"
    said = run(
        *("compare", "digits", "--methods", methods, "--seeds", "1", "--samples", "320", *settings),
        *("--jobs", "1", "--out", tmp_path, "--json"),
    )
    assert said.code == 0, said.err
    first, last = said.json["standings"]
    assert (first["method"], first["failures"], first["evaluations"]) == ("alternating", 0, 20)
    assert (last["failures"], last["mean"]) == (1, None)
    assert said.json["metric"] == "pixel_frechet"


def test_mistakes_are_one_sentence_with_the_remedy(run: Run, tmp_path: Path) -> None:
    for arguments, words in (
        (("bilinear", "--methods", "extragradiant"), "did you mean 'extragradient'"),
        (("bilinear", "--methods", "alternating", "--samples", "9"), "--evaluations"),
        (("bilinear", "--methods", "alternating", "--lr", "fast"), "`search`"),
    ):
        said = run("compare", *arguments, "--out", tmp_path / "new")
        assert said.code == 2
        assert words in said.flat
    assert not (tmp_path / "new").exists()
