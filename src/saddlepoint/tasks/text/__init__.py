"""Text: sentences or windows of one text, by likelihood and against a discriminator."""

from saddlepoint.tasks.text.task import TASK

__all__ = ["TASK"]
