"""`saddle link`: two tables that a key links, learnt together."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from saddlepoint.cli.console import err
from saddlepoint.cli.flags import checked, parted
from saddlepoint.configuration import ConfigurationError
from saddlepoint.configuration.settings import assigned
from saddlepoint.runs.api import starting_point
from saddlepoint.runs.linked import FILE, load_linked, train_linked


def link(
    context: typer.Context,
    parents: Annotated[Path, typer.Argument(metavar="PARENTS", help="A table with a row for each value of the key.")],
    children: Annotated[Path, typer.Argument(metavar="CHILDREN", help="A table whose key names a parent.")],
    key: Annotated[str, typer.Option("--key", metavar="COLUMN", help="A column of both, which links them.")],
    order: Annotated[
        str, typer.Option("--order", metavar="COLUMN", help="Of the children: what rises among those of a parent.")
    ] = "",
    recipe: Annotated[str, typer.Option("--recipe", metavar="NAME", help="Of tables; for both.")] = "table",
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any setting of the recipe; repeat it.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where both runs go; the same goes on.")] = Path(
        "runs/linked"
    ),
) -> None:
    """Learn two tables that a key links: parents, and the children of each. The same command continues.

    Parents are learnt with how many children they have, children beside their parent's columns and their place among
    its children. Any other --KEY VALUE is a setting of the recipe, for both: --samples, --minutes, --seed …

    Examples:

      saddle link customers.csv orders.csv --key customer --order date --out runs/shop

      saddle sample runs/shop -n 1000 --dir shop
    """
    alone, settings = parted(context.args, type(start := starting_point(recipe)))
    if alone:
        raise ConfigurationError(f"what is {alone[0]!r}? Settings are given as --KEY VALUE, after the files")
    checked(start, settings)
    settings |= dict(assigned(sets or []))
    train_linked(parents, children, key, order=order, out=out, recipe=recipe, settings=settings)
    folder = shlex.quote(str(out))
    err.print(f"Next:  saddle sample {folder} -n 1000 --dir {folder}/made", markup=False, soft_wrap=True)


def sample_linked(run: Path, n: int, seed: int, folder: Path | None, *, mark: bool) -> list[Path]:
    """Two tables in a folder. Raises ConfigurationError where none is named."""
    if folder is None:
        raise ConfigurationError(f"{run} holds two linked tables: give a folder for both, as in --dir {run}/made")
    written = load_linked(run).write(folder, n, seed, mark=mark)
    for path in written:
        err.print(f"wrote {path}", markup=False, soft_wrap=True)
    return written


def is_linked(run: Path) -> bool:
    """Whether a folder holds two linked runs."""
    return (run / FILE).is_file()
