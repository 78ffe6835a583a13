"""Pictures of a run and of an iteration on a plane. Nothing here touches the global state of pyplot."""

import base64
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from saddlepoint.measures import Measure
from saddlepoint.report.history import Curve, Numbers, columns, compact, measure_of
from saddlepoint.storage import write_atomically


@dataclass(frozen=True)
class Theme:
    """Colours of a figure; `lines` are told apart with any colour vision (blue, orange, green, pink, sand).

    Attributes:
        ink, muted, grid: of text, of secondary text and axes, of grid lines.
        card: the background, or "none".
        alert: of marks where something is wrong.
        lines: one a series; the generator has the first, the discriminator the second.
        path: of a path, from its start to its end.
    """

    ink: str
    muted: str
    grid: str
    card: str
    alert: str
    lines: tuple[str, ...]
    path: tuple[str, str, str]

    def on(self, card: str) -> "Theme":
        """The same on another background."""
        return replace(self, card=card)


LIGHT = Theme(
    ink="#1c2430",
    muted="#5d6875",
    grid="#e4e8ed",
    card="#ffffff",
    alert="#b3261e",
    lines=("#1f6fb5", "#d3650f", "#0f8f72", "#b04a92", "#8a7413"),
    path=("#a9cbea", "#2f75b8", "#0c2c55"),
)
DARK = Theme(
    ink="#e8ecf1",
    muted="#9aa6b4",
    grid="#2b333e",
    card="none",
    alert="#ff8a80",
    lines=("#6db3f2", "#f79a4b", "#45c9a5", "#e08fc7", "#d8c25a"),
    path=("#2d4a6b", "#5b9fdc", "#d5eaff"),
)

#: From so many records on, a line is drawn light and its running mean strong.
SMOOTHED_FROM = 60
#: The running mean spans this share of the records: a loss of a game is noise at every shorter scale.
SMOOTHED_SHARE = 1 / 25
#: Points of a line that a figure of this size can show; of more, the extremes of each stretch are drawn.
DRAWN = 600
#: A path is drawn until it is so many times as far as it began: a diverging one would hide its own start.
IN_VIEW = 20.0

#: Numbers beyond this, or its inverse, are not drawn: axes need room for margins below the largest float.
_LARGEST = 1e150

_SIZE = (5.4, 2.9)
_FONT = 9.0
#: Names in a line of a legend.
_IN_A_LINE = 4


@dataclass(frozen=True)
class Panel:
    """Numbers of one unit on one pair of axes.

    Attributes:
        title: what they are.
        unit: of the vertical axis.
        series: the numbers.
        labels: their names in the legend.
        scale: of the vertical axis.
        limits: of the vertical axis, None where they follow the numbers.
        references: values with a meaning, and the meaning.
        measure: by which the best value is marked; None where none is.
    """

    title: str
    unit: str
    series: tuple[Curve, ...]
    labels: tuple[str, ...]
    scale: Literal["linear", "log", "symlog"] = "linear"
    limits: tuple[float | None, float | None] = (None, None)
    references: tuple[tuple[float, str], ...] = ()
    measure: Measure | None = None


def panels(records: Iterable[Mapping[str, Any]], measures: object = None) -> list[Panel]:
    """The panels of a run: losses, metrics, then monitors by unit; only those with numbers.

    Args:
        records: as in `metrics.jsonl`.
        measures: those of `run.json`; a metric that they do not hold has no best value.
    """
    records = list(records)
    found = []
    if losses := columns(records, "losses"):
        found.append(Panel("Losses", "loss", tuple(losses), tuple(s.name for s in losses), _loss_scale(losses)))
    for metric in columns(records, "metrics"):
        found.append(_metric(metric, measure_of(measures, metric.name)))
    return found + _monitors(columns(records, "monitors"))


def _metric(metric: Curve, measure: Measure) -> Panel:
    values = metric.finite().values
    wide = len(values) > 1 and values.min() > 0 and values.max() > 30 * values.min()
    unit = ", ".join(word for word in (measure.unit, measure.words) if word) or "value"
    scale: Literal["linear", "log"] = "log" if wide else "linear"
    references = () if measure.target is None else ((measure.target, measure.words),)
    name = _words(metric.name)
    return Panel(name, unit, (metric,), (name,), scale, references=references, measure=measure)


