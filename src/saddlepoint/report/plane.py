"""A game of points in the plane: what the discriminator said, where it pointed, and where points were made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from saddlepoint.report.figures import LIGHT
from saddlepoint.report.history import compact, number
from saddlepoint.storage import from_json, read_text

#: Bytes of one file, points, arrows, and logits a side, at most.
BYTES, POINTS, ARROWS, GRID = 400_000, 1000, 200, 101
#: Numbers beyond this are not drawn, as those that are not finite.
LARGEST = 1e30
#: Moments in one figure.
MOMENTS = 5
#: Of words on any background.
WORDS = "#7f8a97"

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plane:
    """One moment, as `tasks.plane` keeps it.

    Attributes:
        reach: half the side of the square about 0 that is shown.
        made: generated points (n, 2); of the data's file real ones.
        field: logits (g, g) on a grid of the square, rows from below; (0, 0) where there are none.
        arrows: gradients (k, 2) of the logit at the first k points.
    """

    reach: float
    made: Array
    field: Array
    arrows: Array


def read_plane(path: Path) -> Plane | None:
    """What a run kept of a moment; None of what is not there or is something else. Raises OSError."""
    try:
        found = from_json(read_text(path, BYTES))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(found, dict) or not 0 < (reach := number(found.get("reach"))) < LARGEST:
        return None
    made, arrows = _array(found.get("made"), POINTS, 2), _array(found.get("arrows"), ARROWS, 2)
    field = _array(found.get("field"), GRID)
    square = field if field.shape[0] == field.shape[1] else np.zeros((0, 0))
    return Plane(reach, made, square, arrows[: len(made)])


def _array(value: object, most: int, wide: int | None = None) -> Array:
    """A matrix of numbers, NaN for null; an empty one of anything else, or of one that is too large."""
    empty = np.zeros((0, wide or 0))
    if not isinstance(value, list) or not 0 < len(value) <= most or not all(isinstance(row, list) for row in value):
        return empty
    width = len(value[0])
    if not 0 < width <= most or width != (wide or width) or any(len(row) != width for row in value):
        return empty
    read = np.array([[number(one) for one in row] for row in value])
    return np.where(np.abs(read) < LARGEST, read, np.nan)


def plane_figure(moments: Sequence[tuple[int, Plane]], real: Plane | None = None) -> Figure:
    """The field, its gradient at generated points, and real points beneath, at some moments side by side.

    It has no background, and words that can be read on a light page and on a dark one.

    Args:
        moments: samples seen, and what was there; at most `MOMENTS` are drawn.
        real: points of the data.
    """
    shown = moments[:MOMENTS]
    figure = Figure(figsize=(2.6 * len(shown), 2.95), layout="constrained", facecolor="none")
    for axes, (seen, plane) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        _moment(axes, plane, real)
        axes.set_title(f"{compact(seen)} samples", color=WORDS, fontsize=9)
    return figure


def _moment(axes: Axes, plane: Plane, real: Plane | None) -> None:
    reach = plane.reach
    finite = plane.field[np.isfinite(plane.field)]
    if finite.size:
        colours = LinearSegmentedColormap.from_list("logit", [LIGHT.lines[3], "#ffffff", LIGHT.lines[2]])
        low, high = np.quantile(finite, [0.02, 0.98])
        axes.imshow(
            plane.field,
            origin="lower",
            extent=(-reach, reach, -reach, reach),
            cmap=colours,
            vmin=low,
            vmax=max(high, low + 1e-9),
            interpolation="bilinear",
        )
    if real is not None:
        axes.scatter(real.made[:, 0], real.made[:, 1], s=2.5, color="#5d6875", linewidths=0)
    axes.scatter(plane.made[:, 0], plane.made[:, 1], s=5, color=LIGHT.lines[0], linewidths=0)
    longest = np.nanmax(np.linalg.norm(plane.arrows, axis=1), initial=0.0)
    if longest > 0:
        steps = plane.arrows / longest * 0.22 * reach
        axes.quiver(
            *plane.made[: len(steps)].T,
            *steps.T,
            angles="xy",
            scale_units="xy",
            scale=1,
            width=0.006,
            color="#1c2430",
            alpha=0.75,
        )
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], aspect="equal")
    for spine in axes.spines.values():
        spine.set_visible(False)
