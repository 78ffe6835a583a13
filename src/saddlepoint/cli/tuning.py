"""`saddle tune`."""

import shlex
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.table import Table
from rich.text import Text

from saddlepoint.cli.console import AsJson, bar_of_runs, err, print_json, print_wide
from saddlepoint.cli.flags import checked, parted
from saddlepoint.configuration import ConfigurationError
from saddlepoint.report import tuning as report
from saddlepoint.runs.api import starting_point
from saddlepoint.storage import started_with
from saddlepoint.tuning import tune as tuned
from saddlepoint.tuning.api import study_of


def tune(
    context: typer.Context,
    recipe: Annotated[str, typer.Argument(metavar="RECIPE|CONFIG", help="A recipe, or a config.yaml.")],
    data: Annotated[str | None, typer.Option("--data", metavar="NAME|PATH", help="Of the recipe.")] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", min=0, help="After which no more is played.")] = None,
    trials: Annotated[int | None, typer.Option("--trials", min=1, help="At most; 20 without --minutes.")] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, help="Of each run; else the minutes shared among 20 trials.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Runs of each trial.")] = 1,
    measure: Annotated[
        str | None,
        typer.Option("--measure", metavar="NAME", help="What counts; the recipe's score. saddle list metrics"),
    ] = None,
    worst: Annotated[
        bool, typer.Option("--worst", help="The worst of the seeds counts, in place of their mean.")
    ] = False,
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            metavar="GROUP|KEY=LOW..HIGH|KEY=A|B",
            help="What is searched; repeat it. Groups: rates, penalties, betas, average, method, width; all of them.",
        ),
    ] = None,
    rate_test: Annotated[
        bool,
        typer.Option("--rate-test", help="Try rates that the game itself proposes: a short run, then three trials."),
    ] = False,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="Processes at once; one a core.")] = None,
    storage: Annotated[
        str | None,
        typer.Option("--storage", metavar="URL", help="A database for several machines; else a file in DIR."),
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any setting of the recipe; repeat it.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where it goes; the same goes on.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be searched and leave.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search settings of a recipe: trials on a fixed budget, ended early where they fail; the same command goes on.

    The first trial is the recipe as it is. It ends with best.yaml, to train with; a figure of what mattered; a table of
    all trials. Any other --KEY VALUE is a setting of the recipe.

    Examples:

      saddle tune digits --minutes 20 --seeds 2

      saddle tune digits --rate-test --samples 50000

      saddle tune table --data FILE.csv --trials 40 --measure detection --over rates --over penalties

      saddle train runs/tune-digits/best.yaml
    """
    alone, settings = parted(context.args, type(start := starting_point(recipe)))
    if alone:
        raise ConfigurationError(f"what is {alone[0]!r}? Settings are given as --KEY VALUE, after {recipe}")
    checked(start, settings)
    given = {
        "minutes": minutes,
        "trials": trials,
        "samples": samples,
        "seeds": seeds,
        "measure": measure,
        "worst": worst,
        "over": over or [],
        "rate_test": rate_test,
        "jobs": jobs,
        "storage": storage,
        "settings": settings,
        "assignments": sets or [],
    }
    if dry_run:
        study = study_of(start, data=data, **given)  # type: ignore[arg-type]
        plain = study.plain()
        plain["space"] = {key: {k: v for k, v in axis.items() if v} for key, axis in plain["space"].items()}
        print(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), end="")
        return
    bar = bar_of_runs()
    try:
        with bar:
            task = bar.add_task("", total=None)

            def tell(what: str, done: float, of: float) -> None:
                bar.update(task, description=what, completed=done, total=of or None)

            found = tuned(start, data, **given, out=out, progress=tell)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        err.print(f"Saved what is finished. To go on:  {shlex.join(started_with())}", markup=False, soft_wrap=True)
        raise
    if as_json:
        keys = ("on", "samples", "seeds", "measure", "best", "trials", "importance")
        files = {kind: str(path) for kind, path in found.files.items()}
        print_json({"out": str(found.folder), **{key: found.plain[key] for key in keys}, "files": files})
    shown = Table(box=None, pad_edge=False)
    for column in report.columns_of(found.plain):
        shown.add_column(column, justify="left", no_wrap=True)
    for row in report.grid_of(found.plain):
        shown.add_row(*map(Text, row))
    print_wide(shown)
    for sentence in report.remarks(found.plain):
        err.print(sentence, style="dim", markup=False, soft_wrap=True)
    for path in found.files.values():
        err.print(f"wrote {path}", markup=False, soft_wrap=True)
    err.print(f"Next:  saddle train {shlex.quote(str(found.files['best']))}", markup=False, soft_wrap=True)
