"""Typed configuration: choices by name with checked arguments, and `key=value` assignments on them."""

from saddlepoint.configuration.choice import ConfigurationError, Registry, nearest
from saddlepoint.configuration.settings import Settings, Several, assign, parse_value

__all__ = ["ConfigurationError", "Registry", "Settings", "Several", "assign", "nearest", "parse_value"]
