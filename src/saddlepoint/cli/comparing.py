"""`saddle compare`."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from saddlepoint.cli.console import AsJson, bar_of_runs, err, print_json, print_wide
from saddlepoint.cli.flags import options_of, parted
from saddlepoint.comparison import Compared
from saddlepoint.comparison import compare as compared
from saddlepoint.configuration import ConfigurationError
from saddlepoint.report import baselines as beside
from saddlepoint.report import comparison as report
from saddlepoint.runs.api import starting_point
from saddlepoint.storage import started_with
from saddlepoint.tasks import EvaluationOptions, task_of

#: Step sizes that `--lr search` tries.
SEARCH = 5


def compare(
    on: Annotated[list[str], typer.Argument(metavar="GAME|RECIPE…", help="An analytic game or a recipe.")],
    methods: Annotated[
        str | None,
        typer.Option("--methods", metavar="A,B,…", help="Names, with parameters in brackets: lookahead[k=5,lr=0.2]."),
    ] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Recipes beside what needs no adversary, in place of methods.")
    ] = False,
    data: Annotated[
        str | None, typer.Option("--data", metavar="NAME|PATH", help="Of the recipes, in place of their own.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Starts that each is given: 5, or 1 with --baselines.")
    ] = None,
    evaluations: Annotated[
        int | None, typer.Option("--evaluations", min=1, help="Gradient evaluations a run (each player's counts).")
    ] = None,
    samples: Annotated[int | None, typer.Option("--samples", min=1, help="Samples a run.")] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", min=0.001, help="Minutes a run.")] = None,
    lr: Annotated[
        str | None, typer.Option("--lr", metavar="H|search", help="Step size of all; `search`: each tries the same.")
    ] = None,
    search: Annotated[
        int,
        typer.Option("--search", metavar="K", min=0, help="Try K step sizes for each, then K ratios of two players'."),
    ] = 0,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A parameter of the game, or any setting of the recipe."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The folder; an interrupted comparison goes on there.")
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="Processes at once; by default the cores.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare methods on one game, or put recipes beside their baselines, at the same budget.

    A method's parameters stand in brackets after its name, wrapped methods and their parameters too:
    lookahead[base=extragradient,k=5], averaged[base=lookahead,base.k=10], alternating[counts=[5,1]]. lr is the step
    size of that method alone. Starts, data order and budget are the same; failures are counted and rank last.

    With --baselines a recipe stands beside what its task has without an adversary: autoencoders of the same decoder,
    regression or likelihood alone, models that are fitted at once. --set then changes all of them, and after a name
    that one, as in --set vae.model.beta=0.5; flags of the evaluation, as --features, are given as they are.

    Examples:

      saddle compare bilinear --methods simultaneous,extragradient,optimistic,competitive --search 5

      saddle compare digits --methods 'alternating,extragradient,lookahead[k=5]' --seeds 3 --evaluations 2000

      saddle compare digits mnist --baselines --minutes 5
    """
    names = _before_flags(on)
    flags = on[len(names) :]
    if not names:
        raise ConfigurationError("what is to be compared? Name a game or a recipe, as in: saddle compare bilinear")
    options: dict[str, Any] = {}
    if baselines:
        _without(**{"--methods": methods, "--lr": lr, "--search": search or None, "--jobs": jobs})
        kind = task_of(starting_point(names[0])).Options
        alone, given = parted(flags, kind)
        options = options_of(kind, given, f"evaluations of {names[0]}", {}).model_dump(exclude_unset=True)
    else:
        alone, given = parted(flags, EvaluationOptions)
        if given:
            raise ConfigurationError(f"--{next(iter(given))} is no flag of a comparison of methods: see --help")
    if alone:
        raise ConfigurationError(f"what is {alone[0]!r}? Names come first, then flags")
    if methods is None and not baselines:
        raise ConfigurationError("nothing to compare: name --methods A,B, or give --baselines for recipes")
    rate, search = _step_size(lr, search)
    bar = bar_of_runs()
    try:
        with bar:
            task = bar.add_task("", total=None)

            def tell(what: str, done: float, of: float) -> None:
                bar.update(task, description=what, completed=done, total=of)

            found = compared(
                names,
                methods=methods,
                baselines=baselines,
                data=data,
                seeds=seeds,
                samples=samples,
                minutes=minutes,
                evaluations=evaluations,
                lr=rate,
                search=search,
                settings=sets or [],
                options=options,
                out=out,
                jobs=jobs,
                progress=tell,
            )
    except KeyboardInterrupt:
        again = shlex.join(started_with())
        err.print(f"Saved what is finished. To go on:  {again}", markup=False, soft_wrap=True)
        raise
    if as_json:
        keys = ("rows", "measures") if baselines else ("metric", "standings")
        summary = {key: found.plain[key] for key in keys}
        print_json({"out": str(found.folder), **summary, "files": {k: str(path) for k, path in found.files.items()}})
    _tell(found, baselines=baselines)


def _before_flags(words: list[str]) -> list[str]:
    """The words before the first flag."""
    flag = next((place for place, word in enumerate(words) if word.startswith("--")), len(words))
    return words[:flag]


def _without(**flags: object) -> None:
    for flag, value in flags.items():
        if value is not None:
            raise ConfigurationError(f"{flag} is of a comparison of methods: leave it out with --baselines")


def _step_size(lr: str | None, search: int) -> tuple[float | None, int]:
    if lr is None:
        return None, search
    if lr == "search":
        return None, search or SEARCH
    try:
        return float(lr), search
    except ValueError:
        raise ConfigurationError(f"--lr {lr}: give a number, or `search`") from None


def _tell(found: Compared, *, baselines: bool) -> None:
    columns = beside.columns_of(found.plain) if baselines else report.COLUMNS
    rows = beside.grid_of(found.plain) if baselines else report.grid_of(found.plain)
    shown = Table(box=None, pad_edge=False)
    for column in columns:
        shown.add_column(column, justify="left" if column in ("", "method", "data", "model") else "right", no_wrap=True)
    for row in rows:
        shown.add_row(*map(Text, row))
    print_wide(shown)
    for sentence in (beside if baselines else report).remarks(found.plain):
        err.print(sentence, style="dim", markup=False, soft_wrap=True)
    for path in found.files.values():
        err.print(f"wrote {path}", markup=False, soft_wrap=True)