def _monitors(monitors: Sequence[Curve]) -> list[Panel]:
    rest = list(monitors)

    def take(*endings: str) -> tuple[Curve, ...]:
        taken = tuple(s for s in rest if s.name.endswith(endings))
        rest[:] = [s for s in rest if not s.name.endswith(endings)]
        return taken

    def labels(series: Iterable[Curve], ending: str = "") -> tuple[str, ...]:
        return tuple(_words(s.name.removesuffix(ending)) for s in series)

    found = []
    if shares := take("_accuracy", "discriminator_auc", "unseen_auc"):
        told = (0.5, "½: a coin does as well")
        found.append(
            Panel(
                "Right answers",
                "share of the discriminator's",
                shares,
                labels(shares, "_accuracy"),
                limits=(-0.02, 1.04),
                references=(told,),
            )
        )
    if diversity := take("diversity"):
        top = max((float(s.finite().values.max()) for s in diversity if len(s.finite().values)), default=1.0)
        found.append(
            Panel(
                "Diversity of the samples",
                "relative to the data",
                diversity,
                labels(diversity),
                limits=(0.0, max(1.15, 1.05 * top)),
                references=((1.0, "1: as diverse as the data"),),
            )
        )
    if fields := take("_gradient_norm"):
        positive = any((s.finite().values > 0).any() for s in fields)
        found.append(
            Panel("Gradients", "norm", fields, labels(fields, "_gradient_norm"), "log" if positive else "linear")
        )
    if rotation := take("rotation"):
        found.append(
            Panel(
                "Rotation",
                "cosine of successive moves",
                rotation,
                labels(rotation),
                limits=(-1.05, 1.05),
                references=((0.0, "0: a right angle"),),
            )
        )
    if rate := take("rate"):
        top = max((float(s.finite().values.max()) for s in rate if len(s.finite().values)), default=1.0)
        found.append(Panel("Speed", "samples a second", rate, labels(rate), limits=(0.0, 1.15 * max(top, 1e-9))))
    return found + [Panel(_words(s.name), "value", (s,), labels([s])) for s in rest]


def _loss_scale(losses: Sequence[Curve]) -> Literal["linear", "symlog"]:
    """Symmetric logarithmic where spikes would flatten all the rest into a line."""
    values = np.abs(np.concatenate([s.finite().values for s in losses]))
    return "symlog" if len(values) > 2 and values.max() > max(100 * np.median(values), 1.0) else "linear"


def curves(records: Iterable[Mapping[str, Any]], theme: Theme = LIGHT, measures: object = None) -> Figure:
    """Losses of all players, metrics and monitors against samples seen, a panel a unit.

    Args:
        records: as in `metrics.jsonl`; any number of them. What is not finite is marked where it happened.
        theme: colours.
        measures: those of `run.json`, which say what the best value of a metric is.
    """
    found = panels(records, measures)
    if not found:
        return _empty("no records yet", theme)
    across = 1 if len(found) == 1 else 2
    down = -(-len(found) // across)
    figure = Figure(
        figsize=(_SIZE[0] * across, (_SIZE[1] + 0.3) * down),
        layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12),
        facecolor=theme.card,
    )
    for place, panel in enumerate(found, start=1):
        axes = figure.add_subplot(down, across, place)
        _draw(axes, panel, theme)
        legend = axes.get_legend()
        wide = legend is not None and len(legend.get_texts()) > 2
        axes.set_title(
            panel.title,
            loc="left",
            color=theme.ink,
            fontsize=_FONT + 2,
            fontweight="bold",
            pad=24 if wide else None,  # a long legend reaches the title: it gets a line of its own
        )
    return figure


