"""`saddle evaluate`: numbers with their protocol, in the folder and on the screen."""

import json
from pathlib import Path

import pytest

from commands import TINY, Run
from saddlepoint.data import load_images
from saddlepoint.extractors import load_extractor
from saddlepoint.metrics import frechet_distance
from saddlepoint.runs import Run as Opened
from saddlepoint.storage import RunFolder
from saddlepoint.tasks import model_at
from saddlepoint.tasks.points.evaluation import coverage
from saddlepoint.tasks.watched import looked_at

QUICK = ("--samples", "60", "--features", "pixels")


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:
    """A run of its own, as evaluations are written into it."""
    assert run("train", "digits", *TINY, "--samples", "320", "--out", tmp_path / "run").code == 0
    return tmp_path / "run"


@pytest.mark.slow
def test_average_and_live_weights_are_measured_and_kept(run: Run, folder: Path, tmp_path: Path) -> None:
    said = run("evaluate", folder, *QUICK, "--metrics", "frechet,memorisation", "--json", "--plot", tmp_path / "p")
    assert said.code == 0, said.err
    found = {(v["metric"], v["protocol"]["weights"], v["protocol"]["split"]): v["value"] for v in said.json["values"]}
    train, test = load_images("digits", 8).split(0.2)
    pixels = load_extractor("pixels")
    assembled, _ = Opened.open(folder).at_checkpoint()
    networks = {"average": model_at(folder), "live": assembled.setup.model}
    for weights, trained in networks.items():
        ours = pixels(trained.sample(60, seed=0))
        for split, real in (("4/5 of train", train), ("1/5 of train", test)):
            expected = frechet_distance(pixels(real.images), ours)
            assert found["frechet", weights, split] == pytest.approx(expected, rel=1e-6)
    assert found["frechet", "average", "4/5 of train"] != found["frechet", "live", "4/5 of train"]
    (kept,) = json.loads((folder / "evaluation.json").read_text())
    assert kept == {key: value for key, value in said.json.items() if key != "run"}
    assert kept["samples"] == 320
    assert {path.name for path in (tmp_path / "p").iterdir()} == {"neighbours-average.png", "neighbours-live.png"}
    assert "4/5 of train" in (folder / "report.html").read_text(encoding="utf-8")
    # The same command gives the same numbers, and the file keeps both.
    again = run("evaluate", folder, *QUICK, "--metrics", "frechet,memorisation", "--json")
    assert again.json["values"] == said.json["values"]
    assert len(json.loads((folder / "evaluation.json").read_text())) == 2


@pytest.mark.slow
def test_all_metrics_with_pictures_and_what_is_left_out_is_said(run: Run, folder: Path, tmp_path: Path) -> None:
    said = run("evaluate", folder, *QUICK, "--weights", "live", "--plot", tmp_path / "pictures")
    assert said.code == 0, said.err
    assert "inception_score is left out: the extractor pixels has no classes" in said.flat
    for word in ("frechet ↓", "recall ↑", "floor: 1/5 of train", "60 made"):
        assert word in said.err
    assert "average" not in said.err.split("Of all")[0]
    for name in ("neighbours-live.png", "evaluation.png"):
        assert (tmp_path / "pictures" / name).read_bytes()[:4] == b"\x89PNG"


def test_a_share_held_out_of_training_is_what_tests(run: Run, tmp_path: Path) -> None:
    words = ("--set", "data.held_out=0.25", "--samples", "64", "--out", tmp_path / "run")
    assert run("train", "digits", *TINY, *words).code == 0
    said = run("evaluate", tmp_path / "run", *QUICK, "--metrics", "frechet", "--json")
    rest, part = load_images("digits", 8).split(0.25)
    real = {(v["protocol"]["split"], v["protocol"]["fingerprint"]) for v in said.json["values"]}
    assert real == {("train", rest.fingerprint), ("test", part.fingerprint)}
    assert said.json["notes"] == ["distances in the features pixels can't see blur, noise and texture"]
    trained_on = json.loads((tmp_path / "run" / "run.json").read_text())["dataset"]
    assert (trained_on["images"], trained_on["fingerprint"]) == (len(rest), rest.fingerprint)


def test_a_generator_alone_needs_data(run: Run, folder: Path) -> None:
    alone = folder / "generator"
    refused = run("evaluate", alone, *QUICK)
    assert refused.code == 2
    assert "give the run folder, or its data with --data" in refused.flat
    said = run("evaluate", alone, *QUICK, "--data", "digits", "--metrics", "frechet", "--json")
    assert said.code == 0, said.err
    assert {v["protocol"]["weights"] for v in said.json["values"]} == {"delivered", "floor: 1/5 of train"}
    demanded = run("evaluate", alone, *QUICK, "--data", "digits", "--weights", "live")
    assert demanded.code == 2
    assert "no checkpoint" in demanded.flat


