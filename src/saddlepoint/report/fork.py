"""The table, the picture and the page of a run's futures. Takes plain data, as in `fork.json`."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from saddlepoint.report.figures import LIGHT, Theme, as_png, data_uri, dress
from saddlepoint.report.history import duration, measure_of
from saddlepoint.report.templates import template
from saddlepoint.storage import write_atomically

#: Pictures in a row.
ACROSS = 4


def write_fork(found: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Write `fork.json`, `.png` and `.html`, each whole or not at all; paths by ending.

    Args:
        found: as `saddlepoint.runs.forking.fork` makes it.
        folder: exists.
    """
    paths = {kind: folder / f"fork.{kind}" for kind in ("json", "png", "html")}
    picture = as_png(fork_figure(found, folder))
    write_atomically(paths["json"], json.dumps(found, allow_nan=False, indent=1) + "\n")
    write_atomically(paths["png"], picture)
    write_atomically(paths["html"], fork_page(found, picture))
    return paths


def fork_figure(found: Mapping[str, Any], folder: Path, theme: Theme = LIGHT) -> Figure:
    """The score of each future against samples seen, and its newest picture."""
    rows = found["rows"]
    pictured = [row for row in rows if row["picture"] and (folder / row["picture"]).exists()]
    across = min(ACROSS, max(1, len(pictured)))
    down = -(-len(pictured) // across)
    width = max(9.0, 3.0 * across)
    heights = [3.2, *([1.08 * width / across] * down)]
    figure = Figure(figsize=(width, sum(heights)), layout="constrained", facecolor=theme.card)
    grid = figure.add_gridspec(1 + down, across, height_ratios=heights)
    axes = figure.add_subplot(grid[0, :])
    dress(axes, theme)
    score = next(iter(found["measures"]), None)
    for number, row in enumerate(rows):
        points = row["curves"].get(score, [])
        colour = theme.lines[number % len(theme.lines)]
        line = "-" if number < len(theme.lines) else "--"
        label = row["settings"] + ("" if points else f" ({row['outcome']})")
        axes.plot([p[0] for p in points], [p[1] for p in points], line, color=colour, marker=".", label=label)
    axes.set_xlabel("samples seen", color=theme.muted, fontsize=9)
    axes.set_ylabel((score or "").replace("_", " "), color=theme.muted, fontsize=9)
    axes.legend(frameon=False, fontsize=8.5, labelcolor=theme.ink)
    for number, row in enumerate(pictured):
        cell = figure.add_subplot(grid[1 + number // across, number % across])
        cell.set_axis_off()
        with Image.open(folder / row["picture"]) as picture:
            cell.imshow(np.asarray(picture.convert("RGB")), interpolation="antialiased")
        cell.set_title(row["settings"], color=theme.ink, fontsize=9)
    return figure


def columns_of(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The heads of the table."""
    return ("future", *found["measures"], "game", "result", "done", "time")


def grid_of(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The rows in words, in the order of `columns_of`; the best of each measure is marked by *."""
    rows = []
    for row in found["rows"]:
        cells = []
        for name in found["measures"]:
            measure, value = measure_of(found["measures"], name), row["metrics"].get(name)
            others = [measure.badness(v) for r in found["rows"] if (v := r["metrics"].get(name)) is not None]
            best = value is not None and len(others) > 1 and measure.badness(value) == min(others)
            cells.append("—" if value is None else f"{value:.4g}{' *' * best}")
        answers = {verdict["question"]: verdict["answer"] for verdict in row["verdicts"]}
        if row["outcome"] in ("non-finite", "diverged"):
            answers["game"] = str(row["outcome"])
        seconds = row["seconds"]
        rows.append(
            (
                str(row["settings"]),
                *cells,
                *(answers.get(question, "—") for question in ("game", "result", "done")),
                "—" if seconds is None else duration(seconds),
            )
        )
    return rows


def remarks(found: Mapping[str, Any]) -> list[str]:
    """What a reader of the table must know, in sentences."""
    words = [
        f"{name}: {m.summary}{f' ({m.words})' if m.words else ''}"
        for name in found["measures"]
        if (m := measure_of(found["measures"], name)).summary
    ]
    return [
        f"All begin at {found['at']:,} samples of {found['run']} and see the same {found['samples']:,} samples and the "
        "same noise from there.",
        "; ".join(words) + ". * is the best.",
        "Each future is a run: saddle train FOLDER/config.yaml --out FOLDER --samples N goes on with it.",
    ]


def fork_page(found: Mapping[str, Any], picture: bytes) -> str:
    """The page: one HTML text that needs nothing else."""
    return template("fork.html").render(
        name=f"Futures of {Path(found['run']).name}",
        lead=remarks(found)[0],
        columns=columns_of(found),
        rows=grid_of(found),
        remarks=remarks(found)[1:],
        picture=data_uri(picture, "image/png"),
        command=shlex.join(found["command"]),
    )