def panel_figure(panel: Panel, theme: Theme = LIGHT) -> Figure:
    """One panel on its own, without its title, for a page that sets the title itself."""
    figure = Figure(figsize=_SIZE, facecolor=theme.card)
    axes = figure.add_subplot()
    _draw(axes, panel, theme)
    legend = axes.get_legend()
    lines = 0 if legend is None else -(-len(legend.get_texts()) // _IN_A_LINE)
    # Margins that hold any label: a layout that measures them would draw every figure twice.
    figure.subplots_adjust(left=0.145, right=0.985, bottom=0.16, top=0.97 - 0.075 * lines)
    return figure


def _empty(words: str, theme: Theme) -> Figure:
    figure = Figure(figsize=_SIZE, facecolor=theme.card)
    figure.text(0.5, 0.5, words, ha="center", va="center", color=theme.muted, fontsize=_FONT + 2)
    return figure


def _draw(axes: Axes, panel: Panel, theme: Theme) -> None:
    dress(axes, theme)
    if panel.scale == "log":
        axes.set_yscale("log")
        _plain_decades(axes, panel.series)
    elif panel.scale == "symlog":
        middle = float(np.median(np.abs(np.concatenate([s.finite().values for s in panel.series]))))
        axes.set_yscale("symlog", linthresh=max(2 * middle, 1e-6))
    lost: list[Numbers] = []
    for series, label, colour in zip(panel.series, panel.labels, _colours(panel.series, theme), strict=True):
        lost.append(series.samples[~np.isfinite(series.values)])
        _line(axes, _positive(series) if panel.scale == "log" else series, label, colour)
    for value, meaning in panel.references:
        axes.axhline(value, color=theme.muted, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate(
            meaning,
            (1.0, value),
            (-2, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            color=theme.muted,
            fontsize=_FONT - 1.5,
        )
    if panel.measure is not None:
        _mark_best(axes, panel.series[0], panel.measure, theme)
    end = max(float(s.samples[-1]) for s in panel.series)
    axes.set_xlim(0, 1.02 * end if end > 0 else 1.0)
    axes.set_ylim(*panel.limits)
    if not any(len(s.finite().values) for s in panel.series):
        axes.set_yticks([])
    _mark_lost(axes, np.unique(np.concatenate(lost)), theme)
    axes.set_xlabel("samples seen", color=theme.muted, fontsize=_FONT)
    axes.set_ylabel(panel.unit, color=theme.muted, fontsize=_FONT)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    handles, names = axes.get_legend_handles_labels()
    if len(names) > 1:
        axes.legend(
            handles,
            names,
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=_IN_A_LINE,
            frameon=False,
            fontsize=_FONT - 0.5,
            labelcolor=theme.ink,
            handlelength=1.4,
            columnspacing=1.2,
            borderaxespad=0.1,
        )


def dress(axes: Axes, theme: Theme) -> None:
    """Axes as all pictures have them: a light grid, one spine, no ticks."""
    axes.set_facecolor("none")
    axes.grid(True, color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=theme.muted, labelsize=_FONT - 0.5, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(theme.muted)
        spine.set_linewidth(0.8)


def _plain_decades(axes: Axes, series: Sequence[Curve]) -> None:
    """Ticks at 1, 2 and 5 of each decade where there are few decades, at decades only where there are many."""
    values = np.concatenate([s.finite().values for s in series])
    positive = values[values > 0]
    few = not len(positive) or positive.max() < 1e3 * positive.min()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=8))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if few:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _line(axes: Axes, series: Curve, label: str, colour: str) -> None:
    few = len(series.values) < SMOOTHED_FROM
    raw = thinned(series)
    axes.plot(
        raw.samples,
        raw.values,
        color=colour,
        linewidth=1.7 if few else 0.8,
        alpha=1.0 if few else 0.3,
        marker="o" if few else None,
        markersize=3.0 if len(series.values) > 3 else 6.0,
        label=label if few else None,
    )
    if not few:
        smooth = thinned(Curve(series.name, series.samples, running_mean(series.values)))
        axes.plot(smooth.samples, smooth.values, color=colour, linewidth=1.9, label=label)


def running_mean(values: Numbers) -> Numbers:
    """The centred mean of the finite values over a share of the records; NaN where a value is not finite.

    >>> running_mean(np.array([1.0, 3.0, np.nan, 5.0])).tolist()
    [2.0, 2.0, nan, 5.0]
    """
    width = max(3, round(len(values) * SMOOTHED_SHARE)) | 1
    finite = np.isfinite(values)
    window = np.ones(width)
    half = width // 2
    totals = np.convolve(np.where(finite, values, 0.0), window)[half : half + len(values)]
    counts = np.convolve(finite.astype(np.float64), window)[half : half + len(values)]
    return np.where(finite, totals / np.maximum(counts, 1.0), np.nan)


def thinned(series: Curve) -> Curve:
    """The lowest and the highest value of each stretch, in their order, and a gap where one is not finite."""
    if len(series.values) <= DRAWN:
        return series
    kept: list[int] = []
    for stretch in np.array_split(np.arange(len(series.values)), DRAWN // 2):
        values = series.values[stretch]
        finite = np.isfinite(values)
        extremes = set()
        if finite.any():
            extremes = {int(stretch[np.where(finite, values, np.inf).argmin()])}
            extremes.add(int(stretch[np.where(finite, values, -np.inf).argmax()]))
        if not finite.all():
            extremes.add(int(stretch[np.flatnonzero(~finite)[0]]))
        kept += sorted(extremes)
    return Curve(series.name, series.samples[kept], series.values[kept])


def _positive(series: Curve) -> Curve:
    return Curve(series.name, series.samples, np.where(series.values > 0, series.values, np.nan))


def _mark_best(axes: Axes, series: Curve, measure: Measure, theme: Theme) -> None:
    best = series.best(measure)
    if best is None:
        return
    value, at = best
    axes.margins(y=0.16)  # room for the words
    axes.plot([at], [value], "o", markersize=7, markerfacecolor="none", markeredgecolor=theme.ink, markeredgewidth=1.4)
    late = at > 0.75 * series.samples[-1]
    axes.annotate(
        f"best {value:.4g}",
        (at, value),
        (-8 if late else 8, 8),
        textcoords="offset points",
        ha="right" if late else "left",
        color=theme.ink,
        fontsize=_FONT - 0.5,
    )


def _mark_lost(axes: Axes, samples: Numbers, theme: Theme) -> None:
    if not len(samples):
        return
    shown = samples[np.unique(np.linspace(0, len(samples) - 1, min(len(samples), 100)).astype(int))]
    axes.plot(
        shown,
        np.full(len(shown), 0.04),
        "x",
        color=theme.alert,
        markersize=5,
        markeredgewidth=1.4,
        transform=axes.get_xaxis_transform(),
        clip_on=False,
        label="non-finite here",
        zorder=5,
    )


#: First word of a name -> place in the palette, so that a player keeps its colour in every panel.
_ROLES = {"generator": 0, "generated": 0, "discriminator": 1, "real": 2}


def _colours(series: Sequence[Curve], theme: Theme) -> list[str]:
    fixed = [_ROLES.get(s.name.split("_")[0]) for s in series]
    free = [place for place in (3, 2, 4, 0, 1) if place not in fixed] or list(range(len(theme.lines)))
    chosen, turn = [], 0
    for place in fixed:
        if place is None:
            place, turn = free[turn % len(free)], turn + 1
        chosen.append(theme.lines[place])
    return chosen


def _words(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] if words else name


# --- an iteration on a game with a known solution -------------------------------------------------------


def trajectory(
    distance: Sequence[float],
    path: Sequence[Sequence[float]] | None = None,
    *,
    evaluations: int | None = None,
    rate: float = math.nan,
    outcome: str = "",
    theory_rate: float | None = None,
    title: str = "",
    names: tuple[str, str] = ("x", "y"),
    solution: tuple[float, float] = (0.0, 0.0),
    theme: Theme = LIGHT,
) -> Figure:
    """The way of an iteration: its path in the plane, and its distance to the solution on a log scale.

    Args:
        distance: to the solution, before the first step and after each.
        path: the points, each of two coordinates; None where the game has another number of them.
        evaluations: gradient evaluations spent over all steps; None counts steps on the axis.
        rate: fitted factor a step over the last half; NaN where there is none.
        outcome: in a word.
        theory_rate: the factor that is known from theory, drawn where given.
        title: above all.
        names: of the two coordinates.
        solution: where the path should end.
        theme: colours.

    Raises:
        ValueError: no distance at all, or a path whose points are not pairs.
    """
    if not len(distance):
        raise ValueError("distance is empty: give at least the distance at the start")
    points = None if path is None else np.asarray(path, dtype=np.float64)
    if points is not None and (points.ndim != 2 or points.shape[1] != 2):
        raise ValueError(f"path has shape {points.shape}: give points of two coordinates, or None")
    figure = Figure(
        figsize=(10.6, 4.9) if points is not None else (6.8, 4.6),
        layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1),
        facecolor=theme.card,
    )
    facts = [outcome] if outcome else []
    facts.append(f"{len(distance) - 1:,} steps")
    if evaluations is not None:
        facts.append(f"{evaluations:,} gradient evaluations")
    figure.suptitle(
        f"{title}\n{' · '.join(facts)}" if title else " · ".join(facts),
        color=theme.ink,
        fontsize=_FONT + 2.5,
        x=0.02,
        ha="left",
        linespacing=1.5,
    )
    if points is None:
        right = figure.add_subplot()
    else:
        left, right = figure.subplots(1, 2)
        _plane(left, points, np.asarray(distance, dtype=np.float64), names, solution, theme)
    _descent(right, np.asarray(distance, dtype=np.float64), evaluations, rate, theory_rate, theme)
    return figure


def _plane(
    axes: Axes,
    points: Numbers,
    distance: Numbers,
    names: tuple[str, str],
    solution: tuple[float, float],
    theme: Theme,
) -> None:
    dress(axes, theme)
    seen = _in_view(points, distance, solution)
    points = points[:seen]
    if len(points) > 1:
        colours = LinearSegmentedColormap.from_list("steps", theme.path)
        pieces = np.stack([points[:-1], points[1:]], axis=1)
        line = LineCollection(
            list(pieces), array=np.arange(len(pieces)), cmap=colours, linewidths=1.6, capstyle="round"
        )
        axes.add_collection(line)
        if len(points) <= 80:
            axes.scatter(points[1:-1, 0], points[1:-1, 1], s=9, c=np.arange(1, len(points) - 1), cmap=colours, zorder=3)
        _arrows(axes, points, theme)
        bar = axes.figure.colorbar(line, ax=axes, shrink=0.6, aspect=28, pad=0.02)
        bar.outline.set_visible(False)
        bar.ax.tick_params(colors=theme.muted, labelsize=_FONT - 1, length=0)
        bar.ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        bar.set_label("step", color=theme.muted, fontsize=_FONT)
    axes.plot(*solution, "+", color=theme.alert, markersize=15, markeredgewidth=2.2, zorder=6, label="solution")
    axes.plot(
        *points[0],
        "o",
        color=theme.ink,
        markersize=8,
        markerfacecolor="none",
        markeredgewidth=1.7,
        zorder=5,
        label="start",
    )
    axes.plot(*points[-1], "o", color=theme.lines[0], markersize=6, zorder=5, label=f"step {len(points) - 1:,}")
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.12)
    axes.set_xlabel(names[0], color=theme.muted, fontsize=_FONT)
    axes.set_ylabel(names[1], color=theme.muted, fontsize=_FONT)
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=3,
        frameon=False,
        fontsize=_FONT - 0.5,
        labelcolor=theme.ink,
    )


