"""A video in, a video out: each frame by itself, the sound as it was, and how much more it flickers."""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.videos import VIDEOS, opened_video, write_video
from saddlepoint.marks import Mark, write_marked

if TYPE_CHECKING:
    from saddlepoint.tasks.translation.files import Conversion

Frame = NDArray[np.uint8]
#: Flicker beyond which a video is remarked on: so many times the input's changes from frame to frame.
FLICKERS = 1.2


class Flicker:
    """Mean absolute changes from frame to frame, in levels of 255, of what is given and of what is made of it.

    What is made is averaged to the size of what is given, as finer pixels change more.
    """

    def __init__(self) -> None:
        self._before: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        self._sums, self._count = np.zeros(2), 0

    def see(self, given: Frame, made: Frame) -> None:
        """The next frame, (H, W, 3) and (s H, s W, C)."""
        height, width = given.shape[:2]
        scale = made.shape[0] // height
        now = (
            given.mean(2, dtype=np.float32),
            made.reshape(height, scale, width, scale, -1).mean((1, 3, 4), dtype=np.float32),
        )
        if self._before is not None:
            self._sums += [float(np.abs(a - b).mean()) for a, b in zip(now, self._before, strict=True)]
            self._count += 1
        self._before = now

    @property
    def changes(self) -> tuple[float, float]:
        """Of what is given, and of what is made; 0 of a single frame."""
        given, made = self._sums / max(1, self._count)
        return float(given), float(made)

    def told(self) -> str:
        """A sentence, where what is made flickers; "" where it does not."""
        given, made = self.changes
        if made <= FLICKERS * given or made < 0.5:
            return ""
        return f"it flickers: from frame to frame {made:.2f} levels of 255 change on average, of the input {given:.2f}"


def convert_video(
    conversion: "Conversion",
    source: Path,
    target: Path,
    progress: OnProgress,
    mark: Mark | None,
    remark: Callable[[str], None],
) -> str | None:
    """Convert every frame; gives the reason where the file was left out."""
    if conversion.hidden is not None:
        return "it is a video, and masks are of pictures: give its frames as files"
    video = opened_video(source)
    if isinstance(video, str):
        return video
    frames, flicker = video.frames(), Flicker()
    try:
        first = next(frames)
    except (OSError, StopIteration):
        return "none of its frames can be read"
    if (why := conversion.foreign(first, remark)) is not None:
        return why

    def made() -> Iterator[Frame]:
        for number, frame in enumerate(chain([first], frames)):
            result = conversion.made(conversion.given(frame), quiet).permute(1, 2, 0).numpy()
            flicker.see(frame, result)
            progress("frames", min(number + 1, video.count), max(1, video.count))
            yield np.repeat(result, 3, 2) if result.shape[2] == 1 else result

    form = VIDEOS[target.suffix.lower()][1]
    sound = source if video.sound else None
    try:
        write_marked(target, lambda file: write_video(file, form, made(), video.rate, sound), mark)
    except OSError as error:
        return str(error)
    if told := flicker.told():
        remark(told)
    return None
