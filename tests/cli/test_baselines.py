"""`saddle compare --baselines`, and a baseline from `train` to `sample`, from the user's side."""

import errno
import json
import os
import signal
from pathlib import Path

import pytest

from commands import TINY, Run
from faults import shim

#: All but the size and the rest of `train`'s own flags.
SETS = (*TINY[TINY.index("--set") :], "--set", "data.size=8", "--set", "batch_size=32", "--set", "device=cpu")


@pytest.mark.slow
def test_a_game_beside_its_baselines(run: Run, tmp_path: Path) -> None:
    command = ("compare", "digits", "--baselines", "--samples", "320", *SETS, "--set", "autoencoder.model.components=2")
    command = (*command, "--set", "vae.model.beta=0.5", "--features", "pixels", "--metrics", "frechet")
    command = (*command, "--out", tmp_path, "--json")
    said = run(*command)
    assert said.code == 0, said.err
    rows = {row["label"]: row["values"] for row in said.json["rows"]}
    trained = ["game", "vae", "autoencoder"]
    assert list(rows) == [*trained, "floor: 1/5 of train"]
    assert [rows[label]["evaluations"] for label in trained] == [20, 10, 10]
    assert [rows[label]["samples"] for label in trained] == [320, 320, 320]
    for row in rows.values():
        assert row["frechet"] > 0
    identities = {label: json.loads((tmp_path / f"digits/{label}-0/run.json").read_text()) for label in trained}
    assert "reconstruction" not in identities["game"]["metrics"]
    assert 0 < identities["vae"]["metrics"]["reconstruction"] < 1
    assert said.json["measures"]["frechet"]["direction"] == "lower"
    assert "beta: 0.5" in (tmp_path / "digits/vae-0/config.yaml").read_text()
    for word in ("game", "vae", "autoencoder", "floor: 1/5 of train", "frechet: Fréchet distance"):
        assert word in said.flat
    assert (tmp_path / "baselines.png").stat().st_size > 10_000
    page = (tmp_path / "baselines.html").read_text()
    assert "autoencoder" in page
    assert "http" not in page.partition("<body>")[2].partition("xmlns")[0]
    again = run(*command)
    assert again.json == said.json  # nothing was trained again: even the seconds are the same
    other = run(*command, "--samples", "640")
    assert other.code == 2
    assert "holds another comparison" in other.flat


def test_mistakes_are_one_sentence_with_the_remedy(run: Run, tmp_path: Path) -> None:
    for arguments, words in (
        (("digits",), "--baselines"),
        (("ring", "--baselines"), "ring has no baselines to be set beside"),
        (("digits", "digits", "--baselines"), "given twice"),
        (("digits", "--baselines", "--methods", "alternating"), "--methods is of a comparison"),
        (("bilinear", "dirac", "--methods", "alternating"), "give one"),
    ):
        said = run("compare", *arguments, "--out", tmp_path / "new")
        assert said.code == 2, said.err
        assert words in said.flat
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_baseline_from_train_to_sample_and_report(run: Run, tmp_path: Path) -> None:
    network = "{name: mlp-generator, widths: [12], output: tanh}"
    tiny = ("--size", "8", "--device", "cpu", "--set", "latent.size=6", "--set", f"generator.network={network}")
    said = run("train", "autoencoder", *tiny, "--samples", "640", "--out", tmp_path / "run", "--json")
    assert said.code == 0, said.err
    assert set(said.json["metrics"]) == {"pixel_frechet", "reconstruction"}
    page = (tmp_path / "run" / "report.html").read_text()
    assert "discriminator" not in page.partition("<main>")[2].partition("Configuration")[0]
    assert run("sample", tmp_path / "run", "-n", "4", "--out", tmp_path / "grid.png").code == 0
    assert (tmp_path / "grid.png").exists()
    judged = run(
        "evaluate", tmp_path / "run", "--metrics", "frechet", "--samples", "200", "--features", "pixels", "--json"
    )
    assert judged.code == 0, judged.err
    assert "average" in judged.out
    compared = run(
        "compare",
        "vae",
        "--methods",
        "simultaneous,extragradient",
        "--seeds",
        "1",
        "--evaluations",
        "8",
        *("--jobs", "1", "--set", "device=cpu", "--set", "data.size=8", "--out", tmp_path / "compared", "--json"),
    )
    assert compared.code == 0, compared.err
    assert {row["evaluations"] for row in compared.json["standings"]} == {8}


@pytest.mark.slow
@pytest.mark.parametrize("hurt", ["a full disk", "a signal"])
def test_a_comparison_whose_training_was_cut_short_goes_on(run: Run, tmp_path: Path, hurt: str) -> None:
    rows = "".join(f"{number % 7},{number % 3}\n" for number in range(60))
    (tmp_path / "rows.csv").write_text("a,b\n" + rows)
    settings = ("generator.network.width=4", "discriminator.network.widths=[4]", "batch_size=8")
    words = ["compare", "table", "--baselines", "--data", tmp_path / "rows.csv", "--samples", 64]
    words += [word for setting in settings for word in ("--set", setting)]

    def cut(number: int, event: str, path: str) -> None:
        if path.endswith("000000000064.partial"):
            if hurt == "a full disk":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
            signal.raise_signal(signal.SIGINT)

    with shim(tmp_path / "b", cut):
        said = run(*words, "--out", tmp_path / "b")
    assert said.code == (1 if hurt == "a full disk" else 130), said.err
    assert run(*words, "--out", tmp_path / "b").code == 0
    assert run(*words, "--out", tmp_path / "straight").code == 0
    found, expected = (
        [
            {**row, "values": {name: value for name, value in row["values"].items() if name != "seconds"}}
            for row in json.loads((tmp_path / out / "baselines.json").read_text())["rows"]
        ]
        for out in ("b", "straight")
    )
    assert found == expected
    assert {row["values"].get("samples") for row in found} >= {64.0}
