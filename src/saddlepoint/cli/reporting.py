"""`saddle report` and `saddle status`: what a run's folder says of it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from saddlepoint.cli.console import AsJson, err, print_json
from saddlepoint.report import COLOURS, status_lines, status_of, write_curves, write_report


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, also of a run that still goes on.")],
) -> None:
    """Write report.html of a run anew, and its curves as a picture for slides, curves.png."""
    err.print(f"wrote {write_curves(run)}", markup=False, soft_wrap=True)
    err.print(f"wrote {write_report(run)}", markup=False, soft_wrap=True)


def status(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, also of a run that still goes on.")],
    as_json: AsJson = False,
) -> None:
    """Say where a run is, and whether its game is sound, its result good, and it done.

    Reads the folder alone, from any process, and changes nothing.

    Examples:

      saddle status runs/digits

      watch -n 5 saddle status runs/digits
    """
    found = status_of(run)
    for line in status_lines(found):
        err.print(line, markup=False, soft_wrap=True)
    for verdict in found["verdicts"]:
        colour = Text(f"{verdict['question']:<8}", style=COLOURS[verdict["level"]])
        err.print(colour, Text(verdict["answer"]), sep="", soft_wrap=True)
    if as_json:
        print_json(found)
