"""The command line."""

from saddlepoint.cli.main import main

__all__ = ["main"]
