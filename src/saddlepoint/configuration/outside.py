"""Things of other packages, named as `package.module:Name`, and when their code may be imported."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from saddlepoint.configuration.errors import ConfigurationError

#: Whether what is read now comes from a file that somebody handed over: names in it are followed only where the
#: module is imported already.
_from_file: ContextVar[bool] = ContextVar("from_file", default=False)


@cache
def installed(group: str) -> dict[str, EntryPoint]:
    """Entry points of a group, of all distributions that are installed, by name."""
    return {entry.name: entry for entry in entry_points(group=group)}


def is_outside(name: object) -> bool:
    """Whether a name is one of another package.

    >>> is_outside("nets.small:Generator"), is_outside("mlp-generator")
    (True, False)
    """
    if not isinstance(name, str):
        return False
    module, colon, attribute = name.partition(":")
    return bool(colon) and attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))


@contextmanager
def read_from_file(trust: bool = False) -> Iterator[None]:
    """Inside the block names come from a file: nothing is imported for their sake, unless it is trusted."""
    token = _from_file.set(not trust)
    try:
        yield
    finally:
        _from_file.reset(token)


def load_outside(kind: str, name: str) -> tuple[ModuleType, Any]:
    """The module and the thing that `package.module:Name` names.

    Args:
        kind: what it is to be, for messages.
        name: as the user wrote it, or as a file has it.

    Raises:
        ConfigurationError: a file names code that is not imported, or there is no such module or name.
    """
    place, _, attribute = name.partition(":")
    module = sys.modules.get(place)
    if module is None and _from_file.get():
        raise ConfigurationError(
            f"the {kind} {name!r} is code outside of Saddlepoint, which a file names: if you trust it, "
            f"give --trust (in Python trust=True), or import {place} first"
        )
    if module is None:
        importlib.invalidate_caches()
        try:
            module = importlib.import_module(place)
        except ImportError as error:
            raise ConfigurationError(
                f"the {kind} {name!r} can't be imported ({error}): install its package, or run from its folder with "
                f"PYTHONPATH=."
            ) from error
    if not hasattr(module, attribute):
        raise ConfigurationError(f"the {kind} {name!r}: {place} has no {attribute!r}")
    return module, getattr(module, attribute)
