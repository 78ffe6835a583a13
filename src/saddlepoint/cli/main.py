"""`saddle`: the commands, and what an error looks like.

A command's module is imported when the command is run, so that help, the version and completion need no torch.
"""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated, Any, NamedTuple, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from saddlepoint.cli.completing import suggestions
from saddlepoint.cli.declared import as_function, declared
from saddlepoint.cli.usage import HELP, check
from saddlepoint.configuration.errors import ConfigurationError

#: Flags that a command does not declare are settings or options of what it is given.
ANY_FLAG = {"allow_extra_args": True, "ignore_unknown_options": True}


#: Commands that compute or write and run in one process; of several, each would do the whole of it.
ALONE = frozenset(
    (
        *("sample", "translate", "enhance", "vocode", "augment", "export", "evaluate", "solve", "map", "compare"),
        *("fork", "tune", "judge"),
    )
)


class Entry(NamedTuple):
    """A command before its module is imported.

    Attributes:
        function: where it lives, in this package.
        summary: the first line of its docstring.
        any_flag: whether it takes flags that it does not declare.
        uses_run: whether its help tells the options of the run that is named.
        own_help: whether it writes its help itself.
    """

    function: str
    summary: str
    any_flag: bool = False
    uses_run: bool = False
    own_help: bool = False

    def load(self, name: str) -> Any:
        """The command with its flags and help, its module imported now."""
        return self._command(name, resolve_name(f"saddlepoint.cli.{self.function}"), whole=True)

    def declared(self, name: str) -> Any:
        """A command that parses as this one does, says the same help, and imports and does nothing."""
        return self._command(name, as_function(declared()["commands"][name]), whole=False)

    def _command(self, name: str, function: Callable[..., Any], *, whole: bool) -> Any:
        options: dict[str, Any] = {"context_settings": ANY_FLAG} if self.any_flag else {}
        if self.uses_run and whole:
            options["cls"] = resolve_name("saddlepoint.cli.helping:UsesRun")
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name, add_help_option=not self.own_help, **options)(function)
        return typer.main.get_command(app)


COMMANDS = {
    "train": Entry(
        "training:train",
        "Train a recipe. The same command with the same folder continues.",
        any_flag=True,
        own_help=True,
    ),
    "sample": Entry(
        "sampling:sample",
        "Draw samples from a trained generator. The same seed gives the same samples.",
        any_flag=True,
        uses_run=True,
    ),
    "translate": Entry(
        "applying:translate",
        "Translate images by a trained network: files and folders of any size.",
        any_flag=True,
        uses_run=True,
    ),
    "enhance": Entry(
        "applying:enhance",
        "Enhance images by a trained network: files and folders of any size, photographs by tiles.",
        any_flag=True,
        uses_run=True,
    ),
    "vocode": Entry(
        "applying:vocode",
        "Resynthesise audio files from their mel spectrograms by a trained vocoder: files and folders of any length.",
        any_flag=True,
        uses_run=True,
    ),
    "judge": Entry(
        "judging:judge",
        "Train a judge against what a run hands over, by which `sample --resample` and `--reject` choose.",
    ),
    "augment": Entry(
        "augmenting:augment",
        "Enlarge a labelled set of images by samples of a conditional generator. The same seed gives the same images.",
    ),
    "export": Entry(
        "exporting:export",
        "Write what was trained for other programs. A graph is run and compared with the model as it is written.",
    ),
    "push": Entry(
        "sharing:push",
        "Give what a run hands over to the Hugging Face Hub: weights, a card with measures, samples, a passport.",
    ),
    "pull": Entry("sharing:pull", "Fetch a model from the Hugging Face Hub. No code is fetched, and none is run."),
    "passport": Entry(
        "marking:passport",
        "Write what a run was made of and what was measured of it, in one file that you may sign, and one page.",
    ),
    "link": Entry(
        "linking:link",
        "Learn two tables that a key links: parents, and the children of each. The same command continues.",
        any_flag=True,
    ),
    "verify": Entry(
        "marking:verify",
        "Read what a file says of itself; with its run, make the sample again and compare bit for bit.",
    ),
    "evaluate": Entry(
        "evaluating:evaluate",
        "Measure how good a generator is, and keep each number with what it was measured by in RUN/evaluation.json.",
        any_flag=True,
        uses_run=True,
    ),
    "solve": Entry(
        "solving:solve", "Run an iteration on a game whose solution is known, and measure its factor a step."
    ),
    "map": Entry(
        "mapping:map_",
        "Measure where in the plane of the players' step sizes an iteration converges; theory's boundary on top.",
    ),
    "compare": Entry(
        "comparing:compare",
        "Compare methods on one game, or put recipes beside their baselines, at the same budget.",
        any_flag=True,
    ),
    "fork": Entry(
        "forking:fork",
        "Play a run on from a checkpoint under several settings, on the same batches and noise, side by side.",
    ),
    "tune": Entry(
        "tuning:tune",
        "Search settings of a recipe: trials on a fixed budget, ended early where they fail; the same command goes on.",
        any_flag=True,
    ),
    "plan": Entry(
        "planning:plan",
        "Tell what a recipe can do in so many hours on this machine, by a probe of a few seconds; nothing is written.",
        any_flag=True,
    ),
    "inspect": Entry(
        "inspecting:inspect",
        "Look at a run's dynamics at one of its checkpoints, on one large batch, and change nothing.",
    ),
    "status": Entry(
        "reporting:status", "Say where a run is, and whether its game is sound, its result good, and it done."
    ),
    "runs": Entry("managing:runs", "List the runs in a folder and in those inside it, with their verdicts."),
    "stop": Entry("managing:stop", "Ask the process that trains a run to save and stop, as Ctrl-C does where it runs."),
    "checkpoint": Entry("managing:checkpoint", "Ask the process that trains a run for a checkpoint and a picture now."),
    "tag": Entry("managing:tag", "Keep tags and a note with a run; without any, print those that it has."),
    "rm": Entry("managing:rm", "Remove run folders with all that is in them; asks first."),
    "studio": Entry("showing:studio", "Show runs in the browser while they train, and start others."),
    "report": Entry(
        "reporting:report",
        "Write report.html of a run anew, and its curves as a picture for slides, curves.png.",
    ),
    "list": Entry(
        "listing:list_",
        "List what there is, by kind: recipes, methods, losses, penalties, networks, data, games, metrics and more.",
    ),
}


