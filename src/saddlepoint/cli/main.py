"""`saddle`: the commands, their flags, and what an error looks like."""

import os
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from saddlepoint import __version__
from saddlepoint.cli import (
    applying,
    augmenting,
    comparing,
    evaluating,
    inspecting,
    listing,
    mapping,
    reporting,
    sampling,
    solving,
    training,
)
from saddlepoint.cli.console import err, fail
from saddlepoint.cli.helping import UsesRun

app = typer.Typer(
    name="saddle",
    help="Train generative adversarial networks as games, solved by an iteration that you choose.\n\n"
    "Begin with: saddle train digits",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"saddlepoint {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    pass


#: Flags that a command does not declare are settings or options of what it is given.
ANY_FLAG = {"allow_extra_args": True, "ignore_unknown_options": True}

app.command("train", context_settings=ANY_FLAG, add_help_option=False)(training.train)
app.command("sample", cls=UsesRun, context_settings=ANY_FLAG)(sampling.sample)
app.command("translate", cls=UsesRun, context_settings=ANY_FLAG)(applying.translate)
app.command("enhance", cls=UsesRun, context_settings=ANY_FLAG)(applying.enhance)
app.command("vocode", cls=UsesRun, context_settings=ANY_FLAG)(applying.vocode)
app.command("augment")(augmenting.augment)
app.command("evaluate", cls=UsesRun, context_settings=ANY_FLAG)(evaluating.evaluate)
app.command("solve")(solving.solve)
app.command("map")(mapping.map_)
app.command("compare", context_settings=ANY_FLAG)(comparing.compare)
app.command("inspect")(inspecting.inspect)
app.command("report")(reporting.report)
app.command("list")(listing.list_)


#: What to type where a command asked for more memory than there is.
LESS = {
    "train": "Give a smaller --batch-size, or smaller networks; see --dry-run for what they cost",
    "sample": "Give a smaller -n, with another --seed each time, or a smaller --scale",
    "augment": "Give a smaller --per-class, with another --seed each time",
    "translate": "Give a smaller --tile",
    "enhance": "Give a smaller --tile",
    "evaluate": "Give a smaller --samples",
    "compare": "Give --jobs 1, or smaller settings",
}


def main() -> None:
    """Run the command line; errors that users can mend are one sentence, exit code 2."""
    from saddlepoint.storage import RunBusy
    from saddlepoint.training import RunFailed, bound_memory

    bound_memory()
    try:
        app(prog_name="saddle")
    except (RunFailed, RunBusy) as error:
        fail(str(error), 1)
    except BrokenPipeError:
        _let_go()
        sys.exit(1)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 1)
    except (MemoryError, RuntimeError, ValueError) as error:
        _fail_for(error)
    except KeyboardInterrupt:
        err.print("interrupted")
        sys.exit(130)


def _fail_for(error: Exception) -> NoReturn:
    """Leave with a sentence, where an error is one that users can mend."""
    from saddlepoint.training import shortage

    if (short := shortage(error)) is not None:
        command = next((word for word in sys.argv[1:] if word in LESS), "")
        fail(f"{short}. {LESS.get(command, 'Ask for less at once')}", 1)
    if isinstance(error, ValueError):
        fail(str(error), 2)
    if isinstance(error, RecursionError):
        fail("something that was given is nested too deep: write it flatter", 2)
    raise error


def _let_go() -> None:
    """Leave nothing for the interpreter to flush where nobody reads any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())
