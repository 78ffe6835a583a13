"""The table, the picture and the page of a game beside its baselines. Takes plain data, as in `baselines.json`."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from saddlepoint.measures import Measure
from saddlepoint.report.figures import LIGHT, Theme, as_png, data_uri
from saddlepoint.report.history import compact, measure_of
from saddlepoint.report.page import duration
from saddlepoint.report.templates import template
from saddlepoint.storage import write_atomically

Pictures = Mapping[str, Sequence[tuple[str, NDArray[np.uint8]]]]

COLUMNS = (
    *("data", "model", "Fréchet", "precision", "recall", "pixel Fréchet", "reconstruction"),
    *("time", "samples", "evaluations"),
)
_TITLES = {"gan": "GAN", "vae": "VAE", "autoencoder": "autoencoder", "data": "data"}
_MEASURED = ("frechet", "precision", "recall", "pixel_frechet", "reconstruction")


def write_baselines(found: Mapping[str, Any], pictures: Pictures, folder: Path) -> dict[str, Path]:
    """Write `baselines.json`, `.png` and `.html`, each whole or not at all; the paths by ending.

    Args:
        found: rows, runs, features and images, and the `command` (words) and `versions`.
        pictures: by recipe, titled grids of the data and of each model's samples.
        folder: exists.
    """
    paths = {kind: folder / f"baselines.{kind}" for kind in ("json", "png", "html")}
    picture = as_png(samples_figure(pictures))
    write_atomically(paths["json"], json.dumps(found, allow_nan=False, indent=1) + "\n")
    write_atomically(paths["png"], picture)
    write_atomically(paths["html"], baselines_page(found, picture))
    return paths


def samples_figure(pictures: Pictures, theme: Theme = LIGHT) -> Figure:
    """A row a recipe: the data, and the samples of each model."""
    across = max(len(row) for row in pictures.values())
    figure = Figure(figsize=(2.9 * across, 3.2 * len(pictures)), layout="constrained", facecolor=theme.card)
    panels = figure.subplots(len(pictures), across, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for row, (on, cells) in zip(panels, pictures.items(), strict=True):
        for axes, (title, picture) in zip(row, cells, strict=False):
            axes.imshow(picture, interpolation="antialiased")
            axes.set_title(f"{on}: {_TITLES.get(title, title)}", color=theme.ink, fontsize=10)
    return figure


def grid_of(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The rows in words, in the order of COLUMNS; the best of a recipe is marked by *."""
    rows = []
    for row in found["rows"]:
        rivals = [other for other in found["rows"] if other["on"] == row["on"]]
        failed = f" ({row['failures']} of {row['seeds']} failed)" if row["failures"] else ""
        rows.append(
            (
                str(row["on"]),
                _TITLES.get(row["model"], row["model"]) + failed,
                *(_measured(measure_of(found["measures"], name), row, rivals) for name in _MEASURED),
                "—" if row["seconds"] is None else duration(row["seconds"]),
                *("—" if row[name] is None else compact(row[name]) for name in ("samples", "evaluations")),
            )
        )
    return rows


def _measured(measure: Measure, row: Mapping[str, Any], rivals: Sequence[Mapping[str, Any]]) -> str:
    name = measure.name
    if row[name] is None:
        return "—"
    values = [measure.badness(float(rival[name])) for rival in rivals if rival[name] is not None]
    spread = f" ± {row['spread'][name]:.2g}" if name in row["spread"] else ""
    return f"{row[name]:.3g}{spread}" + (
        " *" if len(values) > 1 and measure.badness(float(row[name])) == min(values) else ""
    )


def remarks(found: Mapping[str, Any]) -> list[str]:
    """What a reader of the table must know, in sentences."""
    seen = ", ".join(
        f"{found['images'][on]:,} images of {on} in {name} features" for on, name in found["features"].items()
    )
    seeds = found["rows"][0]["seeds"]
    said = [
        f"Fréchet distance (lower is better), precision (quality), recall (variety): as many samples against {seen}.",
        "Pixel Fréchet is the metric of the runs; reconstruction is the root mean square error in [0, 1] units, of "
        "images of the data. * is the best of its data.",
        "Time is that of the whole run, its looks included; evaluations are gradients of one player.",
    ]
    if seeds > 1:
        said.append(f"Mean and standard deviation over {seeds} seeds.")
    if any(row["failures"] for row in found["rows"]):
        said.append("Runs that failed (diverged or not finite) are in no mean.")
    return said


def baselines_page(found: Mapping[str, Any], picture: bytes) -> str:
    """The page: one HTML text that needs nothing else."""
    return template("baselines.html").render(
        name=", ".join(found["features"]),
        columns=COLUMNS,
        rows=grid_of(found),
        remarks=remarks(found),
        picture=data_uri(picture, "image/png"),
        command=shlex.join(found["command"]),
        versions=found["versions"],
    )
