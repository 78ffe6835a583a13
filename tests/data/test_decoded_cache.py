"""Folders whose pixels are kept on the disk: the same images, whatever happens in between."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.data import DataError, ImageData, decoded_cache, image_folder, images, workers
from saddlepoint.data.stream import SampleStream


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """All folders are large, a shard is a few files, and one worker does (a start takes longer than the files)."""
    monkeypatch.setattr(workers, "MOST", 1)
    monkeypatch.setattr(decoded_cache, "KEPT", 0)
    monkeypatch.setattr(decoded_cache, "PIECE", 4 * 3 * 8 * 8)
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def photos(tmp_path) -> Path:
    """Eleven images in three classes, one of which cannot be read; grey ones first."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    for i, name in enumerate(["ant"] * 5 + ["bee"] * 4 + ["cat"] * 2):
        (folder / name).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (8, 8) if i < 5 else (9, 8, 4), np.uint8)
        Image.fromarray(pixels).save(folder / name / f"{i:02}.png")
    (folder / "bee" / "bad.png").write_text("no image")
    return folder


def inside(folder: Path, **options: object) -> ImageData:
    """The same folder, read into memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoded_cache, "KEPT", 1 << 60)
        return image_folder(folder, 8, **options)  # type: ignore[arg-type]


def same(a: ImageData, b: ImageData) -> bool:
    return (a.fingerprint, a.notes, a.classes, a.name) == (b.fingerprint, b.notes, b.classes, b.name)


def files(cache: Path) -> list[str]:
    return sorted(file.suffix for file in cache.rglob("*") if file.is_file() and file.name != "lock")


class Decodings:
    """Counts how often a folder is decoded."""

    def __init__(self) -> None:
        self.done: list[int] = []

    def __call__(self, done: int, total: int) -> None:
        assert 0 < done <= total
        if done == total:
            self.done.append(total)


@pytest.mark.parametrize(
    ("options", "count"), [({}, 1), ({}, 3), ({"channels": 1}, 1), ({"channels": 3, "background": (1, 2, 3)}, 1)]
)
def test_what_is_kept_is_what_is_decoded_in_memory(photos, options, count, monkeypatch) -> None:
    monkeypatch.setattr(workers, "MOST", count)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    expected = inside(photos, **options)
    for _ in range(2):
        assert same(image_folder(photos, 8, **options), expected)


def test_grey_folders_are_kept_in_one_channel(photos, cache) -> None:
    data = image_folder(photos / "ant", 8)
    assert data.shape == (1, 8, 8)
    assert same(data, inside(photos / "ant"))
    assert [file.stat().st_size for file in cache.rglob("*.u8")] == [5 * 8 * 8]


def test_a_folder_is_decoded_once_for_each_size(photos, cache) -> None:
    seen = Decodings()
    for size in (8, 8, 6, 8, 6):
        image_folder(photos, size, progress=seen)
    assert len(seen.done) == 2
    assert files(cache) == [".json", ".json", ".u8", ".u8"]


def touch(file: Path) -> None:
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))


def rewrite_at_the_same_time_and_size(file: Path) -> None:
    before = file.stat()
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        touch,
        rewrite_at_the_same_time_and_size,
        Path.unlink,
        lambda file: file.rename(file.with_name("z.png")),
        lambda file: file.with_name("new.png").write_bytes(file.read_bytes()),
        lambda file: file.write_bytes(file.read_bytes() + b"\0"),
    ],
    ids=["time", "content", "gone", "name", "new", "size"],
)
def test_any_change_of_the_folder_is_seen_and_the_old_pixels_go(photos, cache, change: Callable[[Path], None]) -> None:
    image_folder(photos, 8)
    change(photos / "ant" / "00.png")
    seen = Decodings()
    assert same(image_folder(photos, 8, progress=seen), inside(photos))
    assert len(seen.done) == 1
    assert files(cache) == [".json", ".u8"]


def test_folders_alike_in_all_but_their_place_are_kept_apart(photos, tmp_path) -> None:
    image_folder(photos / "ant", 8)
    (tmp_path / "other").mkdir()
    for file in (photos / "ant").iterdir():
        Image.new("L", (8, 8), 7).save(tmp_path / "other" / file.name)
    assert (image_folder(tmp_path / "other", 8).images == 7).all()


@pytest.mark.parametrize(("ending", "damage"), [("u8", b"cut"), ("json", b""), ("json", b"{}")])
def test_damage_is_mended(photos, cache, ending, damage) -> None:
    image_folder(photos, 8)
    [file] = cache.rglob(f"*.{ending}")
    file.write_bytes(damage)
    assert same(image_folder(photos, 8), inside(photos))


@pytest.mark.slow
def test_a_kill_in_the_middle_leaves_nothing_that_counts(photos, cache) -> None:
    program = f"""
