"""`saddle push` and `saddle pull`."""

from pathlib import Path
from typing import Annotated

import typer

from saddlepoint.cli.console import AsJson, err, print_json, tell
from saddlepoint.runs import Run, hub


def push(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    repository: Annotated[str, typer.Argument(metavar="USER/NAME", help="A repository of the hub, new or your own.")],
    license_: Annotated[
        str | None, typer.Option("--license", metavar="NAME", help="Of the weights: apache-2.0, cc-by-4.0 …")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="A new repository is seen by you alone.")] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import code outside of Saddlepoint that the folder names.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give what a run hands over to the Hugging Face Hub: weights, a card with measures, samples, a passport.

    Examples:

      saddle push runs/digits somebody/digits --license apache-2.0
    """
    opened = Run.open(run, trust=trust)
    tell(opened.notes)
    address = hub.push(opened, repository, private=private, license=license_)
    err.print(f"pushed to {address}", markup=False, soft_wrap=True)
    if as_json:
        print_json({"run": str(run), "repository": hub.address_of(repository)[0], "commit": address})


def pull(
    repository: Annotated[str, typer.Argument(metavar="USER/NAME", help="user/name, or user/name@revision.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where to; by itself, NAME.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a model from the Hugging Face Hub. No code is fetched, and none is run.

    Examples:

      saddle pull somebody/digits --out digits
    """
    name, _ = hub.address_of(repository)
    folder = hub.pull(repository, out or Path(name.partition("/")[2]))
    opened = Run.open(folder)
    usage = opened.model.usage()[0].format(folder)
    tell(opened.notes)
    err.print(f"fetched {folder}. Use it:  {usage}", markup=False, soft_wrap=True)
    if as_json:
        print_json({"repository": name, "folder": str(folder), "usage": usage})
