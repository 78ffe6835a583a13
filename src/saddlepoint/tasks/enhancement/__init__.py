"""Images made better: what was done to them is undone."""

from saddlepoint.tasks.enhancement.task import TASK

__all__ = ["TASK"]
