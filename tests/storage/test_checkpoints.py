"""Checkpoints: the newest few and the best are kept; a damaged one is named, set aside, and passed over."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from saddlepoint.storage import Checkpoints, NoCheckpoint

CONTENT = bytes(range(256)) * 16


def writer(content: bytes = CONTENT) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "weights").write_bytes(content)
        (folder / "state").write_bytes(content[::-1])

    return write


def kept(checkpoints: Checkpoints) -> list[int]:
    return sorted(int(path.name) for path in checkpoints.folder.iterdir() if path.name.isdigit())


@pytest.fixture
def three(tmp_path: Path) -> Checkpoints:
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=3)
    for samples in (64, 128, 192):
        checkpoints.save(samples, writer(CONTENT + bytes([samples])))
    return checkpoints


def test_the_newest_is_what_was_saved_last(three: Checkpoints) -> None:
    newest = three.newest()
    assert newest.samples == 192
    assert (newest.path / "weights").read_bytes() == CONTENT + bytes([192])


def test_the_newest_two_and_the_best_stay(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for samples, badness in [(0, None), (1, 5.0), (2, 1.0), (3, 4.0), (4, 2.0), (5, 3.0)]:
        checkpoints.save(samples, writer(), badness)
    assert kept(checkpoints) == [2, 4, 5]
    best = checkpoints.best()
    assert best is not None
    assert (best.samples, best.badness) == (2, 1.0)


def test_without_scores_the_newest_two_stay_and_none_is_best(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for samples in range(5):
        checkpoints.save(samples, writer())
    assert kept(checkpoints) == [3, 4]
    assert checkpoints.best() is None


def truncated(path: Path) -> None:
    (path / "weights").write_bytes((path / "weights").read_bytes()[:-7])


def flipped(path: Path) -> None:
    content = bytearray((path / "state").read_bytes())
    content[len(content) // 2] ^= 1
    (path / "state").write_bytes(content)


def missing(path: Path) -> None:
    (path / "weights").unlink()


def without_manifest(path: Path) -> None:
    (path / "manifest.json").unlink()


def half_manifest(path: Path) -> None:
    text = (path / "manifest.json").read_text()
    (path / "manifest.json").write_text(text[: len(text) // 2])


def foreign_manifest(path: Path) -> None:
    (path / "manifest.json").write_text("[1, 2, 3]")


DAMAGES = [
    (truncated, "checksum of weights"),
    (flipped, "checksum of state"),
    (missing, "weights is missing"),
    (without_manifest, "manifest.json"),
    (half_manifest, "manifest.json"),
    (foreign_manifest, "manifest.json"),
]


@pytest.mark.parametrize(("damage", "fault"), DAMAGES, ids=[d.__name__ for d, _ in DAMAGES])
def test_a_damaged_checkpoint_is_named_set_aside_and_the_one_before_used(
    three: Checkpoints, damage: Callable[[Path], None], fault: str
) -> None:
    damage(three.folder / "000000000192")
    said: list[str] = []
    newest = three.newest(said.append)
    assert newest.samples == 128
    assert (newest.path / "weights").read_bytes() == CONTENT + bytes([128])
    assert len(said) == 1
    assert "000000000192" in said[0]
    assert fault in said[0]
    assert (three.folder / "000000000192.damaged").is_dir()
    assert kept(three) == [64, 128]
    assert three.newest(said.append).samples == 128  # and it is said once
    assert len(said) == 1


def test_damage_in_the_two_newest_leaves_the_third(three: Checkpoints) -> None:
    truncated(three.folder / "000000000192")
    flipped(three.folder / "000000000128")
    said: list[str] = []
    assert three.newest(said.append).samples == 64
    assert len(said) == 2


def test_where_none_is_whole_there_is_no_checkpoint(three: Checkpoints) -> None:
    for path in list(three.folder.iterdir()):
        missing(path)
    said: list[str] = []
    with pytest.raises(NoCheckpoint):
        three.newest(said.append)
    assert len(said) == 3
    assert len(list(three.folder.glob("*.damaged"))) == 3
    with pytest.raises(NoCheckpoint):
        Checkpoints(three.folder / "absent").newest()


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_error_while_saving_leaves_the_ones_before(three: Checkpoints, error: BaseException) -> None:
    def fail(folder: Path) -> None:
        (folder / "weights").write_bytes(CONTENT)
        raise error

    with pytest.raises(type(error)):
        three.save(256, fail)
    assert sorted(p.name for p in three.folder.iterdir()) == ["000000000064", "000000000128", "000000000192"]
    assert three.newest().samples == 192


def test_what_a_killed_process_left_half_written_is_not_a_checkpoint(three: Checkpoints) -> None:
    shutil.copytree(three.folder / "000000000192", three.folder / ".000000000256.partial")
    assert three.newest().samples == 192
    three.save(256, writer())
    assert three.newest().samples == 256
    assert not list(three.folder.glob(".*"))


def test_saving_at_one_position_twice_keeps_the_second(three: Checkpoints) -> None:
    three.save(192, writer(b"again"))
    assert (three.newest().path / "weights").read_bytes() == b"again"
