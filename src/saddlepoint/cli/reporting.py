"""`saddle report`."""

from pathlib import Path
from typing import Annotated

import typer

from saddlepoint.cli.console import err
from saddlepoint.report import write_curves, write_report


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, also of a run that still goes on.")],
) -> None:
    """Write report.html and curves.png of a run anew."""
    err.print(f"wrote {write_curves(run)}", markup=False, soft_wrap=True)
    err.print(f"wrote {write_report(run)}", markup=False, soft_wrap=True)
