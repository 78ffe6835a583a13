"""Images made of images, from pairs and without."""

from saddlepoint.tasks.translation.task import TASK

__all__ = ["TASK"]
