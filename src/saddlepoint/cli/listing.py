"""`saddle list`."""

from typing import Annotated, Any

import typer
from rich.table import Table

from saddlepoint.cli.console import out
from saddlepoint.cli.declared import brought, declared
from saddlepoint.cli.known import KINDS, known

#: The kind that wants a recipe.
SETTINGS = "settings"


def list_(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help=f"One of: {', '.join(KINDS)}; settings RECIPE [KEY].")
    ] = None,
    recipe: Annotated[str | None, typer.Argument(metavar="[RECIPE]", help="Whose settings are listed.")] = None,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Only this setting, and those inside it.")] = None,
) -> None:
    """List what there is, by kind: recipes, methods, losses, penalties, networks, data, games, metrics and more.

    Examples:

      saddle list methods

      saddle list settings digits

      saddle list settings digits generator.network
    """
    if kind == SETTINGS:
        _settings(recipe, key)
        return
    if recipe is not None:
        from saddlepoint.configuration import ConfigurationError

        raise ConfigurationError(f"{kind} are listed whole: leave {recipe!r} out")
    if kind == "recipes" and not brought():
        rows = [(name, told["summary"]) for name, told in declared()["recipes"].items()]
        lists: dict[str, Any] = {kind: (kind, rows)}
    else:
        lists = known()["lists"]
    for name in [kind] if kind else KINDS:
        title, rows = lists[name]
        table = Table(title=title, title_justify="left", title_style="bold", show_header=False, box=None)
        table.add_column(style="cyan", no_wrap=True)
        table.add_column()
        table.add_column(style="dim")
        for row in rows:
            table.add_row(*row)
        out.print(table)


def _settings(recipe: str | None, key: str | None) -> None:
    """Every setting of a recipe with its value, its type and bounds, and what it means."""
    from saddlepoint.cli.flags import grouped
    from saddlepoint.configuration import ConfigurationError, described, nearest
    from saddlepoint.runs.api import starting_point

    if recipe is None:
        raise ConfigurationError("whose settings? Name a recipe, as in: saddle list settings digits")
    found = described(starting_point(recipe))
    if key is not None:
        wanted = [one for one in found if one.key == key or one.key.startswith(f"{key}.")]
        if not wanted:
            raise ConfigurationError(f"{recipe} has no setting {key!r}: {nearest(key, [one.key for one in found])}")
        found = wanted
    print("\n".join([f"Settings of {recipe}; what is set stands behind each.", *grouped(found)]))
