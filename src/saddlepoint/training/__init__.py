"""The loop that plays a game until its budget is spent, and everything that makes it resumable."""

from saddlepoint.training.budget import Budget, Intervals
from saddlepoint.training.loop import Result, RunFailed, Stage, Training
from saddlepoint.training.observer import Observer, Observers, RunInfo, StageInfo
from saddlepoint.training.pace import Pace, measured
from saddlepoint.training.plan import Length, Plan, scaled
from saddlepoint.training.probe import Probe
from saddlepoint.training.schedules import OptimizerSchedule, Schedule, Schedules
from saddlepoint.training.start import Start
from saddlepoint.training.stopping import Stopping, Until
from saddlepoint.training.trouble import Examiner, Trouble

__all__ = [
    "Budget",
    "Examiner",
    "Intervals",
    "Length",
    "Observer",
    "Observers",
    "OptimizerSchedule",
    "Pace",
    "Plan",
    "Probe",
    "Result",
    "RunFailed",
    "RunInfo",
    "Schedule",
    "Schedules",
    "Stage",
    "StageInfo",
    "Start",
    "Stopping",
    "Training",
    "Trouble",
    "Until",
    "measured",
    "scaled",
]
