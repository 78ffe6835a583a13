"""`saddle list`."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.table import Table

from saddlepoint.cli.screen import out
from saddlepoint.configuration import ConfigurationError, Registry, nearest
from saddlepoint.data import DATASETS
from saddlepoint.evaluation import MEASURES
from saddlepoint.methods import METHODS
from saddlepoint.recipes import RECIPES
from saddlepoint.recipes.registries import (
    GAME_REGISTRY,
    LOSS_REGISTRY,
    METHOD_REGISTRY,
    NETWORK_REGISTRY,
    OPTIMIZER_REGISTRY,
    PENALTY_REGISTRY,
)


def _entries(registry: Registry[Any]) -> list[tuple[str, ...]]:
    return [(name, registry.summary(name)) for name in registry.names]


_KINDS: dict[str, Callable[[], list[tuple[str, ...]]]] = {
    "recipes": lambda: [(name, (inspect.getdoc(f) or "").partition("\n")[0]) for name, f in RECIPES.items()],
    "methods": lambda: [(name, METHOD_REGISTRY.summary(name), kind.cost) for name, kind in METHODS.items()],
    "losses": lambda: _entries(LOSS_REGISTRY),
    "penalties": lambda: _entries(PENALTY_REGISTRY),
    "networks": lambda: _entries(NETWORK_REGISTRY),
    "optimizers": lambda: [(name, "torch.optim." + name) for name in OPTIMIZER_REGISTRY.names],
    "data": lambda: [(name, entry.summary) for name, entry in DATASETS.items()],
    "games": lambda: _entries(GAME_REGISTRY),
    "metrics": lambda: [(name, measure.summary, " ".join(measure.better)) for name, measure in MEASURES.items()],
}


def list_(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help=f"One of: {', '.join(_KINDS)}.")] = None,
) -> None:
    """List what there is, by kind: recipes, methods, losses, penalties, networks, optimizers, data, games, metrics."""
    if kind is not None and kind not in _KINDS:
        raise ConfigurationError(f"there is no kind {kind!r}: {nearest(kind, _KINDS)}")
    for name in [kind] if kind else _KINDS:
        table = Table(title=name, title_justify="left", title_style="bold", show_header=False, box=None)
        table.add_column(style="cyan", no_wrap=True)
        table.add_column()
        table.add_column(style="dim")
        for entry in _KINDS[name]():
            table.add_row(*entry)
        out.print(table)
