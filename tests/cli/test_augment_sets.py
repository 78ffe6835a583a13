"""`saddle augment`, and training on few labels: what is made of a labelled set, and what is refused."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from commands import TINY, Run
from saddlepoint.cli import main
from saddlepoint.data import digits, image_folder, load_images
from saddlepoint.tasks import model_at
from saddlepoint.tasks.images import synthetic
from saddlepoint.tasks.images.synthetic import samples_of_class


@pytest.fixture(scope="module")
def conditional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of a conditional generator that was hardly trained, on three digits of each class."""
    folder = tmp_path_factory.mktemp("conditional") / "run"
    words = ("--conditional", "--set", "data.per_class=3", "--samples", "64", "--out", str(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["saddle", "train", "digits", *TINY, *words])
        with pytest.raises(SystemExit) as leave:
            main()
    assert leave.value.code == 0
    return folder


def manifest(folder: Path) -> dict:
    return json.loads((folder / "augmented.json").read_text(encoding="utf-8"))


# --- few labels -------------------------------------------------------------------------------------------


def test_a_run_is_trained_on_few_of_each_class_and_says_so(conditional: Path) -> None:
    of = json.loads((conditional / "run.json").read_text(encoding="utf-8"))["dataset"]
    chosen = digits(8).of_each_class(3)
    assert of["images"] == 30
    assert of["fingerprint"] == chosen.fingerprint
    assert "Limited to 3 images of each class, of 1,797 (seed 0)." in of["notes"]


def test_two_limits_are_refused_and_a_class_that_is_too_small_is_named(run: Run, tmp_path: Path) -> None:
    command = ("train", "digits", *TINY, "--out", tmp_path / "run")
    said = run(*command, "--set", "data.limit=20", "--set", "data.per_class=2")
    assert said.code == 2
    assert "data.limit=20 and data.per_class=2 are two limits of the images: give one" in said.flat
    said = run(*command, "--set", "data.per_class=175")
    assert said.code == 2
    assert "175 images of each class were asked for, but class '8' has 174" in said.flat


# --- the enlarged set -------------------------------------------------------------------------------------


def test_the_folder_is_the_real_set_and_the_generator_s_samples_bit_for_bit(
    run: Run, conditional: Path, tmp_path: Path
) -> None:
    said = run("augment", conditional, "--per-class", "5", "--real", "--out", tmp_path / "deep" / "set", "--json")
    assert said.code == 0, said.err
    assert "wrote 50 generated and 30 real images to" in said.flat
    found, trained = image_folder(tmp_path / "deep" / "set", 8), model_at(conditional)
    real = digits(8).of_each_class(3)
    assert found.classes == real.classes
    assert found.labels is not None
    assert real.labels is not None
    for label in range(10):
        # generated-0 … generated-4 come before real-0 … real-2 in the order of names.
        inside = found.images[found.labels == label]
        assert torch.equal(inside[:5], samples_of_class(trained, label, 5).images)
        assert torch.equal(inside[5:], real.images[real.labels == label])
    assert sorted(path.name for path in (tmp_path / "deep" / "set" / "7").iterdir()) == [
        *(f"generated-{i}.png" for i in range(5)),
        *(f"real-{i}.png" for i in range(3)),
    ]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["set"]
    kept = manifest(tmp_path / "deep" / "set")
    assert kept["generated"] == dict.fromkeys("0123456789", 5)
    assert kept["real"] == dict.fromkeys("0123456789", 3)
    assert kept["data"]["fingerprint"] == real.fingerprint
    assert kept["folders"] == {name: name for name in "0123456789"}
    assert said.json == {key: value for key, value in kept.items() if key != "folders"}


def test_arrays_hold_the_same_and_say_which_are_generated(run: Run, conditional: Path, tmp_path: Path) -> None:
    said = run("augment", conditional, "--per-class", "4", "--out", tmp_path / "set", "--npz", tmp_path / "set.npz")
    assert said.code == 0, said.err
    alone, folder = load_images(tmp_path / "set.npz"), image_folder(tmp_path / "set", 8)
    assert alone.fingerprint == folder.fingerprint
    assert alone.classes == folder.classes
    said = run("augment", conditional, "--per-class", "4", "--data", "digits", "--npz", tmp_path / "both.npz")
    assert said.code == 0, said.err
    with np.load(tmp_path / "both.npz") as arrays:
        generated, images, labels = arrays["generated"], arrays["images"], arrays["labels"]
    whole = digits(8)
    assert generated.tolist() == [False] * len(whole) + [True] * 40
    assert torch.equal(torch.from_numpy(images[generated][..., 0]), alone.images[:, 0])
    assert np.bincount(labels[~generated]).tolist() == whole.labels.bincount().tolist()
    assert images[~generated].astype(int).sum() == int(whole.images.int().sum())


# --- mistakes ---------------------------------------------------------------------------------------------


def test_a_generator_without_classes_says_how_to_train_one(run: Run, tmp_path: Path) -> None:
    words = ("--no-conditional", "--samples", "64", "--out", tmp_path / "run")
    assert run("train", "digits", "--size", "8", *words).code == 0
    said = run("augment", tmp_path / "run", "--per-class", "5", "--out", tmp_path / "set")
    assert said.code == 2
    assert "makes no classes on demand" in said.flat
    assert "saddle train RECIPE --conditional" in said.flat
    assert not (tmp_path / "set").exists()


def test_a_folder_in_use_is_left_alone(run: Run, conditional: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    said = run("augment", conditional, "--per-class", "5", "--out", tmp_path)
    assert said.code == 2
    assert "is not empty" in said.flat
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    said = run("augment", conditional, "--per-class", "5", "--out", tmp_path / "mine.txt")
    assert said.code == 2
    assert "is a file: give a new folder" in said.flat
    (tmp_path / "empty").mkdir()
    assert run("augment", conditional, "--per-class", "1", "--out", tmp_path / "empty").code == 0
    assert len(image_folder(tmp_path / "empty", 8)) == 10


def test_real_images_that_do_not_fit_are_named(run: Run, conditional: Path, tmp_path: Path) -> None:
    for name, shape in (("colour", (8, 8, 3)), ("other", (8, 8))):
        for label in ("0", "ten"):
            (tmp_path / name / label).mkdir(parents=True)
            noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / name / label / "a.png")
    (tmp_path / "flat").mkdir()
    for name in ("a", "b"):
        Image.new("L", (8, 8)).save(tmp_path / "flat" / f"{name}.png")
    for name, message in (
        ("colour", "has images of (3, 8, 8) (channels, height, width), the generator makes (1, 8, 8)"),
        ("other", "has classes that the generator lacks (ten; it makes 0, 1, 2"),
        ("flat", "has no classes to put its images into"),
    ):
        said = run("augment", conditional, "--per-class", "2", "--data", tmp_path / name, "--out", tmp_path / "set")
        assert said.code == 2
        assert message in said.flat
        assert not (tmp_path / "set").exists()
    said = run("augment", conditional / "generator", "--per-class", "2", "--real", "--out", tmp_path / "set")
    assert said.code == 2
    assert "does not say what the generator was trained on: give the run folder, or the images with --data" in said.flat


def test_samples_that_are_no_digits_are_not_kept_for_ever(
    run: Run, conditional: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthetic, "PATIENCE", 2)
    said = run("augment", conditional, "--per-class", "40", "--keep", "0.999", "--out", tmp_path / "set")
    assert said.code == 2
    assert "are read as it by the classifier digits with probability 0.999, but 40 were asked for" in said.flat
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--per-class", "0", "--out", "set"], "--per-class"),
        (["--out", "set"], "--per-class"),
        (["--per-class", "5"], "say where the images shall go"),
        (["--per-class", "5", "--out", "."], "the folder that you are in"),
        (["--per-class", "5", "--keep", "80", "--out", "set"], "give one between 0 and 1"),
    ],
)
def test_mistakes_exit_2(
    run: Run, conditional: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run("augment", conditional, *options)
    assert said.code == 2
    assert message in said.flat
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_points_are_no_images(run: Run, tmp_path: Path) -> None:
    words = ("--samples", "64", "--batch-size", "32", "--device", "cpu", "--out", tmp_path / "run")
    assert run("train", "ring", *words).code == 0
    said = run("augment", tmp_path / "run", "--per-class", "5", "--out", tmp_path / "set")
    assert said.code == 2
    assert "sets of images are what can be enlarged" in said.flat
