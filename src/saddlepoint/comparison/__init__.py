"""Methods compared on one game at equal cost, and games beside their baselines."""

from saddlepoint.comparison.api import Compared, compare
from saddlepoint.comparison.baselines import compare_baselines, entries_for
from saddlepoint.comparison.entry import Entry, EntryResult
from saddlepoint.comparison.running import DEATHS, gathered, nameless_main, run, terminable
from saddlepoint.comparison.settings import Comparison, configured, labelled

__all__ = [
    "DEATHS",
    "Compared",
    "Comparison",
    "Entry",
    "EntryResult",
    "compare",
    "compare_baselines",
    "configured",
    "entries_for",
    "gathered",
    "labelled",
    "nameless_main",
    "run",
    "terminable",
]
