"""Data that hang, swell or say nothing: each reader comes to an end in a sentence."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
import pytest
import soundfile
from PIL import Image

from commands import Run


def pictures(folder: Path) -> None:
    for number in range(4):
        noise = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")


def pairs(folder: Path) -> None:
    for side in ("a", "b"):
        (folder / side).mkdir()
        pictures(folder / side)


def sounds(folder: Path) -> None:
    for number in range(4):
        soundfile.write(folder / f"{number}.wav", np.sin(np.arange(2000) / (2 + number)) / 2, 2000)


READERS: dict[str, tuple[Callable[[Path], None], tuple[str, ...], tuple[str, ...]]] = {
    "images": (pictures, ("images", "--size", "8"), ("pipe.png",)),
    "enhancement": (pictures, ("enhance", "--degrade", "noise:9", "--set", "data.crop=8"), ("pipe.png",)),
    "pairs": (pairs, ("translate", "--set", "data.size=16"), ("a/pipe.png", "b/pipe.png")),
    "unpaired": (pairs, ("translate", "--unpaired", "--set", "data.size=16"), ("a/pipe.png",)),
    "audio": (sounds, ("audio", "--set", "data.rate=2000", "--set", "data.seconds=0.5"), ("pipe.wav",)),
    "vocoder": (sounds, ("vocoder", "--set", "data.rate=2000", "--set", "data.crop=512"), ("pipe.wav",)),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_or_device_in_a_folder_of_data_does_not_hang(run: Run, tmp_path: Path, reader: str) -> None:
    make, words, names = READERS[reader]
    make(tmp_path)
    for name in names:
        os.mkfifo(tmp_path / name)
    (tmp_path / Path(names[0]).with_stem("device")).symlink_to("/dev/zero")
    said = run("train", *words, "--data", tmp_path, "--dry-run")
    assert "Traceback" not in said.err
    assert said.code in (0, 2)


@pytest.mark.parametrize("task", ["table", "series", "text"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "link to nowhere"])
def test_what_is_no_file_is_no_data(run: Run, tmp_path: Path, task: str, kind: str) -> None:
    place = tmp_path / "data.csv"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to("/dev/zero" if kind == "device" else tmp_path / "nowhere")
    said = run("train", task, "--data", place, "--samples", 8, "--out", tmp_path / "run")
    assert said.code == 2
    assert any(str(name) in said.flat for name in (place, place.resolve()))
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="there is no /proc")
@pytest.mark.parametrize("place", ["/proc/self/maps", "/proc", "/sys", "/", "link"])
@pytest.mark.parametrize(
    "words", [("images",), ("enhance", "--degrade", "noise:9"), ("translate",), ("table",), ("text",), ("audio",)]
)
def test_what_the_kernel_makes_is_no_data(run: Run, tmp_path: Path, words: tuple[str, ...], place: str) -> None:
    given = Path(place)
    if place == "link":
        given = tmp_path / "data"
        given.mkdir()
        for ending in (".png", ".csv", ".wav", ".txt"):
            (given / f"endless{ending}").symlink_to("/proc/self/maps")
    said = run("train", *words, "--data", given, "--samples", 8, "--out", tmp_path / "run")
    assert (said.code, "Traceback" in said.err) == (2, False)
    assert not (tmp_path / "run").exists()


def test_a_circle_of_links_is_told(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.symlink_to(place)
    for words in (("train", "images", "--data"), ("train", "text", "--data"), ("train", "digits", "--from")):
        said = run(*words, place, "--out", tmp_path / "run")
        assert (said.code in (1, 2), "Traceback" in said.err) == (True, False), said.err


@pytest.mark.parametrize("name", ["a.csv", "a.npy", "a.tar", "a.txt", "photographs/a.png"])
def test_a_file_of_which_next_to_nothing_was_written_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    with place.open("wb") as file:
        file.write(b"a,b\n1,2\n")
        file.truncate(1 << 40)
    task = {".csv": "table", ".txt": "text"}.get(place.suffix, "images")
    data = place if place.parent == tmp_path else place.parent
    said = run("train", task, "--data", data, "--samples", 8, "--out", tmp_path / "run")
    assert (said.code, "is a hole: next to none of it was ever written" in said.flat) == (2, True)


def npy(header: str) -> bytes:
    text = header.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


HEADERS = {
    "a huge shape": npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 8, 8), }"),
    "a shape that overflows": npy("{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807, 99, 99), }"),
    "a negative shape": npy("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 8, 8), }"),
    "a shape of texts": npy("{'descr': '|u1', 'fortran_order': False, 'shape': ('a',), }"),
    "objects": npy("{'descr': '|O', 'fortran_order': False, 'shape': (4, 8, 8), }") + b"\x80\x04." * 40,
    "code": npy("__import__('os').system('false')"),
    "deep": npy("(" * 5000),
    "another version": b"\x93NUMPY\x09\x00\x04\x00{}  ",
    "cut": b"\x93NUMPY\x01",
    "nothing": b"",
}


@pytest.mark.parametrize("ending", [".npy", ".npz"])
@pytest.mark.parametrize("what", HEADERS)
def test_an_array_of_an_odd_header_is_refused_in_a_sentence(run: Run, tmp_path: Path, what: str, ending: str) -> None:
    file = tmp_path / f"images{ending}"
    if ending == ".npy":
        file.write_bytes(HEADERS[what])
    else:
        import zipfile

        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("images.npy", HEADERS[what])
    said = run("train", "images", "--data", file, "--samples", 8, "--out", tmp_path / "run")
    assert said.code in (1, 2)
    assert "Traceback" not in said.err
    assert not (tmp_path / "run").exists()


def test_arrays_that_are_not_there_yet_are_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import h5py

    with h5py.File(tmp_path / "sparse.h5", "w") as file:
        file.create_dataset("images", (10**8, 64, 64), np.uint8, chunks=(1, 64, 64))
    said = run("train", "images", "--data", tmp_path / "sparse.h5", "--samples", 8, "--out", tmp_path / "run")
    assert said.code in (1, 2)
    assert "memory" in said.flat or "images" in said.flat
    assert "Traceback" not in said.err


@pytest.mark.parametrize("name", ["caf\udce9.png", "a\nb.png", "\x1b[31mred.png", "x" * 251 + ".png"])
def test_file_names_that_are_no_text_are_read_and_told(run: Run, tmp_path: Path, name: str) -> None:
    pictures(tmp_path)
    (tmp_path / name).write_bytes(b"no picture")
    said = run("train", "images", "--size", "8", "--data", tmp_path, "--dry-run")
    assert said.code == 0
    assert "\x1b" not in said.out + said.err


@pytest.mark.slow
def test_a_table_of_3_000_columns_is_read_or_refused(run: Run, tmp_path: Path) -> None:
    frame = pandas.DataFrame({f"c{n}": range(3) for n in range(3000)})
    frame.to_csv(tmp_path / "wide.csv", index=False)
    said = run("train", "table", "--data", tmp_path / "wide.csv", "--dry-run")
    assert said.code in (0, 2)
    assert "Traceback" not in said.err


def test_a_constant_table_is_refused_or_told(run: Run, tmp_path: Path) -> None:
    pandas.DataFrame({"a": [1] * 100, "b": ["x"] * 100}).to_csv(tmp_path / "c.csv", index=False)
    said = run("train", "table", "--data", tmp_path / "c.csv", "--samples", 64, "--out", tmp_path / "run")
    assert said.code == 2
    assert "constant" in said.flat or "column" in said.flat


def test_images_that_are_all_one_colour_are_told(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "black"
    folder.mkdir()
    for number in range(8):
        Image.new("RGB", (8, 8)).save(folder / f"{number}.png")
    said = run("train", "images", "--size", "8", "--data", folder, "--samples", 64, "--out", tmp_path / "run")
    assert said.code == 0
    assert "Training samples are empty" in said.flat
