"""`saddle plan`."""

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from saddlepoint.cli.console import AsJson, bar_of_runs, err, print_json
from saddlepoint.cli.flags import checked, parted
from saddlepoint.configuration import ConfigurationError
from saddlepoint.report.history import compact, duration
from saddlepoint.runs.api import starting_point
from saddlepoint.tuning.forecast import plan as planned


def plan(
    context: typer.Context,
    recipe: Annotated[str, typer.Argument(metavar="RECIPE|CONFIG", help="A recipe, or a config.yaml.")],
    data: Annotated[str | None, typer.Option("--data", metavar="NAME|PATH", help="Of the recipe.")] = None,
    hours: Annotated[float, typer.Option("--hours", help="That the run may take.")] = 1.0,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any setting of the recipe; repeat it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a recipe can do in so many hours on this machine, by a probe of a few seconds; nothing is written.

    Samples, steps, memory, the time of each stage, networks of other widths, and what scores to expect: those of real
    and of untrained samples, and of earlier runs of the recipe on the same data below runs/. Any other --KEY VALUE is a
    setting of the recipe.

    Examples:

      saddle plan digits --hours 0.5

      saddle plan images --data FOLDER --size 64 --hours 8 --device cuda
    """
    alone, settings = parted(context.args, type(start := starting_point(recipe)))
    if alone:
        raise ConfigurationError(f"what is {alone[0]!r}? Settings are given as --KEY VALUE, after {recipe}")
    checked(start, settings)
    bar = bar_of_runs()
    with bar:
        task = bar.add_task("", total=None)

        def tell(what: str, done: float, of: float) -> None:
            bar.update(task, description=what, completed=done, total=of or None)

        found = planned(start, data, hours=hours, settings=settings, assignments=sets or [], progress=tell)
    if as_json:
        print_json(found.plain)
        return
    _tell(found.plain)
    given = f" --data {data}" if data else ""
    err.print(f"Next:  saddle train {recipe}{given} --hours {hours:g}", markup=False, soft_wrap=True)


def _tell(plain: Any) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    whole = plain["recipe_samples"]
    share = f", {plain['samples'] / whole:.0%} of the recipe's own" if whole else ""
    steps = f"{plain['steps']:,} steps of {plain['batch_size']} on {plain['device']}"
    rows = {"samples": f"{plain['samples']:,}{share}: {steps}"}
    for stage in plain["stages"]:
        seconds = "" if stage["seconds"] is None else f", {duration(stage['seconds'])}"
        rows[f"stage {stage['name']}"] = f"to {stage['end']:,} samples{seconds}"
    if plain["looks_seconds"] is not None:
        rows["scores and pictures"] = duration(plain["looks_seconds"])
    if plain["memory_bytes"]:
        rows["memory"] = f"{plain['memory_bytes'] / 1e9:.2g} GB"
    for size in plain["sizes"]:
        counts = ", ".join(f"{name} {compact(n)}" for name, n in size["parameters"].items())
        memory = f", {size['memory_bytes'] / 1e9:.2g} GB" if size["memory_bytes"] else ""
        rows[f"width x {size['factor']:g}"] = f"{counts} parameters: {size['samples']:,} samples{memory}"
    if plain["score"] is not None:
        score = plain["score"]
        real = "" if score["real"] is None else f"real samples {score['real']:.3g}, "
        earlier = [one["score"] for one in score["earlier"]]
        band = (
            f"; {len(earlier)} earlier runs had come to {min(earlier):.3g} … {max(earlier):.3g} by then"
            if earlier
            else "; no earlier run of this recipe on these data tells more"
        )
        rows[score["measure"]["name"]] = f"{real}untrained {score['untrained']:.3g}{band}"
    for name, value in rows.items():
        table.add_row(name, Text(value))
    err.print(table)