def _in_view(points: Numbers, distance: Numbers, solution: tuple[float, float]) -> int:
    """How many points, from the first, lie within `IN_VIEW` times the first distance."""
    far = np.hypot(*(points - np.asarray(solution)).T)
    limit = IN_VIEW * max(float(far[0]), float(distance[0]), 1e-12)
    outside = np.flatnonzero(~(far <= limit))
    return max(1, int(outside[0])) if len(outside) else len(points)


def _arrows(axes: Axes, points: Numbers, theme: Theme, wanted: int = 7) -> None:
    """Heads along the path, evenly by its length."""
    lengths = np.hypot(*np.diff(points, axis=0).T)
    total = float(lengths.sum())
    if total <= 0:
        return
    along = (np.arange(wanted) + 0.5) / wanted * total
    for piece in np.unique(np.searchsorted(np.cumsum(lengths), along)):
        a, b = points[piece], points[min(piece + 1, len(points) - 1)]
        if not (b - a).any():
            continue
        middle = (a + b) / 2
        axes.annotate(
            "",
            xy=tuple(middle + (b - a) * 0.02),
            xytext=tuple(middle),
            arrowprops={"arrowstyle": "-|>", "color": theme.ink, "mutation_scale": 12, "lw": 0},
            zorder=4,
        )


