"""`saddle train`."""

import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.table import Table
from rich.text import Text

from saddlepoint.cli.console import err, print_json
from saddlepoint.cli.flags import checked, parted, settings_help
from saddlepoint.cli.launching import launch
from saddlepoint.cli.usage import MISSING
from saddlepoint.configuration import ConfigurationError, explained
from saddlepoint.configuration.outside import is_outside
from saddlepoint.data import DataError
from saddlepoint.networks import Costs
from saddlepoint.report import COLOURS
from saddlepoint.runs import Run, configured
from saddlepoint.runs.api import KEEP, of_model, starting_point
from saddlepoint.runs.assembly import assemble
from saddlepoint.runs.choosing import chosen_by_size
from saddlepoint.runs.progress import ProgressBar
from saddlepoint.runs.watching import Notifier
from saddlepoint.tasks import AutoConfig, Config, task_of
from saddlepoint.tasks.registry import check_reads_back, is_recipe
from saddlepoint.training import Result
from saddlepoint.training.processes import joined, launched, leads


def train(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RECIPE|CONFIG", help="A recipe (`saddle list recipes`), module:recipe, or a config.yaml."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="NAME|PATH", help="A known data set, hf:NAME, or a path.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The run folder; an existing one is continued.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="RUN", help="Begin with the players of another run; without RECIPE as that run."
        ),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any setting, as --dry-run shows them; may be repeated."),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep-schedules", help="Leave stages, schedules and intervals as they are, whatever the budget."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the resolved configuration and leave.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="With --dry-run: what each setting means.")] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import code outside of Saddlepoint that a saved configuration names.")
    ] = False,
    notify: Annotated[
        str | None,
        typer.Option(
            "--notify", metavar="COMMAND", help="Run this where an answer to one of the three questions changes."
        ),
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", min=1, metavar="N", help="Share each batch among N processes of this machine.")
    ] = 1,
    track: Annotated[
        list[str] | None,
        typer.Option(
            "--track", metavar="NAME", help="Tell a tracker: tensorboard, trackio, wandb, mlflow; may be repeated."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON on stdout.")] = False,
    wants_help: Annotated[
        bool, typer.Option("--help", "-h", help="Show this, and the main settings of a RECIPE that is named.")
    ] = False,
    help_all: Annotated[bool, typer.Option("--help-all", help="Show all settings of the RECIPE.")] = False,
) -> None:
    """Train a recipe. The same command with the same folder continues.

    Any setting of the recipe is a flag: --samples, --minutes, --epochs, --method, --seed, --device, --lr, --batch-size,
    --size … `saddle train RECIPE --help` lists them. With another --samples, --minutes or --epochs than the recipe's,
    its stages, schedules, average and intervals are scaled in proportion.

    Examples:

      saddle train digits

      saddle train mnist --data FOLDER --minutes 10

      saddle train images --data FOLDER --size 32

      saddle train translate --data FOLDER --split side

      saddle train enhance --data FOLDER --degrade "blur:1.2,downscale:2,noise:5-25"

      saddle train digits --method extragradient --optimizer.lr 5e-4

      saddle train images --data FOLDER --processes 4

      saddle train --from runs/faces --data FOLDER --samples 50000 --discriminator.freeze 3
    """
    named = list(words or [])
    recipe = _recipe(named, source)
    if wants_help or help_all:
        _help(context, recipe, everything=help_all, trust=trust)
    if recipe is None:
        raise ConfigurationError(MISSING)
    if recipe in named:
        named.remove(recipe)
    config = resolved(recipe, named, data, [*(sets or []), *([f"{KEEP}=true"] if keep else [])], trust, source)
    if dry_run:
        if isinstance(config, AutoConfig) and config.race is None and config.data.plain().get("path"):
            config, chosen = chosen_by_size(config, task_of(config).read(config))
            print(f"# {chosen['why']}")
        config = config.planned(config.budget.samples)
        text = explained(config) if explain else yaml.safe_dump(config.plain(), sort_keys=False, allow_unicode=True)
        print(text + _costs(config))
        return
    if processes > 1 and launched() == 1:
        raise typer.Exit(launch(processes, sys.argv[1:]))
    if processes not in (1, launched()):
        raise ConfigurationError(f"--processes is {processes}, and the launcher started {launched()}: leave it out")
    with joined():
        run = _trained(config, out, notify, track or ())
        following, code = not leads(), run.exit_code
    if following:
        raise typer.Exit(code)
    if run.result is None:  # nothing was left to do
        if as_json:
            print_json(_summary(run))
        return
    _tell(run, run.result)
    if as_json:
        print_json(_summary(run))
    raise typer.Exit(run.result.exit_code)


def _trained(config: Config, out: Path | None, notify: str | None, track: Sequence[str]) -> Run:
    bar = ProgressBar() if leads() else None
    try:
        run = Run.begin(config, out, observers=[bar] if bar is not None else [])
        if notify is not None and leads():
            run.watch(Notifier(notify, run.path))
        if leads():
            run.track(track)
        return run.train()
    finally:
        if bar is not None:
            bar.close()


def resolved(
    recipe: str,
    flags: Sequence[str],
    data: str | None,
    sets: Sequence[str],
    trust: bool = False,
    source: str | None = None,
) -> Config:
    """The configuration that a command line asks for: the recipe, the run to begin from, flags, the data, then --set.

    Raises:
        ConfigurationError: an unknown recipe, flag or setting, whose nearest is named, or values that do not fit.
    """
    start = starting_point(recipe, trust)
    alone, settings = parted(flags, type(start))
    if start.by_model and "model" in settings:
        start = of_model(start, settings.pop("model"))
    if alone:
        raise ConfigurationError(f"what is {alone[0]!r}? Settings are given as --KEY VALUE, after {recipe}")
    checked(start, settings)
    if source is not None:
        settings = {"start": {"run": source}, **settings}
    config = configured(start, data=data, settings=settings, assignments=sets)
    check_reads_back(config)
    return config


def _recipe(words: Sequence[str], source: str | None) -> str | None:
    """The word that names a recipe or a configuration: the first, where it is no flag; else the run to begin from."""
    if not words:
        return source
    if not words[0].startswith("-"):
        return words[0]
    for word in words:
        if not word.startswith("-") and (is_recipe(word) or is_outside(word) or Path(word).exists()):
            return word
    if source is not None:
        return source
    raise ConfigurationError(f"name the recipe first, as in: saddle train digits {' '.join(words[:2])}")


def _help(context: typer.Context, recipe: str | None, *, everything: bool, trust: bool) -> None:
    print(context.get_help())
    if recipe is not None:
        print("\n" + settings_help(starting_point(recipe, trust), everything=everything))
    raise typer.Exit


def _costs(config: Config) -> str:
    """What the networks cost and what is in the data, as comments of YAML; the user's data are read, none fetched."""
    task, data = task_of(config), None
    with suppress(DataError, ConfigurationError):  # the run itself will say what is the matter
        data = task.stand_in(config)
        if data is None and getattr(config.data, "path", None) is not None:
            data = task.read(config)
    if data is None or isinstance(config, AutoConfig):
        return "# what the networks cost is known once the data are here\n"
    lines = _columns(data.described)
    lines += [note for note in data.notes if data.described][1:]
    with suppress(DataError):
        assembly = assemble(config, data)
        lines += assembly.setup.data.notes[len(data.notes) :]
        lines += [_cost(role, cost, data.shape) for role, cost in assembly.costs().items()]
    return "".join(f"# {line}\n" for line in lines)


def _columns(table: Sequence[Sequence[str]]) -> list[str]:
    """Rows of words below each other."""
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))] if table else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _cost(role: str, cost: Costs, shape: Sequence[int]) -> str:
    sample = "x".join(map(str, (*shape[1:], shape[0]))) if len(shape) > 1 else "x".join(map(str, shape))
    return f"{role}: {cost.parameters:,} parameters, {cost.macs:,} multiply-accumulates a sample of {sample}"


