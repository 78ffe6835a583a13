"""Settings that are found: trials of a recipe by Optuna, pruned by verdicts and learning curves."""

from saddlepoint.tuning.api import Tuned, tune
from saddlepoint.tuning.forecast import Plan, plan

__all__ = ["Plan", "Tuned", "plan", "tune"]
