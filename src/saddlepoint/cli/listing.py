"""`saddle list`."""

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import torch
import typer
from rich.table import Table

from saddlepoint.cli.console import out
from saddlepoint.configuration import ConfigurationError, Registry, nearest
from saddlepoint.data import DATASETS
from saddlepoint.evaluation import METRICS
from saddlepoint.methods import METHODS
from saddlepoint.networks import (
    NETWORKS,
    DenseSuperResolver,
    Generator,
    SuperResolver,
    Translator,
    VocoderDiscriminator,
    VocoderGenerator,
    WaveGANDiscriminator,
    WaveGANGenerator,
    costs,
)
from saddlepoint.recipes import RECIPES
from saddlepoint.components.registries import (
    AUGMENTATION_REGISTRY,
    CONTENT_REGISTRY,
    GAME_REGISTRY,
    LOSS_REGISTRY,
    METHOD_REGISTRY,
    NETWORK_REGISTRY,
    OPTIMIZER_REGISTRY,
    PENALTY_REGISTRY,
    REGULARISER_REGISTRY,
)

#: Samples for which the networks' costs are listed: (C, H, W) and the latent's size.
SHAPE, LATENT = (1, 28, 28), 64
#: What translators are given, and how many times as large super-resolvers make it.
SOURCE, SCALE = (3, 64, 64), 4
#: Of a vocoder: (bands, frames) of about a second at 8 kHz, and its samples.
MEL, WAVE = (40, 126), (8000,)
#: Of raw sounds, as long in whole quarters.
SOUND = (1, 8192)


def by(shape: Sequence[int]) -> str:
    """A shape as people write it, channels last.

    >>> by((3, 32, 64)), by((2,))
    ('32x64x3', '2')
    """
    return "x".join(map(str, (*shape[1:], shape[0])))


def _network(name: str) -> tuple[str, ...]:
    """A network with what it costs at its default dials."""
    waves = NETWORKS[name] in (VocoderGenerator, VocoderDiscriminator)
    # Inverse transforms know no tensors without numbers.
    with torch.device("cpu" if waves else "meta"):
        if issubclass(NETWORKS[name], Translator):
            scale = SCALE if NETWORKS[name] in (SuperResolver, DenseSuperResolver) else 1
            shape = (SOURCE[0], scale * SOURCE[1], scale * SOURCE[2])
            cost = costs(NETWORK_REGISTRY.build(name, source=SOURCE, shape=shape), torch.empty(1, *SOURCE))
        elif waves:
            made = NETWORK_REGISTRY.build(name, source=MEL, shape=WAVE)
            cost = costs(made, torch.empty(1, *(MEL if NETWORKS[name] is VocoderGenerator else WAVE)))
        else:
            sample = SOUND if NETWORKS[name] in (WaveGANGenerator, WaveGANDiscriminator) else SHAPE
            network = NETWORK_REGISTRY.build(name, shape=sample, latent=LATENT, classes=0)
            takes = (LATENT,) if isinstance(network, Generator) else sample
            cost = costs(network, torch.empty(1, *takes))
    numbers = f"{cost.parameters / 1e6:.2f} M parameters, {cost.macs / 1e6:.1f} M MACs"
    return name, NETWORK_REGISTRY.summary(name), numbers


def _entries(registry: Registry[Any]) -> list[tuple[str, ...]]:
    return [(name, registry.summary(name)) for name in registry.names]


#: What a title says beside the kind.
_STATED = {
    "networks": f"costs a sample of {by(SHAPE)}, latent {LATENT}, at the default dials; "
    f"translators: given {by(SOURCE)}, super-resolvers x{SCALE}; of sounds a second at 8 kHz"
}
_KINDS: dict[str, Callable[[], list[tuple[str, ...]]]] = {
    "recipes": lambda: [(name, (inspect.getdoc(f) or "").partition("\n")[0]) for name, f in RECIPES.items()],
    "methods": lambda: [(name, METHOD_REGISTRY.summary(name), kind.cost) for name, kind in METHODS.items()],
    "losses": lambda: _entries(LOSS_REGISTRY),
    "penalties": lambda: _entries(PENALTY_REGISTRY),
    "regularisers": lambda: _entries(REGULARISER_REGISTRY),
    "content": lambda: _entries(CONTENT_REGISTRY),
    "augmentations": lambda: _entries(AUGMENTATION_REGISTRY),
    "networks": lambda: [_network(name) for name in NETWORK_REGISTRY.names],
    "optimizers": lambda: [(name, "torch.optim." + name) for name in OPTIMIZER_REGISTRY.names],
    "data": lambda: [(name, entry.summary) for name, entry in DATASETS.items()],
    "games": lambda: _entries(GAME_REGISTRY),
    "metrics": lambda: [(name, metric.summary, " ".join(metric.gives)) for name, metric in METRICS.items()],
}


def list_(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help=f"One of: {', '.join(_KINDS)}.")] = None,
) -> None:
    """List what there is, by kind: recipes, methods, losses, penalties, networks, data, games, metrics and more."""
    if kind is not None and kind not in _KINDS:
        raise ConfigurationError(f"there is no kind {kind!r}: {nearest(kind, _KINDS)}")
    for name in [kind] if kind else _KINDS:
        title = f"{name} ({_STATED[name]})" if name in _STATED else name
        table = Table(title=title, title_justify="left", title_style="bold", show_header=False, box=None)
        table.add_column(style="cyan", no_wrap=True)
        table.add_column()
        table.add_column(style="dim")
        for entry in _KINDS[name]():
            table.add_row(*entry)
        out.print(table)
