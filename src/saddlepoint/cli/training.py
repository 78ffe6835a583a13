"""`saddle train`."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
import yaml
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from saddlepoint.cli.console import err, print_json
from saddlepoint.cli.listing import by
from saddlepoint.cli.progress import ProgressBar, introduce
from saddlepoint.configuration import ConfigurationError, assign, nearest
from saddlepoint.core import Outcome
from saddlepoint.data import DataError
from saddlepoint.data.tables import KINDS
from saddlepoint.measures import values
from saddlepoint.networks import Costs
from saddlepoint.recipes import (
    RECIPES,
    Assembled,
    Config,
    ImageDataConfig,
    ImageToImageConfig,
    SeriesDataConfig,
    TableDataConfig,
    VocoderConfig,
    parse_config,
)
from saddlepoint.recipes.building import Data, changed, network_costs
from saddlepoint.report import write_curves, write_report
from saddlepoint.storage import RunFolder, free_name
from saddlepoint.storage.folder import read_config
from saddlepoint.training import Result, RunFailed

RUNS = Path("runs")


def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE|CONFIG", help="A recipe (`saddle list recipes`) or a config.yaml.")
    ],
    data: Annotated[
        str | None, typer.Option("--data", metavar="NAME|PATH", help="A known data set, hf:NAME, or a path.")
    ] = None,
    method: Annotated[str | None, typer.Option("--method", help="The iteration (`saddle list methods`).")] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, help="Train until so many samples were seen.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0, help="Train for so long; alone, it replaces the samples.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", min=1, help="Samples a batch.")] = None,
    size: Annotated[int | None, typer.Option("--size", min=4, help="Side of the images in pixels.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Seed of everything random.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda, cuda:1 …")] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="WATCH", help="End once metric, field, average or gap has settled."),
    ] = None,
    conditional: Annotated[
        bool | None,
        typer.Option("--conditional/--no-conditional", help="Make each class on demand, where the data have classes."),
    ] = None,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="Translate between two sets of images that are no pairs.")
    ] = False,
    split: Annotated[
        str | None,
        typer.Option("--split", metavar="folders|side", help="How pairs lie: in two folders, or side by side."),
    ] = None,
    degrade: Annotated[
        str | None, typer.Option("--degrade", metavar="CHAIN", help="What to learn to undo, as blur:1.2,downscale:2.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The run folder; an existing one is continued.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any setting, as --dry-run shows them; may be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the resolved configuration and leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON on stdout.")] = False,
) -> None:
    """Train a generator. The same command with the same folder continues.

    Examples:

      saddle train digits

      saddle train mnist --data FOLDER --minutes 10

      saddle train images --data FOLDER --size 32

      saddle train translate --data FOLDER --set data.a=photos --set data.b=maps

      saddle train translate --data FOLDER --split side

      saddle train enhance --data FOLDER --degrade "blur:1.2,downscale:2,noise:5-25"

      saddle train digits --method extragradient --set optimizer.lr=5e-4
    """
    config = _configured(
        recipe,
        data,
        method,
        samples,
        minutes,
        batch_size,
        size,
        seed,
        device,
        until,
        conditional,
        unpaired,
        split,
        degrade,
        sets or [],
    )
    if dry_run:
        costs = _costs(config)
        print(yaml.safe_dump(config.plain(), sort_keys=False, allow_unicode=True) + costs)
        return
    folder = _folder(config, out)
    with folder.held():
        config, continued = _agreed(folder, config)
        if continued and _already_over(folder, config, as_json):
            return
        if config.threads is not None:
            torch.set_num_threads(config.threads)
        loaded = _loaded(config)
        introduce(config, loaded, continued)
        assembled = config.build(loaded)
        _begin(folder, config, assembled, continued)
        with ProgressBar(config, loaded) as watch:
            training = assembled.training(folder, watch)
            try:
                result = training.run()
            except RunFailed as failure:
                with suppress(OSError):  # a full disk takes this note no more than it took the checkpoint
                    folder.write_identity(state="ended", outcome="stopped", message=str(failure), ended=_now())
                raise
        _end(folder, result)
    _tell(folder, result)
    if as_json:
        print_json(_summary(folder))
    raise typer.Exit(result.exit_code)


# --- configuration ------------------------------------------------------------------------------------


def _configured(
    recipe: str,
    data: str | None,
    method: str | None,
    samples: int | None,
    minutes: float | None,
    batch_size: int | None,
    size: int | None,
    seed: int | None,
    device: str | None,
    until: str | None,
    conditional: bool | None,
    unpaired: bool,
    split: str | None,
    degrade: str | None,
    sets: list[str],
) -> Config:
    config = _starting_point(recipe)
    flags: list[str] = []
    if method is not None:
        flags.append(f"method={method}")
    if samples is not None or minutes is not None:
        flags += [f"budget.samples={samples or 'none'}", f"budget.minutes={'none' if minutes is None else minutes}"]
    given = {
        "batch_size": batch_size,
        "data.size": size,
        "seed": seed,
        "device": device,
        "until.watch": until,
        "data.split": split,
        "degrade": degrade,
    }
    flags += [f"{key}={value}" for key, value in given.items() if value is not None]
    if conditional is not None:
        flags.append(f"conditional={str(conditional).lower()}")
    if unpaired:
        flags.append("unpaired=cycle")
    config = assign(config, flags)
    if data is not None:
        config = config.with_data(data)
    return assign(config, sets)


def _starting_point(recipe: str) -> Config:
    if recipe in RECIPES:
        return RECIPES[recipe]()
    path = Path(recipe)
    if path.suffix in (".yaml", ".yml") or path.exists():
        return parse_config(read_config(path / "config.yaml" if path.is_dir() else path))
    raise ConfigurationError(f"there is no recipe {recipe!r}, and no such configuration: {nearest(recipe, RECIPES)}")


def _loaded(config: Config) -> Data:
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        reading = bar.add_task("reading the data", total=None)
        return config.load(lambda done, total: bar.update(reading, completed=done, total=total))


def _costs(config: Config) -> str:
    """What the networks cost, as comments of YAML; images of the user's are read for it, none are fetched."""
    if isinstance(config, ImageToImageConfig) and config.data.path is not None:
        with suppress(DataError):  # the run itself will say what is the matter
            pairs = config.load()
            return _lines(config.costs(pairs), pairs.shape)
    if isinstance(config, TableDataConfig | SeriesDataConfig):
        return "" if config.data.path is None else _columns(config)
    if isinstance(config, VocoderConfig):
        return _lines(config.costs(), (config.data.crop,))
    stand_in = config.stand_in()
    if stand_in is None and isinstance(config, ImageDataConfig) and config.data.path is not None:
        with suppress(DataError):  # the run itself will say what is the matter
            data = config.load()
            on_demand = isinstance(config, ImageDataConfig) and config.conditional
            stand_in = data.shape, len(data.classes) if on_demand else 0
    if stand_in is None:
        return "# what the networks cost is known once the images are here"
    shape, classes = stand_in
    return _lines(network_costs(config, shape, classes), shape)


