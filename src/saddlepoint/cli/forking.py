"""`saddle fork`."""

import math
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from saddlepoint.cli.console import AsJson, bar_of_runs, err, print_json, print_wide
from saddlepoint.configuration import ConfigurationError
from saddlepoint.report import fork as report
from saddlepoint.report import write_report
from saddlepoint.runs import Run
from saddlepoint.runs.forking import UNCHANGED
from saddlepoint.runs.forking import fork as forked
from saddlepoint.runs.rehearsing import rehearse
from saddlepoint.storage import started_with


def fork(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder with a checkpoint.")],
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE …", help="A future; several settings of one in quotes. Repeat it."),
    ] = None,
    advice: Annotated[
        bool, typer.Option("--advice", help="Try what the verdicts advise for some hundred steps; keeps no future.")
    ] = False,
    samples: Annotated[
        int | None,
        typer.Option(
            "--samples", min=1, help="That each future sees; a tenth of the run's budget, of advice 300 batches."
        ),
    ] = None,
    at: Annotated[
        int | None, typer.Option("--at", min=0, metavar="SAMPLES", help="The checkpoint; the newest one.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the futures go.")] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the run's configuration names.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Play a run on from a checkpoint under several settings, on the same batches and noise, side by side.

    One future without changes is played beside them. Each is a run folder of its own, that can be gone on with.
    With --advice what the verdicts propose is tried from the last sound checkpoint, and the run's report names what
    measured best.

    Examples:

      saddle fork runs/digits --set lr=1e-3 --set "method=extragradient lr=5e-4" --samples 20000

      saddle fork runs/digits --at 100000 --set penalties.r1.weight=0.1

      saddle fork runs/digits --advice
    """
    if advice:
        if sets or out is not None:
            raise ConfigurationError("--advice tries what the verdicts propose: leave out --set and --out, or --advice")
        _advised(run, samples, at, trust, as_json)
        return
    if not sets:
        raise ConfigurationError(
            "nothing to compare: name settings, as in: saddle fork RUN --set lr=1e-4; or give --advice"
        )
    bar = bar_of_runs()
    try:
        with bar:
            task = bar.add_task("", total=None)

            def tell(what: str, done: float, of: float) -> None:
                bar.update(task, description=what, completed=done, total=of)

            opened = Run.open(run, trust=trust)
            found = forked(opened, *sets, samples=samples, at=at, out=out, progress=tell)
    except KeyboardInterrupt:
        err.print(f"Saved what is finished. To go on:  {shlex.join(started_with())}", markup=False, soft_wrap=True)
        raise
    if as_json:
        print_json({"out": str(found.folder), **found.plain, "files": {k: str(p) for k, p in found.files.items()}})
    shown = Table(box=None, pad_edge=False)
    for column in report.columns_of(found.plain):
        shown.add_column(column, justify="left", no_wrap=column not in ("game", "result", "done"))
    for row in report.grid_of(found.plain):
        shown.add_row(*map(Text, row))
    print_wide(shown)
    for sentence in report.remarks(found.plain):
        err.print(sentence, style="dim", markup=False, soft_wrap=True)
    for path in found.files.values():
        err.print(f"wrote {path}", markup=False, soft_wrap=True)


def _advised(run: Path, samples: int | None, at: int | None, trust: bool, as_json: bool) -> None:
    """Try what is advised, and show what came of it, the best first."""
    bar = bar_of_runs()
    with bar:
        task = bar.add_task("", total=None)

        def tell(what: str, done: float, of: float) -> None:
            bar.update(task, description=what, completed=done, total=of)

        opened = Run.open(run, trust=trust)
        found = rehearse(opened, samples=samples, at=at, progress=tell)
    if as_json:
        print_json({"run": str(run), **asdict(found), "best": found.best})
    shown = Table(box=None, pad_edge=False)
    shown.add_column("settings")
    shown.add_column(f"{found.measure}, less is better", justify="right")
    failed = math.inf
    for name, value in sorted(found.tried.items(), key=lambda pair: failed if pair[1] is None else pair[1]):
        shown.add_row(Text(name), "failed" if value is None else f"{value:.4g}")
    print_wide(shown)
    err.print(f"{found.steps} steps each from {found.at:,} samples, on the same batches", style="dim")
    if found.best == UNCHANGED:
        err.print("nothing did better than the run as it is")
    else:
        words = " ".join(f"--set {shlex.quote(one)}" for one in shlex.split(found.best))
        config = shlex.quote(str(opened.storage.config))
        err.print(f"the best:  saddle train {config} {words}", markup=False, soft_wrap=True)
    write_report(run)
