"""One life of a run, for the command line, for Python and for comparisons."""

from saddlepoint.runs.api import configured, evaluate, load, train
from saddlepoint.runs.forking import fork
from saddlepoint.runs.run import Run

__all__ = ["Run", "configured", "evaluate", "fork", "load", "train"]
