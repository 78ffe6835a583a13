"""Typed configuration: choices by name with checked arguments, and `key=value` assignments on them."""

from saddlepoint.configuration.choice import ConfigurationError, Registry, nearest
from saddlepoint.configuration.settings import NamedChoices, Settings, assign, parse_value

__all__ = ["ConfigurationError", "NamedChoices", "Registry", "Settings", "assign", "nearest", "parse_value"]
