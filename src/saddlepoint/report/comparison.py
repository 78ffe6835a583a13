"""The figure and the page of a comparison of methods. Takes plain data, as `comparison.json` holds it."""

import json
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from saddlepoint.measures import Measure
from saddlepoint.report.figures import DARK, LIGHT, Theme, as_svg, data_uri, recoloured, save_png
from saddlepoint.report.history import Numbers, compact, duration
from saddlepoint.report.page import highlighted
from saddlepoint.report.templates import template
from saddlepoint.storage import from_json, read_text, write_atomically
from saddlepoint.storage.files import stay_within

#: The file that has all of a comparison, and of one that anybody may have written its bytes, methods and results.
COMPARISON, BYTES, ENTRIES, RESULTS = "comparison.json", 32 << 20, 64, 4096
#: Places where the curves of a method's seeds are held against each other.
PLACES = 240
#: Beyond so many times the best start nothing is drawn: a diverging method would flatten all others.
IN_VIEW = 1e3
#: Smaller distances are rounding.
FLOOR = 1e-17
#: Lines beyond the palette differ by their dashes.
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))

_AXES = {"evaluations": "gradient evaluations", "seconds": "seconds"}


def write_comparison(comparison: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Write `comparison.json`, `.png` and `.html`, each whole or not at all; the paths by ending.

    Args:
        comparison: from `saddlepoint.comparison.run`, and its `command` (words) and `versions`.
        folder: exists.
    """
    paths = {kind: (folder / COMPARISON).with_suffix(f".{kind}") for kind in ("json", "png", "html")}
    write_atomically(paths["json"], json.dumps(comparison, allow_nan=False, indent=1) + "\n")
    save_png(comparison_figure(comparison), paths["png"])
    write_atomically(paths["html"], comparison_page(comparison))
    return paths


def comparison_figure(comparison: Mapping[str, Any], theme: Theme = LIGHT) -> Figure:
    """Score against evaluations and against seconds: median over the seeds, and the band from best to worst.

    A seed that failed counts as infinitely bad from where it ended, so a median line ends where half the seeds have.
    """
    order = list(comparison["settings"]["entries"])
    scores, log = _scores(comparison)
    beyond = 10 * max(
        (abs(v) for v in scores), default=1.0
    )  # where a failed seed's end of a band is drawn: out of view
    figure = Figure(figsize=(10.8, 4.3), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1), facecolor=theme.card)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (key, words) in zip(panels, _AXES.items(), strict=True):
        _dress(axes, theme, words)
        for row, runs, x, (low, middle, high) in _bands(comparison, key, log):
            number = order.index(row["method"])
            colour = theme.lines[number % len(theme.lines)]
            dash = _DASHES[number // len(theme.lines) % len(_DASHES)]
            label = row["method"] + (f" ({row['failures']} of {row['seeds']} failed)" if row["failures"] else "")
            few = max(len(r["curve"]["score"]) for r in runs if r["curve"]) <= 20
            axes.plot(x, middle, color=colour, linestyle=dash, linewidth=1.8, label=label)
            if few:
                _points(axes, runs, key, colour)
            axes.fill_between(
                x, np.maximum(low, -beyond), np.minimum(high, beyond), color=colour, alpha=0.14, linewidth=0
            )
    if log:
        panels[0].set_yscale("log")
        panels[0].yaxis.set_major_locator(LogLocator(numticks=9))
        panels[0].yaxis.set_minor_formatter(NullFormatter())
    else:
        panels[0].yaxis.set_major_locator(MaxNLocator(6))
    if scores:
        _view(panels[0], comparison["results"], scores, log)
    panels[0].set_ylabel(_words(comparison["metric"]), color=theme.muted, fontsize=9)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="outside upper left",
        ncols=min(4, max(1, len(names))),
        frameon=False,
        fontsize=8.5,
        labelcolor=theme.ink,
        handlelength=2.0,
    )
    return figure


def _scores(comparison: Mapping[str, Any]) -> tuple[list[float], bool]:
    """All scores that are numbers, and whether they are drawn on a logarithmic axis."""
    scores = [v for r in comparison["results"] for v in r["curve"].get("score", []) if v is not None]
    decades = len(scores) > 1 and min(scores) > 0 and max(scores) > 30 * min(scores)
    return scores, comparison["metric"] == "distance" or decades


def _bands(
    comparison: Mapping[str, Any], key: str, log: bool
) -> Iterator[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]], Numbers, tuple[Numbers, Numbers, Numbers]]]:
    """Each method that has a curve: its row, its runs, places, and the lowest, the median (or NaN), the highest."""
    higher = Measure.read(comparison["metric"], comparison["measure"]).direction == "higher"
    for row in comparison["standings"]:
        runs = [r for r in comparison["results"] if r["method"] == row["method"]]
        x, curves = _aligned(runs, key, log, -math.inf if higher else math.inf)
        if len(x):
            middle = np.median(curves, axis=0)
            middle = np.where(np.isfinite(middle), middle, np.nan)
            yield row, runs, x, (curves.min(axis=0), middle, curves.max(axis=0))


def _aligned(runs: Sequence[Mapping[str, Any]], key: str, log: bool, failed: float) -> tuple[Numbers, Numbers]:
    """All seeds' scores at the same places (seeds, places): held where a run ended well, `failed` after it failed."""
    drawn = [r for r in runs if r["curve"].get("score")]
    if not drawn:
        return np.empty(0), np.empty((0, 0))
    begin = max(float(r["curve"][key][0]) for r in drawn)
    x = np.linspace(begin, max(float(r["curve"][key][-1]) for r in drawn), PLACES)
    rows = []
    for run in runs:
        if run not in drawn:
            rows.append(np.full(PLACES, failed))
            continue
        values = np.array([math.inf if v is None else v for v in run["curve"]["score"]], dtype=np.float64)
        finite = np.isfinite(values)
        at = np.array(run["curve"][key], dtype=np.float64)[finite]
        values = np.log(np.maximum(values[finite], FLOOR)) if log else values[finite]
        row = np.interp(x, at, values)
        rows.append(np.where((x > at[-1]) & bool(run["failed"]), failed, np.exp(row) if log else row))
    return x, np.array(rows)


def _points(axes: Axes, runs: Sequence[Mapping[str, Any]], key: str, colour: str) -> None:
    for run in runs:
        if run["curve"]:
            axes.plot(run["curve"][key], run["curve"]["score"], "o", color=colour, markersize=2.6, alpha=0.6)


def _view(axes: Axes, results: Sequence[Mapping[str, Any]], scores: Sequence[float], log: bool) -> None:
    low, high = _range(results, scores, log)
    if log:
        axes.set_ylim(low / 2, 2 * high)
    else:
        room = 0.06 * (high - low) or 1.0
        axes.set_ylim(low - room, high + room)


def _range(results: Sequence[Mapping[str, Any]], scores: Sequence[float], log: bool) -> tuple[float, float]:
    """The scores that are in view."""
    if not log:
        return min(scores), max(scores)
    first = [r["curve"]["score"][0] for r in results if r["curve"].get("score") and r["curve"]["score"][0] is not None]
    low, high = max(min(scores), FLOOR), max(scores)
    return low, max(low, min(high, IN_VIEW * max(first, default=high)))


def _dress(axes: Axes, theme: Theme, words: str) -> None:
    axes.set_facecolor("none")
    axes.grid(True, color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=theme.muted, labelsize=8.5, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(theme.muted)
    axes.set_xlabel(words, color=theme.muted, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))


# --- the table and the page -----------------------------------------------------------------------------

COLUMNS = ("", "method", "step size", "mean ± spread", "worst seed", "failures", "evaluations", "seconds", "in search")


def grid_of(comparison: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The standings in words, a row a method, in the order of COLUMNS."""
    rows: list[tuple[str, ...]] = []
    for row in comparison["standings"]:
        mean = "—" if row["mean"] is None else f"{row['mean']:.3g} ± {row['spread']:.2g}"
        worst = "failed" if row["worst"] is None else f"{row['worst']:.3g}"
        products = f" + {compact(row['products'])} Jv" if row["products"] else ""
        rows.append(
            (
                str(row["rank"]),
                str(row["method"]),
                _sizes(row) + ("*" if row["search_at_edge"] else ""),
                mean,
                f"{worst} (seed {row['worst_seed']})",
                f"{row['failures']} of {row['seeds']}",
                compact(row["evaluations"]) + products,
                f"{row['seconds']:.3g}",
                compact(row["search_evaluations"]) if row["search_evaluations"] else "—",
            )
        )
    return rows


def _sizes(row: Mapping[str, Any]) -> str:
    """The step size; each player's, the first one's first, where the search changed their ratio."""
    if row["ratio"] == 1:
        return f"{row['lr']:.3g}"
    return ", ".join(f"{rate:.2g}" for rate in row["rates"].values())


def _theories(rows: Sequence[Mapping[str, Any]], optimizers: Mapping[str, str]) -> str:
    """Which optimizer theory holds for, and which the players have."""
    by_theory: dict[str, list[str]] = {}
    for row in rows:
        by_theory.setdefault(row["theory"], []).append(row["method"])
    moved = " and ".join(dict.fromkeys(optimizers.values()))
    held = "; ".join(f"{', '.join(names)}: {theory}" for theory, names in by_theory.items())
    return f"The players move by {moved}. What is proved of a method holds for — {held}."


def remarks(comparison: Mapping[str, Any]) -> list[str]:
    """What a reader of the table must know, in sentences."""
    rows = comparison["standings"]
    direction = Measure.read(comparison["metric"], comparison["measure"]).words or "no direction is known"
    said = [f"Score: {_words(comparison['metric'])}, {direction}; mean and standard deviation over the seeds."]
    if any(row["failures"] for row in rows):
        said.append(
            "Failed seeds (diverged or not finite) are in no mean; they rank a method behind all that fail less."
        )
    if any(row["search_at_edge"] for row in rows):
        sizes = comparison["settings"]["search"]
        said.append(
            f"* the best step size lies at an end of the list {sizes[0]:g} … {sizes[-1]:g}"
            + (", or the best ratio at an end of its own" if comparison["settings"]["ratios"] else "")
            + ": another may be better."
        )
    if any(row["ratio"] != 1 for row in rows):
        said.append(f"Two step sizes: of {' and '.join(comparison['optimizers'])}, in the ratio that the search chose.")
    if any(row["products"] for row in rows):
        said.append("Jv: products with the game's Jacobian, which the budget does not count: compare the seconds too.")
    said.append(_theories(rows, comparison["optimizers"]))
    return said


def _lead(comparison: Mapping[str, Any]) -> str:
    """Who comes first, in a sentence."""
    first = comparison["standings"][0]
    if first["mean"] is None:
        return "Every method failed at every seed."
    failed = f", {first['failures']} of them failed." if first["failures"] else "."
    score = f"{first['mean']:.3g} ± {first['spread']:.2g}"
    return f"{first['method']} comes first: {_words(comparison['metric'])} {score} over {first['seeds']} seeds{failed}"


def read_comparison(folder: Path) -> dict[str, Any]:
    """What `saddle compare` found, as a page shows it, of a folder that anybody may have written.

    Returns:
        `on`, what was played; `lead`, who comes first; `columns` and `rows` of the standings; `remarks`; `command`;
        `panels`, each with its `axis`, `unit`, `scale` and `series`: of each method `label`, its place `colour` among
        the methods, `x`, `y` (the median over the seeds) and the `low` and `high` beside it.

    Raises:
        OSError: it can't be read, or leads out of the folder.
        ValueError: it is not as `saddle compare` writes it, or too large.
    """
    path = folder / COMPARISON
    stay_within(path, folder)
    found = from_json(read_text(path, BYTES))
    try:
        order = list(found["settings"]["entries"])
        if max(len(order), len(found["standings"])) > ENTRIES or len(found["results"]) > RESULTS:
            raise ValueError(f"more than {ENTRIES} methods or {RESULTS:,} results")
        scores, log = _scores(found)
        least, most = _range(found["results"], scores, log) if scores else (0.0, 0.0)
        panels = []
        for key, words in _AXES.items():
            series = []
            for row, _, x, (low, middle, high) in _bands(found, key, log):
                band = {name: np.clip(line, least, most).tolist() for name, line in (("low", low), ("high", high))}
                y = [float(v) if least <= v <= most else None for v in middle]
                name = {"label": str(row["method"]), "colour": order.index(row["method"])}
                series.append({**name, "x": x.tolist(), "y": y, **band})
            panels.append({"axis": words, "scale": "log" if log else "linear", "series": series})
        return {
            "on": str(found["settings"]["on"]),
            "lead": _lead(found),
            "unit": _words(str(found["metric"])),
            "columns": list(COLUMNS),
            "rows": [list(row) for row in grid_of(found)],
            "remarks": remarks(found),
            "command": shlex.join(map(str, found["command"])),
            "panels": panels,
        }
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"{path} is not as saddle compare writes it: {type(error).__name__}: {error}") from error


def comparison_page(comparison: Mapping[str, Any]) -> str:
    """The page of a comparison: one HTML text that needs nothing else."""
    light = LIGHT.on("none")
    figure = as_svg(comparison_figure(comparison, light))
    rows, settings = comparison["standings"], comparison["settings"]
    results = comparison["results"]
    evaluations = sum(r["evaluations"] for r in results)
    searched = sum(row["search_evaluations"] for row in rows)
    tiles = [
        (str(len(rows)), "methods"),
        (str(settings["seeds"]), "seeds each"),
        (compact(evaluations), "evaluations compared"),
        (compact(searched), "evaluations searched"),
        (str(sum(row["failures"] for row in rows)), "failures"),
        (duration(sum(r["seconds"] for r in results)), "time of all runs"),
    ]
    return template("comparison.html").render(
        name=settings["on"],
        lead=_lead(comparison),
        tiles=tiles,
        columns=COLUMNS,
        rows=list(zip(grid_of(comparison), rows, strict=True)),
        remarks=remarks(comparison),
        light=data_uri(figure, "image/svg+xml"),
        dark=data_uri(recoloured(figure, light, DARK), "image/svg+xml"),
        search=_search(comparison),
        sizes=settings["search"],
        ratios=settings["ratios"],
        starts=_starts(results),
        command=shlex.join(comparison["command"]),
        config=highlighted(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)),
        citations=comparison["citations"],
        versions=comparison["versions"],
    )


def _search(comparison: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, bool]]]]:
    """A row a searched method: the score of each trial, sizes and then ratios, and whether it was chosen."""
    found = []
    for row in comparison["standings"]:
        trials = {(t["lr"], t["ratio"]): t for t in comparison["search"] if t["method"] == row["method"]}
        best = (row["lr"], row["ratio"])
        cells = [("failed" if t["failed"] else f"{t['score']:.3g}", tried == best) for tried, t in trials.items()]
        if cells:
            found.append((row["method"], cells))
    return found


def _starts(results: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """The fingerprint of the start of each seed; more than one would be a fault and is shown as such."""
    seeds = sorted({r["seed"] for r in results})
    return [(s, " / ".join(sorted({r["start"] for r in results if r["seed"] == s}))) for s in seeds]


def _words(metric: str) -> str:
    return "distance to the solution" if metric == "distance" else metric.replace("_", " ")
