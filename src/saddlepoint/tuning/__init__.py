"""Settings that are found: trials of a recipe by Optuna, pruned by verdicts and learning curves."""

from saddlepoint.tuning.api import Tuned, tune

__all__ = ["Tuned", "tune"]
