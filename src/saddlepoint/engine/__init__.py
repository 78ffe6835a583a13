"""A whole training step as one graph that is compiled ahead of time."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from saddlepoint.engine.numbers import Untraceable

if TYPE_CHECKING:
    from saddlepoint.engine.packages import PackageCompiler
    from saddlepoint.engine.step import CompiledSteps

# Imported when they are first used: what records and compiles takes a second to import, and eager runs need none of it.
_HOMES = {"PackageCompiler": "packages", "CompiledSteps": "step"}

__all__ = ["CompiledSteps", "PackageCompiler", "Untraceable"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """All names, those not imported yet among them."""
    return sorted({*globals(), *__all__})
