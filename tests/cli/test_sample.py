"""`saddle sample`: the same seed gives the same pixels, in every form, from wherever the generator lies."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import Run
from saddlepoint.marks import mark_in
from saddlepoint.tasks import model_at


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_grid_holds_what_was_asked_for(run: Run, trained: Path, tmp_path: Path) -> None:
    said = run("sample", trained, "-n", "12", "--columns", "4", "--scale", "2", "--out", tmp_path / "deep" / "grid.png")
    assert said.code == 0
    assert f"wrote {tmp_path / 'deep' / 'grid.png'}" in said.err
    grid = pixels(tmp_path / "deep" / "grid.png")
    assert grid.shape == (3 * (8 * 2 + 2) + 2, 4 * (8 * 2 + 2) + 2, 3)  # two grey pixels around each
    assert len(np.unique(grid)) > 2


def test_the_same_seed_gives_the_same_pixels_and_another_others(run: Run, trained: Path, tmp_path: Path) -> None:
    for name, seed in [("a.png", "7"), ("b.png", "7"), ("c.png", "8")]:
        assert run("sample", trained, "-n", "9", "--seed", seed, "--out", tmp_path / name).code == 0
    assert (pixels(tmp_path / "a.png") == pixels(tmp_path / "b.png")).all()
    assert (pixels(tmp_path / "a.png") != pixels(tmp_path / "c.png")).any()


def test_grid_array_and_files_show_the_same_images(run: Run, trained: Path, tmp_path: Path) -> None:
    said = run(
        *("sample", trained, "-n", "4", "--seed", "3", "--columns", "4", "--scale", "1"),
        *("--out", tmp_path / "grid.png", "--npz", tmp_path / "a.npz", "--dir", tmp_path / "single"),
    )
    assert said.code == 0
    with np.load(tmp_path / "a.npz") as arrays:
        images, latents = arrays["images"], arrays["latents"]
    assert images.shape == (4, 8, 8, 1)
    assert images.dtype == np.uint8
    assert latents.shape == (4, 6)
    grid = pixels(tmp_path / "grid.png")
    files = sorted((tmp_path / "single").iterdir())
    assert [file.name for file in files] == ["0.png", "1.png", "2.png", "3.png"]
    for number, file in enumerate(files):
        assert np.array_equal(pixels(file), images[number, ..., 0]), "grey, as what it was trained on"
        left = 2 + 10 * number
        assert (grid[2:10, left : left + 8, 0] == images[number, ..., 0]).all()


def test_the_first_images_of_a_seed_do_not_depend_on_how_many_are_drawn(trained: Path) -> None:
    generator = model_at(trained)
    for n in (1, 3, 64, 65):
        assert (generator.latents(300, seed=5)[:n] == generator.latents(n, seed=5)).all()
        # A matrix product of another height may round its last bit the other way: one grey level.
        assert (generator.sample(300, seed=5)[:n].int() - generator.sample(n, seed=5).int()).abs().max() <= 1
    assert generator.sample(0).shape == (0, 1, 8, 8)


def test_the_generator_works_alone_and_moved_elsewhere(run: Run, trained: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(trained / "generator", moved)
    for source, name in [(trained, "a.png"), (moved, "b.png"), (trained / "generator", "c.png")]:
        assert run("sample", source, "--seed", "7", "--out", tmp_path / name).code == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "c.png").read_bytes()
    assert np.array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))
    assert (mark_in(tmp_path / "a.png").run, mark_in(tmp_path / "b.png").run) == (trained.name, "elsewhere")


@pytest.mark.parametrize(("suffix", "kind"), [("gif", "GIF"), ("webp", "WEBP"), ("png", "PNG")])
def test_a_walk_is_an_animated_file(run: Run, trained: Path, tmp_path: Path, suffix: str, kind: str) -> None:
    path = tmp_path / f"walk.{suffix}"
    assert run("sample", trained, "--walk", path, "--stops", "3", "--scale", "2").code == 0
    shown = model_at(trained).on_walk(3, 24, seed=0)
    different = 1 + sum(bool((a != b).any()) for a, b in pairwise(shown))
    with Image.open(path) as film:
        assert film.format == kind
        assert film.size == (16, 16)
        # A frame that the format can't tell from the one before is written as a longer duration, so there may be fewer
        # than three legs of 24; a lossless format has one for every picture that differs.
        assert film.is_animated
        assert 24 < film.n_frames <= 72
        assert suffix == "webp" or film.n_frames >= different
    assert not (tmp_path / "grid.png").exists()


def test_a_walk_comes_back_to_where_it_began(trained: Path) -> None:
    generator = model_at(trained)
    walk = generator.on_walk(4, 6, seed=2)
    assert len(walk) == 24
    stops = generator.sample(4, seed=2)
    # At a stop the weights are exactly 0 and 1 up to the rounding of sin(angle)/sin(angle).
    assert (walk[::6].int() - stops.int()).abs().max() <= 1


def test_without_a_target_a_grid_is_written_here(
    run: Run, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("sample", trained, "-n", "4").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["grid.png"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "grid.doc"], "can't be written as grid.doc: give --out FILE with one of .png, .jpg"),
        (["--walk", "walk.mp4"], "an animated file ends in .gif, .webp, .png"),
        (["-n", "0"], "-n"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_mistakes_exit_2(run: Run, trained: Path, options: list[str], message: str) -> None:
    said = run("sample", trained, *options)
    assert said.code == 2
    assert message in said.flat


def test_a_damaged_generator_is_named(run: Run, trained: Path, tmp_path: Path) -> None:
    moved = tmp_path / "generator"
    shutil.copytree(trained / "generator", moved)
    weights = moved / "generator.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    said = run("sample", moved, "--out", tmp_path / "grid.png")
    assert said.code == 2
    assert f"the generator in {moved} is damaged" in said.flat
    (moved / "config.yaml").unlink()
    said = run("sample", moved, "--out", tmp_path / "grid.png")
    assert said.code == 2
    assert "config.yaml missing" in said.flat
    assert not (tmp_path / "grid.png").exists()