def _descent(
    axes: Axes, distance: Numbers, evaluations: int | None, rate: float, theory_rate: float | None, theme: Theme
) -> None:
    dress(axes, theme)
    steps = np.arange(len(distance))
    a_step = evaluations / (len(distance) - 1) if evaluations is not None and len(distance) > 1 else 1.0
    drawn = np.where((distance > 1 / _LARGEST) & (distance < _LARGEST), distance, np.nan)
    if np.isfinite(drawn).any():
        axes.set_yscale("log")
    axes.plot(
        steps * a_step,
        drawn,
        color=theme.lines[0],
        linewidth=1.8,
        marker="o" if len(drawn) <= 40 else None,
        markersize=4,
        label="distance",
    )
    half = (len(distance) - 1) // 2
    for factor, label, style, colour in (
        (rate, "fitted", (0, (5, 3)), theme.lines[1]),
        (math.nan if theory_rate is None else theory_rate, "theory", (0, (1, 2)), theme.lines[2]),
    ):
        if math.isfinite(factor):
            label = f"{label} × {factor:.6f} a step"
            log_line = (
                np.log10(drawn[half]) + (steps[half:] - half) * math.log10(factor)
                if factor > 0
                else np.array([math.nan])
            )
            shown = np.where(np.abs(log_line) < math.log10(_LARGEST), log_line, np.nan)
            if np.isfinite(shown).any():
                axes.plot(steps[half:] * a_step, 10.0**shown, color=colour, linewidth=1.8, linestyle=style, label=label)
            else:
                axes.plot([], [], color=colour, linestyle=style, label=label)
    exact = np.flatnonzero(distance == 0)
    if len(exact):
        axes.plot(
            [exact[0] * a_step],
            [0.03],
            "*",
            color=theme.lines[2],
            markersize=11,
            transform=axes.get_xaxis_transform(),
            label=f"exact at step {exact[0]:,}",
        )
    axes.set_xlim(0, max(1.0, 1.02 * float(steps[-1]) * a_step))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    axes.set_xlabel("gradient evaluations" if evaluations is not None else "steps", color=theme.muted, fontsize=_FONT)
    axes.set_ylabel("distance to the solution", color=theme.muted, fontsize=_FONT)
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=3,
        columnspacing=1.1,
        handlelength=1.6,
        frameon=False,
        fontsize=_FONT - 0.5,
        labelcolor=theme.ink,
    )


