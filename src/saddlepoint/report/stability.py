"""The picture of where in the plane of step sizes an iteration converges."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import FuncNorm, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from saddlepoint.report.figures import LIGHT, Theme
from saddlepoint.report.history import Numbers

#: Factors from here on are drawn alike.
_STRONG = 2.0
#: A factor above 1 by no more than this is 1: rounding of eigenvalues.
_ROUNDING = 1e-9


def stability(
    h_x: Sequence[float],
    h_y: Sequence[float],
    rate: Sequence[Sequence[float | None]],
    boundary: tuple[Sequence[float], Sequence[float], Sequence[Sequence[float]]] | None = None,
    title: str = "",
    theme: Theme = LIGHT,
) -> Figure:
    """Measured factors a step over (h_x, h_y), and the line on which theory says 1.

    Args:
        h_x: step sizes of the generator, one a column, in geometric progression.
        h_y: of the discriminator, one a row.
        rate: rows by h_y; None or NaN where there is none.
        boundary: h_x, h_y and the factor of theory, rows by h_y, on a grid as fine as the line shall be.
        title: above all.
        theme: colours.

    Raises:
        ValueError: rates that do not fit the step sizes.
    """
    values = np.array([[math.nan if r is None else r for r in row] for row in rate], dtype=np.float64)
    if values.shape != (len(h_y), len(h_x)):
        raise ValueError(f"rate has shape {values.shape}: give {len(h_y)} rows of {len(h_x)}")
    figure = Figure(figsize=(6.6, 5.2), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1), facecolor=theme.card)
    figure.suptitle(title, color=theme.ink, x=0.02, ha="left")
    axes = figure.add_subplot()
    shades = (theme.lines[0], theme.grid, theme.lines[1])
    colours = LinearSegmentedColormap.from_list("factors", shades, N=512).with_extremes(bad=theme.muted)
    # The square root tells .99 from 1, where most step sizes of interest are.
    norm = FuncNorm((_from_one, _to_one), vmin=0.0, vmax=_STRONG)
    mesh = axes.pcolormesh(_edges(h_x), _edges(h_y), np.minimum(values, _STRONG), cmap=colours, norm=norm)
    axes.set(xscale="log", yscale="log", xlabel="h of the generator", ylabel="h of the discriminator")
    if boundary is not None:
        _boundary(axes, boundary, theme)
    bar = figure.colorbar(mesh, ax=axes, ticks=[0, 0.5, 0.8, 0.95, 1, 1.05, 1.2, 1.5, 2])
    bar.ax.set_yticklabels(["0", "0.5", "0.8", "0.95", "1", "1.05", "1.2", "1.5", "2 or more"])
    bar.ax.tick_params(colors=theme.muted, labelsize=8, length=0)
    bar.outline.set_visible(False)
    bar.set_label("measured factor a step", color=theme.muted, fontsize=9)
    _dress(axes, theme)
    return figure


def _boundary(
    axes: Axes, boundary: tuple[Sequence[float], Sequence[float], Sequence[Sequence[float]]], theme: Theme
) -> None:
    x, y, factors = boundary
    # Where a method neither shrinks nor grows, as alternation does, 1 is a plateau: its edge is the line.
    unstable = (np.asarray(factors) > 1 + _ROUNDING).astype(np.float64)
    if unstable.min() < unstable.max():
        axes.contour(x, y, unstable, levels=[0.5], colors=[theme.ink], linewidths=2.0)
        label = "theory: factor 1"
    else:
        label = "theory: stable nowhere here" if unstable.all() else "theory: stable everywhere here"
    line = Line2D([], [], color=theme.ink, linewidth=2.0)
    axes.legend(
        [line],
        [label],
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=8.5,
        labelcolor=theme.ink,
        borderaxespad=0.1,
    )


def _dress(axes: Axes, theme: Theme) -> None:
    axes.set_facecolor(theme.card)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
        axis.label.set(color=theme.muted, fontsize=9)
    axes.tick_params(which="both", colors=theme.muted, labelsize=8, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _edges(centres: Sequence[float]) -> Numbers:
    """The limits of cells in geometric progression about their centres."""
    logs = np.log(np.asarray(centres, dtype=np.float64))
    half = (logs[1] - logs[0]) / 2 if len(logs) > 1 else 0.5
    edges: Numbers = np.exp(np.append(logs - half, logs[-1] + half))
    return edges


def _from_one(factor: Numbers) -> Numbers:
    return np.sign(factor - 1) * np.sqrt(np.abs(factor - 1))


def _to_one(shade: Numbers) -> Numbers:
    return 1 + np.sign(shade) * shade**2
