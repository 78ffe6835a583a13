"""`saddle verify`, and the marks that commands leave in what they write."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import TINY, Run
from saddlepoint.marks import mark_in
from saddlepoint.storage.sealed import checksum


def verified(run: Run, *words: str | Path) -> tuple[int, str, dict]:
    said = run("verify", *words, "--json")
    return said.code, said.json["agreement"], said.json


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.bmp", "a.tiff", "a.npz"])
def test_every_format_says_what_it_is_and_is_made_again_bit_for_bit(
    run: Run, trained: Path, tmp_path: Path, name: str
) -> None:
    for folder in ("one", "two"):
        words = ("sample", trained, "-n", "5", "--seed", "9", "--scale", "2", "--out", tmp_path / folder / name)
        said = run(*words, "--json")
        assert said.json["files"] == [str(tmp_path / folder / name)]
    file = tmp_path / "one" / name
    assert file.read_bytes() == (tmp_path / "two" / name).read_bytes()
    code, agreement, found = verified(run, file, "--run", trained)
    assert (code, agreement, found["holds"]) == (0, "bytes", True)
    mark = found["mark"]
    assert (mark["run"], mark["seed"], mark["n"], mark["options"]) == (trained.name, 9, 5, {"scale": 2})
    assert mark["weights"] == checksum(trained / "generator" / "generator.safetensors")
    assert mark["kind"] == "trainedAlgorithmicMedia"
    assert (found["intact"] is True) == (name == "a.bmp"), "which has no place for a mark"


def test_single_files_walks_and_checkpoints_are_made_again(run: Run, trained: Path, tmp_path: Path) -> None:
    said = run("sample", trained, "-n", "11", "--dir", tmp_path / "single", "--walk", tmp_path / "w.webp", "--stops", 2)
    assert said.code == 0
    seventh = tmp_path / "single" / "07.png"
    assert mark_in(seventh).position == 7
    assert verified(run, seventh, "--run", trained)[:2] == (0, "bytes")
    assert verified(run, tmp_path / "w.webp", "--run", trained)[:2] == (0, "bytes")
    assert [path for path in (tmp_path / "single").iterdir() if path.suffix != ".png"] == []
    assert run("sample", trained, "-n", "4", "--weights", "live", "--out", tmp_path / "live.png").code == 0
    assert verified(run, tmp_path / "live.png", "--run", trained)[:2] == (0, "bytes")
    assert mark_in(tmp_path / "live.png").weights != mark_in(seventh).weights


def test_a_changed_pixel_is_found_and_changed_metadata_are_told_from_it(
    run: Run, trained: Path, tmp_path: Path
) -> None:
    assert run("sample", trained, "-n", "4", "--out", tmp_path / "a.png").code == 0
    with Image.open(tmp_path / "a.png") as image:
        pixels, packet = np.asarray(image).copy(), image.info["xmp"]
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", packet.decode())
    Image.fromarray(pixels).save(tmp_path / "again.png", pnginfo=texts, compress_level=1)
    assert verified(run, tmp_path / "again.png", "--run", trained)[:2] == (0, "samples")
    pixels[3, 3] ^= 1
    Image.fromarray(pixels).save(tmp_path / "changed.png", pnginfo=texts)
    code, agreement, found = verified(run, tmp_path / "changed.png", "--run", trained)
    assert (code, agreement, found["holds"]) == (1, "different", False)
    assert verified(run, tmp_path / "changed.png")[0] == 0, "without the run nobody can know"


@pytest.mark.slow
def test_files_without_a_mark_and_of_other_runs_are_told(run: Run, trained: Path, tmp_path: Path) -> None:
    assert run("sample", trained, "-n", "4", "--no-mark", "--out", tmp_path / "plain.png").code == 0
    said = run("verify", tmp_path / "plain.png")
    assert (said.code, "no mark" in said.err) == (1, True)
    assert run("verify", tmp_path / "missing.png").code == 2
    assert run("sample", trained, "-n", "4", "--out", tmp_path / "a.png").code == 0
    other = tmp_path / "other"
    assert run("train", "digits", *TINY, "--seed", "1", "--samples", "64", "--out", other).code == 0
    code, agreement, found = verified(run, tmp_path / "a.png", "--run", other)
    assert (code, agreement) == (0, "not tried")
    assert "other weights" in found["reason"]
    with Image.open(tmp_path / "plain.png") as one, Image.open(tmp_path / "a.png") as two:
        assert np.array_equal(np.asarray(one), np.asarray(two))


def test_a_mark_that_asks_for_more_than_memory_holds_is_refused(run: Run, trained: Path, tmp_path: Path) -> None:
    assert run("sample", trained, "-n", "4", "--out", tmp_path / "a.bmp").code == 0
    beside = tmp_path / "a.bmp-metadata.json"
    said = json.loads(beside.read_text())
    for change in ({"n": 1 << 39}, {"options": {"scale": 10**9}}, {"options": {"no": 1}}, {"label": "nobody"}):
        beside.write_text(json.dumps({**said, "saddle:mark": {**said["saddle:mark"], **change}}))
        assert run("verify", tmp_path / "a.bmp", "--run", trained).code == 2


@pytest.mark.slow
def test_images_of_a_larger_set_are_marked_beside_real_ones_that_are_not(
    run: Run, tmp_path: Path, shared_data: Path
) -> None:
    folder = tmp_path / "run"
    words = ("train", "digits", "--conditional", *TINY, "--samples", "64", "--out", folder)
    assert run(*words).code == 0
    said = run("augment", folder, "--per-class", "3", "--real", "--out", tmp_path / "set", "--npz", tmp_path / "a.npz")
    assert said.code == 0, said.err
    made, real = tmp_path / "set" / "4" / "generated-2.png", next((tmp_path / "set" / "4").glob("real-*.png"))
    assert (mark_in(made).label, mark_in(made).position, mark_in(real)) == ("4", 2, None)
    assert verified(run, made, "--run", folder)[:2] == (0, "bytes")
    assert mark_in(tmp_path / "a.npz").kind == "compositeWithTrainedAlgorithmicMedia"


def test_a_signature_without_a_mark_is_refused(run: Run, trained: Path, tmp_path: Path) -> None:
    said = run("sample", trained, "--no-mark", "--sign", tmp_path / "mine.pem", "--out", tmp_path / "a.png")
    assert (said.code, "--no-mark" in said.err) == (2, True)


def test_the_run_may_have_moved(run: Run, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "generator", moved := tmp_path / "elsewhere")
    assert run("sample", trained, "-n", "4", "--out", tmp_path / "a.png").code == 0
    assert verified(run, tmp_path / "a.png", "--run", moved)[:2] == (0, "bytes")
