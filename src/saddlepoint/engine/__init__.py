"""A whole training step as one graph that is compiled ahead of time."""

from saddlepoint.engine.numbers import Untraceable
from saddlepoint.engine.packages import PackageCompiler
from saddlepoint.engine.step import CompiledSteps

__all__ = ["CompiledSteps", "PackageCompiler", "Untraceable"]