import os, signal
from saddlepoint.data import image_folder, decoded_cache
decoded_cache.KEPT, decoded_cache.PIECE = {decoded_cache.KEPT}, {decoded_cache.PIECE}
image_folder({str(photos)!r}, 8, progress=lambda done, total: os.kill(os.getpid(), signal.SIGKILL))
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert files(cache) == [".partial"]
    assert same(image_folder(photos, 8), inside(photos))
    assert files(cache) == [".json", ".u8"]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, ValueError])
def test_an_interrupt_leaves_nothing(photos, cache, interrupt) -> None:
    def stop(done: int, total: int) -> None:
        raise interrupt

    with pytest.raises(interrupt):
        image_folder(photos, 8, progress=stop)
    assert files(cache) == []


def test_of_two_at_once_one_decodes_and_both_read(photos) -> None:
    seen, results = Decodings(), []
    both = threading.Barrier(2)

    def read() -> None:
        both.wait()
        results.append(image_folder(photos, 8, progress=seen))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen.done) == 1
    assert all(same(data, inside(photos)) for data in results)


def test_what_is_in_use_stays_readable_when_the_folder_changes(photos) -> None:
    data, expected = image_folder(photos, 8), inside(photos)
    (photos / "cat" / "09.png").unlink()
    image_folder(photos, 8)
    assert same(data, expected)


def test_no_file_that_can_be_read_is_the_same_error_and_keeps_nothing(tmp_path, cache) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").write_text("no image")
    with pytest.raises(
        DataError, match=r"none of the 1 image files can be read.* x.png \(not an image in a format that is read\)"
    ):
        image_folder(tmp_path / "a", 8)
    assert files(cache) == []


def test_a_disk_without_room_is_named_before_anything_is_decoded(photos) -> None:
    seen = Decodings()
    with pytest.raises(DataError, match=r"GB of room: set the environment's SADDLE_CACHE .* or give a smaller size"):
        image_folder(photos, 10**7, progress=seen)
    assert seen.done == []


def test_a_cache_that_cannot_be_made_is_named(photos, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"cannot be kept in .*: set the environment's SADDLE_CACHE"):
        image_folder(photos, 8)


def test_a_worker_that_dies_is_an_error_that_names_its_files(photos, monkeypatch) -> None:
    monkeypatch.setattr(workers, "COMMAND", (sys.executable, "-c", "import os; os.read(0, 1); os._exit(3)"))
    with pytest.raises(DataError, match=r"decoded \S*00.png to \S*\.png ended with code 3"):
        image_folder(photos, 8)


def test_workers_keep_to_the_limit_of_pixels(photos, monkeypatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    with pytest.raises(DataError, match=r"Skipped 12 files.* ant/00.png \(more than 60 pixels\)"):
        image_folder(photos, 8)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 32)
    assert len(image_folder(photos, 8)) == 5
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 36)
    assert len(image_folder(photos, 8)) == 11


# --- what is done with them ---------------------------------------------------------------------------


def test_batches_of_the_disk_are_those_of_memory(photos) -> None:
    kept, held = (
        SampleStream(data.images, 4, 0, 2, "normal", -1.0, 1.0, torch.device("cpu"))
        for data in (image_folder(photos, 8), inside(photos))
    )
    for position in (0, 4, 8, 40):
        assert torch.equal(kept(position).value.real, held(position).value.real)


def test_what_is_made_of_images_on_the_disk_goes_to_the_disk(photos, cache, monkeypatch) -> None:
    data, held = image_folder(photos, 8), inside(photos)
    expected = [held.resized(5), *held.split(0.3)]
    monkeypatch.setattr(images, "IN_MEMORY", 0)
    monkeypatch.setattr(images, "CHUNK", 2)
    before = files(cache)
    found = [data.resized(5), *data.split(0.3)]
    assert [part.fingerprint for part in found] == [part.fingerprint for part in expected]
    assert files(cache) == before


def test_without_room_for_what_is_made_the_error_says_so(photos, tmp_path, monkeypatch) -> None:
    data = image_folder(photos, 8)
    monkeypatch.setattr(images, "IN_MEMORY", 0)
    (tmp_path / "file").touch()
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"cannot be written to .*SADDLE_CACHE"):
        data.resized(5)
