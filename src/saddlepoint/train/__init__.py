"""The loop that plays a game until its budget is spent, and everything that makes it resumable."""

from saddlepoint.train.budget import Budget, Intervals
from saddlepoint.train.loop import Result, RunFailed, Stage, Training
from saddlepoint.train.observer import Observer, Observers, RunInfo
from saddlepoint.train.probe import Probe
from saddlepoint.train.schedules import OptimizerSchedule, Schedule, Schedules
from saddlepoint.train.stopping import Stopping, Until

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
