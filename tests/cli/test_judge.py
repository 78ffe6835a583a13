"""`saddle judge`, and samples that a judge chooses: of images, of text, of a table; what is refused."""

import json
import re
from itertools import product
from pathlib import Path

import pytest

import saddlepoint as sp
from commands import Run
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.networks import MLPDiscriminator
from saddlepoint.runs.judging import check_judged, check_single
from saddlepoint.storage.sealed import checksum
from saddlepoint.tasks import AdversarialConfig, recipe_named


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "words.txt"
    path.write_text("\n".join("".join(letters) for letters in product("abc", "de", "fgh", "ij")), encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_judge_chooses_images_of_a_class_and_what_it_chose_is_made_again(
    run: Run, trained: Path, tmp_path: Path
) -> None:
    said = run("sample", trained, "--resample", "4", "--out", tmp_path / "a.png")
    assert (said.code, "has no judge: make one with saddle judge" in said.flat) == (2, True)
    said = run("judge", trained, "--json")
    assert said.code == 0, said.err
    assert said.json["judge"] == str(trained / "generator" / "judge")
    assert said.json["samples"] == 0
    assert 0 < said.json["acceptance"] <= 1 <= said.json["effective"] <= 8
    assert "50% is chance" in said.flat
    kept = json.loads((trained / "generator" / "judge" / "manifest.json").read_text(encoding="utf-8"))["sha256"]
    assert set(kept) == {"generator.safetensors", "config.yaml"}
    for words in (("--resample", "4"), ("--reject",)):
        own, out = (trained, "-n", "5", "--seed", "3", "--class", "7"), tmp_path / f"{words[0]}.png"
        said = run("sample", *own, *words, "--out", out)
        assert said.code == 0, said.err
        assert (
            run("sample", trained, "-n", "5", "--seed", "3", "--class", "7", "--out", tmp_path / "plain.png").code == 0
        )
        assert out.read_bytes() != (tmp_path / "plain.png").read_bytes()
        again = run("verify", out, "--run", trained, "--json")
        assert (again.code, again.json["agreement"]) == (0, "bytes")
        judge = checksum(trained / "generator" / "judge" / "generator.safetensors")
        assert again.json["mark"]["options"]["judge"] == judge
    images = sp.load(trained).sample(20, seed=3, resample=4)
    assert (sp.load(trained).sample(6, seed=3, resample=4) == images[:6]).all()

    for words, told in (
        (("--resample", "4", "--reject"), "give one of them"),
        (("--resample", "1"), "at least 2"),
        (("--resample", "4", "--walk", tmp_path / "w.gif"), "--walk goes from latent to latent"),
        (("--resample", "4", "--weights", "live"), "is of other weights"),
    ):
        said = run("sample", trained, *words)
        assert (said.code, told in said.flat) == (2, True), said.err
    assert run("judge", trained, "--samples", "128", "--json").json["samples"] in range(0, 129, 64)
    again = run("verify", tmp_path / "--reject.png", "--run", trained, "--json")
    assert again.json["agreement"] in ("bytes", "not tried")  # "not tried" where the judge is another one now
    config = trained / "generator" / "judge" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("classes: 10", "classes: 9"), encoding="utf-8")
    said = run("sample", trained, "--reject", "--out", tmp_path / "b.png")
    assert (said.code, "is damaged (config.yaml edited since it was written)" in said.flat) == (2, True)
    said = run("judge", trained, "--json")
    assert said.code == 0, said.err


@pytest.mark.slow
def test_a_judge_of_text_is_trained_against_the_writer_and_evaluated_beside_it(
    run: Run, words: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    tiny = ("--set", "generator.network.width=6", "--set", "discriminator.network.representations=2")
    own = ("--device", "cpu", "--batch-size", "8", "--samples", "16", "--set", "likelihood=none")
    assert run("train", "text", "--data", words, *own, *tiny, "--out", folder).code == 0
    said = run("judge", folder, "--samples", "3200", "--json")
    assert said.code == 0, said.err
    assert said.json["auc"] > 0.8  # the writer is hardly trained
    real = set(words.read_text(encoding="utf-8").split())

    def right(*more: str) -> int:
        return sum(text in real for text in run("sample", folder, "-n", "100", *more).out.splitlines())

    assert right("--resample", "32") > right()
    said = run("sample", folder, "-n", "3", "--prompt", "ad", "--resample", "4")
    assert all(text.startswith("ad") for text in said.out.splitlines())
    said = run("evaluate", folder, "--samples", "50", "--temperatures", "0.9,1", "--resample", "4", "--json")
    assert said.code == 0, said.err
    assert {value["detail"].get("curve") for value in said.json["values"]} == {"average", "average, among 4", None}


@pytest.mark.slow
def test_a_judge_chooses_rows_of_a_table(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("size,kind\n" + "".join(f"{n % 17},{'ab'[n % 2]}\n" for n in range(200)), encoding="utf-8")
    small = ("--set", "discriminator.network.packing=1", "--batch-size", "20", "--samples", "60")
    assert run("train", "table", "--data", file, *small, "--out", tmp_path / "run").code == 0
    said = run("judge", tmp_path / "run", "--samples", "640")
    assert said.code == 0, said.err
    rows = tmp_path / "made.csv"
    assert run("sample", tmp_path / "run", "-n", "7", "--where", "kind=a", "--resample", "4", "--out", rows).code == 0
    assert [line.rpartition(",")[2] for line in rows.read_text(encoding="utf-8").splitlines()[1:]] == ["a"] * 7
    assert run("verify", rows, "--run", tmp_path / "run").code == 0


@pytest.mark.parametrize(
    ("recipe", "settings", "samples", "fresh", "told"),
    [
        ("digits", ["loss=wasserstein"], 0, False, "is no logarithm of a ratio of densities: leave --samples 0 out"),
        ("digits", ["conditional=false", "discriminator.network.packing=2"], None, False, "packs of 2 samples"),
        ("digits", [], 0, True, "a new network that is not trained judges nothing"),
        ("table-dp", [], None, False, "what it tells of a row is beyond what its ε and δ account for"),
    ],
)
def test_runs_whose_discriminator_is_no_judge_are_refused(
    recipe: str, settings: list[str], samples: int | None, fresh: bool, told: str
) -> None:
    config = assign(recipe_named(recipe), settings)
    assert isinstance(config, AdversarialConfig)
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        check_judged(config, samples, fresh=fresh)


def test_a_discriminator_that_looks_at_a_whole_batch_is_refused_and_a_wasserstein_critic_is_trained_on() -> None:
    with pytest.raises(ConfigurationError, match="look at a batch as a whole"):
        check_single(MLPDiscriminator((3,), widths=(4,), deviation=True))
    config = assign(recipe_named("digits"), ["loss=wasserstein"])
    assert isinstance(config, AdversarialConfig)
    check_judged(config, None, fresh=False)
