"""What `saddle list` knows, and what a shell may complete, as data: the one look at all rooms at once."""

import inspect
import json
from collections.abc import Callable, Sequence
from pkgutil import resolve_name
from typing import Any

import torch

from saddlepoint.cli.declared import FILE, declaration
from saddlepoint.cli.flags import short_of
from saddlepoint.cli.main import COMMANDS
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
from saddlepoint.configuration import Registry, described
from saddlepoint.data import DATASETS
from saddlepoint.measures import MEASURES
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
from saddlepoint.tasks import recipes, tasks
from saddlepoint.tasks.model import OWN

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
    """A network with what it costs at its default dials; of one from outside, its words."""
    if name not in NETWORKS:
        return name, NETWORK_REGISTRY.summary(name), ""
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


def _recipes() -> list[tuple[str, ...]]:
    found = [(name, recipe) for task in tasks().values() for name, recipe in task.recipes.items()]
    return [(name, (inspect.getdoc(recipe) or "").partition("\n")[0]) for name, recipe in found]


#: What a title says beside the kind.
_STATED = {
    "networks": f"costs a sample of {by(SHAPE)}, latent {LATENT}, at the default dials; "
    f"translators: given {by(SOURCE)}, super-resolvers x{SCALE}; of sounds a second at 8 kHz"
}
KINDS: dict[str, Callable[[], list[tuple[str, ...]]]] = {
    "recipes": _recipes,
    "tasks": lambda: [(name, (inspect.getdoc(task) or "").partition("\n")[0]) for name, task in tasks().items()],
    "methods": lambda: [
        (name, METHOD_REGISTRY.summary(name), getattr(METHOD_REGISTRY.entry(name), "cost", ""))
        for name in METHOD_REGISTRY.names
    ],
    "losses": lambda: _entries(LOSS_REGISTRY),
    "penalties": lambda: _entries(PENALTY_REGISTRY),
    "regularisers": lambda: _entries(REGULARISER_REGISTRY),
    "content": lambda: _entries(CONTENT_REGISTRY),
    "augmentations": lambda: _entries(AUGMENTATION_REGISTRY),
    "networks": lambda: [_network(name) for name in NETWORK_REGISTRY.names if name != OWN],
    "optimizers": lambda: [(name, OPTIMIZER_REGISTRY.summary(name)) for name in OPTIMIZER_REGISTRY.names],
    "data": lambda: [(name, entry.summary) for name, entry in DATASETS.items()],
    "games": lambda: _entries(GAME_REGISTRY),
    "metrics": lambda: [(name, measure.summary, measure.words) for name, measure in MEASURES.items()],
}


def catalogue() -> dict[str, Any]:
    """Everything by name, in what JSON can say.

    Returns:
        `lists`: title and rows of every kind; `settings`: of every recipe the keys, short ones too, with what each may
        be.
    """
    choices = {}
    for name, config in recipes().items():
        own = {one.key: list(one.choices) for one in described(config)}
        choices[name] = own | {short: own.get(places[0], []) for short, places in short_of(type(config)).items()}
    return {
        "lists": {kind: [_titled(kind), rows()] for kind, rows in KINDS.items()},
        "settings": choices,
    }


def declarations() -> dict[str, Any]:
    """What `declared.json` has to hold: what is the same wherever this package is installed."""
    summaries = {name: summary for name, summary, *_ in _recipes()}
    return {
        "commands": {
            name: declaration(resolve_name(f"saddlepoint.cli.{entry.function}")) for name, entry in COMMANDS.items()
        },
        "recipes": {
            name: {
                "summary": summaries[name],
                "settings": sorted(
                    {*type(config).model_fields, *short_of(type(config)), *(["model"] if config.by_model else [])}
                    - set(config.fixed)
                ),
            }
            for name, config in recipes().items()
        },
        "names": {
            key: [registry.kind, list(registry.entries)]
            for key, registry in (*(("method", METHOD_REGISTRY), ("loss", LOSS_REGISTRY), ("game", GAME_REGISTRY)),)
        },
    }


def _titled(kind: str) -> str:
    return f"{kind} ({_STATED[kind]})" if kind in _STATED else kind


if __name__ == "__main__":
    FILE.write_text(json.dumps(declarations(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
