"""The help of commands that use a run, which tells what else may be chosen of the run that is named."""

from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from saddlepoint.cli.flags import options_help
from saddlepoint.runs import Run
from saddlepoint.runs.run import task_for

#: Where the context keeps the folder that is named.
NAMED = "saddlepoint.run"


class UsesRun(TyperCommand):
    """A command on a run: `saddle COMMAND RUN --help` lists the options of what the run holds."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Note the folder, as help is given before anything is parsed."""
        ctx.meta[NAMED] = next((Path(word) for word in args if Path(word).is_dir()), None)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the options below the rest."""
        super().format_epilog(ctx, formatter)
        if (folder := ctx.meta[NAMED]) is None:
            return
        run = Run.open(folder)
        if self.name == "evaluate":
            task = task_for(run)
            told = options_help(task.Options, f"Of evaluations of {task.name}, each a flag:")
        else:
            told = options_help(run.model.Options, f"Of {run.model.title}, each a flag:")
        if told:
            formatter.write(f"\n{told}\n")