# --- files ----------------------------------------------------------------------------------------------


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file, whole or not at all. Raises OSError where the folder can't be written."""
    write_atomically(path, as_png(figure))


def as_png(figure: Figure, dpi: int = 150) -> bytes:
    """A figure as the bytes of a PNG file, `dpi` pixels an inch."""
    buffer = io.BytesIO()
    _literal(figure)
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def as_svg(figure: Figure) -> bytes:
    """A figure as the bytes of an SVG file; letters are outlines, so that it looks the same everywhere."""
    buffer = io.BytesIO()
    _literal(figure)
    with rc_context({"svg.hashsalt": "saddlepoint"}):  # or names inside are random, and bytes differ
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _literal(figure: Figure) -> None:
    """Let dollars in names be dollars, and no formula between them; ticks get their words as a figure is drawn."""
    said: list[Artist] = [*figure.texts]
    for axes in figure.axes:
        legend = axes.get_legend()
        said += [*axes.get_children(), *(legend.get_texts() if legend else ())]
        for axis in (axes.xaxis, axes.yaxis):
            given = isinstance(axis.get_major_locator(), FixedLocator)
            said += [axis.label, *(axis.get_majorticklabels() if given else ())]
    for text in said:
        if isinstance(text, Text) and "$" in text.get_text():
            text.set_parse_math(False)


def recoloured(svg: bytes, theme: Theme, other: Theme) -> bytes:
    """An SVG drawn in one theme as it would be in another, for a tenth of the time that drawing takes.

    >>> recoloured(b"<path style='stroke: #1c2430'/>", LIGHT, DARK)
    b"<path style='stroke: #e8ecf1'/>"
    """
    pairs = dict(zip(_colour_list(theme), _colour_list(other), strict=True))
    pattern = re.compile(rb"#[0-9a-f]{6}\b")
    return pattern.sub(lambda found: pairs.get(found[0].decode(), found[0].decode()).encode(), svg)


def _colour_list(theme: Theme) -> list[str]:
    return [theme.ink, theme.muted, theme.grid, theme.alert, *theme.lines, *theme.path]


def data_uri(content: bytes, kind: str) -> str:
    """Content as a `data:` address for a page that stands alone.

    >>> data_uri(b"<svg/>", "image/svg+xml")
    'data:image/svg+xml;base64,PHN2Zy8+'
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
