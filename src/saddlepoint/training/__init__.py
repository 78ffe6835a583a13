"""The loop that plays a game until its budget is spent, and everything that makes it resumable."""

from saddlepoint.training.budget import Budget, Intervals
from saddlepoint.training.loop import Result, RunFailed, Stage, Training
from saddlepoint.training.observer import Observer, Observers, RunInfo
from saddlepoint.training.probe import Probe
from saddlepoint.training.schedules import OptimizerSchedule, Schedule, Schedules
from saddlepoint.training.stopping import Stopping, Until

__all__ = [
    "Budget",
    "Intervals",
    "Observer",
    "Observers",
    "OptimizerSchedule",
    "Probe",
    "Result",
    "RunFailed",
    "RunInfo",
    "Schedule",
    "Schedules",
    "Stage",
    "Stopping",
    "Training",
    "Until",
]