def _columns(config: TableDataConfig | SeriesDataConfig) -> str:
    """What the columns of a file are taken for, as comments of YAML."""
    data = config.load()
    table = [("column", "kind", "values", "missing"), *data.described]
    widths = [max(len(row[place]) for row in table) for place in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    name = next((column.name for column in data.columns if "." not in column.name), "NAME")
    other = "number" if isinstance(config, SeriesDataConfig) else "category"
    lines += [
        *data.notes[1:],
        f"another kind ({', '.join(KINDS)}), as in: --set {shlex.quote(f'data.columns.{name}={other}')}",
    ]
    return "\n".join(f"# {line}" for line in lines)


def _lines(costs: Mapping[str, Costs], shape: Sequence[int]) -> str:
    return "\n".join(
        f"# {role}: {cost.parameters:,} parameters, {cost.macs:,} multiply-accumulates a sample of {by(shape)}"
        for role, cost in costs.items()
    )


# --- the folder ---------------------------------------------------------------------------------------


def _folder(config: Config, out: Path | None) -> RunFolder:
    if out is not None:
        return RunFolder(out)

    def same(found: Any) -> bool:
        return parse_config(found).same_run(config)

    return RunFolder(free_name(RUNS, config.recipe, same))


def _agreed(folder: RunFolder, config: Config) -> tuple[Config, bool]:
    """The configuration to run, and whether the folder already holds this run."""
    if not folder.config.exists():
        return config, False
    before = parse_config(folder.read_config())
    differences = config.differences(before)
    if [found.partition(":")[0] for found in differences] == ["data.path"]:
        with suppress(DataError):
            if changed(folder.read_identity(), _loaded(config)) is None:  # they were moved
                folder.write_config(config.plain())
                return config, True
    if differences:
        raise ConfigurationError(
            f"{folder.path} holds another run ({'; '.join(differences[:3])}{'; …' if len(differences) > 3 else ''}): "
            f"give another folder with --out, or continue this one with: "
            f"saddle train {folder.config} --out {folder.path}"
        )
    return config, True


def _already_over(folder: RunFolder, config: Config, as_json: bool) -> bool:
    """Say so where nothing is left to do."""
    identity = folder.read_identity()
    if identity.get("state") != "ended":
        return False
    if identity.get("outcome") == Outcome.NON_FINITE:
        raise RunFailed(f"this run ended before: {identity.get('message')}")
    if config.until is not None and identity.get("outcome") in (Outcome.CONVERGED, Outcome.CYCLING):
        err.print(f"Nothing to do: {identity.get('message')}, in {folder.path}", markup=False, soft_wrap=True)
        if as_json:
            print_json(_summary(folder))
        return True
    spent = config.budget.spent(
        int(identity.get("samples", 0)), float(identity.get("seconds", 0.0)), int(identity.get("evaluations", 0))
    )
    if spent is None:
        return False
    err.print(
        f"Nothing to do: the budget of {spent} is spent in {folder.path}. To go on, give more, as in "
        f"--samples {2 * int(identity.get('samples', 1))}",
        markup=False,
        soft_wrap=True,
    )
    if as_json:
        print_json(_summary(folder))
    return True


def _begin(folder: RunFolder, config: Config, assembled: Assembled, continued: bool) -> None:
    folder.create()
    if continued and (what := changed(folder.read_identity(), assembled.data)) is not None:
        raise ConfigurationError(f"{what}: restore them, or begin a new run with --out")
    folder.write_config(config.plain())
    identity = {"name": folder.path.name, "command": ["saddle", *sys.argv[1:]], **assembled.identity()}
    if not continued:
        identity["started"] = _now()
    folder.write_identity(**identity)


def _end(folder: RunFolder, result: Result) -> None:
    progress = result.progress
    folder.write_identity(
        state="ended",
        outcome=result.outcome.value,
        message=result.message,
        ended=_now(),
        samples=progress.samples,
        steps=progress.steps,
        evaluations=progress.evaluations,
        seconds=round(progress.seconds, 3),
        metrics=values(result.metrics.values()),
    )
    write_curves(folder.path)
    write_report(folder.path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _summary(folder: RunFolder) -> dict[str, Any]:
    identity = folder.read_identity()
    keys = ("outcome", "message", "samples", "steps", "evaluations", "seconds", "metrics")
    return {"run": str(folder.path), **{key: identity.get(key) for key in keys}}


# --- words --------------------------------------------------------------------------------------------


def _tell(folder: RunFolder, result: Result) -> None:
    """The table of what came out, and what to type next."""
    progress = result.progress
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    rows = {
        "outcome": f"{result.outcome}: {result.message}",
        "seen": f"{progress.samples:,} samples, {progress.steps:,} steps, {progress.evaluations:,} evaluations",
        "time": _duration(progress.seconds),
        **{name: f"{float(number):.4g}" for name, number in result.metrics.items()},
    }
    pictures = sorted(folder.samples.glob("*.png"))
    if pictures:
        rows["samples"] = str(pictures[-1])
    for name, path in (
        ("curves", folder.path / "curves.png"),
        ("report", folder.report),
        ("generator", folder.generator),
    ):
        if path.exists():
            rows[name] = str(path)
    for name, value in rows.items():
        table.add_row(name, Text(value))
    err.print(table)
    here = shlex.quote(str(folder.path))
    if result.signal is not None:
        err.print(f"Saved. To go on:  saddle train {here}/config.yaml --out {here}", soft_wrap=True)
    elif result.exit_code == 0:
        usage = parse_config(folder.read_config()).usage.format(here)
        err.print(f"Next:  {usage}", soft_wrap=True)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