class Unloaded(TyperCommand):
    """A command whose module is not imported: enough for the list of commands and for completion."""

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """What the one argument's completion says, for flags too."""
        return self.params[0].shell_complete(ctx, incomplete)


class Commands(TyperGroup):
    """All commands by what they are, one of them imported where it is run."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """The command of a word; the whole one, unless a shell completes."""
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, Unloaded) and name is not None and not ctx.resilient_parsing:
            self._refuse(ctx, name, rest)
            many = os.environ.get("WORLD_SIZE", "1")
            if name in ALONE and "RANK" in os.environ and many != "1":
                raise ConfigurationError(
                    f"saddle {name} runs in one process, and a launcher started {many} (WORLD_SIZE): start it without "
                    f"torchrun and the like; `saddle train` alone is shared by several"
                )
            from saddlepoint.storage.memory import bound_memory

            bound_memory()
            command = COMMANDS[name].load(name)
        return name, command, rest

    def _refuse(self, ctx: Any, name: str, words: list[str]) -> None:
        """Say what is wrong with the words after a command, or its help, before its module is imported."""
        entry = COMMANDS[name]
        helped = bool(HELP & set(words))
        if helped and (any(Path(word).is_dir() for word in words) if entry.uses_run else entry.own_help and words[1:]):
            return  # the help of what is named
        command = entry.declared(name)
        context = command.make_context(name, list(words), parent=ctx)
        if helped:
            print(command.get_help(context))
            raise typer.Exit
        check(name, context.params, context.args)


app = typer.Typer(
    name="saddle",
    cls=Commands,
    help="Train generative adversarial networks as games, solved by an iteration that you choose.\n\n"
    "Begin with: saddle train digits",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from saddlepoint import __version__  # asks what is installed, which takes a while

        print(f"saddlepoint {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    pass


def _unloaded(words: Annotated[list[str] | None, typer.Argument(autocompletion=suggestions)] = None) -> None:
    pass


for _name, _entry in COMMANDS.items():
    app.command(_name, cls=Unloaded, help=_entry.summary, context_settings=ANY_FLAG, add_help_option=False)(_unloaded)


#: What to type where a command asked for more memory than there is.
LESS = {
    "train": "Give a smaller --batch-size, smaller networks (narrower layers), or less data",
    "sample": "Give a smaller -n, with another --seed each time, or a smaller --scale",
    "augment": "Give a smaller --per-class, with another --seed each time",
    "translate": "Give a smaller --tile",
    "enhance": "Give a smaller --tile",
    "evaluate": "Give a smaller --samples",
    "judge": "Give a smaller --samples",
    "compare": "Give --jobs 1, or smaller settings",
}


def main() -> None:
    """Run the command line; errors that users can mend are one sentence, exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # letters that a terminal lacks, and bytes of names that are no text
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="saddle")
    except BrokenPipeError:
        from saddlepoint.cli.console import let_go

        let_go()
        sys.exit(1)
    except ConfigurationError as error:
        _fail(str(error), getattr(error, "exit_code", 2))
    except (ImportError, MemoryError, OSError, RuntimeError, TypeError, ValueError) as error:
        try:
            _fail_for(error)
        except MemoryError:  # there is none left to look at it, or to import what says more
            os.write(2, b"error: this computer has not enough memory: ask for less at once\n")
            os._exit(1)
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(130)


def _fail_for(error: Exception) -> NoReturn:
    """Leave with a sentence, where an error is one that users can mend."""
    from saddlepoint.storage import shortage

    if hasattr(error, "exit_code"):
        _fail(str(error), error.exit_code)
    if (short := shortage(error)) is not None:
        command = next((word for word in sys.argv[1:] if word in LESS), "")
        _fail(f"{short}. {LESS.get(command, 'Ask for less at once')}", 1)
    if isinstance(error, OSError):
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 1)
    if isinstance(error, ValueError):
        _fail(str(error), 2)
    if "torch" in sys.modules:
        from saddlepoint.components.device import missing_operation

        if (missing := missing_operation(error)) is not None:
            _fail(missing, 1)
    if isinstance(error, RecursionError):
        _fail("something that was given is nested too deep: write it flatter", 2)
    raise error


def _fail(message: str, code: int) -> NoReturn:
    from saddlepoint.cli.console import fail

    fail(message, code)


def _say(message: str) -> None:
    from saddlepoint.cli.console import err

    err.print(message)
