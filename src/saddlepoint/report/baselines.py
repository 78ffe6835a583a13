"""The table, the picture and the page of games beside their baselines. Takes plain data, as in `baselines.json`."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from saddlepoint.measures import Measure
from saddlepoint.report.figures import LIGHT, Theme, as_png, data_uri
from saddlepoint.report.history import compact, duration, measure_of
from saddlepoint.report.templates import template
from saddlepoint.storage import write_atomically

#: What a run cost, behind its measures.
COSTS = ("seconds", "samples", "evaluations")


def write_baselines(found: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Write `baselines.json`, `.html` and, where there are pictures, `.png`, each whole or not at all; paths by ending.

    Args:
        found: from `comparison.compare_baselines`, and its `command` (words) and `versions`.
        folder: exists.
    """
    paths = {"json": folder / "baselines.json", "html": folder / "baselines.html"}
    picture = as_png(samples_figure(found["pictures"])) if found["pictures"] else None
    write_atomically(paths["json"], json.dumps(found, allow_nan=False, indent=1) + "\n")
    write_atomically(paths["html"], baselines_page(found, picture))
    if picture is not None:
        paths["png"] = folder / "baselines.png"
        write_atomically(paths["png"], picture)
    return paths


def samples_figure(pictures: Mapping[str, Mapping[str, str]], theme: Theme = LIGHT) -> Figure:
    """A row a recipe, the samples of each model in it; `pictures` are paths by recipe and label."""
    across = max(len(row) for row in pictures.values())
    figure = Figure(figsize=(2.9 * across, 3.2 * len(pictures)), layout="constrained", facecolor=theme.card)
    panels = figure.subplots(len(pictures), across, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for row, (on, cells) in zip(panels, pictures.items(), strict=True):
        for axes, (label, path) in zip(row, cells.items(), strict=False):
            with Image.open(path) as picture:
                axes.imshow(np.asarray(picture), interpolation="antialiased")
            axes.set_title(f"{on}: {label}", color=theme.ink, fontsize=10)
    return figure


def columns_of(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The heads of the table: what is compared, every measure that was taken, and what it cost."""
    return ("data", "model", *found["measures"], "time", "samples", "evaluations")


def grid_of(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The rows in words, in the order of `columns_of`; the best of a recipe is marked by *."""
    rows = []
    for row in found["rows"]:
        rivals = [other for other in found["rows"] if other["on"] == row["on"] and other["values"]["samples"]]
        failed = f" ({row['failures']} of {row['seeds']} failed)" if row["failures"] else ""
        seconds, samples, evaluations = (row["values"][name] for name in COSTS)
        rows.append(
            (
                str(row["on"]),
                str(row["label"]) + failed,
                *(_measured(measure_of(found["measures"], name), row, rivals) for name in found["measures"]),
                "—" if seconds is None else duration(seconds),
                *("—" if value is None else compact(value) for value in (samples, evaluations)),
            )
        )
    return rows


def _measured(measure: Measure, row: Mapping[str, Any], rivals: Sequence[Mapping[str, Any]]) -> str:
    value = row["values"].get(measure.name)
    if value is None:
        return "—"
    spread = f" ± {row['spread'][measure.name]:.2g}" if measure.name in row["spread"] else ""
    scores = [measure.badness(v) for rival in rivals if (v := rival["values"].get(measure.name)) is not None]
    best = row in rivals and len(scores) > 1 and measure.badness(value) == min(scores)
    return f"{value:.3g}{spread}" + (" *" if best else "")


def remarks(found: Mapping[str, Any]) -> list[str]:
    """What a reader of the table must know, in sentences."""
    words = [
        f"{name}: {m.summary}{f' ({m.words})' if m.words else ''}"
        for name in found["measures"]
        if (m := measure_of(found["measures"], name)).summary
    ]
    said = [
        "; ".join(words) + ".",
        "* is the best of those that were trained on the same data. Rows without a time were not trained: floors, and "
        "baselines that are fitted at once.",
        "Time is that of the whole run, its looks included; evaluations are gradients of one player.",
        *found["notes"],
    ]
    if found["rows"] and found["rows"][0]["seeds"] > 1:
        said.append(f"Mean and standard deviation over {found['rows'][0]['seeds']} seeds.")
    if any(row["failures"] for row in found["rows"]):
        said.append("Runs that failed (diverged or not finite) are in no mean.")
    return said


def baselines_page(found: Mapping[str, Any], picture: bytes | None) -> str:
    """The page: one HTML text that needs nothing else."""
    return template("baselines.html").render(
        name=", ".join(dict.fromkeys(str(row["on"]) for row in found["rows"])),
        columns=columns_of(found),
        rows=grid_of(found),
        remarks=remarks(found),
        picture=None if picture is None else data_uri(picture, "image/png"),
        command=shlex.join(found["command"]),
        versions=found["versions"],
    )
