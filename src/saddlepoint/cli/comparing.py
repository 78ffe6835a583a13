"""`saddle compare`."""

import platform
import shlex
import sys
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.table import Table
from rich.text import Text

from saddlepoint import __version__
from saddlepoint.cli.baselines import compare_baselines
from saddlepoint.cli.console import AsJson, bar_of_runs, err, print_json, print_wide
from saddlepoint.comparison import Comparison, configured, run
from saddlepoint.configuration import ConfigurationError
from saddlepoint.report.comparison import COLUMNS, grid_of, remarks, write_comparison
from saddlepoint.storage import free_name
from saddlepoint.training import Budget

RUNS = Path("runs")
#: Starts of each method.
SEEDS = 5
#: Step sizes that `--lr search` tries.
SEARCH = 5


def compare(
    on: Annotated[list[str], typer.Argument(metavar="GAME|RECIPE", help="An analytic game or a recipe.", min=1)],
    methods: Annotated[
        str | None,
        typer.Option("--methods", metavar="A,B,…", help="Names, with parameters in brackets: lookahead[k=5,lr=0.2]."),
    ] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Image recipes beside a VAE and an autoencoder, in place of methods.")
    ] = False,
    features: Annotated[
        str | None, typer.Option("--features", metavar="NAME", help="With --baselines: where images are compared.")
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
        int, typer.Option("--search", metavar="K", min=0, help="Try K step sizes of one logarithmic list for each.")
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
    """Compare methods on one game, or put image recipes beside their baselines, at the same budget.

    A method's parameters stand in brackets after its name, wrapped methods and their parameters too:
    lookahead[base=extragradient,k=5], averaged[base=lookahead,base.k=10], alternating[counts=[5,1]]. lr is the step
    size of that method alone. Starts, data order and budget are the same; failures are counted and rank last.

    With --baselines a recipe's generator is also trained as the decoder of a VAE and of an autoencoder. --set then
    changes all three, and after `vae.` or `autoencoder.` that one, as in --set vae.model.beta=0.5.

    Examples:

      saddle compare bilinear --methods simultaneous,extragradient,optimistic,competitive --search 5

      saddle compare digits --methods 'alternating,extragradient,lookahead[k=5]' --seeds 3 --evaluations 2000

      saddle compare digits mnist --baselines --minutes 5
    """
    given = Budget(evaluations=evaluations, samples=samples, minutes=minutes)
    budget = None if given == Budget() else given
    if baselines:
        _without(**{"--methods": methods, "--lr": lr, "--search": search or None, "--jobs": jobs})
        compare_baselines(
            on, RUNS, budget=budget, seeds=seeds or 1, features=features, sets=sets or [], out=out, as_json=as_json
        )
        return
    if methods is None:
        raise ConfigurationError("nothing to compare: name --methods A,B, or give --baselines for image recipes")
    if len(on) > 1 or features is not None:
        raise ConfigurationError("methods are compared on one game, by its own metric: give one, without --features")
    _compare_methods(on[0], methods, seeds or SEEDS, budget, lr, search, sets or [], out, jobs, as_json)


def _without(**flags: object) -> None:
    for flag, value in flags.items():
        if value is not None:
            raise ConfigurationError(f"{flag} is of a comparison of methods: leave it out with --baselines")


def _compare_methods(
    on: str,
    methods: str,
    seeds: int,
    budget: Budget | None,
    lr: str | None,
    search: int,
    sets: list[str],
    out: Path | None,
    jobs: int | None,
    as_json: bool,
) -> None:
    rate, search = _step_size(lr, search)
    comparison = configured(on, methods, seeds=seeds, budget=budget, lr=rate, search=search, sets=sets)
    folder = out or free_name(RUNS, f"compare-{on}", lambda found: not comparison.differences(Comparison.read(found)))
    bar = bar_of_runs()
    command = ["saddle", *sys.argv[1:]]
    try:
        with bar:
            task = bar.add_task(f"playing on {on}", total=None)
            found = run(
                comparison, folder, jobs=jobs, progress=lambda done, of: bar.update(task, completed=done, total=of)
            )
    except KeyboardInterrupt:
        again = shlex.join(command if out else [*command, "--out", str(folder)])
        err.print(f"Saved what is finished. To go on:  {again}", markup=False, soft_wrap=True)
        raise
    versions = {"saddlepoint": __version__, "torch": torch.__version__, "python": platform.python_version()}
    paths = write_comparison({**found, "command": command, "versions": versions}, folder)
    if as_json:
        summary = {key: found[key] for key in ("metric", "standings")}
        print_json({"out": str(folder), **summary, "files": {kind: str(path) for kind, path in paths.items()}})
    _tell(found, f"{on}, {seeds} seeds", list(paths.values()))


def _step_size(lr: str | None, search: int) -> tuple[float | None, int]:
    if lr is None:
        return None, search
    if lr == "search":
        return None, search or SEARCH
    try:
        return float(lr), search
    except ValueError:
        raise ConfigurationError(f"--lr {lr}: give a number, or `search`") from None


def _tell(found: dict[str, object], title: str, paths: list[Path]) -> None:
    shown = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in COLUMNS:
        shown.add_column(column, justify="left" if column in ("", "method") else "right", no_wrap=True)
    for row in grid_of(found):
        shown.add_row(*map(Text, row))
    print_wide(shown)
    for sentence in remarks(found):
        err.print(sentence, style="dim", markup=False, soft_wrap=True)
    for path in paths:
        err.print(f"wrote {path}", markup=False, soft_wrap=True)
