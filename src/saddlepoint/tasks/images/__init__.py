"""Images, made of noise."""

from saddlepoint.tasks.images.task import TASK

__all__ = ["TASK"]
