"""`saddle inspect`: the library's numbers, of a run's newest checkpoint."""

from pathlib import Path

import pytest
from commands import TINY, Run

from saddlepoint.data import load_images
from saddlepoint.dynamics import spectrum
from saddlepoint.recipes import ImageRun
from saddlepoint.runs import RunFolder
from saddlepoint.train.state import load_state


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> RunFolder:
    """A run of 640 samples with a checkpoint at 256 and 512."""
    words = ("--samples", "640", "--set", "every.checkpoint=256", "--out", tmp_path / "run")
    assert run("train", "digits", *TINY, *words).code == 0
    return RunFolder(tmp_path / "run")


def test_numbers_are_those_of_the_library_and_the_picture_is_drawn(run: Run, folder: RunFolder, tmp_path: Path) -> None:
    plot = tmp_path / "dynamics.png"
    said = run("inspect", folder.path, "--batch-size", "64", "--size", "6", "--json", "--plot", plot)
    assert said.code == 0
    config = ImageRun.read({**folder.read_config(), "batch_size": 64})
    assembled = config.build(load_images("digits", 8))
    load_state(folder.checkpoints.newest().path, assembled.game, assembled.method, assembled.batches)
    assembled.batches.position = 0
    expected = spectrum(assembled.game, assembled.batches.next(), 6)
    assert said.json["eigenvalues"] == [[v.real, v.imag] for v in expected.eigenvalues]
    assert said.json["samples"] == 640
    assert said.json["noise_ratio"] > 0
    assert len(said.json["path"]["cosines"]) == 25
    assert plot.read_bytes()[:4] == b"\x89PNG"
    assert "rotation" in run("inspect", folder.path, "--batch-size", "64").err


def test_a_folder_without_a_whole_checkpoint_is_refused(run: Run, folder: RunFolder) -> None:
    for checkpoint in folder.checkpoints.whole():
        for file in checkpoint.path.iterdir():
            file.write_bytes(b"")
    said = run("inspect", folder.path)
    assert said.code == 2
    assert "no whole checkpoint" in said.flat
