"""Typed configuration: choices by name with checked arguments, and `key=value` assignments on them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from saddlepoint.configuration.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    from saddlepoint.configuration.choice import Registry
    from saddlepoint.configuration.describing import Described, described, explained
    from saddlepoint.configuration.plain import from_json, from_yaml
    from saddlepoint.configuration.settings import NamedChoices, Settings, assign, assign_values, assigned, parse_value

# Where each name lives: imported when it is first used, so that errors of usage and completion need no pydantic.
_HOMES = {
    "choice": ("Registry",),
    "describing": ("Described", "described", "explained"),
    "plain": ("from_json", "from_yaml"),
    "settings": ("NamedChoices", "Settings", "assign", "assign_values", "assigned", "parse_value"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ConfigurationError",
    "Described",
    "NamedChoices",
    "Registry",
    "Settings",
    "assign",
    "assign_values",
    "assigned",
    "described",
    "explained",
    "from_json",
    "from_yaml",
    "nearest",
    "parse_value",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """All names, those not imported yet among them."""
    return sorted({*globals(), *__all__})
