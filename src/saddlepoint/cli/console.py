"""What people see goes to stderr; stdout is for results and machines."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Annotated, Any, NoReturn

import typer
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from saddlepoint.terminal import Terminal

err = Terminal(stderr=True, highlight=False)
out = Terminal(highlight=False)

#: The option of every command that has a result for machines.
AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON on stdout.")]


def fail(message: str, code: int) -> NoReturn:
    """Print one error and leave."""
    try:
        err.print("error:", style="bold red", end=" ")
        err.print(message, markup=False, soft_wrap=True)
    except OSError:  # nobody reads it, and the code says it, too
        let_go()
    sys.exit(code)


def let_go() -> None:
    """Leave nothing for the interpreter to flush where nobody reads any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())


def tell(notes: Iterable[str]) -> None:
    """Print what is to be known before something is used."""
    for note in notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)


def print_json(value: Mapping[str, Any]) -> None:
    """One line of JSON on stdout."""
    print(json.dumps(value), flush=True)


def print_wide(table: Table) -> None:
    """A table on stderr in its whole width: a narrow terminal wraps lines, better than a table without its names."""
    natural = Measurement.get(err, err.options.update(width=400), table).maximum
    Terminal(stderr=True, highlight=False, width=max(err.width, natural)).print(table)


def bar_of_runs() -> Progress:
    """A bar that counts runs and parts of runs, on terminals."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.completed:.1f}/{task.total:.0f} runs"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )
