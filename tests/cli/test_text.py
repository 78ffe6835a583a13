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
    assert "17 sentences of at most 4 characters, 11 different ones" in said.flat
    assert f"saddle sample {folder} -n 20 --seed 7 --temperature 0.8" in said.flat
    written = max((folder / "samples").glob("*.txt")).read_text(encoding="utf-8")
    assert written == run("sample", folder, "-n", "24", "--seed", "0").out
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert f'<pre tabindex="0">{written}</pre>' in page
    assert "stage" not in page.partition("</style>")[2]  # no picture, and nothing that plays one
    assert "<dt>Sentences</dt><dd>17</dd>" in page.replace("\n", "")

    said = run("sample", folder, "-n", "20", "--temperature", "0.8")
    assert said.code == 0, said.err
    assert run("sample", folder, "-n", "20", "--temperature", "0.8", "--out", tmp_path / "out.txt").code == 0
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == said.out
    assert said.out.count("\n") == 20

    said = run("sample", folder, "-n", "5", "--prompt", "ad", "--seed", "3", "--json")
    assert said.code == 0, said.err
    assert all(text.startswith("ad") for text in said.json["text"].splitlines())
    assert run("sample", folder, "-n", "2", "--prompt", "ad", "--seed", "3").out in said.json["text"]

    said = run("evaluate", folder, "--samples", "50", "--plot", tmp_path / "plots", "--json")
    assert said.code == 0, said.err
    found = {value["metric"] for value in said.json["values"]}
    assert {"bleu_2", "bleu_5", "self_bleu_5", "ngram_kl", "nll", "copied", "valid", "novel"} <= found
    curves = {value["detail"].get("curve") for value in said.json["values"]}
    assert curves == {"average", "likelihood stage", None}
    assert (tmp_path / "plots" / "quality-diversity.png").exists()
    assert "Quality against variety" in (folder / "report.html").read_text(encoding="utf-8")

    for arguments, words in (
        (
            ["--out", tmp_path / "out.doc"],
            "a generator of text can't be written as out.doc: give --out FILE with one of .txt",
        ),
        (["--dir", tmp_path / "there"], "give --out FILE with one of .txt"),
        (["--prompt", "7, a: z"], "trained on: '7', ',', ' ', ':', 'z'"),
        (["--prompt", "azä"], "characters that are not in the vocabulary of what was trained on: 'z', 'ä'"),
        (["--temperature", "0"], "temperature: Input should be greater than 0 (given: 0)"),
        (["--columns", "2"], "holds a generator of text: --columns is for a generator of images"),
    ):
        refused = run("sample", folder, *arguments)
        assert refused.code == 2
        assert words in refused.flat


def test_a_text_is_asked_for_and_bad_ones_are_refused(run: Run, trained: Path, tmp_path: Path) -> None:
    said = run("train", "text", *TINY, "--out", tmp_path / "run")
    assert said.code == 2
    assert "--data FILE" in said.flat
    for content, words in (
        (None, "does not exist"),
        (b"", "is empty: give a file with text in it"),
        (b"all in one line", "data.layout=windows"),
        ("Zo\u00eb\n".encode("utf-16"), "is not utf-8 at byte 0"),
        (bytes(range(256)) * 8, "is not utf-8 at byte 128"),
        (b"PK\3\4\0\0\0\0" * 20, "holds null characters: it is no text"),
    ):
        path = tmp_path / "given.txt"
        if content is not None:
            path.write_bytes(content)
        said = run("train", "text", "--data", path, *TINY, "--out", tmp_path / "run")
        assert said.code == 2
        assert words in said.flat
        assert not (tmp_path / "run" / "config.yaml").exists()
    said = run("sample", trained, "--temperature", "1")
    assert said.code == 2
    assert "holds a generator of images: --temperature is for a generator of text" in said.flat
