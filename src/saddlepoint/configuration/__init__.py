"""Typed configuration: choices by name with checked arguments, and `key=value` assignments on them."""

from saddlepoint.configuration.choice import Registry
from saddlepoint.configuration.describing import Described, described, explained
from saddlepoint.configuration.errors import ConfigurationError, nearest
from saddlepoint.configuration.plain import from_json, from_yaml
from saddlepoint.configuration.settings import NamedChoices, Settings, assign, assign_values, assigned, parse_value

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
