"""Points in the plane: the smallest data on which mode coverage can be counted."""

from saddlepoint.tasks.points.task import TASK

__all__ = ["TASK"]
