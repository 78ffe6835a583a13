"""Windows of a time series as a picture: curves, real beside generated, and both as clouds on one plane."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from saddlepoint.tasks.pictures import INK, MADE, PAPER, REAL

#: Columns and windows that are drawn, at most; sizes in pixels.
PANELS, SHOWN, WIDTH, HEIGHT, CLOUD = 8, 12, 260, 110, 360
GAP, HEAD = 12, 18
#: Real curves are darker than bars of a histogram, which are filled.
REAL_LINE = tuple(value - 70 for value in REAL)


def curves(
    names: Sequence[str], made: NDArray[np.float64], real: NDArray[np.float64] | None = None, scale: int = 1
) -> NDArray[np.uint8]:
    """A row a column: generated windows blue, real ones, where they are given, grey to their left, on one scale.

    At the right of real and generated ones, their places on the first two principal directions of the real windows,
    standardised by step and column.

    Args:
        names: of the columns.
        made, real: windows (n, steps, columns).
        scale: whole factor of enlargement.

    Returns:
        uint8 (H, W, 3).
    """
    sets = [(made, MADE, "generated")] if real is None else [(real, REAL_LINE, "real"), (made, MADE, "generated")]
    rows = min(len(names), PANELS)
    cloud = CLOUD if real is not None and len(made) > 1 else 0
    size = len(sets) * (WIDTH + GAP) + GAP + cloud, max(rows * (HEIGHT + HEAD) + GAP, cloud and CLOUD + HEAD)
    picture = Image.new("RGB", size, PAPER)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default()
    for row in range(rows):
        shown = [windows[:SHOWN, :, row] for windows, _, _ in sets]
        low, high = min(part.min() for part in shown), max(part.max() for part in shown)
        for place, (part, (_, ink, kind)) in enumerate(zip(shown, sets, strict=True)):
            left, top = GAP + place * (WIDTH + GAP), row * (HEIGHT + HEAD)
            title = f"{names[row]}: {kind}, {low:.6g} to {high:.6g}"
            draw.text((left, top + 4), title.encode("latin-1", "replace").decode("latin-1")[:44], INK, font)
            across = left + np.linspace(0, WIDTH, part.shape[1])
            down = top + HEAD + (HEIGHT - 8) * (1 - (part - low) / (high - low if high > low else 1.0))
            for line in down:
                draw.line(list(zip(across.tolist(), line.tolist(), strict=True)), ink)
    if real is not None and cloud:
        _clouds(draw, font, (size[0] - cloud, 0), real, made)
    pixels = np.asarray(picture)
    return pixels.repeat(scale, 0).repeat(scale, 1)


def _clouds(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    corner: tuple[int, int],
    real: NDArray[np.float64],
    made: NDArray[np.float64],
) -> None:
    flat, other = (windows.reshape(len(windows), -1) for windows in (real, made))
    mean, deviation = flat.mean(0), flat.std(0)
    flat, other = ((rows - mean) / np.where(deviation > 0, deviation, 1.0) for rows in (flat, other))
    plane = np.linalg.svd(flat, full_matrices=False)[2][:2].T
    reach = 1.1 * max(1e-9, float(np.abs(flat @ plane).max()))
    draw.text((corner[0], corner[1] + 4), "principal plane of real windows", INK, font)
    for rows, ink in ((flat, REAL_LINE), (other, MADE)):
        places = (rows @ plane).clip(-reach, reach) / reach
        for x, y in zip(*(places.T if places.shape[1] == 2 else (places[:, 0], 0 * places[:, 0])), strict=True):
            at = corner[0] + (x + 1) / 2 * (CLOUD - GAP), corner[1] + HEAD + (1 - y) / 2 * (CLOUD - GAP)
            draw.ellipse((at[0] - 1.5, at[1] - 1.5, at[0] + 1.5, at[1] + 1.5), ink)
