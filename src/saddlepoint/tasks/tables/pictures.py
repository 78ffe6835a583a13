"""Marginals of a table as a picture: generated beside real, a panel a column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from saddlepoint.tasks.pictures import INK, MADE, PAPER, REAL

#: Panels, at most, and side by side; their size in pixels.
PANELS, ACROSS, WIDTH, HEIGHT = 12, 4, 240, 150


@dataclass(frozen=True)
class Panel:
    """One column.

    Attributes:
        title: its name.
        real, made: shares of the same bins or categories; the last is that of all else.
        ends: what is written under the first and the last bar.
    """

    title: str
    real: Sequence[float]
    made: Sequence[float]
    ends: tuple[str, str]


def marginals(panels: Sequence[Panel], scale: int = 1) -> NDArray[np.uint8]:
    """The first twelve panels in one picture, uint8 (H, W, 3): real bars grey, generated ones blue in front."""
    panels = panels[:PANELS]
    across = max(1, min(ACROSS, len(panels)))
    down = -(-len(panels) // across)
    picture = Image.new("RGB", (across * WIDTH, max(1, down) * HEIGHT), PAPER)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default()
    for number, panel in enumerate(panels):
        left, top = number % across * WIDTH + 12, number // across * HEIGHT + 6
        draw.text((left, top), _short(panel.title, 30), INK, font)
        floor, high, wide = top + HEIGHT - 30, HEIGHT - 52, WIDTH - 24
        most = max(max(panel.real), max(panel.made), 1e-9)
        for bar, (real, made) in enumerate(zip(panel.real, panel.made, strict=True)):
            start, stop = (left + wide * place // len(panel.real) for place in (bar, bar + 1))
            draw.rectangle((start, floor - high * real / most, stop - 2, floor), REAL)
            third = max(1, (stop - start) // 4)
            draw.rectangle((start + third, floor - high * made / most, stop - 2 - third, floor), MADE)
        draw.text((left, floor + 4), _short(panel.ends[0], 17), INK, font)
        last = _short(panel.ends[1], 17)
        draw.text((left + wide - draw.textlength(last, font), floor + 4), last, INK, font)
    pixels = np.asarray(picture)
    return pixels.repeat(scale, 0).repeat(scale, 1)


def _short(text: str, most: int) -> str:
    # The built-in font of a bare installation knows Latin letters alone.
    text = text.encode("latin-1", "replace").decode("latin-1")
    return text if len(text) <= most else text[: most - 2] + ".."
