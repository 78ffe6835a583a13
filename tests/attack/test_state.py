"""States whose checksums are right and whose content is not are refused by name, before a step is made."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from commands import Run
from saddlepoint.storage import RunFolder
from saddlepoint.storage.sealed import checksum

State = dict[str, Any]


def _moment(state: State) -> State:
    return next(iter(state["optimizers"]["generator"]["state"].values()))


def _set(*path: Any, to: Any) -> Callable[[State], None]:
    def change(state: State) -> None:
        for key in path[:-1]:
            state = state[key]
        state[path[-1]] = to

    return change


CHANGES: dict[str, tuple[Callable[[State], Any], str]] = {
    "no position": (lambda s: s.pop("position"), "lacks position"),
    "position -1": (_set("position", to=-1), "position is -1"),
    "another position": (_set("position", to=32), "is of 32 samples"),
    "position a text": (_set("position", to="far"), "position is 'far'"),
    "no optimizers": (lambda s: s.pop("optimizers"), "lacks optimizers"),
    "one optimizer less": (lambda s: s["optimizers"].pop("generator"), "lacks generator"),
    "moments of another shape": (
        lambda s: _moment(s).update(exp_avg=torch.zeros(3, 5, 7, 9)),
        "exp_avg of the optimizer of the generator is of shape",
    ),
    "a step size that is none": (_set("optimizers", "generator", "param_groups", 0, "lr", to=float("nan")), "lr of"),
    "a memory of nothing": (lambda s: s["optimizers"]["generator"]["state"].update({99: {}}), "parameter 99"),
    "another method": (_set("method", to={"hidden": 1}), "saved by another method"),
    "evaluations negative": (_set("evaluations", to=-5), "evaluations is -5"),
    "time negative": (_set("progress", "seconds", to=-1.0), "seconds is -1.0"),
    "no steps": (lambda s: s["progress"].pop("steps"), "lacks steps"),
    "scores that are none": (
        _set("progress", "unrecorded", to={"metrics": {"psnr": "x"}}),
        "unrecorded holds no numbers",
    ),
    "losses that are none": (_set("progress", "sums", to={"generator": "x"}), "sums holds no numbers"),
    "a list": (lambda s: None, "is list"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_state_of_odd_content_is_refused_by_name(trained: Path, run: Run, tmp_path: Path, what: str) -> None:
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    change, expected = CHANGES[what]
    newest = RunFolder(copy).checkpoints.newest().path
    state = torch.load(newest / "state.pt", weights_only=True)
    change(state)
    buffer = io.BytesIO()
    torch.save([state] if what == "a list" else state, buffer)
    (newest / "state.pt").write_bytes(buffer.getvalue())
    manifest = json.loads((newest / "manifest.json").read_text())
    manifest["files"]["state.pt"] = checksum(newest / "state.pt")
    (newest / "manifest.json").write_text(json.dumps(manifest))
    said = run("train", copy / "config.yaml", "--samples", "640", "--out", copy)
    assert said.code == 1
    assert expected in said.flat
    assert "Move it away" in said.flat


def test_other_versions_are_told_on_resume(trained: Path, run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    identity = json.loads((copy / "run.json").read_text())
    identity["versions"]["torch"] = "1.0"
    (copy / "run.json").write_text(json.dumps(identity))
    said = run("train", copy / "config.yaml", "--samples", "352", "--out", copy)
    assert said.code == 0
    assert "torch 1.0 before" in said.flat
    assert "may differ in their last digits" in said.flat
    said = run("train", copy / "config.yaml", "--samples", "384", "--out", copy)
    assert "may differ" not in said.flat


def test_a_configuration_that_was_edited_is_told(trained: Path, run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    assert "edited" not in run("sample", copy, "-n", 2, "--npz", tmp_path / "a.npz").flat
    config = copy / "config.yaml"
    config.write_text(config.read_text().replace("batch_size: 32", "batch_size: 16"))
    assert f"note: {config} was edited" in run("sample", copy, "-n", 2, "--npz", tmp_path / "a.npz").flat
