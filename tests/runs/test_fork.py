"""Futures of a run: the same batches and noise, all memory taken over, runs of their own."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from test_warm_start import trained, weights

import saddlepoint as sp
from commands import Run
from saddlepoint.runs.forking import UNCHANGED
from saddlepoint.training.state import STATE


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 128 samples."""
    return trained(tmp_path_factory.mktemp("source") / "run", 128).path


def state(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(sorted(folder.glob("*"))[-1] / STATE, weights_only=True)
    return found


@pytest.mark.slow
def test_without_changes_a_future_is_the_run_gone_on_with(source: Path, tmp_path: Path) -> None:
    shutil.copytree(source, tmp_path / "whole")
    whole = trained(tmp_path / "whole", 256)
    found = sp.fork(source, {"lr": 1e-5}, samples=128, out=tmp_path / "fork", progress=False)
    assert list(found.runs) == [UNCHANGED, "lr=1e-05"]
    same = found.runs[UNCHANGED]
    here, there = weights(same.path / "checkpoints"), weights(whole.path / "checkpoints")
    assert all(torch.equal(here[key], there[key]) for key in there)
    ours, theirs = state(same.path / "checkpoints"), state(whole.path / "checkpoints")
    assert ours["position"] == theirs["position"] == 256
    assert all(map(torch.equal, ours["method"]["mean"]["generator"], theirs["method"]["mean"]["generator"]))
    assert [r["losses"] for r in same.history] == [r["losses"] for r in whole.history if r["samples"] > 128]
    other = weights(found.runs["lr=1e-05"].path / "checkpoints")
    assert not all(torch.equal(other[key], there[key]) for key in there)


@pytest.mark.slow
def test_a_future_can_be_gone_on_with_without_the_run_that_it_is_of(source: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    shutil.copytree(source, gone)
    found = sp.fork(gone, "method=extragradient lr=1e-3", samples=64, out=tmp_path / "fork", progress=False)
    shutil.rmtree(gone)
    future = found.runs["method=extragradient lr=1e-3"]
    on = sp.train(future.path, samples=256, out=future.path, progress=False)
    assert on.result is not None
    assert on.result.progress.samples == 256
    assert {row["settings"] for row in found.rows} == {UNCHANGED, "method=extragradient lr=1e-3"}
    assert all(len(row["verdicts"]) == 3 for row in found.rows)
    with pytest.raises(ValueError, match="no whole checkpoint at 7 samples; it has 0, 128"):
        sp.fork(source, "lr=1", at=7, progress=False)


@pytest.mark.slow
def test_the_command_shows_all_side_by_side_and_goes_on(run: Run, source: Path, tmp_path: Path) -> None:
    words = ("fork", str(source), "--set", "penalties.r1.weight=9", "--samples", "64", "--out", str(tmp_path / "fork"))
    said = run(*words, "--json")
    assert said.code == 0
    assert "penalties.r1.weight=9" in said.flat
    assert [row["settings"] for row in said.json["rows"]] == [UNCHANGED, "penalties.r1.weight=9"]
    page = (tmp_path / "fork" / "fork.html").read_text()
    assert "penalties.r1.weight=9" in page
    before = json.loads((tmp_path / "fork" / UNCHANGED / "run.json").read_text())["ended"]
    assert run(*words).code == 0
    assert json.loads((tmp_path / "fork" / UNCHANGED / "run.json").read_text())["ended"] == before
    assert run("fork", str(source), "--set", "lrr=1", "--out", str(tmp_path / "no")).code == 2
    assert "nothing to compare" in run("fork", str(source)).flat
