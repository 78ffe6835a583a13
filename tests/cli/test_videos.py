"""`saddle enhance` on videos: frames in, frames out, the sound as it was."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from test_applying import DOUBLING, saved

from commands import Run
from saddlepoint.data.videos import VIDEOS, opened_video, write_video
from saddlepoint.marks import mark_beside
from saddlepoint.tasks.translation.videos import Flicker

ffmpeg = pytest.importorskip("imageio_ffmpeg")

#: Frames of one colour each, which compression keeps.
LEVELS = (40, 90, 140, 190, 240)


def video(path: Path, size: tuple[int, int] = (16, 24), *, sound: bool = True) -> Path:
    """Five frames in half a second, with a tone."""
    silent = path.with_name(f"silent-{path.name}")
    frames = [np.full((*size, 3), (level, 128, 255 - level), np.uint8) for level in LEVELS]
    write_video(silent if sound else path, VIDEOS[path.suffix][1], frames, 10.0, None)
    if sound:
        tone = ("-f", "lavfi", "-i", "sine=duration=0.5", "-c:v", "copy", "-shortest", str(path))
        subprocess.run([ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(silent), *tone], check=True)
        silent.unlink()
    return path


def frames(path: Path) -> np.ndarray:
    opened = opened_video(path)
    assert not isinstance(opened, str), opened
    return np.stack(list(opened.frames())).astype(int)


@pytest.mark.slow
def test_a_video_is_enhanced_frame_by_frame_and_keeps_its_sound(run: Run, tmp_path: Path) -> None:
    enlarging = saved(tmp_path / "doubling", DOUBLING, scale=2, command="enhance")
    given, odd, out = video(tmp_path / "a.mp4"), video(tmp_path / "b.avi", (15, 21), sound=False), tmp_path / "out"
    (tmp_path / "c.mov").write_bytes(b"no video")
    call = ("enhance", enlarging, given, odd, tmp_path / "c.mov", "--out", out, "--json")
    said = run(*call)
    assert (said.code, said.json["written"], said.json["remarks"]) == (1, 2, []), said.err
    assert "can't be read as a video" in said.json["failed"][0]["reason"]
    assert sorted(p.suffix for p in out.iterdir()) == [".json", ".json", ".mkv", ".mp4"]
    for name, size, sound in (("a.mp4", (32, 48), True), ("b.mkv", (30, 42), False)):
        opened = opened_video(out / name)
        assert not isinstance(opened, str)
        assert (opened.rate, opened.count, opened.sound) == (10.0, 5, sound)
        assert next(opened.frames()).shape == (*size, 3)
        assert mark_beside(out / name)[0] is not None
    before, after = frames(given), frames(out / "a.mp4")
    assert after.shape == (5, 32, 48, 3)
    assert int(np.abs(before - np.array([(x, 128, 255 - x) for x in LEVELS])[:, None, None]).max()) <= 4
    assert int(np.abs(before.repeat(2, 1).repeat(2, 2) - after).max()) <= 4
    assert run(*call).json["already"] == 2


def test_flicker_is_the_change_from_frame_to_frame_beside_that_of_the_input() -> None:
    steady, flickering = Flicker(), Flicker()
    for number in range(4):
        frame = np.full((4, 6, 3), 10 * number, np.uint8)
        steady.see(frame, frame.repeat(2, 0).repeat(2, 1))
        flickering.see(frame, frame + np.uint8(20 * (number % 2)))
    assert steady.changes == (10.0, 10.0)
    assert steady.told() == ""
    assert flickering.changes == pytest.approx((10.0, (30 + 10 + 30) / 3))
    assert "it flickers: from frame to frame 23.33 levels of 255 change" in flickering.told()
