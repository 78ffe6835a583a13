"""`saddle compare --baselines`."""

import platform
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.table import Table
from rich.text import Text

from saddlepoint import __version__
from saddlepoint.cli.console import bar_of_runs, err, print_json, print_wide
from saddlepoint.comparison import baseline_comparison
from saddlepoint.report import write_curves, write_report
from saddlepoint.report.baselines import COLUMNS, grid_of, remarks, write_baselines
from saddlepoint.training import Budget


def compare_baselines(
    on: Sequence[str],
    runs: Path,
    *,
    budget: Budget | None,
    seeds: int,
    features: str | None,
    sets: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> None:
    """Train each recipe and its baselines, and put them side by side; `runs` is where folders are by default."""
    entries = baseline_comparison.entries_for(on, budget=budget, seeds=seeds, sets=sets)
    folder = out or _free(runs, f"baselines-{'-'.join(on)}", entries)
    bar = bar_of_runs()
    command = ["saddle", *sys.argv[1:]]
    try:
        with bar:
            task = bar.add_task("training", total=len(entries))

            def watch(number: int, share: float, of: int) -> None:
                entry = entries[number]
                bar.update(task, completed=number + share, total=of, description=f"{entry.on} {entry.model}")

            found, pictures = baseline_comparison.compare(entries, folder, features=features, watch=watch)
    except KeyboardInterrupt:
        again = shlex.join(command if out else [*command, "--out", str(folder)])
        err.print(f"Saved what is finished. To go on:  {again}", markup=False, soft_wrap=True)
        raise
    for entry in entries:
        write_curves(entry.folder(folder))
        write_report(entry.folder(folder))
    versions = {"saddlepoint": __version__, "torch": torch.__version__, "python": platform.python_version()}
    paths = write_baselines({**found, "command": command, "versions": versions}, pictures, folder)
    if as_json:
        files = {kind: str(path) for kind, path in paths.items()}
        print_json({"out": str(folder), "rows": found["rows"], "features": found["features"], "files": files})
    shown = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        shown.add_column(column, justify="left" if column in COLUMNS[:2] else "right", no_wrap=True)
    for row in grid_of(found):
        shown.add_row(*map(Text, row))
    print_wide(shown)
    for sentence in remarks(found):
        err.print(sentence, style="dim", markup=False, soft_wrap=True)
    for path in paths.values():
        err.print(f"wrote {path}", markup=False, soft_wrap=True)


def _free(runs: Path, name: str, entries: Sequence[baseline_comparison.Entry]) -> Path:
    """The folder of this comparison, or the first name not taken."""
    number = 1
    while True:
        path = runs / (name if number == 1 else f"{name}-{number}")
        if not path.exists() or not baseline_comparison.differences(entries, path):
            return path
        number += 1
