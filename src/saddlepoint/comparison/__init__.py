"""Methods compared on one game at equal cost, and a game beside its baselines."""

from saddlepoint.comparison.entry import Entry, EntryResult
from saddlepoint.comparison.running import run
from saddlepoint.comparison.settings import Comparison, configured

__all__ = ["Comparison", "Entry", "EntryResult", "configured", "run"]
