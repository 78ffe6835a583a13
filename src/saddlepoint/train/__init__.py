"""The loop that plays a game until its budget is spent, and everything that makes it resumable."""

from saddlepoint.train.budget import Budget, Every
from saddlepoint.train.loop import Result, RunFailed, Stage, Training
from saddlepoint.train.observer import Observer, Silent
from saddlepoint.train.probe import Probe
from saddlepoint.train.schedules import Pace, Schedule, Schedules
from saddlepoint.train.stopping import Stopping, Until

__all__ = [
    "Budget",
    "Every",
    "Observer",
    "Pace",
    "Probe",
    "Result",
    "RunFailed",
    "Schedule",
    "Schedules",
    "Silent",
    "Stage",
    "Stopping",
    "Training",
    "Until",
]
