"""`saddle inspect`: the library's numbers, of a run's newest checkpoint."""

from pathlib import Path

import pytest

from commands import TINY, Run
from saddlepoint.dynamics import spectrum
from saddlepoint.runs import Run as Opened
from saddlepoint.storage import RunFolder


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> RunFolder:
    """A run of 640 samples with a checkpoint at 256 and 512."""
    words = ("--samples", "640", "--set", "every.checkpoint=256", "--out", tmp_path / "run")
    assert run("train", "digits", *TINY, *words).code == 0
    return RunFolder(tmp_path / "run")


@pytest.mark.slow
def test_numbers_are_those_of_the_library_and_the_picture_is_drawn(run: Run, folder: RunFolder, tmp_path: Path) -> None:
    plot = tmp_path / "dynamics.png"
    words = ("--batch-size", "64", "--size", "6", "--steps", "5")
    said = run("inspect", folder.path, *words, "--json", "--plot", plot)
    assert said.code == 0
    assembled, _ = Opened.open(folder.path).at_checkpoint()
    expected = spectrum(assembled.game, assembled.setup.batches.part(batch_size=64)(0), 6)
    assert said.json["eigenvalues"] == [[v.real, v.imag] for v in expected.eigenvalues]
    assert said.json["samples"] == 640
    assert said.json["noise_ratio"] > 0
    assert len(said.json["path"]["cosines"]) == 25
    assert said.json["largest_step"] == expected.largest_step
    gap = said.json["duality_gap"]
    assert gap["total"] == gap["generator"] + gap["discriminator"] > 0
    assert len(said.json["turning"]["cosines"]) == 4
    # The recipe's alternating Adam has no region of its own, and its rate is no step size.
    assert said.json["stability"]["of"] == "simultaneous"
    assert "alternating has no region" in said.json["stability"]["note"]
    assert "Adam: the rate is no step size" in said.json["stability"]["note"]
    assert plot.read_bytes()[:4] == b"\x89PNG"
    told = run("inspect", folder.path, *words)
    for word in ("rotation", "duality gap", "further steps", "a plain step"):
        assert word in told.flat
    assert run("inspect", folder.path, *words, "--json").json == said.json
    early = run("inspect", folder.path, "--at", "512", *words, "--json").json
    assert early["samples"] == 512
    assert early["eigenvalues"] != said.json["eigenvalues"]
    assert "it has" in run("inspect", folder.path, "--at", "513", *words).flat


@pytest.mark.slow
def test_the_region_is_that_of_the_method_and_its_plain_step(run: Run, tmp_path: Path) -> None:
    plain = ("--method", "extragradient", "--set", "optimizer={name: SGD, lr: 0.03}")
    assert run("train", "digits", *TINY, *plain, "--samples", "64", "--out", tmp_path / "run").code == 0
    said = run("inspect", tmp_path / "run", "--batch-size", "64", "--size", "6", "--steps", "2", "--json")
    stability = said.json["stability"]
    assert (stability["of"], stability["step"], stability["note"]) == ("extragradient", pytest.approx(0.03), "")
    w = [0.03 * complex(*pair) for pair in said.json["eigenvalues"]]
    assert stability["largest_factor"] == pytest.approx(max(abs(1 - v + v * v) for v in w))


@pytest.mark.slow
def test_a_folder_without_a_whole_checkpoint_is_refused(run: Run, folder: RunFolder) -> None:
    for checkpoint in folder.checkpoints.whole():
        for file in checkpoint.path.iterdir():
            file.write_bytes(b"")
    said = run("inspect", folder.path)
    assert said.code == 2
    assert "no whole checkpoint" in said.flat
