"""Errors of `saddle train` that names alone show: told before a training library is imported."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saddlepoint.configuration.errors import ConfigurationError, nearest

#: What asks for help, which the command itself writes.
HELP = {"--help", "-h", "--help-all"}
#: Endings of a configuration.
SAVED = (".yaml", ".yml")
#: What a recipe says of itself, and no flag sets.
FIXED = {"schema_version", "task", "game", "recipe"}
#: Lengths that any recipe takes, whatever its settings.
BUDGET = {"samples", "minutes", "hours", "epochs", "evaluations"}
MISSING = "RECIPE|CONFIG is missing: name one, as in: saddle train digits; see saddle list recipes"


def check(words: Sequence[str], known: Mapping[str, Any]) -> None:
    """Refuse a recipe that is missing or unknown, and flags that are no setting of any recipe.

    Args:
        words: what was typed after `saddle train`.
        known: the catalogue.

    Raises:
        ConfigurationError: in the words in which the command itself would say it.
    """
    recipes, declared = known["settings"], known["flags"]["train"]
    if HELP & set(words):
        return
    if not words:
        raise ConfigurationError(MISSING)
    first = words[0]
    if first.startswith("-"):
        return  # a recipe may stand behind flags with values: the command tells them apart
    if first not in recipes:
        if ":" in first or first.endswith(SAVED) or Path(first).exists():
            return
        raise ConfigurationError(f"there is no recipe {first!r}, and no such configuration: {nearest(first, recipes)}")
    own = sorted({key.partition(".")[0] for key in recipes[first]} - FIXED)
    anywhere = {key.partition(".")[0] for settings in recipes.values() for key in settings}
    for word in words[1:]:
        flag = word.partition("=")[0]
        head = flag[2:].partition(".")[0].replace("-", "_")
        if not flag.startswith("--") or flag in declared or {head, head.removeprefix("no_")} & (anywhere | BUDGET):
            continue
        raise ConfigurationError(f"there is no flag {flag}: {nearest(head, own).replace('_', '-')}")
