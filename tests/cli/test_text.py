"""Text on the command line: train, sample, evaluate, and what is refused."""

from itertools import product
from pathlib import Path

import pytest
from commands import Run

TINY = (
    *("--device", "cpu", "--batch-size", "8", "--samples", "48", "--set", "likelihood=24"),
    *("--set", "generator.network.width=6", "--set", "discriminator.network.representations=2"),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "words.txt"
    path.write_text("\n".join("".join(letters) for letters in product("abc", "de", "fgh", "i")), encoding="utf-8")
    return path


def test_a_text_is_trained_on_sampled_and_evaluated(run: Run, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    said = run("train", "text", "--data", file, *TINY, "--out", folder)
    assert said.code == 0, said.err
    assert f"saddle sample {folder} -n 20 --seed 7 --temperature 0.8" in said.flat
    assert list((folder / "samples").glob("*.png"))

    said = run("sample", folder, "-n", "20", "--temperature", "0.8")
    assert said.code == 0, said.err
    assert run("sample", folder, "-n", "20", "--temperature", "0.8", "--out", tmp_path / "out.txt").code == 0
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == said.out
    assert said.out.count("\n") == 20

    said = run("evaluate", folder, "--samples", "50", "--plot", tmp_path / "plots", "--json")
    assert said.code == 0, said.err
    found = {value["metric"] for value in said.json["values"]}
    assert {"bleu_2", "bleu_5", "self_bleu_5", "ngram_kl", "nll", "copied", "valid", "novel"} <= found
    curves = {value["detail"].get("curve") for value in said.json["values"]}
    assert curves == {"ema", "live", "likelihood stage", None}
    assert (tmp_path / "plots" / "quality-diversity.png").exists()

    for arguments, words in (
        (["--out", tmp_path / "out.png"], "a text ends in .txt"),
        (["--dir", tmp_path / "there"], "give --out FILE.txt, or nothing"),
        (["--temperature", "0"], "temperature is 0"),
        (["--where", "a=b"], "--where is for tables"),
    ):
        refused = run("sample", folder, *arguments)
        assert refused.code == 2
        assert words in refused.flat


def test_a_text_is_asked_for_and_bad_ones_are_refused(run: Run, trained: Path, tmp_path: Path) -> None:
    said = run("train", "text", *TINY, "--out", tmp_path / "run")
    assert said.code == 2
    assert "--data FILE" in said.flat
    (tmp_path / "one.txt").write_text("all in one line")
    said = run("train", "text", "--data", tmp_path / "one.txt", *TINY, "--out", tmp_path / "run")
    assert said.code == 2
    assert "data.layout=windows" in said.flat
    said = run("sample", trained, "--temperature", "1")
    assert said.code == 2
    assert "--temperature is for text" in said.flat
