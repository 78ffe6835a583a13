"""Videos, frame by frame, by ffmpeg: read as they are shown, written with the sound of another file."""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from re import search
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from saddlepoint.disk import without_links

#: Endings of videos, and what is written for them: its ending, and ffmpeg's name of the format.
VIDEOS = {
    **dict.fromkeys((".mp4", ".m4v"), (".mp4", "mp4")),
    ".mov": (".mov", "mov"),
    **dict.fromkeys((".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".wmv"), (".mkv", "matroska")),
}
#: A playlist in a video's place names other files and hosts; nothing but the file itself is opened.
_READ = ("-protocol_whitelist", "file,pipe")
#: H.264 that loses next to nothing, and colours of high definition, said in the file, so that players need not guess.
_WRITTEN = (
    *("-c:v", "libx264", "-crf", "10", "-vf", "scale=out_color_matrix=bt709:out_range=tv"),
    *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
)


@dataclass(frozen=True)
class Video:
    """What a file's header says.

    Attributes:
        path: the file.
        rate: frames a second.
        count: frames, about.
        sound: whether there is any.
    """

    path: Path
    rate: float
    count: int
    sound: bool

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Every frame at a constant rate, upright, uint8 (H, W, 3).

        Raises:
            OSError: the file can't be read to its end.
        """
        shown = ("-fps_mode", "cfr", "-r", str(self.rate), "-f", "image2pipe", "-c:v", "ppm", "-")
        call = [_ffmpeg(), "-v", "error", *_READ, "-i", _named(self.path), "-map", "0:v:0", *shown]
        with subprocess.Popen(
            call, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout is not None
            try:
                while head := process.stdout.readline():
                    width, height = map(int, process.stdout.readline().split())
                    process.stdout.readline()
                    pixels = process.stdout.read(3 * height * width)
                    if head != b"P6\n" or len(pixels) < 3 * height * width:
                        break
                    yield np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
                else:
                    if process.wait() == 0:
                        return
            finally:
                process.kill()
        raise OSError(f"{self.path} can't be read to its end")


def opened_video(path: Path) -> Video | str:
    """What a video's header says; or why it can't be read."""
    try:
        call = [_ffmpeg(), "-hide_banner", *_READ, "-i", _named(path)]
    except ImportError as error:
        return f"videos are read by imageio-ffmpeg ({error}): pip install 'saddlepoint[video]'"
    nothing = subprocess.DEVNULL
    read = subprocess.run(call, stdin=nothing, stdout=nothing, stderr=subprocess.PIPE, check=False)
    told = read.stderr.decode(errors="replace")
    rate = search(r"Video: .*?([\d.]+) fps", told)
    if rate is None or float(rate[1]) <= 0:
        return "it can't be read as a video"
    lasts = search(r"Duration: (\d+):(\d+):([\d.]+)", told)
    seconds = 0.0 if lasts is None else 3600 * int(lasts[1]) + 60 * int(lasts[2]) + float(lasts[3])
    return Video(path, float(rate[1]), round(float(rate[1]) * seconds), search(r"Stream #.*Audio: ", told) is not None)


def write_video(path: Path, form: str, frames: Iterable[NDArray[np.uint8]], rate: float, sound: Path | None) -> None:
    """Write frames as H.264; where a side is odd colours are kept at full size, which not all players show.

    Args:
        path: of the file.
        form: its format, as ffmpeg calls it.
        frames: uint8 (H, W, 3), of one size.
        rate: frames a second.
        sound: a video whose sound is taken as it is; None writes none.

    Raises:
        OSError: ffmpeg can't write it.
        ValueError: there are no frames.
    """
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise ValueError("a video has a frame at least")
    height, width = first.shape[:2]
    given = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(rate), "-i", "-")
    heard = () if sound is None else (*_READ, "-i", _named(sound), "-map", "0:v", "-map", "1:a:0", "-c:a", "copy")
    colours = "yuv444p" if height % 2 or width % 2 else "yuv420p"
    call = [_ffmpeg(), "-v", "error", "-y", *given, *heard, *_WRITTEN, "-pix_fmt", colours, "-f", form, _named(path)]
    # What it says goes to a file: a pipe that nobody reads would fill.
    with TemporaryFile() as said:
        with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said) as process:
            assert process.stdin is not None
            try:
                for frame in chain([first], frames):
                    process.stdin.write(np.ascontiguousarray(frame).tobytes())
                process.stdin.close()
            except BrokenPipeError:  # it says why
                with suppress(BrokenPipeError):
                    process.stdin.close()
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            said.seek(0)
            why = said.read().decode(errors="replace").strip().splitlines()
            raise OSError(f"ffmpeg can't write it: {why[-1] if why else process.returncode}")


def _named(path: Path) -> str:
    """A file's name that ffmpeg takes for nothing else, as an option, a pattern or a host's."""
    return f"file:{without_links(path)}"


def _ffmpeg() -> str:
    from imageio_ffmpeg import get_ffmpeg_exe

    return str(get_ffmpeg_exe())
