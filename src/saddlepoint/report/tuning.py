"""The figure, the table and the page of a search of settings. Takes plain data, as in `tuning.json`."""

import csv
import io
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from saddlepoint.measures import Measure
from saddlepoint.report.figures import DARK, LIGHT, Theme, as_svg, data_uri, dress, recoloured, save_png
from saddlepoint.report.history import duration
from saddlepoint.report.templates import template
from saddlepoint.storage import write_atomically

#: Rows of the table on a terminal and on the page.
ROWS = 10
#: Settings of which the figure shows the trials.
SHOWN = 3


def write_tuning(found: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Write `tuning.json`, `.csv`, `.png` and `.html`, each whole or not at all; paths by ending.

    Args:
        found: as `saddlepoint.tuning.api.told` makes it.
        folder: exists.
    """
    paths = {kind: folder / f"tuning.{kind}" for kind in ("json", "csv", "png", "html")}
    write_atomically(paths["json"], json.dumps(found, allow_nan=False, indent=1) + "\n")
    write_atomically(paths["csv"], _csv(found))
    save_png(tuning_figure(found), paths["png"])
    write_atomically(paths["html"], tuning_page(found))
    return paths


def tuning_figure(found: Mapping[str, Any], theme: Theme = LIGHT) -> Figure:
    """What mattered, the trials in their order, and the trials against the settings that mattered most."""
    trials = [trial for trial in found["trials"] if trial["value"] is not None]
    importance = dict(list(found["importance"].items())[:8])
    most = list(importance)[:SHOWN]
    figure = Figure(figsize=(10.8, 3.0 + 2.9 * bool(most)), layout="constrained", facecolor=theme.card)
    grid = figure.add_gridspec(1 + bool(most), 6)
    left, right = figure.add_subplot(grid[0, :3]), figure.add_subplot(grid[0, 3:])
    for axes in (left, right):
        dress(axes, theme)
    words = _words(found)
    if importance:
        names = list(importance)[::-1]
        left.barh(names, [importance[name] for name in names], color=theme.lines[0], height=0.6)
        left.tick_params(axis="y", labelsize=8.5, labelcolor=theme.ink)
        left.set_xlabel("share of the variance between trials", color=theme.muted, fontsize=9)
    else:
        left.text(0.5, 0.5, "too few finished trials to say what mattered", ha="center", color=theme.muted, fontsize=9)
        left.set_axis_off()
    if trials:
        numbers, values = [t["number"] for t in trials], [t["value"] for t in trials]
        right.plot(numbers, values, "o", color=theme.lines[0], markersize=4, label="a trial")
        best = np.maximum.accumulate(values) if _higher(found) else np.minimum.accumulate(values)
        right.step(numbers, best, where="post", color=theme.lines[1], label="the best until then")
        if trials[0]["number"] == 0:
            right.axhline(values[0], color=theme.muted, linewidth=1, linestyle="--", label="the recipe as it is")
        _scaled(right, values)
        right.legend(frameon=False, fontsize=8.5, labelcolor=theme.ink)
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.set_xlabel("trial", color=theme.muted, fontsize=9)
    right.set_ylabel(words, color=theme.muted, fontsize=9)
    for place, name in enumerate(most):
        axes = figure.add_subplot(grid[1, 2 * place : 2 * place + 2])
        dress(axes, theme)
        x = [trial["settings"].get(name) for trial in trials]
        choices = [_short(choice) for choice in found["space"][name]["choices"]]
        places = [found["space"][name]["choices"].index(v) for v in x] if choices else x
        axes.plot(places, [t["value"] for t in trials], "o", color=theme.lines[0], markersize=4)
        if choices:
            axes.set_xticks(range(len(choices)), choices, rotation=30, ha="right", fontsize=7.5)
        elif found["space"][name]["log"]:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
        _scaled(axes, [t["value"] for t in trials])
        axes.set_xlabel(name, color=theme.ink, fontsize=9)
    return figure


def columns_of(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The heads of the table."""
    return ("trial", found["measure"]["name"], "", "time", *found["space"])


def grid_of(found: Mapping[str, Any], rows: int = ROWS) -> list[tuple[str, ...]]:
    """The best trials in words, and the recipe as it is, in the order of `columns_of`."""
    done = sorted((t for t in found["trials"] if t["badness"] is not None), key=lambda t: float(t["badness"]))
    chosen = done[:rows] + [trial for trial in found["trials"][:1] if trial not in done[:rows]]
    return [_row(trial, found) for trial in chosen]


def _row(trial: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, ...]:
    mark = " *" if trial["number"] == found["best"] else ""
    own = " (the recipe as it is)" if trial["number"] == 0 and trial["settings"] == found["defaults"] else ""
    seeds = f" ({', '.join('—' if v is None else f'{v:.3g}' for v in trial['by_seed'])})" * (len(trial["by_seed"]) > 1)
    return (
        f"{trial['number']}{own}",
        "—" if trial["value"] is None else f"{trial['value']:.4g}{seeds}{mark}",
        str(trial["state"]),
        "—" if trial["seconds"] is None else duration(trial["seconds"]),
        *(_shown(trial["settings"].get(key)) for key in found["space"]),
    )


def remarks(found: Mapping[str, Any]) -> list[str]:
    """What a reader of the table must know, in sentences."""
    states = [trial["state"] for trial in found["trials"]]
    several = f", the {'worst' if found['worst'] else 'mean'} of {found['seeds']} seeds" * (found["seeds"] > 1)
    measure = Measure.read(found["measure"]["name"], found["measure"])
    said = [
        f"{len(states)} trials of {found['samples']:,} samples{several}: {states.count('done')} finished, "
        f"{states.count('ended early')} ended early by their verdict or their learning curve"
        + f", {states.count('not finished')} not finished" * ("not finished" in states)
        + ".",
        *(
            [f"{measure.name}: {measure.summary} ({measure.words}); * is the best."]
            if found["best"] is not None
            else []
        ),
    ]
    if edge := found.get("edge"):
        alone = ", ".join(f"{key.partition('.')[0]} {rate:.2g}" for key, rate in edge["alone"].items())
        said.append(
            f"After {edge['samples']:,} samples a player overshoots by itself from these rates on: {alone}; the whole "
            f"game's step holds up to {edge['together']:.2g} of them."
        )
    first = found["trials"][0] if found["trials"] else None
    best = None if found["best"] is None else found["trials"][found["best"]]
    if best is not None and first is not None and first["value"] is not None:
        same = best["number"] == 0
        said.append(
            "No trial was better than the recipe as it is."
            if same
            else f"The recipe as it is came to {first['value']:.4g}, the best trial to {best['value']:.4g}; both were "
            f"chosen by this number, so judge by other seeds or held-out data before you believe it."
        )
    if best is None:
        said.append(
            "No trial was finished, so that best.yaml is the recipe as it is: the same command with more --minutes "
            "goes on; or give fewer --samples in another folder."
        )
    if found["importance"]:
        most = ", ".join(f"{name} {share:.0%}" for name, share in list(found["importance"].items())[:3])
        said.append(f"What mattered (functional ANOVA, Hutter et al. 2014): {most}.")
    return said


def tuning_page(found: Mapping[str, Any]) -> str:
    """The page: one HTML text that needs nothing else."""
    light = LIGHT.on("none")
    figure = as_svg(tuning_figure(found, light))
    return template("tuning.html").render(
        name=f"Settings of {found['on']}",
        lead=remarks(found)[0],
        remarks=remarks(found)[1:],
        columns=columns_of(found),
        rows=grid_of(found, len(found["trials"])),
        pruned=[(t["number"], t["why"]) for t in found["trials"] if t["why"]],
        light=data_uri(figure, "image/svg+xml"),
        dark=data_uri(recoloured(figure, light, DARK), "image/svg+xml"),
        command=shlex.join(found["command"]),
    )


def _short(choice: str) -> str:
    """A choice where there is little room: of a method's parameters the values.

    >>> _short("alternating[counts=[2,1]]"), _short("[0.0, 0.99]")
    ('alternating 2,1', '[0.0, 0.99]')
    """
    name, bracket, rest = choice.partition("[")
    if not name or not bracket:
        return choice
    words = rest.rstrip("]").rpartition("=[")[2]
    return f"{name} {words.replace('generator,discriminator', 'G, D')}"


def _scaled(axes: Any, values: Sequence[float]) -> None:
    if min(values) > 0 and max(values) > 10 * min(values):
        axes.set_yscale("log")


def _higher(found: Mapping[str, Any]) -> bool:
    return bool(found["measure"]["direction"] == "higher")


def _words(found: Mapping[str, Any]) -> str:
    measure = Measure.read(found["measure"]["name"], found["measure"])
    name = measure.name.replace("_", " ")
    return f"distance of {name} from {measure.target:g}" if measure.target is not None else name


def _csv(found: Mapping[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "state", found["measure"]["name"], "seconds", *found["space"], "why"])
    for trial in found["trials"]:
        settings = [trial["settings"].get(key, "") for key in found["space"]]
        writer.writerow([trial["number"], trial["state"], trial["value"], trial["seconds"], *settings, trial["why"]])
    return text.getvalue()


def _shown(value: Any) -> str:
    if value is None:
        return "—"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