def _summary(run: Run) -> dict[str, Any]:
    identity = run.storage.read_identity()
    keys = ("outcome", "message", "samples", "steps", "evaluations", "seconds", "metrics")
    return {"run": str(run.path), **{key: identity.get(key) for key in keys}}


def _tell(run: Run, result: Result) -> None:
    """The table of what came out, and what to type next."""
    progress = result.progress
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    rows = {
        "outcome": f"{result.outcome}: {result.message}",
        "seen": f"{progress.samples:,} samples, {progress.steps:,} steps, {progress.evaluations:,} evaluations",
        "time": _duration(progress.seconds) + _outside(result),
        **{name: f"{float(number):.4g}  {number.measure.summary}" for name, number in result.metrics.items()},
    }
    pictures = sorted(run.storage.samples.glob("*.png"))
    if pictures:
        rows["samples"] = str(pictures[-1])
    for name, path in (
        ("report", run.storage.report),
        ("generator", run.storage.generator),
    ):
        if path.exists():
            rows[name] = str(path)
    for name, value in rows.items():
        table.add_row(name, Text(value))
    err.print(table)
    for verdict in run.verdicts():
        err.print(
            Text(f"{verdict.question:<8}", style=COLOURS[verdict.level]), Text(verdict.answer), sep="", soft_wrap=True
        )
    here = shlex.quote(str(run.path))
    if result.signal is not None:
        err.print(f"Saved. To go on:  saddle train {here}/config.yaml --out {here}", soft_wrap=True)
    elif result.exit_code == 0:
        usage = run.storage.read_identity()["usage"].replace("{}", here)
        err.print(f"Next:  {usage}", markup=False, soft_wrap=True)


def _outside(result: Result) -> str:
    """What share of a session was no step."""
    whole = sum(result.times.values())
    if not result.times.get("steps"):
        return ""
    data, looks, waited = (result.times[name] / whole for name in ("data", "looks", "compiling"))
    compiling = f", {waited:.0%} compiling" if waited >= 0.005 else ""
    return (
        f", {data + looks + waited:.0%} of it outside of steps: {looks:.0%} looks and files, {data:.0%} data{compiling}"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