def test_what_a_user_may_mistake_is_said(run: Run, folder: Path, tmp_path: Path) -> None:
    for words, sentence in (
        ((tmp_path / "nothing",), "give a run folder, as in: saddle evaluate runs/digits"),
        ((folder, "--metrics", "frechte"), "there is no metric 'frechte': did you mean 'frechet'?"),
        ((folder, *QUICK, "--metrics", "inception_score"), "the extractor pixels has no classes: take one that has"),
        ((folder, "--features", "digit"), "there is no extractor 'digit': did you mean 'digits'?"),
        ((folder, "--weights", "averaged"), "there are no weights 'averaged': did you mean 'average'?"),
        ((folder, *QUICK, "--data", "mnits"), "there is no data set 'mnits'"),
        ((folder, *QUICK, "--plot", folder / "run.json"), "run.json is a file: give a folder for pictures"),
    ):
        said = run("evaluate", *words)
        assert said.code == 2
        assert sentence in said.flat
    assert not (folder / "evaluation.json").exists()
    (folder / "evaluation.json").write_text("[{")
    said = run("evaluate", folder, *QUICK)
    assert said.code == 2
    assert "is not JSON" in said.flat
    assert (folder / "evaluation.json").read_text() == "[{", "what is damaged is the user's to move"


def test_a_run_without_an_average_has_live_weights_only(run: Run, tmp_path: Path) -> None:
    words = ("--set", "average=none", "--samples", "64", "--out", tmp_path / "run")
    assert run("train", "digits", *TINY, *words).code == 0
    said = run("evaluate", tmp_path / "run", *QUICK, "--metrics", "frechet", "--json")
    assert {v["protocol"]["weights"] for v in said.json["values"]} == {"live", "floor: 1/5 of train"}
    refused = run("evaluate", tmp_path / "run", "--weights", "average")
    assert refused.code == 2
    assert "keeps no average" in refused.flat


def test_points_are_counted_by_mode(run: Run, tmp_path: Path) -> None:
    small = (
        *("--set", "generator.network.widths=[8]", "--set", "discriminator.network.widths=[8]"),
        *("--set", "data.points=500", "--device", "cpu", "--samples", "400"),
    )
    assert run("train", "ring", *small, "--out", tmp_path / "run").code == 0
    said = run("evaluate", tmp_path / "run", "--json", "--seed", "4")
    assert said.code == 0, said.err
    found = {(v["metric"], v["protocol"]["weights"]): v["value"] for v in said.json["values"]}
    mixture = Opened.open(tmp_path / "run").data.mixture
    expected = coverage(model_at(tmp_path / "run").sample(2500, seed=4), mixture)
    assert {name: found[name, "average"] for name in expected} == pytest.approx(expected)
    assert found["modes", "the mixture itself"] == 8
    assert found["high_quality", "the mixture itself"] == pytest.approx(0.989, abs=0.01), "1 − exp(−9/2)"
    refused = run("evaluate", tmp_path / "run", "--features", "digits")
    assert refused.code == 2
    assert "holds points: --features is for evaluations of" in refused.flat


@pytest.mark.slow
def test_the_score_of_a_training_is_taken_in_the_features_that_are_set(run: Run, tmp_path: Path) -> None:
    words = (*TINY, "--set", "score={features: digits, samples: 100}", "--samples", "64")
    said = run("train", "digits", *words, "--json", "--out", tmp_path / "run")
    assert said.code == 0, said.err
    (found,) = said.json["metrics"].items()
    assert found[0] == "frechet_digits"
    opened, digits = Opened.open(tmp_path / "run"), load_extractor("digits")
    real = digits(opened.data.images[looked_at(opened.assembly().setup.batches.source)[:100]])
    expected = frechet_distance(real, digits(model_at(tmp_path / "run").sample(100, seed=1)))
    assert found[1] == pytest.approx(expected, rel=1e-5)
    assert RunFolder(tmp_path / "run").checkpoints.newest().badness == found[1], "the best checkpoint is kept by it"
    kernel = run("train", "digits", *words, "--set", "score.metric=kernel", "--json", "--out", tmp_path / "kernel")
    assert list(kernel.json["metrics"]) == ["kernel_digits"]
